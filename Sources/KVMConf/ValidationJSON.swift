import DevicePlan
import Diagnostics

extension Validation {
  /// The validation for programs: the diagnostics of the file, and the report of each of its manifests.
  package var json: JSON {
    let renderer = JSONRenderer()
    return .object([
      ("version", 1),
      ("file", .string(file.path)),
      ("valid", .bool(errorCount == 0)),
      ("diagnostics", .array(diagnostics.map(renderer.element))),
      ("manifests", .array(reports.map(\.json))),
    ])
  }
}
