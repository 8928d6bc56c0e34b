import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
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
  lazy var derived: [String: [(name: String, value: Expression)]] = [:]

  /// The answers to unknown conditions that this branch was given, and how many were used.
  private var decisions: [Bool] = []
  private var decided = 0
  private var alternatives: [[Bool]] = []
  /// Refusals are passed over: the call is taken to have succeeded.
  private(set) var ignoresRefusals = false
  var warnings: [Reason] = []
  /// Where it is told which rules were come to.
  let trace: RuleTrace?

  /// More ways than this are not followed.
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
  /// Works a call out in every way that it can go, in the order of the rules. The state is left as it was, except that
  /// the one branch of a call without unknown conditions has changed it already.
  ///
  /// - Parameter body: runs the call's rules; returns the value that a get reads.
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

  /// Works a call out as if nothing refused it.
  func force(_ body: () throws(Stop) -> PayloadBytes?) {
    ignoresRefusals = true
    defer { ignoresRefusals = false }
    _ = heap.begin()
    decisions = []
    decided = 0
    _ = follow(body)
  }

  /// Takes back what the only branch of a call has changed.
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

  /// The truth of a condition; of an unknown one, what this branch was given.
  ///
  /// - Parameter preferred: what a forced call takes an unknown condition for.
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
