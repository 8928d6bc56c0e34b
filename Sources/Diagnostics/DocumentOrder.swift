extension Sequence<Diagnostic> {
  /// Sorts the diagnostics by file, in the order in which the files first occur, and within a file from top to bottom.
  ///
  /// Those without a place come first. Diagnostics at the same place keep their order.
  package func inDocumentOrder() -> [Diagnostic] {
    let diagnostics = Array(self)
    if diagnostics.count < 2 { return diagnostics }
    var fileOrder: [SourceFile: Int] = [:]
    for diagnostic in diagnostics {
      if let file = diagnostic.range?.file, fileOrder[file] == nil { fileOrder[file] = fileOrder.count }
    }
    let keys = diagnostics.map { diagnostic in
      diagnostic.range.map { (file: fileOrder[$0.file] ?? 0, start: $0.start) } ?? (file: -1, start: .start)
    }
    let order = diagnostics.indices.sorted { a, b in
      if keys[a].file != keys[b].file { return keys[a].file < keys[b].file }
      if keys[a].start != keys[b].start { return keys[a].start < keys[b].start }
      return a < b
    }
    return order.map { diagnostics[$0] }
  }
}
