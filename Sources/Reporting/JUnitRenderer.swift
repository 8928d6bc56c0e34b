import Diagnostics
import TextOutput

/// Diagnostics as a JUnit report, which CI systems show as tests: one suite per file, one case per manifest.
package struct JUnitRenderer: Sendable {
  /// A file.
  package struct Suite: Sendable {
    package var name: String
    package var cases: [Case]

    package init(name: String, cases: [Case]) {
      self.name = name
      self.cases = cases
    }
  }

  /// A manifest.
  package struct Case: Sendable {
    package var name: String
    /// The line of the file in which the manifest begins.
    package var line: Int
    /// The reasons why the case fails; empty if it passes.
    package var failures: [Diagnostic]
    /// Other diagnostics.
    package var remarks: [Diagnostic]
    /// Whether the manifest could not be checked at all.
    package var isError: Bool
    /// The reason why the manifest was not checked, and that is no failure; nil if it was.
    package var skipped: String?

    package init(
      name: String, line: Int = 1, failures: [Diagnostic], remarks: [Diagnostic] = [], isError: Bool = false
    ) {
      self.name = name
      self.line = line
      self.failures = failures
      self.remarks = remarks
      self.isError = isError
    }
  }

  /// The name of the report.
  package var name: String

  package init(name: String = "kvmconf validate") { self.name = name }

  package func render(_ suites: [Suite], into output: inout String) {
    output += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    let cases = suites.flatMap(\.cases)
    output += "<testsuites name=\"\(name.xml)\"\(counts(cases))>\n"
    for suite in suites {
      output += "  <testsuite name=\"\(suite.name.printable.xml)\"\(counts(suite.cases))>\n"
      for one in suite.cases { render(one, of: suite, into: &output) }
      output += "  </testsuite>\n"
    }
    output += "</testsuites>\n"
  }

  private func counts(_ cases: [Case]) -> String {
    let bad = cases.filter { !$0.failures.isEmpty }
    return " tests=\"\(cases.count)\" failures=\"\(bad.count { !$0.isError })\" errors=\"\(bad.count { $0.isError })\""
      + " skipped=\"\(cases.count { $0.skipped != nil })\""
  }

  private func render(_ one: Case, of suite: Suite, into output: inout String) {
    let attributes =
      "name=\"\(one.name.printable.xml)\" classname=\"\(suite.name.printable.xml)\" file=\"\(suite.name.printable.xml)\" line=\"\(one.line)\""
    if one.failures.isEmpty, one.remarks.isEmpty, one.skipped == nil {
      output += "    <testcase \(attributes)/>\n"
      return
    }
    output += "    <testcase \(attributes)>\n"
    if let skipped = one.skipped { output += "      <skipped message=\"\(skipped.xml)\"/>\n" }
    if let first = one.failures.first {
      let element = one.isError ? "error" : "failure"
      let more = one.failures.count - 1
      let message = first.message.printable + (more > 0 ? " (and \(more) more)" : "")
      output += "      <\(element) type=\"\(first.id.description.xml)\" message=\"\(message.xml)\">"
      output += "\(text(one.failures).xml)</\(element)>\n"
    }
    if !one.remarks.isEmpty { output += "      <system-out>\(text(one.remarks).xml)</system-out>\n" }
    output += "    </testcase>\n"
  }

  private func text(_ diagnostics: [Diagnostic]) -> String {
    var text = ""
    TextRenderer().render(diagnostics, into: &text)
    return text
  }
}
