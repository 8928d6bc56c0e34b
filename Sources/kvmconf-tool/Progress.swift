import Glibc
import Synchronization

/// A progress bar on standard error for work on several files. It is shown only on a terminal, and only after a second.
final class Progress: Sendable {
  private let total: Int
  /// What is counted, in the plural.
  private let what: String
  private let isShown: Bool
  private let lastDrawn: Mutex<Drawn>

  private struct Drawn {
    var time: Double
    var count = 0
    var isThere = false
  }

  init(of total: Int, _ what: String = "files") {
    self.total = total
    self.what = what
    isShown = total > 1 && isatty(STDERR_FILENO) == 1
    // Nothing is shown in the first second. After that, the bar is drawn at most ten times per second.
    lastDrawn = Mutex(Drawn(time: Self.now + 0.9))
  }

  func advance(to count: Int) {
    guard isShown else { return }
    lastDrawn.withLock { last in
      // Threads may report their counts out of order.
      last.count = max(last.count, count)
      let now = Self.now
      guard now - last.time >= 0.1 else { return }
      last = Drawn(time: now, count: last.count, isThere: true)
      Output.message("\r" + Self.bar(last.count, of: total, what))
    }
  }

  /// Removes the bar.
  func end() {
    lastDrawn.withLock { last in
      if last.isThere { Output.message("\r\u{1B}[K") }
      last.isThere = false
    }
  }

  /// `[##########          ] 50 of 100 files`
  private static func bar(_ count: Int, of total: Int, _ what: String) -> String {
    let width = 30
    let done = width * count / total
    let bar = String(repeating: "#", count: done) + String(repeating: " ", count: width - done)
    return "[\(bar)] \(count) of \(total) \(what)"
  }

  /// The monotonic clock, in seconds.
  private static var now: Double {
    var time = timespec()
    // SAFETY: `time` lives throughout the call.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
