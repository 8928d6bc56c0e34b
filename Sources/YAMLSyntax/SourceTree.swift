import Diagnostics

/// The YAML documents of a text, with the place of every node, and the YAML errors of the text.
///
/// If there are errors, the documents hold what could still be read: the first of duplicate keys, a node without its
/// tag, an empty scalar in place of an alias that cannot be resolved. Reading stops at a syntax error; the documents
/// before it are kept.
package struct SourceTree: Sendable {
  /// The roots of the documents. A document without content (a file of comments, nothing between two `---`) is left
  /// out.
  package var documents: [Node]
  /// The diagnostics, in the order of the text.
  package var diagnostics: [Diagnostic]

  package init(parsing file: SourceFile, limits: Limits = .manifest) {
    let start = LineBreak.byteOrderMarkLength(of: file.bytes)
    self.init(parsing: file, in: start..<file.bytes.count, firstLine: 1, limits: limits)
  }

  /// Parses whole lines of a text as if they were the whole text; places are those of the whole text.
  init(parsing file: SourceFile, in range: Range<Int>, firstLine: Int, limits: Limits) {
    let check = TextCheck(file, in: range, limits: limits)
    if let refusal = check.refusal {
      (documents, diagnostics) = ([], [refusal])
      return
    }
    var builder = TreeBuilder(
      file, firstLine: firstLine, cursor: ByteCursor(file.bytes, in: range, isASCII: check.isASCII), limits: limits)
    EventReader.read(file.bytes, in: range, scalarLimit: limits.scalarBytes) { reader in
      while let event = reader.next() {
        if !builder.handle(event) { return }
      }
      builder.fail(reader.failure, input: range)
    }
    (documents, diagnostics) = (builder.documents, builder.diagnostics)
  }
}
