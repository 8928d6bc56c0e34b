import DevicePlan
import Diagnostics
import TextOutput
import Vocabulary
import Workspace

extension ManifestComparison {
  /// The comparison for people; empty if all calls are the same.
  ///
  /// - Parameter color: whether to colour it with terminal escape sequences.
  package func text(color: Bool = false) -> String {
    differences.map { $0.text(color: color) }.joined() + onlyOld.map { "only before: \($0.heading)\n" }.joined()
      + onlyNew.map { "only now: \($0.heading)\n" }.joined()
  }

  /// The comparison in Markdown, for a comment in a review; empty if all calls are the same.
  package var markdown: String {
    differences.filter { !$0.isEmpty }.map { $0.markdown + "\n" }.joined()
      + onlyOld.map { "Only before: **\($0.heading.markdown)**\n\n" }.joined()
      + onlyNew.map { "Only now: **\($0.heading.markdown)**\n\n" }.joined()
  }

  /// The comparison for programs, with one value for each pair of manifests and for each manifest without a partner.
  package var json: [JSON] {
    func only(_ old: JSON, _ new: JSON) -> JSON {
      .object([("version", 1), ("same", false), ("old", old), ("new", new)])
    }
    return differences.map(\.json) + onlyOld.map { only($0.summary, nil) } + onlyNew.map { only(nil, $0.summary) }
  }
}

/// A line of a difference: a change in one call, or in the same call on several vCPUs.
package struct DifferenceLine: Hashable {
  package enum Kind: String, Hashable { case added, removed, changed, reordered }

  package var kind: Kind
  /// `set gic.nr-irqs`
  package var call: String
  /// The old text; nil if there was nothing.
  package var old: String?
  package var new: String?
  /// For a changed call, the old and the new text of each part: `256, then 512`.
  package var change: String?
  /// The number of steps that the line covers.
  package var count = 1
  /// The number of the first step, from 1, in the new plan; for a removed step, in the old plan.
  package var number: Int
  package var at: SourceRange

  /// `+`, `-`, `~` or `>`.
  package var mark: String {
    switch kind {
    case .added: "+"
    case .removed: "-"
    case .changed: "~"
    case .reordered: ">"
    }
  }
}

extension PlanDifference {
  /// The changes as lines. The same change on several vCPUs is one line.
  package var lines: [DifferenceLine] {
    var groups: [Group] = []
    var places: [Group.Key: Int] = [:]
    for change in changes {
      let (step, line) = line(change)
      guard case .vcpu(let id) = step.target else {
        groups.append(Group(lines: [line], vcpus: []))
        continue
      }
      let call = { (name: String) in line.kind == .changed ? step.callOfChange(on: name) : step.call(on: name) }
      // Calls with a struct differ in what it says.
      let argument: String? = if case .request = step.operation { line.change ?? line.new ?? line.old } else { nil }
      let key = Group.Key(kind: line.kind, call: call("vcpu"), argument: argument)
      if let place = places[key] {
        groups[place].lines.append(line)
        groups[place].vcpus.append(id)
      } else {
        places[key] = groups.count
        groups.append(Group(lines: [line], vcpus: [id], call: call))
      }
    }
    return groups.map(\.line)
  }

  /// `1 step added, 2 steps changed`
  package var summary: String {
    var counts: [(Int, String)] = []
    for (kind, word) in [
      (DifferenceLine.Kind.added, "added"), (.removed, "removed"), (.changed, "changed"), (.reordered, "reordered"),
    ] {
      counts.append((changes.count { $0.kind == kind }, word))
    }
    let words = counts.filter { $0.0 > 0 }.map { counted($0, "step") + " \($1)" }
    return words.isEmpty ? (remarks.isEmpty ? "no difference" : "the same steps") : words.joined(separator: ", ")
  }

  private func line(_ change: Change) -> (Step, DifferenceLine) {
    switch change {
    case .added(let i):
      let step = new.steps[i]
      return (
        step, DifferenceLine(kind: .added, call: step.call, new: newDetails[i].words, number: i + 1, at: step.at)
      )
    case .removed(let i):
      let step = old.steps[i]
      return (
        step, DifferenceLine(kind: .removed, call: step.call, old: oldDetails[i].words, number: i + 1, at: step.at)
      )
    case .changed(let a, let b):
      let step = new.steps[b]
      let differences = newDetails[b].differences(from: oldDetails[a])
      // The value needs no name if it is the only difference.
      func words(_ text: (String, String?)) -> String {
        (differences.count == 1 && text.0 == "value" ? "" : text.0 + " ") + (text.1 ?? "none")
      }
      return (
        step,
        DifferenceLine(
          kind: .changed, call: step.callOfChange(on: step.name),
          old: differences.map { words(($0.name, $0.old)) }.joined(separator: ", "),
          new: differences.map { words(($0.name, $0.new)) }.joined(separator: ", "),
          change: differences.map { "\(words(($0.name, $0.old))), then \($0.new ?? "none")" }.joined(separator: "; "),
          number: b + 1, at: step.at)
      )
    case .reordered(let a, let b):
      let step = new.steps[b]
      return (
        step,
        DifferenceLine(
          kind: .reordered, call: step.call, old: "step \(a + 1)", new: "step \(b + 1)", number: b + 1, at: step.at)
      )
    }
  }

  /// The same change on one or more vCPUs.
  private struct Group {
    struct Key: Hashable {
      var kind: DifferenceLine.Kind
      var call: String
      var argument: String?
    }

    var lines: [DifferenceLine]
    var vcpus: [UInt64]
    var call: (String) -> String = { $0 }

    var line: DifferenceLine {
      var line = lines[0]
      guard lines.count > 1 else { return line }
      line.count = lines.count
      line.call = call("vcpu." + vcpus.inRanges)
      line.old = common(lines.map(\.old))
      line.new = common(lines.map(\.new))
      line.change = common(lines.map(\.change))
      return line
    }

    private func common(_ values: [String?]) -> String? {
      Set(values).count == 1 ? values[0] : values.compactMap(\.self).isEmpty ? nil : "\(values.count) values"
    }
  }

  /// The difference for people; empty if there is none.
  ///
  /// - Parameter color: whether to colour it with terminal escape sequences.
  package func text(color: Bool = false) -> String {
    if isEmpty { return "" }
    var text = "--- \(old.heading)\n+++ \(new.heading)\n"
    for remark in remarks { text += remark.words + "\n" }
    var columns = Columns(widest: 72, rightAligned: [1])
    let lines = lines
    for line in lines {
      columns.append([line.mark, "\(line.number)", line.words, "\(line.at)".printable])
    }
    for (line, row) in zip(lines, columns.lines()) { text += (color ? line.coloured(row) : row) + "\n" }
    return text + summary + "\n"
  }

  /// The difference as a table in Markdown, for a comment in a review.
  package var markdown: String {
    func cell(_ text: String?) -> String {
      guard let text, !text.isEmpty else { return "" }
      return "`" + text.replacing("`", with: "'").replacing("|", with: "\\|") + "`"
    }
    var text = "**\(old.heading.markdown)** → **\(new.heading.markdown)**: \(summary)\n"
    if isEmpty { return text }
    text += "\n| | call | before | after |\n| --- | --- | --- | --- |\n"
    for remark in remarks {
      text += "| | \(remark.subject.markdown) | \(cell(remark.old)) | \(cell(remark.new)) |\n"
    }
    for line in lines {
      text += "| \(line.kind.rawValue) | \(cell(line.call)) | \(cell(line.old)) | \(cell(line.new)) |\n"
    }
    return text
  }

  /// The difference for programs, with every step separate.
  package var json: JSON {
    .object([
      ("version", 1), ("same", .bool(isEmpty)), ("old", old.summary), ("new", new.summary),
      (
        "remarks",
        .array(
          remarks.map { .object([("subject", .string($0.subject)), ("old", JSON($0.old)), ("new", JSON($0.new))]) })
      ),
      ("changes", json(changes)),
    ])
  }

  private func json(_ changes: [Change]) -> JSON {
    let (oldDevices, newDevices) = (old.deviceNames, new.deviceNames)
    return .elements(count: changes.count) { json(changes[$0], oldDevices, newDevices) }
  }

  /// - Parameters:
  ///   - oldDevices: the names of the old plan's devices, by slot.
  ///   - newDevices: those of the new plan.
  private func json(_ change: Change, _ oldDevices: [String], _ newDevices: [String]) -> JSON {
    let (a, b): (Int?, Int?) =
      switch change {
      case .added(let i): (nil, i)
      case .removed(let i): (i, nil)
      case .changed(let i, let j), .reordered(let i, let j): (i, j)
      }
    return .object([
      ("kind", .string(change.kind.rawValue)),
      ("old", a.map { old.steps[$0].json(index: $0 + 1, in: old, oldDevices) } ?? .null),
      ("new", b.map { new.steps[$0].json(index: $0 + 1, in: new, newDevices) } ?? .null),
    ])
  }
}

extension PlanDifference.Change {
  var kind: DifferenceLine.Kind {
    switch self {
    case .added: .added
    case .removed: .removed
    case .changed: .changed
    case .reordered: .reordered
    }
  }
}

extension PlanDifference.Remark {
  /// `vCPUs: 2, then 4`
  fileprivate var words: String {
    switch (old, new) {
    case (let old?, let new?): "\(subject): \(old), then \(new)"
    case (nil, let new?): "\(subject) is new: \(new)"
    case (let old?, nil): "\(subject) is gone: \(old)"
    case (nil, nil): subject
    }
  }
}

extension DifferenceLine {
  fileprivate var words: String {
    let several = count > 1 ? " (\(count) steps)" : ""
    switch kind {
    case .added: return call + (new.map { ": \($0)" } ?? "") + several
    case .removed: return call + (old.map { ": \($0)" } ?? "") + several
    case .changed: return "\(call): \(change ?? "")\(several)"
    case .reordered: return "\(call), was \(old ?? "")\(several)"
    }
  }

  fileprivate func coloured(_ row: String) -> String {
    let code =
      switch kind {
      case .added: "32"
      case .removed: "31"
      case .changed: "33"
      case .reordered: "36"
      }
    return row.styled(code)
  }
}

extension StepDetails {
  /// The value, or nil if the call has none to show.
  fileprivate var words: String? { parts.first { $0.name == "value" }?.shown }
}

extension Step {
  /// The call without its value.
  fileprivate var call: String { call(on: name) }

  /// The call without the parts that may have changed, on another object.
  fileprivate func callOfChange(on name: String) -> String {
    switch operation {
    case .addMemory(let slot, _, _, _, _): "add memory in slot \(slot)"
    case .initVCPU: "init \(name)"
    default: call(on: name)
    }
  }

  /// The call without its value, on another object.
  fileprivate func call(on name: String) -> String {
    var step = self
    if operation.data != nil { step.value = nil }
    return step.words(on: name)
  }
}

extension Plan {
  /// `vm.yaml: board, 2 steps`
  var heading: String { "\(manifest.printable): \(name.printable), \(counted(steps.count, "step"))" }

  fileprivate var summary: JSON {
    .object([
      ("manifest", .string(manifest)), ("name", .string(name)), ("arch", .string(architecture.rawValue)),
      ("steps", JSON(steps.count)), ("vcpus", vcpuCount == nil ? JSON(vcpuNames.count) : .null),
    ])
  }
}

extension String {
  /// The text, escaped for Markdown.
  var markdown: String {
    String(flatMap { "\\`*_{}[]<>|#".contains($0) ? ["\\", $0] : [$0] })
  }
}
