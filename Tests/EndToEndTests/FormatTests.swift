import Glibc
import TestSupport
import Testing

@Suite struct FormatTests {
  private static let messy = "kvmconf:   1\nb:\n- c  # d\n"
  private static let tidy = "kvmconf: 1\nb:\n  - c  # d\n"

  private func mode(_ path: String) -> mode_t {
    var info = stat()
    // SAFETY: the path and `info` live throughout the call.
    _ = unsafe lstat(path, &info)
    return info.st_mode
  }

  @Test func filesAreFormattedInPlace() async {
    await withFolder { folder in
      let path = folder + "/vm.yaml"
      write(Self.messy, toFile: path)
      // SAFETY: in this and the calls below, the paths live throughout the call.
      unsafe chmod(path, 0o640)
      let ended = await kvmconf("fmt", path)
      #expect(ended.output == "" && ended.errors == "" && ended.status == 0)
      #expect(text(ofFile: path) == Self.tidy)
      #expect(mode(path) & 0o7777 == 0o640)
      #expect(names(inFolder: folder) == ["vm.yaml"])
      // A formatted file is not written.
      var before = stat()
      var after = stat()
      _ = unsafe stat(path, &before)
      #expect(await kvmconf("fmt", path).status == 0)
      _ = unsafe stat(path, &after)
      #expect(before.st_ino == after.st_ino)
    }
  }

  @Test func targetOfALinkIsFormatted() async {
    await withFolder { folder in
      write(Self.messy, toFile: folder + "/real.yaml")
      // SAFETY: the path lives throughout the call.
      unsafe symlink("real.yaml", folder + "/link.yaml")
      #expect(await kvmconf("fmt", folder + "/link.yaml").status == 0)
      #expect(text(ofFile: folder + "/real.yaml") == Self.tidy)
      #expect(mode(folder + "/link.yaml") & S_IFMT == S_IFLNK)
    }
  }

  @Test func checkAndDiffChangeNothing() async {
    await withFolder { folder in
      write(Self.messy, toFile: folder + "/a.yaml")
      write(Self.tidy, toFile: folder + "/b.yml")
      write("a: [\n", toFile: folder + "/c.txt")
      let check = await kvmconf("fmt", "--check", folder)
      #expect(check.output == folder + "/a.yaml\n")
      #expect(check.status == 1)
      let diff = await kvmconf("fmt", "--diff", folder + "/a.yaml", folder + "/b.yml")
      #expect(
        diff.output == """
          --- \(folder)/a.yaml
          +++ \(folder)/a.yaml (formatted)
          @@ -1,3 +1,3 @@
          -kvmconf:   1
          +kvmconf: 1
           b:
          -- c  # d
          +  - c  # d

          """)
      #expect(diff.status == 1)
      #expect(text(ofFile: folder + "/a.yaml") == Self.messy)
      #expect(await kvmconf("fmt", "--check", folder + "/b.yml").status == 0)
      // patch(1) accepts the output.
      write(diff.output, toFile: folder + "/a.diff")
      if await run("sh", ["-c", "command -v patch"]).status == 0 {
        #expect(await run("patch", [folder + "/a.yaml", folder + "/a.diff"]).status == 0)
        #expect(text(ofFile: folder + "/a.yaml") == Self.tidy)
      }
    }
  }

  @Test func standardInputIsFormatted() async {
    let ended = await kvmconf("fmt", "-", input: Self.messy)
    #expect(ended.output == Self.tidy)
    #expect(ended.status == 0)
    #expect(await kvmconf("fmt", "--check", "-", input: Self.messy).output == "<stdin>\n")
    #expect(await kvmconf("fmt", "--diff", "-", input: "a:  1").output.contains("\\ No newline at end of file\n"))
  }

  /// Files that are not YAML are not changed, and the others are still formatted.
  @Test func wrongInputIsReported() async {
    await withFolder { folder in
      write("a: [\n", toFile: folder + "/bad.yaml")
      write(Self.messy, toFile: folder + "/good.yaml")
      let ended = await kvmconf("fmt", folder + "/bad.yaml", folder + "/none.yaml", folder + "/good.yaml")
      #expect(ended.errors.contains("/bad.yaml:1:4: error: this list is never closed"))
      #expect(ended.errors.contains("cannot read \(folder)/none.yaml: No such file or directory"))
      #expect(ended.status == 66)
      #expect(text(ofFile: folder + "/bad.yaml") == "a: [\n")
      #expect(text(ofFile: folder + "/good.yaml") == Self.tidy)
      #expect(await kvmconf("fmt", folder + "/bad.yaml").status == 1)
      #expect(await kvmconf("fmt").status == 64)
      #expect(await kvmconf("fmt", "-", input: "").output == "")
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write every file"))
  func readOnlyFileIsReported() async {
    await withFolder { folder in
      write(Self.messy, toFile: folder + "/a.yaml")
      // SAFETY: the path lives throughout the call.
      unsafe chmod(folder + "/a.yaml", 0o444)
      let ended = await kvmconf("fmt", folder + "/a.yaml")
      #expect(ended.errors.contains("Permission denied [cannot-write]"))
      #expect(ended.status == 73)
    }
  }

  @Test(.hangGuard)
  func largeInputIsFormatted() async {
    let line = "  - {name:  x, attributes: { a: 1 }}   # a comment\n"
    let ended = await kvmconf("fmt", "-", input: "devices:\n" + String(repeating: line, count: 100_000))
    #expect(ended.status == 0)
    #expect(ended.output.hasPrefix("devices:\n  - {name: x, attributes: {a: 1}}  "))
    let comments = await kvmconf("fmt", "--check", "-", input: String(repeating: "# c\n", count: 300_000))
    #expect(comments.status == 0)
  }
}
