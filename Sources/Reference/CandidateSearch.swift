import DeviceSchema
import Diagnostics
import Vocabulary

/// Finds the calls that a message may be about.
struct CandidateSearch {
  let catalogues: [Catalogue]
  let messages: FailureMessages
  var complaint: Complaint
  /// The device type, `vm`, `vcpu` or `system`, if it is known, with an optional `ARCH/` before it.
  var type: String?

  /// All calls that fit. Calls that architectures share are listed once.
  ///
  /// If the message names no call, the constants of the kernel's headers, the registers and the words in it decide, in this
  /// order; nil if there are none of them.
  mutating func candidates() -> [Candidate]? {
    if complaint.call == nil, complaint.attr == nil {
      let named = everyCall(with: Set(complaint.constants))
      if !named.isEmpty { return narrowed(narrowed(named, by: constants), by: isVerb) }
      // An unknown call is not guessed from other words.
      if !complaint.constants.isEmpty { return nil }
      if complaint.names.contains(where: { $0.contains("_") }) {
        let found = everyCall { $0.valueNames.contains { $0.contains("_") && complaint.hasValue($0) } }.filter(isOfVerb)
        if !found.isEmpty { return aboutSubject(found).found }
      }
      if let verb = complaint.verb {
        complaint.call = verb
        let (found, isNarrow) = aboutSubject(callsThatFit())
        return isNarrow || type != nil ? narrowed(narrowed(found, by: namesValueInAnyCase), by: namesAttribute) : nil
      }
      if complaint.subjects.isEmpty || complaint.errno == nil || complaint.isOfKernel { return nil }
    }
    let all = callsThatFit()
    // The constants of the kernel's headers are surer than the words of a program.
    if !complaint.isCallNamed, complaint.attr == nil, !all.contains(where: constants) {
      let wanted = complaint.constants.filter { !$0.hasPrefix("KVM_CAP_") }
      let named = everyCall(with: Set(wanted))
      if !named.isEmpty {
        complaint.call = nil
        return narrowed(named, by: constants)
      }
    }
    var found = narrowed(narrowed(all, by: constants), by: namesValue)
    var isNarrow = type != nil || found.count < all.count
    if type == nil {
      let about = aboutSubject(found)
      // Only the subject says what such a message is about, and this architecture lacks it.
      if complaint.call == nil, complaint.attr == nil, !about.isNarrow { return nil }
      (found, isNarrow) = (about.found, isNarrow || about.isNarrow)
    }
    if complaint.attr != nil || complaint.group != nil { return found }
    // A word such as 'irq' names an attribute only of something that the message names as well.
    return isNarrow ? narrowed(found, by: namesAttribute) : found
  }

  /// The calls of the kind that the message names, or all calls on attributes.
  private func callsThatFit() -> [Candidate] {
    eachFile { file, catalogue in
      if !complaint.isOnAttribute { return otherCalls(of: file, catalogue) }
      var found = attributes(of: file, catalogue)
      // A message without a call may also be about the creation of a device.
      if complaint.call == nil, complaint.attr == nil {
        found += ownCalls(of: file, catalogue) { $0.title == "KVM_CREATE_DEVICE" }
      }
      return found
    }
  }

  /// The calls that have one of some constants.
  private func everyCall(with constants: Set<String>) -> [Candidate] {
    constants.isEmpty ? [] : everyCall { !constants.isDisjoint(with: $0.constants) }
  }

  /// All calls that meet a condition.
  private func everyCall(where isWanted: (Candidate) -> Bool) -> [Candidate] {
    eachFile { file, catalogue in
      (attributes(of: file, catalogue) + ownCalls(of: file, catalogue) { $0.exists(on: file) }).filter(isWanted)
    }
  }

  /// The architecture that the message or the type names.
  private var architecture: Architecture? {
    let parts = (type ?? "").split(separator: "/").map(String.init)
    return complaint.architecture ?? (parts.count == 2 ? Architecture(rawValue: parts[0]) : nil)
  }

  /// The files that the message may be about.
  func files() -> [(Catalogue, SchemaFile)] {
    let name = type?.split(separator: "/").last.map(String.init)
    return catalogues.filter { architecture == nil || $0.architecture == architecture }.flatMap { catalogue in
      catalogue.files.filter { !$0.isCommon && (type == nil || $0.name == name) }.map { (catalogue, $0) }
    }
  }

  private func reference(_ catalogue: Catalogue, argument: [String: Int128] = [:]) -> CallReference {
    CallReference(catalogue: catalogue, isAlone: architecture != nil, argument: argument)
  }

  /// Those of the files that the message names a part of, or all.
  func filesOfSubject() -> [(Catalogue, SchemaFile)] {
    let all = files()
    let some = all.filter { _, file in
      complaint.subjects.contains { file.name.hasPrefix($0) || $0.hasPrefix("\(file.name).") }
    }
    return some.isEmpty ? all : some
  }

  /// The candidate without the refusals of commands or registers other than those that the message means.
  func ofNamedValue(_ candidate: Candidate) -> Candidate {
    guard case .request(let request)? = candidate.calls.first?.kind else { return candidate }
    func call(_ field: NamedField, _ value: Int128) -> RefusableCall {
      reference(candidate.catalogue, argument: [field.name.identifier: value]).call(request, of: candidate.file)
    }
    let meant = candidate.namedFields.flatMap { field in
      complaint.values(of: field.description, candidate).map { call(field, $0) }
    }
    guard let first = meant.first else { return candidate }
    let rules = Set(meant.flatMap(\.refusals).map(\.rule))
    var narrow = candidate
    narrow.calls = meant.count == 1 ? [first] : candidate.calls.compactMap { $0.only { rules.contains($0.rule) } }
    return narrow
  }

  private func eachFile(_ calls: (SchemaFile, Catalogue) -> [Candidate]) -> [Candidate] {
    var found: [Candidate] = []
    var seen: [String: Range<Int>] = [:]
    for (catalogue, file) in files() {
      let key = "\(file.text.file.path) \(file.name)"
      if let sharing = seen[key] {
        for i in sharing { found[i].architectures.append(catalogue.architecture) }
      } else {
        let start = found.count
        found += calls(file, catalogue)
        seen[key] = start..<found.count
      }
    }
    return found
  }

  private func attributes(of file: SchemaFile, _ catalogue: Catalogue) -> [Candidate] {
    let reference = reference(catalogue)
    return file.groups.filter { complaint.group == nil || $0.number == complaint.group }.flatMap { group in
      attributes(of: group).map { attribute in
        let accesses = complaint.access.map { [$0] } ?? AttributeAccess.allCases
        return Candidate(
          file: file, catalogue: catalogue, architectures: [catalogue.architecture], attribute: (group, attribute),
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
    if name == "KVM_ENABLE_CAP" || (name == "KVM_CHECK_EXTENSION" && !capabilityNames.isEmpty) {
      return capabilities(of: file, catalogue)
    }
    let page = messages.others[name]?.page
    return ownCalls(of: file, catalogue) { $0.title == name || (page == $0.subject && $0.exists(on: file)) }.map {
      // A page can be that of several calls.
      guard case .descriptor? = $0.calls.first?.kind else { return $0 }
      var candidate = $0
      candidate.calls[0].title = name
      return candidate
    }
  }

  private func ownCalls(
    of file: SchemaFile, _ catalogue: Catalogue, where isWanted: (RefusableCall) -> Bool
  ) -> [Candidate] {
    let reference = reference(catalogue)
    return reference.ownCalls(of: file).filter(isWanted).map {
      Candidate(
        file: file, catalogue: catalogue, architectures: [catalogue.architecture],
        calls: reference.parts(of: $0, in: file))
    }
  }

  /// The capabilities whose constants the message names, as a whole or in part; all if it names none.
  private func capabilities(of file: SchemaFile, _ catalogue: Catalogue) -> [Candidate] {
    let names = capabilityNames
    let reference = reference(catalogue)
    return file.capabilities.filter { capability in
      names.isEmpty || names.contains { capability.constant == $0 || capability.constant?.hasSuffix("_" + $0) == true }
    }.map {
      Candidate(
        file: file, catalogue: catalogue, architectures: [catalogue.architecture],
        calls: [reference.call($0, of: file)])
    }
  }

  /// The words that may name a capability: `KVM_CAP_PPC_IRQ_XIVE`, `IRQ_XIVE`.
  private var capabilityNames: [String] {
    let names = complaint.constants.filter { $0.hasPrefix("KVM_CAP_") }
    if !names.isEmpty { return names }
    let known = catalogues.flatMap { $0.files.flatMap(\.capabilities) }.compactMap(\.constant)
    return complaint.words.filter { word in
      word.contains("_") && word == word.uppercased() && known.contains { $0.hasSuffix("_" + word) }
    }
  }
}

// MARK: What a message says of a call

extension CandidateSearch {
  /// The candidates that meet a condition, or all if none does.
  private func narrowed(_ all: [Candidate], by condition: (Candidate) -> Bool) -> [Candidate] {
    let some = all.filter(condition)
    return some.isEmpty ? all : some
  }

  /// The candidates for the part of KVM that the message names, and whether it names one; otherwise all.
  private func aboutSubject(_ all: [Candidate]) -> (found: [Candidate], isNarrow: Bool) {
    var about = all.filter { candidate in complaint.subjects.contains(where: candidate.isAbout) }
    // The path of an attribute can be the beginning of another one's: addr.redist and addr.redist-region.
    about = narrowed(about) { $0.attribute != nil && complaint.subjects.contains($0.name) }
    if about.isEmpty { about = all.filter(namesFile) }
    return about.isEmpty ? (all, false) : (about, true)
  }

  /// Whether the constants of the kernel's headers in the message are those of the candidate. Calls and capabilities that
  /// the candidate does not have are not looked at.
  private func constants(_ candidate: Candidate) -> Bool {
    let own = candidate.constants
    let written = complaint.constants.filter { $0.hasPrefix("KVM_DEV_") || own.contains($0) }
    return !written.isEmpty && written.allSatisfy(own.contains)
  }

  /// Whether a word of the message is the name of a value in the call's key or argument, such as a register.
  private func namesValue(_ candidate: Candidate) -> Bool {
    candidate.valueNames.contains { complaint.hasValue($0) }
  }

  /// The same, if the message also names what the call is on: `eidelivery` for EIDELIVERY.
  private func namesValueInAnyCase(_ candidate: Candidate) -> Bool {
    candidate.valueNames.contains { complaint.hasValue($0, inAnyCase: true) }
  }

  /// Whether the candidate does what the verb of the message says.
  private func isOfVerb(_ candidate: Candidate) -> Bool {
    guard case .attribute(let access?)? = complaint.verb, case .request(let request)? = candidate.calls.first?.kind
    else {
      return true
    }
    return request.isWritten == (access == .get)
  }

  /// Whether the candidate is the call that the verb of the message suggests.
  private func isVerb(_ candidate: Candidate) -> Bool {
    complaint.verb.map { verb in candidate.calls.contains { .other($0.title) == verb } } ?? false
  }

  /// Whether a word of the message is in the name of the device type, or of a group of a VM's or vCPU's attributes.
  private func namesFile(_ candidate: Candidate) -> Bool {
    let names = candidate.file.deviceType.map { [$0] } ?? candidate.attribute.map { [$0.group.name] } ?? []
    return names.contains { name in complaint.words.contains { word($0, isIn: name) } }
  }

  /// Whether the message has the name of the attribute or of its group, apart from words that name the device: `irq`,
  /// `save ITS tables` for `save-tables`.
  private func namesAttribute(_ candidate: Candidate) -> Bool {
    func parts(_ name: String?) -> [String] { (name ?? "").split(separator: "-").map(String.init) }
    func names(_ name: String?, of whole: [String]) -> Bool {
      let own = parts(name)
      let telling = own.filter { !whole.contains($0) && (own.count == 1 || !messages.commonWords.contains($0)) }
      if own.count > 1 { return !telling.isEmpty && complaint.names.isSuperset(of: own) }
      return !telling.isEmpty && complaint.words.contains { $0.lowercased() == name }
    }
    guard let (group, attribute) = candidate.attribute else { return false }
    let device = parts(candidate.file.name)
    return names(group.name, of: device) || names(attribute.name, of: device + parts(group.name))
  }

  /// Whether a word of a message, or a part of it that begins with a capital, refers to a name: `CreateGic`, `gicv3`
  /// and `arm-vgic-v3`. A short lower-case word is assumed to be English.
  private func word(_ word: String, isIn name: String) -> Bool {
    let parts = name.split(separator: "-").map(String.init)
    let whole = parts.joined()
    return Self.capitalised(word).contains { part in
      let lower = part.lowercased()
      guard lower.utf8.count >= 3, lower.utf8.count > 3 || part != lower else { return false }
      if messages.commonWords.contains(lower) { return false }
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
  /// The only value that the message has, by its constant, its number or its name; else the values that are among the
  /// subjects, as the commands of one function of a program.
  fileprivate func values(of description: IntegerDescription, _ candidate: Candidate) -> [Int128] {
    if let value = command(of: description) { return [value] }
    let numbered = Set(description.names.map(\.value)).intersection(numbers.map { Int128($0) })
    if !numbered.isEmpty { return numbered.count == 1 ? Array(numbered) : [] }
    let named = Set(description.names.lazy.filter { hasValue($0.name) }.map(\.value))
    if named.count == 1 { return Array(named) }
    return description.names.filter { subjects.contains("\(candidate.name).\($0.name)") }.map(\.value)
  }

  /// The only value whose constant the message has, or the end of it: SNP_LAUNCH_START of KVM_SEV_SNP_LAUNCH_START.
  private func command(of description: IntegerDescription) -> Int128? {
    // Each name has a constant, in the same order.
    guard description.constants.count == description.names.count else { return nil }
    let named = zip(description.names, description.constants).filter { _, constant in
      let end = constant.split(separator: "_", maxSplits: 2).last.map(String.init) ?? ""
      return constants.contains(constant) || (end.contains("_") && words.contains(end))
    }
    return named.count == 1 ? named[0].0.value : nil
  }

  /// Whether the message is about one of the three calls on attributes, or names no call.
  var isOnAttribute: Bool { if case .other = call { false } else { true } }
}

extension RefusableCall {
  /// Whether the kernel has the call on a file's descriptor, as far as the schemas describe it.
  func exists(on file: SchemaFile) -> Bool {
    if case .descriptor(let call) = kind { file.rules(of: call) != nil } else { true }
  }
}
