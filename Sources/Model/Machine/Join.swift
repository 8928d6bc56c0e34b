import Expressions

// The state after a call that may have gone several ways.
extension Machine {
  /// Applies the changes of all branches. A value that differs between branches becomes unknown.
  mutating func join(_ branches: [Memory.Changes]) {
    guard let first = branches.first else { return }
    epoch += 1
    let before = StateBefore(branches, memory)
    memory.adopt(first.added, first.addedMaps)
    for (address, cell) in first.cells { memory.write(cell, to: address) }
    for (map, entries) in first.maps { memory.replace(Cell(.map, Int64(map)), with: entries) }
    var made = first.made
    for branch in branches.dropFirst() { merge(branch, before, made: &made) }
  }

  /// - Parameter made: the records that the branches so far made. Those of this one are the same records.
  private mutating func merge(_ branch: Memory.Changes, _ before: StateBefore, made: inout [Address]) {
    var moved = Relocation(from: memory.beginning, to: memory.end)
    for (own, earlier) in zip(branch.made, made) { moved.records[own] = earlier }
    memory.adopt(branch.added.map { moved.cell($0) }, branch.addedMaps.map { moved.map($0) })
    let maps = before.maps.merging(branch.maps.mapValues { moved.map($0) }) { $1 }
    // What is beyond the end of a list belongs to the branch that made the list longer.
    for (address, old) in before.cells where old.tag != .absent && old.tag != .storage {
      let other = branch.cells[address].map { moved.cell($0) } ?? old
      memory.write(joined(memory[address], other, maps), to: address)
    }
    for (i, own) in branch.made.enumerated() {
      if i < made.count {
        merge(recordAt: own + moved.distance, into: made[i], maps)
      } else {
        made.append(own + moved.distance)
      }
    }
  }

  private mutating func merge(recordAt other: Address, into record: Address, _ maps: [Int: [Cell: Cell]]) {
    let (shape, otherShape) = (self.shape(of: .object(record)), self.shape(of: .object(other)))
    for (i, name) in program.shapes.names(of: shape).enumerated() {
      let address = record + 1 + Address(i)
      var value = Cell.unknown
      if let place = program.shapes.place(of: name, in: otherShape) {
        value = joined(memory[address], memory[other + 1 + place], maps)
      }
      memory.write(value, to: address)
    }
  }

  /// The value if both are the same, otherwise unknown. Maps with the same keys are joined key by key.
  ///
  /// - Parameter maps: the contents of maps on the other side, if they differ from those in the memory.
  private mutating func joined(_ a: Cell, _ b: Cell, _ maps: [Int: [Cell: Cell]]) -> Cell {
    guard a.tag == .map, b.tag == .map else { return areSame(a, b) ? a : .unknown }
    let (left, right) = (memory.entries(of: a), maps[Int(b.bits)] ?? memory.entries(of: b))
    guard left.count == right.count, left.keys.allSatisfy({ right[$0] != nil }) else { return .unknown }
    var entries = left
    for (key, value) in right { entries[key] = entries[key].map { joined($0, value, maps) } }
    memory.replace(a, with: entries)
    return a
  }

  /// Whether two values are the same, unknown parts included.
  private func areSame(_ a: Cell, _ b: Cell) -> Bool {
    if a == b { return true }
    switch (a.tag, b.tag) {
    case (.list, .list), (.record, .record): return value(of: a) == value(of: b)
    default: return false
    }
  }
}

/// The state that branches change, as it is without any of them.
private struct StateBefore {
  var cells: [Address: Cell] = [:]
  var maps: [Int: [Cell: Cell]] = [:]

  init(_ branches: [Memory.Changes], _ memory: Memory) {
    for branch in branches {
      for address in branch.cells.keys { cells[address] = memory[address] }
      for map in branch.maps.keys { maps[map] = memory.entries(of: Cell(.map, Int64(map))) }
    }
  }
}

/// Moves the cells and maps that a branch added after those of earlier branches.
private struct Relocation {
  let beginning: (cells: Address, maps: Int)
  let distance: Address
  private let mapDistance: Int
  /// The new addresses of the branch's records, if earlier branches made the same records.
  var records: [Address: Address] = [:]

  init(from beginning: (cells: Address, maps: Int), to end: (cells: Address, maps: Int)) {
    self.beginning = beginning
    distance = end.cells - beginning.cells
    mapDistance = end.maps - beginning.maps
  }

  func cell(_ cell: Cell) -> Cell {
    switch cell.tag {
    case .object where cell.address >= beginning.cells: .object(records[cell.address] ?? cell.address + distance)
    case .record where cell.address >= beginning.cells: .record(cell.address + distance)
    case .list where cell.start >= beginning.cells: .list(start: cell.start + distance, count: cell.count)
    case .map where cell.bits >= beginning.maps: Cell(.map, cell.bits + Int64(mapDistance))
    default: cell
    }
  }

  func map(_ entries: [Cell: Cell]) -> [Cell: Cell] {
    var moved: [Cell: Cell] = [:]
    for (key, value) in entries { moved[cell(key)] = cell(value) }
    return moved
  }
}
