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
    let found = subjects(in: architecture).filter { $0.name == rest }
    if !found.isEmpty { return .page(pages(found)) }
    let uapi = constants().filter { $0.constant == name }.map(\.subject)
    if !uapi.isEmpty { return .page(Set(uapi.map(\.name)).count == 1 ? pages(uapi) : index(name, uapi)) }
    if let page = page(ofCallOrErrno: name) { return .page(page) }
    // Ids of warnings look like names.
    if case .page(let page) = explainID(name) { return .page(page) }
    return unknown(name, rest)
  }

  /// Whether a name has a page.
  package func hasPage(_ name: String) -> Bool { if case .page = explain(name) { true } else { false } }

  /// The page of a name; empty if it has none.
  package func pageText(_ name: String) -> String { if case .page(let text) = explain(name) { text } else { "" } }

  /// The page for a call by its name in the kernel's headers, or for an errno; nil for another name.
  private func page(ofCallOrErrno name: String) -> String? {
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
    if !calls.isEmpty {
      var text = index(name, calls)
      if let doc = other?.doc { text += "\n  \(doc)\n" }
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
    guard let errno = Errno(name: name) else { return nil }
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

extension Sequence<String> {
  fileprivate func quoted(_ conjunction: String) -> String { map { "'\($0)'" }.listed(conjunction) }
}

extension Subject {
  /// The capability that the call enables.
  var capability: Capability? {
    if case .call(let call) = kind, case .capability(let capability) = call.kind { capability } else { nil }
  }

  var constants: [String] {
    switch kind {
    case .file: [file.constant].compactMap(\.self)
    case .group(let group): group.constants
    case .attribute(let attribute, let group): attribute.constants + (group.isNameless ? group.constants : [])
    case .call: [capability?.constant].compactMap(\.self)
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
  /// The pages for subjects. Architectures that share a file share a page.
  private func pages(_ subjects: [Subject]) -> String {
    var pages: [String] = []
    var done: [SourceFile] = []
    for subject in subjects where !done.contains(subject.file.text.file) {
      done.append(subject.file.text.file)
      let sharing = subjects.filter { $0.file.text.file == subject.file.text.file }.map(
        \.catalogue.architecture.rawValue)
      pages.append(page(subject, architectures: sharing))
    }
    return pages.joined(separator: "\n")
  }

  private func page(_ subject: Subject, architectures: [String]) -> String {
    var page = PageText()
    let reference = CallReference(catalogue: subject.catalogue)
    let place = architectures.joined(separator: ", ")
    switch subject.kind {
    case .file: page.file(subject.file, reference, place)
    case .group(let group): page.group(group, subject.file, reference, place)
    case .attribute(let attribute, let group): page.attribute(attribute, group, subject.file, reference, place)
    case .call(let call):
      page.title(subject.name, "call", place)
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
      let calls = catalogue.files.filter { !shown.contains($0.text.file) }.flatMap { file in
        reference.allCalls(of: file).compactMap { $0.only { $0.id == id } }
      }
      if calls.isEmpty { continue }
      // A common file is the same for all architectures.
      for file in catalogue.files where file.isShared { shown.insert(file.text.file) }
      page.gap()
      page.title(id, "diagnostic", catalogue.architecture.rawValue)
      page.meaning(of: calls)
    }
    if !page.lines.isEmpty { return .page(page.text) }
    return unknownID(name, id, architecture)
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
