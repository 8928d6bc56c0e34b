import ArgumentParser
import DevicePlan
import Diagnostics
import Kernel
import Workspace

/// `kvmconf apply`: run a manifest on the kernel.
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
  var format: RunFormat = .text

  enum RunFormat: String, Word {
    case text, json, sarif, junit, github, gcc

    static let allValueStrings = ["text", "json", "sarif", "junit", "github", "gcc"]
  }

  enum HostKind: String, Word {
    case kernel, model

    static let allValueStrings = ["kernel", "model"]
  }

  func run() throws {
    let workspace = ManifestWorkspace(try options.settings(of: file))
    let name = file == "-" ? options.stdinFilename ?? "<stdin>" : file
    let reporter = RunReporter(format, file: name, workspace.settings)
    defer { reporter.end() }
    let loaded = try ManifestFile.load(file, workspace, options, report: reporter.refuse)
    Interruption.watch()
    let runner = Runner(keepGoing: keepGoing, isInterrupted: { Interruption.happened })
    var hasFailed = false
    let obstacles = loaded.manifests.flatMap(\.plan.obstacles)
    if !obstacles.isEmpty {
      reporter.refuse(obstacles)
      throw Status.failure
    }
    for manifest in loaded.manifests {
      let report = try run(manifest.plan.withDefaults, workspace, runner, reporter)
      reporter.add(report)
      if report.isInterrupted { throw Status.interrupted }
      if report.summary.failed > 0 { hasFailed = true }
    }
    let faults = workspace.schemaFaults
    if !faults.isEmpty {
      reporter.refuse(faults)
      throw Status.software
    }
    if hasFailed { throw Status.failure }
  }

  private func run(
    _ plan: Plan, _ workspace: ManifestWorkspace, _ runner: Runner, _ reporter: RunReporter
  ) throws -> Report {
    switch on {
    case .model:
      return try facts(reporter) {
        () throws(FactsFault) in
        var host = try workspace.model(plan.architecture, course: .predicted)
        return runner.run(plan, on: &host)
      }
    case .kernel:
      if plan.architecture == .host { try refuseHazards(plan, workspace, reporter) }
      do throws(KernelHost.Unavailable) {
        return try workspace.runOnKernel(plan, with: runner)
      } catch {
        reporter.refuse([error.diagnostic])
        throw error.kind == .file ? Status.noInput : Status.unavailable
      }
    }
  }

  private func refuseHazards(_ plan: Plan, _ workspace: ManifestWorkspace, _ reporter: RunReporter) throws {
    let hazards = try facts(reporter) { () throws(FactsFault) in try workspace.hazards(of: plan) }
    guard hazards.isEmpty else {
      reporter.refuse(hazards)
      Output.message("kvmconf: no call was made\n")
      throw Status.failure
    }
  }

  private func facts<Result>(_ reporter: RunReporter, _ body: () throws(FactsFault) -> Result) throws -> Result {
    do throws(FactsFault) {
      return try body()
    } catch {
      reporter.refuse([error.diagnostic])
      throw Status.failure
    }
  }
}
