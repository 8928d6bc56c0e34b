import DevicePlan
import Diagnostics
import Glibc
import Kernel
import Vocabulary
import Workspace

/// A host that can be probed: it answers calls, and its files can be read.
package protocol ProbedHost {
  var architecture: Architecture { get }
  /// The kernel's release, as `uname -r` prints it.
  var release: String { get }

  /// Runs a plan to its end, even if calls are refused.
  ///
  /// - Parameter workspace: provides the model, which gives reasons for refusals.
  func run(_ plan: Plan, _ workspace: ManifestWorkspace) throws(DiagnosticsError) -> Report
  /// The values of KVM_CHECK_EXTENSION on a VM that the plan creates, or on `/dev/kvm` if the VM cannot be created.
  func extensions(_ numbers: [UInt32], _ plan: Plan) throws(DiagnosticsError) -> [UInt32: UInt32]

  /// The text of a file; nil if it cannot be read.
  func text(ofFile path: String) -> String?
  /// The names in a folder, sorted; empty if it cannot be read.
  func names(inFolder path: String) -> [String]
  /// Whether there is a file or folder.
  func exists(_ path: String) -> Bool
}

/// This machine.
package struct ThisHost: ProbedHost {
  package let architecture: Architecture
  package let release: String
  /// The file to open instead of `/dev/kvm`.
  private let path: String

  package init(_ architecture: Architecture, path: String = "/dev/kvm") {
    self.architecture = architecture
    self.path = path
    release = kernelRelease()
  }

  package func run(_ plan: Plan, _ workspace: ManifestWorkspace) throws(DiagnosticsError) -> Report {
    try workspace.runOnKernel(plan, with: Runner(keepGoing: true), path: path)
  }

  package func extensions(_ numbers: [UInt32], _ plan: Plan) throws(DiagnosticsError) -> [UInt32: UInt32] {
    var host = try KernelHost(plan, path: path)
    for step in plan.steps { _ = host.perform(step) }
    var values: [UInt32: UInt32] = [:]
    for number in numbers { values[number] = host.checkExtension(number) }
    return values
  }

  package func text(ofFile path: String) -> String? {
    (try? SourceFile.bytes(of: path)).map { String(decoding: $0, as: UTF8.self) }
  }

  package func names(inFolder path: String) -> [String] { (try? entries(of: path)) ?? [] }

  package func exists(_ path: String) -> Bool {
    var info = stat()
    // SAFETY: `info` lives throughout the call.
    return unsafe stat(path, &info) == 0
  }
}
