import Testing

/// Expects a text to be the contents of the golden file at a path.
///
/// With `KVMCONF_RECORD=1` in the environment, the text is written to the file and the test fails: read the difference
/// before you commit it.
package func expectGolden(
  _ actual: String, _ path: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  let name = path.hasPrefix(repository + "/") ? String(path.dropFirst(repository.count + 1)) : path
  if environment("KVMCONF_RECORD") == "1" {
    write(actual, toFile: path)
    Issue.record("recorded \(name); read `git diff`, then run without KVMCONF_RECORD", sourceLocation: sourceLocation)
  } else if let expected = text(ofFile: path) {
    expectSameText(actual, expected, name, sourceLocation: sourceLocation)
  } else {
    Issue.record("there is no \(name); record it with KVMCONF_RECORD=1", sourceLocation: sourceLocation)
  }
}
