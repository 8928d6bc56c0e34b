import DevicePlan
import DeviceSchema
import Diagnostics
import TestSupport
import Testing
import Vocabulary

/// The schema of a device type `thing`: a head, and the test's text after it.
func thing(_ body: String, head: String = "number: 3") -> String {
  """
  schema: 2
  \(head)
  doc: a thing
  sources: [virt/kvm/thing.c]
  \(body)
  """
}

/// A group with one good attribute.
let control = """
  groups:
    control:
      number: 0
      doc: commands
      attributes:
        start:
          number: 0
          doc: starts the thing
          payload: u32
          set:
            - read: value
            - if: value > 3
              EINVAL: there are three
          examples:
            - {value: 1}
  """

/// A group `control` whose attribute `start` has these rules.
func rules(_ rules: String, more: String = "") -> String {
  thing(
    """
    groups:
      control:
        number: 0
        doc: commands
        attributes:
          start:
            number: 0
            doc: starts the thing
            payload: u32
            examples: [{value: 1}]
            set:
              - read: value
    \(rules.indented(by: 8))
    \(more)
    """)
}

/// Expects exactly these diagnostics of a check of `arm64/thing.yaml`, together with the other files.
func expectFaults(
  in marked: String, _ expected: ExpectedDiagnostic..., path: String = "arm64/thing.yaml",
  beside others: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) {
  expectDiagnostics(in: MarkedText(marked, path: path), expected, sourceLocation: sourceLocation) { file in
    catalogue([SchemaSource(path: path, file: file)] + schemaSources(others)).check()
  }
}

/// The diagnostics of a check of several files, one line each.
func check(_ files: [String: String]) -> [String] {
  catalogue(schemaSources(files)).check().map { diagnostic in
    let place = diagnostic.range.map { "\($0.file.path):\($0.start.line):\($0.start.column): " } ?? ""
    return place + diagnostic.message
  }
}
