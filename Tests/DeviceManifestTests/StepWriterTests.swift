import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Testing
import Vocabulary
import YAMLSyntax

/// Calls written as explicit steps.
@Suite struct StepWriterTests {
  private static let at = SourceRange(file: SourceFile(path: "", bytes: []), start: .start, end: .start)

  private func step(_ operation: DevicePlan.Operation, _ target: TargetName, _ attribute: String? = nil) -> Step {
    Step(operation, target: target, attribute: attribute, at: Self.at)
  }

  private func plan(_ steps: [Step]) -> Plan {
    let files = [PlanFile(name: "gpu", path: "/dev/vfio/12", at: Self.at)]
    return Plan(
      name: "vm", manifest: "vm.yaml", architecture: .arm64, files: files,
      steps: [step(.createVM(type: 0), .vm), step(.createDevice(type: 3, flags: 0), .device("thing"))] + steps)
  }

  /// The lines of the steps after the creation of the device.
  private func lines(_ steps: [Step]) -> [Substring] {
    var writer = StepWriter(plan(steps), catalogue())
    let (node, unsayable) = writer.manifest()
    #expect(unsayable.isEmpty)
    return YAMLWriter.document(node).split(separator: "\n").drop { $0 != "  - {create: thing}" }.dropFirst().map {
      $0.dropFirst(4)
    }
  }

  /// A value of every kind of payload is written by name, and is read again as the same bytes.
  @Test(arguments: [
    "int: {u8: 255, u16: 65535, u32: 0xffff_ffff, u64: 0x8000_0000_0000_0000, i8: -128, i16: -1, i32: -5, i64: -7}",
    "int: {named: deny, flags: [first, ninth], mpidr: 0.0.1.3}", "int: {named: 7, flags: 0x102, u64: 0}",
    "nothing: {init: }",
    "bits: {single: {count: 1, base: 0x080A_0000, index: 3}, region: [{count: 4095, base: 0, flags: 15, index: 0}]}",
    "bits: {single: 0xffff_ffff_ffff_ffff}", "struct: {padded: {a: 1, b: 2, c: 3, d: 4}}",
    "struct: {inner: {head: one, list: [1, 2], rest: {low: 3}}}", "union: {event: {kind: small, u: {x: 5}}}",
    "union: {entry: {gsi: 7, type: 5, u: {addr: 0x0102_0304, data: 5}, tail: 9}}",
    "union: {list: {count: 2, entries: [{addr: 1, data: 2}, {addr: 3, data: 4}], name: {hex: 01020304}}}",
    "union: {list: {count: 2}}", "union: {bits: {head: 1, first: [zero, 9, ten], second: [69]}}",
    "union: {bits: {head: 0, first: [], second: []}}",
    "union: {entries: [{gsi: 0, type: line, u: 3, tail: 0}, {gsi: 0, type: 99, u: {hex: aabbccddeeff}, tail: 0}]}",
    "union: {event: {kind: big, u: {y: 0x1_0000_0000}}}", "bytes: {blob: 00ff, list: [1, 2, 3], key: 01020304}",
    "bytes: {named: {kind: 1, id: 010203, rest: 4}}", "file: {add: [gpu], one: gpu}",
    "registers: [{offset: CTLR, value: 5}, {offset: TYPER, cpu: 0.0.0.1, value: 0x1_0000_0000}, {offset: 0, value: 1}]",
    "line: 5", "blobs: [00, 0001]",
  ])
  func valuesAreWrittenByNameAndReadBackTheSame(_ attributes: String) throws {
    let text = "files: {gpu: /dev/vfio/12}\ndevices:\n  - type: thing\n    attributes: {\(attributes)}\n"
    let settings = try #require(manifest(text).machine?.devices.first?.alternatives.first?.attributes)
    #expect(!settings.isEmpty)
    let steps = settings.map { setting in
      step(
        .setAttribute(
          AttributeCall(target: .device(0), group: setting.call.group, attr: setting.call.attr, data: setting.data)),
        .device("thing"), setting.path)
    }
    var writer = StepWriter(plan(steps), catalogue())
    let (node, unsayable) = writer.manifest()
    #expect(unsayable.isEmpty)
    let written = YAMLWriter.document(node)
    #expect(!written.contains("payload"), "\(written)")
    let own = written.split(separator: "\n").dropFirst(2).joined(separator: "\n")
    let again = manifest(own).steps.compactMap { step -> String? in
      if case .attribute(_, _, let setting, _) = step.action { words(setting) } else { nil }
    }
    #expect(again == settings.map(words))
  }

  /// Calls without a name are written with numbers.
  @Test func callsWithoutANameAreWrittenWithNumbers() {
    func call(_ group: UInt32, _ attr: UInt64, _ data: AttributeData, flags: UInt32 = 0) -> AttributeCall {
      AttributeCall(target: .device(0), group: group, attr: attr, flags: flags, data: data)
    }
    #expect(
      lines([
        step(.setAttribute(call(0, 0, .bytes([1, 2]))), .device("thing"), "int.u8"),
        step(.setAttribute(call(99, 7, .bytes([5, 0, 0, 0]), flags: 3)), .device("thing")),
        step(.hasAttribute(call(99, 7, .none)), .device("thing")),
        step(.getAttribute(call(0, 2, .invalid)), .device("thing"), "int.u32"),
        step(.setAttribute(call(99, 7, .bytes([0, 0, 0, 0], slots: [.file(0, offset: 0)]))), .device("thing")),
        step(.setAttribute(call(4, 0, .bytes(Array(repeating: 9, count: 16)))), .device("thing"), "union.event"),
        step(.testDevice(type: 77, flags: 1), .device("foreign")),
        step(.testDevice(type: 78, flags: 0), .device("type-78")),
        step(.closeDevice(0), .device("thing")),
      ]) == [
        "{set: thing, group: 0, attr: 0, payload: {hex: 0102}}",
        "{set: thing, group: 99, attr: 7, flags: 3, payload: {u32: 5}}", "{has: thing, group: 99, attr: 7}",
        "{get: thing.int.u32, address: invalid}", "{set: thing, group: 99, attr: 7, payload: {fd: gpu}}",
        "{set: thing, group: 4, attr: 0, payload: {hex: 09090909090909090909090909090909}}",
        "{test: x86_64/foreign, flags: 1}", "{test: {number: 78}}", "{close: thing}",
      ])
  }

  /// A get compares only the fields that its value names.
  @Test func comparisonIsWrittenWithTheFieldsThatItCovers() {
    let call = AttributeCall(
      target: .device(0), group: 2, attr: 1, data: .bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    var get = step(.getAttribute(call), .device("thing"), "bits.single")
    get.comparison = Comparison(bytes: [2, 0, 0, 0, 0, 0, 0, 0], mask: [0xFF, 0x0F, 0, 0, 0, 0, 0, 0])
    get.expected = [.ok, .refused(Errno(name: "EBUSY")!)]
    #expect(
      lines([get]) == [
        "{get: thing.bits.single, value: {index: 2}, input: {count: 0, base: 0, flags: 0, index: 1}, expect: [ok, EBUSY]}"
      ])
  }

  /// Calls that only a plan from another program can have.
  @Test func callsWithoutASpellingAreReturned() {
    var get = step(
      .getAttribute(AttributeCall(target: .device(0), group: 99, attr: 1, data: .bytes([0]))), .device("thing"))
    get.comparison = Comparison(bytes: [1], mask: [1])
    let strange = step(.enableCapability(9999, on: .vm, flags: 0, arguments: []), .vm)
    let flags = step(.enableCapability(71, on: .vm, flags: 1, arguments: []), .vm)
    var writer = StepWriter(plan([get, strange, flags]), catalogue())
    #expect(writer.manifest().unsayable == [get, strange, flags])
  }
}
