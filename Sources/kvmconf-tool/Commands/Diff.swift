import ArgumentParser
import Diagnostics
import Reporting
import Workspace

/// `kvmconf diff`: shows the calls that changed between manifests.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show the calls that changed between two manifests.",
    usage: "kvmconf diff [--format text|json|markdown] [<option> ...] <old> <new>",
    discussion: """
      Differences in spelling and layout do not count. Compiled plans and folders are accepted too: in folders, files with \
      the same path are compared, and manifests within a file are matched by name.

        +  added      -  removed      ~  value changed      >  moved

      The exit status is 0 if all calls are the same, 1 if they differ, 65 if a manifest is invalid, and 66 if a file \
      cannot be read.
      """)

  @Argument(help: ArgumentHelp("The old manifest, plan or folder.", valueName: "old"), completion: .manifest)
  var old: String

  @Argument(help: ArgumentHelp("The new manifest, plan or folder.", valueName: "new"), completion: .manifest)
  var new: String

  @OptionGroup var options: SharedOptions

  @Option(
    help: "The format of the difference: text, json (one line per pair of manifests) or markdown.")
  var format: DiffFormat = .text

  enum DiffFormat: String, Word { case text, json, markdown }

  func run() throws {
    for path in [old, new] where path != "-" && realPath(path) == nil {
      throw DiagnosticsError.unreadable(path, "there is no such file or folder")
    }
    guard isFolder(old) == isFolder(new) else {
      throw ValidationError("compare a folder with a folder, or a file with a file")
    }
    let manifests = try options.manifestFiles()
    let comparisons = try readingData { () throws(DiagnosticsError) in
      try isFolder(old) ? compareFolders(manifests) : [compareFiles(manifests)]
    }
    for comparison in comparisons {
      switch format {
      case .text: Output.result(comparison.text(color: Output.hasColor(1)))
      case .markdown: Output.result(comparison.markdown)
      case .json: for document in comparison.json { Output.result(document.text() + "\n") }
      }
    }
    if !comparisons.allSatisfy(\.isSame) { throw Status.failure }
  }

  private func compareFiles(_ manifests: ManifestFiles) throws(DiagnosticsError) -> ManifestComparison {
    ManifestComparison(try load(old, manifests), try load(new, manifests))
  }

  private func load(_ path: String, _ manifests: ManifestFiles) throws(DiagnosticsError) -> LoadedFile {
    try path == "/dev/null" ? .nothing(path) : named(manifests.load(path))
  }

  /// A file whose plans have the keys of attributes for display.
  private func named(_ judged: ManifestFiles.Judged) -> LoadedFile {
    var file = judged.file
    for i in file.manifests.indices {
      let plan = file.manifests[i].plan
      file.manifests[i].plan = plan.namingKeys(in: judged.workspace.catalogue(for: plan.architecture))
    }
    return file
  }

  private func compareFolders(_ manifests: ManifestFiles) throws(DiagnosticsError) -> [ManifestComparison] {
    func files(_ folder: String) throws(DiagnosticsError) -> [String: LoadedFile] {
      let prefix = folder.hasSuffix("/") ? folder : folder + "/"
      let loaded = try manifests.loadAll([folder], mayBeEmpty: true).map(named)
      return Dictionary(uniqueKeysWithValues: loaded.map { (String($0.file.path.dropFirst(prefix.count)), $0) })
    }
    let (before, after) = (try files(old), try files(new))
    return Set(before.keys).union(after.keys).sorted().map { path in
      switch (before[path], after[path]) {
      case (let a?, let b?): ManifestComparison(a, b)
      case (let a, let b):
        ManifestComparison(onlyOld: a?.manifests.map(\.plan) ?? [], onlyNew: b?.manifests.map(\.plan) ?? [])
      }
    }
  }
}
