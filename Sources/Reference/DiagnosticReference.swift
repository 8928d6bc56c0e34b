import Diagnostics
import TextOutput

/// Descriptions of the diagnostics that schemas do not define: those of manifests, schemas and files.
package struct DiagnosticReference: Sendable {
  /// One kind of diagnostic.
  package struct Entry: Sendable {
    package var id: DiagnosticID
    /// The property that holds if the diagnostic is not reported, in one sentence.
    package var title: String
    /// Why that matters and what to do; paragraphs are separated by empty lines.
    package var text: String

    package init(_ id: DiagnosticID, _ title: String, _ text: String = "") {
      self.id = id
      self.title = title
      self.text = text
    }
  }

  package var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  func entry(for id: String) -> Entry? { entries.first { $0.id.description == id } }
}

extension PageText {
  mutating func page(of entry: DiagnosticReference.Entry) {
    line(entry.id.description)
    gap()
    paragraph(entry.title)
    for part in entry.text.split(separator: "\n\n") {
      gap()
      paragraph(String(part))
    }
  }
}
