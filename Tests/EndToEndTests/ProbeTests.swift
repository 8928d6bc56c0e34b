import TestSupport
import Testing

/// `kvmconf probe`, as called by people and by programs.
@Suite struct ProbeCommandTests {
  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  func probeDescribesThisHost() async throws {
    let text = await kvmconf("probe")
    #expect(text.status == 0 && text.errors == "")
    #expect(text.output.contains("DEVICE TYPE") && text.output.contains("\nFACT "))
    let json = await kvmconf("probe", "--format", "json")
    let probe = try #require(JSONValue(json.output))
    #expect(probe["kind"]?.string == "kvmconf-probe" && probe["arch"]?.string == hostArchitecture)
    let devices = try #require(probe["devices"]?.array)
    let supported = devices.filter { $0["supported"]?.bool == true }.compactMap { $0["type"]?.string }
    #expect(probe["facts"]?["devices"]?.array?.compactMap(\.string) == supported)
    #expect(probe["facts"]?["max_vcpus"]?.number ?? 0 > 0)
  }

  #if arch(x86_64)
    /// With the probed facts, the model answers as this kernel does.
    @Test(
      .enabled(if: kvmIsUsable, "no usable /dev/kvm"),
      arguments: ["device-corner-cases", "system-attributes", "tsc", "vfio"])
    func modelWithProbedFactsAgreesWithTheKernel(_ example: String) async {
      await withFolder { folder in
        let ended = await kvmconf("probe", "--facts", folder + "/a.yaml", "--format", "json", "-o", folder + "/b.json")
        #expect(ended.status == 0 && ended.output == "", "\(ended.errors)")
        for facts in ["a.yaml", "b.json"] {
          let path = "examples/x86_64/\(example).yaml"
          let compared = await kvmconf("conform", "--host-facts", "\(folder)/\(facts)", path)
          #expect(compared.status == 0, "\(compared.output)\(compared.errors)")
          #expect(await kvmconf("validate", "--host-facts", "\(folder)/\(facts)", path).status == 0)
        }
      }
    }
  #endif

  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  func probeHasOtherFormats() async {
    let metrics = await kvmconf("probe", "--format", "prometheus")
    #expect(metrics.status == 0 && metrics.output.hasPrefix("# HELP kvmconf_host_info "))
    let labels = await kvmconf("probe", "--format", "nfd")
    #expect(labels.status == 0)
    #expect(labels.output.split(separator: "\n").allSatisfy { $0.hasPrefix("kvmconf-") && $0.contains("=") })
    let facts = await kvmconf("probe", "--facts", "-")
    #expect(facts.status == 0 && facts.output.contains("\narch: \(hostArchitecture ?? "")\nkernel: '"))
  }

  @Test(.enabled(if: kvmIsUsable, "no usable /dev/kvm"))
  func filesAreWrittenWholeOrNotAtAll() async {
    await withFolder { folder in
      write("old\n", toFile: folder + "/kvm.prom")
      #expect(await kvmconf("probe", "--format", "prometheus", "-o", folder + "/kvm.prom").status == 0)
      #expect(text(ofFile: folder + "/kvm.prom")?.hasSuffix("\n") == true)
      #expect(text(ofFile: folder + "/kvm.prom")?.hasPrefix("# HELP") == true)
      let refused = await kvmconf("probe", "-o", folder + "/none/kvm.prom")
      #expect(refused.status == 73 && refused.errors.contains("[cannot-write]"))
      #expect(await kvmconf("probe", "--facts", folder).status == 73)
    }
  }

  @Test(.enabled(if: !kvmIsUsable, "this machine has a usable /dev/kvm"))
  func missingKVMIsReported() async {
    let ended = await kvmconf("probe")
    #expect(ended.status == 69 && ended.output == "" && ended.errors.contains("/dev/kvm"))
  }

  private static func probe(_ supported: Bool, _ vcpus: Int) -> String {
    """
    {"version": 1, "kind": "kvmconf-probe", "arch": "arm64", "kernel": "7.2.13",
     "devices": [{"type": "arm-vgic-v2", "supported": \(supported)}], "attributes": [], "features": [],
     "capabilities": [{"capability": "KVM_CAP_MAX_VCPUS", "value": \(vcpus)}],
     "facts": {"arch": "arm64", "kernel": "7.2.13", "devices": [], "max_vcpus": \(vcpus)}, "unknown": []}
    """
  }

  @Test func comparisonShowsTheDifferences() async {
    await withFolder { folder in
      let (a, b) = (folder + "/a.json", folder + "/b.json")
      write(Self.probe(true, 512), toFile: a)
      write(Self.probe(false, 8), toFile: b)
      let ended = await kvmconf("probe", "--compare", a, b)
      #expect(
        ended.output == """
          lost     device arm-vgic-v2            yes -> no
          changed  capability KVM_CAP_MAX_VCPUS  512 -> 8
          changed  fact max_vcpus                512 -> 8

          """)
      #expect(ended.status == 1 && ended.errors == "")
      let json = await kvmconf("probe", "--format", "json", "--compare", a, b)
      #expect(JSONValue(json.output)?["differences"]?[0]?["kind"]?.string == "lost" && json.status == 1)
      let same = await kvmconf("probe", "--compare", a, a)
      #expect(same.status == 0 && same.output == "")
      // The probe of another host is enough to validate manifests for it.
      let judged = await kvmconf("validate", "--host-facts", b, "examples/arm64/gicv2.yaml")
      #expect(judged.status == 1 && judged.output.contains("this host's KVM has no device type 'arm-vgic-v2'"))
    }
  }

  @Test func wrongArgumentsAreReported() async {
    for arguments in [["file"], ["--compare"], ["--compare", "a"], ["--compare", "--format", "nfd", "a", "b"]] {
      #expect(await run(program, ["probe"] + arguments).status == 64, "\(arguments)")
    }
    #expect(await kvmconf("probe", "--compare", "--facts", "x", "a", "b").status == 64)
    #expect(await kvmconf("probe", "--compare", "/no/such/file", "/dev/null").status == 66)
    #expect(await kvmconf("probe", "--compare", "examples", "examples").status == 66)
    let bad = await kvmconf("probe", "--compare", "/dev/null", "README.md")
    #expect(bad.status == 65 && bad.errors.contains("/dev/null was not written by `kvmconf probe --format json`"))
  }
}
