import Diagnostics
import Vocabulary

/// Builds nodes from the events of a text.
struct TreeBuilder: ~Copyable {
  private(set) var documents: [Node] = []
  private(set) var diagnostics: [Diagnostic] = []

  private let file: SourceFile
  private let firstLine: Int
  private let limits: Limits
  private var cursor: ByteCursor

  /// The open collections, outermost first.
  private var frames: [Frame] = []
  private var items = ChildStack<Node>(capacity: 64)
  private var entries = ChildStack<Entry>(capacity: 64)

  private var anchors: [String: Anchor] = [:]
  /// The nodes so far, and those among them that come from aliases.
  private var size = Size()
  private var aliasedSize = Size()

  init(_ file: SourceFile, firstLine: Int, cursor: ByteCursor, limits: Limits) {
    self.file = file
    self.firstLine = firstLine
    self.limits = limits
    self.cursor = cursor
    frames.reserveCapacity(16)
  }
}

/// A number of nodes, and the number of bytes of their texts.
private struct Size {
  var nodes = 0
  var bytes = 0

  static func - (a: Size, b: Size) -> Size { Size(nodes: a.nodes - b.nodes, bytes: a.bytes - b.bytes) }

  static func += (a: inout Size, b: Size) {
    a.nodes += b.nodes
    a.bytes += b.bytes
  }
}

/// An open mapping or sequence.
private struct Frame {
  enum Key {
    /// The next node is a key.
    case awaited
    /// The next node is the value of this key.
    case read(Located)
    /// The next node is the value of a key that was refused, and is dropped.
    case refused(end: Position)
  }

  var isMapping: Bool
  var isFlow: Bool
  var start: Position
  /// Where the last child so far ends.
  var lastEnd: Position
  /// The number of items or entries on the stack below those of this collection.
  var base: Int
  var anchor: String?
  /// The nodes before this one.
  var sizeBefore: Size
  /// The number of levels of collections within.
  var height = 0
  var key = Key.awaited
  /// The place of each key, once there are too many for a linear search.
  var index: [String: SourceRange]?
}

/// What an alias can refer to.
private enum Anchor {
  /// The node has begun and not ended.
  case open
  case complete(Node, size: Size, height: Int)
}

extension TreeBuilder {
  /// Handles the next event; returns false if no more events are needed.
  mutating func handle(_ event: Event) -> Bool {
    switch event.kind {
    case .scalar(let style): return scalar(style, event)
    case .mappingStart(let isFlow): return open(event, isMapping: true, isFlow: isFlow)
    case .sequenceStart(let isFlow): return open(event, isMapping: false, isFlow: isFlow)
    case .collectionEnd: return close(event)
    case .alias: return alias(event)
    case .oversizedScalar:
      let start = position(event.start)
      report(.oversizedScalar(range(start, Position(line: start.line, column: start.column + 1)), limits))
      return false
    case .documentStart(let hasTagDirectives):
      anchors = [:]
      if hasTagDirectives { report(.tagDirective(range(event.start, event.end))) }
      return true
    case .documentEnd, .streamStart: return true
    case .streamEnd: return false
    }
  }

  /// Reports why libyaml stopped.
  mutating func fail(_ failure: EventFailure, input: Range<Int>) {
    let open = frames.last.flatMap { $0.isFlow ? $0.start : nil }
    // After `{{`, which is reported, one bracket is never closed.
    if let open, let last = diagnostics.last, last.id == "complex-key", let key = last.range?.start, key > open {
      return
    }
    diagnostics.append(
      SyntaxError(
        failure, in: file, firstLine: firstLine, input: input, openFlow: open, lastNode: lastNode
      ).diagnostic)
  }

  /// The place of the last complete node in the innermost open collection.
  private var lastNode: SourceRange? {
    guard let frame = frames.last else { return nil }
    var last: SourceRange?
    if frame.isMapping {
      if case .read(let key) = frame.key { return key.range }
      entries.forEach(from: max(frame.base, entries.count - 1)) { last = $0.value.range }
    } else {
      items.forEach(from: max(frame.base, items.count - 1)) { last = $0.range }
    }
    return last
  }
}

// MARK: - Nodes

extension TreeBuilder {
  private mutating func scalar(_ style: ScalarStyle, _ event: Event) -> Bool {
    var start = position(event.start)
    var end = position(event.end)
    if event.anchor != nil || event.hasTag {
      start = min(skipProperties(of: event), end)
    } else if style == .plain, event.text.isEmpty, case .read(let key) = frames.last?.key {
      start = placeOfNothing(behind: key.range.end, event)
      end = start
    }
    if style == .block { end = endOfBlockScalar(event, from: start) }
    let own = Size(nodes: 1, bytes: event.text.utf8.count)
    size += own
    let place = range(start, end)
    let item = style == .plain && start.line < end.line ? firstItem(in: place) : nil
    if let anchor = event.anchor {
      anchors[anchor] = .complete(item ?? Node(.scalar(event.text, style), at: place), size: own, height: 0)
    }
    if let item { return deliver(item, height: 0) }
    if frames.isEmpty, style == .plain, event.text.isEmpty { return true }
    // Made here, so that it is not copied.
    return deliver(Node(.scalar(event.text, style), at: place), height: 0)
  }

  /// The first item of a list in which a further line begins with a '-' in the wrong column, so that YAML reads it as
  /// text of this item. This is reported. Nil for other text.
  private mutating func firstItem(in text: SourceRange) -> Node? {
    guard let frame = frames.last, !frame.isMapping, !frame.isFlow else { return nil }
    let start = text.start
    let lines = (start.line...text.end.line).map { file.text(ofLine: $0) }
    guard let i = lines.indices.dropFirst().first(where: { lines[$0].trimmed.hasPrefix("- ") }) else { return nil }
    let place = Position(line: start.line + i, column: lines[i].prefix { $0 == " " }.count + 1)
    report(
      .misplacedDash(
        range(place, Position(line: place.line, column: place.column + 1)), below: frame.start, in: file))
    let first = lines[0].unicodeScalars.dropFirst(start.column - 1)
    let end = Position(line: start.line, column: start.column + first.count)
    return Node(.scalar(String(first).trimmed, .plain), at: range(start, end))
  }

  private mutating func open(_ event: Event, isMapping: Bool, isFlow: Bool) -> Bool {
    var start = position(event.start)
    if event.anchor != nil || event.hasTag { start = skipProperties(of: event) }
    if frames.count == limits.depth {
      report(.tooDeep(range(start, Position(line: start.line, column: start.column + 1)), limits))
      return false
    }
    if let anchor = event.anchor { anchors[anchor] = .open }
    frames.append(
      Frame(
        isMapping: isMapping, isFlow: isFlow, start: start, lastEnd: start,
        base: isMapping ? entries.count : items.count, anchor: event.anchor, sizeBefore: size))
    size.nodes += 1
    return true
  }

  private mutating func close(_ event: Event) -> Bool {
    let frame = frames.removeLast()
    let content: Node.Content
    if frame.isMapping {
      content = .mapping(entries.take(downTo: frame.base))
    } else {
      content = .sequence(items.take(downTo: frame.base))
    }
    // libyaml ends a block collection where the next token begins, and so also the single pair in `[a: b]`.
    let isTrimmed = !frame.isFlow || event.start == event.end
    let end = isTrimmed ? frame.lastEnd : position(event.end)
    let node = Node(content, at: range(frame.start, end))
    if let anchor = frame.anchor {
      anchors[anchor] = .complete(node, size: size - frame.sizeBefore, height: frame.height + 1)
    }
    return deliver(node, height: frame.height + 1)
  }

  private mutating func alias(_ event: Event) -> Bool {
    let name = event.text
    let place = range(event.start, event.end)
    switch anchors[name] {
    case .complete(var node, let aliased, let height):
      if frames.count + height > limits.depth {
        report(.tooDeep(place, limits))
        return deliver(Node(.scalar("", .plain), at: place), height: 0)
      }
      aliasedSize += aliased
      size += aliased
      if aliasedSize.nodes > limits.aliasedNodes || aliasedSize.bytes > limits.aliasedBytes {
        report(.tooManyAliases(place, limits, isBytes: aliasedSize.nodes <= limits.aliasedNodes))
        return false
      }
      node.range = place
      return deliver(node, height: height)
    case .open: report(.recursiveAlias(name, place))
    case nil:
      // The search takes long if there are many anchors.
      let known = anchors.count <= 100 && diagnostics.count < limits.diagnostics ? anchors.keys.sorted() : []
      report(.undefinedAlias(name, place, nearest: known.nearest(to: name)))
    }
    return deliver(Node(.scalar("", .plain), at: place), height: 0)
  }

  /// Adds a node to the collection that it belongs to; returns false if there are too many nodes.
  private mutating func deliver(_ node: consuming Node, height: Int) -> Bool {
    let top = frames.count - 1
    if top < 0 {
      documents.append(node)
      return true
    }
    if size.nodes > limits.nodes {
      report(.tooManyNodes(node.range, limits))
      return false
    }
    frames[top].height = max(frames[top].height, height)
    frames[top].lastEnd = node.range.end
    if !frames[top].isMapping {
      items.push(node)
      return true
    }
    switch exchange(&frames[top].key, with: .awaited) {
    case .awaited: frames[top].key = key(node)
    case .read(let key):
      if frames[top].isFlow, node.isEmpty, let entry = parted(key) {
        entries.push(entry)
      } else {
        entries.push(Entry(key: key, value: node))
      }
    case .refused: break
    }
    return true
  }
}

// MARK: - Keys

extension TreeBuilder {
  /// The number of entries at which a mapping gets an index of its keys.
  private static let indexed = 16

  private mutating func key(_ node: Node) -> Frame.Key {
    guard case .scalar(let text, let style) = node.content else {
      report(.complexKey(node))
      return .refused(end: node.range.end)
    }
    if style == .plain, text.isEmpty {
      report(.missingKey(node.range))
    } else if style == .plain, text == "<<" {
      report(.mergeKey(node.range))
    } else if let first = placeOfKey(text, new: node.range) {
      report(.duplicateKey(text, node.range, first: first))
    } else {
      return .read(Located(text, at: node.range))
    }
    return .refused(end: node.range.end)
  }

  /// The key and the value of `key:value` or `key = value` in a flow mapping, which is one key without a value for YAML;
  /// nil for another key without a value.
  private mutating func parted(_ key: Located) -> Entry? {
    let (start, end) = (key.range.start, key.range.end)
    if let entry = key.entryWithEqualsSign {
      report(.equalsSign(entry, key.range))
      return placeOfKey(entry.key.value, new: entry.key.range) == nil ? entry : nil
    }
    guard let colon = key.value.firstIndex(of: ":"), colon > key.value.startIndex, start.line == end.line,
      // Without quotes.
      end.column - start.column == key.value.unicodeScalars.count,
      case let rest = key.value[colon...].dropFirst(), !rest.isEmpty
    else { return nil }
    let place = Position(line: start.line, column: start.column + key.value[..<colon].unicodeScalars.count)
    let behind = Position(line: place.line, column: place.column + 1)
    let blank = rest.unicodeScalars.first.flatMap { $0.properties.isWhitespace ? $0 : nil }
    let first = Position(line: place.line, column: behind.column + (blank == nil ? 0 : 1))
    let entry = Entry(
      key: Located(String(key.value[..<colon]), at: range(start, place)),
      value: Node(.scalar(String(blank == nil ? rest : rest.dropFirst()), .plain), at: range(first, end)))
    if let blank {
      report(.wrongBlank(blank, range(behind, first)))
    } else {
      report(.missingSpace(range(place, behind), entry, key.range))
    }
    return placeOfKey(entry.key.value, new: entry.key.range) == nil ? entry : nil
  }

  /// The place of this key in the innermost mapping; nil if the key is new.
  private mutating func placeOfKey(_ text: String, new: SourceRange) -> SourceRange? {
    let top = frames.count - 1
    let base = frames[top].base
    if entries.count - base < Self.indexed {
      return entries.first(from: base) { $0.key.value == text }?.key.range
    }
    if frames[top].index == nil {
      var index: [String: SourceRange] = [:]
      entries.forEach(from: base) { index[$0.key.value] = $0.key.range }
      frames[top].index = index
    }
    if let first = frames[top].index?[text] { return first }
    frames[top].index?[text] = new
    return nil
  }
}

// MARK: - Places

extension TreeBuilder {
  private func position(_ mark: Mark) -> Position {
    Position(line: mark.line + firstLine, column: mark.column + 1)
  }

  private func range(_ start: Position, _ end: Position) -> SourceRange {
    SourceRange(file: file, start: start, end: end)
  }

  private func range(_ start: Mark, _ end: Mark) -> SourceRange {
    range(position(start), position(end))
  }

  private mutating func report(_ diagnostic: Diagnostic) {
    if diagnostics.count < limits.diagnostics { diagnostics.append(diagnostic) }
  }

  /// Returns where a node itself begins, after its anchor and its tag. Reports a tag, as tags are not supported.
  private mutating func skipProperties(of event: Event) -> Position {
    let bytes = file.bytes
    let end = cursor.offset(of: event.end.index)
    var at = TextWalk(bytes, offset: cursor.offset(of: event.start.index), end: end, position: position(event.start))
    while let byte = at.byte {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0A, 0x0D: at.advance()
      case UInt8(ascii: "#"): at.skipLine()
      case UInt8(ascii: "&"): at.skipProperty()
      case UInt8(ascii: "!"):
        let (start, from) = (at.position, at.offset)
        at.skipProperty()
        let tag = String(decoding: bytes[from..<at.offset], as: UTF8.self)
        report(.tag(tag, range(start, at.position)))
      default: return at.position
      }
    }
    return at.position
  }

  /// The place of a missing value: after the colon of its key, or after the key if there is no colon.
  private mutating func placeOfNothing(behind key: Position, _ event: Event) -> Position {
    let place = position(event.start)
    if place.line == key.line, place.column == key.column + 1 || place.column == key.column { return place }
    if place.line != key.line { return placeOfNothing(behind: key) }
    let offset = cursor.offset(of: event.start.index - (place.column - key.column))
    return behindColon(TextWalk(file.bytes, offset: offset, end: file.bytes.count, position: key))
  }

  private func placeOfNothing(behind key: Position) -> Position {
    // Rare enough (`? key`, or a value left out at the end of a line in `{}`) to be looked up from the line's start.
    let offset = file.byteOffset(of: key)
    return behindColon(TextWalk(file.bytes, offset: offset, end: file.bytes.count, position: key))
  }

  private func behindColon(_ keyEnd: TextWalk) -> Position {
    var at = keyEnd
    while at.byte == UInt8(ascii: " ") || at.byte == UInt8(ascii: "\t") { at.advance() }
    guard at.byte == UInt8(ascii: ":") else { return keyEnd.position }
    at.advance()
    return at.position
  }

  /// The end of the last line with text. libyaml's end is the start of the line after the scalar.
  private mutating func endOfBlockScalar(_ event: Event, from start: Position) -> Position {
    let bytes = file.bytes
    let first = cursor.offset(of: event.start.index)
    let last = cursor.offset(of: event.end.index)
    var end = last
    var line = position(event.end).line
    while end > first {
      let length = LineBreak.length(endingAt: end, in: bytes)
      if length > 0 {
        line -= 1
        end -= length
      } else if bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") {
        end -= 1
      } else {
        break
      }
    }
    if line == start.line {
      // There is no text, only `|` and its indicators.
      var header = TextWalk(bytes, offset: first, end: last, position: position(event.start))
      while header.position < start { header.advance() }
      while let byte = header.byte, "|>+-0123456789".utf8.contains(byte) { header.advance() }
      return header.position
    }
    var column = 1
    var i = end
    while i > first, LineBreak.length(endingAt: i, in: bytes) == 0 {
      i -= 1
      if !bytes[i].isContinuation { column += 1 }
    }
    return Position(line: line, column: column)
  }
}

extension Located {
  /// The key and the value of `key = value` without quotes; nil for another text.
  fileprivate var entryWithEqualsSign: Entry? {
    let parts = value.split(separator: "=", omittingEmptySubsequences: false).map { String($0).trimmed }
    let start = range.start
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, start.line == range.end.line,
      range.end.column - start.column == value.unicodeScalars.count,
      parts[0].utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0.isLetterOrDigit })
    else { return nil }
    func place(_ column: Int, _ text: String) -> SourceRange {
      SourceRange(
        file: range.file, start: Position(line: start.line, column: column),
        end: Position(line: start.line, column: column + text.unicodeScalars.count))
    }
    return Entry(
      key: Located(parts[0], at: place(start.column, parts[0])),
      value: Node(.scalar(parts[1], .plain), at: place(range.end.column - parts[1].unicodeScalars.count, parts[1])))
  }
}

extension String {
  /// The text without the blanks around it.
  fileprivate var trimmed: String {
    let text = drop { $0 == " " }
    return text.lastIndex { $0 != " " }.map { String(text[...$0]) } ?? ""
  }
}
