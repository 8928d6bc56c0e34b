import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import TextOutput
import Vocabulary

// The pages, section by section.
extension PageText {
  mutating func title(_ name: String, _ kind: String, _ place: String) {
    line(name, "\(kind), \(place)")
    gap()
  }

  mutating func attribute(
    _ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile, _ reference: CallReference, _ place: String
  ) {
    let path = attribute.path
    title("\(file.name).\(path)", "attribute", place)
    if let doc = attribute.doc ?? group.doc { paragraph(doc) }
    gap()
    table(identity(attribute, group, file))
    let conditions = ConditionWords(catalogue: reference.catalogue, key: attribute.keyFields)
    facts(attribute, group, file, conditions)
    keys(attribute, "\(file.name).\(path)")
    heading("VALUE")
    let payloads = group.payloads(of: attribute)
    for (when, type) in payloads {
      if payloads.count > 1 { paragraph(when.map { "where \(conditions.words($0)):" } ?? "else:") }
      layout(type, indent: payloads.count > 1 ? 4 : 2)
    }
    order(attribute, group, conditions)
    let calls = AttributeAccess.allCases.map { reference.call($0, on: attribute, of: group, in: file) }
    refusals(calls, reference.catalogue)
    _ = manifest(attribute, group, file, reference.catalogue)
    sources(file, attribute.source)
  }

  func identity(_ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile) -> [[String]] {
    var rows: [[String]] = []
    if let type = file.deviceType {
      rows.append(["device type", type, file.number.map { "\($0)" } ?? "", file.constant ?? ""])
    }
    rows.append([
      "group", group.name, "\(group.number)",
      group.constants.joined(separator: ", "),
    ])
    let constants = attribute.constants.joined(separator: ", ")
    switch attribute.number {
    case .exactly(let number): rows.append(["attribute", attribute.name ?? "-", "\(number)", constants])
    case .any:
      rows.append([
        "attribute", attribute.name ?? "-", "any",
        constants.isEmpty ? "the kernel does not look at the number" : constants,
      ])
    case .keys:
      rows.append([
        "attribute", attribute.name ?? "-", "a key",
        constants.isEmpty ? "the number is made of the fields below" : constants,
      ])
    }
    return rows
  }

  private mutating func facts(
    _ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile, _ conditions: ConditionWords
  ) {
    let release = conditions.catalogue.release
    var rows: [[String]] = []
    let calls = file.calls(on: attribute)
    rows.append(["calls", calls.isEmpty ? "none" : calls.map(\.rawValue).listed()])
    if attribute.repeatsSomeKeys {
      rows.append(["repeated", "some keys may be set several times, as later values add to earlier ones"])
    } else if attribute.repeats {
      rows.append(["repeated", "may be set several times; a manifest gives a list"])
    }
    let lifetime = Lifetime([file.lifetime, group.lifetime, attribute.lifetime])
    rows += self.rows(lifetime)
    if lifetime.includes(release) == false { rows.append(["missing", "Linux \(release) does not have it"]) }
    for when in [group.when, attribute.when] {
      if let when { rows.append(["only where", conditions.words(when)]) }
    }
    gap()
    table(rows)
  }

  /// The releases that have something.
  private func rows(_ lifetime: Lifetime) -> [[String]] {
    var rows: [[String]] = []
    if let since = lifetime.since {
      rows.append(["since", since.words(exactly: "Linux", between: "a release of Linux")])
    }
    if let until = lifetime.until {
      rows.append(["until", until.words(exactly: "Linux", between: "a release of Linux") + ", which removed it"])
    }
    return rows
  }

  private mutating func keys(_ attribute: AttributeSchema, _ page: String) {
    guard case .keys(let fields, let base) = attribute.number else { return }
    heading("KEY")
    paragraph("bits of the attribute's 64-bit number\(base == 0 ? "" : ", after \(base) is taken off"):")
    bitFields(fields, page: page, indent: 4)
  }

  mutating func order(_ attribute: AttributeSchema, _ group: GroupSchema, _ conditions: ConditionWords) {
    var sentences: [String] = []
    for (words, side) in [
      (group.after + attribute.after, "after"), (group.before + attribute.before, "before"),
    ] {
      for word in words {
        let condition = word.when.map { ", where \(conditions.words($0))" } ?? ""
        sentences.append("\(side) \(word.path.value)\(condition)")
      }
    }
    guard !sentences.isEmpty else { return }
    heading("ORDER")
    paragraph("A manifest may give it anywhere; kvmconf sets it:")
    for sentence in sentences { paragraph(sentence, indent: 4, hanging: 2) }
  }

  /// The refusals of each call, and the facts of the host that they depend on.
  mutating func refusals(
    _ calls: [RefusableCall], _ catalogue: Catalogue,
    heading title: String = "REFUSALS, in the order in which the kernel checks"
  ) {
    heading(title)
    for call in calls {
      gap()
      if call.refusals.isEmpty {
        paragraph("\(call.title): none")
        continue
      }
      paragraph("\(call.title):")
      table(rows(call.refusals), indent: 4)
    }
    let facts = Set(calls.flatMap(\.refusals).flatMap(\.facts).map(\.name)).sorted()
    if facts.isEmpty { return }
    gap()
    paragraph("Facts of the host:")
    table(facts.map { [$0, catalogue.fact(named: $0)?.doc ?? ""] }, indent: 4)
  }

  /// One row per errno and reason, without duplicates.
  private func rows(_ refusals: [Refusal]) -> [[String]] {
    var rows: [[String]] = []
    var last: Refusal?
    for refusal in refusals {
      // The kernel has the same check a little earlier or later in other releases.
      let isAlways = last.map(refusal.completes) ?? false
      if isAlways { rows.removeLast() }
      let row = [refusal.answer, reason(refusal, in: isAlways ? nil : refusal.releases)]
      last = rows.contains(row) ? nil : refusal
      if last != nil { rows.append(row) }
    }
    return rows
  }

  private func reason(_ refusal: Refusal, in releases: String?) -> String {
    var reason = refusal.reason
    if !refusal.facts.isEmpty {
      reason += " (on hosts \(refusal.facts.map { "\($0.holds ? "with" : "without") \($0.name)" }.listed()))"
    }
    if let releases, !refusal.namesReleases { reason += " (\(releases))" }
    if let documented = refusal.documented { reason += " (documented as \(documented))" }
    return reason
  }

  /// A call that is not on an attribute.
  mutating func call(
    _ call: RefusableCall, _ doc: String?, _ capability: Capability?, _ file: SchemaFile, _ catalogue: Catalogue
  ) {
    paragraph([call.title, doc].compactMap { $0 }.joined(separator: ": "))
    if let capability {
      gap()
      table([["capability", "\(capability.number)", capability.isOnVCPU ? "on a vCPU" : "on the VM"]])
      table(rows(capability.lifetime))
      if !capability.parameters.isEmpty {
        heading("ARGUMENTS")
        table(
          capability.parameters.map { parameter in
            let flags = parameter.flags.map { "\($0.name) (bit \($0.bit))" }
            let words = [parameter.doc, flags.isEmpty ? nil : "flags: " + flags.joined(separator: ", ")]
            return [
              parameter.name, parameter.isDevice ? "a device" : parameter.isDescriptor ? "a file" : "a number",
              words.compactMap(\.self).joined(separator: "; "),
            ]
          })
      }
    } else if case .request(let request) = call.kind, !request.type.isNone {
      heading("ARGUMENT")
      layout(request.type, page: call.subject)
      if let snippet = ManifestSnippet(request, catalogue) {
        heading("IN A MANIFEST")
        for text in snippet.lines { line("  " + text) }
      }
    } else if case .descriptor(.create) = call.kind, !file.createArguments.isEmpty {
      heading("ARGUMENTS, as bits of the machine type")
      bitFields(file.createArguments, indent: 2)
    }
    refusals(CallReference(catalogue: catalogue).parts(of: call, in: file), catalogue)
    var source = capability?.source ?? file.source
    if case .request(let request) = call.kind { source = request.source }
    sources(file, source)
  }

  mutating func group(_ group: GroupSchema, _ file: SchemaFile, _ reference: CallReference, _ place: String) {
    title("\(file.name).\(group.name)", "group", place)
    if let doc = group.doc { paragraph(doc) }
    gap()
    var rows: [[String]] = []
    if let type = file.deviceType {
      rows.append(["device type", type, file.number.map { "\($0)" } ?? "", file.constant ?? ""])
    }
    rows.append([
      "group", group.name, "\(group.number)",
      group.constants.joined(separator: ", "),
    ])
    table(rows)
    heading("ATTRIBUTES")
    table(group.attributes.map { [$0.name ?? "-", summary($0, group, file), $0.doc?.firstSentence ?? ""] })
    gap()
    paragraph("For details: explain \(file.name).\(group.name).\(group.attributes.first?.name ?? "ATTRIBUTE")")
    let answers = AttributeAccess.allCases.filter { file.lacks($0) == nil }.compactMap { access in
      file.errno(of: access, onUnknownIn: group, reference.catalogue).map { (access, $0) }
    }
    if Set(answers.map(\.1)).count == 1, let errno = answers.first?.1 {
      paragraph("Any other attribute number is answered with \(errno).")
    } else if !answers.isEmpty {
      let words = answers.map { "\($1) to \($0.rawValue)" }
      paragraph("Any other attribute number is answered with \(words.listed()).")
    }
    sources(file, group.source)
  }

  private func summary(_ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile) -> String {
    let calls = file.calls(on: attribute).map(\.rawValue).joined(separator: " ")
    return "\(calls); \(group.payloads(of: attribute).summary)"
  }

  mutating func file(_ file: SchemaFile, _ reference: CallReference, _ place: String) {
    title(file.name, file.kind, place)
    if let doc = file.doc { paragraph(doc) }
    gap()
    var rows: [[String]] = []
    if let number = file.number { rows.append(["device type", "\(number)", file.constant ?? ""]) }
    table(rows)
    rows = self.rows(file.lifetime)
    if let registered = file.registered {
      rows.append(["only where", ConditionWords(catalogue: reference.catalogue).words(registered)])
    }
    table(rows)
    attributes(file)
    features(file)
    capabilities(file)
    state(file)
    let own = DescriptorCall.allCases.filter { $0 != .test && $0 != .missing && file.has($0) }.map {
      reference.call($0, of: file)
    }
    if !own.isEmpty { refusals(own, reference.catalogue) }
    let later = reference.laterCalls(of: file)
    if !later.isEmpty { refusals(later, reference.catalogue, heading: "REFUSALS OF LATER CALLS") }
    if file.deviceType != nil {
      let late = reference.callsWithHooks()
      if !late.isEmpty {
        gap()
        paragraph("Some mistakes in a device are refused later, by the vCPUs' calls: explain \(late.listed("or"))")
      }
    }
    _ = file.groups.contains { group in
      group.attributes.contains { manifest($0, group, file, reference.catalogue) }
    }
    sources(file, file.source)
  }

  /// A manifest with the attribute. Returns whether an example gives one.
  mutating func manifest(
    _ attribute: AttributeSchema, _ group: GroupSchema, _ file: SchemaFile, _ catalogue: Catalogue
  ) -> Bool {
    guard let snippet = ManifestSnippet(attribute, of: group, in: file, catalogue) else { return false }
    heading("IN A MANIFEST")
    for text in snippet.lines { line("  " + text) }
    return true
  }

  private mutating func attributes(_ file: SchemaFile) {
    var rows: [[String]] = []
    for group in file.groups {
      for attribute in group.attributes {
        let doc = (attribute.doc ?? group.doc ?? "").firstSentence
        rows.append([attribute.path, summary(attribute, group, file), doc])
      }
    }
    guard !rows.isEmpty else { return }
    heading("ATTRIBUTES")
    table(rows)
    gap()
    paragraph("For details: explain \(file.name).\(rows[0][0])")
    let missing = AttributeAccess.allCases.compactMap { access in
      file.lacks(access).map { "\(access.ioctl) is always answered with \($0)." }
    }
    for sentence in missing { paragraph(sentence) }
  }

  private mutating func features(_ file: SchemaFile) {
    if file.features.isEmpty { return }
    heading("FEATURES")
    table(file.features.map { ["\($0.bit)", $0.name, $0.doc ?? ""] })
  }

  private mutating func capabilities(_ file: SchemaFile) {
    if file.capabilities.isEmpty { return }
    heading("CAPABILITIES")
    table(file.capabilities.map { ["\($0.number)", $0.name, ($0.doc ?? "").firstSentence] })
    gap()
    paragraph("For details: explain \(file.name).\(file.capabilities[0].name)")
  }

  /// The calls that read the state of a device, and those that write it.
  private mutating func state(_ file: SchemaFile) {
    guard let save = file.save else { return }
    func rows(_ list: StateList) -> [[String]] {
      var rows: [[String]] = []
      for call in list.calls {
        let row = ["\(call.access.rawValue) \(call.attribute.path)", call.doc ?? ""]
        if row != rows.last { rows.append(row) }
      }
      return rows
    }
    heading("STATE")
    paragraph("What a saved VM needs of the device, in the order in which it is read:")
    table(rows(save), indent: 4)
    guard let restore = file.restore else { return }
    gap()
    paragraph("and in the order in which it is written, once all devices are created:")
    table(rows(restore), indent: 4)
  }

  mutating func feature(_ feature: Feature, _ file: SchemaFile, _ place: String) {
    title("\(file.name).\(feature.name)", "feature", place)
    if let doc = feature.doc { paragraph(doc) }
    gap()
    var rows = [["feature", feature.name, "bit \(feature.bit)", feature.constant ?? ""]]
    rows += self.rows(feature.lifetime).map { $0 + ["", ""] }
    if let finalize = feature.finalize {
      rows.append(["finalized", "with \(finalize), after the initialisation", "", ""])
    }
    table(rows)
    heading("IN A MANIFEST")
    for text in ["vcpus:", "  count: 1", "  features: [\(feature.name)]"] { line("  " + text) }
    sources(file, feature.source)
  }

  private mutating func sources(_ file: SchemaFile, _ place: SourceRange) {
    heading("SOURCES")
    for reference in file.references { paragraph(reference) }
    paragraph("schema: \(place.words)")
  }

  /// The meaning of refusals with one id: reasons, conditions, rules.
  ///
  /// - Parameter release: the release whose reasons are shown in detail; those of all releases if it is nil.
  mutating func meaning(of calls: [RefusableCall], on release: Release? = nil) {
    var merged: [(calls: [String], call: RefusableCall)] = []
    for call in calls {
      let i = merged.firstIndex { $0.call.refusals.map(\.summary) == call.refusals.map(\.summary) }
      let words = "\(call.title.prefix(1).uppercased() + call.title.dropFirst()) on \(call.subject)"
      if let i { merged[i].calls.append(words) } else { merged.append(([words], call)) }
    }
    for (names, call) in merged {
      gap()
      let answers = Set(call.refusals.map(\.answer)).sorted().joined(separator: ", ")
      let who = names.count > 6 ? "Each of \(names.count) calls, such as \(names[0])," : names.listed("or")
      let all = call.refusals.joined
      let current = all.filter { refusal in release.map { Lifetime(refusal.lifetimes).mayInclude($0) } ?? true }
      let refusals = current.isEmpty ? all : current
      let several = refusals.count > 1 ? ", for the first of these that holds" : ""
      switch answers {
      case "warning": paragraph("\(who) is accepted with a warning\(several):")
      case "hazard": paragraph("\(who) endangers the kernel\(several):")
      default: paragraph("\(who) is answered with \(answers)\(several):")
      }
      for (i, refusal) in refusals.enumerated() {
        gap()
        let mark = refusals.count > 1 ? "\(i + 1). " : ""
        paragraph(mark + refusal.reason, indent: 4, hanging: mark.count)
        details(refusal)
      }
      if let release, refusals.count < all.count {
        others(all.filter { !Lifetime($0.lifetimes).mayInclude(release) }, than: release)
      }
    }
    if let subject = calls.first?.subject {
      gap()
      paragraph("Every check, in order: explain \(subject)")
    }
  }

  /// The reasons of other releases, in one line each.
  private mutating func others(_ refusals: [Refusal], than release: Release) {
    gap()
    paragraph("Linux \(release) has no other reason. Other releases have more (--kernel RELEASE for details):")
    var shown: Set<String> = []
    for refusal in refusals {
      let reason = reason(refusal, in: refusal.releases)
      if shown.insert(reason).inserted { paragraph("- " + reason, indent: 4, hanging: 2) }
    }
  }

  private mutating func details(_ refusal: Refusal) {
    for (i, condition) in refusal.conditions.enumerated() {
      labelled(i == 0 ? "when" : "and", condition, indent: 7, column: 15)
    }
    for (i, name) in refusal.names.enumerated() {
      labelled(i == 0 ? "where" : "", "\(name.name) = \(name.value)", indent: 7, column: 15)
    }
    if let releases = refusal.releases { labelled("Linux", releases, indent: 7, column: 15) }
    if let documented = refusal.documented {
      labelled("doc", "the kernel's documentation says \(documented)", indent: 7, column: 15)
    }
    if let rule = refusal.rule {
      let way = refusal.path.isEmpty ? "" : ", through \(refusal.path.joined(separator: ", "))"
      labelled("rule", rule.words + way, indent: 7, column: 15)
      if let mirrors = refusal.mirrors { labelled("in C", mirrors, indent: 7, column: 15) }
    } else {
      labelled("rule", "the checks of every descriptor of this kind", indent: 7, column: 15)
    }
  }
}

extension Refusal {
  /// Whether the reason says in which releases the rule exists: `new in Linux 6.8`, `new between Linux 5.10 and 6.1`.
  fileprivate var namesReleases: Bool {
    let lifetime = Lifetime(lifetimes)
    let reason = reason.replacing("Linux ", with: "")
    let words = [lifetime.since, lifetime.until].compactMap { $0?.words(exactly: "in", between: "") }
    return !words.isEmpty
      && words.allSatisfy { words in
        guard let found = reason.firstRange(of: words) else { return false }
        return reason[found.upperBound...].first?.isNumber != true
      }
  }

  /// The parts that make two refusals the same for a reader.
  fileprivate var summary: [String] { [answer, reason] + conditions }

  /// Whether two refusals are one for a reader, which every release has.
  fileprivate func completes(_ other: Refusal) -> Bool {
    guard answer == other.answer, reason == other.reason, facts.isEmpty, other.facts.isEmpty,
      documented == other.documented
    else { return false }
    let (one, two) = (Lifetime(lifetimes), Lifetime(other.lifetimes))
    return one.since == two.until && one.until == two.since && (one.since == nil) != (one.until == nil)
  }
}

extension [Refusal] {
  /// The same list with one refusal for two that follow each other, if every release has one of them.
  fileprivate var joined: [Refusal] {
    reduce(into: []) { list, refusal in
      var refusal = refusal
      if let last = list.last, refusal.completes(last), refusal.conditions == last.conditions {
        list.removeLast()
        refusal.lifetimes = []
      }
      list.append(refusal)
    }
  }
}

extension SourceRange {
  /// `arm64/vm.yaml:14`.
  fileprivate var words: String { "\(file.path):\(start.line)" }
}

extension SchemaFile {
  fileprivate var kind: String {
    switch subject {
    case .device: "device type"
    case .vm: "the VM's descriptor"
    case .vcpu: "a vCPU's descriptor"
    case .system: "/dev/kvm"
    case .common: "the parts that several descriptors share"
    }
  }
}
