import TextOutput

/// Compares two plans as calls. Differences in spelling, in layout, and in the order of unordered things do not count.
package struct PlanDifference {
  package enum Change {
    case added(Int)
    case removed(Int)
    /// The same call with different contents.
    case changed(old: Int, new: Int)
    /// The same call at another place among the calls that both plans have.
    case reordered(old: Int, new: Int)
  }

  package let old: Plan
  package let new: Plan
  /// The changes in the order of the new plan; a removed step is where it would have been.
  package private(set) var changes: [Change] = []
  /// Differences outside of the steps: the architecture, files, parameters supplied at load time, the number of vCPUs.
  package private(set) var remarks: [Remark] = []

  package struct Remark: Hashable {
    package var subject: String
    /// The old and the new text; nil if there is none.
    package var old: String?
    package var new: String?
  }

  package let oldDetails: [StepDetails]
  package let newDetails: [StepDetails]

  package init(_ old: Plan, _ new: Plan) {
    self.old = old
    self.new = new
    oldDetails = old.steps.map { StepDetails($0, in: old) }
    newDetails = new.steps.map { StepDetails($0, in: new) }
    remarks = Self.remarks(old, new)
    changes = compare()
  }

  package var isEmpty: Bool { changes.isEmpty && remarks.isEmpty }

  // MARK: Steps

  private func compare() -> [Change] {
    var partner: [Int?] = Array(repeating: nil, count: newDetails.count)
    var isPaired = Array(repeating: false, count: oldDetails.count)
    pair(oldDetails, newDetails, &partner, &isPaired)
    let same = partner
    pair(oldDetails.map(\.place), newDetails.map(\.place), &partner, &isPaired)
    let kept = Set(Self.longestRise(same.compactMap(\.self)))
    var changes: [Change] = []
    /// The first old step not yet reported.
    var next = 0
    func tellRemoved() {
      while next < isPaired.count, !isPaired[next] {
        changes.append(.removed(next))
        next += 1
      }
    }
    tellRemoved()
    for (i, found) in partner.enumerated() {
      guard let found else {
        changes.append(.added(i))
        continue
      }
      if same[i] == nil {
        changes.append(.changed(old: found, new: i))
      } else if !kept.contains(found) {
        changes.append(.reordered(old: found, new: i))
      }
      // A removed step comes after the step that it used to follow.
      while next <= found {
        if !isPaired[next] { changes.append(.removed(next)) }
        next += 1
      }
      tellRemoved()
    }
    return changes
  }

  /// Pairs each new step that has no partner with the first free old step that is equal.
  private func pair<Key: Hashable>(_ old: [Key], _ new: [Key], _ partner: inout [Int?], _ isPaired: inout [Bool]) {
    var free: [Key: [Int]] = [:]
    for i in old.indices.reversed() where !isPaired[i] { free[old[i], default: []].append(i) }
    for i in new.indices where partner[i] == nil {
      guard let found = free[new[i]]?.popLast() else { continue }
      partner[i] = found
      isPaired[found] = true
    }
  }

  /// The longest increasing subsequence of these numbers.
  private static func longestRise(_ numbers: [Int]) -> [Int] {
    /// For each length, the index of the smallest last number of an increasing subsequence of that length.
    var ends: [Int] = []
    var before: [Int?] = Array(repeating: nil, count: numbers.count)
    for (i, number) in numbers.enumerated() {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if numbers[ends[middle]] < number { low = middle + 1 } else { high = middle }
      }
      before[i] = low > 0 ? ends[low - 1] : nil
      if low == ends.count { ends.append(i) } else { ends[low] = i }
    }
    var series: [Int] = []
    var i = ends.last
    while let place = i {
      series.append(numbers[place])
      i = before[place]
    }
    return series.reversed()
  }

  // MARK: The rest

  private static func remarks(_ old: Plan, _ new: Plan) -> [Remark] {
    var remarks = [
      Remark(subject: "architecture", old: old.architecture.rawValue, new: new.architecture.rawValue),
      Remark(subject: "vCPUs", old: old.vcpuWords, new: new.vcpuWords),
    ]
    remarks += remarksByName("file", old.files.map { ($0.name, $0.path) }, new.files.map { ($0.name, $0.path) })
    remarks += remarksByName(
      "parameter", old.parameters.map { ($0.name, $0.words) }, new.parameters.map { ($0.name, $0.words) })
    return remarks.filter { $0.old != $0.new }
  }

  private static func remarksByName(_ what: String, _ old: [(String, String)], _ new: [(String, String)]) -> [Remark] {
    var names: [String] = []
    for (name, _) in old + new where !names.contains(name) { names.append(name) }
    return names.map { name in
      Remark(
        subject: "\(what) \(name.printable)", old: old.first { $0.0 == name }?.1.printable,
        new: new.first { $0.0 == name }?.1.printable)
    }
  }
}

extension Plan {
  /// The number of vCPUs, in words.
  fileprivate var vcpuWords: String {
    if let vcpuCount { return "as many as \(parameters[vcpuCount].name)" }
    return "\(vcpuNames.count)"
  }
}

extension PlanParameter {
  fileprivate var words: String { typeName + (initial.map { ", \($0) unless it is given" } ?? "") }
}
