import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions

/// Runs rules over the state of a VM.
///
/// The machine is a value that holds all it works on, the program included: evaluating an expression touches no other
/// object.
struct Machine {
  /// The program, which the machine's owner lends for each call.
  var program: Program
  var memory = Memory()
  var call: CallState

  /// The locals. Those of rules begin at 0; what is evaluated in between, such as an initial value, has its own.
  var locals: [Cell] = []
  /// The number of the list's element that the innermost loop of the rules has reached, from 0.
  var element: Int?
  /// The first slot of the running code.
  var base = 0
  /// The number of routines that run: 0 in the expressions of rules.
  var depth = 0

  /// The given facts of the host.
  var given: [String: Cell] = [:]
  /// The values of facts, as far as they were asked for.
  var facts: [Cell] = []

  /// Counts the changes of fields, by name, for the indexes of lists.
  var versions: [Int64] = []
  /// Counts the changes of anything else.
  var epoch: Int64 = 0
  var indexes = FieldIndexes()

  var decisions = Decisions()
  /// Refusals are passed over: the call is taken to have succeeded.
  var ignoresRefusals = false
  /// The reasons of the refusals that are passed over, if they are collected.
  var passedOver: [Reason]?
  /// Whether a refused call is being corrected: see `ModelHost.Course.corrected`.
  var corrects = false
  var warnings: [Reason] = []
  /// The parts of the VM's map that the call adds.
  var occupied: [Occupied] = []
  /// How the call ended, if it did not run to its end.
  var ending: Branch.End?
  /// The words of the latest fault.
  var faultText = ""
  /// Records which rules were reached.
  let trace: RuleTrace?

  init(_ catalogue: Catalogue, trace: RuleTrace?) {
    program = Program(catalogue)
    self.trace = trace
    call = CallState(file: catalogue.files[0], path: "")
  }

  /// Stores the given facts of the host, before the first call.
  mutating func give(_ facts: [String: Value]) {
    memory.begin()
    for (name, value) in facts { given[name] = cell(of: value) }
    memory.keep()
    memory.finish()
  }

  var catalogue: Catalogue { program.catalogue }

  /// A cell of the memory, or a constant.
  @inline(__always)
  func load(_ address: Address) -> Cell { address < 0 ? program.constant(at: address) : memory[address] }

  /// Compiles an expression that no local surrounds.
  mutating func compile(_ expression: Expression) -> ExpressionID {
    let id = program.compile(expression)
    reserveLocals(Int(program.slotCount))
    return id
  }

  /// Makes room for the locals of rules.
  mutating func reserveLocals(_ count: Int) {
    if locals.count < count { locals += Array(repeating: .unknown, count: count - locals.count + 64) }
  }
}

/// The state of one call: the values that its rules see.
struct CallState {
  /// The descriptor's schema file. Default ids of rules begin with its name.
  var file: SchemaFile
  /// The part of ids after the file: `addr.dist`, `create`, `run`.
  var path: String
  var vcpu = Cell.null
  var device = Cell.null
  var key = Cell.null
  var argument = Cell.null
  /// The attribute that the lookup found.
  var attribute: AttributeCallID?
  var attr: UInt64 = 0
  var group: UInt32 = 0
  var flags: UInt32 = 0
  /// What the lookup of the group and the attribute did not find, in words.
  var missing = ""
  /// Whether the lookup found the attribute, and it does not have the call.
  var lacksAccess = false
  /// The rules of the capability that KVM_ENABLE_CAP enables.
  var capability: RuleFrame?
  /// The length of the caller's buffer in bytes; nil if it is not known.
  var payloadSize: Int?
  /// The type of the payload.
  var payloadType = PayloadType.none
  /// The caller's buffer, which the kernel can write; nil if the pointer is invalid.
  var buffer: [UInt8]?
  /// The number that the call answers if it succeeds; nil if it is unknown.
  var number: UInt32? = 0
  /// The value that the kernel wrote.
  var written: PayloadBytes?
  /// Whether the payload is the argument of the call, `arg`, and not the value of an attribute.
  var readsArgument = false
  /// The payload that the kernel would read.
  var payload = Payload.none
  /// The value that rules see; absent until the kernel copies the payload in.
  var value = Cell.absent

  enum Payload {
    case none
    /// The pointer is invalid.
    case invalid
    /// The payload as far as the caller supplies it.
    case value(Cell, isWhole: Bool)
  }
}
