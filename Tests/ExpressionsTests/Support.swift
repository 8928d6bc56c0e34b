import Diagnostics
import Expressions
import Vocabulary

/// The names that a test's expressions see.
final class TestScope: Scope {
  /// Names with values that are known when the expression is read.
  var constants: [String: (value: Value, type: Type)] = [:]
  /// Roots that have a meaning, with their types.
  var roots: [Root: Type] = [:]
  var facts: [String: Type] = [:]
  var functions: [String: Function] = [:]
  /// The slots of locals, whose types are unknown.
  var locals: [String: Int] = [:]
  var release = Release("7.2")
  private(set) var reserved = 0

  init() {}

  func meaning(of name: String) -> Meaning? {
    if name == "host" { return .host }
    if let root = Root(rawValue: name) {
      return roots[root].map { .root(root, $0) } ?? .unavailable("'\(name)' has no meaning here")
    }
    if let slot = locals[name] { return .local(slot, .any) }
    return constants[name].map { .constant($0.value, $0.type) }
  }

  func function(_ name: String) throws(ExpressionError) -> Function? { functions[name] }
  func fact(_ name: String) -> Type? { facts[name] }
  var visibleNames: [String] { constants.keys.sorted() + roots.keys.map(\.rawValue).sorted() }
  var functionNames: [String] { functions.keys.sorted() }
  var factNames: [String] { facts.keys.sorted() }
  var firstFreeSlot: Int { locals.count }
  func reserve(slots: Int) { reserved = max(reserved, slots) }
}

/// The values of roots and facts.
final class TestWorld: World {
  var roots: [Root: Value] = [:]
  var facts: [String: Value] = [:]

  func value(of root: Root) throws(EvaluationError) -> Value { roots[root] ?? .null }
  func fact(_ name: String) -> Value { facts[name] ?? .unknown }
  var payloadSize: Int?
}

/// The result of an expression: its value as text, or `error 4-5: …` with the span of the error in bytes from 0.
///
/// - Parameter names: the values of names, whose types are unknown.
func result(_ text: String, _ names: [String: Value] = [:]) -> String {
  let scope = TestScope()
  for (name, value) in names { scope.constants[name] = (value, .any) }
  return result(text, in: scope)
}

func result(_ text: String, in scope: TestScope, _ world: TestWorld = TestWorld()) -> String {
  do throws(ExpressionError) {
    let expression = try Expression(text, in: scope)
    do throws(EvaluationError) {
      return words(try Evaluator(world: world).evaluate(expression))
    } catch {
      return "fails \(range(error.span)): \(error.message)"
    }
  } catch {
    return "error \(range(error.span)): \(error.message)"
  }
}

func range(_ span: Span) -> String { "\(span.start)-\(span.start + span.length)" }

func words(_ value: Value) -> String {
  switch value {
  case .null: "null"
  case .unknown: "unknown"
  case .bool(let truth): "\(truth)"
  case .integer(let integer): "\(integer)"
  case .string(let text): "\"\(text)\""
  case .table(let table): words(.list(table.rows))
  case .list(let list): "[" + list.map(words).joined(separator: ", ") + "]"
  case .record(let fields):
    "{" + zip(fields.names, fields.values).map { "\($0): \(words($1))" }.joined(separator: ", ") + "}"
  case .object(let id): "#\(id.rawValue)"
  case .map(let map):
    "{" + map.map { "\(words($0)): \(words($1))" }.sorted().joined(separator: ", ") + "}"
  }
}
