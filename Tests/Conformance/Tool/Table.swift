import Corpus
import Foundation

extension Tally {
  /// A header, and one line per kind of descriptor.
  var table: String {
    var lines = [
      "\(machine), Linux \(kernelName), seed \(seeds.map(String.init).joined(separator: ", ")): \(manifests) manifests"
    ]
    func row(_ name: String, _ cells: [String]) -> String {
      name.padding(toLength: 20, withPad: " ", startingAt: 0)
        + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
    lines.append(row("", ["steps", "agreed", "differed", "undecided", "open", "quirks", "not made"]))
    func counts(_ counts: Counts) -> [String] {
      [
        counts.steps, counts.agreed, counts.differed, counts.undecided, counts.open, counts.quirks, counts.skipped,
      ].map(String.init)
    }
    for (name, found) in subjects.sorted(by: { $0.key < $1.key }) { lines.append(row(name, counts(found))) }
    lines.append(row("all", counts(total)))
    let places = Set(rules.map(\.place))
    let seen = places.filter { fired[$0] != nil }.count
    lines.append("rules that this kernel confirmed: \(seen) of \(places.count)")
    lines.append(
      "order: \(order.manifests) manifests, \(order.calls) calls, \(order.moved) moved, \(order.refused.count) refused")
    for refused in order.refused.prefix(20) {
      lines.append("order: \(refused.manifest): \(refused.call): \(refused.answer)")
    }
    for (what, counts) in [("open", open), ("undecided", undecided), ("quirk", quirks)] {
      for (name, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
        lines.append("\(what): \(name): \(count)")
      }
    }
    for crash in crashes { lines.append("the kernel, or the program in the guest, crashed in \(crash)") }
    return lines.joined(separator: "\n")
  }
}
