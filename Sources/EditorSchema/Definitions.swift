import TextOutput

/// The named parts of a JSON Schema. Each is made once and referred to wherever it is needed.
final class Definitions {
  private(set) var all: [(String, JSON)] = []
  private var names: Set<String> = []
  private var lists: [[String]: String] = [:]

  /// A reference to a part, which is made on the first request.
  func reference(_ name: String, _ make: () -> JSON) -> JSON {
    if names.insert(name).inserted {
      let place = all.count
      all.append((name, .null))
      all[place].1 = make()
    }
    return ["$ref": .string("#/definitions/\(name)")]
  }

  /// A choice of words. A long list is stored once and named after its first word.
  func words(_ words: [String]) -> JSON {
    let list = JSON.oneOf(words)
    guard words.count > 8, let first = words.first else { return list }
    if let name = lists[words] { return reference(name) { list } }
    let name = (1...).lazy.map { $0 == 1 ? "names.\(first)" : "names.\(first).\($0)" }.first {
      !self.names.contains($0)
    }
    lists[words] = name
    return reference(name ?? first) { list }
  }
}

extension JSON {
  init(_ members: [(String, JSON)]) { self = .object(members) }

  static func words(_ words: [String]) -> JSON { .array(words.map { .string($0) }) }

  /// Any of several schemas, without duplicates.
  static func any(of schemas: [JSON]) -> JSON {
    var seen: Set<String> = []
    let different = schemas.filter { seen.insert($0.text()).inserted }
    return different.count == 1 ? different[0] : ["anyOf": .array(different)]
  }

  static func all(of schemas: [JSON]) -> JSON {
    schemas.count == 1 ? schemas[0] : ["allOf": .array(schemas)]
  }

  static func list(of items: JSON) -> JSON { ["type": "array", "items": items] }

  /// A mapping that has only these keys.
  ///
  /// - Parameter isLaidOver: whether it is merged with one of another file. That one may have what is missing here, and
  ///   `null` removes what it has.
  static func mapping(
    _ properties: [(String, JSON)], required: [String] = [], orNothing: Bool = false, isLaidOver: Bool = false
  ) -> JSON {
    let properties = isLaidOver ? properties.map { ($0.0, $0.1.orNull) } : properties
    var members: [(String, JSON)] = [
      ("type", orNothing ? ["object", "null"] : "object"), ("properties", JSON(properties)),
    ]
    if !required.isEmpty, !isLaidOver { members.append(("required", .words(required))) }
    members.append(("additionalProperties", false))
    return JSON(members)
  }

  /// A mapping that has all of these keys.
  static func has(_ keys: String...) -> JSON { ["required": .words(keys)] }

  static func not(_ schema: JSON) -> JSON { ["not": schema] }

  static func when(_ condition: JSON, then: JSON, otherwise: JSON? = nil) -> JSON {
    JSON([("if", condition), ("then", then)] + (otherwise.map { [("else", $0)] } ?? []))
  }

  /// A text that matches a pattern. Editors show the words if it does not.
  static func text(matching pattern: String, _ words: String? = nil) -> JSON {
    JSON(
      [("type", "string"), ("pattern", .string(pattern))]
        + (words.map { [("patternErrorMessage", .string($0))] } ?? []))
  }

  /// The words that people write, with the values that YAML may read them as.
  static func oneOf(_ words: [String]) -> JSON {
    var values = words.map { JSON.string($0) }
    if words.contains("true") { values.append(true) }
    if words.contains("false") { values.append(false) }
    return ["enum": .array(values)]
  }

  /// One word and its meaning.
  static func word(_ word: String, _ description: String?) -> JSON {
    JSON([("const", .string(word))]).described(description)
  }

  /// The schema with the text that editors show.
  func described(_ text: String?) -> JSON {
    guard let text, !text.isEmpty, case .object(let members) = self else { return self }
    // In draft-07, keys beside a reference are ignored.
    let rest = members.contains { $0.0 == "$ref" } ? [("allOf", JSON.array([self]))] : members
    return JSON([("description", .string(text))] + rest.filter { $0.0 != "description" })
  }

  /// The schema, or `null`.
  var orNull: JSON {
    guard case .object(let members) = self else { return self }
    let words = members.first { $0.0 == "description" }?.1
    let rest = members.filter { $0.0 != "description" }
    if rest.isEmpty { return self }
    if case .array(let types)? = rest.first(where: { $0.0 == "type" })?.1,
      types.contains(where: { $0.text() == "\"null\"" })
    {
      return self
    }
    let schema = JSON.any(of: [JSON(rest), ["type": "null"]])
    if case .string(let words)? = words { return schema.described(words) }
    return schema
  }

  /// Accepts every value.
  static let anything: JSON = .object([])
}

extension String {
  /// The text as a pattern that matches nothing else.
  var escaped: String {
    var result = ""
    for character in self {
      if "\\^$.|?*+()[]{}".contains(character) { result += "\\" }
      result.append(character)
    }
    return result
  }
}

extension Sequence<String> {
  /// A pattern for any of the texts.
  var alternatives: String { "(?:" + map(\.escaped).joined(separator: "|") + ")" }
}
