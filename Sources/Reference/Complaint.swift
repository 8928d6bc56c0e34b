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
  /// Whether the message is an errno and nothing else: `errno=6`, `os error 16`.
  package var isErrnoAlone = false
  /// Whether it is a line of the kernel's log, whose errno is most often not the answer to a call.
  package var isOfKernel = false
  /// Large numbers, such as those of registers.
  package var numbers: [UInt64] = []

  package var access: AttributeAccess? { if case .attribute(let access)? = call { access } else { nil } }
}

extension Complaint {
  /// Whether a text is a message rather than a name. Names have no blanks, parentheses or equals signs.
  package static func isMessage(_ text: String) -> Bool {
    text.contains { $0.isWhitespace || $0 == "(" || $0 == "=" }
  }

  /// Parses a message. It may include other text, such as names of programs, times and further lines.
  package init(_ message: String, _ messages: FailureMessages) {
    let reader = MessageReader(messages)
    let lines = MessageReader.lines(of: message)
    let part = reader.part(of: lines)
    let first = lines.isEmpty ? "" : lines[part.lowerBound]
    let text = lines[part].joined(separator: " ")
    call = reader.call(in: first) ?? reader.call(in: text)
    isCallNamed = reader.namedCall(in: text) != nil
    if call == nil { verb = reader.verb(in: text) }
    if call == nil, verb == nil || reader.subject(of: text) == nil { call = reader.lastCall(in: first) }
    attr = reader.number(after: "attr", in: text) ?? reader.number(after: "attribute", in: text)
    // A group without an attribute is not KVM's: VFIO also has groups. Other calls also have attributes, without groups.
    if attr != nil { group = reader.number(after: "group", in: text).flatMap { UInt32(exactly: $0) } }
    // Linux on loongarch64: `group (3) attr (0)`
    if attr == nil, let number = reader.number(after: "group (", in: text) {
      attr = reader.number(after: "attr (", in: text)
      if attr != nil { group = UInt32(exactly: number) }
    }
    if !isOnAttribute, group == nil { attr = nil }
    for (words, access) in messages.groups {
      if group == nil, let number = reader.number(after: words, in: text) {
        group = UInt32(exactly: number)
        call = .attribute(access)
      }
    }
    errno = lines[part].lazy.compactMap { reader.errno(in: $0) }.first ?? reader.errno(in: text)
    isOfKernel = MessageReader.isOfKernel(first)
    let all = MessageReader.words(text)
    let registers = all.compactMap(Self.register)
    constants = all.filter { $0.hasPrefix("KVM_") && Self.register($0) == nil }
    let names = all.flatMap { $0.split(separator: "-").map(String.init) }
    words = MessageReader.words(ErrnoText.removing(from: text)).filter {
      !messages.commonWords.contains($0.lowercased())
    }
    let errnoWords = messages.errnos.flatMap(MessageReader.words)
    isErrnoAlone =
      errno != nil && call == nil && verb == nil && attr == nil && constants.isEmpty
      && words.allSatisfy { word in
        errnoWords.contains(word.lowercased()) || Errno(name: word) != nil || IntegerLiteral.parse(word) != nil
      }
    let dotted = text.split { !($0.isLetter || $0.isNumber || "_-.".contains($0)) }.map(String.init)
    let renamed = all.compactMap { messages.registers[$0.lowercased()] }
    let written = all + names + dotted + registers + renamed
    self.names = Set(written.map { $0.lowercased() })
    possibleValues = self.names.union(written).filter { !messages.commonWords.contains($0.lowercased()) }
    numbers = all.compactMap { IntegerLiteral.parse($0).flatMap { UInt64(exactly: $0) } }.filter { $0 > 0xFFFF_FFFF }
    // Lines nearby may name the device or the architecture.
    let near = max(0, part.lowerBound - 100)..<min(lines.count, part.upperBound + 100)
    let context = lines[near].joined(separator: " ")
    subjects = reader.subject(of: text) ?? reader.subject(of: context) ?? []
    architecture = Self.architecture(of: text, messages) ?? Self.architecture(of: context, messages)
    if case .other(let name)? = call, let own = architecture.flatMap({ messages.others[name]?.calls[$0] }) {
      call = .other(own)
    }
  }

  /// The name of the register in a constant that is its number: SVE_VLS of KVM_REG_ARM64_SVE_VLS, which kvmtool calls
  /// KVM_ARM64_SVE_VLS.
  private static func register(_ constant: String) -> String? {
    if constant.hasPrefix("KVM_ARM64_") { return String(constant.dropFirst("KVM_ARM64_".count)) }
    let parts = constant.split(separator: "_", maxSplits: 3)
    return constant.hasPrefix("KVM_REG_") && parts.count == 4 ? String(parts[3]) : nil
  }

  /// Whether the message has the name of a value, such as a register. One of letters alone, such as SET, has to be written in
  /// the same case, because words are also English.
  func hasValue(_ name: String, inAnyCase: Bool = false) -> Bool {
    if !inAnyCase, name.allSatisfy(\.isLetter) { return name != name.lowercased() && possibleValues.contains(name) }
    return possibleValues.contains(name.lowercased())
  }

  /// The architecture that a text names, or that names of registers, or numbers, belong to.
  private static func architecture(of text: String, _ messages: FailureMessages) -> Architecture? {
    let words = MessageReader.words(text)
    let parts = words.lazy.flatMap { $0.split(separator: "-").map(String.init) }
    if let named = parts.compactMap(Architecture.init(alias:)).first { return named }
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
}
