import Diagnostics
import TextOutput
import YAMLSyntax

/// Reads a manifest that another one extends.
///
/// - Parameters:
///   - path: the path, relative to the folder of the manifest that names it; a link may still lead elsewhere.
///   - manifest: the text that names it.
///   - root: the text that was read first; the files that it extends are in its folder or below.
package typealias ReadBase =
  (_ path: String, _ manifest: SourceFile, _ root: SourceFile) throws(FileFault) -> SourceFile

/// The manifests that the manifests of one file extend, each read once.
package final class Bases {
  /// A file whose manifest is being merged, with its place.
  private struct Place {
    var file: SourceFile
    /// The path of its folder, relative to the folder of the first file.
    var folder: [String]
  }

  /// An extended file, with its one document.
  private struct Base {
    var file: SourceFile
    var document: Node
    var nodeCount: Int
  }

  private struct Request: Hashable {
    var path: String
    var manifest: SourceFile
  }

  private let root: SourceFile
  private let findings: Findings
  private let read: ReadBase
  private var known: [FileIdentity: Base] = [:]
  /// The files that were read, by the text that names them.
  private var files: [Request: SourceFile] = [:]
  /// The number of nodes that may still be merged: a small file with many documents could extend a large one in each.
  private var budget = Limits.manifest.nodes
  /// The YAML errors in the bases.
  package private(set) var diagnostics: [Diagnostic] = []

  /// The maximum number of files that extend each other in a row.
  package static let mostLevels = 16

  package init(of root: SourceFile, _ findings: Findings, read: @escaping ReadBase) {
    self.root = root
    self.findings = findings
    self.read = read
  }

  /// A manifest merged over the manifests that it extends, and the files of those; nil after an error, which is
  /// reported.
  package func layered(_ document: Node) -> (document: Node, bases: [SourceFile])? {
    var files: [SourceFile] = []
    return layered(document, Place(file: root, folder: []), behind: [], &files).map { ($0, files) }
  }

  /// - Parameter chain: the places of `extends` that led here, in order.
  private func layered(
    _ document: Node, _ place: Place, behind chain: [SourceRange], _ files: inout [SourceFile]
  ) -> Node? {
    guard let extended = document[key: "extends"] else { return document }
    guard let (base, folder) = base(named: extended, at: place, chain: chain) else { return nil }
    files.append(base.file)
    let next = Place(file: base.file, folder: folder)
    guard let below = layered(base.document, next, behind: chain + [extended.range], &files) else { return nil }
    let own = document.without("extends")
    return Layering(findings).manifest(own, over: below)
  }

  // MARK: Files

  private func base(
    named node: Node, at place: Place, chain: [SourceRange]
  ) -> (base: Base, folder: [String])? {
    guard let path = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "'extends'", wanted: "the path of a manifest")
      return nil
    }
    guard chain.count < Self.mostLevels else {
      findings.error(
        "bad-base", "more than \(Self.mostLevels) files extend each other; this one is too many",
        at: node.range)
      return nil
    }
    guard let folder = folder(of: path, from: place.folder, at: node.range) else { return nil }
    let file: SourceFile
    do throws(FileFault) {
      let request = Request(path: path, manifest: place.file)
      file = if let read = files[request] { read } else { try read(path, place.file, root) }
      files[request] = file
    } catch {
      report(error, path, at: node.range)
      return nil
    }
    let files = chain.map(\.file) + [place.file]
    if let identity = file.identity, let first = files.firstIndex(where: { $0.identity == identity }) {
      findings.error(
        "circular-extends",
        first == chain.count ? "a file cannot extend itself" : "files extend each other in a circle",
        at: node.range, notes: chain[first...].map { Note("'\($0.text)' is extended here", at: $0) })
      return nil
    }
    guard let base = base(file, at: node.range) else { return nil }
    budget -= base.nodeCount
    if budget < 0 {
      findings.error(
        "too-large", "the extended files have more than \(Limits.manifest.nodes) nodes in total",
        at: node.range)
      return nil
    }
    return (base, folder)
  }

  /// The folder of a file that is named in another one; nil if the path leads out of the first file's folder, links
  /// apart.
  private func folder(of path: String, from folder: [String], at range: SourceRange) -> [String]? {
    if path.utf8.contains(0) {
      findings.error("bad-file", "this is not a valid file name", at: range)
      return nil
    }
    if path.hasPrefix("/") {
      findings.error("file-outside", "'\(path)' is an absolute path", at: range, notes: notes)
      return nil
    }
    var parts = folder
    for part in path.split(separator: "/").map(String.init) where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        findings.error(
          "file-outside", "'\(path)' is outside the folder of the first manifest", at: range,
          notes: notes)
        return nil
      }
    }
    return parts.dropLast()
  }

  private func base(_ file: SourceFile, at range: SourceRange) -> Base? {
    if let identity = file.identity, let base = known[identity] { return base }
    let tree = SourceTree(parsing: file)
    let faults = tree.diagnostics.map { $0.with(Note("the file is extended here", at: range)) }
    diagnostics += faults
    findings.report(faults)
    guard let document = tree.documents.first else {
      if faults.isEmpty { findings.error("bad-base", "\(file.path) has no manifest", at: range) }
      return nil
    }
    if tree.documents.count > 1 {
      findings.error(
        "bad-base", "\(file.path) has \(tree.documents.count) manifests; a file that is extended must have exactly one",
        at: range,
        notes: [Note("the second begins here", at: tree.documents[1].range.firstLine)])
      return nil
    }
    if document.entries == nil {
      findings.wrongKind(document, of: "a manifest", wanted: "a mapping")
      return nil
    }
    let base = Base(file: file, document: document, nodeCount: document.nodeCount)
    if let identity = file.identity { known[identity] = base }
    return base
  }

  private func report(_ fault: FileFault, _ path: String, at range: SourceRange) {
    switch fault {
    case .outside:
      findings.error(
        "file-outside", "'\(path)' leads out of the folder of the first manifest", at: range,
        notes: notes)
    case .tooLarge(let found):
      findings.error(
        "too-large", "'\(path)' has \(found) bytes; the limit is \(Limits.manifest.bytes)", at: range)
    case .unreadable(let reason):
      findings.error("bad-file", "cannot read '\(path)': \(reason)", at: range, notes: hints(path) + notes)
    }
  }

  private func hints(_ path: String) -> [Note] {
    path.contains("${") ? [Note("'extends' is read before parameters have values")] : []
  }

  /// Notes on valid paths.
  private var notes: [Note] {
    guard let folder = root.folder else { return [] }
    return [
      Note(
        "a path is relative to the folder of its file, and must stay in the folder of the first manifest, \(folder.asFolder)"
      )
    ]
  }
}

extension Diagnostic {
  fileprivate func with(_ note: Note) -> Diagnostic {
    var copy = self
    copy.notes.append(note)
    return copy
  }
}

extension String {
  /// The path of a folder for a message.
  var asFolder: String { self == "." ? "the current folder" : printable }
}

extension Node {
  /// The number of nodes here and below, including keys.
  fileprivate var nodeCount: Int {
    switch content {
    case .scalar: 1
    case .sequence(let items): items.reduce(1) { $0 + $1.nodeCount }
    case .mapping(let entries): entries.reduce(1) { $0 + 1 + $1.value.nodeCount }
    }
  }
}
