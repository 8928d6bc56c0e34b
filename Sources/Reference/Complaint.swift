import DeviceSchema
import Vocabulary

/// The facts in a message that a program printed when a KVM call failed.
package struct Complaint: Hashable, Sendable {
  /// The call that failed.
  package enum Call: Hashable, Sendable {
    /// Nil for any of the three.
    case attribute(AttributeAccess?)
    /// By its name in the kernel's headers.
    case other(String)
  }

  package var call: Call?
  /// What a verb of the message suggests if no call is named: `create` is KVM_CREATE_DEVICE. It counts only if the message
  /// also names a device or a part of one.
  package var verb: Call?
  /// Whether the message has the call's name in the kernel's headers.
  package var isCallNamed = false
  package var group: UInt32?
  package var attr: UInt64?
  package var errno: Errno?
  package var architecture: Architecture?
  /// Names from the kernel's headers.
  package var constants: [String] = []
  /// The beginnings of the paths that the message is about.
  package var subjects: [String] = []
  /// The words of the message, as possible names, without those that say nothing.
  package var words: [String] = []
  /// All words of the message in lower case, also those with dots in them.
  package var names: Set<String> = []
  /// The same words as they are written, and in lower case, without those that say nothing.
  package var possibleValues: Set<String> = []
  /// Large numbers, such as those of registers.
  package var numbers: [UInt64] = []

  package var access: AttributeAccess? { if case .attribute(let access)? = call { access } else { nil } }
}

extension Complaint {
  /// Whether a text is a message rather than a name. Names have no blanks or parentheses.
  package static func isMessage(_ text: String) -> Bool {
    text.contains { $0.isWhitespace || $0 == "(" }
  }

  /// Parses a message. It may include other text, such as names of programs, times and further lines.
  package init(_ message: String, _ messages: FailureMessages) {
    let lines = message.split(whereSeparator: \.isNewline).map(String.init)
    // Lines before the first one about a call are unrelated, and so are calls that succeed, as in the output of strace.
    func isAboutCall(_ line: String) -> Bool {
      Self.named(line, messages) ?? Self.inWords(line, messages) ?? Self.verb(line, messages) != nil
        || Self.number(after: "attr", in: line) != nil
    }
    let about = lines.indices.filter { isAboutCall(lines[$0]) }
    let first = about.first { Self.errno(in: lines[$0], messages) != nil } ?? about.first ?? 0
    let text = lines[min(first, lines.count)...].joined(separator: " ")
    call = Self.named(text, messages) ?? Self.inWords(text, messages)
    isCallNamed = Self.named(text, messages) != nil
    constants = Self.words(text).filter { $0.hasPrefix("KVM_") }
    if call == nil { verb = Self.verb(text, messages) }
    attr = Self.number(after: "attr", in: text)
    // A group without an attribute is not KVM's: VFIO also has groups.
    if attr != nil { group = Self.number(after: "group", in: text).flatMap { UInt32(exactly: $0) } }
    for (words, access) in messages.groups {
      if group == nil, let number = Self.number(after: words, in: text) {
        group = UInt32(exactly: number)
        call = .attribute(access)
      }
    }
    errno = Self.errno(in: text, messages)
    let all = Self.words(text)
    let names = all.flatMap { $0.split(separator: "-").map(String.init) }
    architecture = names.lazy.compactMap(Architecture.init(alias:)).first ?? Self.architecture(all, messages)
    words = Self.words(ErrnoText.removing(from: text)).filter { !messages.commonWords.contains($0.lowercased()) }
    let dotted = text.split { !($0.isLetter || $0.isNumber || "_-.".contains($0)) }.map(String.init)
    let written = all + names + dotted
    self.names = Set(written.map { $0.lowercased() })
    possibleValues = self.names.union(written).filter { !messages.commonWords.contains($0.lowercased()) }
    numbers = all.compactMap { IntegerLiteral.parse($0).flatMap { UInt64(exactly: $0) } }.filter { $0 > 0xFFFF_FFFF }
    // The whole message: other lines may name the device.
    let whole = SqueezedText(message)
    subjects = messages.subjects.first { whole.names($0.words) }?.paths ?? []
  }

  /// Whether the message has the name of a value, such as a register. One of letters alone, such as SET, has to be written in
  /// the same case, because words are also English.
  func hasValue(_ name: String, inAnyCase: Bool = false) -> Bool {
    if !inAnyCase, name.allSatisfy(\.isLetter) { return name != name.lowercased() && possibleValues.contains(name) }
    return possibleValues.contains(name.lowercased())
  }

  /// The call that a text names, by its name in the kernel's headers.
  private static func named(_ text: String, _ messages: FailureMessages) -> Call? {
    for word in words(text) where word.hasPrefix("KVM_") {
      if let access = AttributeAccess.allCases.first(where: { $0.ioctl == word }) { return .attribute(access) }
      if messages.has(word) { return .other(word) }
    }
    return nil
  }

  /// The call that a text names in the words of a program.
  private static func inWords(_ text: String, _ messages: FailureMessages) -> Call? {
    let squeezed = SqueezedText(text)
    if let found = messages.callNames.first(where: { squeezed.hasWords($0.words) }) { return .other(found.call) }
    return call(squeezed, messages.calls)
  }

  private static func verb(_ text: String, _ messages: FailureMessages) -> Call? {
    call(SqueezedText(text), messages.verbs)
  }

  private static func call(_ text: SqueezedText, _ known: [(words: String, call: String)]) -> Call? {
    guard let found = known.first(where: { text.contains($0.words) })?.call else { return nil }
    if found == "attribute" { return .attribute(nil) }
    return AttributeAccess(rawValue: found).map { .attribute($0) } ?? .other(found)
  }

  /// The architecture that names of registers, or numbers, belong to.
  private static func architecture(_ words: [String], _ messages: FailureMessages) -> Architecture? {
    for (known, architecture) in messages.architectures {
      let isBeginning = known.hasPrefix("0x") || known.hasSuffix("_")
      if (words + words.compactMap(hexadecimalForm)).contains(where: {
        isBeginning ? $0.lowercased().hasPrefix(known) : $0.lowercased() == known
      }) {
        return architecture
      }
    }
    return nil
  }

  /// A decimal number in the form in which a beginning can be compared.
  private static func hexadecimalForm(_ word: String) -> String? {
    word.allSatisfy(\.isNumber) ? UInt64(word).map { "0x" + String($0, radix: 16) } : nil
  }

  private static func errno(in text: String, _ messages: FailureMessages) -> Errno? {
    for words in messages.errnos {
      if let number = number(after: words, in: text), (1...4095).contains(number) {
        return Errno(rawValue: Int32(number))
      }
    }
    return Self.words(text).lazy.compactMap { Errno(name: $0) }.first ?? ErrnoText.first(in: text)
  }

  /// The first number directly after a word. Blanks, colons, equals signs and minus signs may be in between.
  private static func number(after word: String, in text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    let lower = Array(text.lowercased().utf8)
    guard lower.count == bytes.count else { return nil }
    var start = 0
    while let found = lower.firstIndex(of: Array(word.utf8), from: start) {
      start = found + word.utf8.count
      let rest = lower[start...].drop { [0x20, 0x09, 0x3A, 0x3D, 0x2D].contains($0) }
      let digits = rest.prefix(while: \.isLetterOrDigit)
      if let number = IntegerLiteral.parse(String(decoding: digits, as: UTF8.self)), number >= 0 {
        return UInt64(exactly: number)
      }
    }
    return nil
  }

  /// Runs of letters, digits, `_` and `-`.
  private static func words(_ text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }.map(String.init)
  }
}

/// The letters and digits of a message, without anything between them, and the places at which words begin.
///
/// `SetGsiRouting`, `set gsi routing` and `SET_GSI_ROUTING` are the same three words.
private struct SqueezedText {
  private var bytes: [UInt8] = []
  private var words: [String] = []
  /// The indices in `bytes` at which words begin or end.
  private var ends: Set<Int> = [0]

  init(_ text: String) {
    let all = Array(text.utf8)
    var word: [UInt8] = []
    func isUpper(_ i: Int) -> Bool { i < all.count && (0x41...0x5A).contains(all[i]) }
    func isLower(_ i: Int) -> Bool { i < all.count && (0x61...0x7A).contains(all[i]) }
    for (i, byte) in all.enumerated() {
      let isPart = byte.isLetterOrDigit || isUpper(i)
      // `IRQLine` is two words.
      let begins = isUpper(i) && !word.isEmpty && (!isUpper(i - 1) || isLower(i + 1))
      if !isPart || begins {
        if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        word = []
        ends.insert(bytes.count)
      }
      if isPart {
        word.append(byte)
        bytes.append(isUpper(i) ? byte | 0x20 : byte)
      }
    }
    if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
    ends.insert(bytes.count)
  }

  /// Whether the text has these letters and digits, wherever words begin.
  func contains(_ letters: String) -> Bool { bytes.firstIndex(of: Array(letters.utf8)) != nil }

  /// Whether these letters and digits are one or more whole words of the text.
  func hasWords(_ letters: String) -> Bool {
    var start = 0
    while let found = bytes.firstIndex(of: Array(letters.utf8), from: start) {
      if ends.contains(found), ends.contains(found + letters.utf8.count) { return true }
      start = found + 1
    }
    return false
  }

  /// Whether the text has a name of a part of KVM: a whole word in the same case if the name has capital letters.
  func names(_ name: String) -> Bool { name == name.lowercased() ? contains(name) : words.contains(name) }
}
