import Diagnostics
import TextOutput
import YAMLSyntax

/// Reads a manifest that another one extends.
///
/// - Parameters:
///   - path: relative to the folder of the manifest that names it; a link may still lead elsewhere.
///   - manifest: the text that names it.
///   - root: the text that was read first; what it extends is in its folder, or below.
package typealias ReadBase =
  (_ path: String, _ manifest: SourceFile, _ root: SourceFile) throws(FileFault) -> SourceFile

/// The manifests that those of one file extend, each read once.
package final class Bases {
  /// A file that is being laid out, with where it is.
  private struct Place {
    var file: SourceFile
    /// Its folder, from that of the first file on.
    var folder: [String]
  }

  /// A file that is extended, with its one document.
  private struct Base {
    var file: SourceFile
    var document: Node
    var nodeCount: Int
  }

  private let root: SourceFile
  private let findings: Findings
  private let read: ReadBase
  private var known: [FileIdentity: Base] = [:]
  /// How many more nodes are laid under manifests: a small file of many documents could extend a large one in each.
  private var budget = Limits.manifest.nodes
  /// What is wrong with the bases as YAML.
  package private(set) var diagnostics: [Diagnostic] = []

  /// How many files can extend each other in a row.
  private static let mostLevels = 16

  package init(of root: SourceFile, _ findings: Findings, read: @escaping ReadBase) {
    self.root = root
    self.findings = findings
    self.read = read
  }

  /// A manifest laid over what it extends, and the files of that; nil where one cannot be read, which was reported.
  package func layered(_ document: Node) -> (document: Node, bases: [SourceFile])? {
    var files: [SourceFile] = []
    return layered(document, Place(file: root, folder: []), behind: [], &files).map { ($0, files) }
  }

  /// - Parameter chain: the places that led here, the first one first.
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
        "bad-base", "more than \(Self.mostLevels) files extend each other, and this is the first too many",
        at: node.range)
      return nil
    }
    guard let folder = folder(of: path, from: place.folder, at: node.range) else { return nil }
    let file: SourceFile
    do throws(FileFault) {
      file = try read(path, place.file, root)
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
        "too-large", "the files that manifests extend have more than \(Limits.manifest.nodes) nodes together",
        at: node.range)
      return nil
    }
    return (base, folder)
  }

  /// The folder of a file that is named from another one; nil where it is outside of the first file's, by the words.
  private func folder(of path: String, from folder: [String], at range: SourceRange) -> [String]? {
    if path.utf8.contains(0) {
      findings.error("bad-file", "no file has such a name", at: range)
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
          "file-outside", "'\(path)' is outside of the folder of the manifest that was read first", at: range,
          notes: notes)
        return nil
      }
    }
    return parts.dropLast()
  }

  private func base(_ file: SourceFile, at range: SourceRange) -> Base? {
    if let identity = file.identity, let base = known[identity] { return base }
    let tree = SourceTree(parsing: file)
    diagnostics += tree.diagnostics
    for diagnostic in tree.diagnostics { findings.report(diagnostic) }
    guard let document = tree.documents.first else {
      if tree.diagnostics.isEmpty { findings.error("bad-base", "\(file.path) has no manifest", at: range) }
      return nil
    }
    if tree.documents.count > 1 {
      findings.error(
        "bad-base", "\(file.path) has \(tree.documents.count) manifests, and what others extend has one", at: range,
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
        "file-outside", "'\(path)' leads out of the folder of the manifest that was read first", at: range,
        notes: notes)
    case .tooLarge(let found):
      findings.error(
        "too-large", "'\(path)' has \(found) bytes; a file has at most \(Limits.manifest.bytes)", at: range)
    case .unreadable(let reason):
      findings.error("bad-file", "cannot read '\(path)': \(reason)", at: range, notes: hints(path) + notes)
    }
  }

  private func hints(_ path: String) -> [Note] {
    path.contains("${") ? [Note("'extends' is read before parameters have values")] : []
  }

  /// What would be right.
  private var notes: [Note] {
    guard let folder = root.folder else { return [] }
    return [
      Note(
        "a path begins in the folder of the file that it is written in, and stays in that of the manifest that was read "
          + "first: \(folder.printable)")
    ]
  }
}

extension Node {
  /// This node and all below it, with keys.
  fileprivate var nodeCount: Int {
    switch content {
    case .scalar: 1
    case .sequence(let items): items.reduce(1) { $0 + $1.nodeCount }
    case .mapping(let entries): entries.reduce(1) { $0 + 1 + $1.value.nodeCount }
    }
  }
}
