import Diagnostics
import TextOutput
import Vocabulary
import Workspace

extension MatrixReport {
  /// The report on all files.
  ///
  /// - Parameter settings: the settings of the files; their schemas explain the ids.
  package func text(as format: ReportFormat, color: Bool = false, settings: [Settings] = []) -> String {
    switch format {
    case .json: return json.text(pretty: true) + "\n"
    case .text:
      var text = ""
      TextRenderer(color: color).render(problems, into: &text)
      if !text.isEmpty { text += "\n" }
      return text + table.text
    case .markdown:
      let problems = problems
      return table.markdown + (problems.isEmpty ? "" : "\n" + format.text(of: problems))
    case .junit:
      var text = ""
      JUnitRenderer().render(suites, into: &text)
      return text
    case .gcc:
      // This format has no notes.
      let problems = findings.map { finding in
        var diagnostic = finding.diagnostic
        if let words = words(for: finding) { diagnostic.message += " (\(words))" }
        return diagnostic
      }
      return format.text(of: problems + schemaFaults)
    case .github: return format.text(of: problems)
    case .sarif:
      let problems = problems
      let names = Dictionary(
        zip(problems, findings.map { $0.hosts.map { matrix.hosts[$0] } }), uniquingKeysWith: { first, _ in first })
      return ReportFormat.sarif(problems, settings) { matrix.hasNamedHosts ? names[$0] ?? [] : [] }
    }
  }

  /// `2 files, 3 manifests, 4 hosts: 10 pairs ok, 1 with errors, 0 with warnings, 0 undecided, 1 not applicable`, and
  /// `, 1 failed` if the validation of a pair failed.
  package var summary: String {
    var counts: [MatrixFile.Result.Kind: Int] = [:]
    for manifest in files.lazy.flatMap(\.manifests) {
      for result in manifest.results { counts[result.kind, default: 0] += 1 }
    }
    func count(_ kind: MatrixFile.Result.Kind) -> Int { counts[kind] ?? 0 }
    let work = matrix.shard.map { "shard \($0), " } ?? ""
    let manifests = files.reduce(0) { $0 + $1.manifests.count }
    return
      "\(work)\(counted(files.count, "file")), \(counted(manifests, "manifest")), "
      + "\(counted(matrix.hosts.count, "host")): \(counted(count(.ok), "pair")) ok, \(count(.errors)) with errors, "
      + "\(count(.warnings)) with warnings, \(count(.undecided)) undecided, \(count(.notApplicable)) not applicable"
      + (count(.failed) > 0 ? ", \(count(.failed)) failed" : "")
  }

  /// The findings, each with its hosts in a note, and the errors in schemas.
  private var problems: [Diagnostic] {
    findings.map { finding in
      var diagnostic = finding.diagnostic
      if let words = words(for: finding) { diagnostic.notes.append(Note(words)) }
      return diagnostic
    } + schemaFaults
  }

  /// `on every host`, or `on Linux 5.10 and Linux 6.1`. Nil if there is only one host, or the problem is not
  /// about hosts.
  private func words(for finding: Finding) -> String? {
    let all = matrix.hosts
    if all.count == 1 || finding.hosts.isEmpty { return nil }
    // A shard does not know the results for all hosts.
    if matrix.shard == nil, finding.hosts == finding.judged {
      return finding.judged.count == all.count ? "on every host" : "on every host that can run it"
    }
    return "on " + Self.listed(finding.hosts.map { all[$0] })
  }

  /// The first names of a list, and the number of the others.
  private static func listed(_ names: [String]) -> String {
    let most = 8
    if names.count <= most { return names.listed() }
    return names.prefix(most).joined(separator: ", ") + " and \(names.count - most) more hosts"
  }
}

// MARK: The table

extension MatrixReport {
  /// Manifests and hosts, the longer list downwards.
  private var table: MatrixTable {
    var manifests: [String] = []
    var results: [[String]] = []
    for file in files {
      for row in file.manifests {
        manifests.append(file.name.printable + (file.manifests.count > 1 ? ": \(row.name.printable)" : ""))
        results.append(row.results.map(\.words))
      }
    }
    let hosts = matrix.hosts.map(\.printable)
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

extension MatrixReport {
  /// One suite per file, with one case for each of its manifests on each host.
  private var suites: [JUnitRenderer.Suite] { files.map(suite) + [.schemas(schemaFaults)].compactMap(\.self) }

  private func suite(_ file: File) -> JUnitRenderer.Suite {
    // By manifest and host. The last element of a manifest is for problems of manifests that no host can run.
    var found = file.manifests.map { _ in Array(repeating: [Diagnostic](), count: matrix.hosts.count + 1) }
    for finding in file.findings {
      let manifests = finding.manifest.map { $0...$0 } ?? 0...file.manifests.count - 1
      for i in manifests {
        for host in finding.hosts { found[i][host].append(finding.diagnostic) }
        if finding.hosts.isEmpty { found[i][matrix.hosts.count].append(finding.diagnostic) }
      }
    }
    return JUnitRenderer.Suite(
      name: file.name,
      cases: zip(file.manifests, found).flatMap { manifest, found in
        var cases = matrix.hosts.indices.compactMap { testCase(manifest, $0, found[$0], file.failOn) }
        if let problems = found.last, !problems.isEmpty {
          cases.append(.init(name: manifest.name + " on no host", line: manifest.line, problems: problems, file.failOn))
        }
        return cases
      })
  }

  private func testCase(
    _ manifest: MatrixFile.Manifest, _ host: Int, _ problems: [Diagnostic], _ failOn: FailOn?
  ) -> JUnitRenderer.Case? {
    let name = manifest.name + (matrix.hosts.count > 1 ? " on \(matrix.hosts[host])" : "")
    switch manifest.results[host] {
    case .elsewhere: return nil
    case .notApplicable:
      var made = JUnitRenderer.Case(name: name, line: manifest.line, failures: [])
      made.skipped = "the host has another architecture"
      return made
    case .failed:
      // Without a problem of its own, the file needs a schema that has errors.
      return .init(name: name, line: manifest.line, failures: problems.isEmpty ? schemaFaults : problems, isError: true)
    case .judged(_, _, let undecided):
      return .init(name: name, line: manifest.line, problems: problems, undecided: undecided, failOn)
    }
  }
}
