import DeviceSchema
import Diagnostics
import Vocabulary

/// One call that a message may be about.
struct Candidate {
  var file: SchemaFile
  var catalogue: Catalogue
  /// Nil for a call that is not on an attribute.
  var attribute: (group: GroupSchema, attribute: AttributeSchema)?
  /// The possible calls, with all their refusals.
  var calls: [RefusableCall]

  /// `arm-vgic-v3.addr.dist`, `vfio.create`.
  var name: String { calls.first?.subject ?? file.name }

  /// The names of the attribute and of its group, to compare with words of a message.
  fileprivate var attributeWords: [String] {
    guard let attribute else { return [] }
    return [attribute.attribute.name, attribute.group.name].compactMap { $0 }
  }

  /// What the attribute is, or what the call does.
  var doc: String? {
    if let attribute { return attribute.attribute.doc ?? attribute.group.doc }
    switch calls.first?.kind {
    case .descriptor(.create) where file.deviceType != nil: return file.doc
    case .descriptor(let call): return call.doc(on: file)
    case .capability(let capability): return capability.doc
    case .request(let request): return request.doc
    case .attribute, nil: return file.doc
    }
  }

  /// The group of the attribute, or the object of the call: `arm-vgic-v3.addr`, `vcpu`.
  var groupName: String {
    if let attribute { return "\(file.name).\(attribute.group.name)" }
    if case .capability = calls.first?.kind { return file.name }
    return name
  }

  var groupDoc: String? {
    if let attribute { return attribute.group.doc ?? attribute.attribute.doc }
    if case .capability = calls.first?.kind { return file.doc }
    return doc
  }

  /// All refusals of the calls with an errno, or with any if it is nil.
  func refusals(_ errno: Errno?) -> [Refusal] {
    calls.flatMap(\.refusals).filter { errno == nil || $0.answer == errno?.description }
  }
}

/// Finds the calls that a message may be about.
struct CandidateSearch {
  let catalogues: [Catalogue]
  let complaint: Complaint
  /// The device type, `vm`, `vcpu` or `system`, if it is known, with an optional `ARCH/` before it.
  var type: String?

  /// All calls that fit. Calls that architectures share are listed once.
  func candidates() -> [Candidate] {
    var found: [Candidate] = []
    var shared: Set<String> = []
    for (catalogue, file) in files() where shared.insert("\(file.text.file.path) \(file.name)").inserted {
      found += complaint.isOnAttribute ? attributes(of: file, catalogue) : otherCalls(of: file, catalogue)
      // A message without a call may also be about the creation of a device.
      if complaint.call == nil, complaint.attr == nil {
        found += calls(of: file, catalogue) { $0 == "KVM_CREATE_DEVICE" }
      }
    }
    found = narrowed(found, by: constants)
    if type == nil {
      let about = found.filter { candidate in complaint.subjects.contains { candidate.name.hasPrefix($0) } }
      found = about.isEmpty ? narrowed(found, by: namesFile) : about
    }
    if complaint.attr == nil, complaint.group == nil { found = narrowed(found, by: namesAttribute) }
    return found
  }

  /// The files that the message may be about.
  func files() -> [(Catalogue, SchemaFile)] {
    let parts = (type ?? "").split(separator: "/").map(String.init)
    let wanted = complaint.architecture ?? (parts.count == 2 ? Architecture(rawValue: parts[0]) : nil)
    return catalogues.filter { wanted == nil || $0.architecture == wanted }.flatMap { catalogue in
      catalogue.files.filter { !$0.isCommon && (type == nil || $0.name == parts.last) }.map { (catalogue, $0) }
    }
  }

  private func attributes(of file: SchemaFile, _ catalogue: Catalogue) -> [Candidate] {
    let reference = CallReference(catalogue: catalogue)
    return file.groups.filter { complaint.group == nil || $0.number == complaint.group }.flatMap { group in
      attributes(of: group).map { attribute in
        let accesses = complaint.access.map { [$0] } ?? AttributeAccess.allCases
        return Candidate(
          file: file, catalogue: catalogue, attribute: (group, attribute),
          calls: accesses.map { reference.call($0, on: attribute, of: group, in: file) })
      }
    }
  }

  /// The attribute that the kernel finds by the number, which is the first match. Without a number, all attributes.
  private func attributes(of group: GroupSchema) -> [AttributeSchema] {
    guard let attr = complaint.attr else { return group.attributes }
    return group.attributes.first { $0.key(of: attr) != nil }.map { [$0] } ?? []
  }

  private func otherCalls(of file: SchemaFile, _ catalogue: Catalogue) -> [Candidate] {
    guard case .other(let name)? = complaint.call else { return [] }
    if let other = catalogues.messages.others[name] {
      if name == "KVM_CHECK_EXTENSION", !capabilityNames.isEmpty { return capabilities(of: file, catalogue) }
      return CallReference(catalogue: catalogue).ownCalls(of: file).filter {
        $0.subject == other.page && $0.exists(on: file)
      }
      .map { Candidate(file: file, catalogue: catalogue, calls: [$0]) }
    }
    if name == "KVM_ENABLE_CAP" { return capabilities(of: file, catalogue) }
    return calls(of: file, catalogue) { $0 == name }
  }

  private func calls(of file: SchemaFile, _ catalogue: Catalogue, titled isWanted: (String) -> Bool) -> [Candidate] {
    CallReference(catalogue: catalogue).ownCalls(of: file).filter { isWanted($0.title) }.map {
      Candidate(file: file, catalogue: catalogue, calls: [$0])
    }
  }

  /// The capabilities whose constants the message names, as a whole or in part; all if it names none.
  private func capabilities(of file: SchemaFile, _ catalogue: Catalogue) -> [Candidate] {
    let names = capabilityNames
    let reference = CallReference(catalogue: catalogue)
    return file.capabilities.filter { capability in
      names.isEmpty || names.contains { capability.constant?.hasSuffix($0) == true }
    }.map { Candidate(file: file, catalogue: catalogue, calls: [reference.call($0, of: file)]) }
  }

  /// The words that may name a capability: `KVM_CAP_PPC_IRQ_XIVE`, `IRQ_XIVE`.
  private var capabilityNames: [String] {
    complaint.words.filter { word in
      word.contains("_") && word == word.uppercased() && !catalogues.messages.has(word)
    }
  }

  /// The candidates that meet a condition, or all if none does.
  private func narrowed(_ all: [Candidate], by condition: (Candidate) -> Bool) -> [Candidate] {
    let some = all.filter(condition)
    return some.isEmpty ? all : some
  }

  /// Whether the constants of the kernel's headers in the message are those of the candidate.
  private func constants(_ candidate: Candidate) -> Bool {
    var own = [candidate.file.constant].compactMap { $0 }
    if let (group, attribute) = candidate.attribute {
      own += group.constants + attribute.constants
    }
    let written = complaint.constants.filter { $0.hasPrefix("KVM_DEV_") || own.contains($0) }
    return !written.isEmpty && written.allSatisfy(own.contains)
  }

  /// Whether a word of the message is in the name of the device type, or of a group of a VM's or vCPU's attributes.
  private func namesFile(_ candidate: Candidate) -> Bool {
    let names = candidate.file.deviceType.map { [$0] } ?? candidate.attribute.map { [$0.group.name] } ?? []
    return names.contains { name in complaint.words.contains { Self.word($0, isIn: name) } }
  }

  /// Whether a word of the message is the name of the attribute or of its group.
  private func namesAttribute(_ candidate: Candidate) -> Bool {
    candidate.attributeWords.contains { name in complaint.words.contains { $0.lowercased() == name } }
  }

  /// Whether a word of a message, or a part of it that begins with a capital, refers to a name: `CreateGic`, `gicv3`
  /// and `arm-vgic-v3`. A short lower-case word is assumed to be English.
  private static func word(_ word: String, isIn name: String) -> Bool {
    let parts = name.split(separator: "-").map(String.init)
    let whole = parts.joined()
    return capitalised(word).contains { part in
      let lower = part.lowercased()
      guard lower.utf8.count >= 3, lower.utf8.count > 3 || part != lower else { return false }
      return parts.contains { $0 == lower || $0 == "v" + lower }
        || (lower.utf8.count > 3 && lower.contains(where: \.isNumber) && whole.contains(lower))
        || (lower.utf8.count > 3 && whole.hasPrefix(lower) && parts.count > 1 && parts[0].utf8.count < lower.utf8.count)
    }
  }

  /// `CreateGic` and its parts.
  private static func capitalised(_ word: String) -> [String] {
    var parts: [String] = []
    for character in word {
      if character == "_" || character == "-" {
        parts.append("")
      } else if character.isUppercase, parts.last?.last?.isLowercase != false || parts.isEmpty {
        parts.append(String(character))
      } else if parts.isEmpty {
        parts.append(String(character))
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return [word] + parts
  }
}

extension Complaint {
  /// Whether the message is about one of the three calls on attributes, or names no call.
  var isOnAttribute: Bool {
    switch call {
    case .attribute: true
    case .other: false
    case nil: true
    }
  }
}

extension RefusableCall {
  /// Whether the kernel has the call on a file's descriptor, as far as the schemas describe it.
  func exists(on file: SchemaFile) -> Bool {
    if case .descriptor(let call) = kind { file.rules(of: call) != nil } else { true }
  }
}
