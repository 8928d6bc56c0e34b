import DevicePlan
import Diagnostics
import Glibc
import KVMConf
import TestSupport
import Testing
import Workspace

/// Byte strings in files next to the manifest.
@Suite struct NamedFileTests {
  /// Writes a manifest that names a file, in a folder with some files.
  private func withManifest(naming path: String, _ body: (_ folder: String, _ manifest: String) throws -> Void) rethrows
  {
    let folder = temporaryFolder()
    defer { remove(folder) }
    let inner = folder + "/vm"
    // SAFETY: in this and the calls below, the paths live throughout the call.
    unsafe mkdir(inner, 0o700)
    unsafe mkdir(inner + "/fw", 0o700)
    unsafe mkdir(folder + "/vm-other", 0o700)
    write("\u{1}\u{2}\u{3}", toFile: inner + "/fw/image.bin")
    write("secret", toFile: folder + "/secret")
    write("secret", toFile: folder + "/vm-other/secret")
    unsafe symlink("fw/image.bin", inner + "/inside")
    unsafe symlink("../secret", inner + "/outside")
    unsafe symlink("..", inner + "/up")
    unsafe symlink("../vm-other", inner + "/other")
    unsafe symlink("nowhere", inner + "/dangling")
    unsafe mkfifo(inner + "/fifo", 0o600)
    write(Self.text(naming: path), toFile: inner + "/vm.yaml")
    try body(folder, inner + "/vm.yaml")
  }

  private static func text(naming path: String) -> String {
    "kvmconf: 1\narch: x86_64\nsteps: [{create-vm: {}}, {create: vfio}, "
      + "{set: vfio, group: 1, attr: 9, payload: {file: \"\(path)\"}, expect: ENXIO}]\n"
  }

  /// The payload of the plan's last step.
  private func payload(_ manifest: String) throws -> [UInt8]? {
    let plan = try ManifestWorkspace(Settings()).load(SourceFile(reading: manifest)).manifests.first?.plan
    guard case .bytes(let bytes, _)? = plan?.steps.last?.operation.attributeCall?.data else { return nil }
    return bytes
  }

  @Test(arguments: ["fw/image.bin", "./fw/../fw//image.bin", "inside", "fw/../inside"])
  func fileInTheFolderIsRead(_ path: String) throws {
    try withManifest(naming: path) { _, manifest in
      let bytes = try payload(manifest)
      #expect(bytes == [1, 2, 3])
    }
  }

  @Test(arguments: [
    ("../secret", "'../secret' is outside the manifest's folder [file-outside]"),
    ("outside", "'outside' leads out of the manifest's folder [file-outside]"),
    ("up/secret", "'up/secret' leads out of the manifest's folder [file-outside]"),
    ("other/secret", "'other/secret' leads out of the manifest's folder [file-outside]"),
    ("none", "cannot read 'none': No such file or directory [bad-file]"),
    ("dangling", "cannot read 'dangling': No such file or directory [bad-file]"),
    ("fw/image.bin/x", "cannot read 'fw/image.bin/x': Not a directory [bad-file]"),
    ("fw", "cannot read 'fw': it is a folder [bad-file]"), (".", "cannot read '.': it is a folder [bad-file]"),
    ("fifo", "cannot read 'fifo': it is not a regular file [bad-file]"),
    ("fw/image.bin\\0", "this is not a valid file name [bad-file]"),
  ])
  func fileOutsideTheFolderIsRefused(_ path: String, _ words: String) throws {
    try withManifest(naming: path) { _, manifest in
      let found = try ManifestSource(path: manifest).validate().problems
      #expect(found.map(\.description) == ["\(manifest):3:89: error: \(words)"])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read every file"))
  func fileWithoutPermissionIsReported() throws {
    try withManifest(naming: "fw/image.bin") { folder, manifest in
      unsafe chmod(folder + "/vm/fw/image.bin", 0)
      let found = try ManifestSource(path: manifest).validate().problems
      #expect(found.map(\.message) == ["cannot read 'fw/image.bin': Permission denied"])
    }
  }

  @Test func sizeOfAFileIsLimited() throws {
    try withManifest(naming: "fw/image.bin") { folder, manifest in
      unsafe truncate(folder + "/vm/fw/image.bin", 1 << 20)
      let bytes = try payload(manifest)
      #expect(bytes?.count == 1 << 20)
      unsafe truncate(folder + "/vm/fw/image.bin", 1 << 40)
      let found = try ManifestSource(path: manifest).validate().problems
      #expect(
        found.map(\.message) == ["'fw/image.bin' has 1099511627776 bytes; the limit is 1048576"])
    }
  }

  /// A text has no folder, whatever its name is.
  @Test func textWithoutAFolderCannotNameFiles() throws {
    try withManifest(naming: "fw/image.bin") { _, manifest in
      let source = ManifestSource(text: Self.text(naming: "fw/image.bin"), name: manifest)
      let found = try source.validate().problems
      #expect(
        found.map(\.message) == [
          "cannot read 'fw/image.bin': the manifest is a text without a folder; load it from a file"
        ])
    }
  }
}
