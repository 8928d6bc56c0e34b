import Diagnostics
import Vocabulary
import YAMLSyntax

/// Device types, groups, attributes, fields, features, capabilities, arguments and facts have a `doc`.
///
/// The reference pages and the catalogue show these texts.
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
    for structure in file.text.top("structs")?.entries ?? [] {
      for member in structure.value.entries ?? [] where member.value[key: "reserved"] == nil {
        // A member that depends on another has a doc for each case, in the struct of the case.
        if member.value[key: "doc"] != nil || member.value[key: "switch"] != nil { continue }
        report(.missing("member '\(member.key.value)' of struct \(structure.key.value)", at: member.key.range))
      }
    }
    for feature in file.features where feature.doc == nil {
      report(.missing("feature '\(feature.name)'", at: feature.source))
    }
    for capability in file.capabilities where capability.doc == nil {
      report(.missing("capability '\(capability.name)'", at: capability.source))
    }
    for argument in file.createArguments where argument.description.doc == nil {
      report(.missing("argument '\(argument.name)'", at: file.text.part("calls", "create")?.key.range))
    }
    for call in file.requests where call.doc == nil { report(.missing("call '\(call.name)'", at: call.source)) }
    for group in file.groups {
      if group.doc == nil { report(.missing("group '\(group.name)'", at: group.source)) }
      for attribute in group.attributes {
        let path = attribute.path
        if attribute.doc == nil, attribute.name != nil { report(.missing("attribute '\(path)'", at: attribute.source)) }
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
    case .none, .integer, .bytes, .bitmap, .descriptor: break
    case .bits(let bits):
      for field in bits.fields where field.description.doc == nil {
        report(.missing("bit field '\(field.name)' of '\(path)'", at: place))
      }
    case .array(let element, _), .pointer(let element): check(element, path, place, report)
    // The members of structs are checked where they are declared.
    case .structure, .union: break
    }
  }
}

extension Diagnostic {
  fileprivate static func missing(_ what: String, at range: SourceRange?) -> Diagnostic {
    .error(Documented.id, "\(what) needs 'doc'", at: range)
  }
}

/// Every attribute has examples, and every explicit step in examples and tests has exactly one verb.
///
/// The examples are run, and the reference pages show the first good one.
struct Exemplified: SchemaCheck {
  static let id: DiagnosticID = "schema-no-example"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      let verbs = Self.verbs + catalogue.requests.map(\.call.name)
      check(steps: file.exampleSetup ?? [], verbs, report)
      for example in file.tests { check(steps: example.steps, verbs, report) }
      for attribute in file.groups.flatMap(\.attributes) {
        if attribute.examples.isEmpty {
          report(.error(Self.id, "attribute '\(attribute.path)' needs 'examples'", at: attribute.examplesRange))
        }
        for example in attribute.examples { check(steps: file.given(of: example), verbs, report) }
      }
    }
  }

  /// The verbs of explicit steps.
  private static let verbs = [
    "create-vm", "add-memory", "enable-capability", "create-irqchip", "create-vcpu", "init-vcpu", "test", "create",
    "close", "set", "get", "has", "run",
  ]

  private func check(steps: [Node], _ verbs: [String], _ report: (Diagnostic) -> Void) {
    for step in steps {
      let keys = step.entries?.map(\.key) ?? []
      if keys.filter({ verbs.contains($0.value) }).count == 1 { continue }
      let hint = keys.first.map { verbs.suggestion(for: $0.value) } ?? ""
      report(.error("schema-type", "a step must be one of \(verbs.joined(separator: ", "))\(hint)", at: step.range))
    }
  }
}
