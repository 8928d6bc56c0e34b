import DeviceSchema
import Expressions

/// A step of a rule in a program. Blocks of them run from top to bottom.
enum Statement {
  /// Skips the next statements unless the branch assumes that the rule exists in this release.
  case suppose(skipping: Int32)
  /// Skips the next statements unless the condition holds.
  case test(ExpressionID, RuleID, skipping: Int32)
  /// The same, for a rule with an `else`.
  case choose(ExpressionID, RuleID, skipping: Int32)
  case skip(Int32)
  case bind(Slot, ExpressionID)
  /// Makes a local unknown, because its rule does not run.
  case forget(Slot)
  /// The kernel copies the payload in.
  case read
  /// The kernel copies a part of the payload in.
  case readPart(PartID)
  /// The kernel copies a value out.
  case write(WriteID)
  case run(BlockID)
  /// Runs the second block if the first is refused.
  case attempt(BlockID, undo: BlockID)
  case loop(ExpressionID, Slot, BlockID)
  /// Runs the rules that a device type's file contributes to a hook, for each such device.
  case forEachDevice(FileID, BlockID)
  /// Runs the rules of the capability that the call enables, with slots from this one on.
  case runCapability(Slot)
  /// Ends the block if refusals are ignored and the rule's list refuses every call.
  case endIfForced(RuleID)
  case change(EffectID)
  case occupy(OccupyID)
  case warn(RuleID)
  case hazard(RuleID)
  case refuse(RuleID)
  case succeed(ExpressionID)
}

typealias RuleID = Int32
typealias BlockID = Int32
typealias EffectID = Int32
typealias OccupyID = Int32
typealias WriteID = Int32
typealias PartID = Int32
typealias FileID = Int32

/// A step from a payload to a part of it.
enum PartCode {
  case field(String)
  case element(ExpressionID)
}

/// A part of the VM's map.
struct OccupyCode {
  var word: OccupationWord
  /// In the order of the word's parameters.
  var arguments: [ExpressionID]
}

/// A change of the state.
struct EffectCode {
  enum Action {
    case assign, append
    case store(under: ExpressionID)
  }
  enum NewValue {
    case value(ExpressionID)
    /// A new record with an identity: its shape, and the values of its fields among the program's `newValues`.
    case record(ShapeID, first: Int32, count: Int32)
    case emptyMap
  }

  var base: ExpressionID
  var field: NameID
  var action: Action
  var value: NewValue
}

/// A list of statements. It is compiled when it is first run, because most never are.
struct Block {
  var first: Int32 = -1
  var count: Int32 = 0

  var isCompiled: Bool { first >= 0 }
}

/// What a block is compiled from.
enum BlockSource {
  /// All that a rule does after its conditions.
  case action(RuleID)
  case list(RuleList, Frame)
  case body(RuleFrame, Frame)
}

/// A rule of the schemas, with the locals that it sees.
struct RuleOrigin {
  var rule: Rule
  /// The locals of the rule's conditions and of its `else`.
  var outer: Frame
  /// The locals of its action, with its own.
  var inner: Frame
  /// The block of the `else`; nil before it is compiled.
  var otherwise: BlockID?
  /// The expressions in the reason, once they are compiled.
  var reasonValues: [ExpressionID]?
}

/// Where the locals of a rule list or a function are while it is written out at its place.
struct Frame {
  /// The code of each local, by its slot in the schema.
  private var locals: [CodeID?] = []
  /// What each local was computed from, by its slot in the schema; nil if that is not known.
  private var origins: [Origin?] = []
  /// The first slot that nothing uses.
  var top: Slot = 0
  /// The condition of the statement whose `then` the list is; nil if it has none.
  var condition: Expression?

  subscript(slot: Int) -> CodeID? {
    get { slot < locals.count ? locals[slot] : nil }
    set {
      while locals.count <= slot { locals.append(nil) }
      locals[slot] = newValue
    }
  }

  /// Notes what a local is computed from.
  mutating func setOrigin(_ slot: Int, _ expression: Expression, in frame: Frame) {
    while origins.count <= slot { origins.append(nil) }
    origins[slot] = Origin(expression: expression, frame: frame)
  }

  /// The parts of what the call passes that an expression in this frame tests.
  func testedParts(of expression: Expression) -> TestedParts {
    expression.testedParts { slot in
      guard slot < origins.count, let origin = origins[slot] else { return nil }
      return origin.frame.testedParts(of: origin.expression)
    }
  }

  /// An expression, and the locals that it sees.
  private final class Origin {
    let expression: Expression
    let frame: Frame

    init(expression: Expression, frame: Frame) { (self.expression, self.frame) = (expression, frame) }
  }
}
