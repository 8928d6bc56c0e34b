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
}
