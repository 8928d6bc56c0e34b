import Expressions

/// A node of an expression in a program: 16 bytes, its operands are other nodes.
///
/// Names are numbers and locals are slots. Functions are written out at their calls.
enum Code {
  case constant(ConstantID)
  case local(Slot)
  /// The payload, the key, the arguments, the vCPU or the device of the call, or what its lookup did not find.
  case subject(Subject)
  case number(CallNumber)
  /// A cell of the machine's state: the VM, its vCPUs or its devices.
  case state(Address)
  case fact(FactID)
  case field(CodeID, NameID)
  /// A field of a local, whose own code is the base.
  case fieldOfLocal(CodeID, NameID, Slot)
  case index(CodeID, CodeID)
  case list(Operands)
  case builtin(Builtin, Operands)
  case loop(LoopID)
  /// The value of a local or, while that is absent, of an expression.
  case kept(Slot, CodeID)
  /// A function's body, after its arguments have been stored in their slots.
  case call(Arguments, CodeID)
  /// A function whose body has faults.
  case broken(ConstantID)
  case unary(UnaryOperator, CodeID)
  case and(CodeID, CodeID)
  case or(CodeID, CodeID)
  /// `a ?? b`
  case orElse(CodeID, CodeID)
  /// `x in a..b`, which the bounds decide without a list.
  case within(CodeID, low: CodeID, high: CodeID)
  case binary(BinaryOperator, CodeID, CodeID)
  /// A binary operator whose right operand is the code of a constant.
  case binaryConstant(BinaryOperator, CodeID, CodeID, ConstantID)
  case conditional(CodeID, CodeID, CodeID)

  /// The operands of a comparison for equality.
  var equation: (left: CodeID, right: CodeID)? {
    switch self {
    case .binary(.equal, let left, let right), .binaryConstant(.equal, let left, let right, _): (left, right)
    default: nil
    }
  }
}

/// The code of a call of a function, without that of its arguments.
struct WrittenOutCall {
  var function: String
  var first: CodeID
  var end: CodeID

  func contains(_ code: CodeID) -> Bool { first <= code && code < end }
}

typealias CodeID = Int32
typealias ConstantID = Int32
typealias Slot = Int32
typealias FactID = Int32
typealias LoopID = Int32
typealias ExpressionID = Int32

/// Neighbours in one of the program's lists.
struct Operands {
  var first: Int32
  var count: Int32

  var range: Range<Int> { Int(first)..<Int(first + count) }
}

/// The arguments of a function: operands, which are stored in slots from `slot` on.
struct Arguments {
  var first: Int32
  var count: Int16
  var slot: Int16
}

/// The predefined names that are values of the call.
enum Subject: UInt8 {
  case value, key, argument, vcpu, device, missing
}

/// The predefined names that are numbers of the call.
enum CallNumber: UInt8 {
  case attribute, group, flags, payloadSize
}

/// `list.first(x, P)` and its like.
struct LoopCode {
  var kind: Comprehension
  var list: CodeID
  /// The variable, and what is computed of it.
  var slot: Slot
  var body: CodeID
  /// What the condition begins with, if it is a search.
  var search: SearchCode?
  /// All that the body depends on besides the variable, if the list is a table of constants.
  var inputs: Operands?
}

/// `F(x) == WANTED`, where F depends on the element alone, and WANTED does not.
struct SearchCode {
  var value: CodeID
  var wanted: CodeID
  /// What F is, for indexes: equal expressions have one.
  var key: KeyID
  /// Whether this is the whole condition. Otherwise it is `F(x) == WANTED && …`.
  var isAll: Bool
}

/// What elements are looked up by.
struct KeyCode {
  var value: CodeID
  var variable: Slot
  /// The fields that the value depends on.
  var fields: [NameID]
}

typealias KeyID = Int32

/// A part of a loop's body that is the same for all elements.
struct LoopInput {
  var code: CodeID
  /// The slot in which the value is kept during the loop; nil if it is a local anyway.
  var slot: Slot?
}
