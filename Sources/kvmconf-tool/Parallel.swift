import Dispatch
import Glibc
import Synchronization

/// Work that is spread over the processors.
enum Parallel {
  /// The number of processors.
  static var processors: Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }

  /// The results for all inputs, in their order. A single input is processed on the calling thread: threads cost
  /// start-up time.
  ///
  /// - Parameters:
  ///   - done: called after each input with the number of inputs that are done. It may be called on any thread.
  ///   - context: makes what one thread uses for all its inputs.
  static func map<Input: Sendable, Context, Result: Sendable>(
    _ inputs: [Input], done: @Sendable (Int) -> Void = { _ in }, context: @Sendable () -> Context,
    _ body: @Sendable (Input, Context) -> Result
  ) -> [Result] {
    let results = Mutex<[Result?]>(Array(repeating: nil, count: inputs.count))
    let next = Atomic<Int>(0)
    let count = Atomic<Int>(0)
    @Sendable func work() {
      let context = context()
      while true {
        let i = next.add(1, ordering: .relaxed).oldValue
        guard i < inputs.count else { return }
        let result = body(inputs[i], context)
        results.withLock { $0[i] = result }
        done(count.add(1, ordering: .relaxed).newValue)
      }
    }
    let threads = min(inputs.count, processors)
    if threads == 1 { work() } else { DispatchQueue.concurrentPerform(iterations: threads) { _ in work() } }
    return results.withLock { $0.compactMap(\.self) }
  }
}
