import Diagnostics
import Vocabulary

/// A host for which manifests are validated, as the options name it: a file of facts, a kernel release, or both.
package struct HostChoice: Hashable, Sendable {
  package var factFile: String?
  package var release: Release?

  package init(factFile: String? = nil, release: Release? = nil) {
    self.factFile = factFile
    self.release = release
  }

  /// The name in reports; `default` without options.
  package var name: String {
    let kernel = release.map { "Linux \($0)" }
    return [factFile, kernel].compactMap(\.self).joined(separator: " on ").orElse("default")
  }

  /// The hosts that options name: each file of facts with each release. They are sorted, each is named once, and there is
  /// at least one.
  ///
  /// - Parameter facts: files and folders. A folder adds every `.yaml`, `.yml` and `.json` file in it and below.
  /// - Throws: an error of the kind `unreadable` if a folder cannot be read or has no such file.
  package static func all(facts: [String], releases: [Release]) throws(DiagnosticsError) -> [HostChoice] {
    var files: [String?] = []
    for path in facts {
      guard isFolder(path) else {
        files.append(path.withoutEmptyParts)
        continue
      }
      let found = try Workspace.files(below: path).filter { path in
        [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
      }
      if found.isEmpty { throw .unreadable(path, "the folder has no files of facts, *.json, *.yaml or *.yml") }
      files += found.map(\.withoutEmptyParts)
    }
    if files.isEmpty { files = [nil] }
    let kernels: [Release?] = releases.isEmpty ? [nil] : Set(releases).sorted()
    let sorted = Set(files).sorted { ($0 ?? "").utf8.lexicographicallyPrecedes(($1 ?? "").utf8) }
    return sorted.flatMap { file in kernels.map { HostChoice(factFile: file, release: $0) } }
  }
}

/// A host whose facts have been read.
package struct LoadedHost: Sendable {
  fileprivate var release: Release?
  fileprivate var facts: HostFacts?
  /// The facts and the release as text. Hosts with equal texts have equal results.
  let content: String

  fileprivate init(_ release: Release?, _ facts: HostFacts?) {
    self.release = release
    self.facts = facts
    content = "\(release?.description ?? "")\n\(facts?.content ?? "")"
  }
}

/// The hosts that options name, with the facts of those that are needed.
package struct LoadedHosts: Sendable {
  /// All hosts, in order; nil for those that are not needed.
  package private(set) var hosts: [LoadedHost?] = []
  /// A checksum of the hosts' names, and of the texts of facts that were read.
  private(set) var hash = StableHash()

  /// Hosts that are all needed.
  package init(_ hosts: [(release: Release?, facts: HostFacts?)]) {
    self.hosts = hosts.map { LoadedHost($0.release, $0.facts) }
  }

  /// Reads each file of facts once.
  ///
  /// - Parameters:
  ///   - choices: the hosts, those with the same file of facts together.
  ///   - parts: the indices of the hosts that are needed.
  ///   - readsAll: whether to read the facts of the other hosts as well, for the checksum.
  /// - Throws: the errors in the facts of all hosts that are needed.
  package init(_ choices: [HostChoice], neededBy parts: [Range<Int>], readsAll: Bool) throws(DiagnosticsError) {
    var isNeeded = Array(repeating: false, count: choices.count)
    for i in Set(parts).flatMap(\.self) { isNeeded[i] = true }
    var failure: DiagnosticsError?
    var start = 0
    while start < choices.count {
      let path = choices[start].factFile
      let end = choices[start...].firstIndex { $0.factFile != path } ?? choices.count
      let isPathNeeded = isNeeded[start..<end].contains(true)
      var facts: HostFacts?
      do throws(DiagnosticsError) {
        if let path, isPathNeeded || readsAll {
          let file = try SourceFile(reading: path)
          hash.add(file.bytes)
          if isPathNeeded { facts = try HostFacts(file) }
        }
      } catch {
        // A file that is wrong is an error of the shard that needs it.
        if isPathNeeded {
          failure = DiagnosticsError(failure?.kind ?? error.kind, (failure?.diagnostics ?? []) + error.diagnostics)
        }
      }
      for i in start..<end {
        hash.add(choices[i].name.utf8)
        hosts.append(isNeeded[i] ? LoadedHost(choices[i].release, facts) : nil)
      }
      start = end
    }
    if let failure { throw failure }
  }
}

extension Settings {
  /// The settings with a host in place of the one that they describe.
  ///
  /// The host's release overrides the release in its facts, which overrides the release of the settings.
  package func on(_ host: LoadedHost) -> Settings {
    var settings = self
    if let facts = host.facts {
      settings.facts = facts
      settings.release = host.release ?? (facts.release == nil ? release : nil)
    } else if let release = host.release {
      settings.release = release
    }
    return settings
  }
}

extension SettingsRemarks {
  /// Adds a warning of each kind about releases that the schemas do not describe.
  ///
  /// - Parameters:
  ///   - settings: of each configuration, without a host of the options.
  ///   - isJudged: whether a manifest was validated for a host, by its index.
  /// - Returns: the remarks that were added.
  package mutating func addUndescribedReleases(
    of settings: [Settings], on hosts: LoadedHosts, where isJudged: (Int) -> Bool
  ) throws(DiagnosticsError) -> [Diagnostic] {
    var added: [Diagnostic] = []
    for settings in settings {
      for host in hosts.hosts.indices.filter(isJudged).compactMap({ hosts.hosts[$0] }) {
        guard let warning = settings.on(host).undescribedRelease, !added.contains(where: { $0.id == warning.id }) else {
          continue
        }
        added += try add([warning], on: settings)
      }
    }
    return added
  }
}

extension String {
  fileprivate func orElse(_ other: String) -> String { isEmpty ? other : self }

  /// A path without `.` and empty parts.
  package var withoutEmptyParts: String {
    let parts = split(separator: "/").filter { $0 != "." }
    return (hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
