import Diagnostics
import TextOutput
import Vocabulary
import Workspace

extension HostMatrix {
  /// The report on all files.
  ///
  /// - Parameter settings: the settings of the files; their schemas explain the ids.
  package func report(as format: ReportFormat, color: Bool = false, settings: [Settings] = []) -> String {
    switch format {
    case .json: return json.text(pretty: true) + "\n"
    case .text:
      var text = ""
      TextRenderer(color: color).render(problems, into: &text)
      if !text.isEmpty { text += "\n" }
      return text + table.text
    case .markdown: return table.markdown + (problems.isEmpty ? "" : "\n" + ReportFormat.markdown.text(of: problems))
    case .junit:
      var text = ""
      JUnitRenderer().render(suites, into: &text)
      return text
    case .gcc:
      // This format has no notes.
      return format.text(
        of: shown.map { diagnostic, words in
          var diagnostic = diagnostic
          if let words { diagnostic.message += " (\(words))" }
          return diagnostic
        })
    case .github: return format.text(of: problems)
    case .sarif:
      let names = Dictionary(zip(problems, shownHosts), uniquingKeysWith: { first, _ in first })
      return ReportFormat.sarif(problems, settings) { names[$0] ?? [] }
    }
  }

  /// `2 files, 3 manifests, 4 hosts: 10 pairs ok, 1 with errors, 0 with warnings, 0 undecided, 1 not applicable`
  package var summary: String {
    let rows = files.flatMap(rows)
    let words = rows.flatMap(\.results).filter { $0 != .elsewhere }.map(\.kind)
    func count(_ kind: MatrixFile.Result.Kind) -> Int { words.count { $0 == kind } }
    let work = shard.map { "shard \($0), " } ?? ""
    return
      "\(work)\(counted(files.count, "file")), \(counted(rows.count, "manifest")), \(counted(hosts.count, "host")): "
      + "\(counted(count(.ok), "pair")) ok, \(count(.errors)) with errors, \(count(.warnings)) with warnings, "
      + "\(count(.undecided)) undecided, \(count(.notApplicable)) not applicable"
  }

  /// The findings, each with its hosts in a note.
  private var problems: [Diagnostic] {
    shown.map { diagnostic, words in
      var diagnostic = diagnostic
      if let words { diagnostic.notes.append(Note(words)) }
      return diagnostic
    }
  }

  /// The findings, with words for their hosts; nil if there is only one host.
  private var shown: [(diagnostic: Diagnostic, words: String?)] {
    distinct.map { ($0.diagnostic, words(for: $0.hosts, of: $0.judged)) }
  }

  /// The names of the hosts of each finding; empty if no option names a host.
  private var shownHosts: [[String]] {
    distinct.map { finding in hosts == [HostChoice().name] ? [] : finding.hosts.map { hosts[$0] } }
  }

  /// The findings of all files, in order. One that several files share, such as an error in a file of facts, is there
  /// once.
  private var distinct: [(diagnostic: Diagnostic, hosts: [Int], judged: Int)] {
    var seen: Set<Diagnostic> = []
    var all: [(diagnostic: Diagnostic, hosts: [Int], judged: Int)] = []
    for file in files {
      let rows = rows(of: file)
      for finding in findings(of: file) where seen.insert(finding.diagnostic).inserted {
        all.append((finding.diagnostic, finding.hosts, rows[finding.manifest].results.count(where: \.isJudged)))
      }
    }
    for fault in Set(files.flatMap(\.schemaFaults)).sorted(by: { $0.message < $1.message }) {
      all.append((fault, [], 0))
    }
    return all
  }

  /// `on every host`, or `on Linux 5.10 and Linux 6.1`. Nil if there is only one host, or the problem is not
  /// about hosts.
  private func words(for hosts: [Int], of judged: Int) -> String? {
    if self.hosts.count == 1 || hosts.isEmpty { return nil }
    // A shard does not know the results for all hosts.
    if shard == nil, hosts.count == judged {
      return judged == self.hosts.count ? "on every host" : "on every host that can run it"
    }
    return "on " + Self.listed(hosts.map { self.hosts[$0] })
  }

  /// The first names of a list, and the number of the others.
  private static func listed(_ names: [String]) -> String {
    let most = 8
    if names.count <= most { return names.listed() }
    return names.prefix(most).joined(separator: ", ") + " and \(names.count - most) more hosts"
  }
}

// MARK: The table

extension HostMatrix {
  /// Manifests and hosts, the longer list downwards.
  private var table: MatrixTable {
    var manifests: [String] = []
    var results: [[String]] = []
    for file in files {
      let rows = rows(of: file)
      for row in rows {
        manifests.append(file.name.printable + (rows.count > 1 ? ": \(row.name.printable)" : ""))
        results.append(row.results.map(\.words))
      }
    }
    let hosts = hosts.map(\.printable)
    if hosts.count < manifests.count {
      return MatrixTable(corner: "MANIFEST", rows: manifests, columns: hosts, cells: results)
    }
    let turned = hosts.indices.map { host in results.map { $0[host] } }
    return MatrixTable(corner: "HOST", rows: hosts, columns: manifests, cells: turned)
  }
}

extension MatrixFile.Result {
  enum Kind: Hashable { case elsewhere, notApplicable, failed, errors, undecided, warnings, ok }

  var kind: Kind {
    switch self {
    case .elsewhere: .elsewhere
    case .notApplicable: .notApplicable
    case .failed: .failed
    case .judged(let errors, let warnings, let undecided):
      errors > 0 ? .errors : undecided > 0 ? .undecided : warnings > 0 ? .warnings : .ok
    }
  }

  fileprivate var words: String {
    switch self {
    case .elsewhere: ""
    case .notApplicable: "not applicable"
    case .failed: "failed"
    case .judged(let errors, let warnings, let undecided):
      if errors > 0 {
        counted(errors, "error")
      } else if undecided > 0 {
        "\(undecided) undecided"
      } else {
        warnings > 0 ? counted(warnings, "warning") : "ok"
      }
    }
  }
}

/// A table for people. Long lists are shortened: rows with the same cells share one row.
private struct MatrixTable {
  var corner: String
  var rows: [String]
  var columns: [String]
  /// By row and column.
  var cells: [[String]]

  /// The largest numbers of rows and of columns that are shown one by one.
  private static let mostRows = 20
  private static let mostColumns = 8
  private static let width = 100

  init(corner: String, rows: [String], columns: [String], cells: [[String]]) {
    self.corner = corner
    let (rows, wide) = Self.grouped(rows, cells, most: Self.mostRows)
    let turned = columns.indices.map { column in wide.map { $0[column] } }
    let (columns, groups) = Self.grouped(columns, turned, most: Self.mostColumns)
    self.rows = rows
    self.columns = columns
    self.cells = rows.indices.map { row in groups.map { $0[row] } }
  }

  private static func grouped(
    _ names: [String], _ cells: [[String]], most: Int
  ) -> (names: [String], cells: [[String]]) {
    if names.count <= most { return (names, cells) }
    var groups: [(name: String, cells: [String], more: Int)] = []
    var places: [[String]: Int] = [:]
    for (name, cells) in zip(names, cells) {
      if let place = places[cells] {
        groups[place].more += 1
      } else {
        places[cells] = groups.count
        groups.append((name, cells, 0))
      }
    }
    return (groups.map { $0.more > 0 ? "\($0.name) and \($0.more) more" : $0.name }, groups.map(\.cells))
  }

  /// The table for a terminal. If it is too wide, the columns are in several tables.
  var text: String {
    var tables: [String] = []
    var start = 0
    let first = ([corner] + rows).map(\.displayWidth).max() ?? 0
    while start < columns.count {
      var width = first
      var end = start
      while end < columns.count {
        width += 2 + ([columns[end]] + cells.map { $0[end] }).reduce(0) { max($0, $1.displayWidth) }
        if width > Self.width, end > start { break }
        end += 1
      }
      let lines = Columns(
        [[corner] + columns[start..<end]] + zip(rows, cells).map { [$0] + $1[start..<end] }, widest: .max)
      tables.append(lines.lines().map { $0 + "\n" }.joined())
      start = end
    }
    return tables.joined(separator: "\n")
  }

  var markdown: String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    return line([""] + columns.map(\.markdown)) + line(Array(repeating: "---", count: columns.count + 1))
      + zip(rows, cells).map { line([$0.markdown] + $1) }.joined()
  }
}

// MARK: JUnit

extension HostMatrix {
  /// One suite per file, with one case for each of its manifests on each host.
  private var suites: [JUnitRenderer.Suite] {
    var suites = files.map { file in
      let rows = rows(of: file)
      // By manifest and host.
      var found = rows.map { $0.results.map { _ in [Diagnostic]() } }
      for finding in findings(of: file) {
        for host in finding.hosts { found[finding.manifest][host].append(finding.diagnostic) }
      }
      return JUnitRenderer.Suite(
        name: file.name,
        cases: zip(rows, found).flatMap { row, found in
          hosts.indices.compactMap { testCase(row, $0, found[$0], failOn: file.failOn) }
        })
    }
    let faults = Set(files.flatMap(\.schemaFaults)).sorted { $0.message < $1.message }
    if !faults.isEmpty {
      suites.append(.init(name: "schemas", cases: [.init(name: "schemas", failures: faults, isError: true)]))
    }
    return suites
  }

  private func testCase(
    _ row: MatrixFile.Manifest, _ host: Int, _ diagnostics: [Diagnostic], failOn: FailOn?
  ) -> JUnitRenderer.Case? {
    let result = row.results[host]
    var made = JUnitRenderer.Case(
      name: row.name + (hosts.count > 1 ? " on \(hosts[host])" : ""), line: row.line, failures: [])
    switch result.kind {
    case .elsewhere: return nil
    case .notApplicable: made.skipped = "the host has another architecture"
    case .failed: made.isError = true
    case .errors, .undecided, .warnings, .ok: break
    }
    let fails = result.failure(failOn) != nil
    let isGrave = { (diagnostic: Diagnostic) in
      diagnostic.severity == .error || fails && diagnostic.severity == .warning
    }
    made.failures = diagnostics.filter(isGrave)
    made.remarks = diagnostics.filter { !isGrave($0) }
    if fails, made.failures.isEmpty {
      made.failures = [.error("undecided", "the answers to some of the steps are unknown here", at: nil)]
    }
    return made
  }
}
