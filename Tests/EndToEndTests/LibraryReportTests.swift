import KVMConf
import TestSupport
import Testing

/// The library and `kvmconf validate` write the same reports.
@Suite struct LibraryReportTests {
  private static let formats: [ManifestValidation.Format] = [.text, .json, .sarif, .junit, .github, .gcc]

  private func expectSameReports(_ path: String) async throws {
    let validation = try ManifestSource(path: path).validate()
    for format in Self.formats {
      let ended = await kvmconf("validate", "--format", format.rawValue, path)
      #expect(ended.output == validation.report(as: format), "\(path), \(format)")
      #expect(ended.status == (validation.isValid ? 0 : 1), "\(path)")
    }
  }

  @Test(arguments: ["examples/arm64/gicv3.yaml", "Tests/Fixtures/bad/unknown-key/manifest.yaml"])
  func manifests(_ name: String) async throws { try await expectSameReports(repository + "/" + name) }

  @Test func configuredManifests() async throws {
    try await withFolder { folder in
      write("kernel: '6.12'\nfail-on: warning\nseverity: {unknown-key: warning}\n", toFile: folder + "/.kvmconf.yaml")
      write("kvmconf: 1\narch: x86_64\nvcpus: {cuont: 1}\n---\nkvmconf: 1\narch: x86_64\n", toFile: folder + "/vm.yaml")
      try await expectSameReports(folder + "/vm.yaml")
      #expect(try ManifestSource(path: folder + "/vm.yaml").validate().report(as: .gcc).contains(" warning: "))
    }
  }
}
