/// The memory of one run: the state of a VM, and above it the values of the running call.
///
/// A call whose answer depends on something unknown is evaluated once for each possibility. A journal of the changed
/// cells takes it back in between.
struct Memory {
  private(set) var cells: [Cell]
  private var maps: [Map] = []
  private var journal: [(address: Address, old: Cell)] = []
  private var mapJournal: [(map: Int, key: Cell, old: Cell?)] = []
  /// The first address, and the first map, of the running call.
  private(set) var start: Address = 0
  private var firstMap = 0
  /// Whether something that the call made has to outlive it.
  private var isLasting = false
  /// Whether the call may be evaluated again. Lists of earlier calls are then copied before they grow.
  var isForked = false
  /// The records with an identity that the call made, in order.
  private(set) var made: [Address] = []

  /// The places of the VM, of the list of its vCPUs and of the list of its devices. Address 0 is not used.
  static let vm: Address = 1
  static let vcpus: Address = 2
  static let devices: Address = 3

  /// A map of the state. A type of its own: the runtime takes long to make arrays of dictionaries.
  private struct Map {
    var entries: [Cell: Cell]
  }

  init() {
    cells = [.absent, .null, .emptyList, .emptyList]
    start = Address(cells.count)
  }

  subscript(address: Address) -> Cell { cells[Int(address)] }

  private var top: Address { Address(cells.count) }

  /// Changes a cell. A change of the state outside the call is recorded.
  mutating func write(_ cell: Cell, to address: Address) {
    if address < start {
      let old = cells[Int(address)]
      journal.append((address, old))
      if cell != old, cell.refersToMemory { isLasting = true }
    }
    cells[Int(address)] = cell
  }

  /// Keeps what the running call has made.
  mutating func keep() { isLasting = true }
}

// MARK: Records

extension Memory {
  /// Makes a record without values.
  mutating func allocate(_ shape: ShapeID, fields count: Int) -> Address {
    let address = top
    cells.append(Cell(.shape, Int64(shape)))
    for _ in 0..<count { cells.append(.absent) }
    return address
  }

  /// Makes a record with an identity, without values.
  mutating func allocateObject(_ shape: ShapeID, fields count: Int) -> Address {
    isLasting = true
    let address = allocate(shape, fields: count)
    made.append(address)
    return address
  }
}

// MARK: Lists

extension Memory {
  /// Makes room for a list; its elements are then written one by one.
  mutating func allocateList(_ count: Int, capacity: Int? = nil) -> Address {
    if count == 0, capacity == nil { return 0 }
    let capacity = capacity ?? count
    cells.append(.storage(capacity: capacity, used: count))
    let start = top
    for _ in 0..<capacity { cells.append(.absent) }
    return start
  }

  /// Whether a list can grow in its place: it is the newest version of its storage, there is room, and no other branch
  /// of the call needs what is there now.
  private func hasRoom(after list: Cell) -> Bool {
    guard list.start > 0, !isForked || list.start >= start else { return false }
    let storage = self[list.start - 1]
    return storage.count == list.count && storage.count < storage.capacity
  }

  /// Adds an element to the list in a cell. Earlier versions of the list keep their elements.
  mutating func append(_ element: Cell, toListAt address: Address) {
    let list = self[address]
    if hasRoom(after: list) {
      write(element, to: list.start + Address(list.count))
      write(.storage(capacity: self[list.start - 1].capacity, used: list.count + 1), to: list.start - 1)
      write(.list(start: list.start, count: list.count + 1), to: address)
      return
    }
    let start = allocateList(list.count + 1, capacity: max(4, list.count * 2))
    for i in 0..<Address(list.count) { write(self[list.start + i], to: start + i) }
    write(element, to: start + Address(list.count))
    write(.list(start: start, count: list.count + 1), to: address)
  }
}

// MARK: Maps

extension Memory {
  mutating func allocateMap(_ entries: [Cell: Cell] = [:]) -> Cell {
    isLasting = true
    maps.append(Map(entries: entries))
    return Cell(.map, Int64(maps.count - 1))
  }

  func entries(of map: Cell) -> [Cell: Cell] { maps[Int(map.bits)].entries }
  func count(of map: Cell) -> Int { maps[Int(map.bits)].entries.count }
  func value(in map: Cell, at key: Cell) -> Cell? { maps[Int(map.bits)].entries[key] }

  /// Stores a value in the map in a cell. The cell counts as changed, too.
  mutating func store(_ value: Cell, at key: Cell, inMapAt address: Address) {
    let map = self[address]
    write(map, to: address)
    let i = Int(map.bits)
    let old = maps[i].entries.updateValue(value, forKey: key)
    if i < firstMap { mapJournal.append((i, key, old)) }
    if value.refersToMemory { isLasting = true }
  }
}

// MARK: Calls

extension Memory {
  /// Begins a call.
  mutating func begin() {
    journal.removeAll(keepingCapacity: true)
    mapJournal.removeAll(keepingCapacity: true)
    made.removeAll(keepingCapacity: true)
    start = top
    firstMap = maps.count
    isLasting = false
    isForked = false
  }

  /// Ends a call and gives back the memory of its values, unless something of it lasts.
  mutating func finish() {
    if !isLasting { cells.removeLast(Int(top - start)) }
    start = top
    firstMap = maps.count
  }

  /// The changes of one branch of a call.
  struct Changes {
    /// The new values of cells, and of maps, that existed before.
    var cells: [Address: Cell] = [:]
    var maps: [Int: [Cell: Cell]] = [:]
    /// The memory and the maps that the branch added; empty if nothing of it lasts.
    var added: [Cell] = []
    var addedMaps: [[Cell: Cell]] = []
    var made: [Address] = []
  }

  /// What the call has changed so far.
  var changes: Changes {
    var changes = Changes(made: made)
    if isLasting {
      (changes.added, changes.addedMaps) = (Array(cells[Int(start)...]), maps[firstMap...].map(\.entries))
    }
    for change in journal { changes.cells[change.address] = self[change.address] }
    for change in mapJournal { changes.maps[change.map] = maps[change.map].entries }
    return changes
  }

  /// Takes back all changes of the call. It can then be evaluated again.
  mutating func rewind() {
    for change in journal.reversed() { cells[Int(change.address)] = change.old }
    for change in mapJournal.reversed() { maps[change.map].entries[change.key] = change.old }
    cells.removeLast(cells.count - Int(start))
    maps.removeLast(maps.count - firstMap)
    journal.removeAll(keepingCapacity: true)
    mapJournal.removeAll(keepingCapacity: true)
    made.removeAll(keepingCapacity: true)
    isLasting = false
  }

  /// Takes over the memory and the maps that a branch added.
  mutating func adopt(_ cells: [Cell], _ maps: [[Cell: Cell]]) {
    if !cells.isEmpty || !maps.isEmpty { isLasting = true }
    self.cells += cells
    self.maps += maps.map { Map(entries: $0) }
  }

  /// Replaces the contents of a map.
  mutating func replace(_ map: Cell, with entries: [Cell: Cell]) { maps[Int(map.bits)].entries = entries }

  /// The end of the memory, and the number of maps.
  var end: (cells: Address, maps: Int) { (top, maps.count) }
  /// What the running call began with.
  var beginning: (cells: Address, maps: Int) { (start, firstMap) }
}
