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

  /// Writes the attributes of every vCPU as those of the first one, and what differs for another one under `each`.
  private func vcpus(_ node: Node) -> Node {
    let own = context.vcpuCount == nil ? ownSettings(of: node) : nil
    var entries: [(String, Node)] = []
    for entry in node.entries ?? [] {
      switch entry.key.value {
      case "each": continue
      case "raw" where own?.raw != nil: continue
      case "attributes", "raw": entries.append((entry.key.value, evaluated(entry.value, vcpu: context.vcpus.first)))
      default: entries.append((entry.key.value, evaluated(entry.value)))
      }
    }
    let written = node[key: "each"]?.items ?? []
    let each =
      own.map { own in context.vcpus.indices.compactMap { self.each($0, own, among: written) } }
      ?? written.map { evaluated($0, vcpu: vcpu(of: $0)) }
    if !each.isEmpty { entries.append(("each", .list(each))) }
    return entries.isEmpty ? evaluated(node) : .mapping(entries)
  }

  /// The settings of every vCPU that differ between vCPUs.
  private struct OwnSettings {
    var attributes: Node?
    var raw: Node?
  }

  /// Nil if no setting differs.
  private func ownSettings(of node: Node) -> OwnSettings? {
    let raw = node[key: "raw"].flatMap { $0.mentionsVCPU ? $0 : nil }
    let attributes = node[key: "attributes"]?.filtered { group, node in
      isNameless(group) || node.entries == nil ? node : node.filtered { $1 }
    }
    return raw == nil && attributes == nil ? nil : OwnSettings(attributes: attributes, raw: raw)
  }

  private func isNameless(_ group: String) -> Bool {
    context.catalogue.vcpu?.group(named: group)?.isNameless ?? true
  }

  /// The entry of `each` for a vCPU; nil if it needs none.
  private func each(_ index: Int, _ own: OwnSettings, among written: [Node]) -> Node? {
    let vcpu = context.vcpus[index]
    let override = written.first { self.vcpu(of: $0)?.id == vcpu.id }.map { evaluated($0, vcpu: vcpu) }
    var entries = (override?.entries ?? []).filter { !["vcpu", "attributes", "raw"].contains($0.key.value) }
      .map { ($0.key.value, $0.value) }
    // The attributes of every vCPU are written as those of the first one.
    let different = index == 0 ? nil : own.attributes.map { evaluated($0, vcpu: vcpu) }
    if let attributes = attributes(override?[key: "attributes"], besides: different) {
      entries.append(("attributes", attributes))
    }
    let raw = [own.raw.map { evaluated($0, vcpu: vcpu) }, override?[key: "raw"]].flatMap { $0?.items ?? [] }
    if !raw.isEmpty { entries.append(("raw", .list(raw))) }
    return entries.isEmpty ? nil : .mapping([("vcpu", .number(vcpu.id))] + entries)
  }

  /// The attributes that are written for a vCPU, and others that differ for it. The written ones come first, as their order
  /// is that of the calls: the others replace attributes of every vCPU in place.
  private func attributes(_ written: Node?, besides others: Node?) -> Node? {
    guard let written, !written.isEmpty else { return others }
    guard let others else { return written }
    return written.with(others) { group, written, others in
      isNameless(group) ? written : written.with(others) { _, written, _ in written }
    }
  }

  /// The vCPU of an entry of `each`.
  private func vcpu(of item: Node) -> VCPUContext? {
    let id = item[key: "vcpu"].flatMap { context.u64(context.parameters.expand($0), "vcpu") }
    return context.vcpus.first { $0.id == id }
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
  /// The entries of this mapping that refer to the vCPU, with the values that `value` leaves of them; nil if none do.
  fileprivate func filtered(_ value: (String, Node) -> Node?) -> Node? {
    let left = (entries ?? []).filter(\.value.mentionsVCPU).compactMap { entry in
      value(entry.key.value, entry.value).map { Entry(key: entry.key, value: $0) }
    }
    return left.isEmpty ? nil : Node(.mapping(left), at: range)
  }

  /// The entries of this mapping, and then those that only another one has.
  ///
  /// - Parameter value: makes one value of two, given the key that both mappings have.
  fileprivate func with(_ other: Node, value: (String, Node, Node) -> Node) -> Node {
    let own = (entries ?? []).map { entry in
      other[key: entry.key.value].map { Entry(key: entry.key, value: value(entry.key.value, entry.value, $0)) } ?? entry
    }
    return Node(.mapping(own + (other.entries ?? []).filter { self[key: $0.key.value] == nil }), at: range)
  }

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
