import DeviceSchema
import Diagnostics
import Expressions
import Probing
import TestSupport
import Testing
import Vocabulary
import Workspace

/// Probes of hosts whose kernel is the model.
@Suite(.slow) struct ProbeTests {
  fileprivate static let gicv3 = ModelledHost(
    architecture: .arm64,
    facts: "{devices: [vfio, arm-vgic-v3, arm-vgic-its], pri_bits: 5, id_bits: 1, seis: 0, a3v: 1}",
    capabilities: [66: 512, 126: 1, 165: 48, 205: 0],
    files: [
      "/proc/self/smaps": "7f00-8000 r-xp 0 0:0 0\nSize: 16 kB\nKernelPageSize:       64 kB\n",
      "/proc/cmdline": "console=ttyAMA0 kvm-arm.mode=protected quiet\n",
      "/sys/bus/event_source/devices/armv8_pmuv3_0/type": "10\n", "/sys/bus/event_source/devices/smmu/type": "11\n",
    ])

  private func probe(_ host: ModelledHost) throws -> HostProbe { try HostProbe(of: host, Settings()) }

  private func facts(_ host: ModelledHost) throws -> [String: String] {
    Dictionary(uniqueKeysWithValues: try probe(host).knownFacts.map { ($0.name, $0.value.plainText) })
  }

  private func attribute(_ name: String, _ probe: HostProbe) throws -> HostProbe.Attribute {
    try #require(probe.attributes.first { "\($0.target).\($0.path)" == name })
  }

  @Test func probeFindsDevicesAndTheirAttributes() throws {
    let probe = try probe(Self.gicv3)
    #expect(probe.deviceTypes == ["arm-vgic-its", "arm-vgic-v3", "vfio"])
    #expect(probe.devices.first { $0.type == "arm-vgic-v2" }?.why?.hasPrefix("ENODEV") == true)
    let absent = try attribute("arm-vgic-v2.addr.dist", probe)
    #expect(!absent.isSupported && absent.why == "there is no such device here" && absent.answer == nil)
    let dist = try attribute("arm-vgic-v3.addr.dist", probe)
    #expect(dist.isSupported && dist.evidence == .has && dist.note == nil && dist.attr == 2)
    // A vCPU has the attributes only with the feature.
    let pmu = try attribute("vcpu.pmu-v3.irq", probe)
    #expect(pmu.isSupported && pmu.note == "with the feature pmu-v3")
    #expect(probe.features.first { $0.name == "ptrauth-address" }?.note == "only together with ptrauth-generic")
  }

  @Test func probeFindsFacts() throws {
    let facts = try facts(Self.gicv3)
    let expected = [
      "max_vcpus": "512", "pmu_v3": "true", "ipa_limit": "48", "mte": "false", "page_size": "65536", "pkvm": "true",
      "pmus": "[10]", "default_pmu": "10", "pri_bits": "5", "id_bits": "1", "a3v": "1", "direct_sgis": "false",
      "pmu_counters": "6", "pmu_events": "65536",
    ]
    for (name, value) in expected { #expect(facts[name] == value, "\(name)") }
    #expect(facts["gicv4"] == nil && facts["sve"] == nil)
  }

  /// A fact that a probe does not find stays unknown; `validate` then uses the schema's assumption, and says so.
  @Test func factThatIsNotFoundIsUnknown() throws {
    var host = Self.gicv3
    host.files = ["/sys/bus/event_source/devices/armv8_a/type": "8", "/sys/bus/event_source/devices/armv8_b/type": "9"]
    let probe = try probe(host)
    let open = Dictionary(uniqueKeysWithValues: probe.facts.filter { $0.value == nil }.map { ($0.name, $0) })
    // It is unknown which of the two PMUs is the default.
    #expect(open["default_pmu"]?.manual != nil && open["page_size"]?.how == "/proc/self/smaps")
    #expect(probe.factsYAML.contains("# page_size: 4096  # /proc/self/smaps\n"))
    #expect(!probe.factsYAML.contains("\npage_size:"))
  }

  @Test func vcpusOfAGICv2HostAreProbedWithoutAGICv3() throws {
    let probe = try probe(ModelledHost(architecture: .arm64, facts: "devices: [arm-vgic-v2]"))
    // The VM of the examples has a GICv3, so the vCPU is probed without it.
    #expect(try attribute("vcpu.timer.vtimer", probe).isSupported)
    #expect(try attribute("vcpu.pmu-v3.init", probe).isSupported)
    let bits = try #require(probe.facts.first { $0.name == "pri_bits" })
    #expect(bits.value == nil && bits.how == "create arm-vgic-v3 answered ENODEV")
  }

  @Test func interruptFilesOfGuestsAreProbed() throws {
    let without = ModelledHost(architecture: .riscv64, facts: "{guest_files: 0, max_ids: 256}")
    #expect(try facts(without)["guest_files"] == "0" && facts(without)["max_ids"] == "256")
    let with = ModelledHost(architecture: .riscv64, facts: "{guest_files: 3, max_ids: 256}")
    #expect(try facts(with)["guest_files"] == "1")
    // These registers exist only after the initialisation.
    let register = try attribute("riscv-aia.aplic.sourcecfg", probe(with))
    #expect(register.isSupported && register.evidence == .has && register.note == "after the calls of its example")
  }

  @Test func factsOfPowerComeFromFiles() throws {
    let host = ModelledHost(
      architecture: .ppc64, facts: "{kvm_hv: true, kvm_pr: false}",
      files: [
        "/proc/cpuinfo": "processor : 0\ncpu\t\t: POWER9, altivec supported\n", "/proc/meminfo": "MemTotal:  4096 kB\n",
        "/proc/interrupts": " 16: 5 XIVE-IPI 0 Edge IPI-0\n",
        "/proc/device-tree/interrupt-controller@6030203180000/single-escalation-support": "",
      ])
    let facts = try facts(host)
    let expected = [
      "isa_300": "true", "memory": "4194304", "xive_enabled": "true", "single_escalation": "true", "kvm_hv": "true",
      "kvm_pr": "false",
    ]
    for (name, value) in expected { #expect(facts[name] == value, "\(name)") }
  }

  /// For some attributes KVM_HAS_DEVICE_ATTR is not reliable. Their schemas say so, and another call is made.
  @Test func attributeWithoutAReliableHasIsProbedByAnotherCall() throws {
    let queue = try attribute("xive.eq-config", probe(ModelledHost(architecture: .ppc64)))
    #expect(queue.isSupported && queue.evidence == .set)
    #expect(queue.note == "KVM_HAS_DEVICE_ATTR answers ok for any number")
    // With pages of 4 KiB or 64 KiB, the queue of one of the examples is refused, but the attribute exists.
    let small = try attribute(
      "xive.eq-config", probe(ModelledHost(architecture: .ppc64, facts: "{page_size: 4096, memory_page_size: 4096}")))
    #expect(small.isSupported && small.evidence == .set && small.note?.hasSuffix("refused here with EINVAL") == true)
  }

  @Test func newerAttributesAreNotProbedOnOlderKernels() throws {
    let probe = try probe(ModelledHost(architecture: .x86_64, release: "6.6.1"))
    let snp = try attribute("system.sev.snp-policy-bits", probe)
    #expect(!snp.isSupported && snp.why == "new in Linux 6.19")
    #expect(try attribute("vcpu.tsc.offset", probe).isSupported)
  }

  @Test(arguments: [(38, "false"), (46, "true"), (52, "false")])
  func limitsAreProbedByCalls(_ bits: Int, _ reserved: String) throws {
    let host = ModelledHost(
      architecture: .x86_64, facts: "{max_gpa_bits: \(bits), apic_access_page: \(reserved), mediated_pmu_busy: false}")
    let facts = try facts(host)
    #expect(facts["max_gpa_bits"] == "\(bits)")
    #expect(facts["apic_access_page"] == reserved)
    #expect(facts["mediated_pmu_busy"] == "false")
    #expect(facts["tsc_stable"] == "true" && facts["sev_attributes"] == "true")
  }

  @Test func missingKVMIsExplained() throws {
    let architecture = try #require(Architecture.host)
    do {
      _ = try HostProbe(of: ThisHost(architecture, path: "/does/not/exist"), Settings())
      Issue.record("a file that does not exist was probed")
    } catch {
      #expect(error.kind == .unavailable && error.diagnostics.map(\.id) == ["no-kvm"])
      #expect(error.diagnostics[0].message.hasPrefix("there is no /does/not/exist: "))
    }
  }

  /// A user's schema whose expression does not fit the text that is found.
  @Test func faultOfAProbeIsReported() throws {
    let text = """
      schema: 2
      number: 77
      doc: a thing
      sources: [x]
      if: host.speed == 1
      facts:
        speed: {type: u32, doc: its speed, probe: {file: /speed, return: value + 1}}
      """
    var settings = Settings()
    let source = SourceFile(path: "x86_64/thing.yaml", bytes: Array(text.utf8))
    settings.schemas.append(SchemaSource(path: source.path, file: source))
    let good = try HostProbe(of: ModelledHost(architecture: .x86_64, files: ["/speed": "3\n"]), settings)
    #expect(good.schemaFaults.isEmpty && good.facts.first { $0.name == "speed" }?.value == .integer(4))
    let bad = try HostProbe(of: ModelledHost(architecture: .x86_64, files: ["/speed": "fast\n"]), settings)
    #expect(bad.schemaFaults.map(place) == ["7:68 schema-evaluation"])
    #expect(bad.facts.first { $0.name == "speed" }?.value == nil)
  }

  /// Both forms of a probe's result can be read as facts, and are those of the host.
  @Test func resultOfAProbeCanBeReadAsFacts() throws {
    let probe = try probe(Self.gicv3)
    for text in [probe.factsYAML, probe.json.text(), probe.json.text(pretty: true)] {
      let facts = try HostFacts(SourceFile(path: "facts", bytes: Array(text.utf8)))
      #expect(facts.release?.description == "7.2.13")
      #expect(try validation("examples/arm64/gicv3-or-v2.yaml", facts: facts).errorCount == 0)
      let refused = try validation("examples/arm64/gicv2.yaml", facts: facts)
      #expect(refused.diagnostics.contains { $0.message.contains("this host's KVM has no device type 'arm-vgic-v2'") })
      #expect(throws: DiagnosticsError.self) { _ = try validation("examples/riscv64/aia.yaml", facts: facts) }
    }
  }
}

/// Every output of a probe, compared with the files of `Tests/Fixtures/probes`.
@Suite(.slow) struct ProbeGoldenTests {
  private static let hosts = [
    "gicv3": ProbeTests.gicv3,
    "gicv2": ModelledHost(architecture: .arm64, facts: "devices: [arm-vgic-v2]", capabilities: [66: 8]),
    "x86_64": ModelledHost(architecture: .x86_64, facts: "{max_gpa_bits: 46}", capabilities: [66: 288]),
    "riscv64": ModelledHost(architecture: .riscv64, facts: "{guest_files: 3, max_ids: 256}"),
    "ppc64": ModelledHost(
      architecture: .ppc64, facts: "{kvm_hv: true, kvm_pr: false}",
      files: ["/proc/cpuinfo": "processor : 0\ncpu\t\t: POWER9, altivec supported\n"]),
    "loongarch64": ModelledHost(
      architecture: .loongarch64,
      facts: """
        {devices: [loongarch-ipi, loongarch-eiointc, loongarch-pchpic], gpa_bits: 39, lsx: true, lasx: true, x86bt: false,
        armbt: false, mipsbt: false, pmu: false, ptw: true, msgint: false, cpucfg2: 0x163c0ff, cpucfg3: 0xfc, cpucfg6: 0}
        """, capabilities: [66: 256]),
    "s390x": ModelledHost(
      architecture: .s390x,
      facts: """
        {mem_limit: 0x8000_0000_0000, cmma: true, ap: false, hpage: true, hpage_2g: false, gisa: false, cpuid: 0x3906_0000,
        ibc: 0xfff, facilities: [0, 3, 7, 64, 76, 129, 139], facility_mask: [3, 7, 76, 139], facility_list: [3, 7, 76, 139],
        cpu_features: [0, 1], uv_features: 0}
        """, capabilities: [66: 248, 73: 0, 156: 1, 249: 0]),
    "ppc": ModelledHost(architecture: .ppc, facts: "{}", capabilities: [66: 4]),
  ]

  @Test(arguments: hosts.keys.sorted())
  func probeMatchesItsGoldens(_ name: String) throws {
    let probe = try HostProbe(of: try #require(Self.hosts[name]), Settings())
    let path = fixtures + "/probes/" + name
    expectGolden(probe.text, path + ".txt")
    expectGolden(probe.json.text(pretty: true) + "\n", path + ".json")
    expectGolden(probe.prometheus, path + ".prom")
    expectGolden(probe.nodeFeatures, path + ".nfd")
    expectGolden(probe.factsYAML, path + ".yaml")
  }
}

/// The outputs of a probe for other programs.
@Suite(.slow) struct ProbeFormatTests {
  private func probe(_ change: (inout HostProbe) -> Void = { _ in }) throws -> HostProbe {
    var probe = try HostProbe(of: ModelledHost(architecture: .x86_64, capabilities: [66: 288]), Settings())
    change(&probe)
    return probe
  }

  @Test func prometheusMetricsAreWellFormed() throws {
    let text = try probe { $0.release = "7.2-\"a\\b\nc" }.prometheus
    #expect(text.contains(#"kvmconf_host_info{arch="x86_64",release="7.2-\"a\\b\nc"} 1"#))
    #expect(
      text.contains("\n# TYPE kvmconf_device_supported gauge\nkvmconf_device_supported{type=\"vfio\",number=\"4\"} 1\n")
    )
    #expect(text.contains("\nkvmconf_fact{fact=\"max_vcpus\"} 288\n"))
    var families: [Substring] = []
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let name = line.prefix { $0 != "{" && $0 != " " }
      if families.last != name { families.append(name) }
      #expect(text.contains("# HELP \(name) ") && text.contains("# TYPE \(name) gauge\n"))
      #expect(Int128(line[line.index(after: line.lastIndex(of: " ")!)...]) != nil, "\(line)")
    }
    #expect(Set(families).count == families.count, "a metric family is not contiguous")
  }

  @Test func nodeFeaturesAreWellFormed() throws {
    let long = String(repeating: "x", count: 80)
    let text = try probe { probe in
      probe.release = "6.1~rc1+"
      probe.devices[0].type = long
    }.nodeFeatures
    #expect(text.contains("kvmconf-kernel=6.1_rc1\n") && text.contains("kvmconf-fact.max_vcpus=288\n"))
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", omittingEmptySubsequences: false)
      #expect(parts.count == 2 && parts.allSatisfy { $0.count <= 63 && !$0.isEmpty }, "\(line)")
      #expect(line.wholeMatch(of: /kvmconf-[-A-Za-z0-9_.]*[A-Za-z0-9]=[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?/) != nil)
    }
  }

  @Test func comparisonShowsTheDifferences() throws {
    func file(_ name: String, _ change: (inout HostProbe) -> Void) throws -> SourceFile {
      SourceFile(path: name, bytes: Array(try probe(change).json.text(pretty: true).utf8))
    }
    let old = try file("old.json") { probe in
      probe.devices[0].isSupported = false
      probe.attributes[0].value = [1]
    }
    let new = try file("new.json") { probe in
      probe.capabilities[0].value = 7
      probe.attributes.removeAll { $0.path == "tsc.offset" }
    }
    let lines = try ProbeComparison(old, new).text.split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(
      lines == [
        "gained device vfio no -> yes", "lost attribute vcpu.tsc.offset yes -> nothing",
        "changed attribute vfio.file.add yes, reads 1 -> yes", "changed capability KVM_CAP_MAX_VCPUS 288 -> 7",
      ])
    #expect(try ProbeComparison(old, old).differences.isEmpty)
    let arm = try HostProbe(of: ModelledHost(architecture: .arm64), Settings()).json.text()
    #expect(throws: DiagnosticsError.self) {
      _ = try ProbeComparison(old, SourceFile(path: "arm.json", bytes: Array(arm.utf8)))
    }
    for text in ["", "{}", "[1]", "a: [", #"{"kind":"kvmconf-probe"}"#] {
      #expect(throws: DiagnosticsError.self) {
        _ = try ProbeComparison(old, SourceFile(path: "bad.json", bytes: Array(text.utf8)))
      }
    }
  }
}
