import DeviceSchema
import Diagnostics
import TestSupport
import Testing
import Vocabulary
import Workspace

/// `save` and `restore` of a device, proved on the model.
@Suite struct SavedStateTests {
  private let vm = """
    schema: 2
    doc: a VM
    calls: {create: []}
    """

  /// A device with a window that is set once, and registers of which the first resets the second.
  private func thing(_ lists: String) -> String {
    """
    schema: 2
    number: 1000
    doc: a thing
    state: {self: {window: null, regs: {}}}
    groups:
      window:
        number: 0
        payload: u64
        set:
          - read: value
          - 3️⃣if: self.window != null
            EBUSY: the window is set
          - assign: {self.window: value}
        get:
          - 4️⃣if: self.window == null
            ENXIO: the window is not set
          - write: self.window
      regs:
        number: 1
        key: {reg: {bits: 7..0}}
        payload: u32
        set:
          - read: value
          - assign: {"self.regs[key.reg]": value}
          - if: key.reg == 0
            assign: {"self.regs[1]": 0}
        get:
          - write: self.regs[key.reg] ?? 0
    tests:
      - steps:
          - {create-vm: {}}
          - {create: thing}
          - {set: thing.window, value: 0x1000}
          - {set: thing.window, value: 0x1000, expect: EBUSY}
          - {set: thing.regs, reg: 0, value: 5}
          - {set: thing.regs, reg: 1, value: 7}
          - {get: thing.window, value: 0x1000}
      - steps:
          - {create-vm: {}}
          - {create: thing}
          - {get: thing.window, expect: ENXIO}
    \(lists)
    """
  }

  private func expectFindings(
    _ lists: String, _ expected: ExpectedDiagnostic..., sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let text = MarkedText(thing(lists), path: "s390x/thing.yaml")
    expectDiagnostics(in: text, expected, sourceLocation: sourceLocation) { file in
      var settings = Settings()
      let vm = SourceFile(path: "s390x/vm.yaml", bytes: Array(vm.utf8))
      settings.schemas = [file, vm].map { SchemaSource(path: $0.path, file: $0) }
      return settings.runExamples(in: [])
    }
  }

  @Test func stateIsRestored() {
    expectFindings(
      """
      save:
        - get: window
          if: self.window != null
        - for: n in 0..1
          get: regs
          reg: n
      """)
    expectFindings(
      """
      save:
        - for: n in 0..1
          do:
            - get: regs
              reg: 1 - n
        - {get: window, if: self.window != null}
      restore:
        - set: window
        - {set: regs, reg: 0}
        - set: regs
      """)
  }

  @Test func wrongOrderIsFound() {
    expectFindings(
      """
      save:
        - {get: window, if: self.window != null}
        - {get: regs, reg: 1}
        - {get: regs, reg: 0}
      restore:
        1️⃣- set: window
        - {set: regs, reg: 1}
        - {set: regs, reg: 0}2️⃣
      """,
      .init(
        "1️⃣", to: "2️⃣", "schema-state",
        "'thing.regs', number 0x1, is 7 before it is saved and 0 once it is restored"))
  }

  @Test func valueThatIsNotRestoredIsFound() {
    expectFindings(
      """
      save:
        - {get: window, if: self.window != null}
        - {get: regs, reg: 1}
      restore:
        1️⃣- set: regs2️⃣
      """,
      .init(
        "1️⃣", to: "2️⃣", "schema-state",
        "once the state is restored, 'save' reads 'thing.regs', number 0x1, where it read 'thing.window'"))
  }

  @Test func refusedCallIsAtItsStatement() {
    expectFindings(
      """
      save:
        - 1️⃣get2️⃣: window
      """,
      .init(
        "1️⃣", to: "2️⃣", "thing.window:ENXIO", "the kernel would answer ENXIO: the window is not set",
        notes: [.init("4️⃣", "the rule is here")]))
    expectFindings(
      """
      save:
        - {get: window, if: self.window != null}
      restore:
        - set: window
        - 1️⃣set2️⃣: window
          value: 0x2000
          if: self.window != null
      """,
      .init(
        "1️⃣", to: "2️⃣", "thing.window:EBUSY", "the kernel would answer EBUSY: the window is set",
        notes: [.init("3️⃣", "the rule is here")]))
  }

  @Test func unknownValueIsAtItsExpression() {
    expectFindings(
      """
      save:
        - get: regs
          reg: 1️⃣bits(unknown, 3, 0)2️⃣
      """,
      .init("1️⃣", to: "2️⃣", "schema-evaluation", "the value of 'bits(unknown, 3, 0)' is not known"))
  }
}
