/// The parts of what a call passes that an expression reads, also through functions. Those that it tests last come first:
/// in `a && b`, a is most often the case for which b is tested.
package struct TestedParts {
  /// Fields of the key, or arguments and their members, such as `irq.num`.
  private var fields: [String] = []
  /// Members of the payload, such as `u.pin`.
  package private(set) var members: [String] = []
  /// Whether it reads the payload, or a local that may hold a part of it.
  fileprivate var readsPayload = false
  private var readsKey = false
  /// The predefined names that it reads: bit i is Root.allCases[i]. The highest bit is a local of which nothing is known.
  private var reads: UInt32 = 0

  /// A local of which nothing is known.
  fileprivate static let unknown: TestedParts = {
    var parts = TestedParts()
    parts.readsPayload = true
    parts.reads = 1 << 31
    return parts
  }()

  fileprivate init() {}

  fileprivate init(_ root: Root) {
    readsPayload = root == .value
    reads = root.bit
  }

  fileprivate init(_ path: [String], of root: Root) {
    reads = root.bit
    if root == .value {
      members = [path.joined(separator: ".")]
      readsPayload = true
    } else {
      fields = [path.joined(separator: ".")]
      readsKey = root == .key
    }
  }

  fileprivate mutating func add(_ other: TestedParts) {
    for field in other.fields where !fields.contains(field) { fields.append(field) }
    for member in other.members where !members.contains(member) { members.append(member) }
    readsPayload = readsPayload || other.readsPayload
    readsKey = readsKey || other.readsKey
    reads |= other.reads
  }

  /// The fields of the key, or the arguments, of which one is probably wrong: none of the key if the payload is tested with
  /// it, which is then what does not fit.
  package var culprits: [String] { readsKey && readsPayload ? [] : fields }

  /// The predefined names that it reads, also by way of locals; `local` if it reads a local of which nothing is known.
  package var roots: Set<String> {
    var names = Set(Root.allCases.filter { reads & $0.bit != 0 }.map(\.rawValue))
    if reads & 1 << 31 != 0 { names.insert("local") }
    return names
  }
}

extension Root {
  private static let all = Self.allCases

  fileprivate var bit: UInt32 { 1 << UInt32(Self.all.firstIndex(of: self) ?? 31) }
}

extension Expression {
  /// The fields of the call's key, its arguments and the members of its payload that the expression tests.
  ///
  /// - Parameter local: the parts that a local was computed from; nil if that is not known.
  package func testedParts(_ local: @escaping (Int) -> TestedParts?) -> TestedParts {
    var walk = PartsWalk { local($0) ?? .unknown }
    return walk.parts(of: root)
  }
}

/// The search for the parts that an expression reads.
private struct PartsWalk {
  let local: (Int) -> TestedParts
  /// The slots of the variables of the enclosing comprehensions. Their lists have been walked already.
  private var variables: Set<Int> = []

  init(_ local: @escaping (Int) -> TestedParts) { self.local = local }

  mutating func parts(of node: Node) -> TestedParts {
    switch node {
    case .literal, .fact: return TestedParts()
    case .local(let slot): return variables.contains(slot) ? TestedParts() : local(slot)
    case .root(let root): return TestedParts(root)
    case .field(let base, _, _):
      return node.passedPart.map { TestedParts($0.path, of: $0.root) } ?? parts(of: base)
    case .unary(_, let a, _): return parts(of: a)
    case .binary(.and, let a, let b, _): return joined([b, a])
    case .binary(_, let a, let b, _): return joined([a, b])
    case .index(let list, let index, _):
      var all = parts(ofList: list)
      all.add(parts(of: index))
      return all
    case .conditional(let a, let b, let c, _): return joined([a, b, c])
    case .list(let items), .builtin(_, let items, _): return joined(items)
    case .function(let function, let arguments, _):
      let given = arguments.map { parts(of: $0) }
      guard let body = function.body?.root else { return given.reduce(into: TestedParts()) { $0.add($1) } }
      var inner = PartsWalk { given.indices.contains($0) ? given[$0] : .unknown }
      return inner.parts(of: body)
    case .comprehension(_, let list, let slot, let body, _):
      let isNew = variables.insert(slot).inserted
      defer { if isNew { variables.remove(slot) } }
      var all = parts(ofList: list)
      all.add(parts(of: body))
      return all
    }
  }

  private mutating func joined(_ nodes: [Node]) -> TestedParts {
    nodes.reduce(into: TestedParts()) { $0.add(parts(of: $1)) }
  }

  /// A list that the call passes has many values, and its place would not say which one is wrong.
  private mutating func parts(ofList node: Node) -> TestedParts {
    guard let part = node.passedPart else { return parts(of: node) }
    var parts = TestedParts(part.root)
    parts.readsPayload = true
    return parts
  }
}

extension Expression.Node {
  /// The field of the key, the argument or its member, or the member of the payload that it is; nil if it is something
  /// else.
  fileprivate var passedPart: (root: Root, path: [String])? {
    guard case .field(let base, let name, _) = self else { return nil }
    switch base {
    case .root(let root) where [.key, .arg, .value].contains(root): return (root, [name])
    default: return base.passedPart.map { ($0.root, $0.path + [name]) }
    }
  }
}
