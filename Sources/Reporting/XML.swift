import TextOutput

extension String {
  /// The text, escaped for an element or an attribute. Characters that XML 1.0 cannot hold become U+FFFD.
  var xml: String {
    escaped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "\n": nil
      case "\t": "&#9;"
      case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
      default: nil
      }
    }
  }
}
