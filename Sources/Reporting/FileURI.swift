import Vocabulary

extension String {
  /// This path as a URI reference (RFC 3986): relative paths stay relative, absolute ones get the scheme `file`.
  package var uriReference: String {
    var path = utf8[...]
    while path.starts(with: "./".utf8) { path = path.dropFirst(2).drop { $0 == UInt8(ascii: "/") } }
    var uri = utf8.first == UInt8(ascii: "/") ? "file://" : ""
    for byte in path {
      if byte.isLetterOrDigit || "-._~/".utf8.contains(byte) {
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        uri += "%" + hexadecimalDigits(byte, width: 2)
      }
    }
    return uri
  }
}
