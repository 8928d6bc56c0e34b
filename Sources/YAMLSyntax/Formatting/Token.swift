/// A piece of YAML text that formatting may move but never change.
struct Token {
  enum Kind: Hashable {
    /// A plain or quoted scalar; it may continue over several lines.
    case scalar
    /// `|` or `>`, with its indicators.
    case blockHeader
    /// The lines of a block scalar, including the empty lines after its text.
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
  /// The place of the token, in bytes.
  var range: Range<Int>
  /// The lines on which it begins and ends, from 1.
  var line: Int
  var endLine: Int
  /// The column of its first character, from 0.
  var column: Int
  /// For the body of a block scalar, the column in which its text begins.
  var textColumn = 0
  /// For the body of a block scalar, whether the empty lines at its end are text.
  var keepsEnd = false
}

/// A block mapping or block sequence of a text.
struct Block {
  var isSequence: Bool
  /// Its place in the text, in bytes, up to the next token after it.
  var range: Range<Int>
  /// The column of its keys or dashes, from 0.
  var column: Int
  /// The column that its keys or dashes get.
  var indent: Int
}
