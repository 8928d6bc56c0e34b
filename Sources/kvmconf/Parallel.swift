import Dispatch
import Synchronization

/// Work spread over the processors.
enum Parallel {
  /// The results for all inputs, in their order. One input is worked on where we are: threads cost start-up time.
  static func map<Input: Sendable, Result: Sendable>(
    _ inputs: [Input], _ body: @Sendable (Input) -> Result
  ) -> [Result] {
    if inputs.count == 1 { return [body(inputs[0])] }
    let results = Mutex<[Result?]>(Array(repeating: nil, count: inputs.count))
    DispatchQueue.concurrentPerform(iterations: inputs.count) { i in
      let result = body(inputs[i])
      results.withLock { $0[i] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }
}
