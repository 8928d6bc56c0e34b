import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Kernel
import Vocabulary
import Workspace
import YAMLSyntax

/// Finds the attributes that one descriptor of a host has: `/dev/kvm`, a VM, a vCPU, or a device of one type.
///
/// KVM_HAS_DEVICE_ATTR is called for each attribute, with the key of one of its examples, until the answer is ok: in a
/// plain VM, on vCPUs with each of the features, in the VM of the schema's examples, and after the calls that precede
/// an example. If that does not decide it, the call of the example itself does. The model predicts where
/// KVM_HAS_DEVICE_ATTR answers ok for any number. Where it refuses an attribute that works, the two answers show this.
struct AttributeProber<Host: ProbedHost> {
  let host: Host
  let workspace: ManifestWorkspace
  let catalogue: Catalogue
  let file: SchemaFile
  /// The vCPU features that the host has.
  let features: [String]

  private typealias Row = HostProbe.Attribute

  /// One attribute, with the data for its calls.
  private struct Subject {
    var row: Row
    var group: GroupSchema
    var attribute: AttributeSchema
    /// The fields of the key, as an example gives them.
    var key: [Entry]

    /// Whether to ask a host for it. A kernel that has removed the attribute may have reused its number. A kernel older
    /// than the attribute may have a backport of it.
    func isAskedFor(_ catalogue: Catalogue) -> Bool { row.lifetime.until?.holds(in: catalogue.release) != true }
  }

  /// A VM in which attributes are asked for.
  private struct Place {
    var steps: [Node]
    var note: String?
  }

  func attributes() throws(DiagnosticsError) -> [HostProbe.Attribute] {
    var subjects = subjects()
    var trouble: String?
    for place in places {
      let open = subjects.indices.filter { !subjects[$0].row.isSupported && subjects[$0].isAskedFor(catalogue) }
      if open.isEmpty { break }
      trouble = try ask(for: open, of: &subjects, in: place) ?? trouble
    }
    for i in subjects.indices where subjects[i].isAskedFor(catalogue) { try settle(&subjects[i]) }
    for i in subjects.indices where !subjects[i].row.isSupported {
      let absence = subjects[i].row.lifetime.absence(from: catalogue.release)
      subjects[i].row.why = absence ?? subjects[i].row.why ?? trouble ?? "there was no descriptor to ask"
    }
    return subjects.map(\.row)
  }

  /// The attributes of the file, all of them not supported so far.
  private func subjects() -> [Subject] {
    file.probedAttributes.map { group, attribute in
      let shown = attribute.examples.filter(\.showsAttribute)
      let example = shown.first(where: \.isFirstCall) ?? shown.first ?? attribute.examples.first
      return Subject(row: Row(file, group, attribute), group: group, attribute: attribute, key: example?.key ?? [])
    }
  }

  private var places: [Place] {
    guard file.subject != .system else { return [Place(steps: [])] }
    var places = [Place(steps: file.plainSteps())]
    if file.subject == .vcpu {
      places += features.map { feature in
        Place(steps: file.plainSteps(features: [feature]), note: "with the feature \(feature)")
      }
    }
    if file.exampleSetup != nil {
      places.append(Place(steps: file.stepsBeforeExamples, note: "in the VM of its examples"))
    }
    return places
  }
}

// MARK: Asking

extension AttributeProber {
  /// Asks for attributes in one VM.
  ///
  /// - Returns: the reason why that VM could not be created; nil if it was.
  private func ask(
    for open: [Int], of subjects: inout [Subject], in place: Place
  ) throws(DiagnosticsError) -> String? {
    let asked = open.map { has(subjects[$0]) }
    guard let report = try run(place.steps + asked) else { return "the schema's calls cannot be made" }
    let setup = report.entries.dropLast(asked.count)
    if let failed = setup.first(where: { $0.verdict.isFailure }) { return failed.refusal }
    for (i, entry) in zip(open, report.entries.dropFirst(setup.count)) {
      note(entry, for: &subjects[i], place.note)
    }
    return nil
  }

  private func note(_ entry: Report.Entry, for subject: inout Subject, _ place: String?) {
    if subject.row.attr == nil { subject.row.attr = entry.step.operation.attributeCall?.attr }
    if entry.result.outcome == .ok {
      subject.row.isSupported = true
      subject.row.answer = .ok
      subject.row.note = place
      subject.row.why = nil
    } else if subject.row.answer == nil, entry.result.outcome.answer != nil {
      subject.row.answer = entry.result.outcome
      subject.row.why = entry.reasonText
    }
  }

  /// Runs steps of the schema on the host; nil if they are not a valid plan, or would crash the kernel.
  private func run(_ steps: [Node]) throws(DiagnosticsError) -> Report? {
    let findings = Findings()
    let plan = workspace.plan(steps: steps, at: file.source, catalogue, findings)
    guard !findings.hasErrors, (try? workspace.hazards(of: plan))?.isEmpty ?? false else { return nil }
    return try host.run(plan, workspace)
  }

  private func has(_ subject: Subject) -> Node {
    .mapping([("has", .text("\(file.exampleTarget).\(subject.row.path)"))], subject.key)
  }
}

// MARK: Beyond KVM_HAS_DEVICE_ATTR

extension AttributeProber {
  /// Makes an example's own call if KVM_HAS_DEVICE_ATTR has refused the attribute, or answers ok for everything. Then
  /// reads the value of an attribute of `/dev/kvm`.
  private func settle(_ subject: inout Subject) throws(DiagnosticsError) {
    let isBlind = subject.row.isSupported && saysYesToAll(subject)
    if isBlind {
      subject.row.isSupported = false
      subject.row.note = "KVM_HAS_DEVICE_ATTR answers ok for any number"
    }
    if !subject.row.isSupported { try tryExamples(&subject, isBlind: isBlind) }
    if file.subject == .system, subject.row.isSupported, subject.attribute.access.contains(.get) {
      let get = Node.mapping([("get", .text("system.\(subject.row.path)"))])
      subject.row.value = try run([get])?.entries.last?.result.value
    }
  }

  /// The number of examples that are tried for an attribute.
  private static var mostExamples: Int { 3 }

  private func tryExamples(_ subject: inout Subject, isBlind: Bool) throws(DiagnosticsError) {
    let examples = subject.attribute.examples.filter(\.showsAttribute)
    let given = examples.filter { !$0.isFirstCall }
    // Those without calls before them were asked for already, and only their own call says more.
    let candidates = examples.filter(\.isFirstCall).prefix(1) + given
    /// The last call that was refused by the attribute itself: its value is wrong here, and it exists.
    var refused: Report.Entry?
    for example in candidates.prefix(Self.mostExamples) {
      let steps = file.steps(of: example, path: subject.row.path)
      var own = subject
      own.key = example.key
      guard let report = try run(steps.setup + steps.given + [has(own), steps.call]), report.entries.count >= 2 else {
        continue
      }
      let (asked, called) = (report.entries[report.entries.count - 2], report.entries[report.entries.count - 1])
      if report.entries.dropLast(2).contains(where: { $0.verdict.isFailure }) { continue }
      if subject.row.attr == nil { subject.row.attr = asked.step.operation.attributeCall?.attr }
      if asked.result.outcome == .ok, !isBlind {
        note(asked, for: &subject, "after the calls of its example")
        return
      }
      if let access = called.step.operation.access, called.result.outcome == .ok {
        subject.row.isSupported = true
        subject.row.evidence = access
        subject.row.why = nil
        if !isBlind {
          subject.row.note = "KVM_HAS_DEVICE_ATTR answers \(asked.result.outcome.words), but it works"
        }
        return
      }
      if isBlind || subject.row.why == nil { subject.row.why = called.reasonText }
      if isBlind, isAnswerOfAttribute(called, subject) {
        subject.row.evidence = called.step.operation.access ?? .set
        refused = called
      }
    }
    guard let refused else { return }
    subject.row.isSupported = true
    subject.row.why = nil
    subject.row.note =
      (subject.row.note ?? "") + "; its examples are refused here with \(refused.result.outcome.words)"
  }

  /// Whether this errno can only come from an existing attribute.
  private func isAnswerOfAttribute(_ entry: Report.Entry, _ subject: Subject) -> Bool {
    guard case .refused(let errno) = entry.result.outcome, let access = entry.step.operation.access else {
      return false
    }
    return ![subject.group, nil].map { file.errno(of: access, onUnknownIn: $0, catalogue) }.contains(errno)
  }

  /// Whether the model's KVM_HAS_DEVICE_ATTR answers ok for a key that other calls refuse, in the place where an
  /// example works.
  private func saysYesToAll(_ subject: Subject) -> Bool {
    guard case .keys(let fields, let bias) = subject.attribute.number,
      let example = subject.attribute.examples.first(where: \.showsAttribute)
    else { return false }
    let mask = fields.reduce(0) { $0 | $1.mask }
    let steps = file.steps(of: example, path: subject.row.path)
    // The last number that there is, and the last one that is aligned as registers are.
    return [mask, mask & ~7].contains { number in
      let attr = UInt64(truncatingIfNeeded: number) &+ bias
      let other: AttributeAccess = subject.attribute.access.contains(.get) ? .get : .set
      let calls = [rawCall(.has, subject.group, attr), rawCall(other, subject.group, attr)]
      let findings = Findings()
      let plan = workspace.plan(steps: steps.setup + steps.given + calls, at: file.source, catalogue, findings)
      guard !findings.hasErrors, var model = try? workspace.model(catalogue.architecture, course: .expected) else {
        return false
      }
      let answers = Runner(keepGoing: true).run(plan, on: &model).entries.suffix(2).map(\.result.outcome)
      guard answers.count == 2, answers[0] == .ok, case .refused = answers[1] else { return false }
      return true
    }
  }

  private func rawCall(_ access: AttributeAccess, _ group: GroupSchema, _ attr: UInt64) -> Node {
    let call = [(access.rawValue, Node.text("\(file.exampleTarget).\(group.name)")), ("attr", .number(attr))]
    return .mapping(call + (access == .has ? [] : [("payload", .mapping([("u64", .number(0))]))]))
  }
}

extension HostProbe.Attribute {
  /// An attribute about which nothing is known yet.
  init(_ file: SchemaFile, _ group: GroupSchema, _ attribute: AttributeSchema) {
    self.init(
      target: file.deviceType ?? file.name, path: attribute.path, group: group.number,
      lifetime: Lifetime([file.lifetime, group.lifetime, attribute.lifetime]), isSupported: false, evidence: .has)
    namesFile = group.payloads(of: attribute).contains { $0.type.hasDescriptor }
  }
}

extension SchemaFile {
  /// The attributes that a host can be asked for on this architecture. An attribute that covers all other numbers of a
  /// group is left out.
  var probedAttributes: [(group: GroupSchema, attribute: AttributeSchema)] {
    groups.filter { KeyCondition.holds($0.when, Fields(), 0) }.flatMap { group in
      group.attributes.filter { attribute in
        if case .any = attribute.number, group.attributes.count > 1 { return false }
        return KeyCondition.holds(attribute.when, Fields(), 0)
      }.map { (group, $0) }
    }
  }
}

extension Example {
  /// Whether the call works only where the host has the attribute.
  fileprivate var showsAttribute: Bool { expected == [.ok] && call != .has }
}

extension DevicePlan.Operation {
  fileprivate var access: AttributeAccess? {
    switch self {
    case .setAttribute: .set
    case .getAttribute: .get
    case .hasAttribute: .has
    default: nil
    }
  }
}

extension Report.Entry {
  /// `ENXIO: there is no such group`, or the errno alone if no reason is known.
  var reasonText: String {
    let outcome = result.outcome.words
    return result.reasons.first.map { "\(outcome): \($0.message)" } ?? outcome
  }

  /// The failed call and its answer.
  var refusal: String { "\(step.words): \(reasonText)" }
}
