import Vocabulary

/// What a program that uses KVM said when a call failed, as far as its message tells.
package struct Complaint: Hashable, Sendable {
  /// The call that failed.
  package enum Call: Hashable, Sendable {
    case attribute(AttributeAccess)
    /// By its name in the kernel's headers.
    case other(String)
  }

  package var call: Call?
  package var group: UInt32?
  package var attr: UInt64?
  package var errno: Errno?
  package var architecture: Architecture?
  /// Names of the kernel's headers.
  package var constants: [String] = []
  /// All words, for what they may name.
  package var words: [String] = []

  package var access: AttributeAccess? { if case .attribute(let access)? = call { access } else { nil } }
}

/// How programs say what failed. They differ in words more than in what they tell, so the table holds words, and each
/// message is looked through for all of them.
private enum Phrases {
  /// Letters and digits alone, in lower case; the first that a message has counts.
  static let calls: [(words: String, call: Complaint.Call)] = [
    // QEMU, crosvm, strace; cloud-hypervisor and others built on rust-vmm; gem5
    ("setdeviceattr", .attribute(.set)), ("getdeviceattr", .attribute(.get)), ("hasdeviceattr", .attribute(.has)),
    ("setattr", .attribute(.set)), ("getattr", .attribute(.get)), ("hasattr", .attribute(.has)),
    ("kvmrun", .other("KVM_RUN")), ("vcpurun", .other("KVM_RUN")),
    ("setusermemoryregion", .other("KVM_SET_USER_MEMORY_REGION")),
    ("createirqchip", .other("KVM_CREATE_IRQCHIP")), ("createvcpu", .other("KVM_CREATE_VCPU")),
    ("createdevice", .other("KVM_CREATE_DEVICE")), ("kvmcreatevm", .other("KVM_CREATE_VM")),
    // QEMU (a file descriptor for the VFIO device), firecracker, kvmtool
    ("failedtoadd", .attribute(.set)), ("failedtodel", .attribute(.set)), ("failedtoset", .attribute(.set)),
    ("failedtoget", .attribute(.get)), ("settingup", .other("KVM_CREATE_DEVICE")),
    ("create", .other("KVM_CREATE_DEVICE")), ("creating", .other("KVM_CREATE_DEVICE")),
  ]

  /// Before the group's number, where the call is told by a truth value: whether it was a set (firecracker).
  static let groups: [(words: String, access: AttributeAccess)] = [(", true,", .set), (", false,", .get)]

  /// Before the number of an errno.
  static let errnos = ["os error", "errno", "code:", "error(", "error:", "failed:", "returned"]
}

extension Complaint {
  /// Whether a text is a message, and no name: names have no blanks.
  package static func isMessage(_ text: String) -> Bool {
    text.contains { $0.isWhitespace || $0 == "(" }
  }

  /// Reads a message, with whatever stands around it: names of programs, times, further lines.
  package init(_ message: String) {
    let lines = message.split(whereSeparator: \.isNewline).map(String.init)
    // What comes before the line that tells of a call is another matter.
    let first = lines.firstIndex { Self.call($0) != nil || Self.number(after: "attr", in: $0) != nil } ?? 0
    let text = lines[min(first, lines.count)...].joined(separator: " ")
    call = Self.call(text)
    attr = Self.number(after: "attr", in: text)
    // A group alone is not KVM's: VFIO has some of its own.
    if attr != nil { group = Self.number(after: "group", in: text).flatMap { UInt32(exactly: $0) } }
    for (words, access) in Phrases.groups {
      if group == nil, let number = Self.number(after: words, in: text) {
        group = UInt32(exactly: number)
        call = .attribute(access)
      }
    }
    errno = Self.errno(in: text)
    words = Self.words(text)
    let names = words.flatMap { $0.split(separator: "-").map(String.init) }
    architecture = names.lazy.compactMap(Architecture.init(alias:)).first
    constants = words.filter { $0.hasPrefix("KVM_") }
  }

  private static func call(_ text: String) -> Call? {
    let squeezed = text.lowercased().utf8.filter { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    return Phrases.calls.first { squeezed.firstIndex(of: Array($0.words.utf8)) != nil }?.call
  }

  private static func errno(in text: String) -> Errno? {
    for words in Phrases.errnos {
      if let number = number(after: words, in: text), (1...4095).contains(number) {
        return Errno(rawValue: Int32(number))
      }
    }
    return Self.words(text).lazy.compactMap { Errno(name: $0) }.first ?? ErrnoText.first(in: text)
  }

  /// The first number that follows a word directly: behind blanks, a colon, an equals sign, a minus.
  private static func number(after word: String, in text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    let lower = Array(text.lowercased().utf8)
    guard lower.count == bytes.count else { return nil }
    var start = 0
    while let found = lower.firstIndex(of: Array(word.utf8), from: start) {
      start = found + word.utf8.count
      let rest = lower[start...].drop { [0x20, 0x09, 0x3A, 0x3D, 0x2D].contains($0) }
      let digits = rest.prefix { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
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
