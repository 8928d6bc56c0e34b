import YAMLSyntax

extension Node {
  /// The node as YAML on one line.
  package var yaml: String {
    switch content {
    case .scalar(let text, let style):
      // Text that is not a single word may have a meaning in YAML.
      let isWord =
        !text.isEmpty && text.utf8.allSatisfy { $0.isWordByte || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
      if style == .plain, isWord || text.isEmpty { return text }
      return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    case .sequence(let items): return "[" + items.map(\.yaml).joined(separator: ", ") + "]"
    case .mapping(let entries):
      return "{" + entries.map { "\($0.key.value): \($0.value.yaml)" }.joined(separator: ", ") + "}"
    }
  }
}

extension UInt8 {
  var isWordByte: Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || self == UInt8(ascii: "_")
  }
}
