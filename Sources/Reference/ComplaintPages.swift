import DeviceSchema
import Diagnostics
import Expressions
import TextOutput
import Vocabulary

extension Explainer {
  /// The page for a message that a program printed when a call failed.
  ///
  /// - Parameter type: the device type that the call was on, `vm`, `vcpu` or `system`, if it is known.
  package func explain(message: String, type: String? = nil) -> Explanation {
    let messages = catalogues.messages
    var complaint = Complaint(message, messages)
    if let architecture = complaint.architecture, !catalogues.contains(where: { $0.architecture == architecture }) {
      return .unknown("the message is from a program for \(architecture.rawValue), which has no schemas")
    }
    if case .other(let id)? = complaint.call, messages.isReason(id), case .page(let page) = explain(id) {
      return .page("The message is about this refusal:\n\n" + page)
    }
    if complaint.isErrnoAlone, let page = page(ofCallOrErrno: complaint.errno?.description ?? "") { return .page(page) }
    var search = CandidateSearch(catalogues: catalogues, messages: messages, complaint: complaint, type: type)
    guard let found = search.candidates()?.map(search.ofNamedValue) else { return .unknown(complaint.whatIsMissing) }
    complaint = search.complaint
    let able = found.filter { !$0.refusals(complaint.errno).isEmpty }
    let likely = able.likely(complaint.errno)
    var page = PageText()
    page.line(complaint.sentence(of: found))
    if complaint.errno == nil, !found.isEmpty, !complaint.isOfKernel {
      page.paragraph(
        "It has no errno that is known here. If it is in another language, run the program again with LC_ALL=C.",
        indent: 0)
    }
    page.gap()
    if found.allSatisfy({ $0.attribute == nil }), complaint.attr == nil {
      page.other(complaint, found, messages)
      if found.isEmpty { return .page(page.text) }
    }
    if found.isEmpty { return nothing(complaint, search, &page) }
    let shown = able.isEmpty ? found : likely
    // The page may have a reason of the host or the guest already.
    let reasons = messages.reason(complaint) == nil ? "reason" : "other reason"
    if found.count == 1 {
      page.candidate(found[0], complaint, reasons)
    } else if Set(found.map(\.name)).count == 1 {
      page.architectures(found, complaint, reasons)
    } else if able.count == 1, let errno = complaint.errno {
      page.paragraph("Of the calls that fit, only one can be answered with \(errno):", indent: 0)
      page.gap()
      page.candidate(able[0], complaint, reasons)
    } else if shown.count <= Self.mostCandidates {
      page.candidates(found, able: able, likely: likely, complaint, isTypeKnown: type != nil)
    } else {
      page.groups(shown, isAble: !able.isEmpty, complaint)
    }
    return .page(page.text)
  }

  /// The maximum number of candidates that are shown with their reasons.
  private static let mostCandidates = 8

  /// The names that `--type` takes.
  package var types: [String] {
    var names: [String] = []
    for file in catalogues.flatMap(\.files) where !file.isCommon && !names.contains(file.name) {
      names.append(file.name)
    }
    return names
  }

  /// The page if no attribute has these numbers: the answers to such calls.
  private func nothing(_ complaint: Complaint, _ search: CandidateSearch, _ page: inout PageText) -> Explanation {
    guard let number = complaint.group else {
      return .unknown("no call that the schemas describe fits the message")
    }
    var rows: [[String]] = []
    for (catalogue, file) in search.filesOfSubject() {
      let group = file.groups.first { $0.number == number }
      let answers = AttributeAccess.allCases.filter { complaint.access == nil || $0 == complaint.access }.compactMap {
        access -> String? in
        file.errno(of: access, onUnknownIn: group, catalogue).map {
          "\($0) to \(access.rawValue)"
        }
      }
      let what = group.map { "has no such attribute in group \($0.name)" } ?? "has no group \(number)"
      rows.append([file.name, catalogue.architecture.rawValue, "\(what): \(answers.listed())"])
    }
    page.paragraph("No attribute has these numbers. The answer is then:")
    page.gap()
    page.table(rows, indent: 4)
    return .page(page.text)
  }
}

extension FailureMessages {
  /// The reason of the host or the guest for the errno of a message.
  fileprivate func reason(_ complaint: Complaint) -> String? {
    guard case .other(let name)? = complaint.call, let errno = complaint.errno else { return nil }
    return others[name]?.reasons[errno.description]
  }
}

extension Complaint {
  /// A summary of the message.
  ///
  /// - Parameter found: the calls that it may be about.
  fileprivate func sentence(of found: [Candidate]) -> String {
    var parts: [String] = []
    let known = Set(found.flatMap(\.constants))
    switch call {
    case .attribute(let access?): parts.append(access.ioctl)
    case .attribute(nil): parts.append("a call on a device attribute")
    case .other(let name):
      let capabilities = constants.filter { $0.hasPrefix("KVM_CAP_") && name != $0 }
      parts.append(([name] + (capabilities.isEmpty ? [] : ["of", capabilities[0]])).joined(separator: " "))
    case nil:
      let titles = Set(found.flatMap(\.calls).map(\.title))
      if titles.count == 1, attr == nil { parts += titles }
    }
    for constant in constants where known.contains(constant) && !parts.joined().contains(constant) {
      parts.append(constant)
    }
    if let group { parts.append("group \(group)") }
    if let attr { parts.append("attr \(hexadecimal(attr, from: 0x1_0000))") }
    let values = Set(found.flatMap(\.valueNames))
    if let name = values.filter({ hasValue($0) }).min() { parts.append(name) }
    if let errno {
      let words = ErrnoText.words(errno).map { " (\($0))" } ?? ""
      parts.append("answered by \(errno)\(words)")
    }
    return "The message says: " + parts.joined(separator: ", ")
  }

  /// Why no call can be found.
  fileprivate var whatIsMissing: String {
    if let constant = constants.first {
      return "the schemas do not describe \(constant), and the message names no other call; "
        + "if it is a call, it is not one on a device attribute"
    }
    let part = verb == nil || errno == nil ? "" : ", or the name of a device"
    return "the message does not say which call failed; it needs a group and an attribute, or a name such as "
      + "KVM_SET_DEVICE_ATTR\(part)"
  }
}

extension PageText {
  /// What a call is that is not on an attribute.
  fileprivate mutating func other(_ complaint: Complaint, _ found: [Candidate], _ messages: FailureMessages) {
    var sentences = ["This is not a call on a device attribute."]
    if case .other(let name)? = complaint.call {
      if let attributes = messages.others[name]?.attributes, !attributes.isEmpty {
        sentences = ["This can be KVM_SET_DEVICE_ATTR on \(attributes.listed("or"))."]
      }
      let capability = complaint.constants.first { $0.hasPrefix("KVM_CAP_") }
      let isDescribed = found.contains { $0.calls.contains { $0.title == name } }
      // A call that has its page under another name has something of its own to say.
      if let other = messages.others[name], !isDescribed || other.page != nil, let doc = other.doc {
        sentences.append(doc)
      }
      if let errno = complaint.errno, let reason = messages.reason(complaint) {
        sentences.append("\(errno) can mean that \(reason).")
      }
      if found.isEmpty, name == "KVM_ENABLE_CAP", let capability {
        sentences.append("The schemas do not describe the capability \(capability).")
      } else if sentences.count == 1, found.isEmpty {
        sentences.append("The schemas do not describe it.")
      }
    }
    paragraph(sentences.joined(separator: " "))
    gap()
  }

  /// One call on several architectures, whose reasons differ.
  ///
  /// - Parameter reasonWords: what the page calls a reason of the schemas.
  fileprivate mutating func architectures(_ found: [Candidate], _ complaint: Complaint, _ reasonWords: String) {
    let name = found[0].name
    let places = found.map(\.catalogue.architecture.rawValue)
    line(name, "call, \(places.listed())")
    gap()
    if Set(found.map(\.doc)).count == 1, let doc = found[0].doc { paragraph(doc) }
    var reasons: [(text: String, places: [String])] = []
    for (candidate, place) in zip(found, places) {
      for refusal in candidate.refusals(complaint.errno) {
        let text = complaint.errno == nil ? "\(refusal.answer): \(refusal.reason)" : refusal.reason
        if let i = reasons.firstIndex(where: { $0.text == text }) {
          if !reasons[i].places.contains(place) { reasons[i].places.append(place) }
        } else {
          reasons.append((text, [place]))
        }
      }
    }
    if let errno = complaint.errno {
      heading("WHAT \(errno) MEANS HERE")
      if reasons.isEmpty {
        paragraph("The schemas have no \(reasonWords) for \(errno) from \(found[0].calls[0].title).")
      }
    } else {
      heading("REFUSALS")
    }
    var shown: [[String]] = []
    for reason in reasons where !shown.contains(reason.places) { shown.append(reason.places) }
    for group in shown.sorted(by: { $0.count > $1.count }) {
      gap()
      paragraph(group == places ? "on all of them:" : "on \(group.listed()):")
      for reason in reasons where reason.places == group { paragraph("- " + reason.text, indent: 4, hanging: 2) }
    }
    gap()
    paragraph("In the order of the checks, on one architecture: explain \(places[0])/\(name)")
  }

  /// The page of the one call that a message is about.
  ///
  /// - Parameter reasonWords: what the page calls a reason of the schemas.
  fileprivate mutating func candidate(_ candidate: Candidate, _ complaint: Complaint, _ reasonWords: String) {
    let file = candidate.file
    let place = candidate.architectures.map(\.rawValue).joined(separator: ", ")
    if let (group, attribute) = candidate.attribute {
      title(candidate.name, "attribute", place)
      if let doc = attribute.doc ?? group.doc { paragraph(doc) }
      gap()
      table(identity(attribute, group, file))
      key(of: attribute, complaint.attr)
    } else {
      title(candidate.name, "call", place)
      if let doc = candidate.doc { paragraph(doc) }
      values(of: candidate, complaint)
    }
    meaning(of: candidate, complaint, reasonWords)
    if let (group, attribute) = candidate.attribute {
      order(attribute, group, ConditionWords(catalogue: candidate.catalogue, key: attribute.keyFields))
      _ = manifest(attribute, group, file, candidate.catalogue)
    }
  }

  /// The meaning of the errno, and the other answers of the calls.
  private mutating func meaning(of candidate: Candidate, _ complaint: Complaint, _ reasonWords: String) {
    guard let errno = complaint.errno else {
      return refusals(candidate.calls, candidate.catalogue)
    }
    let name = errno.description
    let meant = candidate.calls.compactMap { $0.only { $0.answer == name } }
    heading("WHAT \(name) MEANS HERE")
    if meant.isEmpty {
      paragraph(
        "The schemas have no \(reasonWords) for \(name) from \(candidate.calls.map(\.title).listed("or")) on "
          + "\(candidate.name). It can come from the program itself, from a kernel, a host or a protected VM that the "
          + "schemas do not describe, or from something the guest did.")
    } else {
      meaning(of: meant, on: candidate.catalogue.release)
    }
    let others = candidate.calls.compactMap { $0.only { $0.answer != name } }
    if !others.isEmpty { refusals(others, candidate.catalogue, heading: "OTHER ANSWERS") }
    if meant.isEmpty {
      gap()
      paragraph("The whole attribute: explain \(candidate.name)")
    }
  }

  /// The fields of a structured number, with the values that the message gives them.
  private mutating func key(of attribute: AttributeSchema, _ attr: UInt64?) {
    guard let attr, !attribute.keyFields.isEmpty, let key = attribute.key(of: attr) else { return }
    gap()
    paragraph("The attribute's number means:")
    table(
      attribute.keyFields.map { field in
        let value = key[field.name.identifier]?.integer ?? 0
        let name = field.description.names.name(of: value)
        return [field.name, hexadecimal(value), name ?? field.description.doc ?? ""]
      }, indent: 4)
  }

  /// The values of the call's argument that the message names.
  private mutating func values(of candidate: Candidate, _ complaint: Complaint) {
    let rows = candidate.namedFields.flatMap { field in
      field.description.names.filter { name in
        complaint.hasValue(name.name) || complaint.numbers.contains { Int128($0) == name.value }
      }.map { [field.name, $0.name, field.description.number($0.value)] }
    }
    if rows.isEmpty { return }
    gap()
    table(rows)
  }

  /// The groups of many calls that a message may be about, and what the message lacks.
  fileprivate mutating func groups(_ candidates: [Candidate], isAble: Bool, _ complaint: Complaint) {
    let hasCalls = candidates.contains { $0.attribute == nil }
    let what = !complaint.isOnAttribute ? "calls" : hasCalls ? "attributes and calls" : "attributes"
    let errno = complaint.errno.map {
      isAble ? " and can be answered with \($0)" : ", and none is known to be answered with \($0)"
    }
    paragraph("\(candidates.count) \(what) fit\(errno ?? ""). They are in:")
    gap()
    var rows: [[String]] = []
    for candidate in candidates {
      let row = [
        candidate.groupName, candidate.catalogue.architecture.rawValue, candidate.groupDoc?.firstSentence ?? "",
      ]
      if !rows.contains(where: { $0[0] == row[0] && $0[1] == row[1] }) { rows.append(row) }
    }
    table(rows, indent: 4)
    gap()
    var missing: [String] = []
    if Set(candidates.map(\.file.name)).count > 1 { missing.append("the device type (--type TYPE)") }
    if complaint.isOnAttribute, complaint.group == nil { missing.append("the numbers of the group and the attribute") }
    if complaint.call == .other("KVM_ENABLE_CAP") { missing.append("the capability (KVM_CAP_NAME)") }
    if complaint.errno == nil { missing.append("the errno") }
    if !missing.isEmpty {
      paragraph("The message does not say which one it was. Add what is known: \(missing.listed()).")
    }
    if complaint.isOnAttribute, complaint.group == nil {
      paragraph("strace -v -e trace=ioctl PROGRAM prints them. Add them to the message as in 'Group 3 attr 0x0'.")
    }
  }

  /// The calls that a message may be about. If some of them can give the answer, only the likely ones of those are listed.
  fileprivate mutating func candidates(
    _ all: [Candidate], able: [Candidate], likely: [Candidate], _ complaint: Complaint, isTypeKnown: Bool
  ) {
    let shown = able.isEmpty ? all : likely
    let errno = complaint.errno?.description
    let what = complaint.isOnAttribute ? "attributes fit" : "calls fit"
    if able.isEmpty, let errno {
      paragraph("\(all.count) \(what), but the schemas have no reason for \(errno) from any of them:")
    } else {
      paragraph("\(shown.count) \(what)\(errno.map { " and can be answered with \($0)" } ?? ""):")
    }
    gap()
    for candidate in shown.prefix(40) {
      let doc = candidate.doc?.firstSentence ?? ""
      paragraph("\(candidate.name) (\(candidate.catalogue.architecture.rawValue)): \(doc)", hanging: 4)
      var reasons: [String] = []
      for refusal in candidate.refusals(complaint.errno) where !reasons.contains(refusal.reason) {
        reasons.append(refusal.reason)
      }
      if errno != nil { for reason in reasons { paragraph("- " + reason, indent: 6, hanging: 2) } }
    }
    if shown.count > 40 { paragraph("and \(shown.count - 40) more") }
    if let errno {
      let (unlikely, unable) = able.isEmpty ? (0, 0) : (able.count - likely.count, all.count - able.count)
      if unlikely + unable > 0 { gap() }
      if unlikely > 0 {
        paragraph(
          "\(unlikely.fitting) answered with \(errno) only if the program passes an address that it may not use.")
      }
      if unable > 0 { paragraph("\(unable.fitting) never answered with \(errno).") }
    }
    gap()
    if !isTypeKnown {
      var types: [String] = []
      for candidate in shown where !types.contains(candidate.file.name) { types.append(candidate.file.name) }
      if types.count > 1 { paragraph("To say which one it was, add --type: \(types.listed("or")).") }
    }
    paragraph("For details: explain \(shown[0].name)")
  }
}

extension [Candidate] {
  /// Those of the candidates that a message is probably about. Programs pass addresses that they may use, so that EFAULT has
  /// another reason if a call has one.
  fileprivate func likely(_ errno: Errno?) -> [Candidate] {
    guard errno == Errno(name: "EFAULT") else { return self }
    let some = filter { $0.refusals(errno).contains { $0.rule != nil } }
    return some.isEmpty ? self : some
  }
}

extension Int {
  /// `1 more fits, and is`, `2 more fit, and are`.
  fileprivate var fitting: String { "\(self) more \(self == 1 ? "fits, and is" : "fit, and are")" }
}

extension RefusableCall {
  /// The call with only the refusals that meet a condition; nil if there are none.
  func only(_ condition: (Refusal) -> Bool) -> RefusableCall? {
    var call = self
    call.refusals = refusals.filter(condition)
    return call.refusals.isEmpty ? nil : call
  }
}
