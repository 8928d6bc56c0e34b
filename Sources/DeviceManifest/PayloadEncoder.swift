import DevicePlan
import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

/// Turns the values of a manifest into the bytes that the kernel reads.
///
/// A value that a payload cannot hold (a wrong type, a number that is too wide, an unknown name, a missing field)
/// cannot be sent and is reported. Whether the kernel accepts what can be sent is decided only by the schema's rules.
struct PayloadEncoder {
  /// What the values of one manifest can refer to.
  final class Surroundings {
    let findings: Findings
    let byteStrings: ByteStringReader
    let isBigEndian: Bool
    /// The manifest's files, in the order of the plan's.
    var files: [PlanFile]
    var parameters: LoadedParameters
    /// The device slots of the devices and descriptors that steps have made so far, by name.
    var descriptors: [String: Int] = [:]
    /// The names of devices and descriptors that steps with errors would have made.
    var unknownDescriptors: Set<String> = []
    /// The expression, in quotes, that a text without `${` is meant as; nil for another text.
    var meantExpression: (String, _ hasVCPU: Bool) -> String? = { _, _ in nil }
    /// The names of files that a value cannot take, which has been reported.
    var refusedFiles: Set<String> = []
    /// The names of files that values with errors probably mean.
    var meantFiles: Set<String> = []
    /// Says which other architecture has a row of this name in a table with this column; nil if none has, or this one.
    var otherHome: (_ name: String, _ column: String) -> String? = { _, _ in nil }
    /// Where steps have closed devices and descriptors, by name.
    var closings: [String: SourceRange] = [:]
    /// The names that the manifest's steps give.
    var namesInSteps = NamesInSteps([])
    /// Whether `files` could not be read, which has been reported.
    var hasUnreadFiles = false

    init(
      findings: Findings, byteStrings: ByteStringReader, isBigEndian: Bool, files: [PlanFile] = [],
      parameters: LoadedParameters = LoadedParameters()
    ) {
      self.findings = findings
      self.byteStrings = byteStrings
      self.isBigEndian = isBigEndian
      self.files = files
      self.parameters = parameters
    }
  }

  let surroundings: Surroundings
  var findings: Findings { surroundings.findings }
  var byteStrings: ByteStringReader { surroundings.byteStrings }
  var isBigEndian: Bool { surroundings.isBigEndian }
  var files: [PlanFile] { surroundings.files }
  var parameters: LoadedParameters { surroundings.parameters }
  /// Whether the value is in an explicit step, which may have `{fd: -1}` and leave fields out.
  var isStep = false
  /// Whether the kernel writes what pointers point to: a pointer that is left out then points to zeros.
  var fillsPointers = false

  struct Encoded {
    var payload: PayloadBytes
    var slots: [PayloadSlot] = []
  }

  /// The bytes of a value, with a mask of the bits that it gives; nil after an error, which is reported.
  func encode(_ node: Node, as type: PayloadType, name: String) -> Encoded? {
    if node.isUnexpanded, loaded(node) == nil { return nil }
    var encoded = Encoded(payload: PayloadBytes(size: size(of: type, node)))
    return encode(node, type, name, into: &encoded, at: 0) ? encoded : nil
  }

  func size(of type: PayloadType, _ node: Node) -> Int {
    switch type {
    case .array(let element, _): return (node.items?.count ?? 0) * (element.fixedSize ?? 0)
    case .structure(let structure):
      let own = type.fixedSize ?? 0
      guard let (offset, element) = type.openEnd, let list = structure.fields.last.flatMap({ node[key: $0.name] })
      else { return own }
      return max(own, offset + (list.items?.count ?? 0) * (element.fixedSize ?? 0))
    default: return type.fixedSize ?? 0
    }
  }

  func encode(
    _ node: Node, _ type: PayloadType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    switch type {
    case .none:
      if node.isEmpty { return true }
      findings.error(
        "unexpected-value",
        "'\(name)' takes no value; " + (isStep ? "leave out 'value'" : "write '\(name.lastWord):'"), at: node.range)
      return false
    case .integer(let type):
      if let content = loaded(node) {
        encoded.slots.append(PayloadSlot(content, offset: offset, width: type.size))
        return true
      }
      guard let value = integer(node, type.description, range: type.range, words: type.name, isModular: true, name)
      else {
        return false
      }
      encoded.payload.put(value, mask: -1, at: offset, size: type.size, bigEndian: isBigEndian)
      return true
    case .bits(let type): return bits(node, type, name, into: &encoded, at: offset)
    case .structure(let type): return structure(node, type, name, into: &encoded, at: offset)
    case .union: preconditionFailure("the struct around a union chooses its type")
    case .array(let element, _):
      guard let items = node.items else {
        findings.wrongKind(node, of: "'\(name)'", wanted: "a list")
        return false
      }
      return elements(items, element, name, into: &encoded, at: offset)
    case .bytes:
      guard let bytes = byteStrings.bytes(node, size: type.fixedSize, name: name) else { return false }
      encoded.payload.put(bytes, at: offset)
      return true
    case .pointer(let target):
      // What the pointer points to follows the payload.
      let start = encoded.payload.bytes.count
      guard let inner = encode(node, as: target, name: name) else { return false }
      encoded.payload.append(inner.payload)
      encoded.slots += inner.slots.map { $0.moved(by: start) }
      encoded.slots.append(PayloadSlot(.payload(start), offset: offset, width: PayloadType.pointerSize))
      return true
    case .bitmap(let type):
      guard let items = node.items else {
        findings.wrongKind(node, of: "'\(name)'", wanted: "a list of bits")
        return false
      }
      let bits = items.compactMap { integer($0, type.description, range: type.range, words: "bit", name) }
      if bits.count == items.count, Set(bits).count != bits.count {
        findings.warnOfRepetitions(zip(items, bits).map { (key: $1, words: "bit \($1) of '\(name)'", at: $0.range) })
      }
      encoded.payload.put(type.bytes(of: bits.map { Int($0) }, bigEndian: isBigEndian), at: offset)
      return bits.count == items.count
    case .descriptor(let type): return descriptor(node, type, name, into: &encoded, at: offset)
    }
  }

  func elements(
    _ items: [Node], _ element: PayloadType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    var good = true
    for (i, item) in items.enumerated() {
      let place = offset + i * (element.fixedSize ?? 0)
      if !encode(item, element, name, into: &encoded, at: place) { good = false }
    }
    return good
  }
}

extension PayloadSlot {
  /// The slot of a payload that is a part of another one.
  fileprivate func moved(by distance: Int) -> PayloadSlot {
    var slot = self
    slot.offset += distance
    if case .payload(let target) = content { slot.content = .payload(target + distance) }
    return slot
  }
}

extension String {
  /// `dist` of `addr.dist`.
  var lastWord: String { split(separator: ".").last.map(String.init) ?? self }
}

extension PayloadEncoder {
  /// The content of a value that is supplied at load time as a whole; nil for other values.
  func loaded(_ node: Node) -> PayloadSlot.Content? {
    guard surroundings.parameters.hasAny, let text = node.scalar else { return nil }
    if text == Parameters.vcpuIndex { return .vcpuIndex }
    return parameters.index(of: text).map { .parameter($0) }
  }

  private func origin(_ content: PayloadSlot.Content) -> String {
    if case .parameter(let index) = content {
      parameters.origin(index)
    } else {
      "the vCPU's index is supplied at load time"
    }
  }

  /// Reports a value that is supplied at load time in a place where it cannot be.
  func refuseLoaded(_ node: Node, _ name: () -> String) {
    guard let content = loaded(node) else { return }
    findings.error(
      "load-parameter",
      "\(origin(content)), but '\(name())' is needed earlier; "
        + "only values of attributes can use it", at: node.range)
  }
}
