import TestSupport
import Testing

/// The statements of `save` and `restore`.
@Suite struct SavedStateTests {
  private func thing(_ lists: String) -> String {
    """
    schema: 2
    number: 1000
    doc: a thing
    sources: [virt/kvm/thing.c]
    groups:
      ctrl:
        number: 0
        doc: commands
        attributes:
          start: {number: 0, doc: starts it, payload: none, set: [], examples: [{expect: ok}]}
      regs:
        number: 1
        doc: registers
        key: {reg: {bits: 7..0, doc: the register}}
        payload: u32
        set: [{read: value}]
        get: [{write: 0}]
        examples: [{reg: 0, value: 0}, {call: get, reg: 0}]
    \(lists)
    """
  }

  @Test func goodListsHaveNoFaults() {
    expectFaults(
      in: thing(
        """
        save:
          - set: ctrl.start
          - for: n in 0..3
            if: n != 2
            get: regs
            doc: all but the third
            reg: n
        restore:
          - {set: regs, reg: 0, value: 0xff}
          - {set: regs, reg: 1, value: regs}
          - set: regs
          - set: ctrl.start
        """))
  }

  @Test func attributesAndKeysMustExist() {
    expectFaults(
      in: thing("save:\n  - {get: 1️⃣reg, reg: 0}"),
      .init("1️⃣", "schema-unknown-name", "device type 'thing' has no attribute 'reg'; did you mean 'regs'?"))
    expectFaults(
      in: thing("save:\n  - {get: regs, reg: 0, 1️⃣inptu: 0}"),
      .init("1️⃣", "schema-unknown-key", "a statement has no key 'inptu'; did you mean 'input'?"))
    expectFaults(
      in: thing("save:\n  - {get: regs, reg: 1️⃣slef}"),
      .init("1️⃣", "schema-expression", "unknown name 'slef'; did you mean 'self'?"))
    expectFaults(
      in: thing("save:\n  - {get: 1️⃣regs}"), .init("1️⃣", "schema-type", "'regs' needs 'reg'"))
  }

  @Test func callsMustExist() {
    expectFaults(
      in: thing("save:\n  - {get: 1️⃣ctrl.start}"), .init("1️⃣", "schema-type", "'ctrl.start' has no get"))
    expectFaults(
      in: thing("save:\n  - 1️⃣{if: true}2️⃣"), .init("1️⃣", to: "2️⃣", "schema-type", "a statement needs 'get', 'set' or 'do'")
    )
  }

  @Test func savedValuesAreReadInSaveOnly() {
    expectFaults(
      in: thing("restore:\n  - {1️⃣get: regs, reg: 0}"),
      .init("1️⃣", "schema-type", "'restore' has no 'get'; what was read is in 'save'"))
    expectFaults(
      in: thing("save:\n  - 1️⃣{set: regs, reg: 0}"),
      .init("1️⃣", "schema-type", "a set of 'save' needs a 'value': 'regs' has a payload"))
  }

  @Test func onlyDevicesHaveState() {
    expectFaults(
      in: "schema: 2\ndoc: a VM\nsources: [x.c]\ncalls: {create: []}\nsave: 1️⃣[]",
      .init("1️⃣", "schema-unknown-key", "'save' belongs in the file of a device"), path: "arm64/vm.yaml")
  }
}
