import Diagnostics
import Glibc
import TestSupport
import Testing
import Workspace

@Suite struct ManifestPathTests {
  /// A file that was found in a folder is not opened if it has become a pipe: that would wait for a writer.
  @Test(.hangGuard) func filesThatBecomePipes() throws {
    let folder = temporaryFolder()
    defer { remove(folder) }
    write("kvmconf: 1\n", toFile: folder + "/vm.yaml")
    write("devices: []\n", toFile: folder + "/vm.facts.yaml")
    let paths = try ManifestPath.all(folder)
    #expect(paths.map(\.value) == [folder + "/vm.yaml"])
    let path = try #require(paths.first)
    // SAFETY: in both calls, the path lives throughout the call.
    #expect(unsafe unlink(path.value) == 0 && mkfifo(path.value, 0o600) == 0)
    let error = try #require(throws: DiagnosticsError.self) { try SourceFile(reading: path) }
    #expect(error.kind == .unreadable)
    #expect(error.diagnostics.map(\.message) == ["cannot read \(path.value): it is not a regular file"])
  }
}
