import Dispatch
import Synchronization

/// Work that is spread over the processors.
enum Parallel {
  /// The results for all inputs, in their order. A single input is processed on the calling thread: threads cost
  /// start-up time.
  ///
  /// - Parameter done: called after each input with the number of inputs that are done. It may be called on any thread.
  static func map<Input: Sendable, Result: Sendable>(
    _ inputs: [Input], done: @Sendable (Int) -> Void = { _ in }, _ body: @Sendable (Input) -> Result
  ) -> [Result] {
    if inputs.count == 1 { return [body(inputs[0])] }
    let results = Mutex<[Result?]>(Array(repeating: nil, count: inputs.count))
    let count = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: inputs.count) { i in
      let result = body(inputs[i])
      results.withLock { $0[i] = result }
      done(count.add(1, ordering: .relaxed).newValue)
    }
    return results.withLock { $0.compactMap(\.self) }
  }
}
