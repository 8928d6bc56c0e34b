import Diagnostics
import Vocabulary

/// Names for places in a text that stay the same when lines move.
///
/// A place is named by its line and the lines that it is nested in, without the spaces around them. Changes above it,
/// and deeper indentation of the whole, do not change the name.
struct Fingerprints {
  private var names: [SourceFile: [Int: UInt64]] = [:]
  private var uses: [Key: Int] = [:]

  private struct Key: Hashable {
    var file: SourceFile?
    var name: UInt64
  }

  /// - Parameter diagnostics: all diagnostics whose fingerprints will be requested.
  init(_ diagnostics: [Diagnostic]) {
    var lines: [SourceFile: Set<Int>] = [:]
    for range in diagnostics.compactMap(\.range) { lines[range.file, default: []].insert(range.start.line) }
    for (file, lines) in lines { names[file] = Self.names(of: lines, in: file) }
  }

  /// The fingerprint of a diagnostic, from its id and its place. Diagnostics of a file with the same id and place are
  /// numbered in their order.
  mutating func next(_ diagnostic: Diagnostic) -> String {
    var hash = StableHash()
    hash.add(diagnostic.id.description.utf8)
    if let range = diagnostic.range {
      hash.add(names[range.file]?[range.start.line] ?? 0)
      if range.start.line == range.end.line { hash.add(range.file.bytes[range.bytes]) }
    }
    let key = Key(file: diagnostic.range?.file, name: hash.value)
    uses[key, default: 0] += 1
    return hash.digits + ":\(uses[key] ?? 1)"
  }

  /// Whether a text has the form of a fingerprint: the 16 digits of a hash, and a number.
  static func isFingerprint(_ text: Substring) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 && parts[0].count == 16 && parts[0].allSatisfy(\.isHexDigit) && Int(parts[1]) != nil
  }

  /// Walks once over the lines, and keeps the lines that enclose the current one.
  private static func names(of lines: Set<Int>, in file: SourceFile) -> [Int: UInt64] {
    var names: [Int: UInt64] = [:]
    var enclosing: [(depth: Int, hash: StableHash)] = []
    for line in 1...(lines.max() ?? 1) {
      guard let range = file.bytes(ofLine: line) else { break }
      let text = file.bytes[range].trimmed
      if let first = text.first, first != UInt8(ascii: "#") {
        // A list item may have the same indentation as the key that it belongs to.
        let depth = 2 * (text.startIndex - range.lowerBound) + (first == UInt8(ascii: "-") ? 1 : 0)
        while let last = enclosing.last, last.depth >= depth { enclosing.removeLast() }
        var hash = enclosing.last?.hash ?? StableHash()
        hash.add(text)
        enclosing.append((depth, hash))
      }
      if lines.contains(line) { names[line] = enclosing.last?.hash.value ?? 0 }
    }
    return names
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without spaces and tabs at both ends.
  fileprivate var trimmed: ArraySlice<UInt8> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    var slice = drop(while: isSpace)
    while let last = slice.last, isSpace(last) { slice.removeLast() }
    return slice
  }
}
