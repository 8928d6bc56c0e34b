import DevicePlan
import TextOutput
import Vocabulary

extension Plan {
  /// The plan as a table, one line per step, with its numbers and bytes, its place in the manifest, and remarks.
  package var table: String {
    var columns = Columns(rightAligned: [0])
    columns.append(["#", "call", "group", "attr", "payload", "at", "remarks"])
    for (index, step) in steps.enumerated() {
      let call = step.operation.attributeCall
      columns.append([
        "\(index + 1)", step.words, call.map { "\($0.group)" } ?? "", call.map { hexadecimal($0.attr, from: 10) } ?? "",
        step.operation.data?.words ?? "",
        "\(step.at.file.path):\(step.at.start.line):\(step.at.start.column)".printable,
        step.remarks.joined(separator: "; "),
      ])
    }
    let heading =
      "\(manifest.printable): \(name.printable), \(architecture.rawValue), \(counted(steps.count, "step"))"
    let files = files.map { "file \($0.name.printable) is \($0.path.printable)" }
    let parameters = parameters.map { parameter in
      let value = parameter.initial.map { ", \($0) unless it is given" } ?? ""
      return "parameter \(parameter.name.printable) is \(parameter.typeName)\(value)"
    }
    return ([heading] + files + parameters + columns.lines()).joined(separator: "\n") + "\n"
  }
}

extension Step {
  /// The table's remarks on a step: expected outcomes other than ok, its block, its guards, and why it moved.
  var remarks: [String] {
    var remarks: [String] = []
    if !expectsAnySuccess { remarks.append("expects \(expectedText)") }
    if block != nil { remarks.append("for each vCPU") }
    for condition in guardedBy {
      remarks.append("only if step \(condition.step + 1) is \(condition.ok ? "" : "not ")ok")
    }
    if let moved { remarks.append("moved: \(moved.printable)") }
    return remarks
  }
}

extension AttributeData {
  /// The bytes, or the first of them if there are many.
  fileprivate var words: String {
    switch self {
    case .none: ""
    case .invalid: "invalid pointer"
    case .bytes(let bytes, _): shortened(bytes, limit: 24)
    }
  }
}
