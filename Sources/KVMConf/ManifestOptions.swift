import Diagnostics
import Vocabulary
import Workspace

/// The options of the commands. They come before what a `.kvmconf.yaml` says.
public struct ManifestOptions: Sendable {
  var request = SettingsRequest()

  /// The built-in schemas, no facts, no parameters.
  public init() {}

  /// The values of the manifest's parameters, by name, as `--set` takes them.
  public var parameters: [String: String] {
    get { request.settings.parameters }
    set { request.settings.parameters = newValue }
  }

  /// What makes a validation fail apart from errors.
  public enum FailOn: String, Hashable, Sendable {
    /// Warnings, and steps that the model cannot decide.
    case warning
    /// Steps that the model cannot decide.
    case undecided
  }

  /// What makes a validation fail apart from errors, as `--fail-on` takes it.
  public var failOn: FailOn? {
    get { request.settings.failOn.flatMap { FailOn(rawValue: $0.rawValue) } }
    set { request.settings.failOn = newValue.flatMap { Workspace.FailOn(rawValue: $0.rawValue) } }
  }

  /// Whether `.kvmconf.yaml` files are ignored, as with `--no-config`.
  public var ignoresConfigurationFiles: Bool {
    get { request.ignoresConfiguration }
    set { request.ignoresConfiguration = newValue }
  }

  /// Lets the model play another release of the kernel than the newest that its schemas describe.
  ///
  /// - Parameter release: such as `6.12` or `6.12.3-amd64`.
  /// - Throws: ``ManifestError`` if that is not a release.
  public mutating func setKernel(_ release: String) throws {
    guard let known = Release(release) else {
      let message = "'\(release)' is not a kernel release such as 6.12"
      throw ManifestError(.invalid(.error("bad-configuration", message, at: nil)))
    }
    request.settings.release = known
  }

  /// Describes the host that the model plays, in the text of a file that `--host-facts` would read.
  ///
  /// - Throws: ``ManifestError`` if the text does not hold facts.
  public mutating func setHostFacts(_ text: String, name: String = "facts.yaml") throws {
    request.settings.facts = try rethrowing { () throws(DiagnosticsError) in
      try HostFacts(SourceFile(path: name, bytes: Array(text.utf8)))
    }
  }

  /// Adds the schemas below a folder, which replace built-in ones of the same name.
  ///
  /// - Throws: ``ManifestError`` if the folder cannot be read, or a schema is wrong.
  public mutating func addSchemas(inFolder folder: String) throws {
    try rethrowing { () throws(DiagnosticsError) in
      try request.settings.addSchemas(in: folder)
      try request.settings.requireSoundSchemas(in: [folder])
    }
  }
}
