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
  /// The interrupts that exist.
  case interrupts

  /// The names of the parameters, the optional one last.
  var parameters: [String] {
    switch self {
    case .region, .addresses: ["at", "size", "bus"]
    case .interrupt: ["number", "kind", "attribute"]
    case .interrupts: ["first", "count", "kind", "attribute"]
    }
  }

  /// The number of parameters that must be given.
  var required: Int { parameters.count - 1 }

  /// The number of parameters that are integers; they come first, and the others are texts.
  package var integers: Int { self == .interrupt ? 1 : 2 }

  func type(ofParameter index: Int) -> Type {
    if index < integers { .integer } else { index < parameters.count ? .string : .any }
  }
}
