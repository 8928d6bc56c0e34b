import Vocabulary

/// One part of work that several machines share: `3/16` is the third of sixteen.
package struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  package var number: Int
  package var count: Int

  /// The largest number of shards.
  private static let most = 1_000_000

  /// Nil if there is no such shard.
  package init?(number: Int, count: Int) {
    guard (1...Self.most).contains(count), (1...count).contains(number) else { return nil }
    self.number = number
    self.count = count
  }

  /// Parses `3/16`; nil for any other text.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy(\.isDigit) }), let number = Int(parts[0]),
      let count = Int(parts[1])
    else { return nil }
    self.init(number: number, count: count)
  }

  package var description: String { "\(number)/\(count)" }

  /// The shard's part of a list: neighbours, so that a manifest is planned in few shards. The parts of two shards differ
  /// by one element at most.
  package func part(of total: Int) -> Range<Int> {
    // The product does not overflow: a list has far fewer than 2^40 elements.
    total * (number - 1) / count..<total * number / count
  }
}
