import Diagnostics
import Vocabulary
import YAMLSyntax

/// Device types, groups, attributes, fields, features, capabilities, arguments and facts say what they are.
///
/// The reference pages and the catalogue are made from these words.
struct Documented: SchemaCheck {
  static let id: DiagnosticID = "schema-no-doc"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles { check(file, report) }
    for name in catalogue.factNames {
      if let fact = catalogue.fact(named: name), fact.doc == nil {
        report(.missing("fact '\(name)'", at: fact.source))
      }
    }
  }

  private func check(_ file: SchemaFile, _ report: (Diagnostic) -> Void) {
    if file.doc == nil { report(.missing("'\(file.name)'", at: file.source)) }
    for feature in file.features where feature.doc == nil {
      report(.missing("feature '\(feature.name)'", at: feature.source))
    }
    for capability in file.capabilities where capability.doc == nil {
      report(.missing("capability '\(capability.name)'", at: capability.source))
    }
    for argument in file.createArguments where argument.description.doc == nil {
      report(.missing("argument '\(argument.name)'", at: file.text.entry("create", "arguments")?.key.range))
    }
    for group in file.groups {
      if group.doc == nil { report(.missing("group '\(group.name)'", at: group.source)) }
      for attribute in group.attributes {
        let path = group.path(of: attribute)
        if attribute.doc == nil { report(.missing("attribute '\(path)'", at: attribute.source)) }
        for field in attribute.keyFields where field.description.doc == nil {
          report(.missing("key field '\(field.name)' of '\(path)'", at: attribute.source))
        }
        for (_, payload) in attribute.payloads { check(payload, path, attribute.source, report) }
      }
      for (_, payload) in group.payloads { check(payload, group.name, group.source, report) }
    }
  }

  private func check(_ payload: PayloadType, _ path: String, _ place: SourceRange, _ report: (Diagnostic) -> Void) {
    switch payload {
    case .none, .integer, .bytes, .descriptor: break
    case .bits(let bits):
      for field in bits.fields where field.description.doc == nil {
        report(.missing("bit field '\(field.name)' of '\(path)'", at: place))
      }
    case .structure(let structure): check(structure.fields, path, place, report)
    case .union(let union):
      check([union.tag] + union.cases.flatMap(\.fields), path, place, report)
    case .array(let element, _): check(element, path, place, report)
    }
  }

  private func check(
    _ fields: [StructureField], _ path: String, _ place: SourceRange, _ report: (Diagnostic) -> Void
  ) {
    for field in fields where !field.isReserved {
      if field.doc == nil { report(.missing("field '\(field.name)' of '\(path)'", at: place)) }
      check(field.type, "\(path).\(field.name)", place, report)
    }
  }
}

extension Diagnostic {
  fileprivate static func missing(_ what: String, at range: SourceRange?) -> Diagnostic {
    .error(Documented.id, "\(what) has no 'doc'", at: range)
  }
}

/// Every attribute has examples, each with a call that the attribute has and with what the kernel answers.
///
/// They are run, and the reference pages show the first good one.
struct Exemplified: SchemaCheck {
  static let id: DiagnosticID = "schema-no-example"

  private static let keys = [
    "value", "expect", "call", "given", "host", "input", "address", "flags", "vcpu", "doc", "since", "until",
  ]

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      check(steps: file.exampleSetup, report)
      check(cases: file.cases, catalogue.faults, report)
      for group in file.groups {
        for attribute in group.attributes { check(attribute, group.path(of: attribute), catalogue.faults, report) }
      }
    }
  }

  private func check(
    _ attribute: AttributeSchema, _ path: String, _ faults: SchemaFaults, _ report: (Diagnostic) -> Void
  ) {
    guard let examples = attribute.examples?.items, !examples.isEmpty else {
      let place = attribute.examples?.range ?? attribute.source
      report(.error(Self.id, "attribute '\(path)' has no 'examples'", at: place))
      return
    }
    let keys = Self.keys + attribute.keyFields.map(\.name)
    for example in examples {
      let reader = KeyReader(example, keys: keys, of: "an example of '\(path)'", faults)
      _ = reader.lifetime()
      expectation(reader["expect"], example, report)
      check(steps: reader["given"], report)
      guard let call = reader["call"] else { continue }
      if call.scalar.flatMap(AttributeAccess.init) == nil {
        report(.error("schema-type", "the call of an example is set, get or has", at: call.range))
      }
    }
  }

  /// Of a case, which is a manifest but for what its file says already.
  private static let caseKeys = [
    "doc", "since", "until", "host", "files", "vm", "memory", "vcpus", "devices", "steps",
  ]

  private func check(cases node: Node?, _ faults: SchemaFaults, _ report: (Diagnostic) -> Void) {
    if let node, node.items == nil { report(.error("schema-type", "'cases' is a list", at: node.range)) }
    for item in node?.items ?? [] {
      let reader = KeyReader(item, keys: Self.caseKeys, of: "a case", faults)
      _ = reader.lifetime()
      check(steps: reader["steps"], report)
    }
  }

  /// What explicit steps do.
  private static let steps = [
    "create-vm", "add-memory", "enable-capability", "create-irqchip", "create-vcpu", "init-vcpu", "test", "create",
    "close", "set", "get", "has", "run",
  ]

  private func check(steps node: Node?, _ report: (Diagnostic) -> Void) {
    for step in node?.items ?? [] {
      let keys = step.entries?.map(\.key) ?? []
      if keys.filter({ Self.steps.contains($0.value) }).count == 1 { continue }
      let hint = keys.first.flatMap { Self.steps.nearest(to: $0.value) }.map { "; did you mean '\($0)'?" } ?? ""
      report(.error("schema-type", "a step is one of \(Self.steps.joined(separator: ", "))\(hint)", at: step.range))
    }
  }

  private func expectation(_ node: Node?, _ example: Node, _ report: (Diagnostic) -> Void) {
    guard let node else {
      report(.error("schema-type", "an example says what to 'expect': ok or an errno", at: example.range))
      return
    }
    for item in node.items ?? [node] where item.scalar.flatMap({ Answer($0) }) == nil && item.scalar != "hazard" {
      report(
        .error("schema-errno", "an example expects ok or an errno, not '\(item.scalar ?? item.kind)'", at: item.range))
    }
  }
}
