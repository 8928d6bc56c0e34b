import DeviceSchema
import Reference
import TestSupport
import Testing
import Vocabulary

/// The pages that explain names: of calls, errnos, attributes and registers, and parts of them.
@Suite struct NamePageTests {
  static let names: [(name: String, words: String)] = [
    ("EINVAL", "EINVAL is errno 22: Invalid argument"), ("KVM_RUN", "vcpu.run"), ("gicv3", "arm-vgic-v3  "),
    ("KVM_SET_ONE_REG", "sets a register of the vCPU"), ("KVM_TDX_INIT_VM", "vm.tdx  "),
    ("KVM_ENABLE_CAP", "KVM_CAP_SPLIT_IRQCHIP"), ("irq-line", "31:28  vcpu2"), ("GICD_CTLR", "offset: GICD_CTLR (0x0)"),
    ("MPIDR_EL1", "vcpu.set-one-reg  arm64  id: MPIDR_EL1"), ("PC", "riscv64  id: pc"),
    ("arm64/vcpu.set-one-reg", " in all: explain"), ("arm64/vcpu.set-one-reg.id", "\n  SVE_VLS "),
    ("arm-vgic-v3.dist-regs.offset", "\n  GICD_CTLR "), ("set-gsi-routing:EINVAL", "a table has at most 4096 entries"),
    ("vm.set-gsi-routing:EFAULT", "fewer entries than nr says"), ("its.ctrl.init", "arm-vgic-its.ctrl.init  "),
    ("KVM_ARM_VCPU_INIT", "vcpu.init  arm64  "), ("arm-vgic-its.ctrl.unknown:EBUSY", "a vCPU is running"),
    ("x86_64/vm.set-gsi-routing:EINVAL", "after x2apic-api with use-32bit-ids"),
    ("flic.clear-io-irq", "must be 4; the length of the value in bytes if left out"),
    ("riscv64/vcpu.create", "the VM already has a vCPU with this id\n"),
    ("KVM_SET_DEVICE_ATTR", "What it answers depends on the attribute"), ("22", "EINVAL is errno 22: Invalid argument"),
    ("CPSR", "CPSR is PSTATE.\n\nPSTATE is a value of"), ("fcsr", "riscv64  id: fcsr.d"),
    ("MSR_IA32_TSC", "x86_64  id: TSC"),
    ("RIP", "RIP is not a register of KVM_SET_ONE_REG: KVM_SET_REGS sets it.\n\nKVM_SET_REGS is not a call"),
    ("ppc64/vcpu.run", "KVM_RUN without immediate_exit:\n    EINVAL  ARCH_COMPAT of the vCPU is the level of POWER11"),
  ]

  @Test(.slow) func callsErrnosAndPartsOfNamesHavePages() {
    let explainer = explainerOfBuiltInSchemas
    for (name, words) in Self.names {
      guard case .page(let page) = explainer.explain(name) else {
        Issue.record("there is no page for: \(name)")
        continue
      }
      #expect(page.contains(words), "\(name)\n\(page)")
    }
  }

  /// The paths in the data are beginnings of names of pages.
  @Test func pathsOfTheDataExist() {
    let catalogues = Architecture.allCases.map {
      Catalogue(architecture: $0, release: SchemaSource.assumedRelease, sources: SchemaSource.builtIn)
    }
    let names = catalogues.flatMap(\.files).flatMap { file in
      // The commands of a request: sev.init2
      let commands = file.requests.flatMap { request -> [String] in
        guard case .structure(let type) = request.type else { return [] }
        return type.fields.flatMap { field -> [String] in
          guard case .integer(let integer) = field.type else { return [] }
          return integer.description.names.map { "\(request.name).\($0.name)" }
        }
      }
      let own =
        file.capabilities.map(\.name) + file.requests.map(\.name) + commands + DescriptorCall.allCases.map(\.rawValue)
      return (file.groups.flatMap(\.attributes).map(\.path) + own + [""]).map { "\(file.name).\($0)" }
    }
    let messages = catalogues.messages
    for path in messages.subjects.flatMap(\.paths) + messages.others.values.compactMap(\.page) {
      #expect(names.contains { $0.hasPrefix(path) }, "\(path)")
    }
    for call in messages.others.values.flatMap(\.calls.values) { #expect(messages.has(call), "\(call)") }
    for path in messages.others.values.flatMap(\.attributes) {
      #expect(names.contains { $0.hasPrefix(path) }, "\(path)")
    }
    for name in messages.registers.values { #expect(explainerOfBuiltInSchemas.hasPage(name), "\(name)") }
    for id in messages.calls.map(\.call) where messages.isReason(id) {
      #expect(explainerOfBuiltInSchemas.hasPage(id), "\(id)")
    }
  }

  /// A device has a name of its own in a manifest.
  @Test func nameOfADeviceSuggestsItsTypes() {
    #expect(
      explainerOfBuiltInSchemas.explain("gic.addr.dist")
        == .unknown("there is no 'gic.addr.dist'; did you mean 'arm-vgic-v2.addr.dist' or 'arm-vgic-v3.addr.dist'?"))
  }

  /// kvm_irqfd_assign() checks the interrupt controller before the descriptors.
  @Test func checksOfIRQFDAreInTheOrderOfTheKernel() throws {
    guard case .page(let page) = explainerOfBuiltInSchemas.explain("arm64/vm.irqfd") else {
      Issue.record("there is no page")
      return
    }
    let errnos = ["EFAULT", "EINVAL   the flags", "EAGAIN", "EBADF", "EINVAL   the file", "EBUSY"]
    let places = try errnos.map { try #require(page.firstRange(of: "    \($0)")).lowerBound }
    #expect(places == places.sorted())
  }

  /// The release of a reason is said once.
  @Test(arguments: [
    ("x86_64/vcpu.tsc.offset", "attributes of vCPUs are new between Linux 5.10 and 6.1\n"),
    ("arm64/vm.smccc.filter", "attributes of VMs are new between Linux 6.1 and 6.12\n"),
  ]) func reasonsNameTheirReleaseOnce(_ name: String, _ line: String) {
    #expect(explainerOfBuiltInSchemas.pageText(name).contains(line))
  }

  /// A check that is elsewhere in other releases is one reason.
  @Test func checkOfEveryReleaseIsOneReason() {
    let page = explainerOfBuiltInSchemas.pageText("arm64/vcpu.get-one-reg:EPERM")
    #expect(page.contains("is answered with EPERM:\n") && !page.contains("6.12"), "\(page)")
  }

  @Test func shortPartOfANameSuggestsNames() {
    guard case .unknown(let sentence) = explainerOfBuiltInSchemas.explain("pmu") else {
      Issue.record("there is a page")
      return
    }
    #expect(sentence.contains("'vcpu.pmu-v3'"), "\(sentence)")
  }

  /// The schemas name some calls by what they do.
  @Test func callsHaveTheirNamesInTheHeaders() {
    #expect(explainerOfBuiltInSchemas.pageText("arm64/vcpu.init").contains("KVM_ARM_VCPU_INIT"))
  }

  /// Conditions name the commands.
  @Test func conditionsHaveTheNamesOfValues() {
    guard case .page(let page) = explainerOfBuiltInSchemas.explain("x86_64/vm.sev:EBADF") else {
      Issue.record("there is no page")
      return
    }
    #expect(page.contains("arg.id is launch-finish or guest-status"), "\(page)")
    #expect(!page.contains("arg.id =="), "\(page)")
  }
}
