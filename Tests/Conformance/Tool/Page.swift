import ArgumentParser
import Corpus
import Diagnostics
import Foundation
import Vocabulary
import Workspace
import YAMLSyntax

/// `conformance page`: the results of all runs as a page.
struct Page: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page", abstract: "Print the results of all runs as Markdown.",
    discussion: """
      The results may be of many machines and many runs. Runs of one kernel on one machine are added up. All must be of \
      one commit.
      """)

  @Argument(help: "Folders with results, at any depth.") var folders = [".build/conformance/results"]
  @Option(help: "Use only the results of this commit.") var commit: String?
  @Option(help: "Rules that no run can trigger, with the reason.") var unreachable =
    "Tests/Conformance/unreachable.yaml"

  func run() throws {
    let tallies = try results()
    guard let commit = tallies.first?.commit else {
      throw Failure("there are no results in \(folders.joined(separator: ", "))")
    }
    let excuses = try Excuse.read(try SourceFile(reading: unreachable))
    for wrong in refuted(excuses, by: tallies) { say("\(unreachable): \(wrong)") }
    print(Self.head)
    print("All results are of commit `\(commit)`.\n")
    print(runs(tallies))
    print(order(tallies))
    for architecture in Set(tallies.map(\.architecture)).sorted() {
      print(section(architecture, tallies.filter { $0.architecture == architecture }, excuses))
    }
  }

  /// Messages about excuses without a rule, and about excuses whose rules fired on every architecture that has them.
  private func refuted(_ excuses: [Excuse], by tallies: [Tally]) -> [String] {
    let architectures = Dictionary(grouping: tallies, by: \.architecture).values.map { own in
      (rules: Set(own.flatMap(\.rules)), fired: Set(own.flatMap(\.fired.keys)))
    }
    return excuses.flatMap { excuse in
      excuse.beginnings.compactMap { beginning in
        let meant = architectures.flatMap { architecture in
          architecture.rules
            .filter { $0.place.hasPrefix(excuse.file + ":") && $0.reason.hasPrefix(beginning) }
            .map { architecture.fired.contains($0.place) }
        }
        if meant.isEmpty {
          // Without results of an architecture, its rules are not known.
          let folder = String(excuse.file.prefix { $0 != "/" })
          let isKnown = folder == "common" || tallies.contains { $0.architecture == folder }
          return isKnown ? "\(excuse.file) has no rule '\(beginning)'" : nil
        }
        return meant.allSatisfy(\.self) ? "\(excuse.file): '\(beginning)' has fired" : nil
      }
    }
  }

  /// The results of one commit, one per machine and kernel.
  private func results() throws -> [Tally] {
    var sums: [String: Tally] = [:]
    var first: (commit: String, path: String)?
    for folder in folders {
      guard let files = FileManager.default.enumerator(atPath: folder) else { continue }
      for case let file as String in files where file.hasSuffix(".json") {
        let path = "\(folder)/\(file)"
        let tally = try JSONDecoder().decode(Tally.self, from: Data(contentsOf: URL(filePath: path)))
        if let commit, commit != tally.commit { continue }
        if let first, first.commit != tally.commit {
          throw Failure(
            "\(first.path) is of commit \(first.commit), but \(path) is of \(tally.commit); choose one with --commit")
        }
        first = first ?? (tally.commit, path)
        let key = "\(tally.machine) \(tally.kernel)"
        sums[key] = sums[key].map { $0 + tally } ?? tally
      }
    }
    return sums.values.sorted {
      ($0.machine, Release($0.kernel) ?? Release(major: 0, minor: 0), $0.kernel)
        < ($1.machine, Release($1.kernel) ?? Release(major: 0, minor: 0), $1.kernel)
    }
  }

  private static let head = """
    # Conformance

    The predictions of the model were compared with real kernels, step by step: every errno, and every value that a get reads.
    `make conformance-page` makes this page from the results; `make conformance ARCH=… KERNEL=…` makes a run. The kernels are
    Debian's, in guests of QEMU with emulated hardware, except `host`, which is a machine with its own KVM.

    - A step *agreed* if the kernel's answer was the model's prediction, including every bit that a get read.
    - A step is *undecided* if the model gave several answers and the kernel's answer was one of them. The kind of file that a
      descriptor refers to, for example, is not known in advance. If the model gives no answer at all, the step *differs*.
    - A value is *open* if the errno agreed, but the model does not predict the value, or not all of its bits.
    - A *quirk* is a known difference of one host, as with a hypervisor below it.
    - A step is *not made* if it needs something that an earlier step did not create.

    The manifests are the kernel's own selftests, the examples, every example and test of the schemas, the numbers that their
    rules mention, and random manifests.

    The figures have limits. The facts about the machines (`hosts/`) were partly read on them and partly concluded from their
    answers, so agreement does not prove these facts.

    """

  private func runs(_ tallies: [Tally]) -> String {
    var lines = [
      "| machine | kernel | seeds | manifests | steps | agreed | differed | undecided | open | quirks | not made |",
      "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tally in tallies {
      let total = tally.total
      let cells =
        [tally.machine, tally.kernelName, tally.seeds.map(String.init).joined(separator: ", ")]
        + [
          tally.manifests, total.steps, total.agreed, total.differed, total.undecided, total.open, total.quirks,
          total.skipped,
        ].map(String.init)
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    let differing = tallies.filter { $0.total.differed > 0 || !$0.crashes.isEmpty }
    lines.append("")
    if differing.isEmpty {
      lines.append("No step differed, and no kernel died.")
    } else {
      for tally in differing {
        for difference in tally.differences.prefix(10) {
          lines.append(
            "- \(tally.machine), \(tally.kernelName), \(difference.manifest), step \(difference.step), `\(difference.call)`: "
              + "the kernel answered \(difference.kernel), the model \(difference.predicted)")
        }
        for crash in tally.crashes {
          lines.append("- \(tally.machine), \(tally.kernelName): the kernel died in \(crash)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func order(_ tallies: [Tally]) -> String {
    var lines = [
      "## Order", "",
      "Random declarative manifests, with devices, vCPUs and attributes in random order, were planned and run. The kernel "
        + "must accept every call.", "",
      "| machine | kernel | manifests | calls | moved by the planner | refused |",
      "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for tally in tallies where tally.order.manifests > 0 {
      let order = tally.order
      lines.append(
        "| \(tally.machine) | \(tally.kernelName) | \(order.manifests) | \(order.calls) | \(order.moved) | \(order.refused.count) |"
      )
    }
    lines.append("")
    for tally in tallies {
      for refused in tally.order.refused.prefix(10) {
        lines.append(
          "- \(tally.machine), \(tally.kernelName), \(refused.manifest), `\(refused.call)`: \(refused.answer)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ architecture: String, _ tallies: [Tally], _ excuses: [Excuse]) -> String {
    var lines = ["## \(architecture)", ""]
    var subjects: [String: Tally.Counts] = [:]
    var fired: [String: Int] = [:]
    var rules: [String: Tally.Refusal] = [:]
    for tally in tallies {
      subjects.merge(tally.subjects) { $0 + $1 }
      fired.merge(tally.fired) { $0 + $1 }
      for rule in tally.rules { rules[rule.place] = rule }
    }
    lines += [
      "| on | steps | agreed | differed | undecided | open | quirks |",
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (name, counts) in subjects.sorted(by: { $0.key < $1.key }) {
      let cells = [counts.steps, counts.agreed, counts.differed, counts.undecided, counts.open, counts.quirks]
      lines.append("| \(name) | " + cells.map(String.init).joined(separator: " | ") + " |")
    }
    lines += details("Values that the model leaves open", tallies.map(\.open))
    lines += details("Undecided answers", tallies.map(\.undecided))
    lines += details("Quirks", tallies.map(\.quirks))
    let silent = rules.values.filter { fired[$0.place] == nil }.sorted { ($0.place, $0.errno) < ($1.place, $1.errno) }
    let explained = silent.filter { rule in excuses.contains { $0.covers(rule) } }
    let able = rules.count - explained.count
    let share = able == 0 ? 100 : Double(rules.count - silent.count) * 100 / Double(able)
    lines += [
      "",
      "Kernels confirmed the answers of \(rules.count - silent.count) of the \(rules.count) rules that refuse a call: "
        + String(format: "%.1f %% of the %d that these machines can trigger.", share, able),
    ]
    if !silent.isEmpty {
      lines += ["The other rules are claims, taken from the kernel's source:", ""]
      for rule in silent {
        let why = excuses.first { $0.covers(rule) }?.reason ?? "no manifest has triggered it yet"
        lines.append("- `\(rule.place.split(separator: ":")[0])`, \(rule.errno), \(rule.reason): \(why)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Counts by name as a list, the largest first; an empty text without counts.
private func details(_ title: String, _ counts: [[String: Int]]) -> [String] {
  let sum = counts.reduce(into: [:]) { $0.merge($1) { $0 + $1 } }
  if sum.isEmpty { return [] }
  return ["", "\(title), and in how many steps:", ""]
    + sum.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "- `\($0.key)`: \($0.value)" }
}

/// The reason why no run can trigger some rules.
struct Excuse {
  /// The file of the rules.
  var file: String
  /// The beginnings of the reasons of the rules.
  var beginnings: [String]
  var reason: String

  func covers(_ rule: Tally.Refusal) -> Bool {
    rule.place.hasPrefix(file + ":") && beginnings.contains { rule.reason.hasPrefix($0) }
  }

  static func read(_ file: SourceFile) throws -> [Excuse] {
    let tree = SourceTree(parsing: file)
    guard tree.diagnostics.isEmpty, let items = tree.documents.first?.items else {
      throw Failure("\(file.path) is not a list of {file, because, reason}")
    }
    return try items.map { item in
      guard let path = item[key: "file"]?.scalar, let because = item[key: "because"]?.items,
        let reason = item[key: "reason"]?.scalar
      else { throw Failure("\(file.path):\(item.range.start.line): an entry needs 'file', 'because' and 'reason'") }
      return Excuse(file: path, beginnings: because.compactMap(\.scalar), reason: reason)
    }
  }
}
