import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// One possible course of a call.
struct Branch {
  /// The details are stored apart, because most calls succeed.
  enum End {
    case ok
    indirect case refused(Errno, Reason)
    indirect case hazard(String, Reason)
    indirect case fault(Diagnostic)
  }

  var end: End
  /// The number that the call answers if it succeeds; nil if it is unknown.
  var number: UInt32? = 0
  var warnings: [Reason] = []
  /// The value that a get reads.
  var value: PayloadBytes?
  /// The reasons of the refusals that are passed over, if they are collected.
  var passedOver: [Reason] = []
  /// What the branch has done; nil if it is the only one, and the state includes it.
  var course: Course?

  /// An object, because most calls have one branch.
  final class Course {
    let call: CallState
    let changes: Memory.Changes
    let occupied: [Occupied]

    init(call: CallState, changes: Memory.Changes, occupied: [Occupied]) {
      (self.call, self.changes, self.occupied) = (call, changes, occupied)
    }
  }

  var answer: Answer? {
    switch end {
    case .ok: .ok
    case .refused(let errno, _): .refused(errno)
    case .hazard, .fault: nil
    }
  }
}

/// The truth values that a branch of a call assumes for unknown conditions.
struct Decisions {
  /// In the order in which the conditions are reached.
  var assumed: [Bool] = []
  /// The number of those that have been used.
  var used = 0
  /// The other ways that the call can go, as far as the branch has come across them.
  var alternatives: [[Bool]] = []

  /// The maximum number of branches of one call.
  static let mostBranches = 256

  mutating func next() -> Bool {
    if used == assumed.count {
      alternatives.append(assumed + [false])
      assumed.append(true)
    }
    used += 1
    return assumed[used - 1]
  }
}

extension Machine {
  /// Evaluates a call in every way that it can go, in the order of the rules.
  ///
  /// A call without unknown conditions has one branch, which has already changed the state. Otherwise the state is
  /// unchanged.
  mutating func branches(_ prepared: PreparedCall) -> [Branch] {
    memory.begin()
    decisions = Decisions()
    var branches = [follow(prepared)]
    if decisions.alternatives.isEmpty { return branches }
    branches[0].course = takeOut()
    var pending = decisions.alternatives
    memory.isForked = true
    while let next = pending.popLast(), branches.count < Decisions.mostBranches {
      decisions = Decisions(assumed: next)
      var branch = follow(prepared)
      pending += decisions.alternatives
      branch.course = takeOut()
      branches.append(branch)
    }
    return branches
  }

  /// Evaluates a call as if no rule refused it.
  mutating func force(_ prepared: PreparedCall) {
    ignoresRefusals = true
    defer { ignoresRefusals = false }
    let branches = branches(prepared)
    guard let course = branches.first?.course else { return }
    (call, occupied) = (course.call, course.occupied)
    join(branches.compactMap(\.course?.changes))
  }

  /// The reasons of all rules that would refuse a call for certain, in their order, if each were passed over. The state is
  /// unchanged.
  mutating func refusals(of prepared: PreparedCall) -> [Reason] {
    ignoresRefusals = true
    passedOver = []
    defer { (ignoresRefusals, passedOver) = (false, nil) }
    let branches = branches(prepared)
    if branches[0].course == nil { takeBack() }
    return branches[0].passedOver.filter { reason in
      branches.allSatisfy { $0.passedOver.contains(reason) }
    }
  }

  /// Undoes what the call has done.
  mutating func takeBack() {
    epoch += 1
    memory.rewind()
  }

  /// Undoes what the call has done, and returns it.
  private mutating func takeOut() -> Branch.Course {
    let course = Branch.Course(call: call, changes: memory.changes, occupied: occupied)
    takeBack()
    return course
  }

  private mutating func follow(_ prepared: PreparedCall) -> Branch {
    ending = nil
    element = nil
    warnings = []
    if passedOver != nil { passedOver = [] }
    if !occupied.isEmpty { occupied = [] }
    reserveLocals(Int(program.slotCount))
    do throws(Stop) {
      let value = try make(prepared)
      return Branch(
        end: .ok, number: call.number, warnings: warnings, value: value, passedOver: passedOver ?? [])
    } catch {
      return Branch(
        end: error == .ok ? .ok : ending ?? .ok, number: call.number, warnings: warnings, passedOver: passedOver ?? [])
    }
  }

  /// The truth of a condition; if it is unknown, the value that this branch assumes.
  ///
  /// - Parameter rule: the rule, if it is its `if`.
  mutating func decide(_ condition: ExpressionID, of rule: RuleID? = nil) throws(Stop) -> Bool {
    let truth = try value(of: condition)
    if truth.tag == .bool { return truth.isTrue }
    guard truth.tag == .unknown else {
      throw faulty("the condition is \(truth.kind), not a boolean", in: condition)
    }
    return assume(rule)
  }

  /// The value that this branch assumes for an unknown condition. A forced call avoids refusals.
  @inline(never)
  mutating func assume(_ rule: RuleID? = nil) -> Bool {
    if ignoresRefusals, let rule, program.rules[Int(rule)].rule.errno != nil { return false }
    memory.isForked = true
    return decisions.next()
  }
}
