import DeviceSchema
import Vocabulary

/// Finds the call and the errno in the lines of a message.
struct MessageReader {
  private let messages: FailureMessages
  private let calls: Phrases<String>
  private let callNames: Phrases<String>
  private let verbs: Phrases<String>
  private let lastCalls: Phrases<String>
  /// The texts of glibc for errnos, and those of musl.
  private let errnoTexts: [Phrases<Errno>]
  private let errnoNumbers: [Prefix]

  init(_ messages: FailureMessages) {
    self.messages = messages
    calls = Phrases(messages.calls.map { ($0.words, $0.call) })
    callNames = Phrases(messages.callNames.map { ($0.words, $0.call) }, areWhole: true)
    verbs = Phrases(messages.verbs.map { ($0.words, $0.call) }, areWhole: true)
    lastCalls = Phrases(messages.lastCalls.map { ($0.words, $0.call) })
    errnoTexts = ErrnoText.phrases.map { Phrases($0, areWhole: true) }
    errnoNumbers = messages.errnos.map(Prefix.init)
  }

  // MARK: Lines

  /// The number of bytes of a line that are read. Messages are shorter.
  private static let longestLine = 8192

  /// The lines of a message without indents and colours, and without the folders of files that are not devices.
  static func lines(of message: String) -> [String] {
    var plain: [UInt8] = []
    var isEscape = false
    for byte in message.utf8 {
      if byte == 0x1B { isEscape = true } else if !isEscape { plain.append(byte == 0x0D ? 0x0A : byte) }
      // A sequence ends with a letter: ESC [ 1 ; 31 m.
      if byte.isLetter { isEscape = false }
    }
    return plain.split(separator: 0x0A).map { line in
      let line = line.prefix(longestLine).trimmingBlanks
      if !line.contains(0x2F) { return String(decoding: line, as: UTF8.self) }
      let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
      return String(decoding: Array(words.map(withoutFolders).joined(separator: [0x20])), as: UTF8.self)
    }
  }

  private static func withoutFolders(_ word: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let path = word.drop { [0x22, 0x27, 0x28].contains($0) }
    guard path.first == 0x2F, !path.starts(with: "/dev/".utf8), let last = path.lastIndex(of: 0x2F) else { return word }
    return path[(last + 1)...]
  }

  /// The lines from the one about the call that failed up to the next one about a call, of at most ten. Calls that succeed,
  /// as in the output of strace, do not count if another one fails.
  func part(of lines: [String]) -> Range<Int> {
    for isAbout in [namesCall, hasAttribute, hasVerb, namesLastCall] {
      let about = lines.indices.filter { isAbout(lines[$0]) }
      let parts = about.map { line in beginning(of: line, in: lines)..<end(of: line, in: lines) }
      let failing =
        about.firstIndex { errno(in: lines[$0]) != nil }
        ?? parts.firstIndex { errno(in: lines[$0].joined(separator: " ")) != nil }
      if let part = failing ?? parts.indices.first { return parts[part] }
    }
    return 0..<Swift.min(lines.count, 10)
  }

  /// The first line of the report of a failure that a line is in, at most ten lines before it; the line itself if it is
  /// in no report.
  private func beginning(of line: Int, in lines: [String]) -> Int {
    let before = Swift.max(0, line - 10)..<line
    return before.last { index in messages.reports.contains { lines[index].lowercased().contains($0) } } ?? line
  }

  private func end(of first: Int, in lines: [String]) -> Int {
    var end = first + 1
    while end < Swift.min(lines.count, first + 10), !namesCall(lines[end]) { end += 1 }
    return end
  }

  private func namesCall(_ line: String) -> Bool {
    call(in: line) != nil || !Self.constants(line).isEmpty
  }

  private func hasAttribute(_ line: String) -> Bool { number(after: "attr", in: line) != nil }

  /// A verb counts only of something that the line names.
  private func hasVerb(_ line: String) -> Bool { verb(in: line) != nil && subject(of: line) != nil }

  private func namesLastCall(_ line: String) -> Bool { lastCalls.first(in: MessageText(line.utf8)) != nil }

  /// Whether a line is one of the kernel's log: with its time, or with what KVM puts before its own.
  static func isOfKernel(_ line: String) -> Bool {
    let time = line.prefix { "[ .".contains($0) || $0.isNumber }
    let hasTime = time.hasPrefix("[") && time.contains(".") && line.dropFirst(time.count).hasPrefix("]")
    return hasTime || ["kvm [", "kvm_amd: ", "kvm_intel: "].contains { line.hasPrefix($0) }
  }

  // MARK: Calls

  /// The call that a text names.
  func call(in text: String) -> Complaint.Call? {
    if let named = namedCall(in: text) { return named }
    let text = Self.withoutValues(text)
    guard callInWords(MessageText(text.utf8)) != nil else { return nil }
    return callInWords(MessageText(Self.withoutConstants(Self.withoutFileNames(text)).utf8))
  }

  /// The call that a text names in other words. The number of a vCPU can be among them: `vcpu 0 run failed`.
  private func callInWords(_ words: MessageText) -> Complaint.Call? {
    callNames.first(in: words).map { .other($0) }
      ?? (calls.first(in: words) ?? calls.first(in: words.withoutNumbers)).map(Self.call)
  }

  /// The call that a text names by its name in the kernel's headers.
  func namedCall(in text: String) -> Complaint.Call? {
    for word in Self.constants(text) {
      if let access = AttributeAccess.allCases.first(where: { $0.ioctl == word }) { return .attribute(access) }
      if messages.has(word) { return .other(word) }
    }
    return nil
  }

  /// The call that programs blame in their last line, whatever failed.
  func lastCall(in text: String) -> Complaint.Call? { lastCalls.first(in: MessageText(text.utf8)).map(Self.call) }

  func verb(in text: String) -> Complaint.Call? {
    verbs.first(in: MessageText(Self.withoutFileNames(text).utf8)).map(Self.call)
  }

  /// The part of KVM that a text names, as beginnings of paths. If the text names several, the later ones can leave only some
  /// of the paths of the first: the distributor of a `gicv3`.
  func subject(of text: String) -> [String]? {
    let words = MessageText(Self.withoutValues(text).utf8)
    let named = messages.subjects.lazy.filter { words.names($0.words) }.map(\.paths)
    return named.first.map { first in
      first.count == 1
        ? first
        : named.dropFirst().reduce(first) { paths, others in
          let some = paths.filter { path in others.contains { path.hasPrefix($0) } }
          return some.isEmpty ? paths : some
        }
    }
  }

  private static func call(_ name: String) -> Complaint.Call {
    name == "attribute"
      ? .attribute(nil) : AttributeAccess(rawValue: name).map { .attribute($0) } ?? .other(name)
  }

  /// A text without the names of source files, such as `guest_memfd_test.c:95`, and of tests of Rust,
  /// `device::tests::test_run`.
  private static func withoutFileNames(_ text: String) -> String {
    let endings = [".c", ".h", ".cc", ".cpp", ".rs", ".go", ".py"]
    return text.split(separator: " ").filter { word in
      let name = word.prefix { $0 != ":" }
      return !endings.contains { name.hasSuffix($0) } && !word.contains("::tests::")
    }.joined(separator: " ")
  }

  /// A text without the hexadecimal numbers in parentheses that programs print inside a sentence: `state (0x1f) for CPU 0`.
  private static func withoutValues(_ text: String) -> String {
    if Array(text.utf8).firstIndex(of: Array("(0x".utf8)) == nil { return text }
    return text.split(separator: " ").filter { !($0.hasPrefix("(0x") && $0.hasSuffix(")")) }.joined(separator: " ")
  }

  /// A text without the names of the kernel's headers that are no calls: the end of KVM_XEN_HVM_SET_ATTR is no call of its
  /// own. Capabilities stay, as their names are the arguments of a call, and so do names that a program has made longer.
  private static func withoutConstants(_ text: String) -> String {
    constants(text).filter { !$0.hasPrefix("KVM_CAP_") && $0 == $0.uppercased() }.sorted {
      $0.utf8.count > $1.utf8.count
    }
    .reduce(text) { $0.replacing($1, with: "") }
  }

  // MARK: Numbers

  /// What precedes a number.
  private struct Prefix {
    var letters: [UInt8]
    /// Whether the number must be negative.
    var isNegative: Bool

    /// - Parameter text: a text in lower case, with a minus sign at its end if the number must be negative.
    init(_ text: String) {
      isNegative = text.hasSuffix("-")
      letters = Array(text.utf8)
      if isNegative { letters.removeLast() }
      while letters.last == 0x20 { letters.removeLast() }
    }
  }

  /// The first number directly after a word.
  func number(after word: String, in text: String) -> UInt64? {
    number(after: Prefix(word), in: text.utf8.map(\.lowercased)) { _, _ in true }
  }

  /// The first number that meets a condition directly after a prefix. Blanks, colons, equals signs and minus signs may be in
  /// between.
  private func number(
    after prefix: Prefix, in text: [UInt8], where isWanted: (_ number: UInt64, _ isNegative: Bool) -> Bool
  ) -> UInt64? {
    var start = 0
    while let found = text.firstIndex(of: prefix.letters, from: start) {
      start = found + prefix.letters.count
      if found > 0, prefix.letters[0].isWord, text[found - 1].isWord { continue }
      let separators = text[start...].prefix { [0x20, 0x09, 0x3A, 0x3D, 0x2D].contains($0) }
      // `errno == 17` of an assertion is the errno that a test expects.
      if Array(separators).firstIndex(of: [0x3D, 0x3D]) != nil { continue }
      let isNegative = separators.last == 0x2D
      let digits = text[separators.endIndex...].prefix(while: \.isLetterOrDigit)
      guard isNegative || !prefix.isNegative,
        let number = IntegerLiteral.parse(String(decoding: digits, as: UTF8.self)).flatMap({ UInt64(exactly: $0) })
      else {
        continue
      }
      if isWanted(number, isNegative) { return number }
    }
    return nil
  }

  /// The errno in a text, as a number, a name or a sentence.
  func errno(in text: String) -> Errno? {
    let bytes = text.utf8.map(\.lowercased)
    for prefix in errnoNumbers {
      let number = number(after: prefix, in: bytes) { number, isNegative in
        // -1 is what functions of libc return, whatever the errno is.
        !(isNegative && number == 1) && (Int32(exactly: number).map { Errno(rawValue: $0).hasName } ?? false)
      }
      if let number { return Errno(rawValue: Int32(number)) }
    }
    var last: Substring = ""
    for word in text.split(separator: " ") {
      // `errno == EEXIST`
      if !last.hasSuffix("=="), !last.hasSuffix("!="),
        let errno = Self.words(String(word)).lazy.compactMap({ Errno(name: String($0.drop { $0 == "-" })) }).first
      {
        return errno
      }
      last = word
    }
    let words = MessageText(text.utf8)
    return errnoTexts.lazy.compactMap { $0.longestOfEarliest(in: words) }.first ?? ErrnoText.atEnd(of: text)
  }

  /// The constants of the kernel's headers in a text. Most lines of a log have none, which is seen quickly.
  private static func constants(_ text: String) -> [String] {
    Array(text.utf8).firstIndex(of: Array("KVM_".utf8)) == nil ? [] : words(text).filter { $0.hasPrefix("KVM_") }
  }

  /// Runs of letters, digits, `_` and `-`.
  static func words(_ text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }.map(String.init)
  }
}
