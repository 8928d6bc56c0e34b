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
    // Lines before the first one about a call are unrelated.
    let first = lines.firstIndex { Self.call($0, messages) != nil || Self.number(after: "attr", in: $0) != nil } ?? 0
    let text = lines[min(first, lines.count)...].joined(separator: " ")
    call = Self.call(text, messages)
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
    constants = all.filter { $0.hasPrefix("KVM_") }
    words = Self.words(ErrnoText.removing(from: text)).filter { !messages.commonWords.contains($0.lowercased()) }
    // The whole message: other lines may name the device.
    let squeezed = Self.squeezed(message)
    subjects = messages.subjects.first { squeezed.firstIndex(of: Array($0.words.utf8)) != nil }?.paths ?? []
  }

  /// The call that a text names, by its name in the kernel's headers or in the words of a program.
  private static func call(_ text: String, _ messages: FailureMessages) -> Call? {
    for word in words(text) where word.hasPrefix("KVM_") {
      if let access = AttributeAccess.allCases.first(where: { $0.ioctl == word }) { return .attribute(access) }
      if messages.has(word) { return .other(word) }
    }
    let squeezed = squeezed(text)
    guard let found = messages.calls.first(where: { squeezed.firstIndex(of: Array($0.words.utf8)) != nil })?.call
    else { return nil }
    if found == "attribute" { return .attribute(nil) }
    return AttributeAccess(rawValue: found).map { .attribute($0) } ?? .other(found)
  }

  /// The architecture that names of registers, or numbers, belong to.
  private static func architecture(_ words: [String], _ messages: FailureMessages) -> Architecture? {
    for (known, architecture) in messages.architectures {
      let isBeginning = known.hasPrefix("0x") || known.hasSuffix("_")
      if words.contains(where: { isBeginning ? $0.lowercased().hasPrefix(known) : $0.lowercased() == known }) {
        return architecture
      }
    }
    return nil
  }

  /// The letters and digits, in lower case.
  private static func squeezed(_ text: String) -> [UInt8] { text.lowercased().utf8.filter(\.isLetterOrDigit) }

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
