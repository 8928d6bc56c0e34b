import DevicePlan
import Diagnostics
import PlanSupport
import Reporting
import Testing
import TextOutput

/// Plans as a table, in the notation of strace, and as JSON.
@Suite struct PlanTextTests {
  @Test func straceShowsEveryCall() {
    var steps = everyKind
    steps[9].guardedBy = [Guard(step: 8, ok: true)]
    #expect(
      plan(steps).strace == """
        openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = kvm
        ioctl(kvm, KVM_CREATE_VM, 0x28) = vm
        mmap(NULL, 67108864, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = memory0
        ioctl(vm, KVM_SET_USER_MEMORY_REGION, {slot=0, flags=0, guest_phys_addr=0x40000000, memory_size=67108864, \
        userspace_addr=memory0}) = ?
        ioctl(vm, KVM_ENABLE_CAP, {cap=166, flags=0, args=[0x1, 0x10, 0, 0]}) = ?
        ioctl(vm, KVM_CREATE_IRQCHIP, 0) = ?
        ioctl(vm, KVM_CREATE_VCPU, 3) = vcpu.3
        ioctl(vm, KVM_ARM_PREFERRED_TARGET, {target=?, features=[0, 0, 0, 0, 0, 0, 0]}) = ?
        ioctl(vcpu.3, KVM_ARM_VCPU_INIT, {target=?, features=[0x14, 0, 0, 0, 0, 0, 0]}) = ?
        ioctl(vcpu.3, KVM_ARM_VCPU_FINALIZE, [4]) = ?
        ioctl(vm, KVM_CREATE_DEVICE, {type=7, fd=-1, flags=KVM_CREATE_DEVICE_TEST}) = ?
        ioctl(vm, KVM_CREATE_DEVICE, {type=7, fd=-1 => gic, flags=0}) = ?
        ioctl(gic, KVM_HAS_DEVICE_ATTR, {flags=0, group=0, attr=0x2, addr=NULL}) = ?
        ioctl(gic, KVM_SET_DEVICE_ATTR, {flags=0, group=0, attr=0x2, addr="\\x00\\x10\\x00\\x08\\x00\\x00\\x00\\x00"}) = ? \
        /* only if step 9 is ok */
        ioctl(gic, KVM_GET_DEVICE_ATTR, {flags=0, group=0, attr=0x2, addr="\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"}) = ?
        ioctl(vcpu.3, KVM_SET_DEVICE_ATTR, {flags=0x1, group=0x63, attr=0x10000000000, addr=0x1000}) = ?
        ioctl(vcpu.3, KVM_RUN, 0) = ? /* immediate_exit=1 */
        close(gic) = ?

        """)
  }

  @Test func straceNamesTheFileWhoseDescriptorIsSent() {
    let gpu = PlanFile(name: "gpu", path: "/dev/vfio/12", at: place(1, 1..<2))
    let steps = [
      Step(.createDevice(type: 4, flags: 0), target: .device("vfio"), at: place(1, 1..<2)),
      Step(
        .setAttribute(
          AttributeCall(
            target: .device(0), group: 1, attr: 1,
            data: .bytes([0, 0, 0, 0], slots: [.file(0, offset: 0)]))), target: .device("vfio"),
        attribute: "file.add", value: "gpu", at: place(1, 1..<2)),
    ]
    #expect(
      plan(steps, files: [gpu]).strace == """
        openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = kvm
        openat(AT_FDCWD, "/dev/vfio/12", O_RDWR|O_CLOEXEC) = gpu
        ioctl(vm, KVM_CREATE_DEVICE, {type=4, fd=-1 => vfio, flags=0}) = ?
        ioctl(vfio, KVM_SET_DEVICE_ATTR, {flags=0, group=0x1, attr=0x1, addr=gpu}) = ?

        """)
  }

  @Test func tableShowsCallsPlacesAndRemarks() {
    var steps = [everyKind[0], everyKind[7], everyKind[9]]
    steps[1].expected = [.ok, .errno("ENODEV")]
    steps[2].moved = "after vcpus"
    #expect(
      plan(steps).table == """
        vm.yaml: web-frontend, arm64, 3 steps
        #  call                             group  attr  payload           at            remarks
        1  create vm (ipa-bits: 40)                                        vm.yaml:4:5
        2  create gic (arm-vgic-v3)                                        vm.yaml:4:5   expects ok or ENODEV
        3  set gic.addr.dist = 0x0800_1000  0      2     0010000800000000  vm.yaml:7:15  moved: after vcpus

        """)
  }

  @Test func jsonDescribesEveryStep() {
    let gpu = PlanFile(name: "gpu", path: "/dev/vfio/12", at: place(1, 1..<2))
    var add = everyKind[9]
    add.guardedBy = [Guard(step: 0, ok: false)]
    add.moved = "after vcpus"
    add.comparison = Comparison(bytes: [1], mask: [255])
    add.operation = .setAttribute(
      AttributeCall(
        target: .device(0), group: 1, attr: 1,
        data: .bytes([255, 255, 255, 255], slots: [.file(0, offset: 0)])))
    let capability = Step(
      .enableCapability(92, on: .vcpu(0), flags: 0, arguments: [.device(0), .value(3)]), target: .vcpu(3),
      at: place(4, 5..<6))
    let at = #""at":{"file":"vm.yaml","line":4,"column":5}"#
    let steps = [
      #"{"index":1,"operation":"create-device","target":"gic",\#(at),"type":7,"value":"arm-vgic-v3","expected":["ok"]}"#,
      #"{"index":2,"operation":"enable-capability","target":"vcpu.3",\#(at),"capability":92,"arguments":[{"device":"gic"},3],"expected":["ok"]}"#,
      #"{"index":3,"operation":"set-attribute","target":"gic","attribute":"addr.dist","group":1,"attr":1,"payload":"ffffffff","at":{"file":"vm.yaml","line":7,"column":15},"descriptors":[{"offset":0,"file":"gpu"}],"value":"0x0800_1000","expected":["ok"],"comparison":{"bytes":"01","mask":"ff"},"guards":[{"step":1,"ok":false}],"moved":"after vcpus"}"#,
    ]
    #expect(
      plan([everyKind[7], capability, add], files: [gpu]).json.text()
        == #"{"version":1,"manifest":"vm.yaml","name":"web-frontend","arch":"arm64","#
        + #""files":[{"name":"gpu","path":"/dev/vfio/12","at":{"file":"vm.yaml","line":1,"column":1}}],"#
        + #""steps":[\#(steps.joined(separator: ","))]}"#)
  }
}
