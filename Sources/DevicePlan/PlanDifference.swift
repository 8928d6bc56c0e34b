import TextOutput

/// Two plans held against each other, as calls: spelling, layout and order of what has no order are no difference.
package struct PlanDifference {
  package enum Change {
    case added(Int)
    case removed(Int)
    /// The same call, with something else in it.
    case changed(old: Int, new: Int)
    /// The same call, at another place among those that both have.
    case reordered(old: Int, new: Int)
  }

  package let old: Plan
  package let new: Plan
  /// In the order of the new plan; what it lacks stands where it would.
  package private(set) var changes: [Change] = []
  /// What is different beside the steps: the architecture, files, parameters that come with the loader, the number of vCPUs.
  package private(set) var remarks: [Remark] = []

  package struct Remark: Hashable {
    package var subject: String
    /// Nil where there was, or is, nothing.
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
    /// The first old step of which it is still to be told if it was removed.
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
      // What was removed stands behind what it stood behind.
      while next <= found {
        if !isPaired[next] { changes.append(.removed(next)) }
        next += 1
      }
      tellRemoved()
    }
    return changes
  }

  /// Gives each new step that has none yet the first old one that is equal and free.
  private func pair<Key: Hashable>(_ old: [Key], _ new: [Key], _ partner: inout [Int?], _ isPaired: inout [Bool]) {
    var free: [Key: [Int]] = [:]
    for i in old.indices.reversed() where !isPaired[i] { free[old[i], default: []].append(i) }
    for i in new.indices where partner[i] == nil {
      guard let found = free[new[i]]?.popLast() else { continue }
      partner[i] = found
      isPaired[found] = true
    }
  }

  /// The longest series of these numbers, in their order, that rises.
  private static func longestRise(_ numbers: [Int]) -> [Int] {
    /// The index of the smallest last number of a series of each length.
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
  /// How many vCPUs there are.
  fileprivate var vcpuWords: String {
    if let vcpuCount { return "as many as \(parameters[vcpuCount].name)" }
    return "\(vcpuNames.count)"
  }
}

extension PlanParameter {
  fileprivate var words: String { typeName + (initial.map { ", \($0) unless it is given" } ?? "") }
}
