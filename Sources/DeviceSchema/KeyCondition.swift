import Expressions

/// Evaluates conditions over the key and the value of an attribute without a host.
package enum KeyCondition {
  /// Whether a condition holds. A condition that the key and the value do not decide counts as true.
  ///
  /// - Parameter value: the value that the call sets, if it is known.
  package static func holds(
    _ condition: Expression?, _ key: @autoclosure () -> Fields, _ attr: UInt64, value: Value = .unknown
  ) -> Bool {
    condition.map { self.value(of: $0, key(), attr, value) != .bool(false) } ?? true
  }

  /// The value of an expression over the key; nil if it has none.
  static func value(of expression: Expression, _ key: Fields, _ attr: UInt64, _ value: Value = .unknown) -> Value? {
    let world = KeyWorld(key: key, attr: attr, value: value)
    // The evaluator does not own its world.
    return withExtendedLifetime(world) { try? Evaluator(world: world).evaluate(expression) }
  }
}

private final class KeyWorld: World {
  private let key: Fields
  private let attr: UInt64
  private let value: Value

  init(key: Fields, attr: UInt64, value: Value) {
    self.key = key
    self.attr = attr
    self.value = value
  }

  func value(of root: Root) throws(EvaluationError) -> Value {
    switch root {
    case .key: .record(key)
    case .attr: Value(attr)
    case .value: value
    default: .unknown
    }
  }
}
