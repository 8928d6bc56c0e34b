import Diagnostics

/// An expression whose names are looked up and whose types are checked: ready to be evaluated.
package struct Expression {
  package let text: String
  package let type: Type
  /// Where the text stands, for messages.
  package var source: SourceRange?
  let root: Node

  /// An expression that is always this value.
  package init(constant value: Value, text: String, type: Type = .any) {
    self.text = text
    self.type = type
    root = .literal(value)
  }

  init(text: String, type: Type, root: Node) {
    self.text = text
    self.type = type
    self.root = root
  }

  /// The value, where it does not depend on anything.
  package var constant: Value? {
    if case .literal(let value) = root { value } else { nil }
  }

  /// The fields of the call's key that the expression reads, in the order of its text. Empty if it also reads the
  /// payload, or a local, which may hold a part of the payload.
  package var keyFields: [String] {
    var fields: [String] = []
    return root.readsNoPayload(&fields) ? fields : []
  }
}

indirect enum Node {
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

  /// Whether the payload is certainly not read. Adds the fields of the key that are.
  ///
  /// - Parameter bound: the slots of the variables of the comprehensions around.
  fileprivate func readsNoPayload(_ fields: inout [String], bound: [Int] = []) -> Bool {
    switch self {
    case .root(.value): return false
    case .local(let slot): return bound.contains(slot)
    case .literal, .root, .fact: return true
    case .field(.root(.key), let name, _):
      fields.append(name)
      return true
    case .field(let operand, _, _), .unary(_, let operand, _): return operand.readsNoPayload(&fields, bound: bound)
    case .index(let left, let right, _), .binary(_, let left, let right, _):
      return left.readsNoPayload(&fields, bound: bound) && right.readsNoPayload(&fields, bound: bound)
    case .list(let nodes), .function(_, let nodes, _), .builtin(_, let nodes, _):
      return nodes.allSatisfy { $0.readsNoPayload(&fields, bound: bound) }
    case .comprehension(_, let list, let slot, let body, _):
      return list.readsNoPayload(&fields, bound: bound) && body.readsNoPayload(&fields, bound: bound + [slot])
    case .conditional(let condition, let yes, let no, _):
      return [condition, yes, no].allSatisfy { $0.readsNoPayload(&fields, bound: bound) }
    }
  }
}

/// The names that every call gives a meaning to.
package enum Root: String, Hashable, Sendable, CaseIterable {
  case value, key, attr, group, flags, arg, vcpu, `self`, vm, vcpus, devices
}

/// Functions of the language itself.
enum Builtin: String, CaseIterable {
  case size, last, sum, distinct, min, max, bits, wrap, overlaps

  /// The types of the parameters, and of the result.
  var signature: (parameters: [Type], result: Type) {
    switch self {
    case .size: ([.any], .integer)
    case .last: ([.list(.any)], .any)
    case .sum: ([.list(.integer)], .integer)
    case .distinct: ([.list(.any)], .bool)
    case .min, .max: ([.integer, .integer], .integer)
    case .bits: ([.integer, .integer, .integer], .integer)
    case .wrap: ([.integer, .integer], .integer)
    case .overlaps: ([.integer, .integer, .integer, .integer], .bool)
    }
  }
}

/// A pure function of a schema, `name(parameters): expression`.
package final class Function {
  package let name: String
  package let parameters: [String]
  /// The body, over the parameters as the first locals; set once its text has been compiled.
  package var body: Expression?

  package init(name: String, parameters: [String]) {
    self.name = name
    self.parameters = parameters
  }
}

/// What a name means where an expression stands.
package enum Meaning {
  /// A `let`, a `for`, a parameter: by its slot in the frame.
  case local(Int, Type)
  case root(Root, Type)
  /// A table, or a manifest's parameter.
  case constant(Value, Type)
  /// The facts of the host, by field.
  case host
  /// The name exists, but not here.
  case unavailable(String)
}

/// Where an expression stands: which names it sees.
package protocol Scope {
  func meaning(of name: String) -> Meaning?
  func function(_ name: String) throws(ExpressionError) -> Function?
  func fact(_ name: String) -> Type?
  /// The names to choose suggestions from.
  var visibleNames: [String] { get }
  var functionNames: [String] { get }
  var factNames: [String] { get }
  /// The first slot that comprehensions may use.
  var firstFreeSlot: Int { get }
  /// The number of slots in use, at least; raised by comprehensions so that frames are large enough.
  func reserve(slots: Int)
}
