import DevicePlan
import Diagnostics

/// The validation of manifests for several hosts.
package struct HostMatrix: Sendable {
  /// The names of the hosts, in order.
  package var hosts: [String]
  /// Whether options name the hosts. If not, there is one, with default facts and the default release.
  package var hasNamedHosts: Bool
  package var files: [MatrixFile]
  /// The shard of a larger matrix that this one is; nil if it is whole.
  package var shard: Shard?
  /// The checksum of what the shards share; empty if the matrix is whole.
  package var work: String

  package init(
    hosts: [String], hasNamedHosts: Bool, files: [MatrixFile] = [], shard: Shard? = nil, work: String = ""
  ) {
    self.hosts = hosts
    self.hasNamedHosts = hasNamedHosts
    self.files = files
    self.shard = shard
    self.work = work
  }

  /// The matrix that several shards make up.
  ///
  /// - Parameter shards: all shards of a matrix, in order.
  package init(joining shards: [HostMatrix]) {
    self.init(hosts: shards.first?.hosts ?? [], hasNamedHosts: shards.first?.hasNamedHosts ?? false)
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
    var manifest: Int?
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
    /// The index of the manifest; nil for an error that prevents the validation of the whole file for the hosts.
    package var manifest: Int?
    /// The indices of the hosts, ascending. It is empty if the manifest is for none of the architectures of the hosts.
    package var hosts: [Int]

    package init(_ diagnostic: Diagnostic, manifest: Int?, hosts: [Int]) {
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
    for diagnostic in error.diagnostics { add(Finding(diagnostic, manifest: nil, hosts: Array(hosts))) }
  }

  /// Adds the validation for a host.
  ///
  /// - Parameter count: the number of hosts.
  mutating func add(_ validation: Validation, _ host: Int, of count: Int) {
    if manifests.isEmpty {
      let none = Array(repeating: Result.elsewhere, count: count)
      for (name, line) in zip(validation.names, validation.firstLines) {
        manifests.append(Manifest(name: name, line: line, results: none))
      }
      // The text has errors, and no manifest could be read.
      if manifests.isEmpty { manifests.append(Manifest(name: name, line: 1, results: none)) }
    }
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
  var isUnusedComment: Bool { id == "unused-ignore" }

  fileprivate static func noHost(_ report: Report, line: Int, in file: SourceFile) -> Diagnostic {
    let start = Position(line: line, column: 1)
    return .warning(
      "no-host", "no host has the architecture \(report.architecture.rawValue), so this manifest was only read",
      at: SourceRange(file: file, start: start, end: start))
  }
}

extension MatrixFile.Result {
  package var isJudged: Bool {
    switch self {
    case .judged, .failed: true
    case .elsewhere, .notApplicable: false
    }
  }

  mutating func addWarning() {
    guard case .judged(let errors, let warnings, let undecided) = self else { return }
    self = .judged(errors: errors, warnings: warnings + 1, undecided: undecided)
  }

  /// The kind of failure; nil if the result is good.
  package func failure(_ failOn: FailOn?) -> DiagnosticsError.Kind? {
    switch self {
    case .elsewhere, .notApplicable: return nil
    case .failed(let kind): return kind
    case .judged(let errors, let warnings, let undecided):
      return failOn.fails(errors: errors, undecided: undecided, warnings: warnings) ? .invalid : nil
    }
  }
}

extension DiagnosticsError.Kind {
  /// The order of exit statuses.
  var rank: Int {
    switch self {
    case .invalid: 0
    case .unreadable: 1
    case .unavailable: 2
    case .software: 3
    case .unwritable: 4
    }
  }
}
