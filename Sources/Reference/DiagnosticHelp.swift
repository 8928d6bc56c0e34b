import DeviceSchema
import Diagnostics
import TextOutput

/// Help on ids of diagnostics. It walks the schemas only once for all ids.
extension Explainer {
  /// A sentence and the reference page for each id that has one.
  package func help(on ids: Set<DiagnosticID>) -> [DiagnosticID: RuleHelp] {
    var help: [DiagnosticID: RuleHelp] = [:]
    var rest: Set<String> = []
    for id in ids {
      guard let entry = diagnostics.entry(for: id.description) else {
        rest.insert(id.description)
        continue
      }
      var page = PageText()
      page.page(of: entry)
      help[id] = RuleHelp(title: entry.title, text: page.text)
    }
    if rest.isEmpty { return help }
    for (id, calls) in refusals(where: rest.contains) {
      var page = PageText()
      page.meaning(of: calls.map(\.call))
      help[DiagnosticID(id)] = RuleHelp(title: calls[0].call.sentence, text: page.text)
    }
    return help
  }

  /// Every id that a diagnostic can have.
  package var ids: Set<String> { Set(diagnostics.entries.map(\.id.description) + refusalIDs(in: nil)) }

  /// Whether a diagnostic can have this id. Most ids begin with the name of their file, so that file is searched first.
  package func knows(_ id: String) -> Bool {
    if diagnostics.entry(for: id) != nil { return true }
    let name = id.prefix { $0 != "." && $0 != ":" }
    for catalogue in catalogues {
      let reference = CallReference(catalogue: catalogue)
      for file in catalogue.files where file.name == name {
        if reference.calls(of: file, named: id).contains(where: { $0.refusals.contains { $0.id == id } }) {
          return true
        }
      }
    }
    return refusalIDs(in: nil).contains(id)
  }

  /// The calls that are refused with ids that match, by id. Each call has only the refusals with that id.
  func refusals(
    where isWanted: (String) -> Bool
  ) -> [(id: String, calls: [(call: RefusableCall, architecture: String)])] {
    var order: [String] = []
    var found: [String: [(call: RefusableCall, architecture: String)]] = [:]
    var shared: Set<SourceFile> = []
    for catalogue in catalogues {
      let reference = CallReference(catalogue: catalogue)
      for file in catalogue.files where !shared.contains(file.text.file) {
        for call in reference.allCalls(of: file) {
          for id in Set(call.refusals.map(\.id)).filter(isWanted).sorted() {
            guard let part = call.only({ $0.id == id }) else { continue }
            if found[id] == nil { order.append(id) }
            found[id, default: []].append((part, catalogue.architecture.rawValue))
          }
        }
        // A common file is the same for all architectures.
        if file.isShared { shared.insert(file.text.file) }
      }
    }
    return order.map { ($0, found[$0] ?? []) }
  }
}

extension RefusableCall {
  /// The refusals in one sentence.
  fileprivate var sentence: String {
    let answers = Set(refusals.map(\.answer)).sorted().joined(separator: ", ")
    let words =
      switch answers {
      case "warning": "\(title) on \(subject) is accepted with a warning"
      case "hazard": "\(title) on \(subject) endangers the kernel"
      default: "\(title) on \(subject) is answered with \(answers)"
      }
    let reasons = Set(refusals.map(\.reason))
    return words + (reasons.count == 1 ? ": \(refusals[0].reason)" : "")
  }
}
