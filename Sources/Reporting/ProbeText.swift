import DeviceSchema
import Diagnostics
import Expressions
import Probing
import TextOutput
import Vocabulary

extension HostProbe {
  /// The probe for people.
  package var text: String {
    var text = "\(architecture.rawValue), Linux \(release)\n"
    text += table(["DEVICE TYPE", "SUPPORTED", "SINCE", "WHY NOT"], devices.map(\.row))
    text += table(
      ["ATTRIBUTE", "SUPPORTED", "SINCE", "WHY NOT, OR WHERE"], attributes.map { $0.row(on: architecture) })
    text += table(["VCPU FEATURE", "SUPPORTED", "SINCE", "WHY NOT, OR HOW"], features.map(\.row))
    text += table(
      ["CAPABILITY", "NUMBER", "VALUE"], capabilities.map { [$0.constant, "\($0.number)", "\($0.value)"] })
    text += table(
      ["FACT", "VALUE", "FOUND BY"], facts.filter { $0.value != nil }.map { [$0.name, $0.valueText, $0.how.printable] })
    text += table(
      ["NOT FOUND", "ASSUMED", "BY HAND, OR WHY"],
      facts.filter { $0.value == nil }.map {
        [$0.name, $0.assumed ?? "unknown", ($0.manual ?? $0.how).printable]
      })
    return text
  }

  private func table(_ head: [String], _ rows: [[String]]) -> String {
    if rows.isEmpty { return "" }
    var columns = Columns()
    columns.append(head)
    for row in rows { columns.append(row) }
    return "\n" + columns.lines().map { $0 + "\n" }.joined()
  }
}

extension HostProbe.Device {
  fileprivate var row: [String] {
    ["\(type) (\(number))", isSupported ? "yes" : "no", lifetime.sinceText, why ?? ""]
  }
}

extension HostProbe.Attribute {
  fileprivate func row(on architecture: Architecture) -> [String] {
    let read = value.map { "reads \(readable($0, on: architecture))" }
    let remarks = isSupported ? [note, read] : [why, note]
    let shown = isSupported ? (evidence == .has ? "yes" : "yes, by \(evidence.rawValue)") : "no"
    return ["\(target).\(path)", shown, lifetime.sinceText, remarks.compactMap { $0 }.joined(separator: "; ")]
  }
}

extension HostProbe.Feature {
  fileprivate var row: [String] { [name, isSupported ? "yes" : "no", lifetime.sinceText, why ?? note ?? ""] }
}

extension HostProbe.FoundFact {
  fileprivate var valueText: String { value.map(\.plainText) ?? "unknown" }
}
