import DeviceSchema
import Expressions
import TextOutput

/// Schemas of single scalars.
struct Scalars {
  let definitions: Definitions

  /// `${…}`, alone or within text.
  var expression: JSON {
    definitions.reference("expression") {
      JSON.text(matching: "\\$\\{[^}]*\\}").described("an expression over the parameters, such as \"${vcpus * 2}\"")
    }
  }

  /// Text; YAML may read it as a number or a boolean.
  var text: JSON { ["type": ["string", "number", "boolean"]] }

  var bool: JSON { .oneOf(["true", "false"]) }

  /// A boolean in a place where expressions are allowed.
  var computedBool: JSON { .any(of: [bool, expression]) }

  func integer(_ type: IntegerType) -> JSON {
    number(type.range, named: type.name)
  }

  func unsigned(_ bits: Int) -> JSON { integer(IntegerType(size: bits / 8, isSigned: false)) }

  /// An integer in a range, with its names, its flags and other ways to write it.
  func integer(_ type: IntegerType, _ description: IntegerDescription) -> JSON {
    .any(of: names(description) + [integer(type)])
  }

  /// The value of a bit field.
  func field(_ field: BitField) -> JSON {
    let width = field.high - field.low + 1
    let number =
      field.isInPlace && field.low > 0
      ? number(field.range, named: "bits-\(field.high)-to-\(field.low)", zeros: field.low)
      : number(field.range, named: "bits-\(width)")
    return .any(of: names(field.description) + [number])
  }

  /// A bit of a bitmap.
  func bit(of type: BitmapType) -> JSON {
    .any(of: names(type.description) + [number(type.range, named: "bit-of-\(type.count)")])
  }

  func number(_ range: ClosedRange<Int128>, named name: String, zeros: Int = 0) -> JSON {
    definitions.reference(name) { .any(of: literals(range, zeros: zeros) + [expression]) }
  }

  /// An integer that is written without an expression.
  func literal(_ type: IntegerType) -> JSON { .any(of: literals(type.range, zeros: 0)) }

  private func literals(_ range: ClosedRange<Int128>, zeros: Int) -> [JSON] {
    var plain: [(String, JSON)] = [
      ("type", "integer"), ("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
    ]
    if zeros > 0 { plain.append(("multipleOf", .integer(1 << Int128(zeros)))) }
    var pattern = DigitPattern.upTo(range.upperBound, zeros: zeros)
    if range.lowerBound < 0 { pattern = "(?:\(pattern)|-\(DigitPattern.upTo(-range.lowerBound)))" }
    let steps = zeros > 0 ? ", a multiple of \(1 << Int128(zeros))" : ""
    let words =
      "an integer from \(range.lowerBound) to \(range.upperBound)\(steps): decimal, 0x, 0o or 0b, with _ between digits, "
      + "and KiB, MiB, GiB or TiB at the end"
    return [JSON(plain), .text(matching: "^\(pattern)$", words)]
  }

  private func names(_ description: IntegerDescription) -> [JSON] {
    var all: [JSON] = []
    if !description.names.isEmpty { all.append(definitions.words(description.names.map(\.name))) }
    if !description.flags.isEmpty {
      let flags = definitions.words(description.flags.map(\.name))
      all += [flags, .list(of: .any(of: [flags, expression]))]
    }
    if let notation = description.notation { all.append(dotted(notation)) }
    return all
  }

  private func dotted(_ notation: Notation) -> JSON {
    definitions.reference(notation.form) {
      let parts = notation.parts.map { DigitPattern.decimal(upTo: (1 << Int128($0.bits)) - 1) }
      return .text(
        matching: "^\(parts.joined(separator: "\\."))$", "\(notation.form), as in \(notation.example), or an integer")
    }
  }
}
