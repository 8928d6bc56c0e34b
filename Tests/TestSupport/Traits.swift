import Testing

extension Trait where Self == TimeLimitTrait {
  /// Ends a test that would otherwise never end.
  ///
  /// It is not a measure of speed: tests run in parallel, so a test's time includes time of others, and a busy machine
  /// multiplies it.
  package static var hangGuard: Self { .timeLimit(.minutes(60)) }
}

extension Trait where Self == ConditionTrait {
  /// Marks a test, or a suite, that takes about a second or more: `make test-fast` leaves it out.
  package static var slow: Self {
    .disabled(if: environment("KVMCONF_FAST") == "1", "slow tests are skipped by `make test-fast`")
  }
}
