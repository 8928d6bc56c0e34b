import TestSupport
import Testing

@Suite struct ConformCommandTests {
  private static let example = "examples/x86_64/device-corner-cases.yaml"

  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm of x86_64"))
  func kernelOfThisMachineAgrees() async {
    let ended = await kvmconf("conform", Self.example)
    #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    #expect(ended.output.contains(", x86_64: 21 agree, 0 differ, 0 quirks, 0 undecided, 0 open, 0 skipped\n"))
    #expect(ended.errors == "1 manifest: 21 steps agree, 0 differ, 0 quirks, 0 undecided, 0 open, 0 skipped\n")
  }

  /// Without facts, the host is probed first. The offset of the TSC depends on a fact.
  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm of x86_64"))
  func hostIsProbedFirst() async {
    let ended = await kvmconf("conform", "examples/x86_64/tsc.yaml", "examples/x86_64/system-attributes.yaml")
    #expect(ended.status == 0 && ended.errors.contains(" 0 differ,"), "\(ended.output)\(ended.errors)")
  }

  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm of x86_64"))
  func recordedReportIsCompared() async {
    await withFolder { folder in
      let applied = await kvmconf("apply", "--keep-going", "--format", "json", Self.example)
      write(applied.output, toFile: folder + "/report.json")
      let good = await kvmconf("conform", "--kernel-report", folder + "/report.json", Self.example)
      #expect(good.status == 0)
      write(
        applied.output.split(separator: "EPERM").joined(separator: "EINVAL"), toFile: folder + "/report.json")
      let bad = await kvmconf("conform", "--kernel-report", folder + "/report.json", "--format", "json", Self.example)
      #expect(bad.status == 1 && bad.output.contains(#""kernel":"EINVAL","predicted":"EPERM""#))
    }
  }

  @Test func folderWithoutManifestsIsReported() async {
    await withFolder { folder in
      let ended = await kvmconf("conform", folder)
      #expect(ended.status == 66 && ended.output == "")
      #expect(ended.errors.contains("cannot read \(folder): the folder has no manifests"))
    }
  }

  @Test func unreadableInputIsReported() async {
    #expect(await kvmconf("conform", "/no/such/file").status == 66)
    #expect(await kvmconf("conform", "--kernel-report", "/no/such/file", Self.example).status == 66)
    let other = await kvmconf("conform", "examples/arm64/gicv3.yaml", "--kernel-report", "-", input: "")
    #expect(other.status == 65 && other.errors == "error: 1 manifest, but 0 reports\n")
  }
}
