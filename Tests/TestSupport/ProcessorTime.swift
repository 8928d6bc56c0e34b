import Glibc

/// The processor time in seconds that this thread spends on a body, which must not suspend.
///
/// A busy machine makes a test wait, but hardly makes it work more. Unlike wall-clock time, this measures the work of
/// the body.
package func processorTime(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    // SAFETY: `time` lives throughout the call.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  try body()
  return now() - start
}

/// Whether ten times the size, or less, takes about ten times the processor time; a hundred times would be quadratic.
///
/// Less than a tenth of a second is never too slow, as such a time is mostly noise.
package func isProportional(_ small: Double, _ tenTimes: Double) -> Bool { tenTimes < max(small * 40, 0.1) }
