import DevicePlan
import Diagnostics
import TextOutput
import Vocabulary

extension Report {
  /// The report for programs, one document per manifest.
  package var json: JSON {
    .object([
      ("version", 1),
      ("manifest", .string(manifest)),
      ("name", .string(name)),
      ("host", host.json),
      ("steps", .elements(count: entries.count) { [entries] in entries[$0].json(index: $0 + 1) }),
      ("summary", summary.json),
    ])
  }
}

extension Report.Summary {
  package var json: JSON {
    .object([
      ("steps", JSON(steps)),
      ("passed", JSON(passed)),
      ("failed", JSON(failed)),
      ("skipped", JSON(skipped)),
      ("undecided", JSON(undecided)),
    ])
  }
}

extension HostDescription {
  fileprivate var json: JSON {
    .object([
      ("kind", .string(kind.rawValue)), ("arch", .string(architecture.rawValue)), ("release", .string(release)),
    ])
  }
}

extension Report.Entry {
  /// - Parameter index: the number of the step, from 1.
  fileprivate func json(index: Int) -> JSON {
    var members: [(String, JSON)] = [("index", JSON(index))]
    members += step.jsonOfCall
    if case .request = step.operation, let value = step.value { members.append(("argument", .string(value))) }
    members.append(("outcome", .string(result.outcome.name)))
    if case .undecided(let candidates) = result.outcome { members.append(("candidates", candidates.json)) }
    if result.outcome == .ok, let number = result.number, number > 0 { members.append(("number", JSON(number))) }
    members.append(("expected", step.jsonOfExpected))
    switch verdict {
    case .passed: members.append(("pass", true))
    case .failed: members.append(("pass", false))
    case .undecided: members.append(("pass", nil))
    case .skipped: break
    }
    if step.operation.isGet, let value = result.value { members.append(("value", .string(hexadecimal(value)))) }
    // On the model, the predicted bits of the value, if not all are predicted.
    if step.operation.isGet, let mask = result.valueMask, mask.contains(where: { $0 != 0xFF }) {
      members.append(("mask", .string(hexadecimal(mask))))
    }
    if let nanoseconds = result.nanoseconds { members.append(("nanoseconds", JSON(nanoseconds))) }
    members += jsonOfReason
    if !result.warnings.isEmpty { members.append(("warnings", .array(result.warnings.map(\.json)))) }
    return .object(members)
  }

  /// The reason why the step was refused, skipped or dangerous, if it is known.
  private var jsonOfReason: [(String, JSON)] {
    switch result.outcome {
    case .skipped(let reason), .unfit(let reason): [("reason", .string(reason))]
    case .hazard(let reason): [("reason", .string(reason))] + (result.reasons.first.map { [("id", $0.jsonID)] } ?? [])
    case .refused: result.reasons.first?.jsonMembers ?? []
    case .undecided where !result.reasons.isEmpty: [("reasons", .array(result.reasons.map(\.json)))]
    case .ok, .undecided: []
    }
  }
}

extension Reason {
  fileprivate var jsonID: JSON { .string(id.description) }
  fileprivate var jsonMembers: [(String, JSON)] { [("reason", .string(message)), ("id", jsonID)] }
  fileprivate var json: JSON { .object(jsonMembers) }
}

extension [Answer] {
  package var json: JSON { .array(map { .string($0.description) }) }
}

extension Step {
  var jsonOfExpected: JSON { .array(expectedWords.map { .string($0) }) }

  /// The call and its place, in the form that reports and plans share.
  var jsonOfCall: [(String, JSON)] {
    var members: [(String, JSON)] = [("operation", .string(operation.name)), ("target", .string(target.description))]
    if let attribute { members.append(("attribute", .string(attribute))) }
    if let key { members.append(("key", .string(key))) }
    if let call = operation.attributeCall {
      members += [("group", JSON(call.group)), ("attr", JSON(call.attr))]
    }
    if operation.flags != 0 { members.append(("flags", JSON(operation.flags))) }
    switch operation.data {
    case .bytes(let bytes, _): members.append(("payload", .string(hexadecimal(bytes))))
    case .invalid: members.append(("address", "invalid"))
    case .some(.none), nil: break
    }
    members.append(("at", at.json))
    return members
  }
}

extension Operation {
  fileprivate var isGet: Bool { if case .getAttribute = self { true } else { false } }
}

extension SourceRange {
  /// The start of the range.
  package var json: JSON {
    .object([("file", .string(file.path)), ("line", JSON(start.line)), ("column", JSON(start.column))])
  }
}
