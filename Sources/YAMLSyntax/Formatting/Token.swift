/// A piece of a YAML text that a layout may move, but never change.
struct Token {
  enum Kind: Hashable {
    /// A plain or quoted scalar; it may go on over several lines.
    case scalar
    /// `|` or `>`, with what belongs to it.
    case blockHeader
    /// The lines of a block scalar, with those without text behind it.
    case blockBody
    case alias, anchor
    /// `-`
    case dash
    /// `?`
    case question
    /// `:`
    case colon
    case comma
    /// `[` or `{`
    case open
    /// `]` or `}`
    case close
    case comment
    /// `---`
    case documentStart
    /// `...`
    case documentEnd
    /// A line that begins with `%`.
    case directive
  }

  var kind: Kind
  /// In bytes.
  var range: Range<Int>
  /// The lines that it begins and ends on, from 1.
  var line: Int
  var endLine: Int
  /// Of its first character, from 0.
  var column: Int
  /// Of a block scalar's body: in which column its text begins.
  var textColumn = 0
  /// Of a block scalar's body: whether the empty lines at its end are text.
  var keepsEnd = false
}

/// A block mapping or block sequence of a text.
struct Block {
  var isSequence: Bool
  /// Where it stands in the text, in bytes; up to the token behind it.
  var range: Range<Int>
  /// The column of its keys or dashes, from 0.
  var column: Int
  /// The column that they get.
  var indent: Int
}
