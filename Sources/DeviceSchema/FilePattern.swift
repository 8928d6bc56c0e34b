/// A path in which `*` matches anything but `/`, and `**` anything.
package struct FilePattern: Hashable, Sendable {
  package let text: String

  package init(_ text: String) { self.text = text }

  /// Whether it matches one path only.
  package var isPlain: Bool { !text.utf8.contains(UInt8(ascii: "*")) }

  /// Whether a path, or a name in a path, matches a pattern or a part of one.
  package static func matches(_ path: some StringProtocol, _ pattern: some StringProtocol) -> Bool {
    matches(Array(path.utf8)[...], Array(pattern.utf8)[...])
  }

  private static func matches(_ path: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    guard first == UInt8(ascii: "*") else {
      return path.first == first && matches(path.dropFirst(), pattern.dropFirst())
    }
    let isDouble = pattern.dropFirst().first == first
    let rest = pattern.dropFirst(isDouble ? 2 : 1)
    var i = path.startIndex
    while true {
      if matches(path[i...], rest) { return true }
      guard i < path.endIndex, isDouble || path[i] != UInt8(ascii: "/") else { return false }
      i += 1
    }
  }
}
