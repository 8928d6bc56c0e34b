/// The children of all open collections; those of inner collections are on top.
///
/// A collection that ends takes its children off the top as an array of the right size. Children are moved, not copied,
/// and no array grows one step at a time.
@safe struct ChildStack<Child>: ~Copyable {
  // SAFETY: room for `capacity` children, of which the first `count` are initialised; this is the only owner.
  private var base: UnsafeMutablePointer<Child>
  private var capacity: Int
  private(set) var count = 0

  init(capacity: Int) {
    self.capacity = capacity
    unsafe base = .allocate(capacity: capacity)
  }

  deinit {
    // SAFETY: see `base`.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  mutating func push(_ child: consuming Child) {
    if count == capacity { grow() }
    // SAFETY: count < capacity.
    unsafe (base + count).initialize(to: child)
    count += 1
  }

  /// Takes off all children but the first `remaining`.
  mutating func take(downTo remaining: Int) -> [Child] {
    precondition(remaining >= 0 && remaining <= count)
    let taken = count - remaining
    count = remaining
    // Without `Array(unsafeUninitializedCapacity:)`, which looks up the type of the array each time.
    var children: [Child] = []
    children.reserveCapacity(taken)
    // SAFETY: the children after `remaining` are initialised; they move to the array.
    for i in remaining..<remaining + taken { unsafe children.append((base + i).move()) }
    return children
  }

  /// The first child from `start` on for which the condition holds.
  func first(from start: Int, where condition: (borrowing Child) -> Bool) -> Child? {
    precondition(start >= 0 && start <= count)
    var i = start
    while i < count {
      // SAFETY: i < count.
      if unsafe condition(base[i]) { return unsafe base[i] }
      i += 1
    }
    return nil
  }

  func forEach(from start: Int, _ body: (borrowing Child) -> Void) {
    precondition(start >= 0 && start <= count)
    // SAFETY: i < count.
    for i in start..<count { unsafe body(base[i]) }
  }

  private mutating func grow() {
    let larger = max(capacity * 2, 1)
    // SAFETY: the children move to the new room, and the old one is freed.
    let room = UnsafeMutablePointer<Child>.allocate(capacity: larger)
    unsafe room.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = room
    capacity = larger
  }
}
