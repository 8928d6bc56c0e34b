import Diagnostics
import Vocabulary

/// A word, a number, a string or a punctuation mark of C.
struct CToken {
  var text: String
  /// The offset of its first byte in the file.
  var offset: Int

  var end: Int { offset + text.utf8.count }
  var isWord: Bool { text.utf8.first.map { $0.isWord && !$0.isDigit } ?? false }
  var isNumber: Bool { text.utf8.first?.isDigit ?? false }
}

/// Splits a header into tokens, and into the lines of the preprocessor.
struct CLexer {
  enum Line {
    /// The tokens after `#`.
    case directive([CToken])
    case token(CToken)
  }

  private let bytes: [UInt8]
  private var i = 0
  private var isAtStartOfLine = true

  init(_ file: SourceFile) { bytes = file.bytes }

  mutating func next() -> Line? {
    skipBlanks(inDirective: false)
    guard i < bytes.count else { return nil }
    guard isAtStartOfLine, bytes[i] == UInt8(ascii: "#") else {
      isAtStartOfLine = false
      return .token(token())
    }
    i += 1
    var tokens: [CToken] = []
    while true {
      skipBlanks(inDirective: true)
      if i >= bytes.count || bytes[i] == UInt8(ascii: "\n") { break }
      tokens.append(token())
    }
    return .directive(tokens)
  }

  /// Skips white space and comments; in a directive, up to the end of the line that no `\` continues.
  private mutating func skipBlanks(inDirective: Bool) {
    while i < bytes.count {
      switch (bytes[i], i + 1 < bytes.count ? bytes[i + 1] : 0) {
      case (UInt8(ascii: "\n"), _):
        if inDirective { return }
        isAtStartOfLine = true
        i += 1
      case (UInt8(ascii: "\\"), UInt8(ascii: "\n")): i += 2
      case (UInt8(ascii: "\\"), UInt8(ascii: "\r")): i += 3
      case (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _), (UInt8(ascii: "\r"), _): i += 1
      case (UInt8(ascii: "/"), UInt8(ascii: "*")):
        i += 2
        while i + 1 < bytes.count, bytes[i] != UInt8(ascii: "*") || bytes[i + 1] != UInt8(ascii: "/") { i += 1 }
        i = min(i + 2, bytes.count)
      case (UInt8(ascii: "/"), UInt8(ascii: "/")):
        while i < bytes.count, bytes[i] != UInt8(ascii: "\n") { i += 1 }
      default: return
      }
    }
  }

  private static let operators: Set<String> = ["<<", ">>", "&&", "||", "==", "!=", "<=", ">="]

  private mutating func token() -> CToken {
    let start = i
    i += 1
    if bytes[start].isWord {
      while i < bytes.count, bytes[i].isWord { i += 1 }
    } else if bytes[start] == UInt8(ascii: "\"") || bytes[start] == UInt8(ascii: "'") {
      while i < bytes.count, bytes[i] != bytes[start], bytes[i] != UInt8(ascii: "\n") { i += 1 }
      i = min(i + 1, bytes.count)
    } else if i < bytes.count, Self.operators.contains(String(decoding: bytes[start...i], as: UTF8.self)) {
      i += 1
    }
    return CToken(text: String(decoding: bytes[start..<i], as: UTF8.self), offset: start)
  }
}
