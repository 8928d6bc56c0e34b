import DeviceSchema
import Expressions
import TextOutput
import Vocabulary

/// All attributes that schemas describe, in any release, for `schema list`.
package struct CatalogueList {
  /// One attribute.
  package struct Row {
    package var architecture: Architecture
    package var file: SchemaFile
    package var group: GroupSchema
    package var attribute: AttributeSchema
  }

  /// By architecture, then in the order of the files.
  package let rows: [Row]
  /// Keeps the rows' files alive.
  private let catalogues: [Catalogue]

  /// - Parameter catalogues: one for each architecture. A file that several share is listed for each.
  package init(_ catalogues: [Catalogue]) {
    self.catalogues = catalogues
    var rows: [Row] = []
    for catalogue in catalogues {
      for file in catalogue.files {
        for group in file.groups {
          for attribute in group.attributes {
            rows.append(
              Row(architecture: catalogue.architecture, file: file, group: group, attribute: attribute))
          }
        }
      }
    }
    self.rows = rows
  }

  /// A table with one line per attribute.
  package func text() -> String {
    var table = [["ARCH", "SCOPE", "TYPE", "GROUP", "ATTRIBUTE", "NUMBER", "CALLS", "PAYLOAD", "WHAT IT IS"]]
    for row in rows {
      table.append([
        row.architecture.rawValue, row.scope, row.file.deviceType ?? "-", "\(row.group.name) (\(row.group.number))",
        row.attribute.name ?? "-", row.number, row.access.joined(separator: " "), row.payload, row.summary,
      ])
    }
    return Columns(table, widest: .max).lines().map { $0 + "\n" }.joined()
  }

  /// An array with one object per attribute.
  package func json() -> JSON { .array(rows.map(\.json)) }
}

extension CatalogueList.Row {
  /// `device`, `vm`, `vcpu` or `system`.
  package var scope: String {
    switch file.subject {
    case .device, .common: "device"
    case .vm: "vm"
    case .vcpu: "vcpu"
    case .system: "system"
    }
  }

  package var access: [String] { file.calls(on: attribute).map(\.rawValue) }

  /// A short description of the payload.
  package var payload: String { group.payloads(of: attribute).summary }

  /// A description of the attribute in one line.
  fileprivate var summary: String { (attribute.doc ?? group.doc ?? "").firstSentence }

  fileprivate var lifetime: Lifetime { Lifetime([file.lifetime, group.lifetime, attribute.lifetime]) }

  fileprivate var number: String {
    switch attribute.number {
    case .exactly(let number): "\(number)"
    case .any: "any"
    case .keys(let fields, _): fields.map(\.name).joined(separator: "+")
    }
  }

  fileprivate var json: JSON {
    var members: [(String, JSON)] = [
      ("arch", .string(architecture.rawValue)),
      ("scope", .string(scope)),
      ("type", JSON(file.deviceType)),
      ("typeNumber", file.deviceType == nil ? .null : JSON(file.number)),
      ("group", JSON(group.name)),
      ("groupNumber", JSON(group.number)),
      ("attribute", JSON(attribute.name)),
    ]
    switch attribute.number {
    case .exactly(let number): members.append(("number", JSON(number)))
    case .any: members.append(("number", "any"))
    case .keys(let fields, let bias):
      let bits = fields.map { ($0.name, JSON.array([JSON($0.high), JSON($0.low)])) }
      members.append(("key", .object(bits)))
      if bias != 0 { members.append(("bias", JSON(bias))) }
    }
    members += [
      ("access", .array(access.map { .string($0) })),
      (
        "constants",
        .object([
          ("type", JSON(file.deviceType == nil ? nil : file.constant)), ("group", JSON(group.constant)),
          ("attribute", JSON(attribute.constant)),
        ])
      ),
      ("payload", JSON(payload)),
      ("doc", JSON(attribute.doc ?? group.doc)),
      ("since", JSON(lifetime.since?.description)),
      ("until", JSON(lifetime.until?.description)),
    ]
    return .object(members)
  }
}

extension String {
  /// The text up to the first full stop or semicolon at the end of a word.
  var firstSentence: String {
    let words = split(separator: " ")
    var result = ""
    for word in words {
      result += result.isEmpty ? String(word) : " " + word
      if word.hasSuffix(".") || word.hasSuffix(";") { return String(result.dropLast()) }
    }
    return result
  }
}
