import Glibc
import Synchronization

/// The handling of SIGINT and SIGTERM: a run ends between two steps, so that its descriptors are closed.
enum Interruption {
  private static let flag = Atomic<Bool>(false)

  static var happened: Bool { flag.load(ordering: .relaxed) }

  /// From now on, records the signals instead of letting them end the program.
  static func watch() {
    // Initializes the flag before a signal can arrive, because a handler must not do that.
    flag.store(false, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      // The handler only stores to an atomic, which is safe in a signal handler.
      signal(number) { _ in Interruption.flag.store(true, ordering: .relaxed) }
    }
  }
}
