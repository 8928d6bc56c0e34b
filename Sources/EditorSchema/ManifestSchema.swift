import DeviceManifest
import DevicePlan
import DeviceSchema
import TextOutput

/// The manifest language as a JSON Schema, draft-07, with which editors complete and check manifests.
///
/// It is generated from the device schemas, and covers what can be checked in the text of one manifest alone: keys,
/// names, types, ranges. `validate` checks what the kernel refuses, and names that other parts of a manifest define.
package struct ManifestSchema {
  private let catalogues: [Catalogue]
  private let foreignTypes: [String]

  /// - Parameters:
  ///   - catalogues: one for each architecture that manifests may be for.
  ///   - others: the catalogues of all architectures, whose device types can be tested in steps.
  package init(_ catalogues: [Catalogue], others: [Catalogue]) {
    self.catalogues = catalogues
    foreignTypes = others.flatMap { other in other.allDeviceTypes.map { "\(other.architecture.rawValue)/\($0)" } }
  }

  /// The schema as text, with one line per definition, so that a diff shows which of them changed.
  package func text() -> String {
    guard case .object(let members) = json() else { return "" }
    func lines(_ members: [(String, JSON)], _ indent: String) -> String {
      members.map { name, value in
        if name == "definitions", case .object(let parts) = value {
          return "\(indent)\"\(name)\": {\n\(lines(parts, indent + "  "))\n\(indent)}"
        }
        return "\(indent)\(JSON.string(name).text()): \(value.text())"
      }.joined(separator: ",\n")
    }
    return "{\n\(lines(members, "  "))\n}\n"
  }

  package func json() -> JSON {
    let definitions = Definitions()
    let scalars = Scalars(definitions: definitions)
    let properties: [(String, JSON)] = [
      ("kvmconf", ["enum": [1, "1"], "description": "the version of the language"]),
      ("extends", scalars.text.described("the manifest that this one changes; in the same folder or below")),
      (
        "arch",
        JSON.oneOf(catalogues.map(\.architecture.rawValue)).described(
          "the architecture of the VM; any machine validates any")
      ),
      (
        "name",
        JSON([("type", ["string", "number", "boolean", "null"])]).described(
          "the VM's name in reports; by default the file's name")
      ),
      ("parameters", .anything), ("files", .anything), ("vm", .anything), ("memory", .anything), ("vcpus", .anything),
      ("devices", .anything), ("steps", .anything),
      (
        "ready",
        JSON.any(of: [["type": ["boolean"]], scalars.expression]).described(
          "whether every vCPU is to run after the last call; by default true for a manifest without steps")
      ),
    ]
    return JSON(
      [
        ("$schema", "http://json-schema.org/draft-07/schema#"),
        ("title", "kvmconf manifest"),
        ("description", "a virtual machine's in-kernel devices, for KVM's device control API"),
        ("type", "object"), ("properties", JSON(properties)), ("additionalProperties", false),
        (
          "allOf",
          [
            .when(.has("extends"), then: extending(definitions), otherwise: complete(definitions)),
            ["properties": ["steps": ["additionalItems": Self.laterStep, "items": [JSON.anything]]]],
          ]
        ), ("definitions", .null),
      ].map { $0.0 == "definitions" ? ($0.0, JSON(definitions.all)) : $0 })
  }

  private static let declared = ["vm", "memory", "vcpus", "devices"]
  private static let laterStep = JSON.not(.has("create-vm"))

  // MARK: A complete manifest

  private func complete(_ definitions: Definitions) -> JSON {
    let parts = catalogues.map { JSON.when(Self.isFor($0), then: sections(of: $0, definitions)) }
    return [
      "required": ["kvmconf", "arch"], "anyOf": .array((Self.declared + ["steps"]).map { .has($0) }),
      "properties": named(definitions), "allOf": .array(parts + [Self.orderOfSteps]),
    ]
  }

  /// A VM is created once: by the declarative part, or by the first step.
  private static var orderOfSteps: JSON {
    let first = JSON.any(of: ["create-vm", "has", "get", "set"].map { .has($0) })
    return .when(
      .any(of: declared.map { .has($0) }), then: ["properties": ["steps": ["items": laterStep]]],
      otherwise: ["properties": ["steps": ["items": [first]]]])
  }

  // MARK: A manifest that extends another one

  /// Nothing is required that the other manifest may have, and `null` removes what it has. If only that one gives the
  /// architecture, the manifest must match any one architecture.
  private func extending(_ definitions: Definitions) -> JSON {
    let parts = catalogues.map { (Self.isFor($0), sections(of: $0, definitions, isLaidOver: true)) }
    let untold = JSON.when(.has("arch"), then: .anything, otherwise: .any(of: parts.map(\.1)))
    return [
      "properties": named(definitions, isLaidOver: true),
      "allOf": .array(parts.map { .when($0.0, then: $0.1) } + [untold]),
    ]
  }

  // MARK: Parts of both

  private static func isFor(_ catalogue: Catalogue) -> JSON {
    ["properties": ["arch": ["const": .string(catalogue.architecture.rawValue)]], "required": ["arch"]]
  }

  /// The sections whose names the manifest chooses.
  private func named(_ definitions: Definitions, isLaidOver: Bool = false) -> JSON {
    let path = Scalars(definitions: definitions).text
    let files = JSON([("type", ["object", "null"]), ("additionalProperties", isLaidOver ? path.orNull : path)])
    return [
      "parameters": ParameterSchema(definitions: definitions, isLaidOver: isLaidOver).parameters,
      "files": files.described(
        "files whose descriptors are passed to the kernel, by name; opened once, before the first call"),
    ]
  }

  /// The sections of manifests for one architecture.
  private func sections(of catalogue: Catalogue, _ definitions: Definitions, isLaidOver: Bool = false) -> JSON {
    let machine = MachineSchema(
      definitions: definitions, catalogue: catalogue, foreignTypes: foreignTypes, isLaidOver: isLaidOver)
    let sections: [(String, JSON)] = [
      ("vm", machine.vm), ("memory", machine.memory), ("vcpus", machine.vcpus), ("devices", machine.devices),
      ("steps", StepSchema(machine: machine).steps),
    ]
    return ["properties": JSON(sections)]
  }
}

/// `parameters:`.
private struct ParameterSchema {
  let definitions: Definitions
  /// Whether the parameters are merged with those of another file.
  var isLaidOver: Bool
  private var scalars: Scalars { Scalars(definitions: definitions) }

  var parameters: JSON {
    JSON([("type", ["object", "null"]), ("additionalProperties", isLaidOver ? parameter.orNull : parameter)]).described(
      "values that --set can change, by name; write \"${NAME}\" to use one")
  }

  private var parameter: JSON {
    definitions.reference(isLaidOver ? "over.parameter" : "parameter") {
      let integers = [8, 16, 32, 64].flatMap { bits in
        [false, true].map { ("\($0 ? "i" : "u")\(bits)", IntegerType(size: bits / 8, isSigned: $0)) }
      }
      let names = Parameters.typeNames
      let shape = JSON.mapping(
        [
          ("type", JSON.oneOf(names).described("the values that it can have")),
          ("default", JSON.anything.described("its default value")),
          ("doc", JSON.anything.described("its purpose")),
          ("at", JSON.word("load", "the value is supplied when the compiled plan is loaded")),
        ], required: ["type"], isLaidOver: isLaidOver)
      guard case .object(let members) = shape else { return shape }
      let types = integers.map { ($0.0, scalars.literal($0.1)) } + [("bool", scalars.bool), ("string", scalars.text)]
      let values = types.map { name, value in
        JSON.when(
          ["properties": ["type": ["const": .string(name)]], "required": ["type"]],
          then: ["properties": ["default": .any(of: [value, ["type": "null"]])]])
      }
      let loaded = JSON.when(
        ["properties": ["at": ["const": "load"]], "required": ["at"]],
        then: ["properties": ["type": .oneOf(integers.map(\.0))]])
      return JSON(members + [("allOf", .array(values + [loaded]))])
    }
  }
}
