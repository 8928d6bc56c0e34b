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

  package init(_ choice: HostChoice) throws(DiagnosticsError) {
    release = choice.release
    facts = try choice.factFile.map { path throws(DiagnosticsError) in try HostFacts(SourceFile(reading: path)) }
    content = "\(release?.description ?? "")\n\(facts?.content ?? "")"
  }
}

extension Settings {
  /// The settings with a host in place of the one that the configuration names.
  ///
  /// An option's release overrides the release in an option's facts, which overrides the configuration's `kernel`.
  package func on(_ host: LoadedHost) -> Settings {
    var settings = self
    if let facts = host.facts {
      settings.facts = facts
      settings.release = host.release ?? (facts.release == nil ? configuration?.kernel : nil)
    } else if let release = host.release {
      settings.release = release
    }
    return settings
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
