import Diagnostics
import Maps
import TextOutput
import Vocabulary

/// A map as a picture in SVG.
///
/// Addresses grow downwards. Each cluster has one scale. What is between clusters is folded, and a range that would be
/// much higher than the smallest one of its cluster is cut, which a zigzag shows.
package struct MapPicture {
  private let map: MachineMap

  package init(_ map: MachineMap) { self.map = map }

  package var text: String {
    var drawing = MapDrawing(map)
    drawing.title("\(map.name), \(map.architecture.rawValue)")
    drawing.remark(
      "Addresses grow downwards. A bracket is the scale of what is beside it; a zigzag cuts what is longer.")
    if map.spaces.isEmpty { drawing.remark("nothing has an address or an interrupt") }
    for space in map.spaces {
      drawing.heading(space)
      switch space.kind {
      case .addresses: drawing.draw(MapLayout(space), space.overlaps.map(\.range))
      case .interrupts: drawing.drawInterrupts(space)
      }
      for entry in space.unplaced { drawing.unplaced(entry, space.supplied) }
      for mistake in space.mistakes { drawing.warning(mistake) }
    }
    return drawing.text
  }
}

private struct MapDrawing {
  private static let width = 860
  private static let style = """
    text{font:12px sans-serif;fill:#222}.title{font-size:18px;font-weight:bold}.heading{font-size:14px;font-weight:bold}\
    .at{font-family:monospace;text-anchor:end;fill:#555}.name{font-weight:bold}.faint{fill:#777}.red{fill:#c62828}\
    .end{text-anchor:end}.number{text-anchor:middle;font-size:10px}.small{font-size:8px}\
    .memory{fill:#cfe0f5;stroke:#4a76a8}.buffer{fill:#8db4e2;stroke:#2f5a8a}.device{fill:#bfe3b4;stroke:#4c8a3f}\
    .free{fill:#f6f6f6;stroke:#ccc;stroke-dasharray:3 3}.cell{fill:#f6f6f6;stroke:#ccc}\
    .overlap{fill:url(#hatch);fill-opacity:.55;stroke:#c62828;stroke-width:2}.clash{fill:#f3b5b5;stroke:#c62828;stroke-width:2}\
    .cut{fill:none;stroke:#fff;stroke-width:6}.edge{fill:none;stroke:#888}.leader{fill:none;stroke:#999;stroke-width:.7}
    """
  /// The left and the right side of bars, and the left side of their names.
  private static let (left, right, names) = (190.0, 430.0, 460.0)
  /// The height of a folded gap.
  private static let folded = 34.0

  private let map: MachineMap
  private var svg = SVG(width: width, style: style)
  private var y = 20.0

  init(_ map: MachineMap) { self.map = map }

  var text: String { svg.text(height: y + 20) }

  mutating func title(_ text: String) {
    y += 10
    svg.write(20, y, "title", text, size: 18)
  }

  mutating func heading(_ space: MapSpace) {
    y += 26
    svg.write(20, y, "heading", space.heading, size: 14)
    y += 16
  }

  mutating func remark(_ text: String) {
    y += 18
    svg.write(20, y, "faint", text)
  }

  mutating func unplaced(_ entry: MapEntry, _ words: String) {
    y += 18
    let place = entry.at.map { [(map.words($0), "faint")] } ?? []
    svg.write(Self.left, y, "", [(entry.label, "name"), (words, "")] + place)
  }

  mutating func warning(_ text: String) {
    y += 18
    svg.write(20, y, "name red", "! " + text)
  }

  // MARK: Addresses

  mutating func draw(_ layout: MapLayout, _ overlaps: [Range<Int128>]) {
    for (i, cluster) in layout.clusters.enumerated() {
      if cluster.isFolded { drawFolded(cluster.range) } else { draw(cluster, overlaps) }
      let next = i + 1 < layout.clusters.count ? layout.clusters[i + 1] : nil
      if next?.range.lowerBound != cluster.range.upperBound || i + 1 == layout.clusters.count {
        svg.write(Self.left - 10, y + 4, "at", grouped(cluster.range.upperBound))
        y += next == nil ? 8 : 20
      } else if let next, !next.isFolded, !cluster.isFolded {
        // The scale changes.
        y += 6
      }
    }
  }

  private mutating func drawFolded(_ range: Range<Int128>) {
    let (left, right) = (Self.left, Self.right)
    svg.rectangle(left, y, right - left, Self.folded, "free")
    zigzag(left, right, y + Self.folded / 2)
    svg.write(left - 10, y + 4, "at", grouped(range.lowerBound))
    name(y + Self.folded / 2 + 4, [("free", "faint"), ("\(shortSize(range.size)), folded", "faint")])
    y += Self.folded
  }

  private mutating func draw(_ cluster: MapLayout.Cluster, _ overlaps: [Range<Int128>]) {
    let scale = Scale(cluster)
    let top = y
    let place = { (address: Int128) in top + scale.height(upTo: address) }
    let lanes = Lanes(cluster.rows)
    /// The names that are beside each part, and how many of them are placed.
    var names: [Int128: (count: Double, placed: Double)] = [:]
    for row in cluster.rows { names[scale.part(of: row).lowerBound, default: (0, 0)].count += 1 }
    var labels: [(y: Double, row: MapLayout.Row, from: (x: Double, y: Double))] = []
    for (i, row) in cluster.rows.enumerated() {
      let (from, to) = (place(row.range.lowerBound), place(row.range.upperBound))
      let (x, width) = lanes.extent(of: i, from: Self.left, to: Self.right)
      let size = shortSize(row.range.size)
      svg.rectangle(
        x, from, width, to - from, row.kind, title: "\(row.label), \(grouped(row.range.lowerBound)), \(size)")
      let part = scale.part(of: row)
      names[part.lowerBound]?.placed += 1
      let (count, placed) = names[part.lowerBound] ?? (1, 1)
      let (top, bottom) = (place(part.lowerBound), place(part.upperBound))
      let middle = top + (bottom - top) * placed / (count + 1)
      labels.append((middle + 4, row, (x + width, middle)))
    }
    for part in scale.cuts {
      let middle = (place(part.lowerBound) + place(part.upperBound)) / 2
      zigzag(Self.left, Self.right, middle)
    }
    for overlap in overlaps where overlap.overlaps(cluster.range) {
      let (from, to) = (place(overlap.lowerBound), place(overlap.upperBound))
      svg.rectangle(Self.left, from, Self.right - Self.left, to - from, "overlap")
    }
    var last = -100.0
    for address in scale.addresses.dropLast() {
      let at = max(place(address) + 4, last + 12)
      svg.write(Self.left - 10, at, "at", grouped(address))
      last = at
    }
    last = -100
    for label in labels.sorted(by: { $0.y < $1.y }) {
      let at = max(label.y, last + 15)
      svg.line(
        [label.from, (Self.right + 8, label.from.y), (Self.names - 12, at - 4), (Self.names - 4, at - 4)], "leader")
      let isFree = label.row.entry == nil
      var parts = [(label.row.label, label.row.isWrong ? "name red" : isFree ? "faint" : "name")]
      parts.append((shortSize(label.row.range.size), isFree ? "faint" : ""))
      if let place = label.row.entry?.at { parts.append((map.words(place), "faint")) }
      name(at, parts)
      last = at
    }
    if let ruler = scale.ruler {
      svg.line([(24, top), (20, top), (20, top + ruler.height), (24, top + ruler.height)], "edge")
      svg.write(28, top + ruler.height / 2 + 4, "faint", shortSize(ruler.size))
    }
    y = max(place(cluster.range.upperBound), last)
  }

  private mutating func name(_ y: Double, _ parts: [(text: String, kind: String)]) {
    svg.write(Self.names, y, "", parts)
  }

  private mutating func zigzag(_ left: Double, _ right: Double, _ middle: Double) {
    let points = stride(from: left - 4, through: right + 4, by: 8).enumerated().map { i, x in
      (x: x, y: middle + (i % 2 == 0 ? -3 : 3))
    }
    svg.line(points, "cut")
    svg.line(points.map { ($0.x, $0.y - 3) }, "edge")
    svg.line(points.map { ($0.x, $0.y + 3) }, "edge")
  }

  // MARK: Interrupts

  /// The users of an interrupt.
  private struct Cell {
    var labels: [String] = []
    var isWrong = false
  }

  /// The number of interrupts in a row, and the height of a row.
  private static let (columns, cell): (Int128, Double) = (16, 26)

  mutating func drawInterrupts(_ space: MapSpace) {
    let wrong = Set(space.overlaps.flatMap { [$0.first, $0.second] } + space.missing)
    var users: [Int128: Cell] = [:]
    for (i, entry) in space.entries.enumerated() {
      var cell = users[entry.range.lowerBound] ?? Cell()
      cell.labels.append(entry.label)
      cell.isWrong = cell.isWrong || wrong.contains(i)
      users[entry.range.lowerBound] = cell
    }
    let columns = Self.columns
    let existing = space.existing.map(\.range)
    let used = users.keys.map { $0 / columns..<$0 / columns + 1 }
    let rows = existing.map { $0.lowerBound / columns..<($0.upperBound - 1) / columns + 1 }
    // The rows at the ends of the ranges, those with an interrupt in use, and their neighbours are drawn.
    let ends = rows.flatMap { [$0.lowerBound..<$0.lowerBound + 1, $0.upperBound - 1..<$0.upperBound] }
    let drawn = (ends + used).map { $0.lowerBound - 1..<$0.upperBound + 1 }.merged(gap: 1)
    var next = 0
    for rows in (rows + used).merged() {
      var row = rows.lowerBound
      while row < rows.upperBound {
        while drawn[next].upperBound <= row { next += 1 }
        let hidden = drawn[next].lowerBound - row
        if hidden > 0 {
          svg.write(Self.left, y + 14, "faint", "\(hidden) rows of free interrupts")
          y += 22
          row += hidden
        }
        let end = min(drawn[next].upperBound, rows.upperBound)
        for row in row..<end { drawCells(row, existing, users) }
        row = end
      }
    }
    for row in MapLayout.rows(of: space) {
      y += 18
      let place = row.entry?.at.map { map.words($0) } ?? "default"
      svg.write(Self.left - 10, y, row.isWrong ? "at red" : "at", row.range.words)
      svg.write(Self.left, y, "", [(row.label, row.isWrong ? "name red" : "name"), (place, "faint")])
    }
  }

  private mutating func drawCells(_ row: Int128, _ existing: [Range<Int128>], _ users: [Int128: Cell]) {
    let cell = Self.cell
    svg.write(Self.left - 10, y + cell / 2 + 4, "at", hexadecimal(row * Self.columns, from: 1024))
    for column in 0..<Self.columns {
      let number = row * Self.columns + column
      let user = users[number]
      if user == nil, !existing.contains(where: { $0.contains(number) }) { continue }
      let x = Self.left + Double(column) * cell
      let kind = user.map { $0.isWrong ? "clash" : "device" } ?? "cell"
      svg.rectangle(
        x, y, cell - 2, cell - 2, kind,
        title: "\(hexadecimal(number, from: 1024)): \(user?.labels.joined(separator: ", ") ?? "free")")
      // What is left of the row has the other digits of a long number.
      let digits = number < 1024 ? "\(number)" : hexadecimalDigits(number % Self.columns, width: 1)
      let size = digits.utf8.count > 3 ? "number small" : "number"
      svg.write(x + cell / 2 - 1, y + cell / 2 + 3, size + (user == nil ? " faint" : " name"), digits)
    }
    y += cell
  }
}

extension MapLayout.Row {
  fileprivate var isMemory: Bool { entry?.content.isMemory ?? false }

  fileprivate var kind: String {
    switch entry?.content {
    case .memory: "memory"
    case .buffer: "buffer"
    case .device, .interrupt: "device"
    case nil: "free"
    }
  }
}

/// The heights of a cluster's addresses.
private struct Scale {
  /// The addresses at which a range begins or ends, and the height of each.
  let addresses: [Int128]
  private let heights: [Double]
  /// The first part from each address on that only one row covers, and that only one row besides memory covers.
  private let (own, ownOverMemory): ([Int], [Int])
  /// The parts between them that are not to scale.
  private(set) var cuts: [Range<Int128>] = []
  /// A round size, and its height; nil if all parts are cut.
  private(set) var ruler: (size: Int128, height: Double)?

  /// The heights of the smallest part, of the largest one, and of one that is cut.
  private static let (smallest, largest, cut) = (20.0, 170.0, 64.0)

  init(_ cluster: MapLayout.Cluster) {
    addresses = Set(cluster.rows.flatMap { [$0.range.lowerBound, $0.range.upperBound] }).sorted()
    let sizes = zip(addresses, addresses.dropFirst()).map { $1 - $0 }
    let unit = sizes.min() ?? 1
    var heights = [0.0]
    for (i, size) in sizes.enumerated() {
      let height = Self.smallest * Double(size) / Double(unit)
      if height > Self.largest { cuts.append(addresses[i]..<addresses[i + 1]) }
      heights.append(heights[i] + (height > Self.largest ? Self.cut : height))
    }
    self.heights = heights
    own = Self.own(cluster.rows, addresses)
    ownOverMemory = Self.own(cluster.rows.filter { !$0.isMemory }, addresses)
    if cuts.count < sizes.count, sizes.count > 1 { ruler = (unit, Self.smallest) }
  }

  /// The height of an address above the beginning of the cluster.
  func height(upTo address: Int128) -> Double {
    guard let last = addresses.last else { return 0 }
    let clamped = min(max(address, addresses[0]), last)
    let next = index(of: clamped)
    if addresses[next] == clamped { return heights[next] }
    let part = Double(clamped - addresses[next - 1]) / Double(addresses[next] - addresses[next - 1])
    return heights[next - 1] + part * (heights[next] - heights[next - 1])
  }

  /// The part of a row that its name is beside: the first one where nothing is above it, or simply the first one.
  func part(of row: MapLayout.Row) -> Range<Int128> {
    let (first, end) = (index(of: row.range.lowerBound), index(of: row.range.upperBound))
    let next = row.isMemory ? own[first] : ownOverMemory[first]
    let part = next < end ? next : first
    return addresses[part]..<addresses[part + 1]
  }

  private static func own(_ rows: [MapLayout.Row], _ addresses: [Int128]) -> [Int] {
    /// The number of rows that begin at each address, less the number of those that end there.
    var changes = Array(repeating: 0, count: addresses.count)
    for row in rows {
      changes[index(of: row.range.lowerBound, in: addresses)] += 1
      changes[index(of: row.range.upperBound, in: addresses)] -= 1
    }
    var own = Array(repeating: addresses.count, count: addresses.count)
    // From the end, where nothing is covered any more.
    var covering = 0
    for i in addresses.indices.dropLast().reversed() {
      covering -= changes[i + 1]
      own[i] = covering == 1 ? i : own[i + 1]
    }
    return own
  }

  private func index(of address: Int128) -> Int { Self.index(of: address, in: addresses) }

  /// The index of the first address that is not below another.
  private static func index(of address: Int128, in addresses: [Int128]) -> Int {
    var (low, high) = (0, addresses.count)
    while low < high {
      let middle = (low + high) / 2
      if addresses[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Side-by-side columns for devices that share addresses. Memory is drawn first, over the whole width.
private struct Lanes {
  /// The lane of each row, and the number of lanes there; nil for memory and free ranges.
  private var lanes: [(lane: Int, count: Int)?] = []
  private var hasMemory = false

  init(_ rows: [MapLayout.Row]) {
    var ends: [Int128] = []
    /// The rows that share their lanes: each overlaps another one.
    var group: [Int] = []
    func close(_ lanes: inout [(lane: Int, count: Int)?]) {
      for row in group { lanes[row]?.count = ends.count }
      (ends, group) = ([], [])
    }
    for (i, row) in rows.enumerated() {
      guard let entry = row.entry, !entry.content.isMemory else {
        lanes.append(nil)
        hasMemory = hasMemory || row.entry != nil
        continue
      }
      if ends.allSatisfy({ $0 <= row.range.lowerBound }) { close(&lanes) }
      let lane = ends.firstIndex { $0 <= row.range.lowerBound } ?? ends.count
      if lane == ends.count { ends.append(0) }
      ends[lane] = row.range.upperBound
      group.append(i)
      lanes.append((lane, 1))
    }
    close(&lanes)
  }

  func extent(of row: Int, from left: Double, to right: Double) -> (x: Double, width: Double) {
    guard let (lane, count) = lanes[row] else { return (left, right - left) }
    let inset = hasMemory ? 20.0 : 0
    let width = (right - left - 2 * inset) / Double(count)
    return (left + inset + Double(lane) * width, width)
  }
}
