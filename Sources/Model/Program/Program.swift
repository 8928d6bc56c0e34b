import DeviceSchema
import Expressions

/// The schemas of a catalogue in the form that the machine runs. Each part is compiled when it is first reached.
///
/// Short lists are searched from their start: for each type of key of a dictionary, the runtime searches all
/// conformances, which takes as long as compiling a few hundred expressions.
struct Program {
  let catalogue: Catalogue

  // Values
  var pool = Pool()
  var shapes = Shapes()
  /// The constants, tables included. Those with an address are read by it.
  var constants: [Cell] = []
  var tables: [(table: Table, cell: Cell)] = []
  /// The columns of tables whose texts are made when they are needed.
  var texts: [Table.Cell] = []

  // Expressions
  var codes: [Code] = []
  var operands: [CodeID] = []
  var loops: [LoopCode] = []
  /// The root of each expression, and the expression itself.
  var roots: [CodeID] = []
  var expressions: [Expression] = []
  /// The calls of functions, innermost first.
  var calls: [WrittenOutCall] = []
  /// What the loops that search for an element look it up by.
  var keys: [KeyCode] = []
  /// What other loops over tables depend on besides their variables.
  var inputs: [LoopInput] = []
  /// The number of slots that rules and their expressions use.
  var slotCount: Slot = 0
  /// The number that any expression with slots of its own uses: an initial value, a fact.
  var ownSlotCount: Slot = 0
  var facts: [String] = []
  var factNumbers: [String: FactID] = [:]

  // State
  var layouts: [(kind: RecordKind, layout: Layout)] = []

  // Rules
  var statements: [Statement] = []
  var blocks: [Block] = []
  var sources: [BlockSource?] = []
  var bodies: [(rules: RuleFrame, top: Slot, block: BlockID)] = []
  var rules: [RuleOrigin] = []
  var effects: [EffectCode] = []
  var occupations: [OccupyCode] = []
  /// The rules that describe the map of a VM, once they are compiled.
  var map: BlockID?
  /// The values of the fields of new records.
  var newValues: [EffectCode.NewValue] = []
  var effectOrigins: [Effect] = []
  var written: [CallValueCode] = []
  var parts: [[PartCode]] = []
  var conditions: [(expression: Expression, id: ExpressionID)] = []

  // Calls
  var files: [FileCalls] = []
  var groups: [GroupCalls] = []
  /// The attributes of groups, and their numbers.
  var attributes: [AttributeCalls] = []
  var attributeNumbers: [AttributeNumberCode] = []

  var tableIndexes = FieldIndexes()
  /// The answers of loops over tables, by loop.
  var remembered: [[RememberedAnswer]] = []

  init(_ catalogue: Catalogue) {
    self.catalogue = catalogue
    // Tables are large, and a growing array is copied. Memory that is not used costs nothing.
    constants.reserveCapacity(1 << 15)
  }
}

/// The schemas of a catalogue, compiled as far as models have reached them. Models of the same catalogue share it.
package final class CompiledSchemas {
  package let catalogue: Catalogue
  private var program: Program

  package init(_ catalogue: Catalogue) {
    self.catalogue = catalogue
    program = Program(catalogue)
  }

  /// Lends the program to a machine for a call, or takes it back. The machine can then change it in its place.
  func exchange(_ program: inout Program) { swap(&program, &self.program) }
}
