import DeviceManifest
import DeviceSchema
import TextOutput
import Vocabulary

/// `steps:` of one architecture's manifests.
struct StepSchema {
  let machine: MachineSchema
  private var definitions: Definitions { machine.definitions }
  private var scalars: Scalars { Scalars(definitions: definitions) }
  private var architecture: Architecture { machine.catalogue.architecture }

  /// The verbs of steps, with descriptions.
  static let verbs: [(name: String, doc: String)] = [
    ("create-vm", "KVM_CREATE_VM with its arguments; the first step, if nothing is declared"),
    ("add-memory", "KVM_SET_USER_MEMORY_REGION of fresh memory"),
    ("enable-capability", "KVM_ENABLE_CAP on the VM, or on a vCPU"),
    ("create-irqchip", "KVM_CREATE_IRQCHIP"),
    ("check-extension", "KVM_CHECK_EXTENSION of a capability; 0 counts as ENXIO"),
    ("create-vcpu", "KVM_CREATE_VCPU"),
    ("init-vcpu", "the architecture's initialisation of a vCPU"),
    ("test", "KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST; creates nothing"),
    ("create", "KVM_CREATE_DEVICE"),
    ("close", "closes the device's descriptor"),
    ("set", "KVM_SET_DEVICE_ATTR: DEVICE.GROUP.ATTRIBUTE, vm.…, vcpu.ID.… or system.…"),
    ("get", "KVM_GET_DEVICE_ATTR: DEVICE.GROUP.ATTRIBUTE, vm.…, vcpu.ID.… or system.…"),
    ("has", "KVM_HAS_DEVICE_ATTR: DEVICE.GROUP.ATTRIBUTE, vm.…, vcpu.ID.… or system.…"),
    ("run", "KVM_RUN with immediate_exit; EINTR means that all checks passed, and counts as ok"),
  ]

  /// The keys beside the verb, for completion. The verb decides which of them a step has.
  private static let companions: [(name: String, doc: String)] = [
    ("on", "the vCPU on which to enable the capability: vcpu.ID"),
    ("features", "the features that the vCPU is initialised with"),
    ("as", "the device's name; by default the type's"), ("flags", "flags of the call"),
    ("value", "the value to set, or the value that must be read"),
    ("input", "the contents of a get's buffer before the call"),
    ("address", "'invalid' passes a bad pointer"), ("group", "the group's number, without a schema"),
    ("attr", "the attribute's number, without a schema"), ("payload", "the bytes of a call by number"),
  ]

  var steps: JSON {
    definitions.reference("\(architecture.rawValue).steps") {
      ["type": ["array", "null"], "items": step, "description": "the calls written out, in order"]
    }
  }

  private var step: JSON {
    definitions.reference("\(architecture.rawValue).step") {
      let properties =
        (Self.verbs + Self.companions + requests.map { ($0.call.name, $0.call.doc ?? $0.call.constant) })
        .map { ($0.name, JSON.anything.described($0.doc)) } + [
          ("expect", expect), ("for", repetition),
        ]
      let bodies =
        Self.verbs.map { JSON.when(.has($0.name), then: body(of: $0.name)) }
        + requests.map { JSON.when(.has($0.call.name), then: body(of: $0.call, $0.file)) }
      return JSON([
        ("type", "object"), ("properties", JSON(properties)),

        ("anyOf", .array((Self.verbs.map(\.name) + requests.map(\.call.name)).map { .has($0) })),
        ("allOf", .array(bodies)),
      ])
    }
  }

  private var requests: [(file: SchemaFile, call: RequestSchema)] { machine.catalogue.requests }

  private func body(of call: RequestSchema, _ file: SchemaFile) -> JSON {
    let type = PayloadSchema(definitions: definitions, isStep: true).schema(call.type)
    let value = JSON.any(of: [type, ["type": "null"]]).described(call.doc ?? call.constant)
    let needsTarget = !file.isRequestedOnVM && file.subject != .system
    return .mapping(
      [
        (call.name, value), ("expect", expect), ("for", repetition),
        ("on", scalars.text.described("the descriptor that the call is made on")),
        ("address", .any(of: [.oneOf(["invalid"]), scalars.expression])),
      ] + (call.isWritten ? [("value", type)] : [])
        + (call.makesDescriptor
          ? [("as", machine.deviceName)]
          : call.isWritten ? [("as", scalars.text.described("keeps the value for later steps, as ${NAME}"))] : []),
      required: needsTarget ? ["on"] : [])
  }

  private var repetition: JSON {
    definitions.reference("for") {
      JSON.text(matching: "^[A-Za-z_][A-Za-z0-9_]* in ", "NAME in LIST: repeats the step, with ${NAME} replaced")
    }
  }

  private var expect: JSON {
    definitions.reference("expect") {
      let answer = JSON.any(of: [
        definitions.words(["ok"] + Errno.allNames), scalars.unsigned(32), scalars.expression,
      ])
      return .any(of: [answer, .list(of: answer)]).described("the expected outcome, or a list of them")
    }
  }

  /// The keys of a step other than an attribute step.
  private func only(_ verb: String, _ subject: JSON, _ extra: [(String, JSON)] = [], required: [String] = []) -> JSON {
    .mapping([(verb, subject), ("expect", expect), ("for", repetition)] + extra, required: required)
  }

  private func body(of verb: String) -> JSON {
    let flags = ("flags", scalars.unsigned(32))
    switch verb {
    case "create-vm": return only(verb, .mapping(machine.createArguments, orNothing: true))
    case "add-memory": return only(verb, machine.region(isStep: true))
    case "enable-capability": return capability(verb)
    case "create-irqchip": return only(verb, .anything)
    case "check-extension": return only(verb, scalars.unsigned(32))
    case "init-vcpu":
      return machine.catalogue.vcpu?.hasVCPUInit != true
        ? ["properties": JSON([(verb, false)])]
        : only(verb, scalars.unsigned(64), [("features", machine.features)])
    case "test": return only(verb, machine.type, [flags])
    case "create": return only(verb, machine.type, [("as", machine.deviceName), flags])
    case "close": return only(verb, scalars.text)
    case "set": return attribute(.set)
    case "get": return attribute(.get)
    case "has": return attribute(.has)
    default: return only(verb, scalars.unsigned(64))
    }
  }

  private func capability(_ verb: String) -> JSON {
    func bodies(_ known: [Capability], _ extra: [(String, JSON)]) -> JSON {
      .any(
        of: known.map { capability in
          only(
            verb, .word(capability.name, capability.words), machine.arguments(of: capability) + extra,
            required: capability.parameters.filter(\.isDevice).map(\.name))
        } + [["properties": JSON([(verb, scalars.expression)])]])
    }
    let on = JSON.any(of: [.text(matching: "^vcpu\\.\\+?[0-9]+(?:\\.|$)", "vcpu.ID"), scalars.expression])
    return .when(
      .has("on"), then: bodies(machine.catalogue.capabilities(onVCPU: true), [("on", on)]),
      otherwise: bodies(machine.catalogue.capabilities(onVCPU: false), []))
  }

  // MARK: Attributes

  private func attribute(_ access: AttributeAccess) -> JSON {
    let verb = access.rawValue
    func path(_ pattern: String) -> JSON {
      ["properties": JSON([(verb, JSON.text(matching: pattern))])]
    }
    let catalogue = machine.catalogue
    let devices = catalogue.files.filter { $0.deviceType != nil }
    let targets: [(pattern: String, start: String, files: [SchemaFile])] = [
      ("^vm(?:\\.|$)", "vm", [catalogue.vm].compactMap { $0 }),
      ("^system(?:\\.|$)", "system", [catalogue.system].compactMap { $0 }),
      ("^vcpu(?:\\.|$)", "vcpu\\.\\+?[0-9]+", [catalogue.vcpu].compactMap { $0 }),
    ]
    var chain = paths(access, start: "[^.]+", devices)
    for target in targets {
      chain = .when(path(target.pattern), then: paths(access, start: target.start, target.files), otherwise: chain)
    }
    return .when(path("\\$\\{"), then: .anything, otherwise: chain)
  }

  /// The schema of steps on one kind of descriptor: a body for each path, or a call by number.
  private func paths(_ access: AttributeAccess, start: String, _ files: [SchemaFile]) -> JSON {
    let verb = access.rawValue
    var bodies: [(path: String, alternatives: [JSON])] = []
    for file in files {
      for group in file.groups {
        for attribute in group.attributes {
          let path = attribute.path
          let body = body(access, attribute, group, file)
          if let i = bodies.firstIndex(where: { $0.path == path }) {
            bodies[i].alternatives.append(body)
          } else {
            bodies.append((path, [body]))
          }
        }
      }
    }
    func subject(_ paths: [String]) -> JSON {
      [
        "properties": JSON([
          (
            verb,
            .text(
              matching: "^\(start)\\.\(paths.alternatives)$", "a path: DEVICE.GROUP.ATTRIBUTE, as its schema names them"
            )
          )
        ])
      ]
    }
    let known = bodies.isEmpty ? JSON(false) : subject(bodies.map(\.path))
    let named = JSON.all(of: [known] + bodies.map { .when(subject([$0.path]), then: .any(of: $0.alternatives)) })
    return .when(
      .any(of: [.has("group"), .has("attr")]),
      then: numbers(access, start: start, groups: files.flatMap(\.groupNames).unique),
      otherwise: named)
  }

  private func body(
    _ access: AttributeAccess, _ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile
  ) -> JSON {
    let path = "\(file.name).\(attribute.path)"
    return definitions.reference("\(architecture.rawValue).\(access.rawValue).\(path)") {
      let keys = attribute.keyFields
      var members: [(String, JSON)] = [
        (access.rawValue, JSON.anything.described(attribute.words(in: group, file))), ("expect", expect),
        ("for", repetition),
        ("flags", scalars.unsigned(32)),
      ]
      members += keys.map { ($0.name, scalars.key($0)) }
      members.append(("address", .any(of: [.oneOf(["invalid"]), scalars.expression])))
      let types = group.payloadTypes(of: attribute)
      let payload = JSON.any(of: types.map { PayloadSchema(definitions: definitions, isStep: true).schema($0) })
      let isEmpty = types.contains(where: \.isNone)
      switch access {
      case .has: break
      case .set: members.append(("value", payload))
      case .get:
        let value = isEmpty ? JSON.anything : .any(of: [payload, ["type": "null"]])
        members += [
          ("value", value), ("input", isEmpty ? .anything : payload),
          ("as", scalars.text.described("keeps the value that is read for later steps, as ${NAME}")),
        ]
      }
      let required = keys.filter { $0.initial == nil }.map(\.name)
      let shape = JSON.mapping(members, required: required)
      guard access == .set, !isEmpty, case .object(let all) = shape else { return shape }
      return JSON(all + [("anyOf", [.has("value"), .has("address")])])
    }
  }

  /// `{set: gic, group: 99, attr: 0, payload: {u64: 0}}`, or the same with the group in the path.
  private func numbers(_ access: AttributeAccess, start: String, groups: [String]) -> JSON {
    func shape(_ path: String, required: [String]) -> JSON {
      .mapping(
        [
          (access.rawValue, .text(matching: path, "a device, or a group of it: DEVICE.GROUP")),
          ("group", scalars.unsigned(32)), ("attr", scalars.unsigned(64)), ("flags", scalars.unsigned(32)),
          ("payload", PayloadSchema(definitions: definitions, isStep: true).raw()),
          ("address", .any(of: [.oneOf(["invalid"]), scalars.expression])), ("expect", expect), ("for", repetition),
        ], required: required)
    }
    let whole = shape("^\(start)$", required: ["group", "attr"])
    if groups.isEmpty { return whole }
    return .any(of: [whole, shape("^\(start)\\.\(groups.alternatives)(?:\\.|$)", required: ["attr"])])
  }
}
