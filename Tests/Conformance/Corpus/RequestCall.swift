import DeviceSchema
import Expressions
import Vocabulary
import YAMLSyntax

/// A call with a struct that a release has and the model predicts, with what the tests of the schemas show of it.
struct RequestCall {
  var file: SchemaFile
  var call: RequestSchema
  var uses: [Use]
  /// The numbers in its rules and in these steps.
  var numbers: Numbers

  /// A step of a test that makes the call, with those before it.
  struct Use {
    var before: [Node]
    var step: Node
  }

  static func all(of catalogue: Catalogue, _ facts: [String: Value]) -> [RequestCall] {
    let tests = catalogue.tests.filter(\.isOfAnyHost)
    return catalogue.requests.compactMap { file, call in
      guard call.rules != nil, call.lifetime.mayInclude(catalogue.release) else { return nil }
      let uses = tests.flatMap { $0.uses(of: call.name) }
      let arguments = uses.compactMap { $0.step[key: call.name] }
      return RequestCall(
        file: file, call: call, uses: uses, numbers: Numbers(of: call.rules, arguments: arguments, catalogue, facts))
    }
  }

  /// The last step of the tests with each choice of members, which mostly follows the most other steps.
  var usesOfEachShape: [Use] {
    var found: [(shape: [String], use: Use)] = []
    for use in uses.reversed() where use.step[key: "address"] == nil {
      let shape = use.step[key: call.name]?.memberPaths.sorted() ?? []
      if !found.contains(where: { $0.shape == shape }) { found.append((shape, use)) }
    }
    return found.map(\.use)
  }
}

extension SchemaTest {
  /// Whether the test is about any host, and consists of steps.
  fileprivate var isOfAnyHost: Bool {
    host == nil && manifest.allSatisfy { ["files", "steps"].contains($0.key.value) }
  }

  fileprivate func uses(of name: String) -> [RequestCall.Use] {
    let steps = steps
    return steps.indices.filter { steps[$0].entries?.first?.key.value == name }.map { i in
      RequestCall.Use(before: steps.prefix(i).map { $0.without(["expect"]) }, step: steps[i])
    }
  }
}

extension Node {
  /// The mapping without some keys.
  func without(_ keys: [String]) -> Node {
    Node(.mapping((entries ?? []).filter { !keys.contains($0.key.value) }), at: range)
  }

  /// The node with another value of a key.
  func replacing(_ key: String, with value: Node) -> Node {
    Node(.mapping((entries ?? []).map { $0.key.value == key ? Entry(key: $0.key, value: value) : $0 }), at: range)
  }

  /// The paths of all members, such as `entries.0.gsi`.
  var memberPaths: [String] {
    switch content {
    case .scalar: [""]
    case .sequence(let items):
      items.enumerated().flatMap { i, item in item.memberPaths.map { "\(i).\($0)" } }
    case .mapping(let entries):
      entries.flatMap { entry in entry.value.memberPaths.map { "\(entry.key.value).\($0)" } }
    }
  }

  /// The variants of a node in which the number replaces one scalar. The number of a descriptor, `{fd: -1}`, stays: the
  /// loader has descriptors of its own.
  func variants(_ number: Int128) -> [Node] {
    switch content {
    case .scalar: return [Node(.scalar("\(number)", .plain), at: range)]
    case .sequence(let items):
      return items.indices.flatMap { i in
        items[i].variants(number).map { changed in
          var items = items
          items[i] = changed
          return Node(.sequence(items), at: range)
        }
      }
    case .mapping(let entries):
      if entries.map(\.key.value) == ["fd"] { return [] }
      return entries.indices.flatMap { i in
        entries[i].value.variants(number).map { changed in
          var entries = entries
          entries[i].value = changed
          return Node(.mapping(entries), at: range)
        }
      }
    }
  }
}
