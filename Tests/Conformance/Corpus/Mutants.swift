import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// Schemas with one deliberate fault, to see whether the corpus finds it.
package struct Mutant: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// A rule refuses with another errno.
    case errno
    /// A comparison has another operator.
    case comparison
    /// A number in a rule is off by one.
    case number
    /// Two neighbouring rules are swapped.
    case ruleOrder = "rule order"
    /// A change of state is omitted.
    case effect
    /// A loop runs over other elements.
    case loop
    /// A failure does not undo the changes before it.
    case onFailure = "on-failure"
    /// A default is another one.
    case `default`
    /// A type or a bit field has another width.
    case width
    /// The fields of a key are elsewhere in the number of the attribute.
    case key
    /// A call has one prerequisite less.
    case callOrder = "call order"

    /// Whether manifests have other plans with the mutant.
    package var changesPlans: Bool { [.default, .width, .key].contains(self) }
  }

  package var kind: Kind
  /// Such as `arm64/vcpu.yaml:37: EINVAL became EPERM`.
  package var description: String
  package var sources: [SchemaSource]
}

/// Makes mutants of all kinds, equally often, at random places.
package struct Mutants {
  private let sources: [SchemaSource]
  private var texts: [[String]]
  private var random: Seeded
  /// The places at which each kind of mutant is possible: a source and a line.
  private var places: [Mutant.Kind: [(source: Int, line: Int)]] = [:]

  /// - Parameters:
  ///   - sources: the correct schemas.
  ///   - rules: the places of the rules that the kernel confirmed, `FILE:LINE`. Only their files are changed, and of
  ///     these only what applies to the release.
  ///   - facts: the facts that the host has, whose defaults are not used.
  package init(of sources: [SchemaSource], seed: UInt64, rules: [String], release: Release, facts: Set<String> = []) {
    self.sources = sources
    random = Seeded(seed)
    texts = sources.map {
      String(decoding: $0.file.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
    }
    for (i, source) in sources.enumerated() {
      let prefix = source.file.path + ":"
      let fired = Set(rules.filter { $0.hasPrefix(prefix) }.compactMap { Int($0.dropFirst(prefix.count)) })
      if fired.isEmpty { continue }
      let text = SchemaLines(texts[i])
      for line in text.lines.indices where text.isAlive(line, in: release) {
        for kind in Mutant.Kind.allCases where text.allows(kind, at: line, fired: fired.contains(line + 1), facts) {
          places[kind, default: []].append((i, line))
        }
      }
    }
  }

  /// The next mutant; nil if there is no place for one.
  package mutating func next() -> Mutant? {
    let kinds = Mutant.Kind.allCases.filter { places[$0]?.isEmpty == false }
    for _ in 0..<1000 {
      guard let kind = random.pick(kinds), let place = random.pick(places[kind] ?? []) else { return nil }
      var lines = texts[place.source]
      guard let change = change(kind, &lines, place.line), lines != texts[place.source] else { continue }
      let file = sources[place.source].file
      var mutated = sources
      mutated[place.source] = SchemaSource(
        path: sources[place.source].path,
        file: SourceFile(path: file.path, bytes: Array(lines.joined(separator: "\n").utf8)))
      return Mutant(
        kind: kind, description: "\(kind.rawValue), \(file.path):\(place.line + 1): \(change)", sources: mutated)
    }
    return nil
  }

  /// Changes what begins in a line. Returns a description of the change, or nil if it is not possible there.
  private mutating func change(_ kind: Mutant.Kind, _ lines: inout [String], _ line: Int) -> String? {
    let statement = SchemaLines(lines).block(at: line)
    switch kind {
    case .errno: return otherErrno(&lines, statement)
    case .comparison: return otherOperator(&lines, statement)
    case .ruleOrder: return swapped(&lines, statement)
    case .number: return otherNumber(&lines, line)
    case .effect, .onFailure:
      let old = lines[line].trimmed
      lines.removeSubrange(statement)
      return "'\(old)' was removed"
    case .loop: return otherLoop(&lines, line)
    case .default: return otherDefault(&lines, line)
    case .width, .key: return otherWidth(&lines, line)
    case .callOrder: return onePrerequisiteLess(&lines, line)
    }
  }

  // MARK: Rules

  private mutating func otherErrno(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    let errnos = ["EINVAL", "EBUSY", "EEXIST", "ENXIO", "EPERM", "ENODEV"]
    for i in rule {
      guard let old = lines[i].errno, let place = lines[i].range(of: old) else { continue }
      guard let new = random.pick(errnos.filter { $0 != old }) else { return nil }
      lines[i].replaceSubrange(place, with: new)
      return "\(old) became \(new)"
    }
    return nil
  }

  /// Changes the operator of a comparison: `<` for `<=`, `>=` for `>`, `==` for `!=`.
  private mutating func otherOperator(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    for i in rule where lines[i].contains("if: ") || lines[i].contains("let: ") {
      for (old, new) in [(" >= ", " > "), (" <= ", " < "), (" > ", " >= "), (" < ", " <= "), (" != ", " == ")] {
        guard let place = lines[i].range(of: old) else { continue }
        lines[i].replaceSubrange(place, with: new)
        return "'\(old.dropFirst().dropLast())' became '\(new.dropFirst().dropLast())'"
      }
    }
    return nil
  }

  /// Swaps the rule with the next, if both are conditions with an errno.
  private func swapped(_ lines: inout [String], _ rule: Range<Int>) -> String? {
    guard lines.indices.contains(rule.upperBound) else { return nil }
    let next = SchemaLines(lines).block(at: rule.upperBound)
    func isSimple(_ rule: Range<Int>) -> Bool {
      rule.count == 2 && lines[rule.lowerBound].contains("- if: ") && lines[rule.lowerBound + 1].errno != nil
    }
    // The order of two rules with the same errno makes no visible difference.
    guard isSimple(rule), isSimple(next), lines[rule.lowerBound + 1].errno != lines[next.lowerBound + 1].errno else {
      return nil
    }
    lines.replaceSubrange(rule.lowerBound..<next.upperBound, with: Array(lines[next]) + Array(lines[rule]))
    return "swapped with the rule below"
  }

  private mutating func otherNumber(_ lines: inout [String], _ line: Int) -> String? {
    guard let (place, number) = random.pick(lines[line].numbers) else { return nil }
    let old = String(lines[line][place])
    let new = number == 0 || random.percent(50) ? number + 1 : number - 1
    lines[line].replaceSubrange(place, with: "\(new)")
    return "\(old) became \(new)"
  }

  /// Changes a bound of a range, or leaves the first element of a list out.
  private mutating func otherLoop(_ lines: inout [String], _ line: Int) -> String? {
    if let range = lines[line].range(of: " in ") {
      let list = String(lines[line][range.upperBound...]).withoutComment
      if list == "vcpus" {
        lines[line].replaceSubrange(range.upperBound..., with: "vcpus.filter(each, each.index != 0)")
        return "the first vCPU is left out"
      }
    }
    return otherNumber(&lines, line)
  }

  // MARK: Descriptions

  private func otherDefault(_ lines: inout [String], _ line: Int) -> String? {
    guard let key = lines[line].range(of: "default: ") else { return nil }
    let rest = lines[line][key.upperBound...]
    let old = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    let new: String
    switch (old, IntegerLiteral.parse(old)) {
    case ("true", _): new = "false"
    case ("false", _): new = "true"
    case (_, let number?): new = "\(number + 1)"
    default: return nil
    }
    lines[line].replaceSubrange(key.upperBound..<rest.index(rest.startIndex, offsetBy: old.count), with: new)
    return "the default \(old) became \(new)"
  }

  private mutating func otherWidth(_ lines: inout [String], _ line: Int) -> String? {
    let types = ["u8", "u16", "u32", "u64"]
    for type in types {
      for key in ["type: ", "payload: "] {
        guard let place = lines[line].range(of: key + type), let new = random.pick(types.filter { $0 != type }) else {
          continue
        }
        lines[line].replaceSubrange(place, with: key + new)
        return "\(type) became \(new)"
      }
    }
    guard let place = lines[line].range(of: "bits: ") else { return nil }
    let old = lines[line][place.upperBound...].prefix { $0.isNumber || $0 == "." }
    let bounds = old.split(separator: ".").compactMap { Int($0) }
    guard let high = bounds.first, let low = bounds.last, (1...2).contains(bounds.count) else { return nil }
    let new: String =
      switch random.below(2) {
      case 0 where high > low: "\(high - 1)..\(low)"
      case _ where low > 0: "\(high)..\(low - 1)"
      default: "\(high + 1)..\(low)"
      }
    lines[line].replaceSubrange(old.startIndex..<old.endIndex, with: new)
    return "the bits \(old) became \(new)"
  }

  /// Removes a word of `after:` or `before:`.
  private mutating func onePrerequisiteLess(_ lines: inout [String], _ line: Int) -> String? {
    let old = lines[line].trimmed
    guard let open = lines[line].firstIndex(of: "["), let close = lines[line].lastIndex(of: "]") else {
      // An entry of a list on lines of its own; the list goes with its last entry.
      let text = SchemaLines(lines)
      let isOnly = lines[line - 1].trimmed.hasSuffix(":") && !text.hasItem(after: line)
      lines.removeSubrange((isOnly ? line - 1 : line)...line)
      return "'\(old)' was removed"
    }
    var words = lines[line][lines[line].index(after: open)..<close].split(separator: ",").map { String($0).trimmed }
    words.remove(at: random.below(words.count))
    if words.isEmpty {
      lines.remove(at: line)
    } else {
      lines[line].replaceSubrange(open...close, with: "[\(words.joined(separator: ", "))]")
    }
    return "'\(old)' became '\(words.joined(separator: ", "))'"
  }
}

/// The lines of a schema, whose structure is in their indentation.
private struct SchemaLines {
  let lines: [String]
  private let indents: [Int]
  /// Whether a line is empty or a comment, and whether it begins an item of a list.
  private let empty: [Bool]
  private let items: [Bool]

  init(_ lines: [String]) {
    self.lines = lines
    indents = lines.map { $0.prefix { $0 == " " }.count }
    empty = lines.map { $0.trimmed.isEmpty || $0.trimmed.hasPrefix("#") }
    items = lines.map { $0.trimmed.hasPrefix("- ") }
  }

  private func isEmpty(_ line: Int) -> Bool { empty[line] }
  private func isItem(_ line: Int) -> Bool { items[line] }
  private func indent(_ line: Int) -> Int { indents[line] }
  /// The column of the line's key.
  private func column(_ line: Int) -> Int { indents[line] + (items[line] ? 2 : 0) }

  /// The lines of the statement or entry that begins in a line.
  func block(at first: Int) -> Range<Int> {
    var end = first + 1
    while end < lines.count, lines[end].isEmpty || indent(end) > indent(first) { end += 1 }
    while end > first + 1, isEmpty(end - 1) { end -= 1 }
    return first..<end
  }

  /// Whether the list of an item has another item after it.
  func hasItem(after line: Int) -> Bool {
    let next = block(at: line).upperBound
    return next < lines.count && items[next] && indents[next] == indents[line]
  }

  /// The keys of the mappings that a line is in, from the inside, with the lines of each mapping.
  private func mappings(around line: Int) -> [(key: String, lines: [Int])] {
    var found: [(key: String, lines: [Int])] = []
    var at = line
    while true {
      let column = column(at)
      var members = [at]
      var up = at
      while up >= 0, !(isItem(up) && self.column(up) == column) {
        up -= 1
        while up >= 0, isEmpty(up) || self.column(up) > column { up -= 1 }
        if up < 0 || self.column(up) < column { break }
        members.append(up)
      }
      var down = at + 1
      while down < lines.count, isEmpty(down) || self.column(down) >= column {
        if !isEmpty(down), self.column(down) == column {
          if isItem(down) { break }
          members.append(down)
        }
        down += 1
      }
      // The parent: the nearest line above with a smaller column.
      var parent = min(up, at)
      while parent >= 0, isEmpty(parent) || self.column(parent) >= column { parent -= 1 }
      found.append((parent >= 0 ? lines[parent].key : "", members))
      if parent < 0 { return found }
      at = parent
    }
  }

  /// Whether a release has what the line describes.
  func isAlive(_ line: Int, in release: Release) -> Bool {
    if isEmpty(line) { return false }
    for member in mappings(around: line).flatMap(\.lines) {
      let text = lines[member].trimmed.droppingDash
      for (word, wanted) in [("since: ", true), ("until: ", false)] where text.hasPrefix(word) {
        let tags = text.dropFirst(word.count).withoutComment.split(whereSeparator: { " [],".contains($0) }).map(
          String.init)
        if let bound = try? ReleaseBound(tags: tags), bound.holds(in: release) == !wanted { return false }
      }
    }
    return true
  }

  /// Whether a statement says what the map of a VM has, which changes no answer.
  private func isMap(_ words: String) -> Bool {
    ["region", "addresses", "interrupt", "interrupts"].contains { word in
      ["use: \(word)(", "use: '\(word)("].contains { words.hasPrefix($0) }
    }
  }

  /// Whether a kind of mutant is possible at a line.
  func allows(_ kind: Mutant.Kind, at line: Int, fired: Bool, _ facts: Set<String>) -> Bool {
    let text = lines[line].trimmed
    let words = text.droppingDash
    let parents = mappings(around: line).map(\.key)
    let keys = [lines[line].key] + parents
    // Examples and tests are not rules, and are part of the corpus.
    if ["examples", "tests", "setup", "probe"].contains(where: keys.contains) { return false }
    if keys.contains("hooks"), keys.contains("map") { return false }
    switch kind {
    case .errno, .comparison, .ruleOrder: return fired
    case .number:
      let isExpression = ["if: ", "let: ", "assign: {", "write: ", "return: ", "use: "].contains { words.hasPrefix($0) }
      return isExpression && !isMap(words) && !lines[line].numbers.isEmpty
    case .effect: return text.hasPrefix("- assign:")
    case .loop: return text.hasPrefix("- for: ")
    case .onFailure: return words.hasPrefix("on-failure:")
    case .default:
      // Of a fact that the host has, only the host's value counts.
      return words.contains("default: ") && !words.hasPrefix("doc:") && !words.hasPrefix("#")
        && !(parents.dropFirst().first == "facts" && facts.contains(parents.first ?? ""))
    case .key: return words.contains("bits: ") && keys.contains("key")
    case .width:
      let isType = ["u8", "u16", "u32", "u64"].contains { words.contains("type: \($0)") || words == "payload: \($0)" }
      return (words.contains("bits: ") && !keys.contains("key"))
        || (isType && !keys.contains("facts") && !keys.contains("tables"))
    case .callOrder:
      if ["after: [", "before: ["].contains(where: words.hasPrefix) { return true }
      return text.hasPrefix("- ") && ["after", "before"].contains(parents.first ?? "")
    }
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }

  fileprivate var droppingDash: String { hasPrefix("- ") ? String(dropFirst(2)) : String(self) }

  /// The text before a comment.
  fileprivate var withoutComment: String {
    let text = String(self)
    guard let place = text.range(of: " #") else { return text.trimmed }
    return text[..<place.lowerBound].trimmed
  }
}

extension String {
  /// The key of an entry.
  fileprivate var key: String { String(trimmed.droppingDash.prefix { $0 != ":" }) }

  /// The errno of `EINVAL: REASON`.
  fileprivate var errno: String? {
    let key = drop { " -".contains($0) }.prefix { $0.isUppercase || $0.isNumber }
    return key.count > 1 && key.hasPrefix("E") && contains("\(key):") ? String(key) : nil
  }

  /// The integers in an expression, outside its texts.
  fileprivate var numbers: [(place: Range<Index>, number: Int128)] {
    var found: [(place: Range<Index>, number: Int128)] = []
    var isText = false
    var start = startIndex
    let end = range(of: " #")?.lowerBound ?? endIndex
    while start < end {
      if self[start] == "\"" { isText.toggle() }
      var stop = start
      while stop < end, self[stop].isLetter || self[stop].isNumber || self[stop] == "_" { stop = index(after: stop) }
      if !isText, let number = IntegerLiteral.parse(String(self[start..<stop])) { found.append((start..<stop, number)) }
      start = stop == start ? index(after: start) : stop
    }
    return found
  }

  /// The place of the first occurrence of a text.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
