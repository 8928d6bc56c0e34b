import Diagnostics
import HeapModule

/// Orders elements: takes, again and again, the first in base order whose predecessors have all been taken.
struct Ordering {
  struct Placed {
    var index: Int
    /// The reason why the element comes later than in the base order; nil if it does not.
    var moved: String?
    /// The last element that it waited for, if it comes later than in the base order.
    var cause: Int?
  }

  private let draft: Draft
  private var elements: [Element] { draft.elements }
  /// The elements that have each label, and those that come after, or before, all that have it.
  let members: Lists
  let after: Lists
  let before: Lists

  init(_ draft: Draft) {
    self.draft = draft
    members = Lists(draft.elements, \.labels, count: draft.labelCount)
    after = Lists(draft.elements, \.after, count: draft.labelCount)
    before = Lists(draft.elements, \.before, count: draft.labelCount)
  }

  /// The order, and the first element that a cycle blocks, if there is a cycle.
  func order() -> (elements: [Placed], cycle: (index: Int, range: SourceRange)?) {
    // Each label has two gates, so that few edges put many elements after many others. One gate opens when all elements
    // with the label are placed, the other when all elements that come before these are.
    var untilMembers = (0..<draft.labelCount).map { members[$0].count }
    var untilBefore = (0..<draft.labelCount).map { before[$0].count }
    /// The number of closed gates in front of each element.
    var closed = elements.indices.map { i in
      elements[i].after.count { !members[$0].isEmpty } + elements[i].labels.count { !before[$0].isEmpty }
    }
    var placed: [Placed] = []
    placed.reserveCapacity(elements.count)
    var latest = -1
    var ready = Heap(elements.indices.filter { closed[$0] == 0 })
    /// The last predecessor that each element waited for; -1 if there is none.
    var causes = Array(repeating: -1, count: elements.count)
    while let next = ready.popMin() {
      let cause = next < latest && causes[next] >= 0 ? causes[next] : nil
      placed.append(Placed(index: next, moved: cause.map(words), cause: cause))
      latest = max(latest, next)
      func open(_ waiting: ArraySlice<Int>) {
        for element in waiting {
          closed[element] -= 1
          if closed[element] > 0 { continue }
          causes[element] = next
          ready.insert(element)
        }
      }
      for label in elements[next].labels {
        untilMembers[label] -= 1
        if untilMembers[label] == 0 { open(after[label]) }
      }
      for label in elements[next].before {
        untilBefore[label] -= 1
        if untilBefore[label] == 0 { open(members[label]) }
      }
    }
    guard placed.count < elements.count else { return (placed, nil) }
    let taken = Set(placed.map(\.index))
    let rest = elements.indices.filter { !taken.contains($0) }
    return (
      placed + rest.map { Placed(index: $0, moved: nil) },
      rest.first.map { ($0, draft.steps[elements[$0].steps.lowerBound].at) }
    )
  }

  /// The name of an element for reports.
  private func words(_ element: Int) -> String {
    let step = draft.steps[elements[element].steps.upperBound - 1]
    return "after " + (step.attribute.map { "\(step.target).\($0)" } ?? step.words)
  }
}

/// Lists of elements, by label, in one array.
struct Lists {
  private var starts: [Int]
  private var elements: [Int]

  /// - Parameters:
  ///   - labels: the labels of an element.
  ///   - count: the number of labels.
  init(_ all: [Element], _ labels: (Element) -> [Int], count: Int) {
    starts = Array(repeating: 0, count: count + 1)
    for i in all.indices {
      for label in labels(all[i]) { starts[label + 1] += 1 }
    }
    for label in 0..<count { starts[label + 1] += starts[label] }
    var next = starts
    elements = Array(repeating: 0, count: starts[count])
    for i in all.indices {
      for label in labels(all[i]) {
        elements[next[label]] = i
        next[label] += 1
      }
    }
  }

  subscript(label: Int) -> ArraySlice<Int> { elements[starts[label]..<starts[label + 1]] }
}
