import Diagnostics
import Synchronization

/// A file, and the hosts for which one thread validates it.
package struct MatrixJob: Sendable {
  /// The index of the file.
  package var file: Int
  package var path: ManifestPath
  /// The settings of the file, without a host of the options.
  package var settings: Settings
  package var hosts: Range<Int>
  fileprivate let text: SharedText

  /// A job for a text that has been read.
  package init(file: Int, _ source: SourceFile, settings: Settings, hosts: Range<Int>) {
    self.init(file: file, path: ManifestPath(source.path), settings: settings, hosts: hosts, text: SharedText(source))
  }

  private init(file: Int, path: ManifestPath, settings: Settings, hosts: Range<Int>, text: SharedText) {
    self.file = file
    self.path = path
    self.settings = settings
    self.hosts = hosts
    self.text = text
  }

  /// The jobs for files and hosts.
  ///
  /// There is one job per file, so that no manifest is planned more often than its plan can differ. If there are fewer files than
  /// threads, the hosts of a file are spread.
  ///
  /// - Parameters:
  ///   - files: each with its settings, and with the hosts for which it is validated.
  ///   - threads: the number of threads.
  package static func jobs(
    _ files: [(path: ManifestPath, settings: Settings, hosts: Range<Int>)], stdinName: String?, threads: Int
  ) -> [MatrixJob] {
    let parts = files.isEmpty ? 1 : max(1, threads / files.count)
    var jobs: [MatrixJob] = []
    for (i, (path, settings, hosts)) in files.enumerated() {
      let count = min(parts, hosts.count)
      let text = SharedText(path, stdinName: stdinName, uses: count)
      for part in 0..<count {
        let range = hosts.lowerBound + hosts.count * part / count..<hosts.lowerBound + hosts.count * (part + 1) / count
        jobs.append(MatrixJob(file: i, path: path, settings: settings, hosts: range, text: text))
      }
    }
    return jobs
  }
}

/// A file that is read once, for the jobs that need it.
private final class SharedText: Sendable {
  private let path: ManifestPath
  let name: String
  private let stdinName: String?
  private let state: Mutex<State>

  private struct State {
    var content: Result<ParsedFile, DiagnosticsError>?
    var usesLeft: Int
  }

  init(_ path: ManifestPath, stdinName: String?, uses: Int) {
    self.path = path
    self.stdinName = stdinName
    name = path.name(stdin: stdinName)
    state = Mutex(State(usesLeft: uses))
  }

  /// A text that has been read, for one job.
  init(_ source: SourceFile) {
    path = ManifestPath(source.path)
    stdinName = nil
    name = source.path
    state = Mutex(State(content: .success(ParsedFile(source)), usesLeft: 1))
  }

  /// Called once by each job. The last one takes the content with it.
  func take() -> Result<ParsedFile, DiagnosticsError> {
    state.withLock { state in
      let content = state.content ?? read()
      state.usesLeft -= 1
      state.content = state.usesLeft > 0 ? content : nil
      return content
    }
  }

  private func read() -> Result<ParsedFile, DiagnosticsError> {
    do throws(DiagnosticsError) {
      return .success(ParsedFile(try SourceFile(reading: path, stdinName: stdinName)))
    } catch {
      return .failure(error)
    }
  }
}

/// Validates files for several hosts. Must be used from one thread only.
package final class MatrixWorkspaces {
  private let hosts: [LoadedHost?]
  private let releases: SharedReleases
  /// The workspaces of the hosts, by configuration; nil for hosts that were not needed so far.
  private var recent: [(configuration: String?, workspaces: [ManifestWorkspace?])] = []
  /// Files are read folder by folder, and a folder has few configurations around it.
  private static let most = 8

  /// - Parameters:
  ///   - hosts: all hosts, with the facts of those that a job needs.
  ///   - releases: is shared by all threads.
  package init(_ hosts: LoadedHosts, _ releases: SharedReleases) {
    self.hosts = hosts.hosts
    self.releases = releases
  }

  /// - Parameter isKnown: whether each of a host's diagnostics is in the baseline.
  package func validate(_ job: MatrixJob, isKnown: (([Diagnostic]) -> [Bool])?) -> MatrixFile {
    var result = MatrixFile(name: job.text.name, failOn: job.settings.failOn)
    let parsed: ParsedFile
    switch job.text.take() {
    case .success(let content): parsed = content
    case .failure(let error):
      result.add(error, job.hosts)
      return result
    }
    result.identity = parsed.file.identity
    result.bases = Set(parsed.documents.flatMap(\.bases).compactMap(\.identity))
    if job.path.isFound, parsed.file.isForeign {
      result.isForeign = true
      result.remarks = [parsed.file.foreignNote]
      return result
    }
    for group in groupsWithSamePlans(job) {
      var loaded: LoadedFile?
      var known: [String: Validation] = [:]
      for (host, workspace) in group {
        let content = hosts[host]?.content ?? ""
        if let validation = known[content] {
          result.add(validation, host, of: hosts.count)
          continue
        }
        let knownFaults = Set(workspace.schemaFaults)
        let file = loaded ?? workspace.load(parsed)
        loaded = file
        do throws(DiagnosticsError) {
          var validation = try workspace.validate(file, knownFaults: knownFaults, isOneOfSeveralHosts: true)
          if let isKnown { validation.removeDiagnostics(where: isKnown(validation.diagnostics)) }
          validation.forgetSteps()
          result.add(validation, host, of: hosts.count)
          if validation.schemaFaults.isEmpty {
            known[content] = validation
          } else {
            result.failures[host] = workspace.settings.kindOfSchemaFault
          }
        } catch {
          result.add(error, [host])
        }
      }
    }
    result.sortHosts()
    return result
  }

  /// The hosts of a job with their workspaces, those for which a manifest has the same plan together.
  private func groupsWithSamePlans(_ job: MatrixJob) -> [[(host: Int, workspace: ManifestWorkspace)]] {
    let entry = entry(for: job.settings)
    let all = job.hosts.map { (host: $0, workspace: workspace(for: job.settings, $0, entry)) }
    if Set(all.map(\.workspace.settings.playedRelease)).count < 2 { return [all] }
    let releases = releases.releases(of: job.settings)
    var groups: [[(host: Int, workspace: ManifestWorkspace)]] = []
    var numbers: [MentionedReleases.Place: Int] = [:]
    for (host, workspace) in all {
      let place = releases.place(of: workspace.settings.playedRelease)
      if let number = numbers[place] {
        groups[number].append((host, workspace))
      } else {
        numbers[place] = groups.count
        groups.append([(host, workspace)])
      }
    }
    return groups
  }

  /// The index of the workspaces for files with these settings.
  private func entry(for settings: Settings) -> Int {
    let configuration = settings.configuration?.file.path
    if let found = recent.firstIndex(where: { $0.configuration == configuration }) { return found }
    if recent.count == Self.most { recent.removeFirst() }
    recent.append((configuration, Array(repeating: nil, count: hosts.count)))
    return recent.count - 1
  }

  private func workspace(for settings: Settings, _ host: Int, _ entry: Int) -> ManifestWorkspace {
    if let found = recent[entry].workspaces[host] { return found }
    guard let loaded = hosts[host] else { preconditionFailure("a job needs a host that was not read") }
    var settings = settings.on(loaded)
    settings.namesRelease = hosts.count == 1
    let related = recent[entry].workspaces.lazy.compactMap(\.self).first {
      $0.settings.playedRelease == settings.playedRelease
    }
    let workspace =
      related.map { ManifestWorkspace(settings, sharingSchemasOf: $0) } ?? ManifestWorkspace(settings)
    recent[entry].workspaces[host] = workspace
    return workspace
  }
}
