import DevicePlan
import Diagnostics
import Vocabulary
import Workspace

/// The text of one or more manifests, which can be validated, planned and run.
///
/// A manifest describes the in-kernel devices of a KVM virtual machine and the values of their attributes. Validating
/// and planning it works on any machine, without `/dev/kvm`.
///
/// ```swift
/// let source = try ManifestSource(path: "vm.yaml")
/// for problem in try source.validate().problems { print(problem) }
/// ```
public struct ManifestSource: Sendable {
  let file: SourceFile

  /// Reads a file. The `.kvmconf.yaml` in its folder, or in the nearest folder above, applies to it.
  ///
  /// - Parameter path: the path of a manifest or a compiled plan.
  /// - Throws: ``ManifestError`` of the kind `unreadable` if the file cannot be read. Errors in its text are reported
  ///   by the other methods.
  public init(path: String) throws {
    file = try rethrowing { () throws(DiagnosticsError) in try SourceFile(reading: path) }
  }

  /// Uses a text. A text has no folder: no `.kvmconf.yaml` applies to it, and it cannot refer to other files.
  ///
  /// - Parameters:
  ///   - text: one or more manifests, as YAML documents.
  ///   - name: the file name in problems and reports.
  public init(text: String, name: String = "manifest.yaml") {
    file = SourceFile(path: name, bytes: Array(text.utf8))
  }

  /// Predicts the kernel's answer to every call of every manifest in the text. The predictions come from the model.
  ///
  /// This is `kvmconf validate`. Each problem is reported once: after a failing call, the prediction continues as if
  /// the expected answer had been returned.
  ///
  /// - Throws: ``ManifestError`` if an option, the host facts or the `.kvmconf.yaml` is wrong. Errors in the text and in
  ///   schemas are in the result.
  public func validate(_ options: ManifestOptions = ManifestOptions()) throws -> ManifestValidation {
    try rethrowing { () throws(DiagnosticsError) in
      let (settings, remarks) = try settingsWithRemarks(options)
      let validated = ValidatedFile(file.path, ManifestWorkspace(settings)) { file }
      if let error = validated.error { throw error }
      return ManifestValidation(validated, remarks)
    }
  }

  /// Plans the calls of every manifest in the text.
  ///
  /// - Returns: one plan per manifest, in the order of the text.
  /// - Throws: ``ManifestError`` if the text, an option or the `.kvmconf.yaml` is wrong.
  public func plans(_ options: ManifestOptions = ManifestOptions()) throws -> [DevicePlanSummary] {
    try rethrowing { () throws(DiagnosticsError) in try load(options).file.manifests.map { DevicePlanSummary($0.plan) }
    }
  }

  /// Runs every manifest in the text, one after the other, and reports the answer to every call.
  ///
  /// This is `kvmconf apply`. On the kernel, a manifest's VM exists only during its run.
  ///
  /// - Parameters:
  ///   - host: the kernel of this machine, or the model.
  ///   - keepGoing: whether a run continues after a failing step. If not, the remaining steps are skipped.
  /// - Returns: one report per manifest, in the order of the text. A failing step is in its report and does not throw.
  /// - Throws: ``ManifestError`` if the text, an option or the `.kvmconf.yaml` is wrong, if a parameter has no value, or
  ///   if a schema fails during the runs. On the kernel, also if the model predicts that a call would crash or hang it,
  ///   or if this machine's kernel cannot run the manifest. The latter is found when the manifest's turn comes, after
  ///   the runs of earlier manifests, and a failing schema after all runs. All other errors are thrown before any call.
  public func run(
    on host: ManifestHost = .kernel, keepGoing: Bool = false, _ options: ManifestOptions = ManifestOptions()
  ) throws -> [RunReport] {
    try rethrowing { () throws(DiagnosticsError) in
      var options = options
      if host == .kernel { options.request.assumedRelease = .running }
      let (loaded, workspace) = try load(options)
      let plans = loaded.manifests.map(\.plan)
      try workspace.requireRunnable(plans, onKernel: host == .kernel)
      var reports: [RunReport] = []
      for plan in plans {
        reports.append(RunReport(try workspace.run(plan.withDefaults, on: host, Runner(keepGoing: keepGoing))))
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

  /// - Parameter isForHosts: whether the release of a host replaces that of the settings, so that nothing is said of it.
  func settings(_ options: ManifestOptions, isForHosts: Bool = false) throws(DiagnosticsError) -> Settings {
    try settingsWithRemarks(options, isForHosts: isForHosts).settings
  }

  private func settingsWithRemarks(
    _ options: ManifestOptions, isForHosts: Bool = false
  ) throws(DiagnosticsError) -> (settings: Settings, remarks: SettingsRemarks) {
    var request = options.request
    if file.folder == nil { request.ignoresConfiguration = true }
    request.warnsOfReleases = !isForHosts
    let settingsOfFiles = SettingsOfFiles(request)
    return (try settingsOfFiles.settings(of: file.path), settingsOfFiles.remarks)
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
    case .kernel: return try runOnKernel(plan, with: runner)
    }
  }
}

/// The host that a manifest runs on.
public enum ManifestHost: Hashable, Sendable {
  /// The kernel of this machine, through `/dev/kvm`.
  case kernel
  /// The model of a kernel, which works on any machine.
  case model
}
