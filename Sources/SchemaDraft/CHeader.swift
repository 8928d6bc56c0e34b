import Diagnostics
import Vocabulary

/// The constants and structs of a C header, in its order.
///
/// Conditional parts are all read: `#if` and `#include` have no effect.
package struct CHeader {
  /// A macro or an enumerator.
  struct Constant {
    var name: String
    var place: SourceRange
    var value: Definition
    /// Whether the name is set in, as the kernel's headers show that it belongs to the constant above.
    var isIndented = false
  }

  enum Definition {
    case tokens([CToken])
    /// An enumerator without a value: one more than the one before, or 0 for the first.
    case next(after: String?)
    /// A macro with parameters, as it is written after its name.
    case function(String)
  }

  struct Structure {
    var tag: String
    var place: SourceRange
    var members: [Member] = []
    /// The first thing in it that is not a plain member.
    var problem: Fault?
  }

  struct Member {
    var name: String
    /// The type as schemas name it.
    var type: String
    /// The number of elements between the brackets; empty for `[]`.
    var count: [CToken]?
    var place: SourceRange
  }

  /// A fault in the header's text.
  struct Fault {
    var message: String
    var place: SourceRange
  }

  package let file: SourceFile
  private(set) var constants: [Constant] = []
  private(set) var structures: [Structure] = []

  package init(_ file: SourceFile) {
    self.file = file
    var lexer = CLexer(file)
    var code: [CToken] = []
    while let line = lexer.next() {
      switch line {
      case .directive(let tokens): define(tokens)
      case .token(let token): code.append(token)
      }
    }
    var i = 0
    while i < code.count {
      if code[i].text == "enum" {
        i = enumerators(code, i + 1)
      } else if code[i].text == "struct", i + 2 < code.count, code[i + 2].text == "{" {
        i = structure(code, i + 1)
      } else {
        i += 1
      }
    }
    constants.sort { $0.place.start < $1.place.start }
  }

  private func range(_ token: CToken) -> SourceRange {
    SourceRange(
      file: file, start: file.position(ofByte: token.offset),
      end: file.position(ofByte: token.offset + token.text.utf8.count))
  }

  private mutating func define(_ tokens: [CToken]) {
    guard tokens.count > 2, tokens[0].text == "define", tokens[1].isWord else { return }
    let name = tokens[1]
    var constant = Constant(name: name.text, place: range(name), value: .tokens(Array(tokens[2...])))
    constant.isIndented = name.offset - tokens[0].end > 1
    if tokens[2].text == "(", tokens[2].offset == name.end {
      constant.value = .function(tokens[2...].map(\.text).joined(separator: " "))
    }
    // Enumerators are also defined as themselves, so that #ifdef knows them.
    if tokens.count == 3, tokens[2].text == name.text { return }
    constants.append(constant)
  }

  /// Reads the enumerators after `enum`. Returns the index of the first token that is not read.
  private mutating func enumerators(_ code: [CToken], _ start: Int) -> Int {
    var i = start
    if i < code.count, code[i].isWord { i += 1 }
    guard i < code.count, code[i].text == "{" else { return i }
    i += 1
    var last: String?
    while i < code.count, code[i].text != "}" {
      guard code[i].isWord else {
        i += 1
        continue
      }
      let name = code[i]
      let end = endOfItem(code, i + 1)
      let hasValue = i + 1 < end && code[i + 1].text == "="
      constants.append(
        Constant(
          name: name.text, place: range(name),
          value: hasValue ? .tokens(Array(code[(i + 2)..<end])) : .next(after: last)))
      last = name.text
      i = end
    }
    return i
  }

  /// The index of the comma or brace after an item of a list.
  private func endOfItem(_ code: [CToken], _ start: Int) -> Int {
    var depth = 0
    for i in start..<code.count {
      switch code[i].text {
      case "(": depth += 1
      case ")": depth -= 1
      case "," where depth == 0, "}", ";": return i
      default: break
      }
    }
    return code.count
  }

  /// Reads a struct from its tag on. Returns the index of the first token that is not read.
  private mutating func structure(_ code: [CToken], _ start: Int) -> Int {
    var result = Structure(tag: code[start].text, place: range(code[start]))
    var i = start + 2
    while i < code.count, code[i].text != "}" {
      guard let end = code[i...].firstIndex(where: { [";", "{", "}"].contains($0.text) }), code[end].text == ";" else {
        result.problem = Fault(message: "a union or a struct inside a struct", place: range(code[i]))
        break
      }
      if !member(Array(code[i..<end]), of: &result) { break }
      i = end + 1
    }
    if result.problem == nil,
      let packed = code[i...].prefix(while: { $0.text != ";" }).first(where: { $0.text.contains("packed") })
    {
      result.problem = Fault(message: "a packed struct", place: range(packed))
    }
    structures.append(result)
    return i
  }

  /// Reads a member without its semicolon. Returns false if it is not a plain one.
  private func member(_ tokens: [CToken], of structure: inout Structure) -> Bool {
    if tokens.isEmpty { return true }
    let bracket = tokens.firstIndex { $0.text == "[" } ?? tokens.count
    let words = tokens[..<bracket]
    guard let first = words.first, let name = words.last, words.count > 1, words.allSatisfy(\.isWord),
      let type = Self.type(words.dropLast().map(\.text)), bracket == tokens.count || tokens.last?.text == "]",
      tokens.count(where: { $0.text == "[" }) < 2
    else {
      structure.problem = Fault(message: "a member of an unknown kind", place: range(tokens[0]))
      return false
    }
    let count = bracket == tokens.count ? nil : Array(tokens[(bracket + 1)..<(tokens.count - 1)])
    structure.members.append(Member(name: name.text, type: type, count: count, place: range(first)))
    return true
  }

  /// The schema's name of a type; nil for a type whose size is not known here.
  private static func type(_ words: [String]) -> String? {
    let word = words.joined(separator: " ")
    if words.count == 2, words[0] == "struct" { return word }
    switch word {
    case "__aligned_u64": return "u64"
    case "int", "signed int": return "i32"
    case "unsigned int", "unsigned": return "u32"
    case "char", "unsigned char": return "u8"
    case "long": return "long"
    case "unsigned long": return "ulong"
    case "long long": return "i64"
    case "unsigned long long": return "u64"
    default: break
    }
    for (prefix, letter) in [("__u", "u"), ("__s", "i")] where word.hasPrefix(prefix) {
      let bits = word.dropFirst(prefix.count)
      if ["8", "16", "32", "64"].contains(bits) { return letter + bits }
    }
    return nil
  }
}
