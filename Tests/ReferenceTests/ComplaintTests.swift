import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing
import Vocabulary

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
    // The number of the vCPU is between the words.
    Message(
      text: "vcpu 0 run failed: Exec format error (os error 8)", call: .other("KVM_RUN"), errno: "ENOEXEC"),
    Message(
      text: "Error: Vm(VmCreateGIC(CreateGIC(Error(19))))", call: .other("KVM_CREATE_DEVICE"), errno: "ENODEV"),
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

  @Test func failingLineOfALongLogCounts() {
    let noise = (0..<500).map { "2024-05-01T10:00:00.\($0) [main] src/device.rs:\($0): read 512 bytes: Bad address" }
    let failure = "Failed to set device attribute: Group 4 attr 1: Invalid argument"
    let complaint = Complaint((noise + [failure] + noise).joined(separator: "\n"), builtIn)
    #expect(complaint.call == .attribute(.set) && complaint.group == 4 && complaint.errno == Errno(name: "EINVAL"))
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
}
