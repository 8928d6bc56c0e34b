import CYAML
import Diagnostics

/// A place as libyaml counts: in characters, from 0, from the start of its input.
struct Mark: Hashable {
  var index = 0
  var line = 0
  var column = 0
}

/// One YAML event, in Swift types.
struct Event {
  enum Kind {
    case streamStart, streamEnd
    case documentStart(hasTagDirectives: Bool)
    case documentEnd
    case alias
    case scalar(ScalarStyle)
    /// A scalar longer than the limit; its text is left out.
    case oversizedScalar
    case sequenceStart(isFlow: Bool)
    case mappingStart(isFlow: Bool)
    case collectionEnd
  }

  var kind: Kind
  /// The text of a scalar, or the name of an alias.
  var text = ""
  /// For a node with an anchor or a tag, the start of the first of those.
  var start: Mark
  var end: Mark
  var anchor: String?
  var hasTag = false
}

/// The reason why libyaml stopped, in libyaml's words.
struct EventFailure {
  enum Problem {
    /// The text is not YAML.
    case syntax(String, at: Mark)
    /// The text has a byte that YAML does not allow, at this offset from the start of the input.
    case unreadable(byte: Int)
    case outOfMemory
  }

  var problem: Problem
  /// What libyaml was reading, as in `while parsing a flow sequence`, and where that began.
  var context: (text: String, start: Mark)?
}

/// Reads the events of one text. This is the only type that uses libyaml's types.
@safe struct EventReader: ~Copyable {
  // SAFETY: allocated in init and freed in deinit; libyaml keeps a pointer into it, so its address must not change.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let scalarLimit: Int

  /// Calls `body` with a reader of the events of a piece of a text.
  static func read<Result>(
    _ bytes: [UInt8], in range: Range<Int>, scalarLimit: Int, _ body: (inout EventReader) -> Result
  ) -> Result {
    // SAFETY: libyaml reads the bytes only through the reader, which `body` cannot keep.
    unsafe bytes.withUnsafeBufferPointer { all in
      var reader = unsafe EventReader(UnsafeBufferPointer(rebasing: all[range]), scalarLimit: scalarLimit)
      return body(&reader)
    }
  }

  private init(_ text: UnsafeBufferPointer<UInt8>, scalarLimit: Int) {
    self.scalarLimit = scalarLimit
    // SAFETY: the parser is initialised before it is used; an empty text may have no address, so it gets one.
    unsafe parser = .allocate(capacity: 1)
    unsafe parser.initialize(to: yaml_parser_t())
    precondition(unsafe yaml_parser_initialize(parser) == 1, "out of memory")
    unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    let start = unsafe text.baseAddress ?? UnsafePointer(UnsafeRawPointer(parser).assumingMemoryBound(to: UInt8.self))
    unsafe yaml_parser_set_input_string(parser, start, text.count)
  }

  deinit {
    // SAFETY: this is the only owner.
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
  }

  /// The next event, or nil if libyaml stopped; `failure` gives the reason.
  mutating func next() -> Event? {
    // SAFETY: libyaml fills the event, which is freed once it has been copied.
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { return nil }
    defer { unsafe yaml_event_delete(&event) }
    return unsafe translate(event)
  }

  /// Why `next` returned nil.
  var failure: EventFailure {
    // SAFETY: the strings are libyaml's literals.
    let parser = unsafe self.parser.pointee
    var context: (String, Mark)?
    if let text = unsafe parser.context { context = unsafe (String(cString: text), Mark(parser.context_mark)) }
    let problem: EventFailure.Problem
    switch unsafe parser.error {
    case YAML_READER_ERROR: problem = unsafe .unreadable(byte: Int(parser.problem_offset))
    case YAML_MEMORY_ERROR: problem = .outOfMemory
    default:
      let text = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "this is not YAML"
      problem = unsafe .syntax(text, at: Mark(parser.problem_mark))
    }
    return EventFailure(problem: problem, context: context)
  }

  @inline(__always)
  private func translate(_ event: yaml_event_t) -> Event {
    // SAFETY: each member of the union is read only in an event of its type; strings are copied.
    let start = unsafe Mark(event.start_mark)
    let end = unsafe Mark(event.end_mark)
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let isOversized = unsafe scalar.length > scalarLimit
      return unsafe Event(
        kind: isOversized ? .oversizedScalar : .scalar(style(of: scalar)), text: isOversized ? "" : text(of: scalar),
        start: start, end: end, anchor: string(scalar.anchor), hasTag: scalar.tag != nil)
    case YAML_MAPPING_START_EVENT:
      let mapping = unsafe event.data.mapping_start
      return unsafe Event(
        kind: .mappingStart(isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE), start: start, end: end,
        anchor: string(mapping.anchor), hasTag: mapping.tag != nil)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = unsafe event.data.sequence_start
      return unsafe Event(
        kind: .sequenceStart(isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE), start: start, end: end,
        anchor: string(sequence.anchor), hasTag: sequence.tag != nil)
    case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: return Event(kind: .collectionEnd, start: start, end: end)
    case YAML_ALIAS_EVENT:
      return unsafe Event(kind: .alias, text: string(event.data.alias.anchor) ?? "", start: start, end: end)
    case YAML_DOCUMENT_START_EVENT:
      let tags = unsafe event.data.document_start.tag_directives
      let hasTags = unsafe tags.start != tags.end
      return Event(kind: .documentStart(hasTagDirectives: hasTags), start: start, end: end)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, start: start, end: end)
    case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, start: start, end: end)
    default: return Event(kind: .streamEnd, start: start, end: end)
    }
  }

  private typealias Scalar = yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar

  @inline(__always)
  private func text(of scalar: Scalar) -> String {
    // SAFETY: libyaml's text has `length` bytes, which are UTF-8.
    unsafe String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
  }

  @inline(__always)
  private func style(of scalar: Scalar) -> ScalarStyle {
    switch unsafe scalar.style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
    case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
    default: .plain
    }
  }

  @inline(__always)
  private func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    // SAFETY: libyaml ends its strings with a NUL.
    guard let text = unsafe text else { return nil }
    return unsafe String(cString: text)
  }
}

extension Mark {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(index: Int(mark.index), line: Int(mark.line), column: Int(mark.column))
  }
}
