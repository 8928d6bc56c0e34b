import Maps
import TextOutput
import Vocabulary

/// A space of a map as a drawing shows it: rows of entries and of free ranges, in clusters of one scale each.
struct MapLayout {
  /// Entries that are shown as one, or a free range.
  struct Row {
    /// The first entry; nil for a free range.
    var entry: MapEntry?
    var range: Range<Int128>
    /// Whether it overlaps another one, or is an interrupt that does not exist.
    var isWrong = false
    /// The number of vCPUs with such an entry. Their ids follow each other.
    var vcpus: UInt64 = 1

    var size: Int128 { range.upperBound - range.lowerBound }

    /// The label of the entry, with the ids of all vCPUs: `vcpu.0-3.pvtime.ipa`.
    var label: String {
      guard let entry else { return "free" }
      guard let first = entry.vcpu, vcpus > 1 else { return entry.label.printable }
      return "vcpu.\(first)-\(first + vcpus - 1)\(entry.family)".printable
    }
  }

  /// Neighbours that are drawn on one scale. What is between clusters is folded.
  struct Cluster {
    var rows: [Row]
    var range: Range<Int128>
    /// Whether it is a single free range.
    var isFolded = false

    var size: Int128 { range.upperBound - range.lowerBound }
  }

  private(set) var clusters: [Cluster] = []

  /// A gap is folded if it is this many times larger than the smaller of its neighbours.
  private static let largestGap: Int128 = 16
  /// Neighbours are drawn on one scale if one is at most this many times larger.
  private static let largestRatio: Int128 = 256

  init(_ space: MapSpace) {
    for row in Self.rows(of: space) where row.entry != nil { add(row) }
    let free = space.free.map { Row(range: $0) }
    var all: [Cluster] = []
    var next = 0
    for var cluster in clusters {
      while next < free.count, free[next].range.upperBound <= cluster.range.lowerBound {
        all.append(Cluster(rows: [free[next]], range: free[next].range, isFolded: true))
        next += 1
      }
      while next < free.count, free[next].range.lowerBound < cluster.range.upperBound {
        cluster.rows.append(free[next])
        next += 1
      }
      cluster.rows.sort { ($0.range.lowerBound, -$0.range.upperBound) < ($1.range.lowerBound, -$1.range.upperBound) }
      all.append(cluster)
    }
    all += free[next...].map { Cluster(rows: [$0], range: $0.range, isFolded: true) }
    clusters = all
  }

  private mutating func add(_ row: Row) {
    guard let last = clusters.last else {
      clusters.append(Cluster(rows: [row], range: row.range))
      return
    }
    let gap = row.range.lowerBound - last.range.upperBound
    let (small, large) = (min(last.size, row.size), max(last.size, row.size))
    if gap >= 0, gap > Self.largestGap * small || large > Self.largestRatio * small {
      clusters.append(Cluster(rows: [row], range: row.range))
      return
    }
    clusters[clusters.count - 1].rows.append(row)
    let end = max(last.range.upperBound, row.range.upperBound)
    clusters[clusters.count - 1].range = last.range.lowerBound..<end
  }

  /// The entries. Neighbours with one label are one row if one place in the manifest leads to them, or if they are of vCPUs
  /// that follow each other.
  static func rows(of space: MapSpace) -> [Row] {
    let wrong = Set(space.overlaps.flatMap { [$0.first, $0.second] } + space.missing)
    var rows: [Row] = []
    /// The last row of each label. The labels of vCPUs count as one.
    var latest: [String: Int] = [:]
    for (i, entry) in space.entries.enumerated() {
      let isWrong = wrong.contains(i)
      let key = entry.vcpu == nil ? entry.label : "vcpu.*\(entry.family)"
      if let last = latest[key], let known = rows[last].entry, known.content == entry.content,
        known.at == entry.at || entry.vcpu != nil, rows[last].range.upperBound == entry.range.lowerBound,
        rows[last].isWrong == isWrong,
        known.vcpu.map({ $0 + rows[last].vcpus }) == entry.vcpu
      {
        rows[last].range = rows[last].range.lowerBound..<entry.range.upperBound
        if entry.vcpu != nil { rows[last].vcpus += 1 }
      } else {
        latest[key] = rows.count
        rows.append(Row(entry: entry, range: entry.range, isWrong: isWrong))
      }
    }
    return rows
  }
}

extension MapEntry {
  /// The label without the vCPU with which it begins: `.pvtime.ipa`.
  fileprivate var family: Substring { vcpu.map { label.dropFirst("vcpu.\($0)".count) } ?? label[...] }
}

extension MapSpace {
  /// `guest physical addresses, 40 bits`, `iocsr`, `PPI, 16 to 31`.
  var heading: String {
    switch kind {
    case .addresses:
      let bits = existing.count == 1 ? existing[0].range.upperBound.exponent.map { ", \($0) bits" } : nil
      return (name.isEmpty ? "guest physical addresses" : "bus \(name)") + (bits ?? "")
    case .interrupts:
      let ranges = existing.prefix(4).map { entry in
        entry.range.words + (entry.label.isEmpty ? "" : " (\(entry.label)\(entry.at == nil ? " by default" : ""))")
      }
      let more = existing.count > 4 ? ", …" : ""
      return ([name] + ranges).joined(separator: ", ") + more
    }
  }
}

extension Int128 {
  /// The exponent of a power of two; nil for any other number.
  fileprivate var exponent: Int? { self > 0 && self & (self - 1) == 0 ? trailingZeroBitCount : nil }
}

extension Range<Int128> {
  /// `16 to 31`, `27`, `0x1300`.
  var words: String {
    let (first, last) = (hexadecimal(lowerBound, from: 1024), hexadecimal(upperBound - 1, from: 1024))
    return first == last ? first : "\(first) to \(last)"
  }

  var size: Int128 { upperBound - lowerBound }
}

extension [Range<Int128>] {
  /// The same numbers in order, in as few ranges as possible.
  ///
  /// - Parameter gap: Ranges with at most this many numbers between them become one.
  func merged(gap: Int128 = 0) -> [Range<Int128>] {
    var result: [Range<Int128>] = []
    for range in sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound - last.upperBound <= gap {
        result[result.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
