import DevicePlan
import Diagnostics
import Vocabulary
import Workspace

/// The text of one or more manifests, and everything that can be done with it: validate, plan, run.
///
/// A manifest says which in-kernel devices a KVM virtual machine has and how their attributes are set. Reading it needs
/// no kernel and no particular machine.
///
/// ```swift
/// let source = try ManifestSource(path: "vm.yaml")
/// for problem in try source.validate().problems { print(problem) }
/// ```
public struct ManifestSource: Sendable {
  private let file: SourceFile

  /// Reads a file. The `.kvmconf.yaml` in its folder, or in the nearest folder above, applies to it.
  ///
  /// - Throws: ``ManifestError`` if it cannot be read.
  public init(path: String) throws {
    file = try rethrowing { () throws(DiagnosticsError) in try SourceFile(reading: path) }
  }

  /// Takes a text. It has no folder: no `.kvmconf.yaml` applies to it, and it cannot name files beside it.
  ///
  /// - Parameter name: the file name in problems and reports.
  public init(text: String, name: String = "manifest.yaml") {
    file = SourceFile(path: name, bytes: Array(text.utf8))
  }

  /// Predicts, by the model, the kernel's answer to every call of every manifest of the text.
  ///
  /// This is `kvmconf validate`. Each problem is reported once, and the prediction goes on as if the expected answer had
  /// come.
  ///
  /// - Throws: ``ManifestError`` if an option or the `.kvmconf.yaml` is wrong. What is wrong with the text is in the result.
  public func validate(_ options: ManifestOptions = ManifestOptions()) throws -> ManifestValidation {
    try rethrowing { () throws(DiagnosticsError) in
      let validated = ValidatedFile(file.path, try settings(options)) { file }
      if let error = validated.error { throw error }
      return ManifestValidation(validated)
    }
  }

  /// The calls of each manifest of the text, in order.
  ///
  /// - Throws: ``ManifestError`` if the text, an option or the `.kvmconf.yaml` is wrong.
  public func plans(_ options: ManifestOptions = ManifestOptions()) throws -> [DevicePlanSummary] {
    try rethrowing { () throws(DiagnosticsError) in try load(options).file.manifests.map { DevicePlanSummary($0.plan) }
    }
  }

  /// Runs each manifest of the text, one after the other, and reports the answer to every call.
  ///
  /// This is `kvmconf apply`. On the kernel, each manifest's VM lives as long as its run.
  ///
  /// - Parameters:
  ///   - host: the kernel of this machine, or the model of one.
  ///   - keepGoing: whether a run goes on after a step that fails, with the state as it is.
  /// - Throws: ``ManifestError`` if the text, an option or the `.kvmconf.yaml` is wrong, if a call would crash or hang
  ///   the kernel, or if this machine's kernel cannot run the manifest. No call of that manifest has been made then.
  public func run(
    on host: ManifestHost = .kernel, keepGoing: Bool = false, _ options: ManifestOptions = ManifestOptions()
  ) throws -> [RunReport] {
    try rethrowing { () throws(DiagnosticsError) in
      let (loaded, workspace) = try load(options)
      let obstacles = loaded.manifests.flatMap(\.plan.obstacles)
      if !obstacles.isEmpty { throw DiagnosticsError(.invalid, obstacles) }
      var reports: [RunReport] = []
      for manifest in loaded.manifests {
        let runner = Runner(keepGoing: keepGoing)
        reports.append(RunReport(try workspace.run(manifest.plan.withDefaults, on: host, runner)))
      }
      try workspace.requireSoundSchemas()
      return reports
    }
  }

  private func load(
    _ options: ManifestOptions
  ) throws(DiagnosticsError) -> (file: LoadedFile, workspace: ManifestWorkspace) {
    let workspace = ManifestWorkspace(try settings(options))
    let loaded = workspace.load(file)
    try workspace.requireSoundness(of: loaded)
    return (loaded, workspace)
  }

  private func settings(_ options: ManifestOptions) throws(DiagnosticsError) -> Settings {
    var request = options.request
    if file.folder == nil { request.ignoresConfiguration = true }
    return try SettingsOfFiles(request).settings(of: file.path)
  }
}

extension ManifestWorkspace {
  fileprivate func run(
    _ plan: Plan, on host: ManifestHost, _ runner: Runner
  ) throws(DiagnosticsError) -> Report {
    switch host {
    case .model:
      var model = try model(plan.architecture, course: .predicted)
      return runner.run(plan, on: &model)
    case .kernel:
      if plan.architecture == .host {
        let hazards = try hazards(of: plan)
        if !hazards.isEmpty { throw DiagnosticsError(.invalid, hazards) }
      }
      return try runOnKernel(plan, with: runner)
    }
  }
}

/// What runs a manifest.
public enum ManifestHost: Hashable, Sendable {
  /// The kernel of this machine, through `/dev/kvm`.
  case kernel
  /// The model, which needs no kernel.
  case model
}
