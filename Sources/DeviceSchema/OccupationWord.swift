import Expressions

/// The statements that say what a VM has at its addresses and interrupt numbers: `use: region(value, 64KiB)`. They change
/// no answer.
package enum OccupationWord: String, Sendable {
  /// Addresses that a device occupies.
  case region
  /// The addresses that exist.
  case addresses
  /// An interrupt that a device raises.
  case interrupt
  /// An interrupt that may have several users.
  case sharedInterrupt = "shared_interrupt"
  /// Interrupts that earlier calls of the same request no longer use, or that an earlier set of the attribute does not.
  case noInterrupts = "no_interrupts"
  /// The interrupts that exist.
  case interrupts
  /// What earlier sets of an attribute of the same device have added is no longer there: a command that resets it.
  case nothing

  /// The names of the parameters; an optional one is the last.
  var parameters: [String] {
    switch self {
    case .region, .addresses: ["at", "size", "bus"]
    case .interrupt, .sharedInterrupt: ["number", "kind", "attribute"]
    case .noInterrupts: ["first", "count", "kind"]
    case .interrupts: ["first", "count", "kind", "attribute"]
    case .nothing: ["attribute"]
    }
  }

  /// The number of parameters that must be given.
  var required: Int { self == .noInterrupts || self == .nothing ? parameters.count : parameters.count - 1 }

  /// Whether it is about one place, which a manifest may leave open.
  package var hasOnePlace: Bool {
    switch self {
    case .region, .interrupt, .sharedInterrupt: true
    case .addresses, .noInterrupts, .interrupts, .nothing: false
    }
  }

  /// The number of parameters that are integers; they come first, and the others are texts.
  package var integers: Int {
    switch self {
    case .nothing: 0
    case .interrupt, .sharedInterrupt: 1
    case .region, .addresses, .noInterrupts, .interrupts: 2
    }
  }

  func type(ofParameter index: Int) -> Type {
    if index < integers { .integer } else { index < parameters.count ? .string : .any }
  }
}
