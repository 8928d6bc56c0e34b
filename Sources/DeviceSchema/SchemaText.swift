import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The text of a schema file, parsed piece by piece.
///
/// Start-up must take only a few milliseconds, and a run needs a small part of a catalogue. So keys are found by their
/// indentation, and only the parts in use are parsed. A file that has no outline is parsed as a whole.
package final class SchemaText {
  package let file: SourceFile
  private let faults: Findings?
  private let outline: Outline?
  /// The entries of the file, and of the mappings under its keys.
  private lazy var entries: [SchemaEntry] = {
    if let outline {
      return outline.entries.map { SchemaEntry(key: outline.key(of: $0), value: SchemaNode($0, of: outline, in: self)) }
    }
    let tree = SourceTree(parsing: file)
    report(tree.diagnostics)
    let entries = tree.documents.first?.entries ?? []
    return entries.map { SchemaEntry(key: $0.key, value: SchemaNode($0.value)) }
  }()
  private var inner: [String: [SchemaEntry]] = [:]

  /// - Parameter isPlain: whether the file is known to be in the style that an outline supports.
  init(file: SourceFile, isPlain: Bool, faults: Findings? = nil) {
    self.file = file
    self.faults = faults
    outline = isPlain ? Outline(of: file) : nil
  }

  package var start: SourceRange {
    SourceRange(file: file, start: Position(line: 1, column: 1), end: Position(line: 1, column: 1))
  }

  /// The keys of the file.
  package var topKeys: [Located] { entries.map(\.key) }

  /// The value of a key of the file.
  package func top(_ key: String) -> Node? { child(key)?.node }

  /// Whether the file describes a device type.
  var isDevice: Bool { topKeys.contains { Self.isDeviceNumber($0.value) } }

  private static func isDeviceNumber(_ key: String) -> Bool { key == "number" || key.hasPrefix(typePrefix) }

  /// The numbers of the device types that the file describes.
  var deviceNumbers: [Int128] {
    topKeys.filter { Self.isDeviceNumber($0.value) }.compactMap { top($0.value)?.scalar }
      .compactMap(IntegerLiteral.parse)
  }

  /// The device types of a file whose constants have different numbers: the name of each and its constants, the usual
  /// one first. Empty for a file with one type, which has the file's name.
  var severalTypes: [(name: String, constants: [Located])] {
    let constants = topKeys.filter { $0.value.hasPrefix(Self.typePrefix) }
    if constants.count < 2 { return [] }
    var types: [(number: Int128?, constants: [Located])] = []
    for constant in constants {
      let number = top(constant.value)?.scalar.flatMap(IntegerLiteral.parse)
      if let i = types.firstIndex(where: { $0.number == number }) {
        types[i].constants.append(constant)
      } else {
        types.append((number, [constant]))
      }
    }
    return types.count < 2 ? [] : types.map { (Self.typeName(of: $0.constants[0].value), $0.constants) }
  }

  /// The numbers and names of the device types that the file describes.
  ///
  /// - Parameter path: of the file, which names its only type.
  func deviceTypes(inFile path: String) -> [(Int128, String)] {
    let several = severalTypes
    if several.isEmpty {
      let name = String(path.dropLast(".yaml".count).split(separator: "/").last ?? "")
      return deviceNumbers.map { ($0, name) }
    }
    return several.compactMap { type in
      (top(type.constants[0].value)?.scalar.flatMap(IntegerLiteral.parse)).map { ($0, type.name) }
    }
  }

  static let typePrefix = "KVM_DEV_TYPE_"

  /// The name of a device type in manifests: `arm-vgic-v3` of `KVM_DEV_TYPE_ARM_VGIC_V3`.
  static func typeName(of constant: String) -> String {
    constant.dropFirst(typePrefix.count).lowercased().replacing("_", with: "-")
  }

  /// The value of a key of the file, not parsed yet.
  func child(_ key: String) -> SchemaNode? { entries.first { $0.key.value == key }?.value }

  /// The keys of the mapping under a key of the file.
  package func keys(under top: String) -> [Located] { entries(under: top).map(\.key) }

  /// One entry of the mapping under a key of the file.
  package func entry(_ top: String, _ key: String) -> Entry? {
    part(top, key).map { Entry(key: $0.key, value: $0.value.node) }
  }

  /// One entry of the mapping under a key of the file, not parsed yet.
  func part(_ top: String, _ key: String) -> SchemaEntry? { entries(under: top).first { $0.key.value == key } }

  /// The entries of the mapping under a key of the file, not parsed yet.
  func entries(under top: String) -> [SchemaEntry] {
    if let found = inner[top] { return found }
    let found = entries.first { $0.key.value == top }?.value.entries ?? []
    inner[top] = found
    return found
  }

  /// Parses the value of a part. If that fails, the error is reported and the value is empty, at the end of the key.
  func parse(_ part: Outline.Part, of outline: Outline) -> Node {
    let (entry, diagnostics) = outline.parse(part)
    report(diagnostics)
    if let entry { return entry.value }
    let key = outline.key(of: part).range
    return Node(.scalar("", .plain), at: SourceRange(file: key.file, start: key.end, end: key.end))
  }

  func parse(_ item: Outline.Item, of outline: Outline) -> Node {
    let (node, diagnostics) = outline.parse(item)
    report(diagnostics)
    let start = Position(line: item.firstLine, column: item.indent + 1)
    return node ?? Node(.scalar("", .plain), at: SourceRange(file: file, start: start, end: start))
  }

  private func report(_ diagnostics: [Diagnostic]) {
    for diagnostic in diagnostics { faults?.report(unquotedExpression(diagnostic) ?? diagnostic) }
  }

  /// Advice for an expression that YAML takes apart because it has no quotes; nil for other mistakes.
  private func unquotedExpression(_ diagnostic: Diagnostic) -> Diagnostic? {
    guard let place = diagnostic.range?.start, ["yaml-syntax", "yaml-tag"].contains(diagnostic.id) else { return nil }
    let value = file.unquotedValue(at: place)
    let advice: String
    if value.text.hasPrefix("!"), !value.text.hasPrefix("!!") {
      advice = "YAML takes '!' for a tag; quote the expression: \(value.quoted)"
    } else if case .conditional? = try? Parser.parse(value.text) {
      advice = "YAML takes ': ' for a mapping; quote the expression, or put it below '>-'"
    } else {
      return nil
    }
    return .error(
      "schema-expression", advice, at: value.range, fixIts: [FixIt(replace: value.range, with: value.quoted)])
  }
}
