import DeviceSchema
import Diagnostics
import Expressions
import Glibc
import Reporting
import TestSupport
import Testing
import Vocabulary

/// The schemas that are compiled into the program.
@Suite struct BuiltInTests {
  @Test(arguments: Architecture.allCases) func builtInSchemasHaveNoFaults(_ architecture: Architecture) {
    let found = Catalogue(architecture: architecture, release: Release("7.2")!, sources: SchemaSource.builtIn).check()
    var text = ""
    TextRenderer(limit: 1000).render(found, into: &text)
    #expect(text == "")
  }

  @Test func builtInListMatchesTheFolder() throws {
    let folder = repository + "/schemas"
    let found = files(below: folder).filter { $0.hasSuffix(".yaml") }.map { String($0.dropFirst(folder.count + 1)) }
    #expect(!found.isEmpty)
    #expect(SchemaSource.builtIn.map(\.path) == found.sorted())
    for source in SchemaSource.builtIn {
      #expect(source.file.bytes == text(ofFile: "\(folder)/\(source.path)").map { Array($0.utf8) }, "\(source.path)")
    }
  }
}
