import TestSupport
import Testing

/// The public library is sufficient for a package outside this one.
///
/// This test builds a separate package with all its dependencies, which takes minutes.
@Suite struct OutsidePackageTests {
  private static let hasCompiler = runBlocking("swift", ["--version"]).status == 0

  @Test(.enabled(if: hasCompiler, "'swift' is not in the PATH"), .hangGuard)
  func outsidePackageBuildsAndRuns() async throws {
    try await withFolder { folder in
      let package = folder + "/outside"
      #expect(await run("cp", ["-R", fixtures + "/OutsidePackage", package]).status == 0)
      let description = try #require(text(ofFile: package + "/Package.swift"))
      write(description.replacing("REPOSITORY", with: repository), toFile: package + "/Package.swift")
      // A separate scratch folder, so that the build does not wait for the lock of a build that runs this test.
      let ended = await run(
        "swift", ["run", "--scratch-path", folder + "/build", "--disable-index-store", "outside"], in: package)
      #expect(ended.status == 0, "\(ended.output.suffix(2000))\n\(ended.errors.suffix(2000))")
      #expect(
        ended.output.split(separator: "\n").map(String.init) == [
          "valid: true 0",
          "sarif: true",
          "outside.yaml:10:16: error: the kernel would answer EINVAL: the number of interrupts must be a multiple of 32 from 64 to 992 [arm-vgic-v3.nr-irqs:EINVAL]",
          "plan: outside arm64 8 create vm",
          "run: outside true ok ok ok ok ok ok ok ok",
          "invalid: true missing-key",
          "error: cannot read /does/not/exist: No such file or directory [cannot-read]",
        ])
    }
  }
}
