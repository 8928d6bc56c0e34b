import Diagnostics
import TextOutput
import Vocabulary
import Workspace
import YAMLSyntax

/// The differences between two hosts, or between one host before and after an update, from the JSON of their probes.
package struct ProbeComparison {
  package enum Kind: String { case gained, lost, changed }

  package struct Difference {
    package var kind: Kind
    /// The subject, such as `attribute vcpu.tsc.offset`.
    package var what: String
    /// The value in the first probe; nil if it has none.
    package var before: String?
    package var after: String?
  }

  package var differences: [Difference] = []

  /// Compares the probes in two files.
  package init(_ before: SourceFile, _ after: SourceFile) throws(DiagnosticsError) {
    let first = try RecordedProbe(before)
    let second = try RecordedProbe(after)
    if first.architecture != second.architecture {
      throw .badProbe(
        "\(before.path) is from a host with \(first.architecture) and \(after.path) from one with \(second.architecture)"
      )
    }
    let old = Dictionary(first.lines, uniquingKeysWith: { a, _ in a })
    let new = Dictionary(second.lines, uniquingKeysWith: { a, _ in a })
    for (what, value) in first.lines where new[what] != value { add(what, value, new[what]) }
    for (what, value) in second.lines where old[what] == nil { add(what, nil, value) }
  }

  private mutating func add(_ what: String, _ before: String?, _ after: String?) {
    let kind: Kind =
      switch (before?.saysYes, after?.saysYes) {
      case (false, true), (nil, true): .gained
      case (true, false), (true, nil): .lost
      default: .changed
      }
    differences.append(Difference(kind: kind, what: what, before: before, after: after))
  }
}

extension ProbeComparison {
  /// One line per difference.
  package var text: String {
    var columns = Columns()
    for kind in [Kind.gained, .lost, .changed] {
      for difference in differences where difference.kind == kind {
        columns.append([
          kind.rawValue, difference.what.printable,
          "\((difference.before ?? "nothing").printable) -> \((difference.after ?? "nothing").printable)",
        ])
      }
    }
    return columns.lines().map { $0 + "\n" }.joined()
  }

  package var json: JSON {
    .object([
      ("version", 1),
      (
        "differences",
        .array(
          differences.map {
            .object([
              ("kind", .string($0.kind.rawValue)), ("what", .string($0.what)), ("before", JSON($0.before)),
              ("after", JSON($0.after)),
            ])
          })
      ),
    ])
  }
}

extension String {
  /// Whether the subject is supported; nil for a value of another kind.
  fileprivate var saysYes: Bool? {
    switch prefix(while: { $0 != "," }) {
    case "yes": true
    case "no": false
    default: nil
    }
  }
}

/// The JSON of a probe, as one line for each subject of comparison.
private struct RecordedProbe {
  var architecture: String
  var lines: [(String, String)] = []

  init(_ file: SourceFile) throws(DiagnosticsError) {
    let tree = SourceTree(parsing: file)
    guard tree.diagnostics.isEmpty, let node = tree.documents.first, node[key: "kind"]?.scalar == HostFacts.probeKind,
      let architecture = node[key: "arch"]?.scalar, let facts = node[key: "facts"]?.entries
    else { throw .badProbe("\(file.path) was not written by `kvmconf probe --format json`") }
    self.architecture = architecture
    lines.append(("kernel", node[key: "kernel"]?.scalar ?? ""))
    for (section, words) in [
      ("devices", ["type"]), ("attributes", ["target", "attribute"]), ("features", ["feature"]),
    ] {
      for item in node[key: section]?.items ?? [] {
        let name = words.compactMap { item[key: $0]?.scalar }.joined(separator: ".")
        let value = item[key: "value"].flatMap { $0.scalar == "null" ? nil : $0.scalar }
        let word = item[key: "supported"]?.scalar == "true" ? "yes" : "no"
        let read = value.map { ", reads \($0.readableBytes(on: architecture))" } ?? ""
        lines.append(("\(section.dropLast()) \(name)", word + read))
      }
    }
    for item in node[key: "capabilities"]?.items ?? [] {
      lines.append(("capability \(item[key: "capability"]?.scalar ?? "")", item[key: "value"]?.scalar ?? ""))
    }
    for fact in facts where !["arch", "kernel", "devices"].contains(fact.key.value) {
      lines.append(("fact \(fact.key.value)", fact.value.flowText))
    }
  }
}

extension DiagnosticsError {
  /// A file that does not hold a probe, or two that cannot be compared.
  fileprivate static func badProbe(_ message: String) -> Self { .invalid(.error("bad-probe", message, at: nil)) }
}

extension String {
  /// Bytes in hexadecimal as `probe` prints them: `e7000000` is 0xE7. The text itself if it is not such.
  fileprivate func readableBytes(on architecture: String) -> String {
    let digits = Array(utf8)
    guard let architecture = Architecture(rawValue: architecture), digits.count.isMultiple(of: 2) else { return self }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
    }
    return bytes.count * 2 == digits.count ? readable(bytes, on: architecture) : self
  }
}
