import DevicePlan
import Diagnostics
import Glibc
import Kernel
import TestSupport
import Testing
import Vocabulary

/// Tests that count the open descriptors of this process. In parallel they would count those of other tests.
@Suite(.serialized) enum OneAtATime {}

/// Whether this user can open `/dev/kvm` here.
let kvmIsUsable: Bool = {
  guard let architecture = Architecture.host else { return false }
  do {
    _ = try KernelHost(Plan(name: "", manifest: "", architecture: architecture, steps: []))
    return true
  } catch { return false }
}()

private let manifest = SourceFile(path: "vm.yaml", bytes: [])

func place(_ line: Int) -> SourceRange {
  SourceRange(file: manifest, start: Position(line: line, column: 1), end: Position(line: line, column: 2))
}

func plan(
  _ steps: [Step], _ architecture: Architecture = .host ?? .x86_64, files: [PlanFile] = []
) -> Plan {
  Plan(name: "test", manifest: "vm.yaml", architecture: architecture, files: files, steps: steps)
}

func step(_ operation: DevicePlan.Operation, _ target: TargetName = .device("vfio")) -> Step {
  Step(operation, target: target, at: place(1))
}

let createVM = step(.createVM(type: 0), .vm)
let createVCPU = step(.createVCPU(id: 0), .vcpu(0))

func createVFIO(_ name: String) -> Step { step(.createDevice(type: 4, flags: 0), .device(name)) }

/// An attribute of the first device.
func vfio(group: UInt32) -> (UInt64, AttributeData) -> AttributeCall {
  { AttributeCall(target: .device(0), group: group, attr: $0, data: $1) }
}

/// Runs steps on the kernel, and continues after refusals.
func run(_ steps: [Step], files: [PlanFile] = []) throws -> Report {
  let plan = plan(steps, files: files)
  var host = try KernelHost(plan)
  return Runner(keepGoing: true).run(plan, on: &host)
}

func outcomes(_ report: Report) -> [String] { report.entries.map(\.result.outcome.name) }

/// The number of descriptors of this process that belong to KVM, or to the files that these tests open.
func descriptorCount() -> Int {
  var count = 0
  for descriptor in 0..<1024 as Range<Int32> {
    var buffer = [CChar](repeating: 0, count: 256)
    // SAFETY: the buffer has more bytes than readlink may write.
    let length = unsafe readlink("/proc/self/fd/\(descriptor)", &buffer, 255)
    guard length > 0 else { continue }
    let name = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if descriptor > 2,
      name == "/dev/kvm" || name.hasPrefix("anon_inode:kvm") || name.hasPrefix("anon_inode:[kvm") || name == "/"
        || name == "/dev/null"
    {
      count += 1
    }
  }
  return count
}

/// The number of mappings of this process that are the `struct kvm_run` of a vCPU.
func mappingCount() -> Int { lines(of: "/proc/self/maps").count { $0.contains("kvm-vcpu") } }

/// The size of this process's mapped address space, in KiB.
func mappedKiB() -> Int {
  let line = lines(of: "/proc/self/status").first { $0.hasPrefix("VmSize:") } ?? ""
  return Int(line.filter(\.isNumber)) ?? 0
}

private func lines(of path: String) -> [Substring] { (text(ofFile: path) ?? "").split(separator: "\n") }
