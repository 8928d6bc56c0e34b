import ArgumentParser
import DevicePlan
import Diagnostics
import Reporting
import Workspace

/// `kvmconf apply`: runs a manifest on the kernel or on the model.
struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Make the calls of a manifest on /dev/kvm, and report each answer and its reason.",
    discussion: """
      The VM exists for the duration of the run. The run stops at the first failing step and skips the rest, unless \
      --keep-going is given. A plan that would crash or hang the kernel is refused before any call.
      """)

  @Argument(help: ArgumentHelp("A manifest, or - for standard input.", valueName: "file"), completion: .manifest)
  var file: String

  @OptionGroup var options: SharedOptions

  @Option(help: "Where to run the plan: kernel, or model, a rehearsal without /dev/kvm.")
  var on: HostKind = .kernel

  @Flag(help: "Continue after a failing step, with the state as it is.")
  var keepGoing = false

  @Option(
    help:
      "The format of the report: text, json (one line per manifest), sarif, junit, github (workflow commands) or gcc."
  )
  var format: ReportFormat = .text

  enum HostKind: String, Word { case kernel, model }

  func run() throws {
    let settings = try SettingsOfFiles(options.request, onSearch: options.reportConfiguration).settings(of: file)
    let reporter = RunReporter(format, file: file == "-" ? options.stdinFilename ?? "<stdin>" : file, settings)
    defer { reporter.end() }
    do {
      try run(ManifestWorkspace(settings), reporter)
    } catch let error as DiagnosticsError {
      reporter.refuse(error.diagnostics)
      throw Status.of(error.kind)
    }
  }

  private func run(_ workspace: ManifestWorkspace, _ reporter: RunReporter) throws {
    let loaded = workspace.load(try SourceFile(reading: file, stdinName: options.stdinFilename))
    try workspace.requireSoundness(of: loaded)
    reporter.refuse(loaded.diagnostics)
    Interruption.watch()
    let runner = Runner(keepGoing: keepGoing, isInterrupted: { Interruption.happened })
    var hasFailed = false
    let obstacles = loaded.manifests.flatMap(\.plan.obstacles)
    if !obstacles.isEmpty { throw DiagnosticsError(.invalid, obstacles) }
    for manifest in loaded.manifests {
      let report = try run(manifest.plan.withDefaults, workspace, runner, reporter)
      reporter.add(report)
      if report.isInterrupted { throw Status.interrupted }
      if report.summary.failed > 0 { hasFailed = true }
    }
    try workspace.requireSoundSchemas()
    if hasFailed { throw Status.failure }
  }

  private func run(
    _ plan: Plan, _ workspace: ManifestWorkspace, _ runner: Runner, _ reporter: RunReporter
  ) throws -> Report {
    switch on {
    case .model:
      var host = try workspace.model(plan.architecture, course: .predicted)
      return runner.run(plan, on: &host)
    case .kernel:
      if plan.architecture == .host { try refuseHazards(plan, workspace, reporter) }
      return try workspace.runOnKernel(plan, with: runner)
    }
  }

  private func refuseHazards(_ plan: Plan, _ workspace: ManifestWorkspace, _ reporter: RunReporter) throws {
    let hazards = try workspace.hazards(of: plan)
    guard hazards.isEmpty else {
      reporter.refuse(hazards)
      Output.message("kvmconf: no call was made\n")
      throw Status.failure
    }
  }
}
