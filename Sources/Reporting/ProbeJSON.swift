import DeviceSchema
import Probing
import TextOutput
import Vocabulary
import Workspace

extension HostProbe {
  /// The probe for programs. `--host-facts` reads its `facts`.
  package var json: JSON {
    let found = knownFacts.map { ($0.name, $0.value.json) }
    return .object([
      ("version", 1),
      ("kind", .string(HostFacts.probeKind)),
      ("arch", .string(architecture.rawValue)),
      ("kernel", .string(release)),
      ("devices", .array(devices.map(\.json))),
      ("attributes", .array(attributes.map(\.json))),
      ("features", .array(features.map(\.json))),
      ("capabilities", .array(capabilities.map(\.json))),
      ("facts", .object([("arch", .string(architecture.rawValue)), ("kernel", .string(release))] + found)),
      ("unknown", .array(facts.filter { $0.value == nil }.map(\.json))),
      // No fact says what kind of file a manifest names.
      ("undecidableFiles", .array(attributesThatNameFiles.map { .string($0) })),
    ])
  }
}

extension HostProbe.Device {
  fileprivate var json: JSON {
    .object([
      ("type", .string(type)), ("number", JSON(number)), ("supported", .bool(isSupported)),
      ("answer", .string(answer.name)), ("since", JSON(lifetime.since?.description)), ("why", JSON(why)),
    ])
  }
}

extension HostProbe.Attribute {
  fileprivate var json: JSON {
    .object([
      ("target", .string(target)), ("attribute", .string(path)), ("group", JSON(group)), ("attr", JSON(attr)),
      ("supported", .bool(isSupported)), ("has", JSON(answer?.name)), ("shownBy", .string(evidence.rawValue)),
      ("since", JSON(lifetime.since?.description)), ("note", JSON(note)), ("why", JSON(why)),
      ("value", JSON(value.map(hexadecimal))),
    ])
  }
}

extension HostProbe.Feature {
  fileprivate var json: JSON {
    .object([
      ("feature", .string(name)), ("bit", JSON(bit)), ("supported", .bool(isSupported)),
      ("since", JSON(lifetime.since?.description)), ("note", JSON(note)), ("why", JSON(why)),
    ])
  }
}

extension HostProbe.Capability {
  fileprivate var json: JSON {
    .object([("capability", .string(constant)), ("number", JSON(number)), ("value", JSON(value))])
  }
}

extension HostProbe.FoundFact {
  /// For a fact that was not found.
  fileprivate var json: JSON {
    .object([
      ("fact", .string(name)), ("tried", .string(how)), ("byHand", JSON(manual)), ("assumed", JSON(assumed)),
    ])
  }
}
