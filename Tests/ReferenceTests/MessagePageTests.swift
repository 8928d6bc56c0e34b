import Reference
import TestSupport
import Testing

/// The pages that explain error messages of other programs.
@Suite struct MessagePageTests {
  /// The pages for messages of the built-in schemas: the name in their second paragraph, or words.
  static let pages: [(message: String, words: String)] = [
    (
      "Failed to access gic redistributor for offset 0x8: Failed to get device attributes.: Invalid argument (os error 22)",
      "\narm-vgic-v3.redist-regs  "
    ),
    ("qemu-system-riscv64: KVM AIA: failed to set number of msi", "\nriscv-aia.config.ids  "),
    (
      "ioctl KVM_SET_DEVICE_ATTR for save_gic_attr failed. Caused by: Device or resource busy (os error 16)",
      "\narm-vgic-v3.ctrl.save-pending-tables  "
    ),
    ("KVM_ARM_VCPU_INIT failed: Invalid argument", "\nvcpu.init  "),
    ("panicked at src/devices/src/legacy/kvmgicv3.rs:42:59: `Err` value: Error(19)", "\narm-vgic-v3.create  "),
    ("IRQ_XIVE capability must be present for KVM", "\nvcpu.ppc-irq-xive  "),
    ("Cannot open /dev/kvm. Error: No such device (os error 19)", "that its module is not"),
    (
      "Failed to set device address: No such device",
      "This can be KVM_SET_DEVICE_ATTR on arm-vgic-v2.addr, arm-vgic-v3.addr or"
    ),
    ("device_fd.set_device_attr(&dist_attr) returns EINVAL", "The message does not say which one it was."),
    ("Failed setting device attributes for the GIC: Invalid argument (os error 22)", "    arm-vgic-v3.nr-irqs "),
    // Calls that schemas describe, in every spelling
    ("KVM_CREATE_PIT2 ioctl: No such file or directory", "the interval timer needs the PICs"),
    ("KVM_CREATE_GUEST_MEMFD: inappropriate ioctl for device", "\nvm.create-guest-memfd  "),
    ("qemu-system-x86_64: Error creating KVM guest_memfd: Invalid argument", "\nvm.create-guest-memfd  "),
    ("ioctl(11, KVM_SIGNAL_MSI, 0x7ffc9a3e0) = -1 EINVAL (Invalid argument)", "    - the only flag is valid-devid"),
    ("IRQLine: no such device or address", "\nvm.irq-line  "),
    ("SetGsiRouting(Error(22))", "    - a table has at most 4096 entries"),
    (
      "lib/kvm_util.c:1769: !ret errno=22 KVM_IRQFD failed, rc: -1 errno: 22",
      "    - the flags must be deassign, resample or both"
    ),
    ("ioctl(9, KVM_GET_ONE_REG, 0x7fff1234) = -1 ENOENT (No such file or directory)", "\nvcpu.get-one-reg  "),
    ("VmCreate(Invalid argument (os error 22))", "\nvm.create  "),
    ("VmCreateGIC(CreateGIC(Error(17)))", "  arm-vgic-v3.create (arm64): "),
    ("qemu-system-s390x: Unexpected error -22 when registering adapter 1", "\nflic.adapter-register  "),
    ("Failed to register adapter: Invalid argument", "\nflic.adapter-register  "),
    ("KVM: XIVE: failed to connect vCPU 3: No space left on device", "\nvcpu.ppc-irq-xive  "),
    ("Internal(Vcpu(VcpuArmInit(Error(22))))", "\nvcpu.init  "),
    ("Error(VcpuFd(Error(17)))", "\nvcpu.create  "),
    ("KVM_MEMORY_ENCRYPT_OP: Operation not permitted", "  vm.sev (x86_64): "),
    (
      "sev_ram_block_added: failed to register region (0x7f0000000000+0x80000000) error 'Cannot allocate memory'",
      "\nvm.sev-register-region  "
    ),
    // Constants that are not calls
    ("qemu-system-x86_64: TDX ioctl KVM_TDX_INIT_VM failed, hw_errors: 0x0: Invalid argument", "\nvm.tdx  "),
    ("KVM_TDX_INIT_VCPU failed: Invalid argument", "\nvcpu.tdx-vcpu  "),
    ("KVM_SEV_INIT2: Operation not permitted", "\nvm.sev  "),
    ("KVM_DEV_ARM_ITS_SAVE_TABLES failed: Permission denied", "\narm-vgic-its.ctrl.save-tables  "),
    ("KVM_DEV_RISCV_AIA_CTRL_INIT failed: No such device", "\nriscv-aia.ctrl.init  "),
    ("Failed to enable KVM_CAP_ARM_MTE: Invalid argument", "KVM_ENABLE_CAP of KVM_CAP_ARM_MTE, answered by"),
    ("KVM_ENABLE_CAP(KVM_CAP_SPLIT_IRQCHIP) failed: EINVAL", "KVM_ENABLE_CAP of KVM_CAP_SPLIT_IRQCHIP, answered by"),
    ("KVM_ENABLE_CAP of KVM_CAP_NO_SUCH: EINVAL", "The schemas do not describe the capability"),
    ("Could not enable split irqchip mode: Invalid argument", "\nvm.split-irqchip  "),
    // Registers
    ("GICD_CTLR write failed: Device or resource busy", "  arm-vgic-v3.dist-regs (arm64): "),
    ("Unable to access GICR_WAKER: Invalid argument", "\narm-vgic-v3.redist-regs  "),
    ("Failed to set MPIDR_EL1: Invalid argument", "\n  id  MPIDR_EL1  0x603000000013c005\n"),
    ("Fatal: KVM_SET_ONE_REG failed (config.isa)", "\n  id  config.isa  0x8030000001000000\n"),
    ("Failed to set register 6931039826524487685: Invalid argument", "\n  id  MPIDR_EL1  "),
    // Words of these messages are names of registers too: SET of the IPI of loongarch64, PID of ppc64.
    (
      "Failed to create a AIA: Failed setting device attributes for the AIA: Failed to set device attribute: "
        + "Invalid argument (os error 22)", "    riscv-aia.config  riscv64"
    ),
    (
      "Error enabling pvtime on vcpu: Failed to set/get device attributes for vCPU: No such device or address "
        + "(os error 6)", "\nvcpu.pvtime.ipa  "
    ),
    ("Failed to set device attribute: Invalid argument", "The message does not say which one it was."),
    ("failed to set the device attribute of the PMU: Invalid argument", "  vcpu.pmu-v3.filter (arm64)"),
    (
      "[pid 12345] ioctl(11, KVM_SET_ONE_REG, 0x7ffd1c) = -1 EINVAL (Invalid argument)",
      "call, arm64, x86_64, riscv64, ppc64, s390x, loongarch64"
    ),
    ("KVM_SET_ONE_REG of DSCR failed: Invalid argument", "KVM_SET_ONE_REG, DSCR, answered by EINVAL"),
    // Parts of KVM
    ("Failed to save ITS tables: Permission denied (os error 13)", "\narm-vgic-its.ctrl.save-tables  "),
    ("qemu-system-riscv64: KVM AIA: failed to set number of input irq lines", "\nriscv-aia.config.srcs  "),
    ("failed to set up IRQ chip: File exists (os error 17)", "\nvm.create-irqchip  "),
    ("Unable to set IMSIC eidelivery: Invalid argument", "\nriscv-aia.imsic  "),
    ("qemu-system-aarch64: PMU: KVM_SET_DEVICE_ATTR: No such device, failed to set irq for PMU", "\nvcpu.pmu-v3.irq  "),
    // More programs: QEMU on ppc64, x86_64 and s390x, crosvm, cloud-hypervisor, firecracker, gem5, syzkaller, strace
    ("qemu-system-ppc64: Unable to connect CPU3 to kernel XICS: Invalid argument", "\nvcpu.irq-xics  "),
    ("qemu-system-ppc64: XIVE: unable to connect CPU2 to KVM device: EINVAL", "\nvcpu.ppc-irq-xive  "),
    ("qemu-system-x86_64: sev_common_kvm_init: failed to initialize ret=-25 fw_error=0 ''", "answered by ENOTTY"),
    ("qemu-system-x86_64: sev_launch_start: LAUNCH_START ret=1 fw_error=11 'Invalid ASID'", "\nvm.sev  "),
    ("qemu-kvm: kvm_irqchip_commit_routes: Assertion `ret == 0' failed.", "\nvm.set-gsi-routing  "),
    ("qemu-system-s390x: Creating the KVM device failed: Function not implemented", "  flic.create (s390x)"),
    ("qemu-system-x86_64: -accel kvm: failed to initialize kvm: No such file or directory", "open() of /dev/kvm"),
    ("ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy", "EBUSY can mean that another hypervisor"),
    ("error: kvm run failed Function not implemented", "ENOSYS can mean that an arm64 guest"),
    ("KVM: entry failed, hardware error 0x80000021", "the registers of the guest contradict"),
    ("failed to initialize arm pvtime: Invalid argument (os error 22)", "\nvcpu.pvtime.ipa  "),
    ("failed to create KVM vfio device: File exists (os error 17)", "call, arm64, x86_64, ppc64, s390x, ppc\n"),
    ("VfioCreate(KernelVfio(KvmSetDeviceAttr(Error(22))))", "  vfio.file.add (arm64)"),
    ("Failed to register interrupt event: Device or resource busy (os error 16)", "\nvm.irqfd  "),
    ("VmBoot(InitializeTdxVm(InitializeTdx(Invalid argument (os error 22))))", "\nvm.tdx  "),
    ("Failed to set KVM pit2: No such device or address (os error 6)", "no timer of KVM_CREATE_PIT2"),
    ("panic: KVM: Failed to create virtual CPU (errno: 17)", "\nvcpu.create  "),
    ("KVM_GET_ONE_REG failed for id 0x603000000013c080, errno 2", "\n  id  SCTLR_EL1  "),
    ("KVM_ARM_VCPU_PMU_V3_SET_PMU failed, rc: -1 errno: 6", "\nvcpu.pmu-v3.set-pmu  "),
    ("ioctl(12, KVM_CREATE_DEVICE, {type=KVM_DEV_TYPE_ARM_VGIC_V3, fd=0}) = -1 ENODEV", "\narm-vgic-v3.create  "),
    ("KVM_RESET_DIRTY_RINGS failed: Invalid argument", "the VM has no dirty rings"),
    ("KVM_SET_MEMORY_ATTRIBUTES failed: Operation not supported", "private or shared"),
    ("error: kvm run failed Device or resource busy", "vcpu.run                     call, arm64, x86_64"),
    ("flic: couldn't retrieve irqs from kernel, rc -22", "\nflic.get-all-irqs  "),
    ("Failed to set crypto device attribute 0: Invalid argument", "\nvm.crypto.enable-aes-kw  "),
    ("qemu-system-riscv64: KVM AIA: failed to set the IMSIC address for hart 3", "\nriscv-aia.addr.imsic  "),
    ("Failed to check if vcpu has attribute: No such device or address (os error 6)", "    vcpu.pmu-v3  "),
    ("KVM_SET_TSS_ADDR ioctl: Invalid argument", "they do not end below 4 GiB"),
    ("vfio 0000:01:00.0: failed to setup INTx fd: Device or resource busy", "It is not a call of KVM at all"),
    ("vfio: failed to setup fd 32 for a group with fd 28: Bad file descriptor", "\nvfio.file.set-spapr-tce  "),
    (
      "Failed to restore the VM's GIC state: Error while setting or getting device attributes for the GIC: Bad address "
        + "(os error 14)", "  arm-vgic-its.ctrl.restore-tables (arm64)"
    ),
    (
      "Error while setting or getting device attributes for the GIC: Bad address (os error 14), true, 4",
      "  arm-vgic-its.ctrl.save-tables (arm64)"
    ),
    ("RestoreGic(SetDeviceAttribute(Bad address (os error 14)))", "  arm-vgic-its.ctrl.restore-tables (arm64)"),
    (
      "RestoreGic(SetDeviceAttribute(Bad address (os error 14)))",
      "16 more fit, and are answered with EFAULT only if"
    ),
    ("Create KVM_LOONGARCH_PCHPIC failed: No such device", "\nloongarch-pchpic.create  "),
    ("create KVM_LOONGARCH_EIOINTC failed: Invalid argument", "\nloongarch-eiointc.create  "),
    ("create KVM_LOONGARCH_IPI failed: Invalid argument", "\nloongarch-ipi.create  "),
    ("failed to get KVM_REG_ARM64_SVE_VLS: No such file or directory", "\n  id  SVE_VLS  "),
    ("kvm: Failed to enable bus lock detection cap: Invalid argument", "\nvm.x86-bus-lock-exit  "),
    ("Failed to enable x2apic in KVM", "\nvm.x2apic-api  "),
    ("KVM: Failed to create TCE table for liobn 0x71000000", "\nvm.create-spapr-tce-64  "),
    ("KVM: Error configuring the CPU model: -16", "\nvm.cpu-model.processor  "),
    ("qemu-system-s390x: KVM: Error configuring CPU model: -22", "\nvm.cpu-model.processor  "),
    ("KVM internal error. Suberror: 1", "Suberror 1 means that it could not emulate"),
    (
      "qemu-system-x86_64: error: kvm run failed Invalid argument",
      "a VM of the type sev, sev-es or snp must be initialised"
    ),
    ("kvm [1]: VGIC CPU and dist frames overlap", "\nvcpu.run.gicv2-overlap:EINVAL  "),
    ("kvm: Unable to register VGIC dist MMIO regions", "\nvcpu.run:ENOSPC  "),
    (
      "qemu-system-riscv64: kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Bad address",
      "which is a fault of the program"
    ),
    (
      "exiting with error 1: failed to create IRQ chip\n\nCaused by:\n    Operation not supported (os error 95)",
      "EOPNOTSUPP can mean that crosvm on riscv64"
    ),
    ("KVM: Error configuring CPU subfunctions: -16", "\nvm.cpu-model.processor-subfunc  "),
    ("KVM: Error configuring CPU UV features -14", "\nvm.cpu-model.processor-uv-feat-guest  "),
    ("KVM AIA: initialized fail", "\nriscv-aia.ctrl.init  "),
    ("KVM AIA: failed to set the base address of APLIC", "\nriscv-aia.addr.aplic  "),
    (
      "Initialization of device kvm-arm-gic failed: error creating in-kernel VGIC: No such device",
      "\narm-vgic-v2.create  "
    ),
    ("vcpu hit unknown error: Bad address", "The schemas have no other reason for EFAULT from KVM_RUN."),
    ("KVM_CLEAR_DIRTY_LOG: No such device or address", "the VM has dirty rings instead"),
    ("KVM_SET_USER_MEMORY_REGION2: Invalid argument", "\nvm.add-memory  "),
    // Answers of protected VMs, of the firmware and of the TDX module
    (
      "qemu-system-s390x: KVM_SET_DEVICE_ATTR failed: Group 1 attr 0x0: Operation not supported",
      "the VM is protected, and the ultravisor keeps its clock"
    ),
    ("Unable to connect CPU3 to kernel XICS: No space left on device", "no block of virtual processors left"),
    ("KVM_TDX_INIT_MEM_REGION failed: Device or resource busy", "the TDX module works on the VM for another vCPU"),
    ("KVM_TDX_INIT_MEM_REGION failed: Permission denied", "or a protected VM that the"),
    // One part of a controller, and the controller that the message names with it
    ("Failed to set GICv3 attribute: redistributor region address: EINVAL", "\narm-vgic-v3.addr.redist-region  "),
    ("Failed to set GICv3 attribute: redistributor address: EINVAL", "\narm-vgic-v3.addr.redist  "),
    ("Failed to set GICv3 attribute: distributor address: EEXIST", "\narm-vgic-v3.addr.dist  "),
    ("Failed to set GICv2 attribute: distributor address: EEXIST", "\narm-vgic-v2.addr.dist  "),
    ("ioctl KVM_GET_DEVICE_ATTR_u64 for attr:49408 failed: EINVAL", "  arm-vgic-v3.dist-regs (arm64)"),
    ("failed to finalize IRQ chip: EINVAL", "  arm-vgic-v3.nr-irqs (arm64)"),
    ("Error while calling KVM ioctl for setting up the global interrupt controller: Error(19)", "arm-vgic-v3.create ("),
    // The XICS, the flic and the clock: QEMU on ppc64 and s390x
    ("Unable to retrieve KVM interrupt controller state for IRQ 4610: EINVAL", "\nxics.sources  "),
    ("XIVE: unable to set memory mapping: Invalid argument", "KVM_XIVE_TIMA_PAGE_OFFSET"),
    ("Unable to get KVM guest TOD clock: Operation not supported", "  vm.tod.low (s390x)"),
    ("flic: couldn't enable pfault", "\nflic.apf-enable  "),
    ("flic: couldn't disable pfault", "\nflic.apf-disable-wait  "),
    ("Memory backing with 1M pages was specified, but KVM does not support it", "\nvm.s390-hpage-1m  "),
    ("KVM PV command 2 (KVM_PV_SET_SEC_PARMS) failed: header rc 0 rrc 0 IOCTL rc: -22", "prot_virt=1"),
    // The devices of loongarch64: QEMU, Linux
    ("KVM_LOONGARCH_EXTIOI_INIT_NUM_CPU failed: Invalid argument", "\nloongarch-eiointc.ctrl.init-num-cpu  "),
    ("KVM_LOONGARCH_EXTIOI_INIT_FEATURE failed: Bad address", "\nloongarch-eiointc.ctrl.init-feature  "),
    ("kvm_eiointc_regs_access: unknown eiointc register, addr = 4660", "\nloongarch-eiointc.regs  "),
    ("kvm_ipi_regs_access: unknown ipi register, addr = 16", "\nloongarch-ipi.regs  "),
    ("kvm_dmsintc_set_attr: unknown group (3)", "loongarch-dmsintc.ctrl"),
    ("kvm_pch_pic_set_attr: unknown group (1073741830) attr (3)", "loongarch-pchpic  loongarch64  has no such"),
    ("kvm_ipi_create: LoongArch IPI has already been created!", "\nloongarch-ipi.create  "),
    ("kvm_dmsintc_create: LoongArch DMSINTC has already been created!", "\nloongarch-dmsintc.create  "),
    // Capabilities in other words
    ("Failed to set KVM_PMU_CAP_DISABLE: Invalid argument", "\nvm.pmu-capability  "),
    ("Unable to enable KVM hypercall exits: Invalid argument", "\nvm.exit-hypercall  "),
    ("Failed to set vm APIC bus clock rate: Invalid argument", "\nvm.x86-apic-bus-cycles-ns  "),
    ("Failed to enable HyperV SynIC: Invalid argument", "  vcpu.hyperv-synic (x86_64)"),
    ("unable to enable PAPR capability", "\nvcpu.ppc-papr  "),
    ("Failed to add group to kvm device.", "\nvfio.file.add  "),
    // Answers of calls that have their page under another name, and of signals
    ("riscv64: KVM_SET_USER_MEMORY_REGION2: Invalid argument", "new in Linux 6.8"),
    ("riscv64: KVM_SET_USER_MEMORY_REGION2: Invalid argument", "KVM_SET_USER_MEMORY_REGION2 on vm.add-memory"),
    ("VmCreate(Error(4))", "EINTR can mean that a signal came"),
    ("KVM_SET_ONE_REG failed (KVM_ARM64_SVE_VLS): Operation not permitted", "before the vCPU is finalised"),
    ("KVM_SET_ONE_REG failed (KVM_ARM64_SVE_VLS): Operation not permitted", "\n  id  SVE_VLS  "),
  ]

  @Test(.slow) func messagesHaveTheirPages() {
    let explainer = explainerOfBuiltInSchemas
    for (message, words) in Self.pages {
      guard case .page(let page) = explainer.explain(message: message) else {
        Issue.record("there is no page for: \(message)")
        continue
      }
      #expect(page.contains(words), "\(message)\n\(page)")
    }
  }

  /// A message that names a command of a call has the reasons of that command alone.
  @Test(arguments: [
    "KVM_MEMORY_ENCRYPT_OP failed KVM_SEV_SNP_LAUNCH_UPDATE: Bad address",
    "sev_snp_launch_update: SNP_LAUNCH_UPDATE ret=-14 fw_error=0 ''",
  ]) func reasonsAreThoseOfTheNamedCommand(_ message: String) {
    guard case .page(let page) = explainerOfBuiltInSchemas.explain(message: message) else {
      Issue.record("there is no page")
      return
    }
    #expect(page.contains("data is not the address of the struct of this command"), "\(page)")
    #expect(!page.contains("init2 needs data") && !page.contains("snp-launch-start needs data"), "\(page)")
    #expect(!page.contains("arg.id"), "\(page)")
  }

  /// A message of a function that makes one of some commands has the reasons of those alone.
  @Test func reasonsAreThoseOfTheMeantCommands() {
    let message = "qemu-system-x86_64: sev_kvm_init: failed to initialize ret=-22 fw_error=0 ''"
    guard case .page(let page) = explainerOfBuiltInSchemas.explain(message: message) else {
      Issue.record("there is no page")
      return
    }
    for words in ["takes init and es-init", "init2 has no flags"] { #expect(page.contains(words), "\(page)") }
    #expect(!page.contains("receive-start") && !page.contains("snp-launch"), "\(page)")
  }

  /// Only ppc64 has the attribute.
  @Test(arguments: [
    "qemu-system-x86_64: KVM_SET_DEVICE_ATTR failed: Group 1 attr 0x3: No such device or address",
    "x86_64/vfio.file.set-spapr-tce",
  ]) func reasonsOfOtherArchitecturesAreLeftOut(_ name: String) {
    let explainer = explainerOfBuiltInSchemas
    let explanation =
      Complaint.isMessage(name) ? explainer.explain(message: name, type: "vfio") : explainer.explain(name)
    guard case .page(let page) = explanation else {
      Issue.record("there is no page")
      return
    }
    #expect(page.contains("ENXIO"), "\(page)")
    #expect(!page.contains("groupfd is not an open descriptor"), "\(page)")
  }

  /// A common word, such as that of an errno, names no attribute.
  @Test func commonWordsNameNothing() {
    guard
      case .page(let page) = explainerOfBuiltInSchemas.explain(message: "KVM_SET_DEVICE_ATTR: File exists at offset")
    else {
      Issue.record("there is no page")
      return
    }
    #expect(page.contains("attributes fit and can be answered with EEXIST") && page.contains("arm-vgic-v3.addr"))
    #expect(!page.contains("\n      - "), "more than eight candidates are shown by group")
  }

  /// Verbs name a call only of something that the message names, and a lower-case "its" is English.
  @Test(arguments: [
    "Failed to set the name of the thread: Invalid argument", "failed to create the socket: Invalid argument",
    "its pending save tables failed: Invalid argument", "saving its tables failed: bad address",
    "cannot read the irq from the config: Invalid argument",
    "qemu-system-x86_64: failed to set the system time: Invalid argument",
    "failed to read /sys/bus/event_source/devices/armv8_pmuv3_0/type: No such file or directory",
    "Failed to set the speed of the migration: Invalid argument",
    "Failed to set the timer of the watchdog: Invalid argument",
    // x86_64 has neither an interface for stolen time nor an attribute of the dirty rings.
    "qemu-system-x86_64: steal time: Invalid argument", "qemu-system-x86_64: dirty ring: Invalid argument",
    // Lines of the kernel's log
    "[   12.345678] pmu: error -22", "kvm [77]: pmu: error -22",
  ]) func messagesWithoutACall(_ message: String) {
    guard case .unknown(let sentence) = explainerOfBuiltInSchemas.explain(message: message) else {
      Issue.record("there is a page")
      return
    }
    #expect(sentence.hasPrefix("the message does not say which call failed"))
  }

  @Test(arguments: [
    ("errno=6", "ENXIO is errno 6"), ("rc=-6", "ENXIO is errno 6"), ("error -22", "EINVAL is errno 22"),
    ("os error 16", "EBUSY is errno 16"), ("EBUSY (Device or resource busy)", "EBUSY is errno 16"),
  ]) func errnoAloneHasItsPage(_ message: String, _ words: String) {
    #expect(Complaint.isMessage(message))
    guard case .page(let page) = explainerOfBuiltInSchemas.explain(message: message) else {
      Issue.record("there is no page")
      return
    }
    #expect(page.hasPrefix(words), "\(page)")
  }

  @Test func messageInAnotherLanguageNeedsItsErrno() {
    #expect(
      page("KVM_SET_DEVICE_ATTR: Group 1 attr 2: Geçersiz argüman").contains("no errno that is known here"))
    #expect(!page("KVM_SET_DEVICE_ATTR: Group 1 attr 2: Invalid argument").contains("no errno that is known here"))
  }

  @Test func unknownConstantIsNotGuessed() {
    let message = "KVM_NO_SUCH_CALL ioctl: failed to set: Invalid argument"
    #expect(
      explainerOfBuiltInSchemas.explain(message: message)
        == .unknown(
          "the schemas do not describe KVM_NO_SUCH_CALL, and the message names no other call; "
            + "if it is a call, it is not one on a device attribute"))
  }

  private func page(_ message: String, type: String? = nil) -> String {
    switch Explainer(catalogues()).explain(message: message, type: type) {
    case .page(let text): text
    case .unknown(let sentence): "unknown: \(sentence)"
    }
  }

  @Test func messageOfAKnownTypeGivesItsPage() {
    let page = page("prog: KVM_SET_DEVICE_ATTR failed: Group 1 attr 0x2: Invalid argument", type: "gadget")
    #expect(page.hasPrefix("The message says: KVM_SET_DEVICE_ATTR, group 1, attr 2, answered by EINVAL"))
    #expect(page.contains("\ngadget.addr.base   "))
    #expect(
      page.contains("WHAT EINVAL MEANS HERE\n\n  KVM_SET_DEVICE_ATTR on gadget.addr.base is answered with EINVAL"))
    #expect(page.contains("the address is not aligned"))
    #expect(page.contains("it ends too far up"))
    #expect(page.contains("OTHER ANSWERS\n\n  KVM_SET_DEVICE_ATTR:\n    EIO "))
    #expect(page.contains("IN A MANIFEST"))
  }

  /// A register that the message names or whose number it has decides what can be the reason.
  @Test func reasonsAreThoseOfTheNamedRegister() {
    func explanation(_ message: String) -> String {
      guard case .page(let text) = explainerOfBuiltInSchemas.explain(message: message) else { return "" }
      return text
    }
    let mode = explanation("KVM_SET_ONE_REG of PSTATE failed: Invalid argument")
    #expect(mode.contains("only a vCPU with has-el2 can be in this mode"))
    #expect(!mode.contains("PSCI") && !mode.contains("this is not the id of a register"))
    let version = explanation("ioctl(13, KVM_SET_ONE_REG, {id=0x6030000000140000, addr=0x7ffc}) = -1 EINVAL")
    #expect(version.contains("version 0.1 goes with a vCPU without the feature psci-0.2"))
    #expect(!version.contains("in this mode"))
    let system = explanation("ioctl(13, KVM_SET_ONE_REG, {id=0x603000000013c080, addr=0x7ffc}) = -1 EINVAL")
    #expect(system.contains("The schemas have no reason for EINVAL from KVM_SET_ONE_REG"))
  }

  /// The reasons of the assumed release come first, and those of other releases are short.
  @Test func reasonsOfOtherReleasesAreShort() throws {
    guard
      case .page(let page) = explainerOfBuiltInSchemas.explain(
        message: "VcpuArmInit(Invalid argument (os error 22))")
    else {
      Issue.record("there is no page")
      return
    }
    let start = try #require(page.firstRange(of: "WHAT EINVAL MEANS HERE")).upperBound
    let others = try #require(page.firstRange(of: "Other releases have more"))
    #expect(!page[start..<others.lowerBound].contains("gone between"))
    #expect(page[others.upperBound...].contains("- a vCPU must keep its features when it is initialised again (gone"))
  }

  @Test func severalCandidatesAreListed() {
    let page = page("Group 1 attr 2: I/O error")
    #expect(page.contains("2 attributes fit and can be answered with EIO:\n"))
    #expect(page.contains("\n  gadget.addr.base (arm64): base address of the gadget\n      - the VM is dead\n"))
    #expect(page.contains("\n  bridge.file (arm64): files\n      - the VM is dead\n"))
    #expect(page.contains("\n  To say which one it was, add --type: gadget or bridge.\n"))
  }

  @Test func onlyCandidateWithTheErrnoIsShown() {
    let page = page("Group 1 attr 2: Operation not permitted")
    #expect(page.contains("\nOf the calls that fit, only one can be answered with EPERM:\n\ngadget.addr.base  "))
  }

  @Test func attributeNumberIsSplitIntoItsKeys() {
    let page = page("Failed to set attribute (group: 3, attr: 258, errno: 5)")
    #expect(page.contains("The attribute's number means:\n    cpu  0x1  the CPU\n    row  0x2  the row\n"))
  }

  @Test func errnoThatNoRuleGivesIsReported() {
    let page = page("KVM_SET_DEVICE_ATTR failed: Group 2 attr 0x0: Permission denied")
    #expect(page.contains("The schemas have no reason for EACCES from KVM_SET_DEVICE_ATTR on"))
  }

  @Test func unknownGroupIsReported() {
    let page = page("Group 77 attr 1: No such device or address", type: "gadget")
    #expect(page.contains("gadget  arm64  has no group 77: ENXIO to set, EPERM to get and ENXIO to has"))
  }

  @Test func typeIsReadFromTheWordsOfAMessage() {
    let page = page("CreateGadget(CreateDevice(No such device (os error 19)))")
    #expect(page.contains("gadget.create  "))
    #expect(!page.contains("bridge"))
    #expect(page.contains("this host's KVM has no device type 'gadget'"))
  }

  @Test func messagesThatAreNotOfKVMAreUnknown() {
    #expect(page("hello world").hasPrefix("unknown: the message does not say which call failed"))
    #expect(
      page("qemu-system-s390x: KVM_SET_DEVICE_ATTR failed: Group 1 attr 0x0: Invalid argument").hasPrefix(
        "unknown: the message is from a program for s390x"))
  }

  @Test func onlyTheBeginningOfAVeryLongLineIsRead() {
    let call = "KVM_SET_DEVICE_ATTR failed: Group 1 attr 2: Operation not permitted"
    let rest = String(repeating: " x", count: 5000)
    #expect(page(call + rest).hasPrefix("The message says: KVM_SET_DEVICE_ATTR, group 1, attr 2, "))
    #expect(page("hello" + rest + " " + call).hasPrefix("unknown: "))
  }
}
