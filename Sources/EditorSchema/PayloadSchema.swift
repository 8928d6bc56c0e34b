import DeviceSchema
import Expressions
import TextOutput

/// The schema of an attribute's value, by the type of its payload.
struct PayloadSchema {
  let definitions: Definitions
  /// Whether the value is in an explicit step, where fields may be left out and descriptors may be bare numbers.
  var isStep = false
  /// Whether mappings are merged with those of another file.
  var isLaidOver = false
  /// Keys that a mapping may have besides its fields.
  var extra: [(String, JSON)] = []

  private var scalars: Scalars { Scalars(definitions: definitions) }
  /// The schema for the fields of a payload.
  private var inner: PayloadSchema {
    PayloadSchema(definitions: definitions, isStep: isStep, isLaidOver: isLaidOver)
  }
  /// The schema for the elements of a list, which are never merged.
  private var element: PayloadSchema { PayloadSchema(definitions: definitions, isStep: isStep) }

  func schema(_ type: PayloadType) -> JSON {
    switch type {
    case .none: return ["type": "null"]
    case .integer(let type): return scalars.integer(type, type.description)
    case .bits(let type): return bits(type)
    case .structure(let type): return structure(type.fields)
    case .union(let type): return .any(of: type.cases.map { inner.schema($0.type) })
    case .array(let type, _): return .list(of: element.schema(type))
    case .bytes(let size): return bytes(size?.constant?.integer.map { Int(clamping: $0) })
    case .pointer(let target): return inner.schema(target)
    case .bitmap(let type): return .list(of: scalars.bit(of: type))
    case .descriptor:
      let file = scalars.text.described("the name of an entry in 'files'")
      if !isStep { return file }
      let bare = JSON.mapping([("fd", scalars.descriptorNumber)], required: ["fd"])
      return .any(of: [file, bare.described("a number that is passed as the descriptor")])
    }
  }

  private func bits(_ type: BitsType) -> JSON {
    let fields = type.fields.map { field in (field.name, scalars.field(field).described(field.words)) }
    let required = isStep ? [] : type.fields.filter { $0.initial == nil }.map(\.name)
    return .any(of: [
      .mapping(fields + extra, required: required, isLaidOver: isLaidOver), scalars.unsigned(type.size * 8),
    ])
  }

  /// A struct with a union is a mapping for each case. If an expression gives the case, any of them is accepted.
  private func structure(_ fields: [StructureField]) -> JSON {
    for (i, field) in fields.enumerated() {
      guard case .union(let union) = field.type, let tag = fields.firstIndex(where: { $0.name == union.tag }) else {
        continue
      }
      let cases = union.cases.map { one in
        var chosen = fields
        chosen[i].type = one.type
        return mapping(chosen, tag: (tag, value(of: fields[tag], for: one)))
      }
      // Without a value of the union, the other member has any value.
      return .any(of: cases + [mapping(fields.filter { $0.name != field.name })])
    }
    return mapping(fields)
  }

  /// - Parameter tag: the index of the field that chooses the case of a union, and the schema of its value.
  private func mapping(_ fields: [StructureField], tag: (index: Int, value: JSON)? = nil) -> JSON {
    let members = fields.enumerated().map { i, field in
      let value: JSON =
        tag?.index == i
        ? tag?.value ?? .null
        : field.count.map { ["type": "array", "maxItems": JSON($0), "items": element.schema(field.type)] }
          ?? inner.schema(field.type)
      return (field.name, value.described(field.words))
    }
    return .mapping(members + extra, required: tag.map { [fields[$0.index].name] } ?? [], isLaidOver: isLaidOver)
  }

  /// The values of a field that choose a case of a union.
  private func value(of field: StructureField, for one: UnionCase) -> JSON {
    if one.isElse { return inner.schema(field.type) }
    var names: [String] = []
    if case .integer(let type) = field.type {
      names = type.description.names.filter { name in one.values.contains { $0.contains(name.value) } }.map(\.name)
    }
    let numbers = one.values.map { range -> JSON in
      range.count == 1
        ? ["const": .integer(range.lowerBound)]
        : ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
    }
    return .any(of: (names.isEmpty ? [] : [.oneOf(names)]) + numbers + [.text(matching: "^0[xob]|_|\\$\\{")])
  }

  private func bytes(_ size: Int?) -> JSON {
    .any(of: [hex(size), byteForms(size), .list(of: scalars.unsigned(8))])
  }

  private func hex(_ size: Int?) -> JSON {
    let digit = "[ \\n_]*[0-9A-Fa-f]"
    let digits = size.map { "(?:\(digit)){\($0 * 2)}" } ?? "(?:\(digit)\(digit))*"
    return .any(of: [
      .text(matching: "^\(digits)[ \\n_]*$", "hexadecimal digits, two per byte"), ["type": "number"],
      scalars.expression,
    ])
  }

  /// `{hex: …}`, `{base64: …}` or `{file: …}`.
  private func byteForms(_ size: Int?) -> JSON {
    let letter = "[ \\n]*[A-Za-z0-9+/]"
    let base64: String
    if let size {
      base64 = "^(?:\(letter)){\((size * 8 + 5) / 6)}(?:[ \\n]*=){0,2}[ \\n]*$"
    } else {
      base64 = "^(?:\(letter))*(?:[ \\n]*=)*[ \\n]*$"
    }
    let forms: [(String, JSON)] = [
      ("hex", hex(size).described("hexadecimal digits")),
      ("base64", JSON.any(of: [.text(matching: base64, "base64"), ["type": "number"], scalars.expression])),
      ("file", scalars.text.described("a file in the manifest's folder or below it")),
    ]
    if isLaidOver { return .mapping(forms + extra, isLaidOver: true) }
    return .any(of: forms.map { .mapping([$0] + extra, required: [$0.0]) })
  }

  /// `{u32: 5}` and similar forms, for a type that no schema describes.
  func raw() -> JSON {
    definitions.reference(isStep ? "raw-payload-of-a-step" : "raw-payload") {
      var forms: [(String, JSON)] = [8, 16, 32, 64].flatMap { bits in
        [("u", false), ("i", true)].map { letter, isSigned in
          ("\(letter)\(bits)", scalars.integer(IntegerType(size: bits / 8, isSigned: isSigned)))
        }
      }
      if isStep { forms.append(("fd", scalars.descriptorNumber)) }
      return .any(of: forms.map { .mapping([$0], required: [$0.0]) } + [byteForms(nil)]).described(
        "the bytes that the call passes, with their type")
    }
  }
}

extension Scalars {
  /// The integer that represents a descriptor.
  var descriptorNumber: JSON { integer(IntegerType(size: 4, isSigned: true)) }
}

extension BitField {
  /// The text that editors show.
  fileprivate var words: String {
    let bits = high == low ? "bit \(low)" : "bits \(high) to \(low)"
    let initial = initialText.map { ["\($0) if left out"] } ?? []
    let place = isInPlace && low > 0 ? ["written unshifted: the other bits are zero"] : []
    let facts = [[bits], description.words, place, initial].flatMap { $0 }.joined(separator: ", ")
    return [description.doc, facts].compactMap { $0 }.joined(separator: "\n\n")
  }
}

extension StructureField {
  /// The text that editors show.
  fileprivate var words: String {
    var facts = [type.summary + (count.map { "[\($0)]" } ?? "")]
    var own = doc
    if case .integer(let type) = type {
      facts += type.description.words
      own = own ?? type.description.doc
    }
    if isReserved { facts.append("reserved, 0 if left out") }
    return [own, facts.joined(separator: ", ")].compactMap { $0 }.joined(separator: "\n\n")
  }
}
