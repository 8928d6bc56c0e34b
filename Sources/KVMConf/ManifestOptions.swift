import Diagnostics
import Vocabulary
import Workspace

/// The options for validating, planning and running manifests. They override a `.kvmconf.yaml`.
public struct ManifestOptions: Sendable {
  var request = SettingsRequest()

  /// Creates options with the built-in schemas, without facts about the host and without parameter values.
  public init() {}

  /// The values of the manifest's parameters, by name, as the text that `--set` takes, such as `"0x0800_0000"`.
  public var parameters: [String: String] {
    get { request.settings.parameters }
    set { request.settings.parameters = newValue }
  }

  /// The findings besides errors that make a validation fail.
  public enum FailOn: String, Hashable, Sendable {
    /// Warnings, and steps that the model cannot decide.
    case warning
    /// Steps that the model cannot decide.
    case undecided
  }

  /// The findings besides errors that make a validation fail, as `--fail-on` takes them. If nil, the `.kvmconf.yaml`
  /// decides; by default only errors count.
  public var failOn: FailOn? {
    get {
      switch request.settings.failOn {
      case .warning: .warning
      case .undecided: .undecided
      case nil: nil
      }
    }
    set {
      request.settings.failOn =
        switch newValue {
        case .warning: .warning
        case .undecided: .undecided
        case nil: nil
        }
    }
  }

  /// Whether `.kvmconf.yaml` files are ignored, as with `--no-config`.
  public var ignoresConfigurationFiles: Bool {
    get { request.ignoresConfiguration }
    set { request.ignoresConfiguration = newValue }
  }

  /// Sets the kernel release that the model simulates. It overrides the release in host facts and in a `.kvmconf.yaml`.
  /// The default is the newest release that the schemas describe; for a run on the kernel, the running kernel's release.
  ///
  /// - Parameter release: a kernel release, such as `6.12` or `6.12.3-amd64`.
  /// - Throws: ``ManifestError`` of the kind `invalid` if it is not a kernel release.
  public mutating func setKernel(_ release: String) throws {
    request.settings.release = try Release(reading: release)
  }

  /// Sets the facts about the host that the model simulates.
  ///
  /// The names and types of the facts are checked when the options are used.
  ///
  /// - Parameters:
  ///   - text: the facts, in the format of a `--host-facts` file: a YAML or JSON mapping from names to values, or the
  ///     JSON output of `kvmconf probe`.
  ///   - name: the file name in problems.
  /// - Throws: ``ManifestError`` of the kind `invalid` if the text is not such a mapping.
  public mutating func setHostFacts(_ text: String, name: String = "facts.yaml") throws {
    request.settings.facts = try HostFacts(reading: text, name: name)
  }

  /// Adds the schemas below a folder. A schema replaces an earlier one with the same path, such as a built-in one.
  ///
  /// - Parameter folder: a folder with schemas at `ARCH/TYPE.yaml`.
  /// - Throws: ``ManifestError`` of the kind `unreadable` if the folder cannot be read, or `invalid` if a schema has
  ///   errors.
  public mutating func addSchemas(inFolder folder: String) throws {
    try rethrowing { () throws(DiagnosticsError) in
      try request.settings.addSchemas(in: folder)
      try request.settings.requireSoundSchemas(in: [folder])
    }
  }
}

extension Release {
  /// - Throws: ``ManifestError`` if the text is not a kernel release.
  init(reading text: String) throws {
    guard let release = Release(text) else {
      let message = "'\(text)' is not a kernel release such as 6.12"
      throw ManifestError(.invalid(.error("bad-configuration", message, at: nil)))
    }
    self = release
  }
}

extension HostFacts {
  /// - Throws: ``ManifestError`` if the text is not a mapping of facts.
  init(reading text: String, name: String) throws {
    self = try rethrowing { () throws(DiagnosticsError) in
      try HostFacts(SourceFile(path: name, bytes: Array(text.utf8)))
    }
  }
}
