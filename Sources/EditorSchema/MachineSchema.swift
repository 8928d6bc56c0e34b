import DeviceManifest
import DevicePlan
import DeviceSchema
import Expressions
import TextOutput

/// The declarative part of one architecture's manifests: `vm`, `memory`, `vcpus` and `devices`.
struct MachineSchema {
  let definitions: Definitions
  let catalogue: Catalogue
  /// Every device type of every architecture, as `ARCH/NAME`.
  let foreignTypes: [String]
  /// Whether the manifest extends another one, and its mappings and devices are merged with that.
  var isLaidOver = false

  private var scalars: Scalars { Scalars(definitions: definitions) }
  private var mappings: AttributeMappings {
    AttributeMappings(definitions: definitions, architecture: catalogue.architecture, isLaidOver: isLaidOver)
  }
  /// For the entries of a list, which are never merged.
  private var mappingsOfEntries: AttributeMappings {
    AttributeMappings(definitions: definitions, architecture: catalogue.architecture)
  }
  private func reference(_ name: String, _ make: () -> JSON) -> JSON {
    definitions.reference("\(catalogue.architecture.rawValue).\(name)", make)
  }
  private func section(_ name: String, _ make: () -> JSON) -> JSON {
    reference((isLaidOver ? "over." : "") + name, make)
  }

  // MARK: The VM

  var vm: JSON {
    guard let file = catalogue.vm else { return .anything }
    return section("vm-section") {
      .mapping(
        createArguments + [
          ("capabilities", capabilities(onVCPU: false)),
          (
            "irqchip",
            JSON.any(of: [["type": "boolean"], scalars.expression]).described(
              "true: KVM_CREATE_IRQCHIP, before the vCPUs")
          ),
          ("attributes", mappings.attributes(of: file)), ("raw", mappings.raw),
        ], orNothing: true, isLaidOver: isLaidOver
      ).described(file.doc)
    }
  }

  /// The arguments of KVM_CREATE_VM.
  var createArguments: [(String, JSON)] {
    (catalogue.vm?.createArguments ?? []).map { ($0.name, scalars.key($0)) }
  }

  private func capabilities(onVCPU: Bool) -> JSON {
    let known = catalogue.capabilities(onVCPU: onVCPU)
    let long = JSON([
      ("type", "object"), ("minProperties", 1), ("maxProperties", 1),
      (
        "properties",
        JSON(
          known.map { capability in
            let required = capability.parameters.filter(\.isDevice).map(\.name)
            return (
              capability.name,
              JSON.mapping(arguments(of: capability), required: required, orNothing: required.isEmpty)
                .described(capability.words)
            )
          })
      ), ("additionalProperties", false),
    ])
    let items = JSON.any(
      of: known.filter { !$0.parameters.contains(where: \.isDevice) }.map { .word($0.name, $0.words) } + [
        long, scalars.expression,
      ])
    return JSON([("type", ["array", "null"]), ("items", items)]).described("capabilities to enable with KVM_ENABLE_CAP")
  }

  /// The arguments of a capability, by name.
  func arguments(of capability: Capability) -> [(String, JSON)] {
    capability.parameters.map { parameter in
      let value = parameter.isDevice ? JSON.any(of: [scalars.text, scalars.unsigned(64)]) : scalars.unsigned(64)
      return (parameter.name, value.described(parameter.doc))
    }
  }

  var memory: JSON {
    reference("memory") {
      JSON([("type", ["array", "null"]), ("items", region(isStep: false))])
        .described("regions of fresh, empty guest memory")
    }
  }

  func region(isStep: Bool) -> JSON {
    reference(isStep ? "memory-region-of-a-step" : "memory-region") {
      let flags = PayloadSchema(definitions: definitions).schema(
        .integer(IntegerType(size: 4, isSigned: false, description: catalogue.memoryFlags)))
      return .mapping(
        [
          ("at", scalars.unsigned(64).described("its guest physical address")),
          ("size", scalars.unsigned(64).described("in bytes, such as 64MiB")),
          ("slot", scalars.unsigned(32).described("by default its position in the list")),
          ("flags", flags.described(catalogue.memoryFlags.doc)),
        ]
          + (catalogue.descriptorMemory.map { memory in
            isStep
              ? [
                (memory.name, scalars.text.described("the name of a descriptor that '\(memory.call.name)' made")),
                (memory.offsetName, scalars.unsigned(64).described("the offset in it, in bytes")),
              ] : [(memory.name, newMemory(memory))]
          } ?? []),
        required: ["at", "size"])
    }
  }

  /// `true`, or what the call that makes the memory of a region takes besides the size.
  private func newMemory(_ memory: DescriptorMemory) -> JSON {
    let members = PayloadSchema(definitions: definitions, isStep: true).schema(.structure(memory.members))
    return JSON.any(of: [["type": "boolean"], members, scalars.expression]).described(memory.call.doc)
  }

  // MARK: vCPUs

  var vcpus: JSON {
    section("vcpus-section") {
      let each = JSON.mapping(
        [
          ("vcpu", scalars.unsigned(64).described("the vCPU's id")),
          (
            "attributes",
            vcpuAttributes(mappingsOfEntries).described("attributes of this vCPU; they add to those of every vCPU")
          ),
          ("features", features.described("replaces all features")), ("raw", mappings.raw),
        ], required: ["vcpu"])
      let all = JSON.mapping(
        [
          (
            "count",
            scalars.number(0...Int128(Plan.mostVCPUs), named: "vcpu-count").described("the number of vCPUs")
          ),
          ("ids", JSON.list(of: scalars.unsigned(64)).described("the vCPUs' ids, in the order of creation")),
          ("features", features), ("capabilities", capabilities(onVCPU: true)),
          ("attributes", vcpuAttributes(mappings)),
          (
            "each",
            JSON([("type", ["array", "null"]), ("items", each)]).described("settings of single vCPUs")
          ), ("raw", mappings.raw),
        ], orNothing: isLaidOver, isLaidOver: isLaidOver)
      guard !isLaidOver, case .object(let members) = all else { return all.described("the vCPUs") }
      return JSON(members + [("oneOf", [.has("count"), .has("ids")])]).described("the vCPUs")
    }
  }

  private func vcpuAttributes(_ mappings: AttributeMappings) -> JSON {
    catalogue.vcpu.map(mappings.attributes) ?? .anything
  }

  /// Feature names, or bit numbers.
  var features: JSON {
    reference("features") {
      let known = (catalogue.vcpu?.features ?? []).map { feature in
        JSON.word(feature.name, [feature.doc, feature.constant].compactMap { $0 }.joined(separator: "\n\n"))
      }
      let bits: [JSON] = [
        ["type": "integer", "minimum": 0, "maximum": 63], .text(matching: "^0*(?:[0-9]|[1-5][0-9]|6[0-3])$"),
      ]
      let optional = (catalogue.vcpu?.features ?? []).filter { $0.capability != nil }.map(\.name)
      let long: [JSON] =
        optional.isEmpty
        ? []
        : [
          .mapping(
            [
              ("name", .any(of: [.oneOf(optional), scalars.expression])),
              ("optional", scalars.bool.described("left out where the host does not have it")),
            ], required: ["name"])
        ]
      return JSON([("type", ["array", "null"]), ("items", .any(of: known + bits + long + [scalars.expression]))])
        .described("the features that the vCPUs are initialised with")
    }
  }

  // MARK: Devices

  var devices: JSON {
    section("devices") {
      JSON([("type", ["array", "null"]), ("items", device)]).described("in-kernel devices, in creation order")
    }
  }

  private var files: [SchemaFile] { catalogue.files.filter { $0.deviceType != nil } }

  private var device: JSON {
    let type = JSON.any(of: [self.type, .list(of: self.type)])
    let shape = JSON.mapping(
      [
        ("name", deviceName.described("the device's name in paths and reports; by default the type's")),
        ("type", type.described("the device type; a list takes the first that the host has")),
        ("attributes", ["description": "what is set"]),
        ("for", ["type": ["object", "null"], "description": "with alternative types: the attributes of each"]),
        ("optional", scalars.bool.described("skipped if the host does not have the type")),
        ("raw", mappings.raw),
      ], required: ["type"], isLaidOver: isLaidOver)
    guard case .object(let members) = shape else { return shape }
    let typed: [(String, JSON)] = [("allOf", .array(files.map(alternative) + [unknownTypes, untyped]))]
    if !isLaidOver { return JSON(members + typed) }
    let untold = JSON.when(.has("type"), then: JSON(typed), otherwise: ofSomeType)
    return JSON(members + [("allOf", [untold])])
  }

  /// A device whose type is in another file.
  private var ofSomeType: JSON {
    let attributes = files.map { ($0.name, mappings.attributes(of: $0)) }
    let properties: [(String, JSON)] = [
      ("attributes", .any(of: attributes.map(\.1) + [["type": "null"]])),
      ("for", ["properties": JSON(attributes.map { ($0.0, $0.1.orNull) })]),
    ]
    return .all(of: [["properties": JSON(properties)], unknownTypes])
  }

  /// A device's name in a manifest.
  var deviceName: JSON {
    definitions.reference("device-name") {
      .any(of: [
        .all(of: [
          .text(matching: "^[^.]+$", "a name without dots: paths begin with it"),
          .not(.oneOf(DeviceReader.reservedNames)),
        ]), ["type": ["integer", "boolean"]], scalars.expression,
      ])
    }
  }

  /// A device type: a name of this architecture, `ARCH/NAME`, or `{number: N}`.
  var type: JSON {
    reference("device-type") {
      .any(
        of: files.map { .word($0.name, $0.doc) } + [
          .oneOf(foreignTypes), .mapping([("number", scalars.unsigned(32))], required: ["number"]),
          scalars.expression,
        ])
    }
  }

  /// The schema of devices of one type.
  private func alternative(_ file: SchemaFile) -> JSON {
    let attributes = mappings.attributes(of: file)
    return .when(
      [
        "properties": JSON([("type", .any(of: [names(of: file), ["type": "array", "contains": names(of: file)]]))]),
        "required": ["type"],
      ],
      then: [
        "properties": JSON([("attributes", attributes), ("for", ["properties": JSON([(file.name, attributes)])])])
      ],
      otherwise: [
        "properties": ["for": ["properties": JSON([(file.name, isLaidOver ? ["type": "null"] : false)])]]
      ])
  }

  /// Every name of a type.
  private func names(of file: SchemaFile) -> JSON {
    let names = JSON.oneOf([file.name, "\(catalogue.architecture.rawValue)/\(file.name)"])
    guard let number = file.number else { return names }
    return .any(of: [
      names, ["type": "object", "properties": JSON([("number", ["const": JSON(number)])]), "required": ["number"]],
    ])
  }

  /// Requires that `for` names only types.
  private var unknownTypes: JSON {
    let names = files.map(\.name) + foreignTypes.compactMap { $0.split(separator: "/").last.map(String.init) }
    return [
      "properties": [
        "for": [
          "propertyNames": .any(of: [.oneOf(names.unique), .text(matching: "^type-[0-9]+$")])
        ]
      ]
    ]
  }

  /// A type without a schema for this architecture has no attributes by name.
  private var untyped: JSON {
    let numbers = files.compactMap(\.number).map { JSON($0) }
    let own = foreignTypes.filter { $0.hasPrefix("\(catalogue.architecture.rawValue)/") }
    let strange = JSON.any(of: [
      .all(of: [.oneOf(foreignTypes.filter { !own.contains($0) })]),
      [
        "type": "object", "required": ["number"],
        "properties": ["number": ["type": "integer", "not": ["enum": .array(numbers)]]],
      ],
    ])
    return .when(
      [
        "properties": JSON([("type", .any(of: [strange, ["type": "array", "contains": strange]]))]),
        "required": ["type"],
      ],
      then: ["properties": ["attributes": ["type": ["object", "null"], "maxProperties": 0]]])
  }
}

extension Catalogue {
  func capabilities(onVCPU: Bool) -> [Capability] {
    files.flatMap(\.capabilities).filter { $0.isOnVCPU == onVCPU }
  }
}

extension Capability {
  /// The text that editors show.
  var words: String {
    let since = lifetime.since.map { "since Linux \($0)" }
    return [doc, [constant, since].compactMap { $0 }.joined(separator: ", ")].compactMap { $0 }.joined(
      separator: "\n\n")
  }
}

extension [String] {
  /// The elements without duplicates, in the order of their first occurrences.
  var unique: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
