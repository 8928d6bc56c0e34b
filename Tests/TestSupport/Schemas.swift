import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

extension SourceFile {
  package convenience init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }
}

/// Schemas by their paths, `ARCH/TYPE.yaml`, in the order of the paths.
package func schemaSources(_ texts: [String: String]) -> [SchemaSource] {
  texts.sorted { $0.key < $1.key }.map { SchemaSource(path: $0.key, file: SourceFile(path: $0.key, text: $0.value)) }
}

/// The catalogue of a test's schemas.
package func catalogue(
  _ sources: [SchemaSource], architecture: Architecture = .arm64, release: String = "7.2"
) -> Catalogue {
  Catalogue(architecture: architecture, release: Release(release)!, sources: sources)
}

extension String {
  /// The text with `count` blanks before each line.
  package func indented(by count: Int) -> String {
    let margin = String(repeating: " ", count: count)
    return split(separator: "\n", omittingEmptySubsequences: false).map { margin + $0 }.joined(separator: "\n")
  }
}
