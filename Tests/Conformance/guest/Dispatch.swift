// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// What kvmconf takes from Dispatch, for the cross build: Debian's module is another compiler's. A guest has one processor.

public enum DispatchQueue {
  public static func concurrentPerform(iterations: Int, execute work: (Int) -> Void) {
    for i in 0..<iterations { work(i) }
  }
}
