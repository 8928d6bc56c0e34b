import DevicePlan
import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary

private var explainerOfBuiltInSchemas: Explainer {
  Explainer(
    Architecture.allCases.map {
      Catalogue(architecture: $0, release: SchemaSource.assumedRelease, sources: SchemaSource.builtIn)
    }.filter { $0.vm != nil })
}

/// Error messages of other programs, and the facts that are read from them.
@Suite struct ComplaintTests {
  struct Message: Sendable {
    var text: String
    var call: Complaint.Call?
    var group: UInt32?
    var attr: UInt64?
    var errno: String?
    var architecture: Architecture?
  }

  static let messages: [Message] = [
    // QEMU
    Message(
      text: "qemu-system-aarch64: KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000001: Permission denied",
      call: .attribute(.set), group: 4, attr: 1, errno: "EACCES", architecture: .arm64),
    Message(
      text: """
        2020-02-11T03:18:08.110582Z qemu-system-ppc64: KVM_SET_DEVICE_ATTR failed: Group 3 attr 0x0000000000001309: Device or resource busy
        2020-02-11T03:18:08.110605Z qemu-system-ppc64: error while loading state for instance 0x0 of device 'spapr'
        2020-02-11T03:18:08.112843Z qemu-system-ppc64: load of migration failed: Operation not permitted
        """, call: .attribute(.set), group: 3, attr: 0x1309, errno: "EBUSY", architecture: .ppc64),
    Message(
      text: """
        Unexpected error in kvm_device_access() at ../accel/kvm/kvm-all.c:3475:
        qemu-system-aarch64: KVM_GET_DEVICE_ATTR failed: Group 6 attr
        0x000000000000c664: Inappropriate ioctl for device
        """, call: .attribute(.get), group: 6, attr: 0xC664, errno: "ENOTTY", architecture: .arm64),
    Message(
      text:
        "qemu-system-loongarch64: KVM_SET_DEVICE_ATTR failed: Group 1073741825 attr 0x0000000000010000: Invalid argument",
      call: .attribute(.set), group: 0x4000_0001, attr: 0x10000, errno: "EINVAL", architecture: .loongarch64),
    Message(
      text: """
        qemu-system-x86_64: warning: dbind: Couldn't connect to accessibility bus: Connection refused
        qemu-system-aarch64: PMU: KVM_SET_DEVICE_ATTR: No such device
        qemu-system-aarch64: failed to set irq for PMU
        """, call: .attribute(.set), errno: "ENODEV", architecture: .arm64),
    // The number is a VFIO group, not a group of attributes.
    Message(
      text: "qemu-kvm: -device vfio-pci,host=01:00.0: Failed to add group 12 to KVM VFIO device: Invalid argument",
      call: .attribute(.set), errno: "EINVAL"),
    // cloud-hypervisor
    Message(
      text:
        "cloud-hypervisor:   0.009587s: <main> ERROR:/project/cloud-hypervisor/src/lib.rs:23 -- Fatal error: VmBoot(VmBoot(DeviceManager(CreateInterruptController(CreateGic(CreateVgic(Vgic error CreateGic(CreateDevice(No such device (os error 19)))))))))",
      call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
    Message(
      text: "RestoreGic(SetDeviceAttribute(Invalid argument))", call: .attribute(.set), errno: "EINVAL"),
    // firecracker
    Message(
      text:
        "Error while setting or getting device attributes for the GIC: Invalid argument (os error 22), true, 4",
      call: .attribute(.set), group: 4, errno: "EINVAL"),
    Message(
      text: "DeviceAttribute(Error(9), false, 5)", call: .attribute(.get), group: 5, errno: "EBADF"),
    Message(
      text:
        "2024-05-01T10:00:00.123 [anonymous-instance:main] Error while calling KVM ioctl for setting up the global interrupt controller: No such device (os error 19)",
      call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
    // crosvm
    Message(
      text: """
        [ERROR:src/main.rs:80] exiting with error 1: ioctl KVM_GET_DEVICE_ATTR_u32 for attr:128 failed.

        Caused by:
            Device or resource busy (os error 16)
        """, call: .attribute(.get), attr: 128, errno: "EBUSY"),
    // kvmtool
    Message(
      text: "PMU KVM_HAS_DEVICE_ATTR: No such device or address", call: .attribute(.has), errno: "ENXIO"),
    Message(text: "  Fatal: Failed to create virtual GIC", call: .other("KVM_CREATE_DEVICE")),
    // gem5
    Message(
      text: "src/cpu/kvm/device.cc:83: panic: Failed to set attribute (group: 3, attr: 0, errno: 22)",
      call: .attribute(.set), group: 3, attr: 0, errno: "EINVAL"),
    Message(
      text: "panic: Failed to get attribute (group: 1, attr: 1099511627780, errno: 16)", call: .attribute(.get),
      group: 1, attr: 0x100_0000_0004, errno: "EBUSY"),
    Message(
      text: "panic: KVM: Failed to create device (errno: 19)", call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
    // strace, and messages written by hand
    Message(
      text: "ioctl(17, KVM_SET_DEVICE_ATTR, {flags=0, group=0, attr=2, addr=0x7ffd1c}) = -1 EEXIST (File exists)",
      call: .attribute(.set), group: 0, attr: 2, errno: "EEXIST"),
    Message(
      text: "kvm_device_attr { flags: 0, group: 4, attr: 0, addr: 0 }: Os { code: 22, kind: InvalidInput }",
      call: .attribute(nil), group: 4, attr: 0, errno: "EINVAL"),
    Message(text: "Group 3 attr 0: Invalid argument", group: 3, attr: 0, errno: "EINVAL"),
    Message(text: "error: kvm run failed Bad address", call: .other("KVM_RUN"), errno: "EFAULT"),
    Message(text: "hello world"),
    // Calls that are not on attributes
    Message(
      text:
        "VmBoot(DeviceManager(VfioMapRegion(CreateUserMemoryRegion(CreateUserMemory(Invalid argument (os error 22))))))",
      call: .other("KVM_SET_USER_MEMORY_REGION"), errno: "EINVAL"),
    Message(
      text: "Error while creating VM: KVM_ARM_VCPU_INIT failed: Invalid argument (22)",
      call: .other("KVM_ARM_VCPU_INIT"),
      errno: "EINVAL", architecture: .arm64),
    Message(
      text: "qemu-system-aarch64: kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Invalid argument",
      call: .other("KVM_ARM_VCPU_INIT"), errno: "EINVAL", architecture: .arm64),
    Message(text: "KVM_ENABLE_CAP failed: Invalid argument", call: .other("KVM_ENABLE_CAP"), errno: "EINVAL"),
    Message(
      text: "Failed to set device address: No such device", call: .other("the address of an interrupt controller"),
      errno: "ENODEV"),
    Message(
      text: "ioctl(4, KVM_ARM_SET_DEVICE_ADDR, 0x7ffd1c) = -1 ENODEV (No such device)",
      call: .other("KVM_ARM_SET_DEVICE_ADDR"), errno: "ENODEV", architecture: .arm64),
    Message(
      text: "panic: KVM: Failed to set register (0x603000000013808c) value (errno: 22)",
      call: .other("KVM_SET_ONE_REG"),
      errno: "EINVAL", architecture: .arm64),
    Message(
      text: "qemu-system-riscv64: Unable to retrieve mvendorid from host, error -1", call: .other("KVM_GET_ONE_REG"),
      architecture: .riscv64),
    Message(
      text: "qemu-system-riscv64: Unable to read ISA_EXT KVM register zba: No such file or directory",
      call: .other("KVM_GET_ONE_REG"), errno: "ENOENT", architecture: .riscv64),
    Message(
      text: "qemu-system-riscv64: Unable to set KVM reg zicbom, error -22", call: .other("KVM_SET_ONE_REG"),
      errno: "EINVAL", architecture: .riscv64),
    Message(
      text: "Cannot create VMM: Cannot open /dev/kvm. Error: No such device (os error 19)",
      call: .other("open() of /dev/kvm"), errno: "ENODEV"),
    Message(
      text: "qemu-system-ppc64: kernel_irqchip requested but unavailable: IRQ_XIVE capability must be present for KVM",
      call: .other("KVM_CHECK_EXTENSION"), architecture: .ppc64),
    Message(
      text: "error: kvm run failed Invalid argument EAX=00000000 CR0=80010033 EFER=0000000000000900",
      call: .other("KVM_RUN"), errno: "EINVAL", architecture: .x86_64),
    // Attributes, in the words of programs
    Message(
      text: "Failed setting device attributes for the GIC: Invalid argument (os error 22)", call: .attribute(.set),
      errno: "EINVAL"),
    Message(
      text: "Failed getting device attributes for the GIC: No such device or address (os error 6)",
      call: .attribute(.get), errno: "ENXIO"),
    Message(
      text: "Error while setting or getting device attributes for the GIC: Bad address (os error 14)",
      call: .attribute(nil), errno: "EFAULT"),
    // A program with its folder: libvirt
    Message(
      text: "/usr/bin/qemu-system-ppc64: KVM_CREATE_VCPU failed: File exists", call: .other("KVM_CREATE_VCPU"),
      errno: "EEXIST", architecture: .ppc64),
    // A line of libvirt has other numbers: a line of a source file, and a time
    Message(
      text:
        "2023-03-01 06:12:28.280+0000: 1: error : qemuProcessReportLogError:2065 : internal error: qemu unexpectedly "
        + "closed the monitor: Could not access KVM kernel module: Permission denied",
      call: .other("open() of /dev/kvm"), errno: "EACCES"),
    // QEMU, which prints the number of an exit after 'Suberror'
    Message(text: "KVM internal error. Suberror: 1, KVM_RUN returned 0", call: .other("KVM_RUN")),
    // QEMU prints several lines, and the last one is the same whatever failed.
    Message(
      text: """
        sev_snp_launch_start: SNP_LAUNCH_START ret=-25 fw_error=0 ''
        sev_kvm_init: failed to create encryption context
        failed to initialize kvm: Operation not permitted
        """, call: .other("KVM_MEMORY_ENCRYPT_OP"), errno: "ENOTTY"),
    Message(
      text: """
        get_tdx_capabilities: KVM_TDX_CAPABILITIES failed: Inappropriate ioctl for device
        failed to initialize kvm: Operation not permitted
        """, call: .other("KVM_MEMORY_ENCRYPT_OP"), errno: "ENOTTY"),
    Message(
      text: """
        error: kvm run failed Input/output error
        qemu-system-x86_64: Failed to get registers: Input/output error
        """, call: .other("KVM_RUN"), errno: "EIO", architecture: .x86_64),
    // QEMU starts vCPUs with other calls on other architectures.
    Message(
      text: "qemu-system-x86_64: kvm_init_vcpu: kvm_arch_init_vcpu failed (0): Invalid argument",
      call: .other("creating or initialising the vCPU"), errno: "EINVAL", architecture: .x86_64),
    Message(
      text: "kvm_init_vcpu failed: Cannot allocate memory", call: .other("creating or initialising the vCPU"),
      errno: "ENOMEM"),
    Message(
      text: "qemu-system-x86_64: kvm_init_vcpu: kvm_get_vcpu failed (4): Invalid argument",
      call: .other("KVM_CREATE_VCPU"), errno: "EINVAL", architecture: .x86_64),
    // VFIO has devices and groups as well: QEMU
    Message(
      text: "Failed to set iommu for container: Operation not permitted", call: .other("a VFIO call"), errno: "EPERM"),
    Message(text: "VFIO_DEVICE_SET_IRQS failure: Invalid argument", call: .other("a VFIO call"), errno: "EINVAL"),
    Message(
      text: "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to get device 0000:01:00.0: "
        + "No such device", call: .other("a VFIO call"), errno: "ENODEV", architecture: .x86_64),
    Message(
      text: "Failed to open /dev/sev 'No such file or directory'", call: .other("open() of /dev/sev"), errno: "ENOENT"),
    // QEMU prints the registers of the vCPU after a failure of KVM_RUN.
    Message(
      text: "error: kvm run failed Device or resource busy\nThis is probably because your SMT is enabled.",
      call: .other("KVM_RUN"), errno: "EBUSY", architecture: .ppc64),
    Message(
      text: "error: kvm run failed Bad address\nNIP c00000000000 LR 0000 CTR 0000 XER 0000", call: .other("KVM_RUN"),
      errno: "EFAULT", architecture: .ppc64),
    Message(
      text: "error: kvm run failed Bad address\nPSW=mask 0000000180000000 addr 0000", call: .other("KVM_RUN"),
      errno: "EFAULT", architecture: .s390x),
    Message(
      text: "error: kvm run failed Function not implemented\n PC=ffff800010 X00=0000 X01=1\nPSTATE=600003c5",
      call: .other("KVM_RUN"), errno: "ENOSYS", architecture: .arm64),
    // cloud-hypervisor
    Message(
      text: "Could not set the vCPU state SetSpecialRegs(Invalid argument (os error 22))",
      call: .other("KVM_SET_SREGS"),
      errno: "EINVAL"),
    Message(
      text: "Failed to set TSC frequency: Invalid argument (os error 22)", call: .other("KVM_SET_TSC_KHZ"),
      errno: "EINVAL"),
    Message(text: "SetVcpuEvents(Invalid argument)", call: .other("KVM_SET_VCPU_EVENTS"), errno: "EINVAL"),
    Message(
      text: "Failed to get preferred target: Invalid argument (os error 22)", call: .other("KVM_ARM_PREFERRED_TARGET"),
      errno: "EINVAL"),
    // firecracker
    Message(
      text: "Error creating the Kvm object: Error(13)", call: .other("open() of /dev/kvm"), errno: "EACCES"),
    Message(text: "Cannot create VMM.: Kvm(Error(2))", call: .other("open() of /dev/kvm"), errno: "ENOENT"),
    Message(
      text: "Failed to register IO event: File exists (os error 17)", call: .other("KVM_IOEVENTFD"), errno: "EEXIST"),
    Message(
      text: "Failed to set KVM vcpu xsave: Invalid argument", call: .other("KVM_SET_XSAVE"), errno: "EINVAL"),
    Message(
      text: "Failed to get KVM vm pit state: No such device or address", call: .other("KVM_GET_PIT2"), errno: "ENXIO"),
    // kvmtool
    Message(
      text: "  Error: Failed to register 4096 bytes of memory at physical address 0x80000000 [err -17]",
      call: .other("KVM_SET_USER_MEMORY_REGION"), errno: "EEXIST"),
    Message(
      text: "'/dev/kvm' not found. Please make sure your kernel has KVM", call: .other("open() of /dev/kvm")),
    // strace
    Message(
      text: "openat(AT_FDCWD, \"/dev/kvm\", O_RDWR|O_CLOEXEC) = -1 EACCES (Permission denied)",
      call: .other("open() of /dev/kvm"), errno: "EACCES"),
    // An error of Rust in its long form; the code of an exit is no errno.
    Message(
      text: "Error(CreateVcpu(\n    Os {\n        code: 17,\n        kind: AlreadyExists,",
      call: .other("KVM_CREATE_VCPU"),
      errno: "EEXIST"),
    Message(text: "kvm run failed: exit code: 1", call: .other("KVM_RUN")),
    // crosvm
    Message(
      text: "failed to create IRQ chip: failed to create VGIC device: No such device (os error 19)",
      call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
    // QEMU
    Message(text: "kvm_set_irq: Operation not permitted", call: .other("KVM_IRQ_LINE"), errno: "EPERM"),
    Message(
      text: "Failed to allocate KVM HPT of order 26 (try smaller maxmem?): Cannot allocate memory",
      call: .other("KVM_PPC_ALLOCATE_HTAB"), errno: "ENOMEM"),
    // A VMM is not a VM: firecracker
    Message(text: "Cannot create VMM: Missing KVM capability: Irqchip", call: .other("KVM_CHECK_EXTENSION")),
    // Assertions of the kernel's selftests: the errno in the condition is the one that the test expects.
    Message(text: "vgic_init.c:575: ret && errno == EEXIST\n  pid=897 tid=897 errno=0 - Success"),
    Message(
      text: "vgic_init.c:575: ret && errno == EEXIST\n  pid=897 tid=897 errno=22 - Invalid argument", errno: "EINVAL"),
    Message(text: "guest_memfd_test.c:95: ret == -1 && errno == 22"),
    // firecracker: 'not supported' is not the text of the errno.
    Message(
      text: "KVM not supported: open /dev/kvm: no such file or directory", call: .other("open() of /dev/kvm"),
      errno: "ENOENT"),
    // Numbers as QEMU, kvmtool and the selftests print them
    Message(text: "KVM_CREATE_VCPU failed (-17)", call: .other("KVM_CREATE_VCPU"), errno: "EEXIST"),
    Message(
      text: "KVM_SET_USER_MEMORY_REGION IOCTL rc: -22", call: .other("KVM_SET_USER_MEMORY_REGION"), errno: "EINVAL"),
    Message(text: "KVM_CREATE_VCPU [err -17]", call: .other("KVM_CREATE_VCPU"), errno: "EEXIST"),
    Message(text: "KVM_CREATE_VCPU ret = -16", call: .other("KVM_CREATE_VCPU"), errno: "EBUSY"),
    Message(text: "flic: KVM_GET_DEVICE_ATTR rc=-6", call: .attribute(.get), errno: "ENXIO"),
    Message(text: "KVM_RUN: -EAGAIN", call: .other("KVM_RUN"), errno: "EAGAIN"),
    // Colours, line breaks and other languages
    Message(
      text: "KVM_SET_DEVICE_ATTR failed: Group\u{1B}[0m \u{1B}[1;32m4\u{1B}[0m attr \u{1B}[1m0x1: Permission denied",
      call: .attribute(.set), group: 4, attr: 1, errno: "EACCES"),
    Message(
      text: "KVM_SET_DEVICE_ATTR failed: Group 4\nattr 0x1: Permission denied", call: .attribute(.set), group: 4,
      attr: 1,
      errno: "EACCES"),
    Message(
      text: "KVM_SET_DEVICE_ATTR İ: Group 4 attr 0x1: Geçersiz argüman", call: .attribute(.set), group: 4, attr: 1),
    Message(text: "failed to create PMU device attr: ENXIO", call: .attribute(nil), errno: "ENXIO"),
    Message(text: "device_fd.set_device_attr(&dist_attr) returns EINVAL", call: .attribute(.set), errno: "EINVAL"),
    // VFIO and drivers of the host, whose verbs and parts are KVM's too: QEMU, Linux
    Message(
      text: "vfio_region_write(0000:01:00.0:region1+0x408, 0x0,1) failed: Device or resource busy",
      call: .other("a VFIO call"), errno: "EBUSY"),
    Message(
      text: "vfio_region_read(0000:01:00.0:region1+0x408, 4) failed: Input/output error", call: .other("a VFIO call"),
      errno: "EIO"),
    Message(
      text: "vfio 0000:01:00.0: failed to setup INTx fd: Device or resource busy", call: .other("a VFIO call"),
      errno: "EBUSY"),
    Message(
      text:
        "vfio 0000:01:00.0: failed to add PCI capability 0x11[0x50]@0xb0: table & pba overlap, or they don't fit in "
        + "BARs, or don't align: Invalid argument", call: .other("a VFIO call"), errno: "EINVAL"),
    Message(text: "vfio: Failed to read device config space", call: .other("a VFIO call")),
    Message(
      text: "vfio 0000:01:00.0: failed to setup container for group 15: no available IOMMU models",
      call: .other("a VFIO call")),
    Message(
      text: "vfio 0000:01:00.0: Failed to add group 12 to KVM VFIO device: Invalid argument", call: .attribute(.set),
      errno: "EINVAL"),
    Message(
      text: "-device vfio-pci,host=01:00.0: Failed to create KVM VFIO device: File exists",
      call: .other("KVM_CREATE_DEVICE"), errno: "EEXIST"),
    Message(text: "SEV: Failed to get the platform status", call: .other("a call on /dev/sev")),
    Message(text: "hw perfevents: failed to set PMU irq affinity", call: .other("a driver of the host")),
    Message(
      text: "irq-gic-v3-its: ITS@0x0000000008080000: Unable to set affinity", call: .other("a driver of the host")),
    Message(text: "xive: failed to set up IPI", call: .other("a driver of the host")),
    Message(
      text: "kvm: SMP vm created on host with unstable TSC; guest TSC will not be reliable",
      call: .other("a line of the log")),
    // The end of a name of the kernel's headers is no call of its own.
    Message(text: "KVM_XEN_HVM_SET_ATTR failed: Invalid argument", errno: "EINVAL"),
    Message(text: "KVM_XEN_VCPU_SET_ATTR failed: Invalid argument", errno: "EINVAL"),
    Message(text: "KVM_X86_SET_MSR_FILTER failed: Invalid argument", errno: "EINVAL", architecture: .x86_64),
    Message(text: "KVM_GET_VCPU_MMAP_SIZE failed: Invalid argument", errno: "EINVAL"),
    // The text of musl is English inside a sentence.
    Message(text: "warning: ITS KVM: full reset is not supported by the host kernel"),
    Message(
      text: "unable to set KVM_CAP_IRQCHIP: not supported by the host kernel", call: .other("KVM_CHECK_EXTENSION")),
    Message(text: "KVM_CREATE_VM: Not supported", call: .other("KVM_CREATE_VM"), errno: "EOPNOTSUPP"),
    Message(text: "KVM_CREATE_VM: Not supported\nexit", call: .other("KVM_CREATE_VM"), errno: "EOPNOTSUPP"),
    // The number is that of an attribute of memory.
    Message(
      text: "failed to set memory (0x0+0x80000000) with attr 0x8 error 'Invalid argument'",
      call: .other("KVM_SET_MEMORY_ATTRIBUTES"), errno: "EINVAL"),
    // More words: rust-vmm, QEMU on ppc64, s390x, x86_64 and riscv64, cloud-hypervisor, crosvm, Linux
    Message(
      text: "Kvm error: Error creating KVM object: No such device (os error 19)", call: .other("open() of /dev/kvm"),
      errno: "ENODEV"),
    Message(
      text: "KVM: Failed to create TCE table for liobn 0x71000000", call: .other("KVM_CREATE_SPAPR_TCE_64")),
    Message(text: "KVM: Error configuring the CPU model: -16", call: .attribute(.set), errno: "EBUSY"),
    Message(text: "KVM: Error configuring CPU subfunctions: -16", call: .attribute(.set), errno: "EBUSY"),
    Message(text: "KVM: Error configuring CPU UV features -14", call: .attribute(.set), errno: "EFAULT"),
    Message(text: "Detected faulty MSR 0x4b564d02 while setting MSRs", call: .other("KVM_SET_MSRS")),
    Message(
      text: "failed to protect vm: Invalid argument", call: .other("KVM_CAP_ARM_PROTECTED_VM"), errno: "EINVAL"),
    Message(text: "vcpu hit unknown error: Bad address", call: .other("KVM_RUN"), errno: "EFAULT"),
    Message(
      text: "kvm [1834]: VGIC redist and dist frames overlap", call: .other("vcpu.run.gicv3-overlap:EINVAL"),
      architecture: .arm64),
    // libkrun
    Message(
      text: "Cannot set memory region attributes: Inappropriate ioctl for device (os error 25)",
      call: .other("KVM_SET_MEMORY_ATTRIBUTES"), errno: "ENOTTY"),
    Message(
      text: "Cannot create KVM in-kernel IrqChip: Error(17)", call: .other("KVM_CREATE_IRQCHIP"), errno: "EEXIST"),
    Message(
      text: "Cannot open the VCPU file descriptor: File exists (os error 17)", call: .other("KVM_CREATE_VCPU"),
      errno: "EEXIST"),
    Message(
      text: "Cannot read CPUID entries from KVM: Argument list too long (os error 7)",
      call: .other("KVM_GET_SUPPORTED_CPUID"), errno: "E2BIG"),
    Message(
      text: "Error configuring the general purpose riscv64 registers: SetCoreRegister(Error(2))",
      call: .other("KVM_SET_ONE_REG"), errno: "ENOENT", architecture: .riscv64),
    // stratovirt
    Message(
      text: "Failed to get virtual timer count: No such file or directory (os error 2)",
      call: .other("KVM_GET_ONE_REG"), errno: "ENOENT"),
    Message(text: "Failed to set virtual timer count: EINVAL", call: .other("KVM_SET_ONE_REG"), errno: "EINVAL"),
    Message(text: "Failed to set cpreg for CPU 3", call: .other("KVM_SET_ONE_REG"), architecture: .arm64),
    Message(text: "Failed to set core register for CPU 1", call: .other("KVM_SET_ONE_REG")),
    // QEMU on ppc64: the state of the XICS, of a vCPU and of its sources
    Message(
      text: "Unable to retrieve KVM interrupt controller state for CPU 0: No such device or address",
      call: .other("KVM_GET_ONE_REG"), errno: "ENXIO"),
    Message(
      text: "Unable to restore KVM interrupt controller state (0x1f) for CPU 0: No such device or address",
      call: .other("KVM_SET_ONE_REG"), errno: "ENXIO"),
    Message(
      text: "Unable to retrieve KVM interrupt controller state for IRQ 4610: No such device or address",
      call: .attribute(.get), errno: "ENXIO"),
    Message(
      text: "Unable to restore KVM interrupt controller state (0x1f) for IRQs 4096: Invalid argument",
      call: .attribute(.set), errno: "EINVAL"),
    Message(
      text: "XIVE: unable to set memory mapping: Invalid argument", call: .other("mmap() of a device"),
      errno: "EINVAL"),
    // QEMU on s390x
    Message(
      text: "KVM PV command 2 (KVM_PV_SET_SEC_PARMS) failed: header rc 0 rrc 0 IOCTL rc: -22",
      call: .other("KVM_S390_PV_COMMAND"), errno: "EINVAL"),
    Message(
      text: "qemu-system-s390x: CPU reset failed on CPU 0 type aec4", call: .other("KVM_S390_INITIAL_RESET"),
      architecture: .s390x),
    // kvmtool. 'Not supported' is not the text of musl here.
    Message(
      text: "KVM_SET_ONE_REG failed (KVM_ARM64_SVE_VLS): Operation not permitted", call: .other("KVM_SET_ONE_REG"),
      errno: "EPERM", architecture: .arm64),
    Message(
      text: "KVM_SET_ONE_REG failed (sbi_ext 3)", call: .other("KVM_SET_ONE_REG"), architecture: .riscv64),
    Message(text: "  Fatal: PMUv3 is not supported", call: .other("KVM_CHECK_EXTENSION")),
    Message(text: "Failed to add IOMMU group 12 to VFIO container", call: .other("a VFIO call")),
    Message(text: "Unable to configure requested vcpu features", call: .other("KVM_ARM_VCPU_FINALIZE")),
    // crosvm
    Message(
      text: "failed to set up sregs: Invalid argument (os error 22)", call: .other("KVM_SET_SREGS"), errno: "EINVAL"),
    Message(
      text: "error reading CPU register: No such file or directory (os error 2)", call: .other("KVM_GET_ONE_REG"),
      errno: "ENOENT"),
    Message(
      text: "failed to set IOAPIC state: Invalid argument (os error 22)", call: .other("KVM_SET_IRQCHIP"),
      errno: "EINVAL"),
    // firecracker and cloud-hypervisor
    Message(
      text: "Failed to get KVM's dirty log: No such file or directory (os error 2)", call: .other("KVM_GET_DIRTY_LOG"),
      errno: "ENOENT"),
    Message(text: "Failed to set multiprocessor state: EINVAL", call: .other("KVM_SET_MP_STATE"), errno: "EINVAL"),
    Message(text: "Failed to set Extended Control Registers", call: .other("KVM_SET_XCRS")),
    Message(text: "Failed to set Saved Processor Extended States", call: .other("KVM_SET_XSAVE")),
    Message(text: "Failed to notify guest its clock was paused", call: .other("KVM_KVMCLOCK_CTRL")),
    Message(text: "Failed to inject NMI", call: .other("KVM_NMI")),
    // Lines of the kernel's log
    Message(text: "kvm [1]: Error, CPU 0 not supported!", call: .other("the start of KVM")),
    Message(text: "kvm [1]: HYP mode not available", call: .other("the start of KVM")),
    Message(text: "kvm_intel: VMX not supported by CPU 0", call: .other("the start of KVM")),
    Message(
      text: "kvm_intel: VMX not enabled (by BIOS) in MSR_IA32_FEAT_CTL on CPU 0", call: .other("the start of KVM")),
    Message(text: "kvm_amd: SVM disabled (by BIOS) in MSR_VM_CR on CPU 0", call: .other("the start of KVM")),
    Message(text: "kvm: disabled by bios", call: .other("the start of KVM")),
    Message(
      text: "kvm [1234]: Unsupported guest sys_reg access at: ffff80001000 [600003c5]",
      call: .other("an access of the guest")),
    Message(
      text: "kvm [1234]: vcpu0, guest rIP: 0xffffffff810 ignored wrmsr: 0x140 data 0x0",
      call: .other("an access of the guest")),
    Message(
      text: "kvm [1500]: vcpu0, guest rIP: 0xffffffff8106f8c2 unhandled rdmsr: 0x34",
      call: .other("an access of the guest")),
    Message(
      text: "kvm [77]: Data abort outside memslots with no valid syndrome info", call: .other("KVM_RUN")),
    Message(text: "ccp 0000:43:00.1: SEV-SNP: failed to INIT error 0x3", call: .other("a driver of the host")),
    // What programs check themselves: QEMU
    Message(
      text: "qemu-system-aarch64: -accel kvm: Addressing limited to 36 bits, but memory exceeds it by 1073741824 bytes",
      call: .other("the limit of guest addresses"), architecture: .arm64),
    Message(
      text: "host doesn't support requested feature: CPUID.01H:ECX.pcid [bit 17]",
      call: .other("the features of the processor")),
    Message(
      text: "/qemu/exec.c:936: cpu_address_space_init: Assertion `asidx == 0 || !kvm_enabled()' failed",
      call: .other("the address spaces of QEMU")),
    Message(text: "KVM internal error. Suberror: 1", call: .other("KVM_EXIT_INTERNAL_ERROR")),
    Message(text: "KVM: Error configuring CPU model: -22", call: .attribute(.set), errno: "EINVAL"),
    Message(text: "  Fatal: Unable to find matching target", call: .other("KVM_ARM_VCPU_INIT")),
    // The report of a selftest, whose errno comes before the call
    Message(
      text: """
        # ==== Test Assertion Failure ====
        #   lib/kvm_util.c:666: false
        #   pid=4528 tid=4528 errno=5 - Input/output error
        #      1        0x0000000000404eb7: __vm_mem_region_delete at kvm_util.c:666
        """, call: .other("KVM_SET_USER_MEMORY_REGION"), errno: "EIO"),
    // The name of a test of Rust is no call.
    Message(
      text: "thread 'ioctls::device::tests::test_create_device' panicked at 'assertion failed: `(left == right)`\n"
        + "left: `22`, right: `25`', src/ioctls/device.rs:143:9"),
    // The numbers of calls
    Message(
      text: "ioctl(7, 0x4018aee1, 0x7ffc0a3b8f10) = -1 EINVAL (Invalid argument)", call: .attribute(.set),
      errno: "EINVAL"),
    Message(
      text: "ioctl(7, 0xc00caee0, 0x7ffc0a3b8f10) = -1 ENODEV", call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
    Message(
      text: "SEV: Failed to update RMP entry: GFN 100 PFN 200 error -5", call: .other("an error inside the kernel"),
      errno: "EIO"),
    Message(
      text: "kvm: pmu event creation failed -2", call: .other("an error inside the kernel"), errno: "ENOENT"),
    Message(
      text: "kvm [7]: kvm_pch_pic_set_attr: unknown group (1073741830) attr (3)", call: .attribute(.set),
      group: 0x4000_0006, attr: 3, architecture: .loongarch64),
    // A selftest prints what ioctl() returned.
    Message(
      text: "KVM_GET_DEVICE_ATTR(0, KVM_X86_XCOMP_GUEST_SUPP) error: -1", call: .attribute(.get),
      architecture: .x86_64),
  ]

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

  /// Conditions name the commands.
  @Test func conditionsHaveTheNamesOfValues() {
    guard case .page(let page) = explainerOfBuiltInSchemas.explain("x86_64/vm.sev:EBADF") else {
      Issue.record("there is no page")
      return
    }
    #expect(page.contains("arg.id is launch-finish or guest-status"), "\(page)")
    #expect(!page.contains("arg.id =="), "\(page)")
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

  /// The schemas name some calls by what they do.
  @Test func callsHaveTheirNamesInTheHeaders() {
    #expect(explainerOfBuiltInSchemas.pageText("arm64/vcpu.init").contains("KVM_ARM_VCPU_INIT"))
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

  @Test func failingLineOfALongLogCounts() {
    let noise = (0..<500).map { "2024-05-01T10:00:00.\($0) [main] src/device.rs:\($0): read 512 bytes: Bad address" }
    let failure = "Failed to set device attribute: Group 4 attr 1: Invalid argument"
    let complaint = Complaint((noise + [failure] + noise).joined(separator: "\n"), builtIn)
    #expect(complaint.call == .attribute(.set) && complaint.group == 4 && complaint.errno == Errno(name: "EINVAL"))
  }

  @Test func unknownConstantIsNotGuessed() {
    let message = "KVM_NO_SUCH_CALL ioctl: failed to set: Invalid argument"
    #expect(
      explainerOfBuiltInSchemas.explain(message: message)
        == .unknown(
          "the schemas do not describe KVM_NO_SUCH_CALL, and the message names no other call; "
            + "if it is a call, it is not one on a device attribute"))
  }

  /// A log of strace has many calls that succeeded.
  @Test func failingLineOfALogCounts() {
    let complaint = Complaint(
      """
      ioctl(3, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) = 1
      ioctl(4, KVM_CREATE_VCPU, 0) = 5
      ioctl(4, KVM_CREATE_VCPU, 0) = -1 EEXIST (File exists)
      """, builtIn)
    #expect(complaint.call == .other("KVM_CREATE_VCPU") && complaint.errno == Errno(name: "EEXIST"))
  }

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
      let own = file.capabilities.map(\.name) + file.requests.map(\.name) + DescriptorCall.allCases.map(\.rawValue)
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

  private let builtIn = [catalogue([])].messages

  @Test(arguments: messages)
  func messageIsRead(_ message: Message) {
    let complaint = Complaint(message.text, builtIn)
    #expect(complaint.call ?? complaint.verb == message.call)
    #expect(complaint.group == message.group)
    #expect(complaint.attr == message.attr)
    #expect(complaint.errno?.description == message.errno)
    #expect(complaint.architecture == message.architecture)
  }

  @Test func namesAreNotTakenForMessages() {
    for name in ["arm-vgic-v3.addr.dist", "vfio.create:EBUSY", "KVM_DEV_TYPE_VFIO", "arm64/vcpu.pmu-v3.irq"] {
      #expect(!Complaint.isMessage(name))
    }
    #expect(Complaint.isMessage("Group 3 attr 0: Invalid argument"))
    #expect(Complaint.isMessage("DeviceAttribute(Error(9),false,5)"))
  }

  /// Any text is read to its end.
  @Test func strangeTextsAreRead() {
    for text in [
      "", " ", "\n\n", "group attr", "group: attr:", "attr 0x", "attr 99999999999999999999999999",
      "group 4294967296 attr 1",
      "errno: 0", "os error -22 attr 1", "ĀĀ attr 5 group 2", String(repeating: "attr ", count: 10_000),
    ] {
      _ = Complaint(text, builtIn)
    }
    #expect(Complaint("os error -22 attr 1", builtIn).errno == Errno(name: "EINVAL"))
    #expect(Complaint("group 4294967296 attr 1", builtIn).group == nil)
  }

  /// The words of added files count before the built-in ones, whichever architecture they are for, in any case.
  @Test func addedMessages() {
    let text =
      "common: mine\narch: [riscv64]\nmessages: {calls: {createirqrouter: KVM_CREATE_IRQCHIP}, groups: {'Table #': get}, errnos: [Status]}\n"
    let added = SchemaSource(path: "common/mine.yaml", file: SourceFile(path: "mine.yaml", bytes: Array(text.utf8)))
    let messages = [Architecture.arm64, .riscv64].map {
      catalogue(SchemaSource.builtIn + [added], architecture: $0)
    }.messages
    #expect(messages.calls.count == builtIn.calls.count + 1)
    let complaint = Complaint("CreateIrqRouter: status 16", messages)
    #expect(complaint.call == .other("KVM_CREATE_IRQCHIP"))
    #expect(complaint.errno == Errno(name: "EBUSY"))
    let grouped = Complaint("Table #5, attr 1, Status=9", messages)
    #expect(grouped.call == .attribute(.get) && grouped.group == 5 && grouped.errno == Errno(name: "EBADF"))
    #expect(Complaint("kvm run: os error 14", messages) == Complaint("kvm run: os error 14", builtIn))
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
