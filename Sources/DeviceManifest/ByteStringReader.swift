import Diagnostics
import Vocabulary
import YAMLSyntax

/// Reads the byte strings of one manifest.
final class ByteStringReader {
  private let findings: Findings
  private let files: NamedFiles
  /// The number of bytes that may still be read. A value that is written once can apply to every vCPU.
  private var budget = 64 << 20

  static let forms = ["hex", "base64", "file"]

  init(_ findings: Findings, readFile: @escaping ReadFile) {
    self.findings = findings
    files = NamedFiles(findings, readFile: readFile)
  }

  /// The bytes of `{hex: …}`, `{base64: …}`, `{file: …}`, of hex without a mapping, or of a list of numbers; nil after
  /// an error, which is reported.
  ///
  /// - Parameter size: the required number of bytes; nil if any number is allowed.
  func bytes(_ node: Node, size: Int?, name: String) -> [UInt8]? {
    if let items = node.items { return bytes(items, node, size: size, name: name) }
    guard let (form, value) = form(node), let text = value.scalar, !value.isUnexpanded else { return nil }
    let bytes: [UInt8]
    if form == "file" {
      guard let read = files.bytes(of: text, size: size, name: name, at: value.range) else { return nil }
      bytes = read
    } else {
      guard let decoded = decode(text, form, value) else { return nil }
      bytes = decoded
    }
    if let size, bytes.count != size {
      let found = form == "file" ? "'\(text)'" : "this"
      findings.error(
        "wrong-size", "'\(name)' takes \(counted(size, "byte")), but \(found) has \(bytes.count)", at: value.range)
      return nil
    }
    budget -= bytes.count
    if budget < 0 {
      findings.error("too-large", "the manifest's byte strings add up to more than 64 MiB", at: value.range)
      return nil
    }
    return bytes
  }

  /// The bytes of a list of numbers. Bytes that a list for a fixed size leaves out are 0.
  private func bytes(_ items: [Node], _ node: Node, size: Int?, name: String) -> [UInt8]? {
    if let size, items.count > size {
      findings.error(
        "wrong-size", "'\(name)' takes \(counted(size, "byte")), but this has \(items.count)", at: node.range)
      return nil
    }
    var bytes: [UInt8] = []
    for item in items where !item.isUnexpanded {
      guard let byte = item.scalar.flatMap(IntegerLiteral.parse).flatMap({ UInt8(exactly: $0) }) else {
        findings.wrongKind(item, of: "a byte of '\(name)'", wanted: "a number from 0 to 255")
        return nil
      }
      bytes.append(byte)
    }
    return bytes + [UInt8](repeating: 0, count: max((size ?? 0) - bytes.count, 0))
  }

  /// The bytes of a file that was read before; nil if it was not.
  func bytes(ofFile path: String, namedIn manifest: SourceFile) -> [UInt8]? {
    files.bytes(of: path, namedIn: manifest)
  }

  /// The form of a byte string, and its text.
  private func form(_ node: Node) -> (String, Node)? {
    if node.scalar != nil { return ("hex", node) }
    guard let entries = node.entries, !entries.isEmpty else {
      findings.wrongKind(node, of: "a byte string", wanted: "{hex: ...}, {base64: ...} or {file: ...}")
      return nil
    }
    if let stranger = entries.first(where: { !Self.forms.contains($0.key.value) }) {
      findings.unknown(
        "unknown-key", "a byte string has no key", stranger.key.value, among: Self.forms, at: stranger.key.range)
      return nil
    }
    if entries.count > 1 {
      findings.error(
        "conflicting-keys", "a byte string is given once: use '\(entries[0].key.value)' or '\(entries[1].key.value)'",
        at: entries[1].key.range)
      return nil
    }
    if entries[0].value.scalar == nil {
      findings.wrongKind(entries[0].value, of: "'\(entries[0].key.value)'", wanted: "text")
      return nil
    }
    return (entries[0].key.value, entries[0].value)
  }

  private func decode(_ text: String, _ form: String, _ node: Node) -> [UInt8]? {
    let bytes = form == "hex" ? Self.hex(text) : Self.base64(text)
    if bytes == nil {
      findings.error(
        "bad-bytes",
        form == "hex" ? "'\(text)' is not hexadecimal: write two digits per byte" : Self.whyNotBase64(text),
        at: node.range)
    }
    return bytes
  }

  private static func hex(_ text: String) -> [UInt8]? {
    decodedHexadecimal(text.utf8.filter { $0 != 0x20 && $0 != 0x0A && $0 != 0x5F })
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func whyNotBase64(_ text: String) -> String {
    let count = text.utf8.count { $0 != 0x20 && $0 != 0x0A }
    return "this is not base64: "
      + (count % 4 == 0
        ? "its digits are A to Z, a to z, 0 to 9, '+' and '/', with '=' only at the end"
        : "it has \(counted(count, "character")), and the number must be a multiple of 4; '=' fills up the end")
  }

  private static func base64(_ text: String) -> [UInt8]? {
    var digits = text.utf8.filter { $0 != 0x20 && $0 != 0x0A }
    guard digits.count % 4 == 0 else { return nil }
    while digits.last == UInt8(ascii: "=") { digits.removeLast() }
    var bytes: [UInt8] = []
    var buffer: UInt32 = 0
    var bits = 0
    for digit in digits {
      guard let value = alphabet.firstIndex(of: digit) else { return nil }
      buffer = buffer << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
      }
    }
    return bytes
  }
}
