import DevicePlan
import Diagnostics
import Kernel
import Model
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
  let file: SourceFile

  /// Reads a file.
  ///
  /// - Throws: ``UnreadableFile`` where it cannot be read.
  public init(path: String) throws {
    do {
      file = try SourceFile(reading: path)
    } catch {
      throw UnreadableFile(path: error.path, reason: error.reason)
    }
  }

  /// Takes a text. It has no folder, so a byte string in a file beside it, `{file: PATH}`, is a problem.
  ///
  /// - Parameter name: what problems call it.
  public init(text: String, name: String = "manifest.yaml") {
    file = SourceFile(path: name, bytes: Array(text.utf8))
  }
}

/// A file that cannot be read.
public struct UnreadableFile: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path, as it was given.
  public var path: String
  /// The reason in words, such as `No such file or directory`.
  public var reason: String

  /// One line that says what cannot be read, and why.
  public var description: String { "cannot read \(path): \(reason)" }
}

/// What decides how manifests are read and judged.
public struct ManifestOptions: Sendable {
  var settings = Settings()

  /// The built-in schemas, no facts, no parameters.
  public init() {}

  /// The values of the manifest's parameters, by name, as `--set` takes them.
  public var parameters: [String: String] {
    get { settings.parameters }
    set { settings.parameters = newValue }
  }

  /// Lets the model play another release of the kernel than the newest that its schemas describe.
  ///
  /// - Parameter release: such as `6.12` or `6.12.3-amd64`.
  /// - Throws: ``InvalidOption`` where that is no release.
  public mutating func setKernel(_ release: String) throws {
    guard let release = Release(release) else {
      throw InvalidOption(description: "'\(release)' is not a kernel release such as 6.12")
    }
    settings.release = release
  }

  /// Tells what is known of the host that the model plays, as a text that `--host-facts` would read.
  ///
  /// - Throws: ``InvalidOption`` where the text holds no facts.
  public mutating func setHostFacts(_ text: String, name: String = "facts.yaml") throws {
    do throws(FactsFault) {
      settings.facts = try HostFacts(SourceFile(path: name, bytes: Array(text.utf8)))
    } catch {
      throw InvalidOption(description: Problem(error.diagnostic).description)
    }
  }

  /// Adds the schemas below a folder, which replace built-in ones of the same name.
  ///
  /// - Throws: ``UnreadableFile`` where the folder cannot be read, ``InvalidOption`` where a schema is wrong.
  public mutating func addSchemas(inFolder folder: String) throws {
    do throws(Unreadable) {
      try settings.addSchemas(in: folder)
    } catch {
      throw UnreadableFile(path: error.path, reason: error.reason)
    }
    if let fault = settings.checkSchemas(in: [folder]).first(where: { $0.severity == .error }) {
      throw InvalidOption(description: Problem(fault).description)
    }
  }
}

/// An option with a value that it cannot have.
public struct InvalidOption: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line that says what is wrong.
  public var description: String
}

// MARK: What can be done

extension ManifestSource {
  /// Predicts, by the model, what the kernel would answer to every call of every manifest of the text.
  ///
  /// Nothing stops it: each problem is reported once, and the prediction goes on as if the expected answer had come.
  ///
  /// - Throws: ``InvalidOption`` where the host's facts are not those of the manifest's architecture.
  public func validate(_ options: ManifestOptions = ManifestOptions()) throws -> ManifestValidation {
    do throws(FactsFault) {
      return ManifestValidation(try ManifestWorkspace(options.settings).validate(file))
    } catch {
      throw InvalidOption(description: Problem(error.diagnostic).description)
    }
  }

  /// The calls of each manifest of the text, in order.
  ///
  /// - Throws: ``InvalidManifest`` where the text is wrong.
  public func plans(_ options: ManifestOptions = ManifestOptions()) throws -> [DevicePlanSummary] {
    try load(options).manifests.map { DevicePlanSummary($0.plan) }
  }

  /// Runs each manifest of the text, one after the other, and reports what every call was answered.
  ///
  /// On the kernel, each manifest's VM lives as long as its run.
  ///
  /// - Parameters:
  ///   - host: the kernel of this machine, or the model of one.
  ///   - keepGoing: whether a run goes on behind a step that fails, with the state as it is.
  /// - Throws: ``InvalidManifest`` where the text is wrong, or a call would crash or hang the kernel; ``HostUnavailable``
  ///   where this machine's kernel cannot run it. No call has been made then.
  public func run(
    on host: ManifestHost = .kernel, keepGoing: Bool = false, _ options: ManifestOptions = ManifestOptions()
  ) throws -> [RunReport] {
    let workspace = ManifestWorkspace(options.settings)
    let loaded = try load(options, workspace)
    let obstacles = loaded.manifests.flatMap(\.plan.obstacles)
    if !obstacles.isEmpty { throw InvalidManifest(problems: obstacles.map(Problem.init)) }
    return try loaded.manifests.map { try run($0.plan.withDefaults, on: host, Runner(keepGoing: keepGoing), workspace) }
  }

  private func run(
    _ plan: Plan, on host: ManifestHost, _ runner: Runner, _ workspace: ManifestWorkspace
  ) throws -> RunReport {
    do {
      switch host {
      case .model:
        var model = try workspace.model(plan.architecture, course: .predicted)
        return RunReport(runner.run(plan, on: &model))
      case .kernel:
        if plan.architecture == .host {
          let hazards = try workspace.hazards(of: plan)
          if !hazards.isEmpty { throw InvalidManifest(problems: hazards.map(Problem.init)) }
        }
        return RunReport(try workspace.runOnKernel(plan, with: runner))
      }
    } catch let fault as FactsFault {
      throw InvalidOption(description: Problem(fault.diagnostic).description)
    } catch let unavailable as KernelHost.Unavailable {
      throw HostUnavailable(description: unavailable.message)
    }
  }

  private func load(_ options: ManifestOptions, _ workspace: ManifestWorkspace? = nil) throws -> LoadedFile {
    let workspace = workspace ?? ManifestWorkspace(options.settings)
    let loaded = workspace.load(file)
    if loaded.hasErrors { throw InvalidManifest(problems: loaded.diagnostics.map(Problem.init)) }
    return loaded
  }
}

/// What runs a manifest.
public enum ManifestHost: Hashable, Sendable {
  /// The kernel of this machine, through `/dev/kvm`.
  case kernel
  /// The model, which needs no kernel.
  case model
}

/// A manifest that cannot be planned or must not be run.
public struct InvalidManifest: Error, Hashable, Sendable, CustomStringConvertible {
  /// In the order of the text.
  public var problems: [Problem]

  /// The problems, a line each.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// This machine's kernel cannot run a manifest: there is no usable `/dev/kvm`, the manifest is for another
/// architecture, or a file that it names cannot be opened.
public struct HostUnavailable: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence that says what to do.
  public var description: String
}
