import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics

/// The manifest language as a JSON Schema, draft-07: what editors complete and check manifests with.
///
/// It is made from the schemas and says what can be told from one manifest's text alone: keys, names, types, ranges.
/// What the kernel refuses, and names that other parts of a manifest define, are `validate`'s business.
package struct EditorSchema {
  private let catalogues: [Catalogue]
  private let foreignTypes: [String]

  /// - Parameters:
  ///   - catalogues: one for each architecture that manifests may be for.
  ///   - others: those of all architectures, whose device types steps can test.
  package init(_ catalogues: [Catalogue], others: [Catalogue]) {
    self.catalogues = catalogues
    foreignTypes = others.flatMap { other in other.allDeviceTypes.map { "\(other.architecture.rawValue)/\($0)" } }
  }

  /// The schema as text: a line for each of its definitions, so that a change shows where it is.
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
    let declared = ["vm", "memory", "vcpus", "devices"]
    let properties: [(String, JSON)] = [
      ("kvmconf", ["enum": [1, "1"], "description": "the version of the language"]),
      (
        "arch",
        JSON.oneOf(catalogues.map(\.architecture.rawValue)).described(
          "the architecture of the VM; any machine validates any")
      ),
      (
        "name",
        JSON([("type", ["string", "number", "boolean", "null"])]).described(
          "what reports call the VM; otherwise the file's name")
      ),
      ("parameters", ParameterSchema(definitions: definitions).parameters),
      (
        "files",
        JSON([("type", ["object", "null"]), ("additionalProperties", scalars.text)]).described(
          "files whose descriptors are passed to the kernel, by name; opened once, before the first call")
      ),
      ("vm", .anything), ("memory", .anything), ("vcpus", .anything), ("devices", .anything), ("steps", .anything),
    ]
    let parts = catalogues.map { part(of: $0, definitions) }
    return JSON(
      [
        ("$schema", "http://json-schema.org/draft-07/schema#"),
        ("title", "kvmconf manifest"),
        ("description", "a virtual machine's in-kernel devices, for KVM's device control API"),
        ("type", "object"), ("required", ["kvmconf", "arch"]), ("properties", JSON(properties)),
        ("additionalProperties", false), ("anyOf", .array((declared + ["steps"]).map { .has($0) })),
        ("allOf", .array(parts + [orderOfSteps(behind: declared)])), ("definitions", .null),
      ].map { $0.0 == "definitions" ? ($0.0, JSON(definitions.all)) : $0 })
  }

  /// What manifests of one architecture have.
  private func part(of catalogue: Catalogue, _ definitions: Definitions) -> JSON {
    let machine = MachineSchema(definitions: definitions, catalogue: catalogue, foreignTypes: foreignTypes)
    let sections: [(String, JSON)] = [
      ("vm", machine.vm), ("memory", machine.memory), ("vcpus", machine.vcpus), ("devices", machine.devices),
      ("steps", StepSchema(machine: machine).steps),
    ]
    return .when(
      ["properties": ["arch": ["const": .string(catalogue.architecture.rawValue)]], "required": ["arch"]],
      then: ["properties": JSON(sections)])
  }

  /// A VM is created once: by what is declared, or by the first step.
  private func orderOfSteps(behind declared: [String]) -> JSON {
    let later = JSON.not(.has("create-vm"))
    let first = JSON.any(of: ["create-vm", "has", "get", "set"].map { .has($0) })
    return .when(
      .any(of: declared.map { .has($0) }), then: ["properties": ["steps": ["items": later]]],
      otherwise: ["properties": ["steps": ["items": [first], "additionalItems": later]]])
  }
}

/// `parameters:`.
private struct ParameterSchema {
  let definitions: Definitions
  private var scalars: Scalars { Scalars(definitions: definitions) }

  var parameters: JSON {
    JSON([("type", ["object", "null"]), ("additionalProperties", parameter)]).described(
      "what --set can change, by name; written \"${NAME}\" where the value belongs")
  }

  private var parameter: JSON {
    definitions.reference("parameter") {
      let integers = [8, 16, 32, 64].flatMap { bits in
        [false, true].map { ("\($0 ? "i" : "u")\(bits)", IntegerType(size: bits / 8, isSigned: $0)) }
      }
      let names = Parameters.typeNames
      let shape = JSON.mapping(
        [
          ("type", JSON.oneOf(names).described("the values that it can have")),
          ("default", JSON.anything.described("its value where nobody gives another")),
          ("doc", JSON.anything.described("what it is for")),
          ("at", JSON.word("load", "the value comes with whoever loads the compiled plan")),
        ], required: ["type"])
      guard case .object(let members) = shape else { return shape }
      let types = integers.map { ($0.0, scalars.literal($0.1)) } + [("bool", scalars.bool), ("string", scalars.text)]
      let values = types.map { name, value in
        JSON.when(
          ["properties": ["type": ["const": .string(name)]], "required": ["type"]],
          then: ["properties": ["default": .any(of: [value, ["type": "null"]])]])
      }
      let loaded = JSON.when(
        .has("at"), then: ["properties": ["type": .oneOf(integers.map(\.0))]])
      return JSON(members + [("allOf", .array(values + [loaded]))])
    }
  }
}
