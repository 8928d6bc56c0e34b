/// What a report says of a kind of diagnostic, beside the diagnostics themselves.
package struct RuleHelp: Hashable, Sendable {
  /// One sentence.
  package var title: String
  /// The reference page.
  package var text: String

  package init(title: String, text: String) {
    self.title = title
    self.text = text
  }
}
