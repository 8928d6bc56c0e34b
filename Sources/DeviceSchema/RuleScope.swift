import Expressions
import Vocabulary
import YAMLSyntax

/// The names that the expressions of one rule list see: the roots of its call, the schema's shared names, and the
/// locals above.
final class RuleScope: Scope {
  /// The names shared by all files of the architecture.
  private let shared: any SharedNames
  private let roots: RootTypes
  private var locals: [(name: String, slot: Int, type: Type)] = []
  private(set) var frameSize = 0

  init(shared: any SharedNames, roots: RootTypes, parameters: [String] = []) {
    self.shared = shared
    self.roots = roots
    for parameter in parameters { _ = declare(parameter, .any) }
  }

  /// A copy with the names declared so far.
  func copy() -> RuleScope {
    let copy = RuleScope(shared: shared, roots: roots)
    copy.locals = locals
    copy.frameSize = frameSize
    return copy
  }

  /// Adds a local and returns its slot.
  func declare(_ name: String, _ type: Type) -> Int {
    let slot = locals.count
    locals.append((name, slot, type))
    reserve(slots: slot + 1)
    return slot
  }

  /// Runs `body` and then removes the names that it declared.
  func nested<Result>(_ body: () -> Result) -> Result {
    let count = locals.count
    defer { locals.removeLast(locals.count - count) }
    return body()
  }

  func meaning(of name: String) -> Meaning? {
    if let local = locals.last(where: { $0.name == name }) { return .local(local.slot, local.type) }
    if name == "host" { return .host }
    if let root = Root(rawValue: name) {
      guard let type = roots[root] else { return .unavailable("'\(name)' is not available in these rules") }
      return .root(root, type)
    }
    return shared.constant(name).map { .constant($0.value, $0.type) }
  }

  func function(_ name: String) throws(ExpressionError) -> Function? { try shared.function(name) }
  func fact(_ name: String) -> Type? { shared.factType(name) }
  var release: Release? { shared.release }
  func absence(ofRow name: String, inTable table: String) -> String? { shared.absence(ofRow: name, inTable: table) }
  func absence(_ words: String, _ lifetime: Lifetime) -> String? { shared.absence(words, lifetime) }
  func notation(ofUnit unit: String) -> Notation? { shared.notation(ofUnit: unit) }
  var unitNames: [String] { shared.unitNames }
  func structure(_ name: String) -> SchemaEntry? { shared.structure(name) }
  var structureNames: [String] { shared.structureNames }
  var featureBits: NamedBits { shared.featureBits }
  func bits(ofVariable name: String) -> NamedBits? { shared.bits(ofVariable: name) }
  var wordSize: Int { shared.architecture.wordSize }

  var visibleNames: [String] { locals.map(\.name) + roots.names + ["host"] + shared.constantNames }
  var functionNames: [String] { shared.functionNames }
  var factNames: [String] { shared.factNames }
  var firstFreeSlot: Int { locals.count }
  func reserve(slots: Int) { frameSize = max(frameSize, slots) }
}

/// The roots that a call has, with their types.
struct RootTypes {
  /// Indexed by `place`. A dictionary would first have to look up how its keys are hashed.
  private var types = [Type?](repeating: nil, count: all.count)
  private static let all = Root.allCases

  private static func place(_ root: Root) -> Int {
    switch root {
    case .value: 0
    case .key: 1
    case .attr: 2
    case .group: 3
    case .flags: 4
    case .arg: 5
    case .vcpu: 6
    case .self: 7
    case .vm: 8
    case .vcpus: 9
    case .devices: 10
    case .missing: 11
    case .newDescriptor: 12
    }
  }

  subscript(root: Root) -> Type? {
    get { types[Self.place(root)] }
    set { types[Self.place(root)] = newValue }
  }

  var names: [String] { Self.all.filter { self[$0] != nil }.map(\.rawValue) }
}

/// The names that all files of one architecture share.
protocol SharedNames: AnyObject {
  /// A table or `arch`.
  func constant(_ name: String) -> (value: Value, type: Type)?
  /// `'DAWR1' is new in Linux 5.16; you validate for Linux 5.10`, for a row of a table; nil if there is no such row.
  func absence(ofRow name: String, inTable table: String) -> String?
  /// `WORDS is new in Linux 5.16; you validate for Linux 5.10`; nil if the release has it.
  func absence(_ words: String, _ lifetime: Lifetime) -> String?
  func function(_ name: String) throws(ExpressionError) -> Function?
  func factType(_ name: String) -> Type?
  func ruleFunction(_ name: String) -> RuleFunction?
  func structure(_ name: String) -> SchemaEntry?
  func notation(ofUnit unit: String) -> Notation?
  var unitNames: [String] { get }
  func compile(_ function: RuleFunction)
  func bits(ofVariable name: String) -> NamedBits?
  /// The names of the features of vCPUs.
  var featureBits: NamedBits { get }
  var architecture: Architecture { get }
  var release: Release { get }
  var constantNames: [String] { get }
  var functionNames: [String] { get }
  var factNames: [String] { get }
  var ruleFunctionNames: [String] { get }
  var structureNames: [String] { get }
}
