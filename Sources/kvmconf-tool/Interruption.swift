import Glibc
import Synchronization

/// SIGINT and SIGTERM: the run ends between two steps, and what is open is closed.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static var happened: Bool { flag.load(ordering: .relaxed) }

  /// From here on, the signals are noted instead of ending the program.
  static func watch() {
    // Made before a signal can come: a handler must not be the first to touch it.
    flag.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      // The handler does nothing but store to an atomic.
      signal(number) { _ in Interruption.flag.store(true, ordering: .relaxed) }
    }
  }
}
