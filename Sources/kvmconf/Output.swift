import Diagnostics
import Glibc

/// The two streams. Results go to stdout, messages to stderr.
enum Output {
  static func result(_ text: String) { write(text, to: STDOUT_FILENO) }
  static func message(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Whether a stream shows colours: it is a terminal, and nobody asked for none.
  static func hasColor(_ descriptor: Int32) -> Bool {
    // SAFETY: the variable's text is only compared with nil and its first byte, before anything can change it.
    let isWanted = unsafe getenv("NO_COLOR").map { unsafe $0.pointee == 0 } ?? true
    return isWanted && isatty(descriptor) == 1
  }

  static func print(_ diagnostics: [Diagnostic], to descriptor: Int32) {
    var text = ""
    TextRenderer(color: hasColor(descriptor)).render(diagnostics, into: &text)
    write(text, to: descriptor)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        // SAFETY: the range lies inside the buffer, which lives throughout the call.
        let count = unsafe Glibc.write(descriptor, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
        if count < 0, errno == EINTR { continue }
        // The reader is gone; there is nobody to tell.
        if count < 0 { return }
        done += count
      }
    }
  }
}
