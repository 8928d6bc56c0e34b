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
    usage: """
      kvmconf apply [--on kernel|model] [--keep-going] [--ready]
        [--format <format>] [<option> ...] <file>
      """,
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

  @Flag(help: "After the last step, run each vCPU with immediate_exit, to see whether the VM is ready.")
  var ready = false

  @Option(
    help:
      "The format of the report: text, markdown (the problems), json (one line per manifest), sarif, junit, github (workflow commands) or gcc."
  )
  var format: ReportFormat = .text

  enum HostKind: String, Word { case kernel, model }

  func run() throws {
    let reporter = RunReporter(format, file: ManifestPath(file).name(stdin: options.stdinFilename))
    defer { reporter.end() }
    do {
      try run(reporter)
    } catch let error as DiagnosticsError {
      reporter.refuse(error.diagnostics)
      throw Status.of(error.kind)
    }
  }

  private func run(_ reporter: RunReporter) throws {
    let request = try options.request(assumedRelease: on == .kernel ? .running : nil)
    let settings = try SettingsOfFiles(request, onSearch: options.reportConfiguration).settings(of: file)
    reporter.settings = [settings]
    let workspace = ManifestWorkspace(settings)
    let loaded = workspace.load(try SourceFile(reading: file, stdinName: options.stdinFilename))
    try workspace.requireSoundness(of: loaded)
    reporter.refuse(loaded.diagnostics)
    Interruption.watch()
    try workspace.requireRunnable(loaded.manifests.map(\.plan), onKernel: on == .kernel, withRuns: ready)
    let runner = Runner(keepGoing: keepGoing, isInterrupted: { Interruption.happened })
    var hasFailed = false
    for manifest in loaded.manifests {
      let plan = ready ? manifest.plan.withDefaults.withRuns : manifest.plan.withDefaults
      let named = plan.namingKeys(in: workspace.catalogue(for: plan.architecture))
      let report = try run(named, workspace, runner)
      reporter.add(report)
      if report.interruption != nil { throw Status.interrupted }
      if report.summary.failed > 0 { hasFailed = true }
    }
    try workspace.requireSoundSchemas()
    if hasFailed { throw Status.failure }
  }

  private func run(
    _ plan: Plan, _ workspace: ManifestWorkspace, _ runner: Runner
  ) throws(DiagnosticsError) -> Report {
    switch on {
    case .model:
      var host = try workspace.model(plan.architecture, course: .predicted)
      return runner.run(plan, on: &host)
    case .kernel: return try workspace.runOnKernel(plan, with: runner)
    }
  }
}
