import Diagnostics

/// What a report shows of a matrix, computed once for all formats.
package struct MatrixReport: Sendable {
  package let matrix: HostMatrix
  package let files: [File]
  /// The findings of all files, in order.
  package let findings: [Finding]
  /// The errors in schemas, each once, sorted by place.
  package let schemaFaults: [Diagnostic]
  /// The kind of the worst failure; nil if all results are good.
  package let failure: DiagnosticsError.Kind?

  /// The indices of the hosts for which a manifest was validated.
  package var judgedHosts: Set<Int> { Set(files.lazy.flatMap(\.manifests).flatMap(\.judgedHosts)) }

  /// A file with its findings.
  package struct File: Sendable {
    package var name: String
    package var failOn: FailOn?
    /// The manifests with their results. Comments that turn nothing off count as warnings.
    package var manifests: [MatrixFile.Manifest]
    /// The findings: those about manifests that no host can run only if that is so, and comments that turn nothing off
    /// only if they do so on every host. They are in the order of the text; at one place, in that of the hosts.
    package var findings: [MatrixFile.Finding]
  }

  /// A diagnostic with its hosts. One that several files or manifests share, such as an error in a file of facts, is
  /// there once.
  package struct Finding: Sendable {
    package var diagnostic: Diagnostic
    /// The indices of the hosts, ascending; empty if the problem is not about hosts.
    package var hosts: [Int]
    /// The indices of the hosts for which its manifests were validated, ascending.
    package var judged: [Int]
  }

  package init(_ matrix: HostMatrix) {
    self.matrix = matrix
    files = matrix.files.map { File($0, hosts: matrix.hosts.count) }
    findings = files.findings
    schemaFaults = Set(matrix.files.flatMap(\.schemaFaults)).sortedByPlace
    failure = files.compactMap(\.failure).max { $0.rank < $1.rank }
  }
}

extension MatrixReport.File {
  fileprivate init(_ file: MatrixFile, hosts: Int) {
    name = file.name
    failOn = file.failOn
    manifests = file.rows(hosts: hosts)
    findings = []
    let judged = manifests.map(\.judgedHosts)
    let isWhole = manifests.map { !$0.results.contains(.elsewhere) }
    let shown = file.findings.filter { finding in
      guard let i = finding.manifest else { return true }
      if finding.hosts.isEmpty { return judged[i].isEmpty && (isWhole[i] || finding.diagnostic.severity == .error) }
      return !finding.diagnostic.isUnusedComment || isWhole[i] && finding.hosts == judged[i]
    }
    findings = shown.inDocumentOrder
    for finding in findings where finding.diagnostic.isUnusedComment && finding.diagnostic.severity == .warning {
      guard let i = finding.manifest else { continue }
      for host in finding.hosts { manifests[i].results[host].addWarning() }
    }
  }

  /// The indices of the hosts for which a manifest was validated; for nil, those for which one of them was.
  fileprivate func judgedHosts(_ manifest: Int?) -> [Int] {
    guard let manifest else { return Set(manifests.flatMap(\.judgedHosts)).sorted() }
    return manifests[manifest].judgedHosts
  }

  /// The kind of the worst failure; nil if all results are good.
  fileprivate var failure: DiagnosticsError.Kind? {
    let worst = manifests.lazy.flatMap(\.results).compactMap { $0.failure(failOn) }.max { $0.rank < $1.rank }
    if worst != nil { return worst }
    return findings.contains { $0.hosts.isEmpty && failOn.fails($0.diagnostic, undecided: 0) } ? .invalid : nil
  }
}

extension [MatrixReport.File] {
  fileprivate var findings: [MatrixReport.Finding] {
    var places: [Diagnostic: Int] = [:]
    var all: [MatrixReport.Finding] = []
    for file in self {
      for finding in file.findings {
        let judged = file.judgedHosts(finding.manifest)
        if let place = places[finding.diagnostic] {
          all[place].hosts.merge(finding.hosts)
          all[place].judged.merge(judged)
        } else {
          places[finding.diagnostic] = all.count
          all.append(.init(diagnostic: finding.diagnostic, hosts: finding.hosts, judged: judged))
        }
      }
    }
    return all
  }
}

extension MatrixFile.Manifest {
  fileprivate var judgedHosts: [Int] { results.indices.filter { results[$0].isJudged } }
}

extension [MatrixFile.Finding] {
  /// The findings in the order of the text; at one place, in that of their first hosts.
  fileprivate var inDocumentOrder: [MatrixFile.Finding] {
    if count < 2 { return self }
    let byHost = enumerated().sorted {
      ($0.element.hosts.first ?? 0, $0.offset) < ($1.element.hosts.first ?? 0, $1.offset)
    }
    var places: [Diagnostic: [MatrixFile.Finding]] = [:]
    for (_, finding) in byHost.reversed() { places[finding.diagnostic, default: []].append(finding) }
    return byHost.map(\.element.diagnostic).inDocumentOrder().compactMap { places[$0]?.popLast() }
  }
}

extension [Int] {
  /// Adds the numbers of another list; both are ascending.
  fileprivate mutating func merge(_ other: [Int]) {
    if self != other { self = Set(self).union(other).sorted() }
  }
}
