import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Model
import Vocabulary

/// Runs rules over the state of a VM.
final class Interpreter: World {
  let catalogue: Catalogue
  var heap = Heap()
  var call: CallContext
  private(set) lazy var evaluator = Evaluator(world: self)

  /// The VM, its vCPUs and its devices, as fields of one record: they are state, too, and come and go with it.
  let machine: ObjectID
  let facts: [String: Value]
  var assumed: [String: Value] = [:]

  /// The truth values that this branch assumes for unknown conditions, and the number of those already used.
  private var decisions: [Bool] = []
  private var decided = 0
  private var alternatives: [[Bool]] = []
  /// Refusals are passed over: the call is taken to have succeeded.
  private(set) var ignoresRefusals = false
  var warnings: [Reason] = []
  /// Records which rules were reached.
  let trace: RuleTrace?

  /// The maximum number of branches of one call.
  static let mostBranches = 256

  init(catalogue: Catalogue, facts: [String: Value], trace: RuleTrace? = nil) {
    self.catalogue = catalogue
    self.trace = trace
    self.facts = facts
    call = CallContext(file: catalogue.files[0], path: "")
    machine = heap.allocate(.plain, Fields([("vm", .null), ("vcpus", .list([])), ("devices", .list([]))]))
  }
}

extension Interpreter {
  /// Evaluates a call in every way that it can go, in the order of the rules.
  ///
  /// A call without unknown conditions has one branch, which has already changed the state. Otherwise the state is
  /// unchanged.
  ///
  /// - Parameter body: runs the call's rules and returns the value that a get reads.
  func branches(_ body: () throws(Stop) -> PayloadBytes?) -> [Branch] {
    let count = heap.begin()
    let before = call
    var pending: [[Bool]] = [[]]
    var branches: [Branch] = []
    while let next = pending.popLast(), branches.count < Self.mostBranches {
      decisions = next
      decided = 0
      alternatives = []
      warnings = []
      call = before
      var branch = follow(body)
      branch.warnings = warnings
      branch.call = call
      pending.append(contentsOf: alternatives)
      if branches.isEmpty, pending.isEmpty { return [branch] }
      branch.delta = heap.rewind(to: count)
      branches.append(branch)
    }
    return branches
  }

  /// Evaluates a call as if no rule refused it.
  func force(_ body: () throws(Stop) -> PayloadBytes?) {
    ignoresRefusals = true
    defer { ignoresRefusals = false }
    _ = heap.begin()
    decisions = []
    decided = 0
    _ = follow(body)
  }

  /// Undoes the changes of the only branch of a call.
  func takeBack(to start: ObjectID) { _ = heap.rewind(to: start) }

  private func follow(_ body: () throws(Stop) -> PayloadBytes?) -> Branch {
    do throws(Stop) {
      return Branch(end: .answer(.ok, nil), value: try body())
    } catch {
      return switch error {
      case .ok: Branch(end: .answer(.ok, nil))
      case .refused(let errno, let reason): Branch(end: .answer(.refused(errno), reason))
      case .hazard(let text, let reason): Branch(end: .hazard(text, reason))
      case .fault(let diagnostic): Branch(end: .fault(diagnostic))
      }
    }
  }

  /// The truth of a condition; if it is unknown, the value that this branch assumes.
  ///
  /// - Parameter preferred: the value that a forced call assumes for an unknown condition.
  func decide(_ condition: Expression, preferred: @autoclosure () -> Bool = true) throws(Stop) -> Bool {
    switch try value(of: condition) {
    case .bool(let truth): return truth
    case .unknown:
      if ignoresRefusals { return preferred() }
      if decided == decisions.count {
        alternatives.append(decisions + [false])
        decisions.append(true)
      }
      decided += 1
      return decisions[decided - 1]
    case let other:
      throw .fault(.schema("the condition is \(other.kind), not a boolean", at: condition.source, in: condition))
    }
  }

  /// Whether something exists in this release; if that is unknown, the value that this branch assumes.
  func exists(_ lifetime: Lifetime) throws(Stop) -> Bool {
    if let answer = lifetime.includes(catalogue.release) { return answer }
    return try decide(Expression(constant: .unknown, text: "since"))
  }

  func value(of expression: Expression) throws(Stop) -> Value {
    do throws(EvaluationError) {
      return try evaluator.evaluate(expression)
    } catch {
      throw .fault(.schema(error.message, at: expression.source, in: expression))
    }
  }
}

extension Diagnostic {
  static func schema(_ message: String, at range: SourceRange?, in expression: Expression) -> Diagnostic {
    .error("schema-evaluation", "'\(expression.text)': \(message)", at: range)
  }
}
