import Conformance
import Diagnostics

/// The output of a guest: for each plan a line with its name, its report, and a line with its exit status.
package struct GuestReport {
  /// The report of each plan that finished, by the plan's file name.
  package var reports: [String: RecordedReport] = [:]
  /// Plans that started and did not finish, because the guest or its program died.
  package var broken: [String] = []
  /// Whether the guest reached the end of its plans.
  package var isComplete = false

  package init(_ bytes: [UInt8]) throws(DiagnosticsError) {
    var plan: String?
    var lines: [[UInt8]] = []
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      if let name = Self.word(line, after: "{\"plan\":\"") {
        if let plan { broken.append(plan) }
        (plan, lines) = (name, [])
      } else if let name = Self.word(line, after: "{\"ended\":\"") {
        let text = SourceFile(path: name, bytes: Array(lines.joined(separator: [UInt8(ascii: "\n")])))
        if let report = (try? RecordedReport.read(text))?.first { reports[name] = report } else { broken.append(name) }
        plan = nil
      } else if line.starts(with: Array("{\"end\":".utf8)) {
        isComplete = true
      } else {
        lines.append(Array(line))
      }
    }
    if let plan { broken.append(plan) }
  }

  private static func word(_ line: ArraySlice<UInt8>, after prefix: String) -> String? {
    guard line.starts(with: Array(prefix.utf8)) else { return nil }
    return String(decoding: line.dropFirst(prefix.utf8.count).prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
  }
}
