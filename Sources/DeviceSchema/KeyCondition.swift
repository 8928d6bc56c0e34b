import Expressions

/// Evaluates conditions over the key of an attribute without a host.
package enum KeyCondition {
  /// Whether a condition holds. A condition that the key does not decide counts as true.
  package static func holds(_ condition: Expression?, _ key: @autoclosure () -> Fields, _ attr: UInt64) -> Bool {
    condition.map { value(of: $0, key(), attr) != .bool(false) } ?? true
  }

  /// The value of an expression over the key; nil if it has none.
  static func value(of expression: Expression, _ key: Fields, _ attr: UInt64) -> Value? {
    let world = KeyWorld(key: key, attr: attr)
    // The evaluator does not own its world.
    return withExtendedLifetime(world) { try? Evaluator(world: world).evaluate(expression) }
  }
}

private final class KeyWorld: World {
  private let key: Fields
  private let attr: UInt64

  init(key: Fields, attr: UInt64) {
    self.key = key
    self.attr = attr
  }

  func value(of root: Root) throws(EvaluationError) -> Value {
    switch root {
    case .key: .record(key)
    case .attr: Value(attr)
    default: .unknown
    }
  }
}
