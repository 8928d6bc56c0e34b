import DeviceSchema
import Diagnostics
import TextOutput
import Vocabulary
import Workspace

extension HostMatrix {
  /// The `kind` of a matrix written as JSON.
  private static let kind = "kvmconf-matrix"

  /// The matrix for programs: one document. That of a shard has everything that `merge` needs.
  package var json: JSON {
    .object([
      ("version", 1),
      ("kind", .string(Self.kind)),
      ("kvmconf", .string(kvmconfVersion)),
      ("schemas", .string(SchemaSource.newestRelease.description)),
      ("shard", shard.map { ["number": JSON($0.number), "count": JSON($0.count), "work": .string(work)] } ?? .null),
      ("hosts", .array(hosts.map { .string($0) })),
      ("files", .elements(count: files.count) { json(of: files[$0]) }),
      ("schemaFaults", .array(Set(files.flatMap(\.schemaFaults)).map(Self.element))),
      ("sources", shard == nil ? .null : sources),
    ])
  }

  private func json(of file: MatrixFile) -> JSON {
    // A shard does not know what the others found.
    let findings = shard == nil ? findings(of: file) : file.findings
    let rows = shard == nil ? rows(of: file) : file.rows(hosts: hosts.count)
    return .object([
      ("file", .string(file.name)),
      ("failOn", JSON(file.failOn?.rawValue)),
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
    let findings = files.flatMap { $0.findings.map(\.diagnostic) + $0.schemaFaults }
    for diagnostic in findings {
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
  fileprivate var jsonMembers: [(String, JSON)] {
    switch self {
    case .elsewhere, .notApplicable: [("result", "not-applicable")]
    case .failed(let kind): [("result", "failed"), ("reason", .string(kind.rawValue))]
    case .judged(let errors, let warnings, let undecided):
      [
        ("result", kind == .ok ? "ok" : kind == .errors ? "errors" : kind == .undecided ? "undecided" : "warnings"),
        ("errors", JSON(errors)), ("warnings", JSON(warnings)), ("undecided", JSON(undecided)),
      ]
    }
  }

  fileprivate init?(_ json: JSON) {
    if let errors = json["errors"]?.number, let warnings = json["warnings"]?.number,
      let undecided = json["undecided"]?.number
    {
      self = .judged(errors: errors, warnings: warnings, undecided: undecided)
    } else if json["result"]?.string == "not-applicable" {
      self = .notApplicable
    } else if let kind = json["reason"]?.string.flatMap(DiagnosticsError.Kind.init) {
      self = .failed(kind)
    } else {
      return nil
    }
  }
}

// MARK: Reading

extension HostMatrix {
  /// The matrix of which files are the shards.
  ///
  /// - Throws: an error of the kind `invalid` if a file is not the report of a shard, or if the shards do not belong
  ///   together.
  package init(merging files: [SourceFile]) throws(DiagnosticsError) {
    var shards: [Int: (matrix: HostMatrix, path: String)] = [:]
    var first: (header: Header, path: String)?
    var faults: [Diagnostic] = []
    var texts = Texts()
    var manifests: [String: MatrixFile] = [:]
    for file in files {
      guard let json = JSON(parsing: file.bytes), let header = Header(json) else {
        faults.append(.badShard("\(file.path) is not a report of 'validate --shard K/N --format json'"))
        continue
      }
      if let fault = header.difference(from: first?.header) {
        faults.append(.badShard("\(file.path) does not belong to \(first?.path ?? ""): \(fault)"))
        continue
      }
      first = first ?? (header, file.path)
      if let other = shards[header.shard.number]?.path {
        faults.append(.badShard("\(file.path) and \(other) are both shard \(header.shard)"))
        continue
      }
      guard let matrix = HostMatrix(json, header, &texts) else {
        faults.append(.badShard("\(file.path) is damaged"))
        continue
      }
      if let name = matrix.files.first(where: { !$0.hasManifests(of: manifests[$0.name]) })?.name {
        faults.append(
          .badShard("\(file.path) does not belong to \(first?.path ?? ""): the manifests of \(name) differ"))
        continue
      }
      for file in matrix.files where !file.manifests.isEmpty { manifests[file.name] = file }
      shards[header.shard.number] = (matrix, file.path)
    }
    if faults.isEmpty, let count = first?.header.shard.count {
      let missing = (1...count).filter { shards[$0] == nil }
      if !missing.isEmpty {
        let most = 10
        var numbers = missing.prefix(most).map(String.init)
        if missing.count > most { numbers.append("\(missing.count - most) more") }
        let words = missing.count == 1 ? "the report of shard" : "the reports of shards"
        faults.append(
          .badShard("\(words) \(numbers.listed()) of \(count) \(missing.count == 1 ? "is" : "are") missing"))
      }
    }
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
    self.init(joining: shards.sorted { $0.key < $1.key }.map(\.value.matrix))
  }

  /// What all shards of a matrix have in common, and the number of this one.
  private struct Header {
    var shard: Shard
    var version: String
    var work: String
    var hosts: [String]

    init?(_ json: JSON) {
      guard json["version"]?.number == 1, json["kind"]?.string == HostMatrix.kind, let shard = json["shard"],
        let number = shard["number"]?.number, let count = shard["count"]?.number,
        let place = Shard(number: number, count: count), let work = shard["work"]?.string,
        let kvmconf = json["kvmconf"]?.string, let schemas = json["schemas"]?.string,
        let hosts = json["hosts"]?.array?.compactMap(\.string), Set(hosts).count == hosts.count
      else { return nil }
      self.shard = place
      version = "kvmconf \(kvmconf) with the schemas of Linux \(schemas)"
      self.work = work
      self.hosts = hosts
    }

    /// Why the reports cannot be merged, or nil if they can.
    func difference(from other: Header?) -> String? {
      let other = other ?? self
      let own = "kvmconf \(kvmconfVersion) with the schemas of Linux \(SchemaSource.newestRelease)"
      if version != other.version { return "one was written by \(version), the other by \(other.version)" }
      if version != own { return "it was written by \(version), and this is \(own)" }
      if shard.count != other.shard.count {
        return "one is a shard of \(shard.count), the other of \(other.shard.count)"
      }
      if work != other.work || hosts != other.hosts {
        return "the manifests, their texts, the hosts or the parameters differ"
      }
      return nil
    }
  }

  private init?(_ json: JSON, _ header: Header, _ texts: inout Texts) {
    self.init(hosts: header.hosts, files: [], shard: header.shard, work: header.work)
    let numbers = Dictionary(zip(hosts, hosts.indices), uniquingKeysWith: { first, _ in first })
    guard texts.add(json["sources"]), let files = json["files"]?.array,
      let faults = json["schemaFaults"]?.array
    else { return nil }
    for node in files {
      guard let file = MatrixFile(node, texts, numbers) else { return nil }
      self.files.append(file)
    }
    let diagnostics = faults.compactMap { Diagnostic($0, texts) }
    guard diagnostics.count == faults.count, diagnostics.isEmpty || !self.files.isEmpty else { return nil }
    if !diagnostics.isEmpty { self.files[0].schemaFaults = Set(diagnostics) }
  }
}

/// The texts that the diagnostics of shards refer to. One that several shards have is there once, so that equal
/// diagnostics are equal.
private struct Texts {
  private var files: [String: SourceFile] = [:]

  /// - Returns: whether the texts could be read.
  mutating func add(_ json: JSON?) -> Bool {
    guard let members = json?.members else { return false }
    for (path, value) in members {
      let digits = value["hexadecimal"]?.string
      guard let bytes = value.string.map({ Array($0.utf8) }) ?? digits.flatMap({ decodedHexadecimal(Array($0.utf8)) })
      else { return false }
      // The same text may be a file of facts or of schemas, which may have changed between two shards.
      if files[path]?.bytes != bytes { files[path] = SourceFile(path: path, bytes: bytes) }
    }
    return true
  }

  /// The range that the members of a JSON object describe. The outer value is nil if they describe none; the inner one
  /// if there is no place.
  func range(_ json: JSON) -> SourceRange?? {
    guard let path = json["file"]?.string else { return .some(nil) }
    let isBuiltIn = if case .bool(true) = json["builtIn"] { true } else { false }
    let file = isBuiltIn ? SchemaSource.builtIn.first { $0.path == path }?.file : files[path]
    guard let file, let line = json["line"]?.number, let column = json["column"]?.number,
      let endLine = json["endLine"]?.number, let endColumn = json["endColumn"]?.number
    else { return nil }
    return SourceRange(
      file: file, start: Position(line: line, column: column), end: Position(line: endLine, column: endColumn))
  }
}

extension MatrixFile {
  /// Whether another shard's part of the file has the same manifests, or none because it could not read them.
  fileprivate func hasManifests(of other: MatrixFile?) -> Bool {
    guard let other, !manifests.isEmpty, !other.manifests.isEmpty else { return true }
    return manifests.map(\.name) == other.manifests.map(\.name) && manifests.map(\.line) == other.manifests.map(\.line)
  }

  fileprivate init?(_ json: JSON, _ texts: Texts, _ hosts: [String: Int]) {
    guard let name = json["file"]?.string, let rows = json["manifests"]?.array,
      let findings = json["diagnostics"]?.array
    else { return nil }
    self.init(name: name, failOn: json["failOn"]?.string.flatMap { FailOn(rawValue: $0) })
    for row in rows {
      guard var manifest = Manifest(row, hosts) else { return nil }
      for (host, result) in manifest.results.enumerated() {
        guard case .failed(let kind) = result else { continue }
        failures[host] = kind
        manifest.results[host] = .elsewhere
      }
      manifests.append(manifest)
    }
    for node in findings {
      guard let diagnostic = Diagnostic(node, texts), let manifest = node["manifest"]?.number,
        manifests.indices.contains(manifest), let numbers = hosts.numbers(of: node["hosts"])
      else { return nil }
      add(Finding(diagnostic, manifest: manifest, hosts: numbers))
    }
    // Another shard may have read the manifests.
    if manifests.count == 1, manifests[0].results.allSatisfy({ $0 == .elsewhere }) { manifests = [] }
  }
}

extension MatrixFile.Manifest {
  fileprivate init?(_ json: JSON, _ hosts: [String: Int]) {
    guard let name = json["name"]?.string, let line = json["line"]?.number, let groups = json["results"]?.array else {
      return nil
    }
    self.init(name: name, line: line, results: Array(repeating: .elsewhere, count: hosts.count))
    for group in groups {
      guard let result = MatrixFile.Result(group), let numbers = hosts.numbers(of: group["hosts"]) else { return nil }
      for host in numbers { results[host] = result }
    }
  }
}

extension [String: Int] {
  /// The numbers of hosts, ascending; nil if one is unknown.
  fileprivate func numbers(of json: JSON?) -> [Int]? {
    guard let names = json?.array else { return nil }
    let numbers = names.compactMap { $0.string.flatMap { self[$0] } }
    return numbers.count == names.count ? numbers.sorted() : nil
  }
}

extension Diagnostic {
  fileprivate init?(_ json: JSON, _ texts: Texts) {
    guard let severity = json["severity"]?.string.flatMap(Severity.init), let id = json["id"]?.string,
      let message = json["message"]?.string, let range = texts.range(json), let notes = json["notes"]?.array,
      let fixIts = json["fixIts"]?.array
    else { return nil }
    self.init(severity, DiagnosticID(id), message, at: range)
    for note in notes {
      guard let message = note["message"]?.string, let range = texts.range(note) else { return nil }
      self.notes.append(Note(message, at: range))
    }
    for fixIt in fixIts {
      guard let replacement = fixIt["replacement"]?.string, case let range?? = texts.range(fixIt) else { return nil }
      self.fixIts.append(FixIt(replace: range, with: replacement))
    }
  }
}

extension Diagnostic {
  fileprivate static func badShard(_ message: String) -> Diagnostic { .error("bad-shard", message, at: nil) }
}
