import DevicePlan
import Diagnostics
import PlanFormat
import TestSupport
import Testing
import Vocabulary
import kvmload

/// Steps that share large records: without a limit, a small file could describe a plan that fills the memory.
@Suite struct SharingTests {
  private static let size = 1 << 18

  /// A step that refers to 256 KiB of one kind of record.
  private struct Sharing: CustomTestStringConvertible {
    var testDescription: String
    var step: Step
    var reasons: [ErrnoReason] = []

    init(_ name: String, _ data: AttributeData = .none, change: (inout Step) -> Void = { _ in }) {
      testDescription = name
      let call = AttributeCall(target: .vm, group: 0, attr: 0, data: data)
      step = Step(.getAttribute(call), target: .vm, at: place(2))
      change(&step)
    }

    /// A plan with steps that share the records.
    func plan(steps count: Int) -> [UInt8] {
      let first = Step(.createVM(type: 0), target: .vm, at: place(1))
      var bytes = Plan(
        name: "n", manifest: "m", architecture: .x86_64,
        parameters: [PlanParameter(name: "p", size: 1, isSigned: false, at: place(1))],
        steps: [first, step] + Array(repeating: first, count: count - 1)
      ).compiled { $0 == 1 ? reasons : [] }
      for (section, size) in [
        (KVMLOAD_SECTION_STEPS, KVMLOAD_SIZEOF_STEP), (KVMLOAD_SECTION_LABELS, KVMLOAD_SIZEOF_LABEL),
      ] {
        let entry = KVMLOAD_HEADER_SECTIONS + Int(section.rawValue) * KVMLOAD_SIZEOF_ENTRY
        let start = (0..<4).reduce(0) { $0 | Int(bytes[entry + $1]) << (8 * $1) }
        let record = bytes[start + size..<start + 2 * size]
        for i in 2...count { bytes.replaceSubrange(start + i * size..<start + (i + 1) * size, with: record) }
      }
      repair(&bytes)
      return bytes
    }
  }

  private static let all = [
    Sharing("payload", .bytes(Array(repeating: 0, count: size))),
    Sharing(
      "patches",
      .bytes([0], slots: Array(repeating: PayloadSlot(.parameter(0), offset: 0, width: 1), count: size / 16))),
    Sharing("comparison") {
      $0.comparison = Comparison(bytes: Array(repeating: 0, count: size), mask: Array(repeating: 1, count: size))
    },
    Sharing("answers") { $0.expected = Array(repeating: .ok, count: size / 4) },
    Sharing("guards") { $0.guardedBy = Array(repeating: Guard(step: 0, ok: true), count: size / 8) },
    Sharing("notes") { $0.hints = Array(repeating: String(repeating: "x", count: 60), count: size / 64) },
    Sharing("text of a note") { $0.hints = [String(repeating: "x", count: size)] },
    Sharing("target") { $0.target = .device(String(repeating: "x", count: size)) },
    Sharing("value") { $0.value = String(repeating: "x", count: size) },
    Sharing("place") {
      let file = SourceFile(path: String(repeating: "x", count: size), bytes: [])
      $0.at = SourceRange(file: file, start: place(1).start, end: place(1).end)
    },
    {
      var sharing = Sharing("reasons")
      sharing.reasons = Array(repeating: ErrnoReason(Errno(rawValue: 1), ""), count: size / 8)
      return sharing
    }(),
  ]

  /// 1000 uses of 256 KiB are just below the limit of 256 MiB.
  @Test(.slow, arguments: all) private func sharedRecordsCountEachTime(_ sharing: Sharing) {
    #expect(fault(of: sharing.plan(steps: 1000)) == 0)
    let hostile = sharing.plan(steps: 1100)
    #expect(hostile.count < 1 << 20 && fault(of: hostile) == KVMLOAD_BAD_RECORD.rawValue)
    #expect(throws: DiagnosticsError.self) { try Plan(compiled: hostile, path: "vm.kvmplan") }
  }

  private func fault(of bytes: [UInt8]) -> Int32 {
    var plan = unsafe kvmload_plan()
    // SAFETY: the check reads inside the bytes, which outlive it; `plan` is not used afterwards.
    return unsafe bytes.withUnsafeBytes { unsafe kvmload_check(&plan, $0.baseAddress, $0.count) }
  }
}
