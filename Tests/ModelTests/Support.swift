import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import TestSupport
import Testing
import Vocabulary

/// A few schemas, and the facts of a host.
struct TestModel {
  var files: [String: String]
  var facts: [String: Value] = [:]
  var release = "7.2"
  var course = ModelHost.Course.expected

  /// - Parameters:
  ///   - thing: the schema of the device type `thing`, after its head.
  ///   - vm: the text of `vm.yaml` after its head; likewise the others.
  init(
    thing: String = "", vm: String = "", vcpu: String = "", system: String? = nil, facts: [String: Value] = [:],
    release: String = "7.2", course: ModelHost.Course = .expected, beside others: [String: String] = [:]
  ) {
    files = [
      "arm64/thing.yaml": "schema: 2\nnumber: 3\n\(thing)", "arm64/vm.yaml": "schema: 2\n\(vm)",
      "arm64/vcpu.yaml": "schema: 2\n\(vcpu)",
    ]
    if let system { files["arm64/system.yaml"] = "schema: 2\n\(system)" }
    for (path, text) in others { files[path] = text }
    self.facts = facts
    self.release = release
    self.course = course
  }

  /// A model whose device type `thing` has group 0 with attribute 0, `number.value`, a u32 whose `set` has these rules.
  /// They begin with `read: value`, unless one of them, or a function in `more`, reads it.
  init(rules: String, more: String = "", vm: String = "", vcpu: String = "", facts: [String: Value] = [:]) {
    let reads = [rules, more].contains { $0.contains("read: value") }
    self.init(
      thing: """
        \(more)
        groups:
          number:
            number: 0
            attributes:
              value:
                number: 0
                payload: u32
                set:
        \(((reads ? "" : "- read: value\n") + rules).indented(by: 10))
        """, vm: vm, vcpu: vcpu, facts: facts)
  }

  var catalogue: Catalogue {
    TestSupport.catalogue(schemaSources(files), release: release)
  }

  func results(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) -> [StepResult] {
    let catalogue = catalogue
    var host = ModelHost(CompiledSchemas(catalogue), facts: facts, course: course)
    let results = steps.map { host.perform($0) }
    #expect(
      catalogue.faults.diagnostics.map { "\($0.range.map(\.description) ?? ""): \($0.message)" } == [],
      sourceLocation: sourceLocation)
    return results
  }

  /// The outcome of each step: `ok`, an errno, `ok or EINVAL`, …, and the value of a get: `ok 0x5`.
  func outcomes(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
    results(steps, sourceLocation: sourceLocation).map(\.words)
  }

  /// The outcomes of the steps after the creation of a VM and a `thing`.
  func onThing(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
    Array(outcomes([createVM, createThing] + steps, sourceLocation: sourceLocation).dropFirst(2))
  }
}

extension StepResult {
  var words: String {
    if let schemaFault {
      return "fault \(schemaFault.range.map(\.description) ?? "nowhere"): \(schemaFault.message)"
    }
    var words = outcome.words
    if case .skipped(let reason) = outcome { words += ": \(reason)" }
    if number == nil { words += " with an unknown number" }
    if let number, number != 0 { words += " \(number)" }
    if let value {
      let known = zip(value, valueMask ?? value.map { _ in 0xFF }).map { $0 & $1 }
      let number = known.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      words += " 0x" + String(number, radix: 16)
      if let valueMask, !valueMask.allSatisfy({ $0 == 0xFF }) {
        words += " of 0x" + String(valueMask.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }, radix: 16)
      }
    }
    return words
  }
}

// MARK: Steps

private let manifest = SourceFile(path: "vm.yaml", bytes: [])

func step(_ operation: DevicePlan.Operation, _ target: TargetName = .device("thing"), attribute: String? = nil) -> Step
{
  let place = Position(line: 1, column: 1)
  return Step(
    operation, target: target, attribute: attribute, at: SourceRange(file: manifest, start: place, end: place))
}

extension Step {
  /// The step, with these answers expected.
  func expecting(_ answers: String...) -> Step {
    var step = self
    step.expected = answers.map { Answer($0)! }
    return step
  }
}

let createVM = step(.createVM(type: 0), .vm)
let createThing = create(3)

func create(_ type: UInt32, flags: UInt32 = 0) -> Step { step(.createDevice(type: type, flags: flags)) }
func test(_ type: UInt32) -> Step { step(.testDevice(type: type, flags: 0)) }
func close(_ slot: Int) -> Step { step(.closeDevice(slot)) }
func createVCPU(_ id: UInt64) -> Step { step(.createVCPU(id: id), .vcpu(id)) }
func initVCPU(_ slot: Int, features: UInt64 = 0) -> Step { step(.initVCPU(slot, features: features, finalize: [])) }
func run(_ slot: Int) -> Step { step(.runVCPU(slot)) }

func bytes(_ value: UInt64, _ size: Int = 4) -> AttributeData {
  .bytes((0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) })
}

func call(
  _ data: AttributeData, on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0, flags: UInt32 = 0
) -> AttributeCall {
  AttributeCall(target: target, group: group, attr: attr, flags: flags, data: data)
}

func set(_ value: UInt64, on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0, size: Int = 4) -> Step {
  step(.setAttribute(call(bytes(value, size), on: target, group: group, attr: attr)))
}

/// A set with a payload of any length.
func send(_ bytes: [UInt8], attr: UInt64 = 0) -> Step { step(.setAttribute(call(.bytes(bytes), attr: attr))) }

/// A set with an invalid pointer.
func setInvalid(on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0) -> Step {
  step(.setAttribute(call(.invalid, on: target, group: group, attr: attr)))
}

/// A set without a payload.
func setNothing(on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0) -> Step {
  step(.setAttribute(call(.none, on: target, group: group, attr: attr)))
}

func get(on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0, input: UInt64 = 0, size: Int = 4) -> Step
{
  step(.getAttribute(call(bytes(input, size), on: target, group: group, attr: attr)))
}

func getInvalid(on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0) -> Step {
  step(.getAttribute(call(.invalid, on: target, group: group, attr: attr)))
}

func has(on target: Target = .device(0), group: UInt32 = 0, attr: UInt64 = 0) -> Step {
  step(.hasAttribute(call(.none, on: target, group: group, attr: attr)))
}
