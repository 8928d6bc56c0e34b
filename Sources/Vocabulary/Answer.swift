/// The answer of a host to one call: ok or an errno.
package enum Answer: Hashable, Sendable {
  case ok
  case refused(Errno)
}

extension Answer: CustomStringConvertible {
  /// Creates an answer from `ok` or the name of an errno; nil for any other text.
  package init?(_ text: String) {
    if text == "ok" {
      self = .ok
    } else if let errno = Errno(name: text) {
      self = .refused(errno)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .ok: "ok"
    case .refused(let errno): errno.description
    }
  }
}
