import Diagnostics
import Vocabulary

/// An expression whose names are looked up and whose types are checked: ready to be evaluated.
///
/// A class, as rules are copied while they run, and have several expressions each.
package final class Expression {
  package let text: String
  /// The tree that the text was parsed into.
  package let syntax: Syntax
  package let type: Type
  /// The place of the text, for messages.
  package var source: SourceRange?
  package let root: Node
  /// Whether it reads the payload, or a local, which may hold a part of the payload.
  private let readsPayload: Bool
  /// The functions that it calls.
  private let functions: [Function]

  /// A name with a constant value.
  package convenience init(constant value: Value, text: String) {
    self.init(
      text: text, syntax: .name(text, Span(start: 0, length: text.utf8.count)), type: .any, root: .literal(value),
      readsPayload: false, functions: [])
  }

  init(text: String, syntax: Syntax, type: Type, root: Node, readsPayload: Bool, functions: [Function]) {
    self.text = text
    self.syntax = syntax
    self.type = type
    self.root = root
    self.readsPayload = readsPayload
    self.functions = functions
  }

  /// The value, if it does not depend on anything.
  package var constant: Value? {
    if case .literal(let value) = root { value } else { nil }
  }

  /// The fields of the call's key, or of its arguments, that the expression reads, in the order of its text. Without
  /// those of the key if it also reads the payload, or a local, which may hold a part of the payload.
  package var keyFields: [String] {
    let roots = [Root.arg.rawValue] + (readsPayload ? [] : [Root.key.rawValue])
    return syntax.paths.filter { $0.count > 1 && roots.contains($0[0]) }.map { $0[1] }
  }

  /// The members of the payload, or of a local, that the expression tests, such as `u.pin`: of each comparison the first
  /// one, which is compared with the others.
  package var valueFields: [String] { syntax.testedMembers }

  /// The predefined names that the expression reads, also through functions; `local` if it reads a local and not the
  /// payload.
  package var roots: Set<String> {
    var roots: Set<String> = []
    root.collect(&roots)
    if readsPayload, !roots.contains(Root.value.rawValue) { roots.insert("local") }
    return roots
  }

  /// The facts of the host that the expression itself reads.
  package var facts: [String] { syntax.paths.filter { $0[0] == "host" && $0.count > 1 }.map { $0[1] } }

  /// Whether it may read more of the attribute's number than `keyFields`.
  package var readsWholeKey: Bool {
    syntax.paths.contains { $0 == [Root.key.rawValue] || $0[0] == Root.attr.rawValue }
      || functions.contains { $0.body?.readsKey ?? true }
  }

  private var readsKey: Bool {
    !syntax.names.isDisjoint(with: [Root.key.rawValue, Root.attr.rawValue])
      || functions.contains { $0.body?.readsKey ?? true }
  }
}

extension Syntax {
  fileprivate var testedMembers: [String] {
    switch self {
    case .binary(.or, let left, let right, _), .binary(.and, let left, let right, _):
      return left.testedMembers + right.testedMembers
    default:
      let members = paths.filter {
        $0.count > 1 && $0[0] != "host" && ($0[0] == Root.value.rawValue || Root(rawValue: $0[0]) == nil)
      }
      return members.prefix(1).map { $0.dropFirst().joined(separator: ".") }
    }
  }
}

extension Expression {
  /// A node of a checked expression.
  package indirect enum Node {
    case literal(Value)
    case local(Int)
    case root(Root)
    case fact(String)
    case field(Node, String, Span)
    case index(Node, Node, Span)
    case list([Node])
    case function(Function, [Node], Span)
    case builtin(Builtin, [Node], Span)
    case comprehension(Comprehension, Node, slot: Int, Node, Span)
    case unary(UnaryOperator, Node, Span)
    case binary(BinaryOperator, Node, Node, Span)
    case conditional(Node, Node, Node, Span)
  }
}

extension Expression.Node {
  /// Adds the predefined names that are read here and below.
  fileprivate func collect(_ roots: inout Set<String>) {
    switch self {
    case .literal, .local, .fact: break
    case .root(let root): roots.insert(root.rawValue)
    case .field(let a, _, _), .unary(_, let a, _): a.collect(&roots)
    case .index(let a, let b, _), .comprehension(_, let a, slot: _, let b, _), .binary(_, let a, let b, _):
      a.collect(&roots)
      b.collect(&roots)
    case .list(let items), .builtin(_, let items, _): for item in items { item.collect(&roots) }
    case .function(let function, let arguments, _):
      function.body?.root.collect(&roots)
      for argument in arguments { argument.collect(&roots) }
    case .conditional(let a, let b, let c, _): for part in [a, b, c] { part.collect(&roots) }
    }
  }
}

typealias Node = Expression.Node

/// The predefined names, whose values depend on the call.
package enum Root: String, Hashable, Sendable, CaseIterable {
  case value, key, attr, group, flags, arg, vcpu, `self`, vm, vcpus, devices
  /// What the lookup of the group and the attribute did not find, in words.
  case missing
  /// The descriptor that the call answers if it succeeds.
  case newDescriptor = "new_fd"
}

/// The built-in functions of the language.
package enum Builtin: String, CaseIterable {
  case size, last, sum, distinct, min, max, bit, bits, int, wrap, overlaps, bytes

  /// The types of the parameters, and of the result.
  var signature: (parameters: [Type], result: Type) {
    switch self {
    case .size: ([.any], .integer)
    case .last: ([.list(.any)], .any)
    case .sum: ([.list(.integer)], .integer)
    case .distinct: ([.list(.any)], .bool)
    case .min, .max: ([.integer, .integer], .integer)
    case .bit: ([.integer, .integer], .bool)
    case .bits: ([.integer, .integer, .integer], .integer)
    case .int: ([.bool], .integer)
    case .wrap: ([.integer, .integer], .integer)
    case .overlaps: ([.integer, .integer, .integer, .integer], .bool)
    // The argument is always the root `value`, and is not evaluated: the result is the payload's length.
    case .bytes: ([.any], .integer)
    }
  }
}

/// A pure function of a schema, `name(parameters): expression`.
package final class Function {
  package let name: String
  package let parameters: [String]
  /// The body, set once its text has been compiled. The parameters are its first locals.
  package var body: Expression?

  package init(name: String, parameters: [String]) {
    self.name = name
    self.parameters = parameters
  }
}

/// The meaning of a name in an expression.
package enum Meaning {
  /// A `let` or `for` variable, or a parameter, by its slot in the frame.
  case local(Int, Type)
  case root(Root, Type)
  /// A table, or a manifest's parameter.
  case constant(Value, Type)
  /// The host, whose fields are its facts.
  case host
  /// A name that exists but is not available here, with the reason.
  case unavailable(String)
}

/// The names that an expression can use.
package protocol Scope {
  func meaning(of name: String) -> Meaning?
  func function(_ name: String) throws(ExpressionError) -> Function?
  func fact(_ name: String) -> Type?
  /// The names to choose suggestions from.
  var visibleNames: [String] { get }
  var functionNames: [String] { get }
  var factNames: [String] { get }
  /// The names of the bits of vCPU features, for `features()`.
  var featureBits: NamedBits { get }
  /// The names of the bits of a variable of the state, by its last name: those of the values that rules assign to it.
  /// Nil if they have none.
  func bits(ofVariable name: String) -> NamedBits?
  /// The kernel release that `since()` is decided by; nil if it is unknown.
  var release: Release? { get }
  /// The first slot that comprehensions may use.
  var firstFreeSlot: Int { get }
  /// Makes frames large enough for this many slots. Comprehensions need slots for their variables.
  func reserve(slots: Int)
}

extension Scope {
  package var featureBits: NamedBits { NamedBits([:]) }
  package func bits(ofVariable name: String) -> NamedBits? { nil }
}
