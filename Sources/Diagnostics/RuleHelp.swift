/// A report's description of a kind of diagnostic.
package struct RuleHelp: Hashable, Sendable {
  /// The title, one sentence.
  package var title: String
  /// The text of the reference page.
  package var text: String

  package init(title: String, text: String) {
    self.title = title
    self.text = text
  }
}
