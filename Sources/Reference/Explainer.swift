import DeviceSchema
import Diagnostics
import Expressions
import TextOutput
import Vocabulary

/// Reference pages from the schemas, for device types, groups, attributes, calls, diagnostic ids and uapi constants.
package struct Explainer {
  let catalogues: [Catalogue]
  let diagnostics: DiagnosticReference

  /// - Parameters:
  ///   - catalogues: one for each architecture, made from the same sources.
  ///   - diagnostics: the diagnostics that schemas do not define.
  package init(_ catalogues: [Catalogue], diagnostics: DiagnosticReference = DiagnosticReference()) {
    self.catalogues = catalogues
    self.diagnostics = diagnostics
  }
}

/// The result of `explain NAME`.
package enum Explanation: Hashable, Sendable {
  case page(String)
  /// The name is unknown: a sentence that says so and suggests names.
  case unknown(String)
}

/// The subject of a page, in one architecture.
struct Subject {
  enum Kind {
    case file
    case group(GroupSchema)
    case attribute(AttributeSchema, GroupSchema)
    case call(RefusableCall)
    case feature(Feature)
  }

  var kind: Kind
  var file: SchemaFile
  var catalogue: Catalogue
  /// The path within the file, such as `addr.dist` or `create`; empty for the file itself.
  var path: String

  /// The name of the page, without the architecture.
  var name: String { path.isEmpty ? file.name : "\(file.name).\(path)" }
}

extension Explainer {
  /// The page for a name.
  ///
  /// Names are `TYPE`, `TYPE.GROUP` and `TYPE.GROUP.ATTRIBUTE`, also with `vm`, `vcpu` or `system` as the type; calls
  /// (`vcpu.init`); features and capabilities (`vcpu.FEATURE`); ids of diagnostics; and constants of the kernel's
  /// headers. All but the constants and the ids outside the schemas may have `ARCH/` before them.
  package func explain(_ name: String) -> Explanation {
    if let entry = diagnostics.entry(for: name) {
      var page = PageText()
      page.page(of: entry)
      return .page(page.text)
    }
    if name.contains(":") { return explainID(name) }
    let (architecture, rest) = split(name)
    let all = subjects(in: architecture)
    let found = all.named(rest)
    // A manifest writes a call without its descriptor: `irq-line`. A file of shared parts can have the same name.
    let calls = all.filter { $0.path == rest && $0.isRequest }
    if !calls.isEmpty, found.allSatisfy(\.file.isCommon) { return .page(pages(calls)) }
    if !found.isEmpty { return .page(pages(found)) }
    let uapi = constants().filter { $0.constant == name }.map(\.subject)
    if !uapi.isEmpty { return .page(Set(uapi.map(\.name)).count == 1 ? pages(uapi) : index(name, uapi)) }
    if let page = page(ofCallOrErrno: name) { return .page(page) }
    // Ids of warnings look like names.
    if case .page(let page) = explainID(name) { return .page(page) }
    if let page = page(ofField: rest, in: all) ?? page(ofValue: rest, in: all) ?? page(ofRegister: rest, in: all) {
      return .page(page)
    }
    return unknown(name, rest)
  }

  /// The names of all values of a field: `vcpu.set-one-reg.id`, `arm-vgic-v3.dist-regs.offset`; nil if there are none.
  private func page(ofField name: String, in subjects: [Subject]) -> String? {
    guard let dot = name.lastIndex(of: ".") else { return nil }
    let field = name[name.index(after: dot)...]
    var page = PageText()
    for subject in subjects.named(String(name[..<dot])) {
      guard let found = subject.namedFields.first(where: { $0.name == field }) else { continue }
      page.gap()
      page.title("\(subject.name).\(field)", "names of values", subject.catalogue.architecture.rawValue)
      if let doc = found.description.doc { page.paragraph(doc) }
      page.gap()
      page.table(found.description.names.map { [$0.name, found.description.number($0.value)] })
    }
    return page.lines.isEmpty ? nil : page.text
  }

  /// The page of a register by a name that only other programs and manuals use; nil for another name.
  private func page(ofRegister name: String, in subjects: [Subject]) -> String? {
    let messages = catalogues.messages
    if let register = messages.registers[name.lowercased()] {
      if let page = page(ofValue: register, in: subjects) { return "\(name) is \(register).\n\n\(page)" }
      return "\(name) is not a register of KVM_SET_ONE_REG: \(register) sets it.\n\n"
        + (page(ofCallOrErrno: register) ?? "")
    }
    let bare = messages.registerPrefixes.lazy.filter(name.hasPrefix).map { String(name.dropFirst($0.count)) }
    return bare.compactMap { page(ofValue: $0, in: subjects) }.first
  }

  /// What has a value with a name, such as that of a register; nil if nothing has.
  private func page(ofValue name: String, in subjects: [Subject]) -> String? {
    page(ofValues: name, in: subjects) { $0.lowercased() == name.lowercased() }
  }

  /// What has values whose names a name means; nil if nothing has.
  private func page(ofValues name: String, in subjects: [Subject], named isMeant: (String) -> Bool) -> String? {
    var rows: [[String]] = []
    for subject in subjects {
      for field in subject.namedFields {
        for value in field.description.names where isMeant(value.name) {
          let number = "\(field.name): \(value.name) (\(field.description.number(value.value)))"
          let row = [subject.name, subject.catalogue.architecture.rawValue, number]
          if !rows.contains(row) { rows.append(row) }
        }
      }
    }
    guard let first = rows.first else { return nil }
    var page = PageText()
    page.line("\(name) is a value of:")
    page.gap()
    page.table(rows)
    page.gap()
    page.paragraph("For details: explain \(first[0])")
    return page.text
  }

  /// Whether a name has a page.
  package func hasPage(_ name: String) -> Bool { if case .page = explain(name) { true } else { false } }

  /// The page of a name; empty if it has none.
  package func pageText(_ name: String) -> String { if case .page(let text) = explain(name) { text } else { "" } }

  /// The page for a call by its name in the kernel's headers, or for an errno; nil for another name.
  func page(ofCallOrErrno name: String) -> String? {
    let other = catalogues.messages.others[name]
    let calls = subjects(in: nil).filter { subject in
      guard case .call(let call) = subject.kind else { return false }
      let isNamed = call.title == name || (other?.page != nil && subject.name == other?.page)
      return isNamed && call.exists(on: subject.file)
    }
    var page = PageText()
    if let access = AttributeAccess.allCases.first(where: { $0.ioctl == name }) {
      page.line("\(name) is the call to \(access.verb) a device attribute.")
      page.gap()
      page.paragraph("What it answers depends on the attribute: explain TYPE.GROUP.ATTRIBUTE. The types are:")
      page.paragraph(types.listed(), indent: 4)
      return page.text
    }
    if name == "KVM_ENABLE_CAP" {
      page.line("\(name) is the call to enable a capability.")
      page.gap()
      page.paragraph("What it answers depends on the capability: explain KVM_CAP_NAME. The capabilities are:")
      page.paragraph(Set(subjects(in: nil).compactMap(\.capability?.constant)).sorted().listed(), indent: 4)
      return page.text
    }
    if !calls.isEmpty {
      let text = index(name, calls)
      let first = calls[0]
      return text
        + "\nIts answers on one architecture: explain \(first.catalogue.architecture.rawValue)/\(first.name)\n"
    }
    if let other, let doc = other.doc {
      page.line("\(name) is not a call on a device attribute.")
      page.gap()
      page.paragraph(doc)
      return page.text
    }
    guard let errno = Errno(name: name) ?? Errno(number: name) else { return nil }
    page.line("\(errno) is errno \(errno.rawValue)" + (ErrnoText.words(errno).map { ": \($0)" } ?? ""))
    page.gap()
    page.paragraph("Its meaning depends on the call. Explain the whole message of the program: explain 'MESSAGE'.")
    let ids = refusalIDs(in: nil).filter { $0.hasSuffix(":\(errno)") }
    var types: [String] = []
    for id in ids { types.append(String(id.prefix { $0 != "." && $0 != ":" })) }
    page.paragraph("These can answer with it, with the number of their reasons:")
    page.table(
      Set(types).sorted().map { type in
        [type, "\(Set(ids.filter { $0.hasPrefix(type + ".") || $0.hasPrefix(type + ":") }).count)"]
      }, indent: 4)
    return page.text
  }

  /// Splits `arm64/vm` into its parts. `vcpu.0.x` is the same as `vcpu.x`.
  func split(_ name: String) -> (architecture: Architecture?, rest: String) {
    var architecture: Architecture?
    var rest = Substring(name)
    if let slash = name.firstIndex(of: "/"), let found = Architecture(rawValue: String(name[..<slash])) {
      architecture = found
      rest = name[name.index(after: slash)...]
    }
    var parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count > 1, parts[0] == "vcpu", !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber) { parts.remove(at: 1) }
    return (architecture, parts.joined(separator: "."))
  }

  func subjects(in architecture: Architecture?) -> [Subject] {
    catalogues.filter { architecture == nil || $0.architecture == architecture }.flatMap { catalogue in
      catalogue.files.flatMap { subjects(of: $0, catalogue) }
    }
  }

  private func subjects(of file: SchemaFile, _ catalogue: Catalogue) -> [Subject] {
    func subject(_ kind: Subject.Kind, _ path: String) -> Subject {
      Subject(kind: kind, file: file, catalogue: catalogue, path: path)
    }
    var all = [subject(.file, "")]
    for group in file.groups {
      if !group.isNameless { all.append(subject(.group(group), group.name)) }
      all += group.attributes.map { subject(.attribute($0, group), $0.path) }
    }
    all += CallReference(catalogue: catalogue).ownCalls(of: file).map { subject(.call($0), $0.path) }
    all += file.features.map { subject(.feature($0), $0.name) }
    return all
  }

  /// The constants of the headers, each with its subject.
  func constants() -> [(constant: String, subject: Subject)] {
    var all: [(constant: String, subject: Subject)] = []
    for subject in subjects(in: nil) {
      for constant in subject.constants { all.append((constant, subject)) }
    }
    return all
  }

  private func unknown(_ name: String, _ rest: String) -> Explanation {
    let all = subjects(in: nil)
    var names: [String] = []
    for subject in all where !names.contains(subject.name) { names.append(subject.name) }
    let (end, middle) = (".\(rest)", ".\(rest).")
    // A manifest writes a device by a name of its own: `gic.addr.dist`.
    if let dot = rest.firstIndex(of: ".") {
      let path = String(rest[rest.index(after: dot)...])
      let types = Set(all.filter { $0.path == path }.map(\.file.name)).sorted().related(to: String(rest[..<dot]))
      if types.count == 1 { return .page(pages(all.filter { $0.path == path && $0.file.name == types[0] })) }
      if !types.isEmpty {
        return .unknown("there is no '\(name)'; did you mean \(types.map { "\($0).\(path)" }.quoted("or"))?")
      }
    }
    let inside = names.filter { $0.hasSuffix(end) || $0.utf8.count > middle.utf8.count && $0.contains(middle) }
    let related = names.related(to: rest).filter { $0.utf8.count > rest.utf8.count }
    // The names of which another one is the beginning are left out.
    let heads = related.filter { name in !related.contains { name.hasPrefix($0 + ".") } }
    if heads.count == 1, rest.utf8.count > 3, !rest.contains("."), case .page(let page) = explain(heads[0]) {
      return .page(page)
    }
    var meant: [String] = []
    for name in heads.filter({ !$0.contains(".") }) + inside + heads where !meant.contains(name) { meant.append(name) }
    if !meant.isEmpty, meant.count <= 12 || !inside.isEmpty {
      return .unknown("there is no '\(name)'; did you mean \(meant.prefix(6).quoted("or"))?")
    }
    // `fcsr` is fcsr.s and fcsr.d.
    if let page = page(ofValues: name, in: all, named: { $0.lowercased().hasPrefix("\(rest.lowercased()).") }) {
      return .page(page)
    }
    let others = constants().map(\.constant) + diagnostics.entries.map(\.id.description)
    if let nearest = (names + others).nearest(to: rest) {
      return .unknown("there is no '\(name)'; did you mean '\(nearest)'?")
    }
    let commons = all.filter(\.file.isCommon).map(\.name)
    let types = names.filter { !$0.contains(".") && !commons.contains($0) }
    return .unknown("there is no '\(name)'; try one of \(types.listed()), or a part of it, as NAME.GROUP.ATTRIBUTE")
  }
}

extension SchemaFile {
  /// Whether several architectures may share the file.
  var isShared: Bool { text.file.path.split(separator: "/").dropLast().last == "common" }
}

extension [Subject] {
  fileprivate func named(_ name: String) -> [Subject] { filter { $0.name == name } }
}

extension Sequence<String> {
  fileprivate func quoted(_ conjunction: String) -> String { map { "'\($0)'" }.listed(conjunction) }
}

extension Subject {
  /// The capability that the call enables.
  var capability: Capability? {
    if case .call(let call) = kind, case .capability(let capability) = call.kind { capability } else { nil }
  }

  /// Whether it is a call that manifests make by its name.
  var isRequest: Bool {
    if case .call(let call) = kind, case .request = call.kind { true } else { false }
  }

  /// The fields of the key of an attribute, or members of the argument of a call, whose values have names.
  var namedFields: [NamedField] {
    switch kind {
    case .attribute(let attribute, _): attribute.namedFields
    case .call(let call): call.namedFields
    case .file, .group, .feature: []
    }
  }

  var constants: [String] {
    switch kind {
    case .file: [file.constant].compactMap(\.self)
    case .group(let group): group.constants
    case .attribute(let attribute, let group): attribute.constants + (group.isNameless ? group.constants : [])
    case .call: [capability?.constant].compactMap(\.self) + namedFields.flatMap(\.description.constants)
    case .feature(let feature): [feature.constant].compactMap(\.self)
    }
  }

  var doc: String? {
    switch kind {
    case .file: file.doc
    case .group(let group): group.doc
    case .attribute(let attribute, let group): attribute.doc ?? group.doc
    case .call(let call):
      switch call.kind {
      case .descriptor(let call): call.doc(on: file)
      case .capability(let capability): capability.doc
      case .request(let request): request.doc
      case .attribute: nil
      }
    case .feature(let feature): feature.doc
    }
  }
}

// MARK: Pages

extension Explainer {
  /// The pages for subjects. Architectures that share a file share a page. Several pages of one name follow a list of their
  /// architectures.
  private func pages(_ subjects: [Subject]) -> String {
    var pages: [String] = []
    var done: [SourceFile] = []
    for subject in subjects where !done.contains(subject.file.text.file) {
      done.append(subject.file.text.file)
      let sharing = subjects.filter { $0.file.text.file == subject.file.text.file }.map(
        \.catalogue.architecture.rawValue)
      pages.append(page(subject, architectures: sharing))
    }
    return ([overview(of: subjects, pages: pages.count)].compactMap(\.self) + pages).joined(separator: "\n")
  }

  /// A sentence on the architectures of several pages with one name; nil for other pages.
  private func overview(of subjects: [Subject], pages: Int) -> String? {
    guard pages > 1, let first = subjects.first, subjects.allSatisfy({ $0.name == first.name }) else { return nil }
    var page = PageText()
    let architectures = subjects.map(\.catalogue.architecture.rawValue)
    page.paragraph(
      "\(first.name) differs between architectures: here are \(pages) pages, for \(architectures.listed()). For one of "
        + "them: explain \(architectures[0])/\(first.name)", indent: 0)
    return page.text
  }

  private func page(_ subject: Subject, architectures: [String]) -> String {
    var page = PageText()
    let reference = CallReference(catalogue: subject.catalogue, isAlone: architectures.count == 1)
    let place = architectures.joined(separator: ", ")
    switch subject.kind {
    case .file: page.file(subject.file, reference, place)
    case .group(let group): page.group(group, subject.file, reference, place)
    case .attribute(let attribute, let group): page.attribute(attribute, group, subject.file, reference, place)
    case .call(let call):
      page.title(subject.name, "call", place)
      // The schemas call some calls by what they do.
      let constants = catalogues.messages.others.filter { $0.value.page == subject.name }.keys.sorted()
      if !call.title.hasPrefix("KVM_"), !constants.isEmpty {
        page.paragraph("\(constants.listed()) in the kernel's headers")
      }
      page.call(call, subject.doc, subject.capability, subject.file, subject.catalogue)
    case .feature(let feature): page.feature(feature, subject.file, place)
    }
    return page.text
  }

  /// An index of several subjects with one name.
  private func index(_ name: String, _ subjects: [Subject]) -> String {
    var page = PageText()
    page.line("\(name) is:")
    page.gap()
    var rows: [[String]] = []
    for subject in subjects {
      let row = [subject.name, subject.catalogue.architecture.rawValue, (subject.doc ?? "").firstSentence]
      if let i = rows.firstIndex(where: { $0[0] == row[0] && $0[2] == row[2] }) {
        rows[i][1] += ", " + row[1]
      } else {
        rows.append(row)
      }
    }
    page.table(rows)
    return page.text
  }

  /// The pages for an id of a refusal.
  private func explainID(_ name: String) -> Explanation {
    let (architecture, id) = split(name)
    var page = PageText()
    var shown: Set<SourceFile> = []
    for catalogue in catalogues where architecture == nil || catalogue.architecture == architecture {
      let reference = CallReference(catalogue: catalogue)
      var (files, calls): ([SchemaFile], [RefusableCall]) = ([], [])
      for file in catalogue.files where !shown.contains(file.text.file) {
        let found = reference.allCalls(of: file).compactMap { $0.only { $0.id == id } }
        if !found.isEmpty { files.append(file) }
        calls += found
      }
      if calls.isEmpty { continue }
      // A common file is the same for all architectures.
      for file in catalogue.files where file.isShared { shown.insert(file.text.file) }
      page.gap()
      page.title(id, "diagnostic", architectures(sharing: files, of: catalogue, architecture))
      page.meaning(of: calls)
    }
    if !page.lines.isEmpty { return .page(page.text) }
    if let page = self.page(ofAnswer: id, architecture) { return .page(page) }
    return unknownID(name, id, architecture)
  }

  /// The architectures that have all of these files, if they are common ones; else the one of a catalogue.
  private func architectures(sharing files: [SchemaFile], of catalogue: Catalogue, _ only: Architecture?) -> String {
    let sources = files.map(\.text.file)
    let sharing = catalogues.filter { other in
      let own = other.files.map(\.text.file)
      return (only ?? other.architecture) == other.architecture && sources.allSatisfy(own.contains)
    }
    return (files.allSatisfy(\.isShared) ? sharing : [catalogue]).map(\.architecture.rawValue).joined(separator: ", ")
  }

  /// All reasons for an errno, whatever their ids are: `vm.set-gsi-routing:EINVAL`, `set-gsi-routing:EINVAL`; nil if there
  /// are none.
  private func page(ofAnswer id: String, _ architecture: Architecture?) -> String? {
    let parts = id.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else { return nil }
    var page = PageText()
    var done: [SourceFile] = []
    for subject in subjects(in: architecture) where !done.contains(subject.file.text.file) {
      guard subject.name == parts[0] || (subject.isRequest && subject.path == parts[0]) else { continue }
      let reference = CallReference(catalogue: subject.catalogue)
      let calls: [RefusableCall] =
        switch subject.kind {
        case .call(let call): [call]
        case .attribute(let attribute, let group):
          AttributeAccess.allCases.map { reference.call($0, on: attribute, of: group, in: subject.file) }
        case .file, .group, .feature: []
        }
      let answering = calls.compactMap { $0.only { $0.answer == parts[1] } }
      if answering.isEmpty { continue }
      if subject.file.isShared { done.append(subject.file.text.file) }
      page.gap()
      page.title(
        "\(subject.name):\(parts[1])", "diagnostics",
        architectures(sharing: [subject.file], of: subject.catalogue, architecture))
      page.meaning(of: answering)
    }
    return page.lines.isEmpty ? nil : page.text
  }

  /// The ids of all refusals, as often as they occur.
  func refusalIDs(in architecture: Architecture?) -> [String] {
    catalogues.filter { architecture == nil || $0.architecture == architecture }.flatMap { catalogue in
      catalogue.files.flatMap(CallReference(catalogue: catalogue).allCalls).flatMap(\.refusals).map(\.id)
    }
  }

  private func unknownID(_ name: String, _ id: String, _ architecture: Architecture?) -> Explanation {
    let ids = refusalIDs(in: nil)
    let head = id.prefix { $0 != ":" } + ":"
    var same: [String] = []
    for known in ids where known.hasPrefix(head) && !same.contains(known) { same.append(known) }
    if !same.isEmpty { return .unknown("there is no diagnostic or rule '\(name)'; there are \(same.quoted("and"))") }
    return .unknown("there is no diagnostic or rule '\(name)'\(ids.suggestion(for: id))")
  }
}

extension Errno {
  /// Parses the number of an errno, such as 22. Returns nil if no errno has it.
  fileprivate init?(number: String) {
    guard let number = Int32(number) else { return nil }
    self.init(rawValue: number)
    if !hasName { return nil }
  }
}
