import Testing

/// `explain` with the messages of programs that use KVM.
@Suite struct MessageTests {
  struct Case: Sendable {
    var message: String
    var type: String?
    /// Texts of the page.
    var expected: [String]
  }

  static let cases: [Case] = [
    Case(
      message: "Group 3 attr 0: Invalid argument", type: "arm-vgic-v3",
      expected: ["arm-vgic-v3.nr-irqs  ", "WHAT EINVAL MEANS HERE", "a multiple of 32 from 64 to 992", "nr-irqs: 256"]),
    Case(
      message: "Group 3 attr 0: Invalid argument",
      expected: [
        "arm-vgic-v2.nr-irqs (arm64)", "arm-vgic-v3.nr-irqs (arm64)",
        "add --type: arm-vgic-v2, arm-vgic-v3, xive, flic, fsl-mpic-20 or",
      ]),
    Case(
      message: "qemu-system-aarch64: KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000001: Permission denied",
      expected: ["arm-vgic-its.ctrl.save-tables  ", "WHAT EACCES MEANS HERE", "GICv4"]),
    Case(
      message:
        "Fatal error: VmBoot(VmBoot(DeviceManager(CreateInterruptController(CreateGic(CreateVgic(Vgic error CreateGic(CreateDevice(No such device (os error 19)))))))))",
      expected: ["arm-vgic-v3.create (arm64)", "this host's KVM has no device type 'arm-vgic-v3'"]),
    Case(
      message: "panic: Failed to set attribute (group: 3, attr: 0, errno: 22)", type: "arm64/arm-vgic-v2",
      expected: ["arm-vgic-v2.nr-irqs  ", "a multiple of 32 from 64 to 992"]),
    Case(
      message:
        "qemu-system-aarch64: KVM_GET_DEVICE_ATTR failed: Group 6 attr\n0x000000000000c664: Device or resource busy",
      expected: [
        "instr     0xc664  ICC_CTLR_EL1", "the registers cannot be accessed before the VGIC is initialised",
        "a vCPU is running",
      ]),
    Case(
      message:
        "qemu-system-aarch64: PMU: KVM_SET_DEVICE_ATTR: No such device\nqemu-system-aarch64: failed to set irq for PMU",
      expected: ["vcpu.pmu-v3.irq  ", "WHAT ENODEV MEANS HERE"]),
    Case(
      message: "qemu-system-x86_64: Failed to add group 12 to KVM VFIO device: Invalid argument",
      expected: ["vfio.file.add  ", "the file is neither a VFIO group nor a VFIO device"]),
    Case(
      message: "DeviceAttribute(Error(22), false, 5)", type: "arm-vgic-v3",
      expected: ["arm-vgic-v3.redist-regs  ", "no vCPU has this affinity"]),
  ]

  @Test(arguments: cases)
  func messageHasItsPage(_ one: Case) async {
    let ended = await run(program, ["explain", one.message] + (one.type.map { ["--type", $0] } ?? []))
    #expect(ended.status == 0)
    #expect(ended.errors == "")
    for text in one.expected { #expect(ended.output.contains(text), "\(ended.output)") }
  }

  /// A message without quotes is several arguments.
  @Test func messageCanBeSeveralArguments() async {
    let ended = await kvmconf("explain", "Group", "3", "attr", "0:", "Invalid", "argument", "--type", "arm-vgic-v3")
    #expect(ended.output.contains("arm-vgic-v3.nr-irqs  "))
  }

  /// The type can also be given for a name.
  @Test func typeCanBeGivenForAName() async {
    let ended = await kvmconf("explain", "addr.dist", "--type", "arm-vgic-v3")
    #expect(ended.output.hasPrefix("arm-vgic-v3.addr.dist  "))
  }

  @Test func unreadableMessageAndUnknownTypeAreReported() async {
    let noCall = await kvmconf("explain", "hello world")
    #expect(noCall.status == 1)
    #expect(noCall.output == "")
    #expect(noCall.errors.hasPrefix("error: the message does not say which call failed"))
    let noType = await kvmconf("explain", "Group 3 attr 0: Invalid argument", "--type", "arm-vgic-v33")
    #expect(noType.status == 64)
    #expect(noType.errors.contains("did you mean 'arm-vgic-v3'?"))
    #expect(await kvmconf("explain", "").status == 1)
    // One of several names is unknown.
    let names = await kvmconf("explain", "arm-vgic-v3.addr.dist", "arm-vgic-v3.addr.dits")
    #expect(names.errors.hasPrefix("error: there is no 'arm-vgic-v3.addr.dits'; did you mean"), "\(names.errors)")
  }
}
