import Diagnostics
import Vocabulary
import YAMLSyntax

extension ManifestReader {
  /// The manifest in a form that needs no other files: every expression is evaluated, every list entry for each vCPU is
  /// written out, and the files of byte strings are included, unless they are large. Parameters that are supplied at
  /// load time stay.
  ///
  /// - Parameter manifest: the manifest as it was read, without errors.
  package func rendered(_ manifest: Manifest) -> Node {
    var rendering = Rendering(context: context, root: manifest.file)
    return rendering.document(node, name: manifest.name)
  }
}

/// Writes a manifest out.
private struct Rendering {
  let context: ReadingContext
  /// The file of the manifest.
  let root: SourceFile

  private static let order = ["files", "vm", "memory", "vcpus", "devices", "steps"]

  mutating func document(_ node: Node, name: String) -> Node {
    var entries: [(String, Node)] = [
      ("kvmconf", .text("1")), ("arch", .text(context.catalogue.architecture.rawValue)), ("name", .text(name)),
    ]
    let loaded = context.parameters.loaded
    if let parameters = node[key: "parameters"]?.entries, !loaded.all.isEmpty {
      let kept = parameters.filter { loaded.index(named: $0.key.value) != nil }
      entries.append(("parameters", Node(.mapping(kept), at: .nowhere)))
    }
    for key in Self.order {
      guard let value = node[key: key] else { continue }
      switch key {
      case "vcpus": entries.append((key, vcpus(value)))
      case "steps": entries.append((key, steps(value)))
      default: entries.append((key, evaluated(value)))
      }
    }
    return .mapping(entries)
  }

  /// The steps, with those that are repeated written out.
  private func steps(_ node: Node) -> Node {
    guard let items = node.items else { return evaluated(node) }
    let written = items.enumerated().flatMap { context.repeatedSteps[$0] ?? [$1] }
    return Node(.sequence(written.map { evaluated($0) }), at: node.range)
  }

  /// - Parameter vcpu: the meaning of `vcpu` in the node.
  private func evaluated(_ node: Node, vcpu: VCPUContext? = nil) -> Node {
    switch node.content {
    case .scalar:
      let expanded = context.parameters.expand(node, vcpu: vcpu)
      guard let text = expanded.scalar, text != node.scalar || text.hasPrefix("$") else { return expanded }
      if let index = context.parameters.loaded.index(of: text) {
        // The name as expressions write it.
        return .text("${\(context.parameters.loaded.all[index].name.identifier)}")
      }
      return expanded
    case .sequence(let items):
      return Node(.sequence(items.flatMap { repeated($0, vcpu) }), at: node.range)
    case .mapping(let entries):
      if let bytes = takenIn(node) { return bytes }
      return Node(
        .mapping(entries.map { Entry(key: $0.key, value: evaluated($0.value, vcpu: vcpu)) }), at: node.range)
    }
  }

  /// An entry with `for-each: vcpu`, written out for each vCPU.
  private func repeated(_ item: Node, _ vcpu: VCPUContext?) -> [Node] {
    guard item[key: "for-each"] != nil else { return [evaluated(item, vcpu: vcpu)] }
    if context.vcpuCount != nil { return [evaluated(item, vcpu: context.vcpus.first)] }
    let rest = item.without("for-each")
    return context.vcpus.map { evaluated(rest, vcpu: $0) }
  }

  // MARK: vCPUs

  /// Writes attributes that differ between vCPUs under `each`.
  private func vcpus(_ node: Node) -> Node {
    var entries: [(String, Node)] = []
    var each: [Node] = []
    let shared = ["attributes", "raw"].filter { node[key: $0].map { !$0.isEmpty } ?? false }
    let differs = context.vcpuCount == nil && shared.contains { node[key: $0]?.mentionsVCPU ?? false }
    if differs {
      for vcpu in context.vcpus {
        let own = shared.compactMap { key in node[key: key].map { (key, evaluated($0, vcpu: vcpu)) } }
        each.append(.mapping([("vcpu", .number(vcpu.id))] + own))
      }
    }
    for entry in node.entries ?? [] {
      switch entry.key.value {
      case "each": each += (entry.value.items ?? []).map(override)
      case "attributes", "raw":
        if !differs { entries.append((entry.key.value, evaluated(entry.value, vcpu: context.vcpus.first))) }
      default: entries.append((entry.key.value, evaluated(entry.value)))
      }
    }
    if !each.isEmpty { entries.append(("each", .list(each))) }
    return entries.isEmpty ? evaluated(node) : .mapping(entries)
  }

  private func override(_ item: Node) -> Node {
    let id = item[key: "vcpu"].flatMap { context.u64(context.parameters.expand($0), "vcpu") }
    return evaluated(item, vcpu: context.vcpus.first { $0.id == id })
  }

  // MARK: Files

  /// The largest size of an included file, in bytes; a larger one is named instead, since scalars have a limit.
  private static let mostTakenIn = 512 << 10

  /// The bytes of `{file: PATH}`, if a byte string was read from that file.
  private func takenIn(_ node: Node) -> Node? {
    guard let entries = node.entries, entries.count == 1, entries[0].key.value == "file",
      let path = context.parameters.expand(entries[0].value).scalar,
      let bytes = context.bytes(ofFile: path, namedIn: entries[0].value.range.file)
    else { return nil }
    if bytes.count <= 32 { return .mapping([("hex", .text(hexadecimal(bytes)))]) }
    if bytes.count <= Self.mostTakenIn { return .mapping([("base64", .text(base64(bytes)))]) }
    return .mapping([("file", .text(folder(of: entries[0].value.range.file) + path))])
  }

  /// The folder of a file, relative to the folder of the manifest.
  private func folder(of file: SourceFile) -> String {
    // The path of a base begins with the folder of the manifest.
    let above = root.path.lastIndex(of: "/").map { root.path[...$0].count } ?? 0
    let own = file.path.lastIndex(of: "/").map { file.path[...$0] } ?? ""
    return String(own.dropFirst(above))
  }
}

extension Node {
  /// Whether an expression in this node may refer to the vCPU.
  fileprivate var mentionsVCPU: Bool {
    switch content {
    case .scalar(let text, _): text.contains("${") && text.contains("vcpu")
    case .sequence(let items): items.contains(where: \.mentionsVCPU)
    case .mapping(let entries): entries.contains(where: \.value.mentionsVCPU)
    }
  }
}

/// Bytes in padded base64 (RFC 4648).
private func base64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = (0..<3).reduce(0 as UInt32) { $0 << 8 | ($1 < group.count ? UInt32(group[start + $1]) : 0) }
    for i in 0..<4 {
      text.append(i <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * i) & 63)] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
