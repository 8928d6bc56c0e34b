import Diagnostics
import Reporting
import Vocabulary
import Workspace

/// One of several hosts for which manifests are validated.
public struct FleetHost: Sendable {
  /// The name of the host in results.
  public let name: String

  let release: Release?
  let facts: HostFacts?

  /// Describes a host.
  ///
  /// - Parameters:
  ///   - name: its name in results, which differs from those of the other hosts.
  ///   - facts: its facts, in the format of a `--host-facts` file, such as the JSON output of `kvmconf probe`. If nil,
  ///     those of the options apply.
  ///   - kernel: its kernel release, such as `6.12.3-amd64`. It overrides the release in the facts. If neither has one,
  ///     that of the options applies.
  /// - Throws: ``ManifestError`` of the kind `invalid` if the facts are not a mapping, or if the release is not one. The
  ///   names and types of facts are checked during a validation.
  public init(name: String, facts: String? = nil, kernel: String? = nil) throws {
    self.name = name
    self.facts = try facts.map { try HostFacts(reading: $0, name: name) }
    release = try kernel.map { try Release(reading: $0) }
  }
}

/// The validation of manifests for several hosts: a result for each manifest and host, and each problem once.
///
/// ```swift
/// let fleet = [
///   try FleetHost(name: "old", kernel: "5.10"), try FleetHost(name: "lab", facts: "kernel: 6.12\ndevices: [vfio]"),
/// ]
/// let validation = try FleetValidation(of: [ManifestSource(path: "vm.yaml")], on: fleet)
/// for manifest in validation.files[0].manifests { print(manifest.name, manifest.results["old"]) }
/// ```
public struct FleetValidation: Sendable {
  /// The sources, in their order.
  public let files: [File]
  /// Whether all results are good. ``ManifestOptions/failOn`` or the `.kvmconf.yaml` decides what counts besides errors.
  public let isValid: Bool

  private let result: MatrixReport

  /// The results of one source.
  public struct File: Sendable {
    /// The path or the name of the source.
    public let name: String
    /// Its manifests. If none could be read, there is one with the name of the file.
    public let manifests: [Manifest]
    /// Its problems, in the order of the text, each once.
    public let problems: [HostProblem]
  }

  /// The results of one manifest.
  public struct Manifest: Sendable {
    /// The manifest's name.
    public let name: String
    /// The line in which it begins, from 1.
    public let line: Int
    /// The result for each host, by the host's name.
    public let results: [String: HostResult]
  }

  /// The result of a manifest for a host.
  public enum HostResult: Hashable, Sendable {
    /// The manifest was validated, with these numbers of errors, of warnings and of steps that the model cannot decide.
    case judged(errors: Int, warnings: Int, undecided: Int)
    /// The host has another architecture than the manifest.
    case notApplicable
    /// The manifest was not validated, because the facts of the host or a schema are wrong. The problems say why.
    case failed(ManifestError.Kind)
  }

  /// A problem, and the hosts that have it.
  public struct HostProblem: Hashable, Sendable {
    /// What is wrong. Messages about releases do not name the release that is validated for.
    public let problem: Problem
    /// The index of the manifest in its file; nil if the problem concerns all manifests of the file, such as an error in
    /// the facts of a host.
    public let manifest: Int?
    /// The names of the hosts; empty if no host has the architecture of the manifest.
    public let hosts: [String]
  }

  /// Validates manifests for several hosts, as `kvmconf validate` does with several `--host-facts` and `--kernel`.
  ///
  /// A manifest is planned once for all hosts between whose releases the schemas mention no change, and judged once for
  /// all hosts with the same facts and the same release.
  ///
  /// - Parameters:
  ///   - sources: the manifests. A source that another one extends is validated as well.
  ///   - hosts: at least one host. Their names must differ.
  ///   - options: the options. The facts and the release of a host override theirs.
  /// - Throws: ``ManifestError`` if there is no host, if two have the same name, or if an option or a `.kvmconf.yaml` is
  ///   wrong. Errors in the texts, in the facts and in schemas are in the result.
  public init(
    of sources: [ManifestSource], on hosts: [FleetHost], _ options: ManifestOptions = ManifestOptions()
  ) throws {
    let names = hosts.map(\.name)
    if names.isEmpty || Set(names).count < names.count {
      let message = names.isEmpty ? "there are no hosts" : "two hosts have the same name"
      throw ManifestError(.invalid(.error("bad-configuration", message, at: nil)))
    }
    result = try rethrowing { () throws(DiagnosticsError) in
      var matrix = HostMatrix(hosts: names, hasNamedHosts: true)
      let workspaces = MatrixWorkspaces(
        LoadedHosts(hosts.map { ($0.release, $0.facts) }), SharedReleases())
      for source in sources {
        let job = MatrixJob(
          file: matrix.files.count, source.file, settings: try source.settings(options, isForHosts: true),
          hosts: hosts.indices)
        matrix.files.append(workspaces.validate(job, isKnown: nil))
      }
      return MatrixReport(matrix)
    }
    files = result.files.map { File($0, names) }
    isValid = result.failure == nil
  }

  /// The formats of `kvmconf validate --format` for several hosts.
  public enum Format: String, Hashable, Sendable { case text, markdown, json, sarif, junit, github, gcc }

  /// The text that `kvmconf validate --format` writes to standard output for these files and hosts.
  public func report(as format: Format) -> String {
    let format: ReportFormat =
      switch format {
      case .text: .text
      case .markdown: .markdown
      case .json: .json
      case .sarif: .sarif
      case .junit: .junit
      case .github: .github
      case .gcc: .gcc
      }
    return result.text(as: format)
  }
}

extension FleetValidation.File {
  fileprivate init(_ file: MatrixReport.File, _ hosts: [String]) {
    name = file.name
    manifests = file.manifests.map { manifest in
      FleetValidation.Manifest(
        name: manifest.name, line: manifest.line,
        results: Dictionary(uniqueKeysWithValues: zip(hosts, manifest.results.map(FleetValidation.HostResult.init))))
    }
    problems = file.findings.map { finding in
      FleetValidation.HostProblem(
        problem: Problem(finding.diagnostic), manifest: finding.manifest, hosts: finding.hosts.map { hosts[$0] })
    }
  }
}

extension FleetValidation.HostResult {
  fileprivate init(_ result: MatrixFile.Result) {
    switch result {
    case .judged(let errors, let warnings, let undecided):
      self = .judged(errors: errors, warnings: warnings, undecided: undecided)
    case .failed(let kind): self = .failed(ManifestError.Kind(kind))
    case .notApplicable, .elsewhere: self = .notApplicable
    }
  }
}
