import DevicePlan
import DeviceSchema
import Diagnostics
import Model
import Vocabulary

/// What occupies the addresses and interrupt numbers of a VM after a plan, by space, and what of it overlaps.
///
/// It has no names and no places, so that a check of a VM without overlaps costs little.
struct MapSurvey {
  struct Item {
    var content: MapEntry.Content
    var first: Int128
    var end: Int128
    /// The index of the occupation.
    var occupation: Int
    /// Whether other items may have the same interrupt.
    var isShared = false
  }

  struct Space {
    var kind: MapSpace.Kind
    var name: String
    /// Sorted by their first number.
    var items: [Item] = []
    /// What has a place that is supplied at load time.
    var unplaced: [Item] = []
    /// The numbers that exist.
    var existing: [Item] = []
    /// Pairs of items, by their indices.
    var overlaps: [(Int, Int)] = []
  }

  let occupations: [Occupation]
  let plan: Plan
  private(set) var spaces: [Space] = []

  /// - Parameter wrong: the steps that are left out.
  init(_ occupations: [Occupation], of plan: Plan, without wrong: Set<Int>) {
    self.occupations = occupations
    self.plan = plan
    for i in Self.lasting(occupations, plan) {
      let occupation = occupations[i]
      if let step = occupation.step, wrong.contains(step) || step >= plan.steps.count { continue }
      if !occupation.isPlaced, occupation.step.map(plan.hasValueOfLoadTime) != true { continue }
      add(occupation, i)
    }
    // Guest physical addresses first, then other buses, then interrupts.
    spaces.sort { ($0.kind.rank, $0.name) < ($1.kind.rank, $1.name) }
    for i in spaces.indices { spaces[i].findOverlaps { Self.identity(of: occupations[$0], plan) } }
  }

  private mutating func add(_ occupation: Occupation, _ index: Int) {
    var name = occupation.space
    let (content, kind): (MapEntry.Content?, MapSpace.Kind)
    switch occupation.kind {
    case .memory(let slot):
      (content, kind) = (.memory(slot: slot), .addresses)
      // The upper half of a slot's number is its address space: the memory of another one is not at these addresses.
      if slot >> 16 != 0 { name = "address space \(slot >> 16)" }
    case .word(.region):
      // What a device uses of the guest's memory.
      let isBuffer = name == "memory"
      if isBuffer { name = "" }
      (content, kind) = (isBuffer ? .buffer : .device, .addresses)
    case .word(.addresses): (content, kind) = (nil, .addresses)
    case .word(.interrupt), .word(.sharedInterrupt): (content, kind) = (.interrupt, .interrupts)
    case .word(.interrupts): (content, kind) = (nil, .interrupts)
    case .word(.noInterrupts), .word(.nothing), .closed: return
    }
    var place = spaces.count
    if let known = spaces.firstIndex(where: { $0.kind == kind && $0.name == name }) {
      place = known
    } else {
      spaces.append(Space(kind: kind, name: name))
    }
    let item = Item(
      content: content ?? .interrupt, first: occupation.first, end: occupation.first + occupation.count,
      occupation: index, isShared: occupation.kind == .word(.sharedInterrupt))
    if !occupation.isPlaced {
      spaces[place].unplaced.append(item)
    } else if content == nil {
      spaces[place].existing.append(item)
    } else {
      spaces[place].items.append(item)
    }
  }

  /// The occupations without those of closed devices, of memory slots that were given again, of attributes that were set
  /// again or reset, and of requests that were taken back.
  private static func lasting(_ occupations: [Occupation], _ plan: Plan) -> [Int] {
    var isLasting = occupations.map { $0.count > 0 }
    // Sorting needs no tables, whose first use takes long.
    var owned = occupations.indices.compactMap { i -> (owner: Owner, index: Int)? in
      guard let step = occupations[i].step, step < plan.steps.count else { return nil }
      return Owner(occupations[i], plan.steps[step]).map { ($0, i) }
    }
    owned.sort { ($0.owner, $0.index) < ($1.owner, $1.index) }
    // The last occupation of each owner, from the end.
    var last = owned.last
    for one in owned.reversed() {
      if one.owner != last?.owner { last = one }
      // The parts that one call adds belong together.
      let (latest, own) = (occupations[last?.index ?? one.index], occupations[one.index])
      if latest.step != own.step, !own.repeats { isLasting[one.index] = false }
    }
    removeEnded(occupations, plan, &isLasting)
    removeTakenBack(occupations, plan, &isLasting)
    return isLasting.indices.filter { isLasting[$0] }
  }

  /// Removes what was set before its device was closed or its attribute was reset.
  private static func removeEnded(_ occupations: [Occupation], _ plan: Plan, _ isLasting: inout [Bool]) {
    if occupations.allSatisfy({ !$0.isEnd }) { return }
    /// The occupations of each device, by attribute.
    var ofDevices: [Int: [String: [Int]]] = [:]
    for (i, occupation) in occupations.enumerated() {
      if case .closed(let slot) = occupation.kind {
        let ended = ofDevices.removeValue(forKey: slot) ?? [:]
        for removed in ended.values.joined() { isLasting[removed] = false }
      } else if let step = occupation.step, step < plan.steps.count,
        case .device(let slot)? = plan.steps[step].operation.attributeCall?.target
      {
        if occupation.kind == .word(.nothing) {
          for removed in ofDevices[slot]?.removeValue(forKey: occupation.space) ?? [] { isLasting[removed] = false }
        } else {
          ofDevices[slot, default: [:]][plan.steps[step].attribute ?? "", default: []].append(i)
        }
      }
    }
  }

  private static func removeTakenBack(_ occupations: [Occupation], _ plan: Plan, _ isLasting: inout [Bool]) {
    if !occupations.contains(where: { $0.kind == .word(.noInterrupts) }) { return }
    /// The occupations of each request, by interrupt.
    var users: [RequestSpace: [Int128: [Int]]] = [:]
    for (i, occupation) in occupations.enumerated() {
      guard isLasting[i], occupation.isPlaced, let step = occupation.step, step < plan.steps.count,
        case .request(let call) = plan.steps[step].operation
      else { continue }
      let key = RequestSpace(request: call.request, target: call.target, space: occupation.space)
      switch occupation.kind {
      case .word(.interrupt), .word(.sharedInterrupt), .word(.interrupts):
        users[key, default: [:]][occupation.first, default: []].append(i)
      case .word(.noInterrupts):
        let range = occupation.first..<occupation.first + occupation.count
        let known = users[key] ?? [:]
        // There are few users or few numbers.
        let numbers = Int128(known.count) < occupation.count ? Array(known.keys) : Array(range)
        for number in numbers where range.contains(number) {
          for user in users[key]?.removeValue(forKey: number) ?? [] { isLasting[user] = false }
        }
      default: break
      }
    }
  }

  /// What tells users of one number apart. The same attribute of several vCPUs is one user.
  private static func identity(of occupation: Occupation, _ plan: Plan) -> String {
    guard let step = occupation.step else { return "\(occupation.device ?? -1) \(occupation.attribute ?? "")" }
    return plan.steps[step].userLabel
  }
}

extension Occupation {
  /// Whether it ends earlier ones.
  fileprivate var isEnd: Bool {
    switch kind {
    case .closed, .word(.nothing): true
    default: false
    }
  }
}

/// The interrupts of one kind that the calls of one request use.
private struct RequestSpace: Hashable {
  var request: UInt32
  var target: Target
  var space: String
}

/// What has one place on the map at a time: a memory slot, or what a set of an attribute adds.
private struct Owner: Comparable {
  /// The slot of a device or a vCPU, or the number of a memory slot, in different ranges.
  private var object: Int
  private var group: UInt32 = 0
  private var attr: UInt64 = 0

  init?(_ occupation: Occupation, _ step: Step) {
    if case .memory(let slot) = occupation.kind {
      object = Int(slot) * 4
    } else if case .setAttribute(let call) = step.operation {
      switch call.target {
      case .system, .vm: object = 1
      case .vcpu(let slot): object = slot * 4 + 2
      case .device(let slot): object = slot * 4 + 3
      }
      (group, attr) = (call.group, call.attr)
    } else {
      return nil
    }
  }

  static func < (a: Owner, b: Owner) -> Bool { (a.object, a.group, a.attr) < (b.object, b.group, b.attr) }
}

extension Step {
  /// The object and the attribute of the step. All vCPUs have the same label.
  var userLabel: String {
    let object: String
    switch target {
    case .vcpu, .eachVCPU: object = "vcpu"
    default: object = target.description
    }
    return attribute.map { "\(object).\($0)" } ?? object
  }
}

extension MapSurvey.Space {
  /// Finds overlaps in one pass over the items in their order. An item is compared with the one that reaches furthest so
  /// far, so that a pile of items gives one pair for each item more.
  mutating func findOverlaps(_ identity: (Int) -> String) {
    items.sort { ($0.first, -$0.end) < ($1.first, -$1.end) }
    switch kind {
    case .addresses:
      find(within: .device)
      find(within: .buffer)
      findInMemory()
    case .interrupts:
      /// The first item of the current number.
      var first: Int?
      for i in items.indices where !items[i].isShared {
        guard let other = first, items[other].first == items[i].first else {
          first = i
          continue
        }
        if identity(items[i].occupation) != identity(items[other].occupation) { overlaps.append((other, i)) }
      }
    }
  }

  private mutating func find(within content: MapEntry.Content) {
    var furthest: Int?
    for i in items.indices where items[i].content == content {
      if let other = furthest, items[i].first < items[other].end { overlaps.append((other, i)) }
      if furthest.map({ items[$0].end < items[i].end }) ?? true { furthest = i }
    }
  }

  /// Finds the devices in memory. Memory slots do not overlap.
  private mutating func findInMemory() {
    let memory = items.indices.filter { items[$0].content.isMemory }
    var next = 0
    for i in items.indices where items[i].content == .device {
      while next < memory.count, items[memory[next]].end <= items[i].first { next += 1 }
      if next < memory.count, items[memory[next]].first < items[i].end { overlaps.append((memory[next], i)) }
    }
  }
}
