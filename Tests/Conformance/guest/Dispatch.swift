// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// The part of Dispatch that kvmconf uses, for the cross build: Debian's module is for another compiler. A guest has one
// processor.

public enum DispatchQueue {
  public static func concurrentPerform(iterations: Int, execute work: (Int) -> Void) {
    for i in 0..<iterations { work(i) }
  }
}
