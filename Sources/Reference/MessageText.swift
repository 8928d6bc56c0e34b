import Vocabulary

/// The words of a message as lower-case letters and digits, without anything between them.
///
/// `SetGsiRouting`, `set gsi routing` and `SET_GSI_ROUTING` are the same three words.
struct MessageText {
  private(set) var bytes: [UInt8] = []
  /// The same letters and digits as they are written.
  private var written: [UInt8] = []
  /// The indices in `bytes` at which words begin, and the end.
  private(set) var starts: [Int] = []

  init(_ text: some Sequence<UInt8>) {
    let all = Array(text)
    func isLower(_ i: Int) -> Bool { i < all.count && all[i].isLetter && !all[i].isUpper }
    var isInWord = false
    for (i, byte) in all.enumerated() {
      guard byte.isLetterOrDigit else {
        isInWord = false
        continue
      }
      // `IRQLine` is two words.
      if !isInWord || (byte.isUpper && (!all[i - 1].isUpper || isLower(i + 1))) { starts.append(bytes.count) }
      isInWord = true
      written.append(byte)
      bytes.append(byte.lowercased)
    }
    starts.append(bytes.count)
  }

  /// The text without the words that are decimal numbers.
  var withoutNumbers: MessageText {
    let words = zip(starts, starts.dropFirst()).map { written[$0..<$1] }
    return MessageText(words.filter { !$0.allSatisfy(\.isDigit) }.joined(separator: [0x20]))
  }

  /// Whether the text has a name of a part of KVM: a whole word in the same case if the name has capital letters.
  func names(_ name: String) -> Bool {
    if name == name.lowercased() { return bytes.firstIndex(of: Array(name.utf8)) != nil }
    return zip(starts, starts.dropFirst()).contains { written[$0..<$1].elementsEqual(name.utf8) }
  }
}

/// Phrases that a message can have, each with what it means. A phrase is letters and digits in lower case.
struct Phrases<Meaning> {
  private let all: [(letters: [UInt8], meaning: Meaning)]
  /// The indices in `all`, by the first two letters.
  private var indices: [UInt16: [Int]] = [:]
  private let areWhole: Bool

  /// - Parameter areWhole: whether the last word of a phrase is a whole word of the message. If not, it may go on if at least
  ///   three letters of it are in the phrase: `attr` is also `attribute`, but `vm` is not `vmm`.
  init(_ phrases: [(words: String, meaning: Meaning)], areWhole: Bool = false) {
    all = phrases.map { (Array($0.words.utf8), $0.meaning) }
    for (i, phrase) in all.enumerated() where phrase.letters.count > 1 {
      indices[Self.key(phrase.letters, 0), default: []].append(i)
    }
    self.areWhole = areWhole
  }

  /// The meaning of the first of the phrases that a text has. A phrase begins with a word.
  func first(in text: MessageText) -> Meaning? {
    text.starts.indices.flatMap { indices(in: text, atWord: $0) }.min().map { all[$0].meaning }
  }

  /// The meaning of the longest phrase at the first place of a text that has any.
  func longestOfEarliest(in text: MessageText) -> Meaning? {
    for word in text.starts.indices {
      let found = indices(in: text, atWord: word).max { all[$0].letters.count < all[$1].letters.count }
      if let found { return all[found].meaning }
    }
    return nil
  }

  private static func key(_ bytes: [UInt8], _ start: Int) -> UInt16 {
    UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1])
  }

  private func indices(in text: MessageText, atWord word: Int) -> [Int] {
    let start = text.starts[word]
    guard start + 2 <= text.bytes.count, let known = indices[Self.key(text.bytes, start)] else { return [] }
    return known.filter {
      let letters = all[$0].letters
      let end = start + letters.count
      guard end <= text.bytes.count, text.bytes[start..<end].elementsEqual(letters) else { return false }
      let words = text.starts[word...].prefix { $0 < end }
      return text.starts[words.endIndex] == end || (!areWhole && end - text.starts[words.endIndex - 1] >= 3)
    }
  }
}

extension UInt8 {
  var isUpper: Bool { (0x41...0x5A).contains(self) }

  /// A letter of ASCII in lower case; other bytes stay as they are.
  var lowercased: UInt8 { isUpper ? self | 0x20 : self }
}

extension [UInt8] {
  /// The index of the first occurrence of other bytes.
  func firstIndex(of other: [UInt8], from start: Int = 0) -> Int? {
    guard other.count <= count, let first = other.first else { return nil }
    var i = start
    while i + other.count <= count {
      if self[i] == first, self[i..<i + other.count].elementsEqual(other) { return i }
      i += 1
    }
    return nil
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without blanks at both ends.
  var trimmingBlanks: ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    guard let last = lastIndex(where: { !isBlank($0) }) else { return [] }
    return self[...last].drop(while: isBlank)
  }
}
