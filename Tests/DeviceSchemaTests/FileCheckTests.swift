import TestSupport
import Testing

@Suite struct FileCheckTests {
  @Test func validSchemaHasNoFaults() {
    expectFaults(in: thing(control))
  }

  @Test func unknownKeyIsReported() {
    expectFaults(
      in: thing(control, head: "number: 3\n1️⃣tsets: []"),
      .init("1️⃣", "schema-unknown-key", "a schema has no key 'tsets'; did you mean 'tests'?"))
  }

  @Test func unknownVersionIsReported() {
    expectFaults(
      in: "schema: 1️⃣3\nnumber: 3\ndoc: a thing\nsources: [x]\n\(control)",
      .init("1️⃣", "schema-version", "this program reads version 2 of the schema language"))
  }

  /// A schema of version 1 is one mistake, however many keys it has that are gone.
  @Test func version1IsReported() {
    expectFaults(
      in: "schema: 1️⃣1\ntype: thing\ndoc: a thing\nreference: [x]\nnumber: 3\n",
      .init(
        "1️⃣", "schema-version",
        "version 1 of the schema language is no longer read; write the schema in version 2, as docs/schema-language.md describes it"
      ))
  }

  /// A file with several types has any name. A second constant of one number is another name.
  @Test func severalTypesShareAFile() {
    let head = "KVM_DEV_TYPE_ONE: 3\nKVM_DEV_TYPE_TWO: 4\nKVM_DEV_TYPE_ZWEI: 4"
    expectFaults(in: thing(control, head: head))
    let catalogue = TestSupport.catalogue(schemaSources(["arm64/thing.yaml": thing(control, head: head)]))
    #expect(catalogue.allDeviceTypes == ["one", "two"])
    #expect(catalogue.files.map(\.constant) == ["KVM_DEV_TYPE_ONE", "KVM_DEV_TYPE_TWO"])
    #expect(catalogue.device(numbered: 4)?.deviceType == "two")
    #expect(catalogue.number(ofType: "two", of: .arm64) == 4)
    #expect(catalogue.number(ofType: "thing", of: .arm64) == nil)
  }

  @Test func missingVersionIsReported() {
    expectFaults(
      in: "1️⃣number: 3\ndoc: a thing\nsources: [x]\n\(control)",
      .init("1️⃣", "schema-version", "a schema needs its version: 'schema: 2'"))
  }

  /// The names vm, vcpu and system belong to the descriptors, which are no device types.
  @Test func numberOfADescriptorIsReported() {
    expectFaults(
      in: "schema: 2\n1️⃣KVM_DEV_TYPE_VM: 3\ndoc: a VM\nsources: [x]\n",
      .init("1️⃣", "schema-file-name", "vm.yaml describes the VM, which is not a device type"), path: "arm64/vm.yaml")
  }

  @Test func folderThatIsNotAnArchitectureIsReported() {
    expectFaults(
      in: "1️⃣schema: 2\n",
      .init(
        "1️⃣", "schema-file-name",
        "'arm46/thing.yaml' is not a valid path for a schema: use ARCH/NAME.yaml or common/NAME.yaml; did you mean 'arm64/'?"
      ),
      path: "arm46/thing.yaml")
  }

  @Test func missingSourcesAreReported() {
    expectFaults(
      in: "1️⃣schema: 2\nnumber: 3\ndoc: a thing\n\(control)",
      .init("1️⃣", "schema-no-sources", "a schema needs 'sources': the kernel files that it describes"))
  }

  @Test func units() {
    let user = control.replacing("payload: u32", with: "payload: {type: u32, unit: slot}")
    func units(_ units: String, _ expected: ExpectedDiagnostic...) {
      for expected in expected { expectFaults(in: thing("units: {\(units)}\n" + user), expected) }
      if expected.isEmpty { expectFaults(in: thing("units: {\(units)}\n" + user)) }
    }
    units("slot: {doc: a slot, dotted: {bus: 8, device: 5, function: 3}}")
    let message = "a unit has 'dotted': its parts with their numbers of bits, at least two and 64 bits in all"
    units("1️⃣slot: {doc: a slot}", .init("1️⃣", "schema-type", message))
    for parts in ["{bus: 8}", "{bus: 60, device: 5}", "{bus: 8, device: x}", "8"] {
      units("slot: {dotted: 1️⃣\(parts)2️⃣}", .init("1️⃣", to: "2️⃣", "schema-type", message))
    }
    units(
      "slot: {dotted: {a: 1, b: 1}}, 1️⃣spare: {dotted: {a: 1, b: 1}}",
      .init("1️⃣", "schema-unused", "nothing uses the unit 'spare'", severity: .warning))
  }

  @Test func unknownUnitIsReported() {
    func unit(_ name: String, _ message: String) {
      expectFaults(
        in: thing(control.replacing("payload: u32", with: "payload: {type: u32, unit: 1️⃣\(name)2️⃣}")),
        .init("1️⃣", to: "2️⃣", "schema-unknown-name", message))
    }
    unit("byte", "there is no unit 'byte'; did you mean 'bytes'?")
    unit("furlong", "there is no unit 'furlong'; declare it under 'units'")
  }

  /// These keys are read from one file; elsewhere they would have no effect.
  @Test func keysOfOneFile() {
    for key in ["describes: v7.2", "missing-attribute: [ENXIO]"] {
      let name = key.prefix { $0 != ":" }
      expectFaults(
        in: thing(control, head: "number: 3\n1️⃣\(name)2️⃣\(key.dropFirst(name.count))"),
        .init("1️⃣", to: "2️⃣", "schema-unknown-key", "a schema has no key '\(name)'"))
    }
  }

  @Test func messages() {
    func common(_ messages: String) -> String {
      "schema: 2\narch: [arm64]\ndoc: messages\nsources: [x]\nmessages: \(messages)\n"
    }
    expectFaults(in: common("{calls: {mycall: set, run2: KVM_RUN}, errnos: [failed]}"), path: "common/mine.yaml")
    for call in ["put", "KVM_SET_GSI_ROUTING"] {
      let message =
        "a call must be set, get, has, attribute, KVM_CREATE_DEVICE, KVM_CREATE_IRQCHIP, KVM_CREATE_VCPU, KVM_CREATE_VM, KVM_ENABLE_CAP, KVM_RUN or KVM_SET_USER_MEMORY_REGION"
      expectFaults(
        in: common("{calls: {mycall: 1️⃣\(call)2️⃣}}"), .init("1️⃣", to: "2️⃣", "schema-type", message),
        path: "common/mine.yaml")
    }
    let call = "a call is letters and digits in lower case"
    for entry in ["1️⃣my-call2️⃣: set", "1️⃣MyCall2️⃣: set"] {
      expectFaults(
        in: common("{calls: {\(entry)}}"), .init("1️⃣", to: "2️⃣", "schema-type", call), path: "common/mine.yaml")
    }
    expectFaults(
      in: common("{groups: {'x': 1️⃣put}}"),
      .init("1️⃣", "schema-type", "'groups' has set, get or has for each text"), path: "common/mine.yaml")
    expectFaults(
      in: common("{last-calls: {1️⃣my-call2️⃣: KVM_RUN}}"), .init("1️⃣", to: "2️⃣", "schema-type", call),
      path: "common/mine.yaml")
    expectFaults(
      in: common("{others: {starting: {calls: {arm65: 1️⃣KVM_RUN2️⃣}}}}"),
      .init("1️⃣", to: "2️⃣", "schema-type", "'calls' has a call for each architecture"), path: "common/mine.yaml")
    expectFaults(
      in: common("{1️⃣errno: [x]}"),
      .init("1️⃣", "schema-unknown-key", "'messages' has no key 'errno'; did you mean 'errnos'?"),
      path: "common/mine.yaml")
  }

  /// The keys and fields of an unknown payload type are not reported, as they may be right.
  @Test func unknownPayloadTypeIsOneFault() {
    for (type, message) in [
      ("1️⃣structure range", "there is no payload type 'structure range'"),
      ("1️⃣u46", "there is no payload type 'u46'; did you mean 'u64'?"),
    ] {
      expectFaults(
        in: thing(
          """
          groups:
            control:
              number: 0
              doc: commands
              attributes:
                start:
                  number: 0
                  doc: starts the thing
                  payload: \(type)
                  set:
                    - read: value
                    - if: value.lines > 3
                      EINVAL: there are three, not ${value.lines}
                  examples:
                    - {value: {lines: 1}}
          """), .init("1️⃣", "schema-payload", message))
    }
  }

  /// Sizes and widths that overflow the program's integers, or that are too large for a payload, are one mistake each.
  @Test(arguments: [
    ("1️⃣'u64[9223372036854775807]'", tooLarge("array")),
    ("1️⃣'u64[-1]'", tooLarge("array")),
    ("1️⃣'u8[9223372036854775808]'", tooLarge("array")),
  ])
  func impossibleSizeIsOneFault(_ payload: String, _ message: String) {
    let group = """
      groups:
        control:
          number: 0
          doc: commands
          attributes:
            start: {number: 0, doc: starts the thing, payload: \(payload), set: [{read: value}], examples: [{value: 1}]}
      """
    expectFaults(in: thing(group), .init("1️⃣", "schema-payload", message))
  }

  /// The members of a struct are as large together as they may be alone.
  @Test(arguments: ["u64[9223372036854775807]", "u64[-1]"]) func impossibleStructIsOneFault(_ member: String) {
    let group = """
      structs:
        thing_range: {x: 1️⃣{type: '\(member)', doc: numbers}}
      groups:
        control:
          number: 0
          doc: commands
          attributes:
            start: {number: 0, doc: starts the thing, payload: struct thing_range, set: [{read: value}], examples: [{value: {x: []}}]}
      """
    expectFaults(in: thing(group), .init("1️⃣", "schema-payload", Self.tooLarge("struct")))
  }

  private static func tooLarge(_ what: String) -> String {
    "the size of this \(what) is negative or more than the 1048576 bytes of a payload"
  }
}
