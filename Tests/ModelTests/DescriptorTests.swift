import DevicePlan
import Model
import Testing

/// Descriptors in payloads.
@Suite struct DescriptorTests {
  /// A bare descriptor number may be open or not; -1 never is.
  @Test func bareNumberMayBeOpen() {
    let model = TestModel(
      thing: """
        groups:
          files:
            number: 1
            payload: fd
            attributes:
              add:
                number: 0
                set:
                  - read: value
                  - if: value < 0
                    EBADF: not open
                get:
                  - write: unknown
        """)
    func add(_ data: AttributeData) -> Step {
      step(.setAttribute(AttributeCall(target: .device(0), group: 1, attr: 0, data: data)))
    }
    #expect(
      model.outcomes([createVM, createThing, add(.bytes([0xFF, 0xFF, 0xFF, 0xFF])), add(.bytes([0x40, 0, 0, 0]))])
        .suffix(2) == ["EBADF", "EBADF or ok"])
    let file = AttributeData.bytes([0, 0, 0, 0], slots: [.file(0, offset: 0)])
    #expect(model.outcomes([createVM, createThing, add(file)]).last == "ok")
  }

  /// The same holds for a descriptor in a struct.
  @Test func bareNumberInAStructMayBeOpen() {
    let model = TestModel(
      thing: """
        structs:
          thing_files:
            flags: u32
            file: fd
        groups:
          files:
            number: 1
            payload: struct thing_files
            attributes:
              add:
                number: 0
                set:
                  - read: value
                  - if: value.file < 0
                    EBADF: not open
                get:
                  - write: unknown
        """)
    func add(_ data: AttributeData) -> Step {
      step(.setAttribute(AttributeCall(target: .device(0), group: 1, attr: 0, data: data)))
    }
    let bare: [UInt8] = [0, 0, 0, 0, 0x40, 0, 0, 0]
    #expect(model.outcomes([createVM, createThing, add(.bytes(bare))]).last == "EBADF or ok")
    let file = AttributeData.bytes(bare, slots: [.file(0, offset: 4)])
    #expect(model.outcomes([createVM, createThing, add(file)]).last == "ok")
  }

  /// A call that the schemas describe by its macro: its rules see the struct as `arg`, once the kernel has read it.
  @Test func requestsReadTheirStruct() {
    let model = TestModel(
      vm: """
        structs: {toy_line: {irq: u32, level: u32}}
        state: {vm: {lines: {}}}
        calls:
          line:
            KVM_TOY_LINE: _IOWR(KVMIO, 0x61, struct toy_line)
            do:
              - if: size(vm.lines) == 2
                EBUSY: there are two lines
              - read: arg
              - if: arg.level > 1
                EINVAL: the level is 0 or 1
              - assign:
                  vm.lines[arg.irq]: arg.level
              - write: {irq: 7}
              - return: size(vm.lines)
          plain:
            KVM_TOY_PLAIN: _IO(KVMIO, 0x62)
            do:
              - ENXIO: there is nothing to do
          unknown:
            KVM_TOY_UNKNOWN: _IOR(KVMIO, 0x63, u64)
        """, course: .predicted)
    func line(_ data: AttributeData) -> Step {
      step(.request(RequestCall(target: .vm, request: 0xC008_AE61, data: data)), .vm)
    }
    func send(_ irq: UInt64, _ level: UInt64) -> Step { line(bytes(irq | level << 32, 8)) }
    #expect(
      model.outcomes([
        createVM, send(3, 1), send(4, 2), line(.invalid), line(bytes(0, 4)), send(3, 0), send(5, 1), send(6, 1),
        step(.request(RequestCall(target: .vm, request: 0xAE62, data: .none)), .vm),
        step(.request(RequestCall(target: .vm, request: 0x8008_AE63, data: bytes(0, 8))), .vm),
        step(.request(RequestCall(target: .vm, request: 0x8008_AE64, data: bytes(0, 8))), .vm),
      ]) == [
        "ok", "ok 1 0x7 of 0xffffffff", "EINVAL", "EFAULT", "EFAULT", "ok 1 0x7 of 0xffffffff",
        "ok 2 0x7 of 0xffffffff", "EBUSY", "ENXIO", "nothing", "nothing",
      ])
  }
}
