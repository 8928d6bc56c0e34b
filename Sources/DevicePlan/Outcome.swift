import Diagnostics
import Vocabulary

/// The outcome of one step. A failed step is reported, not thrown.
package enum Outcome: Hashable, Sendable {
  case ok
  case refused(Errno)
  /// The call was not made.
  case skipped(String)
  /// The call was not made, because a value that an earlier step read does not fit into it.
  case unfit(String)
  /// The model cannot decide which of these the kernel would answer.
  case undecided([Answer])
  /// The call would crash or hang the kernel.
  case hazard(String)

  package init(_ answer: Answer) {
    switch answer {
    case .ok: self = .ok
    case .refused(let errno): self = .refused(errno)
    }
  }

  /// The answer, if there is exactly one.
  package var answer: Answer? {
    switch self {
    case .ok: .ok
    case .refused(let errno): .refused(errno)
    case .skipped, .unfit, .undecided, .hazard: nil
    }
  }
}

/// The reason for a host's answer: a rule of a schema.
package struct Reason: Hashable, Sendable {
  /// `TYPE.ATTRIBUTE:ERRNO`, or the rule's own id.
  package var id: DiagnosticID
  /// The errno of the rule; nil for a warning or a hazard.
  package var errno: Errno?
  package var message: String
  /// The place of the rule in its schema.
  package var rule: SourceRange?
  /// The fields of the attribute's key, or the arguments of the call and their members, such as `irq.num`, that the rule
  /// tests, if it does not test the value. The one that is most probably wrong comes first.
  package var keyFields: [String]
  /// The members of the call's value that the rule tests, such as `u.pin`.
  package var valueFields: [String]
  /// The number of the element that the rule tests, if the value has a list, from 0.
  package var element: Int?
  /// The predefined names that the rule's condition reads, such as `value` or `vcpus`.
  package var roots: Set<String>
  /// The same, also by way of locals; `local` if the condition reads a local of which nothing is known.
  package var origins: Set<String> = []
  /// The attributes whose absence is the reason, if it is that: one of them is to be set. The first part of a path is the
  /// device type, `vm` or `vcpu`.
  package var missing: [String]
  /// The attributes whose values are the reason, if the plan sets one of them: the most probable one first.
  package var blames: [String]
  /// Whether it is that the release of the kernel lacks something.
  package var isAboutRelease = false
  /// Whether the schema says which part of the call is wrong.
  package var blamesPart = false
  /// What the kernel's documentation says instead, if it differs.
  package var documented: String?

  package init(
    id: DiagnosticID, errno: Errno? = nil, message: String, rule: SourceRange?, keyFields: [String] = [],
    valueFields: [String] = [], element: Int? = nil, roots: Set<String> = [], missing: [String] = [],
    blames: [String] = [], documented: String? = nil
  ) {
    self.id = id
    self.errno = errno
    self.message = message
    self.rule = rule
    self.keyFields = keyFields
    self.valueFields = valueFields
    self.element = element
    self.roots = roots
    self.missing = missing
    self.blames = blames
    self.documented = documented
  }

  /// Whether the rule tests what the call passes: its value, its key or its arguments.
  package var isAboutValue: Bool { !roots.isDisjoint(with: ["value", "key", "arg", "attr", "flags"]) }

  /// Whether the rule tests what the call passes, or an element of a list, which may be passed.
  package var isAboutPart: Bool { isAboutValue || element != nil && !valueFields.isEmpty }

  /// Whether the rule tests what earlier calls have done.
  package var isAboutState: Bool { !roots.isDisjoint(with: ["vm", "vcpus", "vcpu", "self", "devices"]) }
}

/// A host's answer to one step.
package struct StepResult: Hashable, Sendable {
  package var outcome: Outcome
  /// The number that an attribute call answered if it succeeded, most often 0; nil if the host does not know it.
  package var number: UInt32?
  /// How long the call took; only on the kernel.
  package var nanoseconds: UInt64?
  /// The bytes that a get read, if the host knows them.
  package var value: [UInt8]? {
    get { storage.first?.value }
    set { details.value = newValue }
  }
  /// On the model, the bits of `value` that are predicted; nil if all are.
  package var valueMask: [UInt8]? {
    get { storage.first?.valueMask }
    set { details.valueMask = newValue }
  }
  /// The reason for each refusal among the answers.
  package var reasons: [Reason] {
    get { storage.first?.reasons ?? [] }
    set { details.reasons = newValue }
  }
  /// Further reasons for a refusal, which the kernel would give after the first one is mended.
  package var further: [Reason] {
    get { storage.first?.further ?? [] }
    set { details.further = newValue }
  }
  /// Whether the answer depends on what an earlier call would have set that is refused, or has an error.
  package var dependsOnRefused: Bool {
    get { storage.first?.dependsOnRefused ?? false }
    set { details.dependsOnRefused = newValue }
  }
  /// Whether a hazard depends on something unknown, so that the call may be harmless.
  package var mayBeHarmless: Bool {
    get { storage.first?.mayBeHarmless ?? false }
    set { details.mayBeHarmless = newValue }
  }
  /// The call without which this one would not be refused.
  package var conflict: SourceRange? {
    get { storage.first?.conflict }
    set { details.conflict = newValue }
  }
  /// The setting whose value is why a later call is refused.
  package var culprit: SourceRange? {
    get { storage.first?.culprit }
    set { details.culprit = newValue }
  }
  /// What is missing for the call not to be refused, in words.
  package var remedy: String? {
    get { storage.first?.remedy }
    set { details.remedy = newValue }
  }
  /// What the schemas say of a kernel's answer that the model did not predict.
  package var unpredicted: String? {
    get { storage.first?.unpredicted }
    set { details.unpredicted = newValue }
  }
  /// The reasons why the call cannot work although the kernel accepts it.
  package var warnings: [Reason] {
    get { storage.first?.warnings ?? [] }
    set { details.warnings = newValue }
  }
  /// A fault in the schema that the model found while it predicted the answer. The outcome is then not a prediction.
  package var schemaFault: Diagnostic? {
    get { storage.first?.schemaFault }
    set { details.schemaFault = newValue }
  }

  /// What few results have.
  private struct Details: Hashable {
    var value: [UInt8]?
    var valueMask: [UInt8]?
    var reasons: [Reason] = []
    var further: [Reason] = []
    var dependsOnRefused = false
    var mayBeHarmless = false
    var conflict: SourceRange?
    var culprit: SourceRange?
    var remedy: String?
    var unpredicted: String?
    var warnings: [Reason] = []
    var schemaFault: Diagnostic?
  }

  /// The details, if there are any: an array takes less room, and is quicker to copy.
  private var storage: [Details] = []
  private var details: Details {
    get { storage.first ?? Details() }
    set { storage = newValue == Details() ? [] : [newValue] }
  }

  package init(
    _ outcome: Outcome, number: UInt32? = 0, value: [UInt8]? = nil, valueMask: [UInt8]? = nil, reasons: [Reason] = [],
    warnings: [Reason] = [], nanoseconds: UInt64? = nil, schemaFault: Diagnostic? = nil
  ) {
    self.outcome = outcome
    self.number = number
    self.nanoseconds = nanoseconds
    if value != nil || valueMask != nil || !reasons.isEmpty || !warnings.isEmpty || schemaFault != nil {
      storage = [
        Details(value: value, valueMask: valueMask, reasons: reasons, warnings: warnings, schemaFault: schemaFault)
      ]
    }
  }
}

/// Something that runs a plan: the kernel, or the model of it.
package protocol Host: ~Copyable {
  var description: HostDescription { get }

  /// Makes the call of one step, or predicts what the kernel would answer.
  mutating func perform(_ step: Step) -> StepResult

  /// Skips a step of the plan.
  ///
  /// Slots are counted by the plan's steps: a `create` step that is skipped leaves its slot empty, and the next one
  /// fills the next slot.
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
