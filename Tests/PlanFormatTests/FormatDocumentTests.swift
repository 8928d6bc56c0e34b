import DevicePlan
import TestSupport
import Testing
import kvmload

/// The tables of `docs/plan-format.md`, compared with the constants of `kvmload.h`.
@Suite struct FormatDocumentTests {
  private let document = text(ofFile: repository + "/docs/plan-format.md") ?? ""
  private let header = text(ofFile: repository + "/Sources/kvmload/include/kvmload.h") ?? ""

  /// Both have the same names, and the same number and type for each.
  @Test func documentHasTheConstantsOfTheHeader() {
    let described = constants(of: document)
    let defined = constants(ofHeader: header)
    #expect(described.count == defined.count && defined.count > 100)
    for name in Set(described.keys).union(defined.keys).sorted() {
      #expect(described[name] == defined[name], "\(name)")
    }
  }

  /// Fields follow each other without gaps, up to the end of the record.
  @Test func fieldsFillTheirRecords() {
    let tables = tables(of: document).filter { $0.columns == fieldColumns }
    #expect(tables.count == 14)
    for table in tables {
      var end = 0
      for row in table.rows {
        #expect(Int(row[0]) == end, "\(table.title) \(row[2])")
        end += size(of: row[1])
      }
    }
  }

  @Test func proseHasTheNumbersOfTheHeader() {
    #expect(document.contains("\n    header                \(KVMLOAD_SIZEOF_HEADER) bytes\n"))
    #expect(document.contains("\n    \(KVMLOAD_SECTIONS) sections           each begins"))
    #expect(document.contains("next multiple of \(KVMLOAD_ALIGNMENT); zeros fill"))
    #expect(document.contains("\n    h = 0x\(String(KVMLOAD_CHECKSUM_SEED, radix: 16))\n"))
    let factor = String(KVMLOAD_CHECKSUM_FACTOR, radix: 16)
    #expect(document.contains("\n        h = rotate_left(h, \(KVMLOAD_CHECKSUM_ROTATION)) * 0x\(factor) "))
    #expect(document.contains("the word at offset \(KVMLOAD_HEADER_CHECKSUM) taken as 0"))
    #expect(document.contains("left out, at most \(KVMLOAD_MAX_DROPPED);"))
  }

  /// `DevicePlan` does not import the loader, so it repeats these.
  @Test func plansHaveTheConstantsOfTheLoader() {
    #expect(Plan.mostVCPUs == KVMLOAD_MAX_VCPUS)
    #expect(PlanFile.eventPath == KVMLOAD_EVENTFD)
  }

  // MARK: The header

  private struct Constant: Hashable {
    var value: String
    /// The type of a field.
    var type: String?
  }

  /// The enums of the header's first part that belong to the format.
  private let sharedEnums = [
    "kvmload_architecture", "kvmload_operation", "kvmload_call_flag", "kvmload_target", "kvmload_data",
  ]

  private func constants(ofHeader text: String) -> [String: Constant] {
    var constants: [String: Constant] = [:]
    var currentEnum = ""
    var isFileFormat = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("/* ---- The file of a plan ----") { isFileFormat = true }
      if let match = line.wholeMatch(of: #/enum ?(\w*) \{/#) { currentEnum = String(match.1) }
      if let match = line.wholeMatch(of: #/#define KVMLOAD_(\w+) ([^(].*?)(ULL)?/#) {
        constants[String(match.1)] = Constant(value: String(match.2))
      }
      guard isFileFormat || sharedEnums.contains(currentEnum),
        let match = line.wholeMatch(of: #/\tKVMLOAD_(\w+) = (\d+),(?: /\* (.*) \*/)?/#)
      else { continue }
      let isField = isFileFormat && currentEnum.isEmpty && match.3.map { isType(String($0)) } == true
      constants[String(match.1)] = Constant(value: String(match.2), type: isField ? match.3.map { String($0) } : nil)
    }
    return constants
  }

  private func isType(_ comment: String) -> Bool {
    comment.wholeMatch(of: #/u8|u32|u64|string|string or none|range|place|(\d+ )?bytes|\d+ entries/#) != nil
  }

  // MARK: The document

  private struct Table {
    var title: String
    var columns: [String]
    var rows: [[String]] = []
  }

  private let fieldColumns = ["offset", "type", "name", "field"]

  private func tables(of text: String) -> [Table] {
    var tables: [Table] = []
    var title = ""
    var isInTable = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("### ") { title = String(line.dropFirst(4)) }
      guard line.hasPrefix("|") else {
        isInTable = false
        continue
      }
      let cells = line.split(separator: "|").map { String($0.filter { $0 != "`" }.drop { $0 == " " }) }
      let trimmed = cells.map { String($0.reversed().drop { $0 == " " }.reversed()) }
      if !isInTable {
        tables.append(Table(title: title.uppercased(), columns: trimmed))
      } else if !line.hasPrefix("| ---") {
        tables[tables.count - 1].rows.append(trimmed)
      }
      isInTable = true
    }
    return tables
  }

  private func constants(of text: String) -> [String: Constant] {
    var constants: [String: Constant] = [:]
    for table in tables(of: text) {
      switch table.columns {
      case fieldColumns: addFields(of: table, to: &constants)
      case ["name", "value", "meaning"]:
        for row in table.rows { constants[row[0]] = Constant(value: row[1]) }
      case ["#", "section", "size of a record", "content"]:
        for row in table.rows { addSection(row, to: &constants) }
      case let columns where columns.first == "operation": addNumbered(table.rows.map { $0[0] }, to: &constants)
      case let columns where columns.dropFirst().first == "name":
        for row in table.rows { constants[row[1]] = Constant(value: row[0]) }
      default: Issue.record("unknown columns of a table: \(table.columns)")
      }
    }
    return constants
  }

  private func addFields(of table: Table, to constants: inout [String: Constant]) {
    for row in table.rows {
      constants["\(table.title)_\(row[2])"] = Constant(value: row[0], type: row[1])
      if row[2] == "ARCHITECTURE" { addNumbered([row[3]], to: &constants) }
    }
    // A string ends with its text, which has no fixed size.
    if table.title == "STRING" { return }
    constants["SIZEOF_\(table.title)"] = Constant(value: "\(recordSize(table))")
  }

  /// Adds the section's number, and checks that its record has the size given by the record's table.
  private func addSection(_ row: [String], to constants: inout [String: Constant]) {
    let name = row[1].uppercased()
    constants["SECTION_\(name)"] = Constant(value: row[0])
    if row[2] == "1" { return }
    let record = tables(of: document).first { $0.columns == fieldColumns && name.hasPrefix($0.title) }
    #expect(record.map { recordSize($0) } == Int(row[2]), "\(name)")
  }

  /// Adds names that follow their numbers: `10 set-attribute, 11 get-attribute`.
  private func addNumbered(_ texts: [String], to constants: inout [String: Constant]) {
    for match in texts.flatMap({ $0.matches(of: #/(\d+) ([a-z][-_a-z0-9]*)/#) }) {
      constants[match.2.uppercased().replacing("-", with: "_")] = Constant(value: String(match.1))
    }
  }

  private func recordSize(_ table: Table) -> Int { table.rows.reduce(0) { $0 + size(of: $1[1]) } }

  private func size(of type: String) -> Int {
    switch type {
    case "u8": 1
    case "u32", "string", "string or none": 4
    case "u64": 8
    case "range": KVMLOAD_SIZEOF_RANGE
    case "place": KVMLOAD_SIZEOF_PLACE
    case "8 bytes": 8
    case "2 bytes": 2
    case "11 entries": 11 * KVMLOAD_SIZEOF_ENTRY
    default: 0
    }
  }
}
