import Diagnostics
import Expressions
import TextOutput
import Workspace

extension HostProbe {
  /// The facts that were found, in the order of their declaration, with the list of device types as the first.
  package var knownFacts: [(name: String, value: Value)] {
    [("devices", .list(deviceTypes.map(Value.string)))]
      + facts.compactMap { fact in fact.value.map { (fact.name, $0) } }
  }

  /// The host facts in YAML, as `--host-facts` reads them, with notes for people in comments.
  package var factsYAML: String {
    var text =
      "# Facts of a host, found by `kvmconf probe --facts`\narch: \(architecture.rawValue)\nkernel: '\(release)'\n"
    for (name, value) in knownFacts { text += "\(name): \(value.json.text())\n" }
    let files = attributesThatNameFiles
    if !files.isEmpty {
      text +=
        "\n# No fact says what kind of file a manifest names, so the answers to these attributes can stay undecided:\n"
      for attribute in files { text += "# \(attribute)\n" }
    }
    let open = facts.filter { $0.value == nil }
    if open.isEmpty { return text }
    text += "\n# Not found here. Unless a line sets them, these values are assumed:\n"
    for fact in open {
      let assumed = fact.assumed.map { "\(fact.name): \($0)" } ?? "\(fact.name) is unknown"
      text += "# \(assumed)" + (fact.manual.map { "  # by hand: \($0)" } ?? "  # \(fact.how)") + "\n"
    }
    return text
  }
}

extension Value {
  /// A fact's value as JSON; null if it has no form in JSON.
  package var json: JSON {
    switch self {
    case .bool(let truth): .bool(truth)
    case .integer(let number): .integer(number)
    case .string(let text): .string(text)
    case .list(let values): .array(values.map(\.json))
    case .map(let map): .object(map.map { ($0.plainText, $1.json) }.sorted { $0.0 < $1.0 })
    case .null, .unknown, .record, .object, .table: .null
    }
  }

  /// The value as text, without quotes.
  package var plainText: String { if case .string(let text) = self { text } else { json.text() } }
}
