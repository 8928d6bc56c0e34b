import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// One call while it is worked out: what its rules see.
struct CallContext {
  /// The descriptor's schema file: names the rules' default ids.
  var file: SchemaFile
  /// What ids name behind the file: `addr.dist`, `create`, `run`.
  var path: String
  var vcpu: Value = .null
  var device: Value = .null
  var key: Value = .null
  var argument: Value = .null
  var attr: UInt64 = 0
  var group: UInt32 = 0
  var flags: UInt32 = 0
  /// The payload that the kernel would read; nil if there is none.
  var payload: Payload?
  /// Set when the kernel has copied the payload in.
  var value: Value?

  enum Payload {
    case value(Value)
    /// The pointer leads nowhere.
    case invalid
  }
}

extension CallContext {
  init(file: SchemaFile, _ call: DescriptorCall, device: Value = .null, argument: Value = .null) {
    self.init(file: file, path: call.rawValue, device: device, argument: argument)
  }
}

/// How a call ended: thrown from wherever in the rules that is.
enum Stop: Error {
  case ok
  case refused(Errno, Reason)
  case hazard(String, Reason)
  /// The schema is at fault.
  case fault(Diagnostic)
}

/// One way that a call can go.
struct Branch {
  enum End {
    case answer(Answer, Reason?)
    case hazard(String, Reason)
    case fault(Diagnostic)
  }

  var end: End
  var warnings: [Reason] = []
  /// What a get reads.
  var value: PayloadBytes?
  /// The call as the branch left it: the vCPU or device that it made.
  var call: CallContext?
  /// What the branch changed; nil where the change stands already.
  var delta: Heap.Delta?

  var answer: Answer? {
    switch end {
    case .answer(let answer, _): answer
    case .hazard, .fault: nil
    }
  }
}
