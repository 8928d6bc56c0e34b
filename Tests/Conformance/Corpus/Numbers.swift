import DeviceSchema
import Expressions
import Vocabulary
import YAMLSyntax

/// The numbers at which the answers of an attribute may change, from its rules, tables and examples.
struct Numbers {
  /// The numbers that examples give to a field; a whole value is under `value`.
  var byField: [String: [Int128]] = [:]
  var all: [Int128] = []

  init(of attribute: AttributeSchema, in group: GroupSchema, _ catalogue: Catalogue, _ facts: [String: Value]) {
    for example in attribute.examples {
      if let host = example.host { add(host, field: "value") }
      for entry in example.entries where entry.key.value != "expect" { add(entry.value, field: entry.key.value) }
    }
    var words = RuleNumbers(catalogue, facts)
    for access in AttributeAccess.allCases {
      for rules in [group.rules(of: access), attribute.rules(of: access)] {
        if let rules { words.add(rules.list) }
      }
    }
    if let when = attribute.when { words.add(when.text) }
    for field in attribute.keyFields { add(field.description) }
    all += words.numbers
    all = Array(Set(all)).sorted()
  }

  init(of rules: RuleFrame?, _ catalogue: Catalogue, _ facts: [String: Value]) {
    guard let rules else { return }
    var words = RuleNumbers(catalogue, facts)
    words.add(rules.list)
    all = Array(Set(words.numbers)).sorted()
  }

  /// - Parameter arguments: the structs of calls.
  init(of rules: RuleFrame?, arguments: [Node], _ catalogue: Catalogue, _ facts: [String: Value]) {
    self.init(of: rules, catalogue, facts)
    for node in arguments { add(node, field: "value") }
    all = Array(Set(all)).sorted()
  }

  private mutating func add(_ node: Node, field: String) {
    switch node.content {
    case .scalar(let text, _):
      if let number = IntegerLiteral.parse(text) {
        byField[field, default: []].append(number)
        all.append(number)
      }
    case .sequence(let items): for item in items { add(item, field: field) }
    case .mapping(let entries):
      for entry in entries { add(entry.value, field: entry.key.value) }
    }
  }

  private mutating func add(_ description: IntegerDescription) {
    all += description.values + description.names.map(\.value)
    if let range = description.range { all += [range.lowerBound, range.upperBound] }
    if let align = description.align { all.append(align) }
  }
}

/// Collects the numbers in rules, in the functions and tables that they use, and in the facts about the host.
private struct RuleNumbers {
  let catalogue: Catalogue
  let facts: [String: Value]
  var numbers: [Int128] = []
  private var seen: Set<String> = []

  init(_ catalogue: Catalogue, _ facts: [String: Value]) {
    self.catalogue = catalogue
    self.facts = facts
  }

  mutating func add(_ list: RuleList) {
    for rule in list.rules {
      for expression in rule.expressions { add(expression.text) }
      if let use = rule.use, seen.insert("use \(use.function.name)").inserted { add(use.function.body.list) }
      for nested in rule.nested { add(nested) }
    }
  }

  mutating func add(_ text: String) {
    for word in text.utf8.split(whereSeparator: { !$0.isWordByte }) {
      let word = String(decoding: word, as: UTF8.self)
      if let number = IntegerLiteral.parse(word) {
        add(number)
      } else if seen.insert(word).inserted {
        if let number = (facts[word] ?? catalogue.fact(named: word)?.assumed?.constant)?.integer { add(number) }
        if let body = catalogue.expressionFunction(word)?.body { add(body.text) }
        if let rows = catalogue.table(word) { add(rows) }
      }
    }
  }

  private mutating func add(_ number: Int128) {
    numbers.append(number)
    // The number may be a width in bits.
    if (8...64).contains(number) { numbers.append(1 << number) }
  }

  private mutating func add(_ rows: Value) {
    for case .record(let row) in rows.list ?? [] {
      numbers += row.values.compactMap(\.integer)
      // For a register with an offset and a length, also the offset after it.
      if let offset = row["offset"]?.integer, let length = row["length"]?.integer {
        numbers += [offset + length, offset + length - 1]
      }
    }
  }
}
