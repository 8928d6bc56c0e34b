import DeviceManifest
import DevicePlan
import DeviceSchema
import Vocabulary

/// What waits for what among the calls of a plan.
///
/// Calls that differ only in the vCPU, the key or the value are one node.
package struct PlanGraph: Sendable {
  /// What calls are on.
  package enum Object: Hashable, Sendable {
    case system, vm, vcpus
    /// A device or a device type, by name.
    case device(String)

    /// The name for readers. A device can have the name of another object.
    package var name: String {
      switch self {
      case .system: "system"
      case .vm: "vm"
      case .vcpus: "vcpus"
      case .device(let name): name
      }
    }
  }

  package struct Node: Sendable {
    package var object: Object
    /// The call: `create`, `addr.dist`.
    package var label: String
    /// The number of calls.
    package var count: Int
  }

  package enum Reason: Hashable, Sendable, Comparable {
    /// The explicit steps are made as written.
    case written
    /// A schema has the order.
    case schema
    /// The object of the call is created first.
    case object
    /// The call is made only if the earlier one does not end ok.
    case refused
    /// The call is made only if the earlier one ends ok.
    case ok
  }

  package struct Edge: Sendable {
    package var from: Int
    package var to: Int
    package var reason: Reason
    /// Whether calls come later than in the manifest because of it.
    package var moves: Bool
  }

  package private(set) var nodes: [Node] = []
  package private(set) var edges: [Edge] = []
  private var numbers: [Key: Int] = [:]
  private var places: [[Int]: Int] = [:]

  /// What the calls of a node have in common.
  private struct Key: Hashable {
    var operation: String
    var object: Object
    /// The slot or the type of the device, which tells alternatives of one device apart.
    var slot: Int?
    var label: String
  }

  /// The graph of a manifest.
  package init(of manifest: Manifest, _ knowledge: PlanningKnowledge, _ plan: Plan) {
    var declared = 0
    if let machine = manifest.machine {
      var draft = Draft(knowledge)
      draft.add(machine)
      declared = draft.steps.count
      add(draft)
      reduce()
      edges.sort { ($0.from, $0.to) < ($1.from, $1.to) }
    }
    add(plan.steps[declared...])
  }

  /// The graph of a compiled plan, which has an order and no reasons.
  package init(of plan: Plan) { add(plan.steps[...]) }

  // MARK: The declarative part

  private mutating func add(_ draft: Draft) {
    /// The nodes of the first and of the last step of each element.
    var first: [Int] = []
    var last: [Int] = []
    /// The creation of each device, by slot, and the last call that makes vCPUs.
    var devices: [Int: Int] = [:]
    var vcpus: Int?
    for element in draft.elements {
      let object = draft.steps[element.steps.upperBound - 1].graphObject
      let nodes = element.steps.map { node(draft.steps[$0], of: object) }
      if let slot = element.deviceSlot, let creation = nodes.last { devices[slot] = creation }
      switch draft.steps[element.steps.lowerBound].operation {
      case .createVCPU: vcpus = vcpus ?? nodes[0]
      case .initVCPU:
        if let vcpus { connect(vcpus, nodes[0], .object) }
        vcpus = nodes[0]
      default: break
      }
      first.append(nodes[0])
      last.append(nodes[nodes.count - 1])
    }
    for (i, element) in draft.elements.enumerated() {
      let step = draft.steps[element.steps.upperBound - 1]
      connect(0, first[i], .object)
      for slot in step.operation.devices { if let creation = devices[slot] { connect(creation, first[i], .object) } }
      if step.operation.isOnVCPU, let vcpus { connect(vcpus, first[i], .object) }
      if first[i] != last[i] { connect(first[i], last[i], .ok) }
      for guarding in element.guards {
        if case .element(let other) = guarding.source { connect(first[other], first[i], guarding.ok ? .ok : .refused) }
      }
    }
    let ordering = Ordering(draft)
    for label in 0..<draft.labelCount {
      let members = (
        first: Set(ordering.members[label].map { first[$0] }), last: Set(ordering.members[label].map { last[$0] })
      )
      for waiting in Set(ordering.after[label].map { first[$0] }) {
        for member in members.last { connect(member, waiting, .schema) }
      }
      for earlier in Set(ordering.before[label].map { last[$0] }) {
        for member in members.first { connect(earlier, member, .schema) }
      }
    }
    for placed in ordering.order().elements {
      guard let cause = placed.cause, let edge = places[[last[cause], first[placed.index]]] else { continue }
      edges[edge].moves = true
    }
  }

  private mutating func node(_ step: Step, of object: Object) -> Int {
    var slot = step.operation.devices.first
    if case .createDevice(let type, _) = step.operation { slot = Int(type) }
    let key = Key(operation: step.operation.name, object: object, slot: slot, label: step.graphLabel)
    if let known = numbers[key] {
      nodes[known].count += 1
      return known
    }
    numbers[key] = nodes.count
    nodes.append(Node(object: key.object, label: key.label, count: 1))
    return nodes.count - 1
  }

  private mutating func connect(_ from: Int, _ to: Int, _ reason: Reason) {
    if from == to { return }
    if let known = places[[from, to]] {
      edges[known].reason = max(edges[known].reason, reason)
    } else {
      places[[from, to]] = edges.count
      edges.append(Edge(from: from, to: to, reason: reason, moves: false))
    }
  }

  /// Removes edges that follow from others.
  private mutating func reduce() {
    var successors = Array(repeating: [Int](), count: nodes.count)
    for edge in edges { successors[edge.from].append(edge.to) }
    guard let ranks = ranks(successors) else { return }
    let all = edges
    edges = edges.filter { edge in
      if edge.moves { return true }
      var seen: Set<Int> = []
      var open = successors[edge.from].filter { $0 != edge.to && ranks[$0] < ranks[edge.to] }
      if edge.reason >= .refused {
        // What comes after a guarded call is guarded by the same answer.
        open = open.filter { places[[edge.from, $0]].map { all[$0].reason } == edge.reason }
      }
      while let next = open.popLast() {
        if next == edge.to { return false }
        if seen.insert(next).inserted { open += successors[next].filter { ranks[$0] <= ranks[edge.to] } }
      }
      return true
    }
  }

  /// The length of the longest path to each node; nil if there is a circle. Calls with different keys can wait for each
  /// other.
  private func ranks(_ successors: [[Int]]) -> [Int]? {
    var waiting = Array(repeating: 0, count: nodes.count)
    for node in successors.joined() { waiting[node] += 1 }
    var ranks = Array(repeating: 0, count: nodes.count)
    var ready = nodes.indices.filter { waiting[$0] == 0 }
    var done = 0
    while let next = ready.popLast() {
      done += 1
      for node in successors[next] {
        ranks[node] = max(ranks[node], ranks[next] + 1)
        waiting[node] -= 1
        if waiting[node] == 0 { ready.append(node) }
      }
    }
    return done == nodes.count ? ranks : nil
  }

  // MARK: Explicit steps

  private mutating func add(_ steps: ArraySlice<Step>) {
    let sources = Set(edges.map(\.from))
    /// The nodes that the next one waits for.
    var latest = nodes.indices.filter { !sources.contains($0) }
    for step in steps {
      // Each call has a node of its own, unless it repeats the one before it.
      let before = nodes.count
      if latest.count != 1 || nodes[latest[0]].object != step.graphObject || nodes[latest[0]].label != step.graphLabel {
        nodes.append(Node(object: step.graphObject, label: step.graphLabel, count: 1))
        for node in latest { connect(node, before, .written) }
        latest = [before]
      } else {
        nodes[latest[0]].count += 1
      }
    }
  }
}

extension Step {
  fileprivate var graphObject: PlanGraph.Object {
    switch target {
    case .system: .system
    case .vm: .vm
    case .vcpu, .eachVCPU: .vcpus
    case .device(let name): .device(name)
    }
  }

  fileprivate var graphLabel: String {
    switch operation {
    case .createVM, .createVCPU, .createDevice: "create"
    case .addMemory: "add memory"
    case .enableCapability(let number, _, _, _): "enable \(value ?? "capability \(number)")"
    case .createIRQChip: "create irqchip"
    case .initVCPU: "init"
    case .testDevice: "test \(target)"
    case .closeDevice: "close"
    case .runVCPU: "run"
    case .setAttribute(let call): attribute ?? "group \(call.group)"
    case .getAttribute(let call): "get \(attribute ?? "group \(call.group)")"
    case .hasAttribute(let call): "has \(attribute ?? "group \(call.group)")"
    case .checkExtension: "ask for \(value ?? "a capability")"
    case .request: attribute ?? "call"
    }
  }
}

extension DevicePlan.Operation {
  /// The slots of the devices that the call needs.
  fileprivate var devices: [Int] {
    switch self {
    case .enableCapability(_, _, _, let arguments):
      return arguments.compactMap { if case .device(let slot) = $0 { slot } else { nil } }
    default:
      if case .device(let slot)? = attributeCall?.target { return [slot] }
      return []
    }
  }

  fileprivate var isOnVCPU: Bool {
    switch self {
    case .runVCPU: return true
    case .enableCapability(_, .vcpu, _, _): return true
    default:
      if case .vcpu? = attributeCall?.target { return true }
      return false
    }
  }
}
