import Diagnostics
import Vocabulary
import YAMLSyntax

/// An example of an attribute: a call and the kernel's answer.
package struct Example {
  package var call: AttributeAccess
  /// The steps before the call, and the names of setups.
  var given: [Node]
  /// Whether the call is the first after those of every example.
  package var isFirstCall: Bool { given.isEmpty }
  /// The facts of the host; nil for the assumed host.
  package var host: Node?
  /// The rest of the call's step: the fields of the key, `value`, `input`, `address`, `flags` and `expect`.
  package var entries: [Entry]
  /// The fields of the key, in the order of their declaration.
  package var key: [Entry]
  /// The answers that the call may have.
  package var expected: [Answer]
  package var lifetime: Lifetime
  package var source: SourceRange

  /// The keys that are not entries of the step.
  private static let ownKeys = ["call", "given", "host", "doc", "since", "until"]

  init(_ node: Node, of attribute: AttributeSchema, _ faults: Findings) {
    let fields = attribute.keyFields.map(\.name)
    let reader = KeyReader(
      node, keys: Self.ownKeys + ["value", "input", "address", "flags", "expect"] + fields,
      of: "an example of '\(attribute.path)'", faults)
    source = node.range
    lifetime = reader.lifetime()
    let expect = reader["expect"].map { $0.items ?? [$0] }
    expected =
      expect == nil
      ? [.ok]
      : (expect ?? []).compactMap { item in
        if let answer = item.scalar.flatMap(Answer.init) { return answer }
        if item.scalar.flatMap(IntegerLiteral.parse) != nil { return .ok }
        faults.error(
          "schema-errno", "an example must expect ok, an errno or a number, not '\(item.scalar ?? item.kind)'",
          at: item.range)
        return nil
      }
    given = reader["given"]?.items ?? []
    host = reader["host"]
    let word = reader["call"]
    let named = word?.scalar.flatMap(AttributeAccess.init)
    if let word, named == nil {
      faults.error("schema-type", "the call of an example must be set, get or has", at: word.range)
    }
    call = named ?? (attribute.access.contains(.set) ? .set : .get)
    let entries = node.entries ?? []
    self.entries = entries.filter { !Self.ownKeys.contains($0.key.value) }
    key = fields.compactMap { name in entries.first { $0.key.value == name } }
  }

  package var value: Node? { entries.first { $0.key.value == "value" }?.value }
}

/// A test of a schema: a manifest and the host that it runs on.
package struct SchemaTest {
  /// The facts of the host; nil for the assumed host.
  package var host: Node?
  /// The entries of the manifest other than `kvmconf` and `arch`.
  package var manifest: [Entry]
  package var lifetime: Lifetime
  package var source: SourceRange

  private static let ownKeys = ["host", "doc", "since", "until"]

  init(_ node: Node, _ faults: Findings) {
    let reader = KeyReader(
      node, keys: Self.ownKeys + ["files", "vm", "memory", "vcpus", "devices", "steps"], of: "a test", faults)
    source = node.range
    lifetime = reader.lifetime()
    host = reader["host"]
    manifest = (node.entries ?? []).filter { !Self.ownKeys.contains($0.key.value) }
  }

  package var steps: [Node] { manifest.first { $0.key.value == "steps" }?.value.items ?? [] }
}

/// The explicit steps of an example.
package struct ExampleSteps {
  /// The steps before every example of the file.
  package var setup: [Node]
  /// The example's own preparation.
  package var given: [Node]
  package var call: Node

  package var all: [Node] { setup + given + [call] }
}

extension SchemaFile {
  package func steps(of example: Example, path: String) -> ExampleSteps {
    let call = Node.mapping([(example.call.rawValue, .text("\(exampleTarget).\(path)"))], example.entries)
    return ExampleSteps(setup: stepsBeforeExamples, given: given(of: example), call: call.placed(at: example.source))
  }

  /// The steps before an example's call, with those of the setups that it names.
  package func given(of example: Example) -> [Node] {
    example.given.flatMap { node -> [Node] in
      node.scalar.map { setup(named: Located($0, at: node.range)) } ?? own([node])
    }
  }

  /// The file's `setup`, or else a VM with the file's object.
  package var stepsBeforeExamples: [Node] { exampleSetup ?? plainSteps() }

  /// A VM with the file's object, and one vCPU.
  ///
  /// - Parameter features: the features that the vCPU is initialised with.
  package func plainSteps(features: [String] = []) -> [Node] {
    var steps: [Node] = [.mapping([("create-vm", .mapping([]))])]
    switch subject {
    case .vm, .system, .common: break
    case .vcpu, .device:
      steps.append(.mapping([("create-vcpu", .number(0))]))
      if hasVCPUInit {
        steps.append(.mapping([("init-vcpu", .number(0)), ("features", .list(features.map(Node.text)))]))
      }
      if let type = deviceType { steps.append(.mapping([("create", .text(type))])) }
    }
    return steps
  }

  /// The first part of paths in examples.
  package var exampleTarget: String { subject == .vcpu ? "vcpu.0" : name }
}

extension Node {
  /// The node with another device type in place of one: `arm-vgic-v2` and `arm-vgic-v2.addr.dist`.
  func replacing(_ type: String, by other: String) -> Node {
    switch content {
    case .scalar(let text, let style):
      text == type || text.hasPrefix(type + ".")
        ? Node(.scalar(other + text.dropFirst(type.count), style), at: range) : self
    case .sequence(let items): Node(.sequence(items.map { $0.replacing(type, by: other) }), at: range)
    case .mapping(let entries):
      Node(.mapping(entries.map { Entry(key: $0.key, value: $0.value.replacing(type, by: other)) }), at: range)
    }
  }
}
