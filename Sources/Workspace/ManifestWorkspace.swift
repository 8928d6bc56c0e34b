import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Planning
import Vocabulary
import YAMLSyntax

/// The settings that decide how manifests are read and checked.
package struct Settings: Sendable {
  /// The built-in schemas and those that were added.
  package var schemas: [SchemaSource] = SchemaSource.builtIn
  /// The facts about the host that the model simulates; nil if there are none.
  package var facts: HostFacts?
  /// The kernel release that the model simulates; if nil, that of the facts, else the newest that the schemas describe.
  package var release: Release?
  /// The values of parameters, by name, as the user wrote them.
  package var parameters: [String: String] = [:]
  /// The findings besides errors that make a validation fail.
  package var failOn: FailOn?
  /// The `.kvmconf.yaml` that applies; nil if there is none.
  package internal(set) var configuration: ConfigurationFile?
  /// Whether messages about releases name the release. With several hosts, one message is about several releases.
  var namesRelease = true

  package init() {}

  /// The schemas of one architecture, without the common ones.
  package func schemas(of architecture: Architecture) -> [SchemaSource] {
    schemas.filter { $0.path.hasPrefix("\(architecture.rawValue)/") }
  }

  /// Whether a schema has been added or replaced.
  package var hasOwnSchemas: Bool { schemas.contains { !$0.file.isBuiltIn } }

  /// The kind of an error in a schema: with only the built-in schemas, it is a bug in kvmconf.
  package var kindOfSchemaFault: DiagnosticsError.Kind { hasOwnSchemas ? .invalid : .software }

  package var playedRelease: Release { release ?? facts?.release ?? schemas.assumedRelease }
}

/// A manifest and its plan.
package struct PlannedManifest {
  package var plan: Plan
  /// The indices of the steps with errors in the manifest. They are in the plan only so that later steps can be
  /// checked.
  package var incomplete: Set<Int>
  /// The index of the first step whose answer may depend on an error in the text; nil if the text has no errors.
  package var firstUncertain: Int?
  /// Whether a part of its text led to no step, because of an error.
  package var lacksSteps = false
  /// Whether each error in its text is in that of an incomplete step, so that nothing is missing in the plan.
  package var isWhole = true
  /// The line in which the manifest's document begins, from 1.
  package var firstLine: Int
  /// The files that the manifest extends.
  package var bases: [SourceFile] = []
  /// The reader and the manifest that it read; nil for a compiled plan.
  var source: (reader: ManifestReader, manifest: Manifest)?
}

/// A file with its manifests and the diagnostics of its text.
package struct LoadedFile {
  package var file: SourceFile
  package var manifests: [PlannedManifest] = []
  package var diagnostics: [Diagnostic] = []

  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// The identities of the files that its manifests extend.
  package var bases: [FileIdentity] { manifests.flatMap(\.bases).compactMap(\.identity) }
}

/// The documents of a file, merged with the manifests that they extend. They are the same for every release and host.
struct ParsedFile {
  let file: SourceFile
  /// Each document with its position in the file.
  private(set) var documents: [(index: Int, node: Node, bases: [SourceFile])] = []
  private(set) var diagnostics: [Diagnostic] = []
  /// The YAML errors in the file and in the files that it extends.
  private(set) var syntaxFaults: [Diagnostic] = []

  init(_ file: SourceFile) {
    self.file = file
    if file.isCompiledPlan { return }
    let tree = SourceTree(parsing: file)
    let findings = Findings()
    findings.report(tree.diagnostics)
    if tree.documents.isEmpty, !findings.hasErrors {
      findings.error(
        "empty-document", "the file has no manifest",
        at: SourceRange(file: file, start: Position(line: 1, column: 1), end: Position(line: 1, column: 1)))
    }
    let bases = Bases(of: file, findings, read: readBase)
    for (i, document) in tree.documents.enumerated() {
      if let (node, extended) = bases.layered(document) { documents.append((i, node, extended)) }
    }
    diagnostics = findings.diagnostics
    syntaxFaults = tree.diagnostics + bases.diagnostics
  }
}

/// The names of the parameters that the manifests of a file declare; empty if it cannot be read.
package func parameterNames(inFile path: String) -> [String] {
  guard let file = try? SourceFile(reading: path, isNamedByUser: false) else { return [] }
  return ParsedFile(file).documents.flatMap { $0.node[key: "parameters"]?.entries ?? [] }.map(\.key.value)
}

/// Reads manifests, plans them, and runs them on the model. Must be used from one thread only.
package final class ManifestWorkspace {
  /// The schemas of one release, as far as they have been read. Workspaces of hosts with this release share them.
  private final class SchemasInUse {
    var catalogues: [Catalogue] = []
    var compiled: [CompiledSchemas] = []
    var planning: [PlanningKnowledge] = []
  }

  package let settings: Settings
  private let inUse: SchemasInUse
  /// The values of the host's facts, by architecture, for the models made so far.
  private var facts: [String: [String: Value]] = [:]

  package init(_ settings: Settings) {
    self.settings = settings
    inUse = SchemasInUse()
  }

  /// A workspace for another host. It shares the schemas that have been read, and can run the plans of the other one.
  ///
  /// - Parameter settings: settings with the same schemas and the same release.
  init(_ settings: Settings, sharingSchemasOf other: ManifestWorkspace) {
    precondition(settings.playedRelease == other.settings.playedRelease)
    self.settings = settings
    inUse = other.inUse
  }

  package func catalogue(for architecture: Architecture) -> Catalogue {
    if let found = inUse.catalogues.first(where: { $0.architecture == architecture }) { return found }
    let catalogue = Catalogue(
      architecture: architecture, release: settings.playedRelease, sources: settings.schemas,
      namesRelease: settings.namesRelease)
    inUse.catalogues.append(catalogue)
    return catalogue
  }

  /// The catalogues of all architectures that have schemas.
  package var allCatalogues: [Catalogue] { Architecture.allCases.map(catalogue).filter { $0.vm != nil } }

  /// The errors in the schemas that have been read so far.
  package var schemaFaults: [Diagnostic] { inUse.catalogues.flatMap(\.faults.diagnostics) }

  package func load(_ file: SourceFile) -> LoadedFile { load(ParsedFile(file)) }

  func load(_ parsed: ParsedFile) -> LoadedFile {
    var loaded = LoadedFile(file: parsed.file)
    loaded.diagnostics = read(parsed) { loaded.manifests.append($0) }
    return loaded
  }

  /// Reads and plans the manifests of a file, one after the other.
  ///
  /// - Parameter each: called with each manifest, also if there are errors.
  /// - Returns: the diagnostics of the text, in its order.
  func read(_ file: SourceFile, each: (PlannedManifest) -> Void) -> [Diagnostic] { read(ParsedFile(file), each: each) }

  private func read(_ parsed: ParsedFile, each: (PlannedManifest) -> Void) -> [Diagnostic] {
    let file = parsed.file
    if file.isCompiledPlan {
      let loaded = LoadedFile(compiled: file, settings: settings.parameters)
      loaded.manifests.forEach(each)
      return loaded.diagnostics
    }
    let findings = Findings()
    findings.report(parsed.diagnostics)
    for (place, (i, document, extended)) in parsed.documents.enumerated() {
      let errors = parsed.diagnostics.isEmpty ? findings.errorCount : 0
      let first = parsed.diagnostics.isEmpty ? findings.diagnostics.count : 0
      guard let architecture = ManifestReader.architecture(of: document, isFirst: i == 0, findings) else { continue }
      let catalogue = catalogue(for: architecture)
      guard catalogue.vm != nil else {
        findings.error(
          "no-schemas", "there are no schemas for \(architecture.rawValue)", at: document[key: "arch"]?.range)
        continue
      }
      let reader = ManifestReader(
        document, catalogue: catalogue, defaultName: i == 0 ? file.stem : "\(file.stem)#\(i + 1)", findings,
        readFile: readNamedFile)
      let manifest = reader.manifest(settings: settings.parameters)
      let result = Planner.plan(manifest, planningKnowledge(of: catalogue))
      findings.report(result.diagnostics + result.plan.faultsOfDefaults)
      if !parsed.diagnostics.contains(where: { $0.severity == .error }) {
        // After an error, not every value has been read.
        findings.report(result.plan.unusedFiles { findings.hasErrors && reader.mayUse($0) })
      }
      // What follows a '---' that is one too many belongs to this manifest, which cannot be judged without it.
      if let next = parsed.documents.dropFirst(place + 1).first, next.node.entries == nil { continue }
      let count = findings.errorCount - errors
      // An error in the text of a step changes nothing before that step.
      let firstUncertain = count == manifest.errorsInSteps ? result.firstAfterError : 0
      each(
        PlannedManifest(
          plan: result.plan, incomplete: result.incomplete, firstUncertain: count > 0 ? firstUncertain : nil,
          lacksSteps: count > 0 && reader.lacksSteps,
          isWhole: result.explains(findings.diagnostics[first...]),
          firstLine: document.range.start.line,
          bases: extended, source: (reader, manifest)))
    }
    return findings.diagnostics.withoutEchoes(of: parsed.syntaxFaults).inDocumentOrder()
  }

  /// A model of the host that the settings describe.
  ///
  /// - Parameter absent: device types that the host does not support; ignored if its facts list the supported ones.
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
    return ModelHost(compiledSchemas(of: catalogue), facts: values, course: course)
  }

  func planningKnowledge(of catalogue: Catalogue) -> PlanningKnowledge {
    if let found = inUse.planning.first(where: { $0.catalogue === catalogue }) { return found }
    let knowledge = PlanningKnowledge(catalogue)
    inUse.planning.append(knowledge)
    return knowledge
  }

  /// The schemas of a catalogue in the form that models run, shared by all models of the workspace.
  package func compiledSchemas(of catalogue: Catalogue) -> CompiledSchemas {
    if let found = inUse.compiled.first(where: { $0.catalogue === catalogue }) { return found }
    let schemas = CompiledSchemas(catalogue)
    inUse.compiled.append(schemas)
    return schemas
  }
}

extension [Diagnostic] {
  /// The diagnostics without those on a line that already has one of these errors, so that one mistake is reported
  /// once.
  fileprivate func withoutEchoes(of faults: [Diagnostic]) -> [Diagnostic] {
    if faults.isEmpty { return self }
    let lines = Set(faults.filter { $0.severity == .error }.compactMap { $0.range.map(Line.init) })
    let faults = Set(faults)
    return filter { diagnostic in
      faults.contains(diagnostic) || !(diagnostic.range.map { lines.contains(Line($0)) } ?? false)
    }
  }
}

extension PlanningResult {
  /// Whether each error among some diagnostics is in the text of an incomplete step.
  fileprivate func explains(_ diagnostics: ArraySlice<Diagnostic>) -> Bool {
    let errors = diagnostics.lazy.filter { $0.severity == .error }
    // A text with more errors is not looked at: each one is compared with each step.
    guard errors.prefix(11).count <= 10 else { return false }
    return errors.allSatisfy { error in
      guard let place = error.range else { return false }
      return incomplete.contains { plan.steps[$0].at.contains(place) }
    }
  }
}

/// A line of a file.
private struct Line: Hashable {
  var file: SourceFile
  var number: Int

  init(_ range: SourceRange) { (file, number) = (range.file, range.start.line) }
}

extension SourceFile {
  /// The name of the file without its folder and its YAML extension; `stdin` for `<stdin>`.
  var stem: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    if path == "<stdin>" { return "stdin" }
    for ending in [".yaml", ".yml"] where name.hasSuffix(ending) && name.count > ending.count {
      return String(name.dropLast(ending.count))
    }
    return name
  }
}
