import DeviceSchema
import Expressions

// The records of the VM, of vCPUs and of devices.
extension Machine {
  var hasVM: Bool { memory[Memory.vm].tag == .object }

  /// Makes the VM's record.
  mutating func allocateVM() throws(Stop) {
    epoch += 1
    let layout = program.layout(of: .vm, in: nil)
    let vm = memory.allocateObject(layout.shape, fields: layout.count)
    memory.write(.object(vm), to: Memory.vm)
    try initialise(vm, layout.initials)
  }

  /// Takes the VM away again, of which KVM_CREATE_VM made none.
  mutating func removeVM() {
    epoch += 1
    memory.write(.null, to: Memory.vm)
  }

  /// Makes a vCPU's record; it enters `vcpus` when the call ends ok.
  mutating func allocateVCPU() throws(Stop) {
    let layout = program.layout(of: .vcpu, in: nil)
    let vcpu = memory.allocateObject(layout.shape, fields: layout.count)
    call.vcpu = .object(vcpu)
    if call.argument.tag == .record,
      let place = program.shapes.place(of: program.shapes.name("id"), in: shape(of: call.argument))
    {
      memory.write(load(call.argument.address + 1 + place), to: vcpu + 1)
    }
    memory.write(.integer(Int64(memory[Memory.vcpus].count)), to: vcpu + 2)
    try initialise(vcpu, layout.initials)
  }

  /// Makes a device's record; it enters `devices` when the call ends ok.
  mutating func allocateDevice(_ type: String, _ file: SchemaFile) throws(Stop) {
    let layout = program.layout(of: .device(type), in: file)
    let device = memory.allocateObject(layout.shape, fields: layout.count)
    call.device = .object(device)
    memory.write(program.pool.string(type), to: device + 1)
    try initialise(device, layout.initials)
  }

  /// Makes the record of a device without a schema.
  mutating func allocateUnknownDevice() {
    call.device = .object(memory.allocateObject(program.shapes.shape(.plain, []), fields: 0))
  }

  /// Removes a record from a list of the machine.
  mutating func unlink(_ record: Cell, fromListAt address: Address) {
    let rest = elements(of: memory[address]).filter { $0 != record }
    let start = memory.allocateList(rest.count)
    for (i, element) in rest.enumerated() { memory.write(element, to: start + Address(i)) }
    memory.write(.list(start: start, count: rest.count), to: address)
  }

  private mutating func initialise(_ record: Address, _ initials: [InitialField]) throws(Stop) {
    for initial in initials {
      let address = record + 1 + initial.place
      switch initial.value {
      case .constant(let value): memory.write(value, to: address)
      case .expression(let id): memory.write(try initialValue(id), to: address)
      case .list: memory.write(.emptyList, to: address)
      case .map: memory.write(memory.allocateMap(), to: address)
      case .record(let layout):
        let inner = memory.allocateObject(layout.shape, fields: layout.count)
        // The record is in its place before its own fields are computed: they may read those above.
        memory.write(.object(inner), to: address)
        try initialise(inner, layout.initials)
      }
    }
  }

  private mutating func initialValue(_ id: ExpressionID) throws(Stop) -> Cell {
    do throws(Fault) {
      return try evaluateApart(program.roots[Int(id)])
    } catch {
      throw faulty(faultText, in: id)
    }
  }
}
