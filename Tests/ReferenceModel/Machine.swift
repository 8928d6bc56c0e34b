import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

// The state of a VM, with its vCPUs and devices, and what expressions see of it.
extension Interpreter {
  var vm: ObjectID? { if case .object(let vm)? = heap[machine, "vm"] { vm } else { nil } }
  var devices: [ObjectID] { objects(heap[machine, "devices"]) }
  var vcpus: [ObjectID] { objects(heap[machine, "vcpus"]) }

  private func objects(_ value: Value?) -> [ObjectID] {
    (value?.list ?? []).compactMap { if case .object(let id) = $0 { id } else { nil } }
  }

  /// Makes the VM's record.
  func allocateVM() throws(Stop) {
    let vm = heap.allocate(.vm)
    _ = heap.assign(.object(vm), to: "vm", of: machine)
    try initialise(vm, catalogue.state(of: "vm"))
  }

  /// Takes the VM away again, of which KVM_CREATE_VM made none.
  func removeVM() { _ = heap.assign(.null, to: "vm", of: machine) }

  /// Makes a vCPU's record; it enters `vcpus` when the call ends ok.
  func allocateVCPU() throws(Stop) {
    let vcpu = heap.allocate(.vcpu)
    call.vcpu = .object(vcpu)
    if case .record(let arguments) = call.argument, let id = arguments["id"] { heap.declare("id", id, in: vcpu) }
    heap.declare("index", Value(vcpus.count), in: vcpu)
    try initialise(vcpu, catalogue.state(of: "vcpu"))
  }

  /// Makes a device's record; it enters `devices` when the call ends ok.
  func allocateDevice(_ type: String, _ file: SchemaFile) throws(Stop) {
    let device = heap.allocate(.device(type))
    call.device = .object(device)
    heap.declare("type", .string(type), in: device)
    try initialise(device, catalogue.state(of: "self", in: file))
  }

  func link(_ object: Value, into list: String) { _ = heap.append(object, to: list, of: machine) }

  func unlink(_ object: Value, from list: String) {
    _ = heap.assign(.list((heap[machine, list]?.list ?? []).filter { $0 != object }), to: list, of: machine)
  }

  private func initialise(_ object: ObjectID, _ variables: [StateVariable]) throws(Stop) {
    for variable in variables {
      let value: Value
      switch variable.initial {
      case .expression(let expression): value = try self.value(of: expression)
      case .list: value = .list([])
      case .map: value = .map([:])
      case .record(let fields):
        let record = heap.allocate(.plain)
        // The record is in its place before its own fields are computed: they may read those above.
        heap.declare(variable.name, .object(record), in: object)
        try initialise(record, fields)
        continue
      }
      heap.declare(variable.name, value, in: object)
    }
  }
}

extension Interpreter {
  var payloadSize: Int? { call.payloadSize }

  func value(of root: Root) throws(EvaluationError) -> Value {
    switch root {
    case .value:
      guard let value = call.value else {
        throw EvaluationError("'value' is used before it is read", at: Span(start: 0, length: 5))
      }
      return value
    case .key: return call.key
    case .attr: return Value(call.attr)
    case .group: return Value(call.group)
    case .flags: return Value(call.flags)
    case .arg: return call.argument
    case .vcpu: return call.vcpu
    case .self: return call.device
    case .vm: return heap[machine, "vm"] ?? .null
    case .vcpus: return heap[machine, "vcpus"] ?? .unknown
    case .missing: return .string(call.missing)
    case .devices: return heap[machine, "devices"] ?? .unknown
    }
  }

  func fact(_ name: String) -> Value {
    if let value = facts[name] { return value }
    if let value = assumed[name] { return value }
    assumed[name] = .unknown
    let value = catalogue.fact(named: name)?.assumed.flatMap { try? evaluator.evaluate($0) } ?? .unknown
    assumed[name] = value
    return value
  }

  func field(_ name: String, of object: ObjectID) throws(EvaluationError) -> Value? {
    if let value = heap[object, name] { return value }
    return nil
  }
}
