import Diagnostics
import Vocabulary

/// What headers show of a device type: its number, its groups and attributes, and structs that may be their payloads.
package struct SchemaDraft {
  /// A constant with its value.
  struct Constant {
    var name: String
    var value: Int128
  }

  /// A group or an attribute. Further constants with the same number are other names of it.
  struct Part {
    var name: String
    var constants: [Constant]
    var attributes: [Part] = []
  }

  struct Structure {
    var tag: String
    /// The tag without the words that the type's constants share: `spapr_tce` of `kvm_vfio_spapr_tce`.
    var rest: String
    /// The members, each with its type as schemas write it.
    var members: [(name: String, type: String)]
  }

  package let type: String
  /// The architectures; nil for the one of the folder.
  let architectures: [Architecture]?
  /// The name of the type's constant, `KVM_DEV_TYPE_ARM_VGIC_V3`.
  let constant: String
  private(set) var number: Int128?
  private(set) var groups: [Part] = []
  private(set) var structures: [Structure] = []
  /// Constants with the type's prefix that are neither a group nor an attribute by their name.
  private(set) var others: [Constant] = []
  /// What could not be read.
  package private(set) var diagnostics: [Diagnostic] = []

  package static let id: DiagnosticID = "schema-header"

  /// - Parameters:
  ///   - type: the name of the device type, such as `arm-vgic-v3`.
  ///   - isCommon: whether the file describes the type for several architectures.
  ///   - prefixes: the beginnings of the names of its constants, such as `KVM_DEV_ARM_VGIC`; empty to find them.
  package init(type: String, isCommon: Bool, headers: [SourceFile] = [], prefixes: [String] = []) {
    self.type = type
    architectures = isCommon ? Architecture.allCases : nil
    constant = "KVM_DEV_TYPE_" + type.uppercased().replacing("-", with: "_")
    if headers.isEmpty { return }
    let headers = headers.map { CHeader($0) }
    let values = CConstants(headers)
    number = values.value(of: constant)
    if number == nil {
      diagnostics.append(
        .warning(Self.id, "no header has \(constant); pass the one with 'enum kvm_device_type', too", at: nil))
    }
    let all = headers.flatMap(\.constants)
    let prefixes = prefixes.isEmpty ? Self.prefix(of: type, among: all.map(\.name)).map { [$0] } ?? [] : prefixes
    if prefixes.isEmpty {
      let known = Self.knownPrefixes(all.map(\.name)).joined(separator: ", ")
      diagnostics.append(
        .warning(
          Self.id,
          "no constant of the headers begins like the name of this type"
            + (known.isEmpty ? "" : "; name the beginning with --prefix: \(known)"), at: nil))
    }
    for prefix in prefixes { read(all, prefix.hasSuffix("_") ? prefix : prefix + "_", values) }
    for prefix in prefixes { read(headers.flatMap(\.structures), prefix, values) }
  }
}

// MARK: Names

extension SchemaDraft {
  private static let start = "KVM_DEV_"

  /// The beginning of the constants of a type: `KVM_DEV_ARM_VGIC` for `arm-vgic-v3`. The more words of the name it has,
  /// the better; constants of groups count most. The first word alone is only an architecture or a vendor.
  private static func prefix(of type: String, among names: [String]) -> String? {
    let words = type.uppercased().split(separator: "-")
    for ending in ["_GRP_", "_"] {
      for length in (1...words.count).reversed() {
        for first in 0...(words.count - length) where length > 1 || first > 0 || words.count == 1 {
          let prefix = start + words[first..<first + length].joined(separator: "_")
          if names.contains(where: { $0.hasPrefix(prefix + ending) }) { return prefix }
        }
      }
    }
    return nil
  }

  /// The beginnings of the names of groups.
  private static func knownPrefixes(_ names: [String]) -> [String] {
    var known: [String] = []
    for name in names where name.hasPrefix(start) {
      guard let end = name.firstRange(of: "_GRP_") else { continue }
      let prefix = String(name[..<end.lowerBound])
      if !known.contains(prefix) { known.append(prefix) }
    }
    return known
  }
}

// MARK: Constants

extension SchemaDraft {
  private struct Named {
    var constant: Constant
    /// The name without the prefix.
    var rest: Substring
    var isIndented: Bool
  }

  private mutating func read(_ all: [CHeader.Constant], _ prefix: String, _ values: CConstants) {
    var named: [Named] = []
    var seen: Set<String> = []
    for constant in all where constant.name.hasPrefix(prefix) && seen.insert(constant.name).inserted {
      if case .function(let text) = constant.value {
        diagnostics.append(
          .warning(
            Self.id, "\(constant.name) has parameters: \(text); describe the numbers that it makes with 'key'",
            at: constant.place))
      } else if let value = values.value(of: constant.name), value >= 0, value < 1 << 64 {
        named.append(
          Named(
            constant: Constant(name: constant.name, value: value), rest: constant.name.dropFirst(prefix.count),
            isIndented: constant.isIndented))
      } else {
        diagnostics.append(
          .warning(Self.id, "the value of \(constant.name) is not an integer that can be computed", at: constant.place))
      }
    }
    let masks = Set(named.map(\.rest).filter { $0.hasSuffix("_MASK") }.map { $0.dropLast("_MASK".count) })
    if named.contains(where: { $0.rest.hasPrefix("GRP_") }) {
      groupsByMark(named, masks)
    } else {
      groupsByNumber(named)
    }
  }

  /// Groups are `GRP_ADDR`. An attribute is `ADDR_DIST`, or is set in below its group's constant.
  private mutating func groupsByMark(_ named: [Named], _ masks: Set<Substring>) {
    for constant in named where constant.rest.hasPrefix("GRP_") {
      Self.add(constant.constant, constant.rest.dropFirst("GRP_".count), to: &groups)
    }
    let names = groups.map { $0.name.uppercased().replacing("-", with: "_") }
    var above: Int?
    for constant in named {
      if constant.rest.hasPrefix("GRP_") {
        above = groups.firstIndex { $0.constants.contains { $0.name == constant.constant.name } }
        continue
      }
      if !constant.isIndented { above = nil }
      let owner = names.indices.filter { constant.rest.hasPrefix(names[$0] + "_") }.max {
        names[$0].utf8.count < names[$1].utf8.count
      }
      if let owner { above = owner == above ? above : nil }
      if Self.describesBits(constant.rest, masks) {
        others.append(constant.constant)
      } else if let owner {
        Self.add(constant.constant, constant.rest.dropFirst(names[owner].count + 1), to: &groups[owner].attributes)
      } else if let above {
        Self.add(constant.constant, constant.rest, to: &groups[above].attributes)
      } else {
        others.append(constant.constant)
      }
    }
  }

  /// Without a mark, equal numbers show that some constants are attributes: those that continue the name of a group.
  private mutating func groupsByNumber(_ named: [Named]) {
    let areGroups = Set(named.map(\.constant.value)).count == named.count
    var roots: [(rest: Substring, group: Int)] = []
    for constant in named {
      let root = areGroups ? nil : roots.last { constant.rest.hasPrefix($0.rest + "_") }
      if let root {
        Self.add(constant.constant, constant.rest.dropFirst(root.rest.count + 1), to: &groups[root.group].attributes)
      } else {
        roots.append((constant.rest, Self.add(constant.constant, constant.rest, to: &groups)))
      }
    }
  }

  /// Whether a constant describes bits or bounds: `X_MASK`, `X_SHIFT` beside it, `X_MAX`.
  private static func describesBits(_ rest: Substring, _ masks: Set<Substring>) -> Bool {
    if ["_MASK", "_MAX", "_MIN"].contains(where: { rest.hasSuffix($0) }) { return true }
    return ["_SHIFT", "_BITS"].contains { rest.hasSuffix($0) && masks.contains(rest.dropLast($0.count)) }
  }

  /// Adds a constant to the part with its number, or as a new part. Returns the part's index.
  @discardableResult
  private static func add(_ constant: Constant, _ rest: Substring, to parts: inout [Part]) -> Int {
    if let i = parts.firstIndex(where: { $0.constants[0].value == constant.value }) {
      parts[i].constants.append(constant)
      return i
    }
    var name = rest.lowercased().replacing("_", with: "-")
    if parts.contains(where: { $0.name == name }) { name += "-\(constant.value)" }
    parts.append(Part(name: name, constants: [constant]))
    return parts.count - 1
  }
}

// MARK: Structs

extension SchemaDraft {
  /// Reads the structs whose tags begin like the constants, `kvm_vfio_…` for `KVM_DEV_VFIO_…`, or have the name of a
  /// group or an attribute after the first words: `kvm_toy_window` for the group `window` of a `toy-router`.
  private mutating func read(_ all: [CHeader.Structure], _ prefix: String, _ values: CConstants) {
    let words = prefix.lowercased().split(separator: "_").filter { $0 != "dev" }
    let starts = (2...max(words.count, 2)).reversed().map { words.prefix($0).joined(separator: "_") + "_" }
    let parts = Set((groups + groups.flatMap(\.attributes)).map { $0.name.replacing("-", with: "_") })
    for structure in all where !structures.contains(where: { $0.tag == structure.tag }) {
      guard let start = starts.first(where: structure.tag.hasPrefix) else { continue }
      let rest = String(structure.tag.dropFirst(start.utf8.count))
      if start != starts[0], !parts.contains(rest) { continue }
      if let problem = structure.problem {
        diagnostics.append(
          .warning(Self.id, "struct \(structure.tag) has \(problem.message); describe it by hand", at: problem.place))
        continue
      }
      var members: [(name: String, type: String)] = []
      for member in structure.members {
        guard let count = member.count else {
          members.append((member.name, member.type))
          continue
        }
        guard let number = count.isEmpty ? 0 : values.value(of: count) else {
          diagnostics.append(
            .warning(
              Self.id, "the number of elements of '\(member.name)' in struct \(structure.tag) cannot be computed",
              at: member.place))
          continue
        }
        // A last member without elements stands for any number of them.
        members.append((member.name, member.type + (number == 0 ? "[]" : "[\(number)]")))
      }
      structures.append(Structure(tag: structure.tag, rest: rest, members: members))
    }
  }

  /// The struct that an attribute takes, if their names show it: `kvm_vfio_spapr_tce` for `set-spapr-tce`.
  func structure(of part: Part) -> Structure? {
    let words = "_" + part.name.replacing("-", with: "_")
    return structures.first { words.hasSuffix("_" + $0.rest) }
  }
}
