import Diagnostics
import Vocabulary

/// The names in `after:` and `before:` exist, and the attributes of a device can be set in some order.
///
/// Words with a condition apply only to some values, so they do not count for cycles.
struct OrderIsPossible: SchemaCheck {
  static let id: DiagnosticID = "schema-order-cycle"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      var order = Order(file: file, catalogue: catalogue)
      for group in file.groups {
        for attribute in group.attributes {
          for part in [group, attribute] { order.add(part, of: attribute.path, report) }
        }
      }
      for (key, isAfter) in [("after", true), ("before", false)] {
        for word in file.createOrder(key) {
          order.add(OrderWord(path: word, when: nil), of: "create", isAfter: isAfter, report)
        }
      }
      order.reportCycles(report)
    }
  }
}

/// The order of the steps of one file.
private struct Order {
  let file: SchemaFile
  let catalogue: Catalogue
  /// For each step, the steps before it, with the word that says so.
  private var predecessors: [String: [(name: String, word: SourceRange)]] = [:]
  private let own: [String]

  init(file: SchemaFile, catalogue: Catalogue) {
    self.file = file
    self.catalogue = catalogue
    own = file.attributePaths
  }

  mutating func add(_ part: AttributeDescription, of step: String, _ report: (Diagnostic) -> Void) {
    for word in part.after { add(word, of: step, isAfter: true, report) }
    for word in part.before { add(word, of: step, isAfter: false, report) }
  }

  mutating func add(_ word: OrderWord, of step: String, isAfter: Bool, _ report: (Diagnostic) -> Void) {
    guard let others = resolve(word.path.value) else {
      let hint = (own + catalogue.files.map(\.name)).suggestion(for: word.path.value)
      report(
        .error(
          "schema-unknown-name", "there is no '\(word.path.value)' to come before or after\(hint)", at: word.path.range)
      )
      return
    }
    guard word.when == nil else { return }
    for other in others {
      if isAfter {
        predecessors[step, default: []].append((other, word.path.range))
      } else {
        predecessors[other, default: []].append((step, word.path.range))
      }
    }
  }

  /// The steps of this file that a word means. Empty if it means something else; nil if the name does not exist.
  private func resolve(_ word: String) -> [String]? {
    if ["vcpus", "memory"].contains(word) { return [] }
    if word == "create" || own.contains(word) { return [word] }
    if let group = file.group(named: word) { return group.attributes.map(\.path) }
    let parts = word.split(separator: ".", maxSplits: 1).map(String.init)
    guard let other = catalogue.files.first(where: { $0.name == parts[0] && !$0.isCommon }) else {
      // A device type of another architecture: a common file may name it.
      return catalogue.knowsElsewhere(type: parts[0]) ? [] : nil
    }
    guard parts.count == 2, parts[1] != "create" else { return other === file ? ["create"] : [] }
    guard other.attributePaths.contains(parts[1]) || other.group(named: parts[1]) != nil else { return nil }
    return other === file ? [parts[1]] : []
  }

  func reportCycles(_ report: (Diagnostic) -> Void) {
    var done: Set<String> = []
    for start in predecessors.keys.sorted() {
      var path: [String] = []
      visit(start, &path, &done, report)
    }
  }

  private func visit(_ step: String, _ path: inout [String], _ done: inout Set<String>, _ report: (Diagnostic) -> Void)
  {
    guard !done.contains(step) else { return }
    path.append(step)
    for (name, word) in predecessors[step] ?? [] {
      guard let start = path.firstIndex(of: name) else {
        visit(name, &path, &done, report)
        continue
      }
      let cycle = (path[start...] + [name]).map { "'\($0)'" }.joined(separator: " after ")
      report(.error(OrderIsPossible.id, "this order is impossible: \(cycle)", at: word))
    }
    path.removeLast()
    done.insert(step)
  }
}

extension SchemaFile {
  /// The names of the file's attributes in manifests, such as `addr.dist` and `nr-irqs`, in the order of the file.
  package var attributePaths: [String] { groups.flatMap { $0.attributes.map(\.path) } }
}

extension Catalogue {
  /// Whether another architecture has a device type of this name.
  fileprivate func knowsElsewhere(type name: String) -> Bool {
    sources.contains { $0.path.hasSuffix("/\(name).yaml") }
  }
}
