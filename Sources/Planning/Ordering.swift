import Diagnostics
import HeapModule

/// Orders elements: takes, again and again, the first in base order whose predecessors have all been taken.
struct Ordering {
  struct Placed {
    var index: Int
    /// The reason why the element comes later than in the base order; nil if it does not.
    var moved: String?
  }

  private let elements: [Element]
  private var members: [Label: [Int]] = [:]

  init(_ elements: [Element]) {
    self.elements = elements
    for (i, element) in elements.enumerated() {
      for label in element.labels { members[label, default: []].append(i) }
    }
  }

  /// The order, and the first element that a cycle blocks, if there is a cycle.
  func order() -> (elements: [Placed], cycle: (index: Int, range: SourceRange)?) {
    var graph = Graph(count: elements.count)
    // A gate represents all elements of a label, so that few edges put many elements after many others.
    var (gatesAfter, gatesBefore): ([Label: Int], [Label: Int]) = ([:], [:])
    for (i, element) in elements.enumerated() {
      for label in element.after {
        guard let gate = gate(label, &gatesAfter, &graph, { $0.add(from: $1, to: $2) }) else { continue }
        graph.add(from: gate, to: i)
      }
      for label in element.before {
        guard let gate = gate(label, &gatesBefore, &graph, { $0.add(from: $2, to: $1) }) else { continue }
        graph.add(from: i, to: gate)
      }
    }
    var placed: [Placed] = []
    var latest = -1
    var ready = Heap(elements.indices.filter { graph.predecessors[$0] == 0 })
    /// The last predecessor that each element waited for.
    var causes: [Int?] = Array(repeating: nil, count: elements.count)
    while let next = ready.popMin() {
      placed.append(Placed(index: next, moved: next < latest ? causes[next].map(words) : nil))
      latest = max(latest, next)
      for freed in graph.release(next) {
        causes[freed] = next
        ready.insert(freed)
      }
    }
    guard placed.count < elements.count else { return (placed, nil) }
    let taken = Set(placed.map(\.index))
    let rest = elements.indices.filter { !taken.contains($0) }
    return (
      placed + rest.map { Placed(index: $0, moved: nil) },
      rest.first.map { ($0, elements[$0].steps[0].at) }
    )
  }

  /// The gate of a label; nil if no element has it.
  ///
  /// - Parameter connect: adds the edge between an element and the gate.
  private func gate(
    _ label: Label, _ gates: inout [Label: Int], _ graph: inout Graph,
    _ connect: (_ graph: inout Graph, _ member: Int, _ gate: Int) -> Void
  ) -> Int? {
    if let gate = gates[label] { return gate }
    guard let members = members[label] else { return nil }
    let gate = graph.addGate()
    gates[label] = gate
    for member in members { connect(&graph, member, gate) }
    return gate
  }

  private func words(_ cause: Int) -> String { "after " + elements[cause].words }
}

extension Element {
  /// The name of the element for reports.
  fileprivate var words: String {
    guard let step = steps.last else { return "" }
    return step.attribute.map { "\(step.target).\($0)" } ?? step.words
  }
}

/// Elements, the gates numbered after them, and the edges between all of these.
private struct Graph {
  private let elementCount: Int
  private(set) var predecessors: [Int]
  private var successors: [[Int]]

  init(count: Int) {
    elementCount = count
    predecessors = Array(repeating: 0, count: count)
    successors = Array(repeating: [], count: count)
  }

  mutating func addGate() -> Int {
    predecessors.append(0)
    successors.append([])
    return predecessors.count - 1
  }

  mutating func add(from a: Int, to b: Int) {
    successors[a].append(b)
    predecessors[b] += 1
  }

  /// Takes an element and every gate that this opens. Returns the elements that have no predecessors left.
  mutating func release(_ element: Int) -> [Int] {
    var freed: [Int] = []
    var open = [element]
    while let node = open.popLast() {
      for next in successors[node] {
        predecessors[next] -= 1
        guard predecessors[next] == 0 else { continue }
        if next < elementCount { freed.append(next) } else { open.append(next) }
      }
    }
    return freed
  }
}
