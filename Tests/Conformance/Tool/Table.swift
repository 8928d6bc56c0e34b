import Corpus
import Foundation

extension Tally {
  /// A header, and one line per kind of descriptor.
  var table: String {
    var lines = ["\(machine), Linux \(release), seed \(seed): \(manifests) manifests"]
    func row(_ name: String, _ cells: [String]) -> String {
      name.padding(toLength: 20, withPad: " ", startingAt: 0)
        + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
    lines.append(row("", ["steps", "agreed", "differed", "undecided", "quirks", "not made"]))
    func counts(_ counts: Counts) -> [String] {
      [counts.steps, counts.agreed, counts.differed, counts.undecided, counts.quirks, counts.skipped].map(String.init)
    }
    for (name, found) in subjects.sorted(by: { $0.key < $1.key }) { lines.append(row(name, counts(found))) }
    lines.append(row("all", counts(total)))
    let places = Set(rules.map(\.place))
    let seen = places.filter { fired[$0] != nil }.count
    lines.append("rules that this kernel confirmed: \(seen) of \(places.count)")
    for crash in crashes { lines.append("the kernel, or the program in the guest, crashed in \(crash)") }
    return lines.joined(separator: "\n")
  }
}
