import Diagnostics

extension [Block] {
  /// The block collections of a text, in the order in which they begin. Each gets a column: two more than that of the
  /// collection around it.
  init(_ events: [Event], in file: SourceFile, _ tokens: [Token]) {
    self = []
    /// The open collections; nil for one in brackets or braces.
    var open: [Int?] = []
    for event in events {
      switch event.kind {
      case .mappingStart(isFlow: false), .sequenceStart(isFlow: false):
        let isSequence = if case .sequenceStart = event.kind { true } else { false }
        let start = file.offset(of: event.start)
        let outer = open.last.flatMap(\.self).map { self[$0].indent + 2 } ?? 0
        open.append(count)
        append(
          Block(
            isSequence: isSequence, range: start..<file.bytes.count,
            column: tokens.column(ofEntryAt: start, hasAnchor: event.anchor != nil), indent: outer))
      case .mappingStart, .sequenceStart: open.append(nil)
      case .collectionEnd:
        if let block = open.removeLast() {
          let start = self[block].range.lowerBound
          self[block].range = start..<Swift.max(start, file.offset(of: event.start))
        }
      default: break
      }
    }
  }
}

extension [Token] {
  /// The column of the first key or dash of a collection.
  ///
  /// - Parameter hasAnchor: whether the collection itself has an anchor.
  fileprivate func column(ofEntryAt offset: Int, hasAnchor: Bool) -> Int {
    var i = firstIndex(at: offset)
    var isBehindAnchor = !hasAnchor
    while i < count {
      switch self[i].kind {
      case .comment: break
      case .anchor where !isBehindAnchor: isBehindAnchor = true
      default: return self[i].column
      }
      i += 1
    }
    return 0
  }

  /// The first token that begins at or after the offset.
  private func firstIndex(at offset: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].range.lowerBound < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
