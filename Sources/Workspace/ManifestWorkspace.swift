import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Planning
import Vocabulary
import YAMLSyntax

/// What decides how manifests are read and judged.
package struct Settings: Sendable {
  /// The schemas, built in and others.
  package var schemas: [SchemaSource] = SchemaSource.builtIn
  /// What is known of the host that the model plays.
  package var facts: HostFacts?
  /// The release that the model plays; what the facts say, or the newest that the schemas know.
  package var release: Release?
  /// Values of parameters.
  package var parameters: [String: String] = [:]
  /// What fails apart from errors.
  package var failOn: FailOn?
  /// The `.kvmconf.yaml` that these settings come from.
  package internal(set) var configuration: ConfigurationFile?

  package init() {}

  /// The schemas of one architecture alone.
  package func schemas(of architecture: Architecture) -> [SchemaSource] {
    schemas.filter { $0.path.hasPrefix("\(architecture.rawValue)/") }
  }

  /// Whether some schemas are not the built-in ones.
  package var hasOwnSchemas: Bool { schemas.contains { !$0.file.isBuiltIn } }

  package var playedRelease: Release { release ?? facts?.release ?? schemas.newestRelease }
}

/// A manifest, planned.
package struct PlannedManifest {
  package var plan: Plan
  /// The steps that stand in the plan only so that what follows them can be judged.
  package var incomplete: Set<Int>
  /// The line of the file that its document begins in.
  package var firstLine: Int
  /// The files that it extends.
  package var bases: [SourceFile] = []
  /// What it was read from, and as what; nil for a compiled plan.
  var source: (reader: ManifestReader, manifest: Manifest)?
}

/// A file with all of its manifests, and what is wrong with its text.
package struct LoadedFile {
  package var file: SourceFile
  package var manifests: [PlannedManifest] = []
  package var diagnostics: [Diagnostic] = []

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// The files that its manifests extend.
  package var bases: [FileIdentity] { manifests.flatMap(\.bases).compactMap(\.identity) }
}

/// Reads manifests, plans them, and runs them on the model. Belongs to one thread.
package final class ManifestWorkspace {
  package let settings: Settings
  private var catalogues: [Catalogue] = []
  /// What is known of the host, for those catalogues that a model was made of.
  private var facts: [String: [String: Value]] = [:]

  package init(_ settings: Settings) { self.settings = settings }

  package func catalogue(for architecture: Architecture) -> Catalogue {
    if let found = catalogues.first(where: { $0.architecture == architecture }) { return found }
    let catalogue = Catalogue(
      architecture: architecture, release: settings.playedRelease, sources: settings.schemas)
    catalogues.append(catalogue)
    return catalogue
  }

  /// The catalogues of all architectures that there are schemas for.
  package var allCatalogues: [Catalogue] { Architecture.allCases.map(catalogue).filter { $0.vm != nil } }

  /// What is wrong with the schemas that were read so far.
  package var schemaFaults: [Diagnostic] { catalogues.flatMap(\.faults.diagnostics) }

  package func load(_ file: SourceFile) -> LoadedFile {
    if file.isCompiledPlan { return LoadedFile(compiled: file, settings: settings.parameters) }
    let tree = SourceTree(parsing: file)
    var loaded = LoadedFile(file: file)
    let findings = Findings()
    for diagnostic in tree.diagnostics { findings.report(diagnostic) }
    if tree.documents.isEmpty, !findings.hasErrors {
      findings.error(
        "empty-document", "the file has no manifest",
        at: SourceRange(file: file, start: Position(line: 1, column: 1), end: Position(line: 1, column: 1)))
    }
    let bases = Bases(of: file, findings, read: readBase)
    for (i, document) in tree.documents.enumerated() {
      guard let (document, extended) = bases.layered(document) else { continue }
      guard let architecture = ManifestReader.architecture(of: document, findings) else { continue }
      let catalogue = catalogue(for: architecture)
      guard catalogue.vm != nil else {
        findings.error(
          "no-schemas", "there are no schemas for \(architecture.rawValue)", at: document[key: "arch"]?.range)
        continue
      }
      let name = i == 0 ? file.stem : "\(file.stem)#\(i + 1)"
      let reader = ManifestReader(
        document, catalogue: catalogue, defaultName: name, findings, readFile: readNamedFile)
      let manifest = reader.manifest(settings: settings.parameters)
      let result = Planner.plan(manifest, catalogue: catalogue)
      for diagnostic in result.diagnostics + result.plan.faultsOfDefaults { findings.report(diagnostic) }
      loaded.manifests.append(
        PlannedManifest(
          plan: result.plan, incomplete: result.incomplete, firstLine: document.range.start.line,
          bases: extended, source: (reader, manifest)))
    }
    loaded.diagnostics = findings.diagnostics.withoutEchoes(of: tree.diagnostics + bases.diagnostics).inDocumentOrder()
    return loaded
  }

  /// A model of the host that the settings describe.
  ///
  /// - Parameter absent: device types that the host shall not have, unless its facts list them.
  package func model(
    _ architecture: Architecture, course: ModelHost.Course, without absent: Set<String> = []
  ) throws(DiagnosticsError) -> ModelHost {
    let catalogue = catalogue(for: architecture)
    if facts[architecture.rawValue] == nil {
      facts[architecture.rawValue] = try settings.facts?.values(for: catalogue) ?? [:]
    }
    var values = facts[architecture.rawValue] ?? [:]
    if !absent.isEmpty, values["devices"] == nil {
      values["devices"] = .list(catalogue.deviceTypes.filter { !absent.contains($0) }.map(Value.string))
    }
    return ModelHost(catalogue, facts: values, course: course)
  }
}

extension [Diagnostic] {
  /// Without what was found on lines that are wrong as YAML already: one mistake gives one diagnostic.
  fileprivate func withoutEchoes(of faults: [Diagnostic]) -> [Diagnostic] {
    let lines = Set(faults.filter { $0.severity == .error }.compactMap { $0.range.map(Line.init) })
    return filter { diagnostic in
      faults.contains(diagnostic) || !(diagnostic.range.map { lines.contains(Line($0)) } ?? false)
    }
  }
}

/// One line of one file.
private struct Line: Hashable {
  var file: SourceFile
  var number: Int

  init(_ range: SourceRange) { (file, number) = (range.file, range.start.line) }
}

extension SourceFile {
  /// The name of the file without folder and ending.
  var stem: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    if path == "<stdin>" { return "stdin" }
    for ending in [".yaml", ".yml"] where name.hasSuffix(ending) && name.count > ending.count {
      return String(name.dropLast(ending.count))
    }
    return name
  }
}
