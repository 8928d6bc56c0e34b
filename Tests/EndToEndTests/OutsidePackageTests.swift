import TestSupport
import Testing

/// The public library is enough for someone outside of this package.
///
/// This test builds a package of its own, with everything that it depends on: it takes minutes.
@Suite struct OutsidePackageTests {
  private static let hasCompiler = runBlocking("swift", ["--version"]).status == 0

  @Test(.enabled(if: hasCompiler, "there is no 'swift' in the PATH"), .hangGuard)
  func builds() async throws {
    try await withFolder { folder in
      let package = folder + "/outside"
      #expect(await run("cp", ["-R", fixtures + "/OutsidePackage", package]).status == 0)
      let description = try #require(text(ofFile: package + "/Package.swift"))
      write(description.replacing("REPOSITORY", with: repository), toFile: package + "/Package.swift")
      // A scratch folder of its own, so that no lock of a build around this test is waited for.
      let ended = await run(
        "swift", ["run", "--scratch-path", folder + "/build", "--disable-index-store", "outside"], in: package)
      #expect(ended.status == 0, "\(ended.output.suffix(2000))\n\(ended.errors.suffix(2000))")
      #expect(
        ended.output.split(separator: "\n").map(String.init) == [
          "valid: true 0",
          "sarif: true",
          "outside.yaml:10:16: error: the kernel would answer EINVAL: the number of interrupts is a multiple of 32 from 64 to 992 [arm-vgic-v3.nr-irqs:EINVAL]",
          "plan: outside arm64 8 create vm",
          "run: outside true ok ok ok ok ok ok ok ok",
          "invalid: true missing-key",
          "error: cannot read /does/not/exist: No such file or directory [cannot-read]",
        ])
    }
  }
}
