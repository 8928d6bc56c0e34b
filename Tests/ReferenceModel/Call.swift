import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The state of one call while it is evaluated: the values that its rules see.
struct CallContext {
  /// The descriptor's schema file. Default ids of rules begin with its name.
  var file: SchemaFile
  /// The part of ids after the file: `addr.dist`, `create`, `run`.
  var path: String
  var vcpu: Value = .null
  var device: Value = .null
  var key: Value = .null
  var argument: Value = .null
  var attr: UInt64 = 0
  var group: UInt32 = 0
  var flags: UInt32 = 0
  /// What the lookup of the group and the attribute did not find, in words.
  var missing = ""
  /// The rules of the capability that KVM_ENABLE_CAP enables.
  var capability: RuleFrame?
  /// The length of the caller's buffer in bytes; nil if it is not known.
  var payloadSize: Int?
  /// The type of the payload.
  var payloadType = PayloadType.none
  /// Whether the kernel can write a payload of that type.
  var isWritable = false
  /// The value that the kernel wrote.
  var written: PayloadBytes?
  /// The payload that the kernel would read; nil if there is none.
  var payload: Payload?
  /// The value that rules see, set when the kernel copies the payload in.
  var value: Value?

  enum Payload {
    case value(Value)
    /// The pointer is invalid.
    case invalid
  }
}

/// How a call ended: thrown from wherever in the rules that is.
enum Stop: Error {
  case ok
  case refused(Errno, Reason)
  case hazard(String, Reason)
  /// A fault of the schema.
  case fault(Diagnostic)
}

/// One possible course of a call.
struct Branch {
  enum End {
    case answer(Answer, Reason?)
    case hazard(String, Reason)
    case fault(Diagnostic)
  }

  var end: End
  var warnings: [Reason] = []
  /// The value that a get reads.
  var value: PayloadBytes?
  /// The call at the end of the branch, with the vCPU or device that it created.
  var call: CallContext?
  /// The changes of the branch; nil if the state already includes them.
  var delta: Heap.Delta?

  var answer: Answer? {
    switch end {
    case .answer(let answer, _): answer
    case .hazard, .fault: nil
    }
  }
}
