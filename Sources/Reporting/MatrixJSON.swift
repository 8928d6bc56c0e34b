import DeviceSchema
import Diagnostics
import TextOutput
import Vocabulary
import Workspace

extension MatrixReport {
  /// The `kind` of a matrix written as JSON.
  static let kind = "kvmconf-matrix"

  private var hosts: [String] { matrix.hosts }

  /// The matrix for programs: one document. That of a shard has everything that `merge` needs.
  package var json: JSON {
    .object([
      ("version", 1),
      ("kind", .string(Self.kind)),
      ("kvmconf", .string(kvmconfVersion)),
      ("schemas", .string(SchemaSource.assumedRelease.description)),
      ("shard", matrix.shard.map(json) ?? .null),
      ("hosts", .array(hosts.map { .string($0) })),
      ("files", .elements(count: files.count) { json(of: $0) }),
      ("schemaFaults", .array(schemaFaults.map(Self.element))),
      ("sources", matrix.shard == nil ? .null : sources),
    ])
  }

  private func json(of shard: Shard) -> JSON {
    [
      "number": JSON(shard.number), "count": JSON(shard.count), "work": .string(matrix.work),
      "namedHosts": .bool(matrix.hasNamedHosts),
    ]
  }

  private func json(of file: Int) -> JSON {
    // A shard does not know what the others found.
    let all = matrix.files[file]
    let findings = matrix.shard == nil ? files[file].findings : all.findings
    let rows = matrix.shard == nil ? files[file].manifests : all.rows(hosts: hosts.count)
    return .object([
      ("file", .string(all.name)),
      ("failOn", JSON(all.failOn?.rawValue)),
      ("manifests", .elements(count: rows.count) { json(of: rows[$0]) }),
      ("diagnostics", .elements(count: findings.count) { json(of: findings[$0]) }),
    ])
  }

  /// The results of a manifest: each with all hosts that have it.
  private func json(of row: MatrixFile.Manifest) -> JSON {
    var groups: [(result: MatrixFile.Result, hosts: [JSON])] = []
    var places: [MatrixFile.Result: Int] = [:]
    for (host, result) in row.results.enumerated() where result != .elsewhere {
      if let place = places[result] {
        groups[place].hosts.append(.string(hosts[host]))
      } else {
        places[result] = groups.count
        groups.append((result, [.string(hosts[host])]))
      }
    }
    return .object([
      ("name", .string(row.name)), ("line", JSON(row.line)),
      ("results", .array(groups.map { .object($0.result.jsonMembers + [("hosts", .array($0.hosts))]) })),
    ])
  }

  private func json(of finding: MatrixFile.Finding) -> JSON {
    guard case .object(let members) = Self.element(finding.diagnostic) else { return .null }
    return .object(
      members + [
        ("manifest", JSON(finding.manifest)), ("hosts", .array(finding.hosts.map { .string(hosts[$0]) })),
      ])
  }

  private static func element(_ diagnostic: Diagnostic) -> JSON {
    JSONRenderer(marksBuiltInFiles: true).element(diagnostic)
  }

  /// The texts that diagnostics refer to, by path, without the built-in schemas. One that is not UTF-8 is in hexadecimal
  /// digits.
  private var sources: JSON {
    var texts: [String: SourceFile] = [:]
    for diagnostic in matrix.files.flatMap(\.findings).map(\.diagnostic) + schemaFaults {
      let ranges = [diagnostic.range] + diagnostic.notes.map(\.range) + diagnostic.fixIts.map(\.range)
      for case let range? in ranges where !range.file.isBuiltIn { texts[range.file.path] = range.file }
    }
    return .object(
      texts.sorted { $0.key < $1.key }.map { path, file in
        let text = String(validating: file.bytes, as: UTF8.self).map { JSON.string($0) }
        return (path, text ?? ["hexadecimal": .string(hexadecimal(file.bytes))])
      })
  }
}

extension MatrixFile.Result {
  /// The word for the result in JSON.
  var word: String {
    switch kind {
    case .elsewhere, .notApplicable: "not-applicable"
    case .failed: "failed"
    case .errors: "errors"
    case .undecided: "undecided"
    case .warnings: "warnings"
    case .ok: "ok"
    }
  }

  fileprivate var jsonMembers: [(String, JSON)] {
    let result = ("result", JSON.string(word))
    return switch self {
    case .elsewhere, .notApplicable: [result]
    case .failed(let kind): [result, ("reason", .string(kind.rawValue))]
    case .judged(let errors, let warnings, let undecided):
      [
        result,
        ("errors", JSON(errors)), ("warnings", JSON(warnings)), ("undecided", JSON(undecided)),
      ]
    }
  }
}
