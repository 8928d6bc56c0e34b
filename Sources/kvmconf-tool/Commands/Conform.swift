import ArgumentParser
import Conformance
import DevicePlan
import Diagnostics
import Probing
import Reporting
import Vocabulary
import Workspace

/// `kvmconf conform`: compares a kernel's answers with the model's.
struct Conform: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conform",
    abstract: "Run manifests on the kernel and on the model, and print where they differ.",
    usage: """
      kvmconf conform [--kernel-report <file>] [--quirks <file>]
        [--format text|json] [<option> ...] <file> ...
      """,
    discussion: """
      Every step is run, even after a refusal, and the model uses the release and the facts of this host, which are probed \
      first unless --host-facts or a .kvmconf.yaml names a file of facts. --kernel-report compares \
      with a report recorded on another machine by `apply --keep-going --format json` or `kvmload --keep-going --json`. \
      The exit status is 1 if anything differs, and 65 if a report or the file of quirks is not one.
      """)

  @Argument(
    help: ArgumentHelp("Manifests, compiled plans or folders of manifests.", valueName: "file"), completion: .manifest)
  var files: [String]

  @OptionGroup var options: SharedOptions

  @Option(
    help: ArgumentHelp(
      "Recorded kernel reports to use instead of this machine, one per manifest, in the same order.", valueName: "file"),
    completion: .file())
  var kernelReport: String?

  @Option(
    help: ArgumentHelp("A file of known differences on this host, with their reasons.", valueName: "file"),
    completion: .yaml)
  var quirks: String?

  @Option(help: "The format of the result: text or json (one line per manifest).")
  var format: Format = .text

  func run() throws {
    let quirks = try readingData(readQuirks)
    let reports = try readingData(readReports)
    let manifests = try plans(assumedRelease: reports?.first?.release.flatMap { Release($0) } ?? .running)
    if let reports, reports.count != manifests.count {
      Output.error("\(counted(manifests.count, "manifest")), but \(counted(reports.count, "report"))")
      throw Status.badData
    }
    Interruption.watch()
    var conformances: [PlanConformance] = []
    for (i, (plan, workspace)) in manifests.enumerated() {
      let answers = try answers(to: plan, reports?[i], workspace)
      if Interruption.happened { throw Status.interrupted }
      let conformance = try workspace.conformance(of: plan, to: answers, quirks: quirks)
      conformances.append(conformance)
      switch format {
      case .text:
        Output.print(conformance.diagnostics, to: 1)
        Output.result(conformance.summary + "\n")
      case .json: Output.result(conformance.json.text() + "\n")
      }
    }
    if format == .text { Output.message(conformances.summary + "\n") }
    for (_, workspace) in manifests { try workspace.requireSoundSchemas() }
    if !conformances.allSatisfy({ $0.differences == 0 }) { throw Status.failure }
  }

  /// The plans of all manifests, in order, each with the workspace that loaded it.
  private func plans(assumedRelease: Release?) throws -> [(plan: Plan, workspace: ManifestWorkspace)] {
    let loaded = try options.manifestFiles(assumedRelease: assumedRelease, assumedFacts: factsOfThisHost()).loadAll(
      files)
    for (file, workspace) in loaded {
      try workspace.requireRunnable(file.manifests.map(\.plan), onKernel: kernelReport == nil)
    }
    return loaded.flatMap { file, workspace in file.manifests.map { ($0.plan.withDefaults, workspace) } }
  }

  /// The facts that a probe of this host finds; nil if the kernel's answers are recorded, if facts are given, or if this
  /// host cannot be probed.
  private func factsOfThisHost() -> HostFacts? {
    guard kernelReport == nil, options.factFiles.isEmpty, let architecture = Architecture.host,
      let settings = try? Settings(schemas: options.schemas),
      let probe = try? HostProbe(of: ThisHost(architecture), settings)
    else { return nil }
    return HostFacts(found: Dictionary(probe.knownFacts, uniquingKeysWith: { $1 }))
  }

  private func answers(
    to plan: Plan, _ report: RecordedReport?, _ workspace: ManifestWorkspace
  ) throws(DiagnosticsError) -> KernelAnswers {
    if let report { return try report.answers(to: plan, release: workspace.settings.playedRelease.description) }
    return try workspace.kernelAnswers(to: plan, isInterrupted: { Interruption.happened })
  }

  private func readQuirks() throws(DiagnosticsError) -> [Quirk] {
    guard let quirks else { return [] }
    let (found, diagnostics) = Quirk.read(try SourceFile(reading: quirks))
    if !diagnostics.isEmpty { throw DiagnosticsError(.invalid, diagnostics) }
    return found
  }

  private func readReports() throws(DiagnosticsError) -> [RecordedReport]? {
    guard let kernelReport else { return nil }
    return try RecordedReport.read(SourceFile(reading: kernelReport))
  }
}
