import Diagnostics
import Maps
import TextOutput
import Vocabulary

extension MachineMap {
  /// The map for programs.
  package var json: JSON {
    .object([
      ("version", 1), ("manifest", .string(manifest)), ("name", .string(name)),
      ("arch", .string(architecture.rawValue)),
      ("spaces", .array(spaces.map(\.json))),
    ])
  }
}

extension MapSpace {
  fileprivate var json: JSON {
    .object([
      ("kind", .string(kind.rawValue)), ("name", .string(name)),
      ("existing", .array(existing.map { .object($0.range.json + $0.origin) })),
      ("entries", .array(entries.map { .object([("kind", .string($0.content.name))] + $0.range.json + $0.origin) })),
      ("unplaced", .array(unplaced.map { .object([("kind", .string($0.content.name))] + $0.origin) })),
      ("free", .array(free.map { .object($0.json) })),
      (
        "overlaps",
        .array(overlaps.map { .object([("entries", .array([JSON($0.first), JSON($0.second)]))] + $0.range.json) })
      ),
      ("missing", .array(missing.map { JSON($0) })),
    ])
  }
}

extension MapEntry {
  fileprivate var origin: [(String, JSON)] {
    [("label", .string(label)), ("at", at?.json ?? .null), ("step", JSON(step.map { $0 + 1 }))]
  }
}

extension MapEntry.Content {
  fileprivate var name: String {
    switch self {
    case .memory: "memory"
    case .device: "device"
    case .buffer: "buffer"
    case .interrupt: "interrupt"
    }
  }
}

extension Range<Int128> {
  fileprivate var json: [(String, JSON)] { [("first", .integer(lowerBound)), ("count", .integer(size))] }
}
