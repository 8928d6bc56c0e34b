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

  /// A folder of schemas can describe another release; `kvm.yaml` without one leaves the built-in one.
  @Test func describedReleases() {
    func sources(_ text: String) -> [SchemaSource] {
      let file = SourceFile(path: "kvm.yaml", bytes: Array("schema: 2\n\(text)".utf8))
      return [SchemaSource(path: "common/kvm.yaml", file: file)]
    }
    let newest = Release(major: 9, minor: 1)
    #expect(sources("describes: v9.1\n").newestRelease == newest)
    #expect(sources("describes: v5.10..v9.1\n").newestRelease == newest)
    #expect(sources("describes: v5.10..v9.1\n").assumedRelease == newest)
    #expect(sources("describes: v5.10..v9.1\nassumes: v9.0\n").assumedRelease == Release(major: 9, minor: 0))
    #expect(sources("").newestRelease == SchemaSource.builtIn.newestRelease)
    #expect(SchemaSource.builtIn.oldestRelease == Release(major: 5, minor: 10))
    #expect(SchemaSource.builtIn.assumedRelease <= SchemaSource.builtIn.newestRelease)
    let v99 = Release(major: 9, minor: 9)
    #expect(sources("describes: v10.1\nlast-of-major: [v9.9]\n").lastRelease(ofMajorOf: newest) == v99)
    expectFaults(
      in: "schema: 2\narch: [arm64]\ndoc: all\nsources: [x]\nlast-of-major: [v9.9, 1️⃣v9.9.12️⃣]\n",
      .init(
        "1️⃣", to: "2️⃣", "schema-type", "'last-of-major' is a list of releases of the main line, such as v6.19"),
      path: "common/kvm.yaml")
    expectFaults(
      in: "schema: 2\narch: [arm64]\ndoc: all\nsources: [x]\ndescribes: 1️⃣72️⃣\n",
      .init("1️⃣", to: "2️⃣", "schema-type", "'7' is not a release; write v6.13, as the kernel's tags are written"),
      path: "common/kvm.yaml")
    #expect(SchemaSource.builtIn.assumedRelease == SchemaSource.assumedRelease)
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
