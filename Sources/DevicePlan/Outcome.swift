import Diagnostics
import Vocabulary

/// What became of one step. A run reports; it does not throw for a step.
package enum Outcome: Hashable, Sendable {
  case ok
  case refused(Errno)
  /// The call was not made.
  case skipped(String)
  /// The model cannot tell which of these the kernel would answer.
  case undecided([Answer])
  /// The call would crash or hang the kernel.
  case hazard(String)

  package init(_ answer: Answer) {
    switch answer {
    case .ok: self = .ok
    case .refused(let errno): self = .refused(errno)
    }
  }

  /// The one answer, if there is one.
  package var answer: Answer? {
    switch self {
    case .ok: .ok
    case .refused(let errno): .refused(errno)
    case .skipped, .undecided, .hazard: nil
    }
  }
}

/// Why a host answered as it did: a rule of a schema.
package struct Reason: Hashable, Sendable {
  /// `TYPE.ATTRIBUTE:ERRNO`, or the rule's own id.
  package var id: DiagnosticID
  /// What the rule answers; nil for a warning or a hazard.
  package var errno: Errno?
  package var message: String
  /// The rule, in its schema.
  package var rule: SourceRange?
  /// The fields of the attribute's key that the rule tests, if it does not test the value.
  package var keyFields: [String]
  /// What the kernel's documentation says instead, where it differs.
  package var documented: String?

  package init(
    id: DiagnosticID, errno: Errno? = nil, message: String, rule: SourceRange?, keyFields: [String] = [],
    documented: String? = nil
  ) {
    self.id = id
    self.errno = errno
    self.message = message
    self.rule = rule
    self.keyFields = keyFields
    self.documented = documented
  }
}

/// A host's answer to one step.
package struct StepResult: Hashable, Sendable {
  package var outcome: Outcome
  /// What a get read, if the host knows.
  package var value: [UInt8]?
  /// On the model, which bits of `value` are predicted; nil where all are.
  package var valueMask: [UInt8]?
  /// The reason of each refusal among the answers.
  package var reasons: [Reason]
  /// What the kernel accepts and what still cannot work.
  package var warnings: [Reason]
  /// How long the call took; the kernel's only.
  package var nanoseconds: UInt64?
  /// A fault of the schema that the model met while it worked the answer out; the outcome is then no prediction.
  package var schemaFault: Diagnostic?

  package init(
    _ outcome: Outcome, value: [UInt8]? = nil, valueMask: [UInt8]? = nil, reasons: [Reason] = [],
    warnings: [Reason] = [], nanoseconds: UInt64? = nil, schemaFault: Diagnostic? = nil
  ) {
    self.outcome = outcome
    self.value = value
    self.valueMask = valueMask
    self.reasons = reasons
    self.warnings = warnings
    self.nanoseconds = nanoseconds
    self.schemaFault = schemaFault
  }
}

/// What runs a plan: the kernel, or the model of it.
package protocol Host: ~Copyable {
  var description: HostDescription { get }

  /// Makes the call of one step, or works out what the kernel would answer.
  mutating func perform(_ step: Step) -> StepResult

  /// Passes over a step of the plan without a call.
  ///
  /// Slots are counted by the plan's steps: a `create` step that is skipped leaves its slot empty, and the next one
  /// fills the next.
  mutating func skip(_ step: Step)
}

package struct HostDescription: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable { case kernel, model }

  package var kind: Kind
  package var architecture: Architecture
  /// The kernel's release, such as `7.2.13` or, on the model, `7.2`.
  package var release: String

  package init(kind: Kind, architecture: Architecture, release: String) {
    self.kind = kind
    self.architecture = architecture
    self.release = release
  }
}
