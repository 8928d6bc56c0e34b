import DevicePlan
import Diagnostics

/// The validation of manifests for several hosts.
package struct HostMatrix: Sendable {
  /// The names of the hosts, in order.
  package var hosts: [String]
  package var files: [MatrixFile]
  /// The shard of a larger matrix that this one is; nil if it is whole.
  package var shard: Shard?
  /// The checksum of what the shards share; empty if the matrix is whole.
  package var work: String

  package init(hosts: [String], files: [MatrixFile], shard: Shard? = nil, work: String = "") {
    self.hosts = hosts
    self.files = files
    self.shard = shard
    self.work = work
  }

  /// The matrix that several shards make up.
  ///
  /// - Parameter shards: all shards of a matrix, in order.
  package init(joining shards: [HostMatrix]) {
    self.init(hosts: shards.first?.hosts ?? [], files: [])
    var places: [String: Int] = [:]
    for file in shards.flatMap(\.files) {
      if let place = places[file.name] {
        files[place].add(file)
      } else {
        places[file.name] = files.count
        files.append(file)
      }
    }
  }
}

/// The validation of one file for several hosts.
package struct MatrixFile: Sendable {
  package var name: String
  package var failOn: FailOn?
  package var manifests: [Manifest] = []
  package private(set) var findings: [Finding] = []
  /// The hosts for which the file was not validated, because it or the facts of the host are wrong.
  package var failures: [Int: DiagnosticsError.Kind] = [:]

  /// Whether the file was found in a folder and is not a manifest. It is not looked at.
  package var isForeign = false
  /// The note that a foreign file is skipped.
  package var remarks: [Diagnostic] = []
  package var identity: FileIdentity?
  package var bases: Set<FileIdentity> = []
  package var schemaFaults: Set<Diagnostic> = []

  /// The place of each finding.
  private var known: [Place: Int] = [:]

  private struct Place: Hashable {
    var diagnostic: Diagnostic
    var manifest: Int
  }

  /// A manifest and its results.
  package struct Manifest: Hashable, Sendable {
    package var name: String
    /// The line in which it begins, from 1.
    package var line: Int
    /// The result for each host.
    package var results: [Result]

    package init(name: String, line: Int, results: [Result]) {
      self.name = name
      self.line = line
      self.results = results
    }
  }

  package enum Result: Hashable, Sendable {
    /// Another shard validates the manifest for this host.
    case elsewhere
    /// The host has another architecture than the manifest.
    case notApplicable
    case judged(errors: Int, warnings: Int, undecided: Int)
    case failed(DiagnosticsError.Kind)
  }

  /// A diagnostic, and the hosts for which it was reported.
  package struct Finding: Hashable, Sendable {
    package var diagnostic: Diagnostic
    /// The index of the manifest.
    package var manifest: Int
    /// The indices of the hosts, ascending. It is empty if the manifest is for none of the architectures of the hosts.
    package var hosts: [Int]

    package init(_ diagnostic: Diagnostic, manifest: Int, hosts: [Int]) {
      self.diagnostic = diagnostic
      self.manifest = manifest
      self.hosts = hosts
    }
  }

  package init(name: String, failOn: FailOn? = nil) {
    self.name = name
    self.failOn = failOn
  }

  /// The manifests; a file without one that could be read has one with the file's name.
  ///
  /// - Parameter hosts: the number of hosts.
  package func rows(hosts: Int) -> [Manifest] {
    var rows = manifests
    if rows.isEmpty { rows = [Manifest(name: name, line: 1, results: Array(repeating: .elsewhere, count: hosts))] }
    for (host, kind) in failures {
      for i in rows.indices { rows[i].results[host] = .failed(kind) }
    }
    return rows
  }
}

// MARK: Collecting

extension MatrixFile {
  package mutating func add(_ finding: Finding) {
    let place = Place(diagnostic: finding.diagnostic, manifest: finding.manifest)
    guard let index = known[place] else {
      known[place] = findings.count
      findings.append(finding)
      return
    }
    findings[index].hosts += finding.hosts
  }

  /// Sorts the hosts of the findings, after hosts were added in another order.
  mutating func sortHosts() {
    for i in findings.indices where zip(findings[i].hosts, findings[i].hosts.dropFirst()).contains(where: { $0 >= $1 })
    {
      findings[i].hosts = Set(findings[i].hosts).sorted()
    }
  }

  /// Adds the results for other hosts.
  package mutating func add(_ other: MatrixFile) {
    if manifests.isEmpty {
      manifests = other.manifests
    } else {
      for (i, manifest) in other.manifests.enumerated() where i < manifests.count {
        for (host, result) in manifest.results.enumerated() where result != .elsewhere {
          manifests[i].results[host] = result
        }
      }
    }
    for finding in other.findings { add(finding) }
    sortHosts()
    failures.merge(other.failures) { first, _ in first }
    remarks = remarks.isEmpty ? other.remarks : remarks
    isForeign = isForeign || other.isForeign
    identity = identity ?? other.identity
    bases.formUnion(other.bases)
    schemaFaults.formUnion(other.schemaFaults)
  }

  /// Adds the error that prevents the validation for some hosts.
  mutating func add(_ error: DiagnosticsError, _ hosts: some Sequence<Int>) {
    for host in hosts { failures[host] = error.kind }
    for diagnostic in error.diagnostics { add(Finding(diagnostic, manifest: 0, hosts: Array(hosts))) }
  }

  /// Adds the validation for a host.
  ///
  /// - Parameter count: the number of hosts.
  mutating func add(_ validation: Validation, _ host: Int, of count: Int) {
    if manifests.isEmpty {
      let none = Array(repeating: Result.elsewhere, count: count)
      var uses: [String: Int] = [:]
      for (report, line) in zip(validation.reports, validation.firstLines) {
        uses[report.name, default: 0] += 1
        let number = uses[report.name] ?? 1
        manifests.append(Manifest(name: report.name + (number > 1 ? " (\(number))" : ""), line: line, results: none))
      }
      // The text has errors, and no manifest could be read.
      if manifests.isEmpty { manifests.append(Manifest(name: name, line: 1, results: none)) }
    }
    bases.formUnion(validation.bases.joined().compactMap(\.identity))
    schemaFaults.formUnion(validation.schemaFaults)
    let parts = validation.reports.isEmpty ? [validation.diagnostics] : validation.diagnosticsByManifest
    for (i, diagnostics) in parts.enumerated() {
      let isJudged = !validation.notApplicable.contains(i)
      for diagnostic in diagnostics { add(Finding(diagnostic, manifest: i, hosts: isJudged ? [host] : [])) }
      if isJudged {
        manifests[i].results[host] = .judged(
          errors: diagnostics.count { $0.severity == .error },
          warnings: diagnostics.count { validation.isWarning($0) && !$0.isUnusedComment },
          undecided: validation.undecidedCount(of: i))
      } else {
        manifests[i].results[host] = .notApplicable
        add(
          Finding(.noHost(validation.reports[i], line: manifests[i].line, in: validation.file), manifest: i, hosts: []))
      }
    }
  }
}

extension Diagnostic {
  /// Whether this reports a comment that turns nothing off. That a comment does nothing on one host does not mean that it
  /// does nothing on all of them.
  fileprivate var isUnusedComment: Bool { id == "unused-ignore" }

  fileprivate static func noHost(_ report: Report, line: Int, in file: SourceFile) -> Diagnostic {
    let start = Position(line: line, column: 1)
    return .warning(
      "no-host", "no host has the architecture \(report.architecture.rawValue), so this manifest was only read",
      at: SourceRange(file: file, start: start, end: start))
  }
}

// MARK: The whole

extension HostMatrix {
  /// The findings that a report shows: those about manifests that no host can run only if that is so, and comments that
  /// turn nothing off only if they do so on every host. They are in the order of the text; at one place, in that of the
  /// hosts.
  ///
  /// - Parameter file: one of the files.
  package func findings(of file: MatrixFile) -> [MatrixFile.Finding] {
    let rows = file.rows(hosts: hosts.count)
    let judged = rows.map { row in row.results.indices.filter { row.results[$0].isJudged } }
    let isWhole = rows.map { row in !row.results.contains(.elsewhere) }
    let shown = file.findings.filter { finding in
      let i = finding.manifest
      if finding.hosts.isEmpty { return judged[i].isEmpty && (isWhole[i] || finding.diagnostic.severity == .error) }
      return !finding.diagnostic.isUnusedComment || isWhole[i] && finding.hosts == judged[i]
    }
    if shown.count < 2 { return shown }
    let byHost = shown.enumerated().sorted {
      ($0.element.hosts.first ?? 0, $0.offset) < ($1.element.hosts.first ?? 0, $1.offset)
    }
    var places: [Diagnostic: [MatrixFile.Finding]] = [:]
    for (_, finding) in byHost.reversed() { places[finding.diagnostic, default: []].append(finding) }
    return byHost.map(\.element.diagnostic).inDocumentOrder().compactMap { places[$0]?.popLast() }
  }

  /// The manifests of a file with their results, the comments that turn nothing off included.
  package func rows(of file: MatrixFile) -> [MatrixFile.Manifest] {
    var rows = file.rows(hosts: hosts.count)
    for finding in findings(of: file) where finding.diagnostic.isUnusedComment {
      guard finding.diagnostic.severity == .warning else { continue }
      for host in finding.hosts { rows[finding.manifest].results[host].addWarning() }
    }
    return rows
  }

  /// The kind of the worst failure; nil if all results are good.
  package var failure: DiagnosticsError.Kind? {
    var worst: DiagnosticsError.Kind?
    for file in files {
      for result in rows(of: file).flatMap(\.results) {
        guard let failure = result.failure(file.failOn) else { continue }
        worst = [worst ?? failure, failure].max { $0.rank < $1.rank }
      }
      if worst != nil { continue }
      let orphans = findings(of: file).filter(\.hosts.isEmpty)
      if orphans.contains(where: { $0.diagnostic.fails(file.failOn) }) { worst = .invalid }
    }
    return worst
  }
}

extension MatrixFile.Result {
  package var isJudged: Bool {
    switch self {
    case .judged, .failed: true
    case .elsewhere, .notApplicable: false
    }
  }

  fileprivate mutating func addWarning() {
    guard case .judged(let errors, let warnings, let undecided) = self else { return }
    self = .judged(errors: errors, warnings: warnings + 1, undecided: undecided)
  }

  /// The kind of failure; nil if the result is good.
  package func failure(_ failOn: FailOn?) -> DiagnosticsError.Kind? {
    switch self {
    case .elsewhere, .notApplicable: return nil
    case .failed(let kind): return kind
    case .judged(let errors, let warnings, let undecided):
      let failures =
        switch failOn {
        case .warning: errors + undecided + warnings
        case .undecided: errors + undecided
        case nil: errors
        }
      return failures > 0 ? .invalid : nil
    }
  }
}

extension Diagnostic {
  fileprivate func fails(_ failOn: FailOn?) -> Bool {
    severity == .error || severity == .warning && failOn == .warning
  }
}

extension DiagnosticsError.Kind {
  /// The order of exit statuses.
  fileprivate var rank: Int {
    switch self {
    case .invalid: 0
    case .unreadable: 1
    case .unavailable: 2
    case .software: 3
    case .unwritable: 4
    }
  }
}
