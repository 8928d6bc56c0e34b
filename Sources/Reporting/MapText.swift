import Diagnostics
import Maps
import TextOutput
import Vocabulary

/// A map as text: a table of what is at the addresses, with bars that are to scale, and lists of interrupts.
package struct MapText {
  private let map: MachineMap
  private let width: Int
  private let color: Bool

  /// - Parameters:
  ///   - width: the number of columns; nil for a file.
  ///   - color: whether to colour the text with terminal escape sequences.
  package init(_ map: MachineMap, width: Int? = nil, color: Bool = false) {
    self.map = map
    self.width = max(40, width ?? 100)
    self.color = color
  }

  package var text: String {
    var lines = [styled("\(map.name.printable), \(map.architecture.rawValue)", .bold)]
    if map.spaces.isEmpty { lines.append("nothing has an address or an interrupt") }
    for space in map.spaces {
      lines.append("")
      lines.append(styled(space.heading.printable.shortened(to: width), .bold))
      lines += space.kind == .addresses ? addresses(space) : interrupts(space)
      for entry in space.unplaced {
        let place = place(entry.at)
        lines += filled("\(entry.label.printable): \(space.supplied)\(place.isEmpty ? "" : ", \(place)")", .device)
      }
      for mistake in space.mistakes { lines += filled("! " + mistake, .overlap) }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Addresses

  private func addresses(_ space: MapSpace) -> [String] {
    let layout = MapLayout(space)
    let rows = layout.clusters.flatMap(\.rows)
    let addresses = rows.map { grouped($0.range.lowerBound).utf8.count }.max() ?? 0
    var sizes = rows.map { shortSize($0.range.size).displayWidth }.max() ?? 0
    var labels = rows.map { $0.label.displayWidth }.max() ?? 0
    // If there is no room for both, names are more useful than sizes, which follow from the addresses.
    let hasSizes = width - (2 + addresses + 2 + 2 + sizes) >= min(labels, 16)
    if !hasSizes { sizes = 0 }
    labels = min(labels, width - (2 + addresses + 2 + 2 + sizes))
    let places = rows.map { place($0.entry?.at).displayWidth }.max() ?? 0
    var rest = width - (2 + addresses + 2 + labels + 2 + sizes)
    let hasPlaces = places > 0 && rest >= places + 2
    if hasPlaces { rest -= places + 2 }
    let bars = rest >= 10 ? min(rest - 2, 32) : 0
    return layout.clusters.flatMap { cluster in
      cluster.rows.map { row in
        var line = (row.isWrong ? "! " : "  ") + padded(grouped(row.range.lowerBound), addresses) + "  "
        if bars > 0 {
          line += cluster.isFolded ? padded(padded("", bars / 2) + "⋮", bars) : bar(row, in: cluster.range, bars)
          line += "  "
        }
        line += padded(row.label.shortened(to: labels), labels) + "  "
        let size = hasSizes ? shortSize(row.range.size) : ""
        line += padded("", sizes - size.displayWidth) + size
        if hasPlaces { line += "  " + place(row.entry?.at) }
        while line.last == " " { line.removeLast() }
        return styled(line, row.isWrong ? .overlap : row.entry == nil ? .faint : row.style)
      }
    }
  }

  /// A bar from the column of the range's beginning to that of its end; at least one column wide.
  private func bar(_ row: MapLayout.Row, in whole: Range<Int128>, _ columns: Int) -> String {
    let unit = { (address: Int128) in Int((address - whole.lowerBound) * Int128(columns) * 2 / whole.size) }
    let first = min((unit(row.range.lowerBound) + 1) / 2, columns - 1)
    let end = min(max((unit(row.range.upperBound) + 1) / 2, first + 1), columns)
    return padded("", first) + String(repeating: row.block, count: end - first) + padded("", columns - end)
  }

  // MARK: Interrupts

  private func interrupts(_ space: MapSpace) -> [String] {
    let rows = MapLayout.rows(of: space)
    let users = rows.map { row in
      [row.range.words, row.label, row.entry?.at == nil ? "default" : place(row.entry?.at)]
    }
    var lines: [String] = []
    for (row, line) in zip(rows, Columns(users, rightAligned: [0]).lines()) {
      let mark = row.isWrong ? "! " : "  "
      lines.append(styled((mark + line).shortened(to: width), row.isWrong ? .overlap : .device))
    }
    let free = space.free
    if !space.existing.isEmpty {
      let count = free.reduce(0) { $0 + $1.size }
      let words = free.map(\.words).joined(separator: ", ")
      let text = "free: " + (free.isEmpty ? "none" : users.isEmpty ? "all \(count)" : words)
      lines += filled(text, .faint)
    }
    return lines
  }

  // MARK: Words

  private func place(_ range: SourceRange?) -> String { range.map { map.words($0) } ?? "" }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.displayWidth))
  }

  /// A paragraph in the lines that it takes.
  private func filled(_ text: String, _ style: Style) -> [String] {
    PageText.fill(text, first: 2, rest: 4, width: width).map { styled($0.shortened(to: width), style) }
  }

  fileprivate enum Style: String {
    case bold = "1"
    case faint = "2"
    case memory = "34"
    case device = "32"
    case overlap = "1;31"
  }

  private func styled(_ text: String, _ style: Style?) -> String {
    guard color, let style else { return text }
    return text.styled(style.rawValue)
  }
}

extension MapLayout.Row {
  fileprivate var block: String {
    switch entry?.content {
    case .memory: "▒"
    case .buffer: "▓"
    case .device, .interrupt: "█"
    case nil: "·"
    }
  }

  fileprivate var style: MapText.Style? {
    switch entry?.content {
    case .memory, .buffer: .memory
    case .device, .interrupt: .device
    case nil: nil
    }
  }
}

extension MachineMap {
  /// A place in a manifest: `line 12`, or with the name of the file if that is not the manifest itself.
  func words(_ place: SourceRange) -> String {
    (place.file.path == manifest ? "line " : place.file.path.printable + ":") + "\(place.start.line)"
  }
}

extension MapSpace {
  /// What is wrong with the entries, in words.
  package var mistakes: [String] {
    overlaps.map(words)
      + missing.map {
        "\(entries[$0].label.printable) has an interrupt that does not exist, \(entries[$0].range.words)"
      }
  }

  /// Where the numbers of the unplaced entries come from.
  var supplied: String { (kind == .addresses ? "address" : "number") + " supplied at load time" }

  /// An overlap in words.
  private func words(_ overlap: MapOverlap) -> String {
    let (first, second) = (entries[overlap.first].label.printable, entries[overlap.second].label.printable)
    if kind == .interrupts { return "\(first) and \(second) have the same interrupt, \(overlap.range.words)" }
    return "\(first) and \(second) overlap at \(grouped(overlap.range.lowerBound)), \(shortSize(overlap.range.size))"
  }
}
