import ArgumentParser
import Corpus
import Diagnostics
import Foundation
import Workspace
import YAMLSyntax

/// `conformance page`: the results of all runs as a page.
struct Page: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page", abstract: "Print the results of all runs as Markdown.")

  @Option(help: "The folder with the results.") var folder = ".build/conformance"
  @Option(help: "Rules that no run can trigger, with the reason.") var unreachable =
    "Tests/Conformance/unreachable.yaml"

  func run() throws {
    let tallies = try results()
    if tallies.isEmpty { throw Failure("there are no results in \(folder)/results") }
    let excuses = try Excuse.read(try SourceFile(reading: unreachable))
    for wrong in refuted(excuses, by: tallies) { say("\(unreachable): \(wrong)") }
    print(Self.head)
    print(runs(tallies))
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
        if meant.isEmpty { return "\(excuse.file) has no rule '\(beginning)'" }
        return meant.allSatisfy(\.self) ? "\(excuse.file): '\(beginning)' has fired" : nil
      }
    }
  }

  private func results() throws -> [Tally] {
    let folder = URL(filePath: folder).appending(path: "results")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try files.filter { $0.pathExtension == "json" && !$0.lastPathComponent.hasPrefix("mutants") }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { try JSONDecoder().decode(Tally.self, from: Data(contentsOf: $0)) }
  }

  private static let head = """
    # Conformance

    The predictions of the model were compared with real kernels, step by step: every errno, and every value that a get reads.
    `make conformance-page` makes this page from the results; `make conformance ARCH=… KERNEL=…` makes a run. The kernels are
    Debian's, in guests of QEMU with emulated hardware, except `host`, which is a machine with its own KVM.

    - A step *agreed* if the kernel's answer was the model's prediction. If the model does not predict the value of a get, the
      step agrees by its errno alone. The offset of the TSC on `host` is such a value, because the hypervisor under `host` keeps
      the offset.
    - A step is *undecided* if the model gave several answers and the kernel's answer was one of them. The kind of file that a
      descriptor refers to, for example, is not known in advance.
    - A step is *not made* if it needs something that an earlier step did not create.

    The manifests are the kernel's own selftests, the examples, every example and test of the schemas, the numbers that their
    rules mention, and random manifests.

    The figures have limits. The facts about the machines (`hosts/`) were partly read on them and partly concluded from their
    answers, so agreement does not prove these facts. The rows are runs at different times, while schemas and corpus were still
    being corrected. A run with differences was repeated.

    """

  private func runs(_ tallies: [Tally]) -> String {
    var lines = [
      "| machine | kernel | seed | manifests | steps | agreed | differed | undecided | quirks | not made |",
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tally in tallies {
      let total = tally.total
      let cells =
        // The suffix of the host's release is left out: it may identify its owner.
        [tally.machine, tally.machine == "host" ? String(tally.release.prefix { $0 != "-" }) : tally.release]
        + ["\(tally.seed)"]
        + [
          tally.manifests, total.steps, total.agreed, total.differed, total.undecided, total.quirks, total.skipped,
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
            "- \(tally.machine), \(tally.release), \(difference.manifest), step \(difference.step), `\(difference.call)`: "
              + "the kernel answered \(difference.kernel), the model \(difference.predicted)")
        }
        for crash in tally.crashes { lines.append("- \(tally.machine), \(tally.release): the kernel died in \(crash)") }
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
    lines += ["| on | steps | agreed | differed | undecided |", "| --- | ---: | ---: | ---: | ---: |"]
    for (name, counts) in subjects.sorted(by: { $0.key < $1.key }) {
      lines.append("| \(name) | \(counts.steps) | \(counts.agreed) | \(counts.differed) | \(counts.undecided) |")
    }
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
