import Diagnostics

/// A syntax error that libyaml found, in words for the author of the text, at the place that has to change.
struct SyntaxError {
  private let failure: EventFailure
  private let firstLine: Int
  private let text: PlainText
  /// The innermost open `[` or `{`.
  private let openFlow: Position?
  /// The last node before the error, if it ended in the innermost open collection.
  private let lastNode: SourceRange?

  init(
    _ failure: EventFailure, in file: SourceFile, firstLine: Int, input: Range<Int>, openFlow: Position?,
    lastNode: SourceRange?
  ) {
    self.failure = failure
    self.firstLine = firstLine
    self.openFlow = openFlow
    self.lastNode = lastNode
    text = PlainText(file: file, input: input)
  }

  var diagnostic: Diagnostic {
    switch failure.problem {
    case .syntax(let problem, let mark): describe(problem, at: offset(of: mark))
    case .unreadable(let byte): error("this character is not allowed in YAML", character(text.input.lowerBound + byte))
    case .outOfMemory: error("there is not enough memory to read this file", 0..<0)
    }
  }

  private func describe(_ problem: String, at offset: Int) -> Diagnostic {
    if let dollar = text.bareExpression(before: offset, openFlow: openFlow) { return unquotedExpression(dollar) }
    switch problem {
    case "found character that cannot start any token": return badStart(offset)
    case "found a tab character that violates indentation",
      "found a tab character where an indentation space is expected":
      return tab(offset)
    case "mapping values are not allowed in this context": return misplacedColon(offset)
    case "could not find expected ':'": return missingColon()
    case "found unexpected ':'": return error("a space is missing after this ':'", character(offset))
    case "did not find expected key": return notAKey(offset)
    case "did not find expected '-' indicator": return notAnItem(offset)
    case "did not find expected ',' or ']'": return unfinished("list", "]", offset)
    case "did not find expected ',' or '}'": return unfinished("mapping", "}", offset)
    case "did not find expected node content": return missingValue(offset)
    case "block sequence entries are not allowed in this context":
      return error(
        "a list item cannot begin here: put it on a new line", character(offset), note: mustBeQuoted("-"))
    case "mapping keys are not allowed in this context":
      return error("'? ' is not allowed here", character(offset), note: mustBeQuoted("?"))
    case "found unexpected end of stream", "found unexpected document indicator":
      return error("this quoted text is never closed", character(contextOffset))
    case "found unknown escape character", "did not find expected hexdecimal number",
      "found invalid Unicode character escape code":
      return badEscape(offset, problem)
    case "did not find expected alphabetic or numeric character": return nameless()
    case "found an indentation indicator equal to 0": return error("the indentation cannot be 0", character(offset))
    case "did not find expected comment or line break" where text[contextOffset] != UInt8(ascii: "%"):
      return textBehindBlockIndicator(offset)
    case "did not find expected <document start>":
      return error("a '---' is missing before this", character(offset))
    case "found incompatible YAML document":
      return error("this version of YAML is not supported; leave the line out", restOfLine(offset))
    default: return other(problem, offset)
    }
  }
}

// MARK: - Quoting

extension SyntaxError {
  private func unquotedExpression(_ dollar: Int) -> Diagnostic {
    let isFlow = text.isFlow(at: dollar, openFlow: openFlow)
    let start = text.start(ofTextAt: dollar, isFlow: isFlow)
    let range = start..<max(text.end(ofTextAt: dollar, isFlow: isFlow, isKey: true), dollar + 2)
    let right = quoted(text.text(range))
    let quotes = right.hasPrefix("\"") ? "double quotes" : "single quotes"
    return error(
      "YAML needs quotes around an expression here: write \(right), in \(quotes)", range,
      fixIt: FixIt(replace: text.place(range), with: right))
  }

  private func badStart(_ offset: Int) -> Diagnostic {
    if text[offset] == UInt8(ascii: "\t") { return tab(offset) }
    return mustQuote(offset)
  }

  /// Reports text that begins with a character that has a meaning in YAML.
  private func mustQuote(_ offset: Int) -> Diagnostic {
    if text[offset] == UInt8(ascii: "*"), text.isBlank(offset + 1), text.textStart(ofLineWith: offset) == offset {
      return error(
        "an item of a list begins with '-', not with '*'", character(offset),
        fixIt: FixIt(replace: text.place(character(offset)), with: "-"))
    }
    let range = offset..<max(text.end(ofTextAt: offset, isFlow: openFlow != nil, isKey: true), offset + 1)
    let right = quoted(text.text(range))
    return error(
      "text that begins with '\(characterText(offset))' needs quotes: write \(clipped(right))", range,
      fixIt: FixIt(replace: text.place(range), with: right))
  }

  private func mustBeQuoted(_ start: String) -> Note {
    Note("text that begins with '\(start)' needs double quotes")
  }

  private func nameless() -> Diagnostic {
    mustQuote(contextOffset)
  }

  private func textBehindBlockIndicator(_ offset: Int) -> Diagnostic {
    let indicator = characterText(contextOffset)
    return error(
      "text cannot be on the line of '\(indicator)'; put it on the next line", restOfLine(offset),
      note: mustBeQuoted(indicator)
    )
  }

  private func badEscape(_ offset: Int, _ problem: String) -> Diagnostic {
    var start = offset
    while start > contextOffset, text[start] != UInt8(ascii: "\\") { start -= 1 }
    let digits: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
    let length = 2 + (problem == "found invalid Unicode character escape code" ? digits[text[start + 1]] ?? 0 : 0)
    let range = start..<min(start + max(length, 2), text.input.upperBound)
    let escape = text.text(range)
    if let count = digits[text[start + 1]] {
      let isTooShort = problem == "did not find expected hexdecimal number"
      return error(
        isTooShort ? "'\(escape)' needs \(count) hexadecimal digits" : "'\(escape)' is not a character", range)
    }
    return error(
      "'\(escape)' is not an escape in YAML", range,
      note: Note("in double quotes, write a backslash as '\\\\'; in single quotes, as it is"))
  }
}

// MARK: - Indentation

extension SyntaxError {
  private func tab(_ offset: Int) -> Diagnostic {
    var end = offset
    while text.isBlank(end) { end += 1 }
    let isIndentation = text.textStart(ofLineWith: offset) > offset
    return error(
      isIndentation ? "a tab cannot indent a line; use spaces" : "a tab is not allowed here; use spaces",
      offset..<max(end, offset + 1))
  }

  private func misplacedColon(_ colon: Int) -> Diagnostic {
    let lineStart = text.textStart(ofLineWith: colon)
    let before = text.text(lineStart..<max(lineStart, colon))
    if before.hasPrefix("---") {
      return error("a mapping cannot begin on the line of its '---'", (lineStart + 3)..<(colon + 1))
    }
    if let parenthesis = text.openParenthesis(before: colon) { return parenthesised(from: parenthesis) }
    let value = text.start(ofTextAt: colon, isFlow: openFlow != nil)
    if value > lineStart {
      let first = text[value]
      if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
        return error("a value cannot be a key at the same time", value..<(colon + 1))
      }
      return colonInText(from: value)
    }
    if colon - lineStart > 1024 { return error("a key cannot be longer than 1024 characters", lineStart..<colon) }
    if let previous = keyWithoutSpace(above: lineStart) { return previous }
    return error(
      "the key '\(clipped(before))' is indented deeper than the keys above, or the value above is not finished",
      lineStart..<colon)
  }

  private func colonInText(from start: Int) -> Diagnostic {
    let range = start..<max(text.end(ofTextAt: start, isFlow: openFlow != nil), start + 1)
    if text.text(range).isListOfEntries {
      let right = "{\(text.text(range))}"
      return error(
        "a mapping in one line needs braces: write \(clipped(right))", range,
        fixIt: FixIt(replace: text.place(range), with: right))
    }
    let written = text.text(range)
    if written.hasSuffix(":") {
      let name = String(written.dropLast())
      return error("a value cannot end with ':'", range, fixIt: FixIt(replace: text.place(range), with: name))
    }
    if openFlow != nil, let second = secondColon(in: range) { return second }
    let right = quoted(written)
    return error(
      "text with ': ' in it needs quotes: write \(clipped(right))", range,
      fixIt: FixIt(replace: text.place(range), with: right))
  }

  /// Reports `gic.addr.dist: 0x0800_0000`, where a key is missing, or `x2apic-api: {options: 3}`, where the entries
  /// belong beside it, as the value of a key; nil for prose.
  private func secondColon(in range: Range<Int>) -> Diagnostic? {
    let parts = text.text(range).split(separator: ": ", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].contains(" ") else { return nil }
    let place = range.lowerBound..<range.lowerBound + parts[0].utf8.count + 1
    if parts[1].hasPrefix("{"), parts[1].hasSuffix("}") {
      let right = "\(parts[0]), \(parts[1].dropFirst().dropLast())"
      return error(
        "a value cannot be a key at the same time: write \(clipped(right))", place,
        fixIt: FixIt(replace: text.place(range), with: right))
    }
    if parts[1].contains(" ") { return nil }
    return error(
      "a value cannot be a key at the same time: write \(clipped("\(parts[0]), KEY: \(parts[1])"))", place,
      note: Note("KEY is the key for this value, such as 'value'; a ': ' that is part of a text needs quotes"))
  }

  /// Reports a mapping in parentheses.
  private func parenthesised(from start: Int) -> Diagnostic {
    let range = start..<text.end(ofTextAt: start, isFlow: openFlow != nil)
    let right = "{\(text.text(range).dropFirst().dropLast())}"
    return error(
      "a mapping in one line is written with '{' and '}', not with '(' and ')'", range,
      fixIt: FixIt(replace: text.place(range), with: right))
  }

  /// Reports the line above if it is `key:value`, which YAML reads as one text and not as a key and a value.
  private func keyWithoutSpace(above lineStart: Int) -> Diagnostic? {
    let above = text.textStart(ofLineWith: max(text.lineStart(of: lineStart) - 1, text.input.lowerBound))
    return above < lineStart ? keyWithoutSpace(above) : nil
  }

  private func keyWithoutSpace(_ start: Int) -> Diagnostic? {
    let end = text.end(ofTextAt: start, isFlow: false)
    var colon = start
    while colon < end, text[colon] != UInt8(ascii: ":") {
      if text.isBlank(colon) { return nil }
      colon += 1
    }
    guard colon > start, colon < end, !text.isLineEnd(colon + 1), !text.isBlank(colon + 1) else { return nil }
    let next = character(colon + 1)
    if let scalar = text.text(next).unicodeScalars.first, scalar.properties.isWhitespace {
      return .wrongBlank(scalar, text.place(next))
    }
    let gap = text.place((colon + 1)..<(colon + 1))
    return error(
      "a space is missing after the ':' of '\(clipped(text.text(start..<end)))'", start..<end,
      fixIt: FixIt(replace: gap, with: " "))
  }

  private func missingColon() -> Diagnostic {
    let start = contextOffset
    if let missing = keyWithoutSpace(start) { return missing }
    let range = start..<max(text.end(ofTextAt: start, isFlow: openFlow != nil), start + 1)
    let line = text.text(range)
    if let mark = ["//", ";"].first(where: { line.hasPrefix($0) }) {
      let place = start..<start + mark.utf8.count
      return error(
        "a comment begins with '#', not with '\(mark)'", place, fixIt: FixIt(replace: text.place(place), with: "#"))
    }
    return error("a ':' is missing: '\(clipped(text.text(range)))' is not a key with a value", range)
  }

  private func notAKey(_ offset: Int) -> Diagnostic {
    let lineStart = text.textStart(ofLineWith: offset)
    if offset > lineStart { return textBehindValue(offset) }
    if text[offset] == UInt8(ascii: ":") { return error("there is no key before this ':'", character(offset)) }
    let mapping = text.file.position(ofByte: contextOffset).column
    if text.file.position(ofByte: offset).column == mapping {
      return error("a key is expected here", word(offset), note: contextNote("the mapping begins here"))
    }
    return error(
      "the indentation of this line does not match any line above", word(offset),
      note: contextNote("the mapping around it begins here, in column \(mapping)"))
  }

  private func notAnItem(_ offset: Int) -> Diagnostic {
    if offset > text.textStart(ofLineWith: offset) { return textBehindValue(offset) }
    if text[offset] == UInt8(ascii: "-"), !text.isBlank(offset + 1), !text.isLineEnd(offset + 1) {
      return error(
        "a space is missing after this '-'", character(offset),
        fixIt: FixIt(replace: text.place(offset + 1..<offset + 1), with: " "))
    }
    return error(
      "this line does not belong to any item of the list above", word(offset), note: contextNote("the list begins here")
    )
  }

  /// Reports text after a value, as in `[0] + 2` or `"a" b`.
  private func textBehindValue(_ offset: Int) -> Diagnostic {
    var last = offset - 1
    while text.isBlank(last) { last -= 1 }
    if let unclosed = closedBelow(before: last + 1) ?? dashWithoutSpace(inLineOf: last) { return unclosed }
    let range = offset..<max(text.end(ofTextAt: offset, isFlow: openFlow != nil), offset + 1)
    switch text[last] {
    case UInt8(ascii: "'"):
      return error(
        "text cannot follow the closing quote", range, note: Note("within single quotes, ' is written as ''"))
    case UInt8(ascii: "\""):
      return error(
        "text cannot follow the closing quote", range, note: Note("within double quotes, \" is written as \\\""))
    case UInt8(ascii: "}"):
      return error("text cannot follow the closing '}'", range, note: mustBeQuoted("{"))
    case UInt8(ascii: "]"):
      return error("text cannot follow the closing ']'", range, note: mustBeQuoted("["))
    default: return error("text is not allowed here, after a value", range)
    }
  }

  /// Reports a list item such as `-{a: 1}`; nil for another line.
  private func dashWithoutSpace(inLineOf offset: Int) -> Diagnostic? {
    var start = offset
    while start > 0, text[start - 1] != UInt8(ascii: "\n") { start -= 1 }
    while text.isBlank(start) { start += 1 }
    guard text[start] == UInt8(ascii: "-"), "{[".utf8.contains(text[start + 1]) else { return nil }
    let dash = start..<start + 1
    return error("a space is missing after '-'", dash, fixIt: FixIt(replace: text.place(dash), with: "- "))
  }

  /// Reports a quoted text that ends here, in a line below the one in which it begins; nil for another node.
  private func closedBelow(before end: Int) -> Diagnostic? {
    guard let lastNode, lastNode.bytes.upperBound == end, lastNode.start.line < lastNode.end.line else { return nil }
    let start = lastNode.bytes.lowerBound
    guard text[start] == UInt8(ascii: "\"") || text[start] == UInt8(ascii: "'") else { return nil }
    return error(
      "this quoted text is not closed in its line", restOfLine(start),
      note: Note("it is closed here", at: text.place(end - 1..<end)))
  }
}

// MARK: - Lists and mappings in brackets

extension SyntaxError {
  private func unfinished(_ kind: String, _ closing: String, _ offset: Int) -> Diagnostic {
    if offset >= text.lastTextEnd { return neverClosed(kind, closing, contextOffset) }
    let found = text[offset]
    if found == UInt8(ascii: "}") || found == UInt8(ascii: "]") {
      return error(
        "a \(kind) is closed by '\(closing)', not by '\(characterText(offset))'", character(offset),
        note: contextNote("the \(kind) begins here"))
    }
    if let unclosed = closedBelow(before: offset) { return unclosed }
    // A quote within the quotes.
    if found != UInt8(ascii: ":"), [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(text[offset - 1]) {
      return textBehindValue(offset)
    }
    if found == UInt8(ascii: "[") || found == UInt8(ascii: "{"), let bracket = bracketInText(offset) { return bracket }
    // For `[1, 2` above `b: 3`, libyaml stops only at the colon.
    let isKeyBelow = found == UInt8(ascii: ":") && text.lineStart(of: offset) > contextOffset
    if found == UInt8(ascii: ":"), !isKeyBelow {
      let start = text.start(ofTextAt: offset, isFlow: true)
      return missingComma(from: start, to: offset) ?? colonInText(from: start)
    }
    let start = isKeyBelow ? text.textStart(ofLineWith: offset) : offset
    return error(
      "',' or '\(closing)' is missing before this", word(start), note: contextNote("the \(kind) begins here"))
  }

  /// Reports a bracket in text without quotes, such as `n in [0, 1]`; nil if no text is before the bracket.
  private func bracketInText(_ offset: Int) -> Diagnostic? {
    let start = text.start(ofTextAt: offset, isFlow: true)
    guard start < offset, let first = text.text(start..<offset).first, first.isLetter || first.isNumber else {
      return nil
    }
    let range = start..<text.end(ofTextAt: start, isFlow: true)
    let right = quoted(text.text(range))
    return error(
      "text with '\(characterText(offset))' in it needs quotes here: write \(clipped(right))", range,
      fixIt: FixIt(replace: text.place(range), with: right))
  }

  /// Reports two words before a colon, such as `2 features`, of which the second one is a key; nil for other text.
  private func missingComma(from start: Int, to colon: Int) -> Diagnostic? {
    let words = text.text(start..<colon).split(separator: " ")
    guard words.count == 2, let key = words.last,
      key.allSatisfy({ $0.isLetter || "-_\"'".contains($0) }),
      text.text(colon - key.utf8.count..<colon) == key
    else { return nil }
    if words[0].hasSuffix(";") {
      let semicolon = start + words[0].utf8.count - 1
      return error(
        "',' is needed here, not ';'", semicolon..<semicolon + 1,
        fixIt: FixIt(replace: text.place(semicolon..<semicolon + 1), with: ","))
    }
    return error(
      "',' is missing before '\(key)'", colon - key.utf8.count..<colon,
      fixIt: FixIt(replace: text.place(start..<colon), with: "\(words[0]), \(key)"))
  }

  private func neverClosed(_ kind: String, _ closing: String, _ start: Int) -> Diagnostic {
    error("this \(kind) is never closed: '\(closing)' is missing", character(start))
  }

  private func missingValue(_ offset: Int) -> Diagnostic {
    let found = text[offset]
    if offset >= text.lastTextEnd, let openFlow {
      let start = text.file.byteOffset(of: openFlow)
      let isList = text[start] == UInt8(ascii: "[")
      return neverClosed(isList ? "list" : "mapping", isList ? "]" : "}", start)
    }
    if found == UInt8(ascii: ":") { return error("there is no key before this ':'", character(offset)) }
    if openFlow != nil, found == UInt8(ascii: ",") {
      return error("a value is missing before ','", character(offset))
    }
    if found == UInt8(ascii: "]") || found == UInt8(ascii: "}") {
      return error("this '\(characterText(offset))' closes nothing", character(offset))
    }
    if found == UInt8(ascii: ",") { return mustQuote(offset) }
    return error("a value is expected here", character(offset))
  }
}

extension String {
  /// Whether this is `a: 1, b: 2`: the entries of a mapping without its braces.
  fileprivate var isListOfEntries: Bool {
    let parts = split(separator: ", ")
    return parts.count > 1
      && parts.allSatisfy { part in
        let words = part.split(separator: ": ")
        return words.count == 2 && words.allSatisfy { !$0.contains(" ") && !$0.contains("\"") }
      }
  }
}

// MARK: - The rest

extension SyntaxError {
  private func other(_ problem: String, _ offset: Int) -> Diagnostic {
    if text[contextOffset] == UInt8(ascii: "!") {
      return .tag(text.text(word(contextOffset)), text.place(word(contextOffset)))
    }
    if text[contextOffset] == UInt8(ascii: "%") {
      return error(
        "unknown directive '\(text.text(word(contextOffset)))': a line that begins with '%' is an instruction to the YAML reader",
        restOfLine(contextOffset), note: mustBeQuoted("%"))
    }
    return error(problem, character(offset))
  }

  private func error(_ message: String, _ range: Range<Int>, note: Note? = nil, fixIt: FixIt? = nil) -> Diagnostic {
    .error(
      "yaml-syntax", message, at: text.place(range), notes: note.map { [$0] } ?? [], fixIts: fixIt.map { [$0] } ?? [])
  }

  private func contextNote(_ message: String) -> Note {
    Note(message, at: text.place(character(contextOffset)))
  }

  private func offset(of mark: Mark) -> Int {
    let position = Position(line: mark.line + firstLine, column: mark.column + 1)
    return min(text.file.byteOffset(of: position), text.input.upperBound)
  }

  private var contextOffset: Int {
    if let context = failure.context { return offset(of: context.start) }
    if case .syntax(_, let mark) = failure.problem { return offset(of: mark) }
    return text.input.lowerBound
  }

  private func character(_ offset: Int) -> Range<Int> {
    let start = min(offset, text.lastTextEnd)
    if text.isLineEnd(start) { return start..<start }
    var end = min(start + 1, text.input.upperBound)
    while text[end].isContinuation { end += 1 }
    return start..<end
  }

  private func characterText(_ offset: Int) -> String { text.text(character(offset)) }

  /// The text from here up to the next white space.
  private func word(_ offset: Int) -> Range<Int> {
    var end = offset
    while !text.isBlank(end), !text.isLineEnd(end) { end += 1 }
    return end > offset ? offset..<end : character(offset)
  }

  private func restOfLine(_ offset: Int) -> Range<Int> {
    let end = text.end(ofTextAt: offset, isFlow: false)
    return end > offset ? offset..<end : character(offset)
  }

  /// Shortens a text for use in a message.
  private func clipped(_ text: String) -> String {
    text.unicodeScalars.count <= 48 ? text : String(text.unicodeScalars.prefix(47)) + "…"
  }
}
