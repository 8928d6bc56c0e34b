import DeviceSchema
import Diagnostics
import TextOutput
import Vocabulary
import Workspace

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
      guard let json = JSON(parsing: file.bytes), json["version"]?.number == 1,
        json["kind"]?.string == MatrixReport.kind, case .object = json["shard"]
      else {
        faults.append(.badShard("\(file.path) is not a report of 'validate --shard K/N --format json'"))
        continue
      }
      let matrix: HostMatrix
      do throws(JSONNode.Fault) {
        let header = try Header(JSONNode(json))
        if let fault = header.difference(from: first?.header) {
          faults.append(.badShard("\(file.path) does not belong to \(first?.path ?? ""): \(fault)"))
          continue
        }
        first = first ?? (header, file.path)
        if let other = shards[header.shard.number]?.path {
          faults.append(.badShard("\(file.path) and \(other) are both shard \(header.shard)"))
          continue
        }
        matrix = try HostMatrix(JSONNode(json), header, &texts)
        shards[header.shard.number] = (matrix, file.path)
      } catch {
        faults.append(.damaged(file, error))
        continue
      }
      if let name = matrix.files.first(where: { !$0.hasManifests(of: manifests[$0.name]) })?.name {
        faults.append(
          .badShard("\(file.path) does not belong to \(first?.path ?? ""): the manifests of \(name) differ"))
        continue
      }
      for file in matrix.files where !file.manifests.isEmpty { manifests[file.name] = file }
    }
    if faults.isEmpty, let count = first?.header.shard.count {
      faults = .missing((1...count).filter { shards[$0] == nil }, of: count)
    }
    if !faults.isEmpty { throw DiagnosticsError(.invalid, faults) }
    self.init(joining: shards.sorted { $0.key < $1.key }.map(\.value.matrix))
    if let gap = firstGap { throw .invalid(gap) }
  }

  /// An error for the first pair that no report has.
  private var firstGap: Diagnostic? {
    for file in files {
      for row in file.rows(hosts: hosts.count) {
        guard let host = row.results.firstIndex(of: .elsewhere) else { continue }
        return .badShard("no report has the result of \(file.name) on \(hosts[host])")
      }
    }
    return nil
  }

  /// What all shards of a matrix have in common, and the number of this one.
  private struct Header {
    var shard: Shard
    var version: String
    var work: String
    var hosts: [String]
    var hasNamedHosts: Bool

    init(_ node: JSONNode) throws(JSONNode.Fault) {
      let part = try node.member("shard")
      let (number, count) = (try part.member("number").number(), try part.member("count").number())
      guard let shard = Shard(number: number, count: count) else { throw part.fault("expected a shard") }
      self.shard = shard
      work = try part.member("work").string()
      hasNamedHosts = try part.member("namedHosts").bool()
      let (kvmconf, schemas) = (try node.member("kvmconf").string(), try node.member("schemas").string())
      version = "kvmconf \(kvmconf) with the schemas of Linux \(schemas)"
      var names: [String] = []
      for host in try node.member("hosts").elements() {
        let name = try host.string()
        if names.contains(name) { throw host.fault("the host '\(name)' is there twice") }
        names.append(name)
      }
      hosts = names
    }

    /// Why the reports cannot be merged, or nil if they can.
    func difference(from other: Header?) -> String? {
      let other = other ?? self
      let own = "kvmconf \(kvmconfVersion) with the schemas of Linux \(SchemaSource.assumedRelease)"
      if version != other.version { return "one was written by \(version), the other by \(other.version)" }
      if version != own { return "it was written by \(version), and this is \(own)" }
      if shard.count != other.shard.count {
        return "one is a shard of \(shard.count), the other of \(other.shard.count)"
      }
      if work != other.work || hosts != other.hosts || hasNamedHosts != other.hasNamedHosts {
        return "the manifests, the files that they name, the hosts, their facts or the settings differ"
      }
      return nil
    }
  }

  private init(_ node: JSONNode, _ header: Header, _ texts: inout Texts) throws(JSONNode.Fault) {
    self.init(
      hosts: header.hosts, hasNamedHosts: header.hasNamedHosts, shard: header.shard, work: header.work)
    let numbers = Dictionary(zip(hosts, hosts.indices), uniquingKeysWith: { first, _ in first })
    try texts.add(node.member("sources"))
    for file in try node.member("files").elements() { files.append(try MatrixFile(file, texts, numbers)) }
    for fault in try node.member("schemaFaults").elements() {
      let diagnostic = try Diagnostic(fault, texts)
      if files.isEmpty { throw fault.fault("expected no errors in schemas, because there are no files") }
      files[0].schemaFaults.insert(diagnostic)
    }
  }
}

/// The texts that the diagnostics of shards refer to. One that several shards have is there once, so that equal
/// diagnostics are equal.
private struct Texts {
  private var files: [String: SourceFile] = [:]

  mutating func add(_ node: JSONNode) throws(JSONNode.Fault) {
    for (path, value) in try node.members() {
      let bytes: [UInt8]
      if let text = value.json.string {
        bytes = Array(text.utf8)
      } else {
        let digits = try value.member("hexadecimal")
        guard let decoded = decodedHexadecimal(Array(try digits.string().utf8)) else {
          throw digits.fault("expected hexadecimal digits")
        }
        bytes = decoded
      }
      // A file that a manifest names may have changed between two shards.
      if files[path]?.bytes != bytes { files[path] = SourceFile(path: path, bytes: bytes) }
    }
  }

  /// The range that the members of an object describe; nil if they describe no place.
  func range(_ node: JSONNode) throws(JSONNode.Fault) -> SourceRange? {
    let name = try node.member("file")
    if case .null = name.json { return nil }
    let path = try name.string()
    let isBuiltIn = if case .bool(true) = node.json["builtIn"] { true } else { false }
    guard let file = isBuiltIn ? SchemaSource.builtIn.first(where: { $0.path == path })?.file : files[path] else {
      throw name.fault("the report does not have the text '\(path)'")
    }
    let start = try position(node, "line", "column")
    let end = try position(node, "endLine", "endColumn")
    guard file.has(start, to: end) else {
      throw try node.member("line").fault("\(start) to \(end) is not a place in '\(path)'")
    }
    return SourceRange(file: file, start: start, end: end)
  }

  private func position(_ node: JSONNode, _ line: String, _ column: String) throws(JSONNode.Fault) -> Position {
    Position(line: try node.member(line).number(in: .positive), column: try node.member(column).number(in: .positive))
  }
}

extension SourceFile {
  /// Whether a range is in the text. Its end may be just after a line break.
  fileprivate func has(_ start: Position, to end: Position) -> Bool {
    guard start <= end, let first = bytes(ofLine: start.line), let last = bytes(ofLine: end.line) else { return false }
    return start.column <= position(ofByte: first.upperBound).column
      && end.column <= position(ofByte: last.upperBound).column + 1
  }
}

extension MatrixFile {
  /// Whether another shard's part of the file has the same manifests, or none because it could not read them.
  fileprivate func hasManifests(of other: MatrixFile?) -> Bool {
    guard let other, !manifests.isEmpty, !other.manifests.isEmpty else { return true }
    return manifests.map(\.name) == other.manifests.map(\.name) && manifests.map(\.line) == other.manifests.map(\.line)
  }

  fileprivate init(_ node: JSONNode, _ texts: Texts, _ hosts: [String: Int]) throws(JSONNode.Fault) {
    self.init(name: try node.member("file").string())
    let failOn = try node.member("failOn")
    if case .null = failOn.json {
    } else {
      guard let kind = FailOn(rawValue: try failOn.string()) else {
        throw failOn.fault("expected \(FailOn.allCases.map(\.rawValue).listed("or"))")
      }
      self.failOn = kind
    }
    for row in try node.member("manifests").elements() {
      var manifest = try Manifest(row, hosts)
      for (host, result) in manifest.results.enumerated() {
        guard case .failed(let kind) = result else { continue }
        failures[host] = kind
        manifest.results[host] = .elsewhere
      }
      manifests.append(manifest)
    }
    if manifests.isEmpty { throw try node.member("manifests").fault("expected at least one manifest") }
    for finding in try node.member("diagnostics").elements() {
      let number = try finding.member("manifest")
      let manifest: Int? = if case .null = number.json { nil } else { try number.number(in: 0...manifests.count - 1) }
      let numbers = try hosts.numbers(of: finding.member("hosts"))
      if manifest == nil, numbers.isEmpty || numbers.contains(where: { failures[$0] == nil }) {
        throw try finding.member("hosts").fault("expected hosts for which the validation failed")
      }
      add(Finding(try Diagnostic(finding, texts), manifest: manifest, hosts: numbers))
    }
    // Another shard may have read the manifests.
    if manifests.count == 1, manifests[0].results.allSatisfy({ $0 == .elsewhere }) { manifests = [] }
  }
}

extension MatrixFile.Manifest {
  fileprivate init(_ node: JSONNode, _ hosts: [String: Int]) throws(JSONNode.Fault) {
    self.init(
      name: try node.member("name").string(), line: try node.member("line").number(in: .positive),
      results: Array(repeating: .elsewhere, count: hosts.count))
    for group in try node.member("results").elements() {
      let result = try MatrixFile.Result(group)
      let names = try group.member("hosts")
      for host in try hosts.numbers(of: names) {
        if results[host] != .elsewhere { throw names.fault("a host has two results") }
        results[host] = result
      }
    }
  }
}

extension MatrixFile.Result {
  fileprivate init(_ node: JSONNode) throws(JSONNode.Fault) {
    let word = try node.member("result")
    switch try word.string() {
    case "not-applicable": self = .notApplicable
    case "failed":
      let reason = try node.member("reason")
      guard let kind = DiagnosticsError.Kind(rawValue: try reason.string()) else {
        throw reason.fault("there is no failure '\(try reason.string())'")
      }
      self = .failed(kind)
    case let text:
      self = .judged(
        errors: try node.member("errors").number(in: .countable),
        warnings: try node.member("warnings").number(in: .countable),
        undecided: try node.member("undecided").number(in: .countable))
      if self.word != text { throw word.fault("expected '\(self.word)', because of the numbers of problems") }
    }
  }
}

extension ClosedRange<Int> {
  /// The numbers of lines and columns.
  fileprivate static let positive = 1...Int(UInt32.max)
  /// The numbers of problems.
  fileprivate static let countable = 0...Int(UInt32.max)
}

extension [String: Int] {
  /// The numbers of hosts, ascending.
  fileprivate func numbers(of node: JSONNode) throws(JSONNode.Fault) -> [Int] {
    var numbers: [Int] = []
    for element in try node.elements() {
      let name = try element.string()
      guard let number = self[name] else { throw element.fault("there is no host '\(name)'") }
      numbers.append(number)
    }
    if Set(numbers).count < numbers.count { throw node.fault("a host is there twice") }
    return numbers.sorted()
  }
}

extension Diagnostic {
  fileprivate init(_ node: JSONNode, _ texts: Texts) throws(JSONNode.Fault) {
    let word = try node.member("severity")
    guard let severity = Severity(rawValue: try word.string()) else {
      throw word.fault("expected error, warning or note")
    }
    self.init(
      severity, DiagnosticID(try node.member("id").string()), try node.member("message").string(),
      at: try texts.range(node))
    for note in try node.member("notes").elements() {
      notes.append(Note(try note.member("message").string(), at: try texts.range(note)))
    }
    for fixIt in try node.member("fixIts").elements() {
      guard let range = try texts.range(fixIt) else { throw fixIt.fault("expected a place") }
      fixIts.append(FixIt(replace: range, with: try fixIt.member("replacement").string()))
    }
  }

  fileprivate static func badShard(_ message: String, at range: SourceRange? = nil) -> Diagnostic {
    .error("bad-shard", message, at: range)
  }

  /// An error at a value of a report.
  fileprivate static func damaged(_ file: SourceFile, _ fault: JSONNode.Fault) -> Diagnostic {
    let bytes = fault.bytes(in: file.bytes)
    let range = SourceRange(
      file: file, start: file.position(ofByte: bytes.lowerBound), end: file.position(ofByte: bytes.upperBound))
    return badShard("the report is damaged: \(fault.message)", at: range)
  }
}

extension [Diagnostic] {
  /// An error that names the shards without a report; empty if there are none.
  fileprivate static func missing(_ missing: [Int], of count: Int) -> Self {
    if missing.isEmpty { return [] }
    let most = 10
    var numbers = missing.prefix(most).map(String.init)
    if missing.count > most { numbers.append("\(missing.count - most) more") }
    let words = missing.count == 1 ? "the report of shard" : "the reports of shards"
    return [.badShard("\(words) \(numbers.listed()) of \(count) \(missing.count == 1 ? "is" : "are") missing")]
  }
}
