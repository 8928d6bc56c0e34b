import Diagnostics
import Expressions

/// Reasons begin with a small letter and have no full stop: they stand behind `the kernel would answer EINVAL: `.
struct ReasonsArePhrases: SchemaCheck {
  static let id: DiagnosticID = "schema-reason"

  /// Words that are capitalised within a sentence.
  private static let names: Set<Substring> = ["Linux"]

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for list in catalogue.allRules {
      list.visitRules { rule in
        guard let parts = rule.because?.parts else { return }
        if case .text(let text)? = parts.first, let wrong = sentence(text) {
          report(
            .warning(
              Self.id, "a reason begins with a small letter; did you mean '\(wrong.lowercased())'?",
              at: rule.actionRange))
        }
        if case .text(let text)? = parts.last, text.hasSuffix("."), !text.hasSuffix("..") {
          report(.warning(Self.id, "a reason has no full stop", at: rule.actionRange))
        }
      }
    }
  }

  /// The first word of a text, if it is a word with a capital letter: not a name such as `GICD_CTLR` or `LPIs`.
  private func sentence(_ text: String) -> Substring? {
    let word = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
    guard let first = word.first, first.isUppercase, word.dropFirst().allSatisfy(\.isLowercase),
      !Self.names.contains(word)
    else { return nil }
    return word
  }
}

/// A kind of interrupt has one spelling, as interrupts of two kinds never meet.
struct InterruptKindsAreSpelledAlike: SchemaCheck {
  static let id: DiagnosticID = "schema-unknown-name"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    var uses: [String: [Expression]] = [:]
    for list in catalogue.allRules {
      list.visitRules { rule in
        guard case .occupy(let word, let arguments) = rule.action, word.isAboutInterrupts,
          arguments.count > word.integers, case let kind = arguments[word.integers],
          case .string(let text)? = kind.constant
        else { return }
        uses[text, default: []].append(kind)
      }
    }
    for (kind, places) in uses.sorted(by: { $0.key < $1.key }) {
      let meant = uses.filter { $0.value.count > places.count && $0.key.isSpelled(almostLike: kind) }.keys.sorted()
        .first
      guard let meant else { continue }
      for place in places {
        report(
          .error(
            Self.id, "no other statement has the interrupts '\(kind)'; did you mean '\(meant)'?", at: place.source))
      }
    }
  }
}

extension OccupationWord {
  fileprivate var isAboutInterrupts: Bool { self != .region && self != .addresses }
}

extension String {
  /// Whether another text has the same letters in another spelling or order, or is long and differs in one letter.
  fileprivate func isSpelled(almostLike other: String) -> Bool {
    func letters(_ text: String) -> [Character] { text.lowercased().filter { $0.isLetter || $0.isNumber }.sorted() }
    return self != other && (letters(self) == letters(other) || count > 5 && isTypo(of: other, edits: 1))
  }
}
