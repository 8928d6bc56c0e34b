import Diagnostics
import Expressions
import Vocabulary

/// Numbers are unique. Of two device types, groups, attributes, features or capabilities with the same number, only the
/// first would ever be found.
///
/// Two may share a number if no release has both, or if an `if` chooses.
struct DistinctNumbers: SchemaCheck {
  static let id: DiagnosticID = "schema-duplicate-number"

  /// Something with a number.
  private struct Numbered {
    var what: String
    var name: String
    var number: UInt64
    var lifetime: Lifetime
    var isConditional: Bool
    var source: SourceRange
  }

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    compare(catalogue.files.compactMap(deviceType), report)
    for onVCPU in [false, true] {
      compare(catalogue.files.flatMap(\.capabilities).filter { $0.isOnVCPU == onVCPU }.map(capability), report)
    }
    for file in catalogue.files {
      compare(file.features.map(feature), report)
      compare(file.groups.map(group), report)
      for group in file.groups { compare(group.attributes.compactMap { attribute($0, group) }, report) }
    }
  }

  private func deviceType(_ file: SchemaFile) -> Numbered? {
    guard let name = file.deviceType, let number = file.number else { return nil }
    return Numbered(
      what: "device type", name: name, number: UInt64(number), lifetime: file.lifetime,
      isConditional: false, source: file.constants.first?.range ?? file.text.top("number")?.range ?? file.source)
  }

  private func capability(_ capability: Capability) -> Numbered {
    Numbered(
      what: "capability", name: capability.name, number: UInt64(capability.number), lifetime: capability.lifetime,
      isConditional: false, source: capability.source)
  }

  private func feature(_ feature: Feature) -> Numbered {
    Numbered(
      what: "feature", name: feature.name, number: UInt64(clamping: feature.bit), lifetime: feature.lifetime,
      isConditional: false, source: feature.source)
  }

  private func group(_ group: GroupSchema) -> Numbered {
    Numbered(
      what: "group", name: group.name, number: UInt64(group.number), lifetime: group.lifetime,
      isConditional: group.when != nil, source: group.source)
  }

  private func attribute(_ attribute: AttributeSchema, _ group: GroupSchema) -> Numbered? {
    guard case .exactly(let number) = attribute.number else { return nil }
    return Numbered(
      what: "attribute", name: attribute.path, number: number, lifetime: attribute.lifetime,
      isConditional: attribute.when != nil, source: attribute.source)
  }

  private func compare(_ all: [Numbered], _ report: (Diagnostic) -> Void) {
    var seen: [UInt64: [Numbered]] = [:]
    for one in all {
      for earlier in seen[one.number] ?? [] where earlier.lifetime.overlaps(one.lifetime) && !earlier.isConditional {
        report(
          .error(
            Self.id, "\(one.what) '\(one.name)' has the same number, \(one.number), as '\(earlier.name)'",
            at: one.source,
            notes: [Note("'\(earlier.name)' is described here", at: earlier.source)]))
        break
      }
      seen[one.number, default: []].append(one)
    }
  }
}

/// Every attribute can be found by some number: no attribute before it takes all of its numbers.
struct ReachableAttributes: SchemaCheck {
  static let id: DiagnosticID = "schema-unreachable"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      for group in file.groups {
        for (i, attribute) in group.attributes.enumerated() {
          guard let earlier = group.attributes[..<i].first(where: { $0.hides(attribute) }) else { continue }
          report(
            .error(
              Self.id,
              "'\(attribute.path)' can never be reached: '\(earlier.path)' matches its number first",
              at: attribute.source, notes: [Note("it is here", at: earlier.source)]))
        }
      }
    }
  }
}

extension AttributeSchema {
  /// Whether this attribute, if it is first, takes every number of the other. Another check reports equal numbers.
  fileprivate func hides(_ other: AttributeSchema) -> Bool {
    guard when == nil, lifetime.covers(other.lifetime) else { return false }
    switch (number, other.number) {
    case (.any, _): return true
    case (.exactly, _): return false
    case (.keys, .exactly(let number)): return key(of: number) != nil
    case (.keys(let fields, let base), .any): return base == 0 && fields.mask == .max
    case (.keys(let fields, let base), .keys(let others, let otherBase)):
      return fields.mask == .max && base <= otherBase || base == otherBase && others.mask & ~fields.mask == 0
    }
  }
}

extension [BitField] {
  /// The bits of all fields.
  fileprivate var mask: UInt64 { reduce(0) { $0 | UInt64(truncatingIfNeeded: $1.mask) } }
}
