import DeviceSchema
import Diagnostics
import Expressions

/// What a VM has at some addresses or interrupt numbers.
package struct Occupation: Sendable {
  package enum Kind: Hashable, Sendable {
    case memory(slot: UInt32)
    case word(OccupationWord)
    /// The device in this slot no longer exists.
    case closed(device: Int)
  }

  package var kind: Kind
  /// Without meaning unless `isPlaced`.
  package var first: Int128
  /// Whether the address or the number is known.
  package var isPlaced = true
  /// 0 if there is no longer what there was.
  package var count: Int128
  /// Whether the attribute can be set several times, and each set adds something.
  package var repeats = false
  /// The bus of addresses, or the kind of interrupts; empty for guest physical addresses. Of `nothing`, the attribute.
  package var space = ""
  /// The attribute that decides, if the schema names one.
  package var attribute: String?
  /// The index of the step that decides; nil if the state of the VM after the plan does.
  package var step: Int?
  /// The slot of the device whose schema describes the state.
  package var device: Int?
}

extension Occupation {
  init(_ one: Occupied, step: Int?, device: Int? = nil) {
    self.init(
      kind: .word(one.word), first: one.first, isPlaced: one.isPlaced, count: one.count, repeats: one.repeats,
      space: one.space,
      attribute: one.attribute, step: step, device: device)
  }
}

/// A part of the map that a call adds.
struct Occupied {
  var word: OccupationWord
  var first: Int128
  var isPlaced = true
  var count: Int128 = 1
  var space = ""
  var attribute: String?
  var repeats: Bool
  /// The device whose rules run.
  var device: Cell
}

extension Machine {
  /// Adds a part of the map. A part that is not known, but for its place, is left out.
  mutating func occupy(_ id: OccupyID) throws(Stop) {
    let code = program.occupations[Int(id)]
    let attribute = call.attribute.flatMap { program.attributes[Int($0)].schema }
    var one = Occupied(
      word: code.word, first: 0, repeats: attribute?.repeats ?? false && attribute?.keyFields.isEmpty ?? true,
      device: call.device)
    for (i, argument) in code.arguments.enumerated() {
      let cell = try value(of: argument)
      if i >= code.word.integers {
        guard cell.tag == .string else { return }
        let text = program.pool.string(of: cell)
        if i == code.word.integers { one.space = text } else { one.attribute = text }
      } else {
        guard let number = program.pool.integer(of: cell) else {
          guard code.word.hasOnePlace else { return }
          one.isPlaced = false
          continue
        }
        if i == 0 { one.first = number } else { one.count = number }
      }
    }
    occupied.append(one)
  }

  /// The map that the state of the VM describes.
  ///
  /// - Throws: the fault of an expression.
  mutating func map() throws(DiagnosticsError) -> [Occupied] {
    guard hasVM, let vm = catalogue.vm else { return [] }
    memory.begin()
    defer { takeBack() }
    decisions = Decisions()
    (ending, occupied) = (nil, [])
    call = CallState(file: vm, path: Catalogue.mapHook)
    let block = program.mapBlock()
    reserveLocals(Int(program.slotCount))
    do throws(Stop) {
      try runToEnd(block)
    } catch {
      if case .fault(let diagnostic)? = ending { throw .invalid(diagnostic) }
    }
    return occupied
  }
}
