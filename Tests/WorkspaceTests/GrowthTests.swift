import Conformance
import Diagnostics
import Reference
import TestSupport
import Testing
import Workspace

/// The time for a text is proportional to its length, also if the text is hostile.
@Suite(.slow, .hangGuard) struct GrowthTests {
  /// A text whose length is proportional to a count.
  struct Input: CustomTestStringConvertible {
    var testDescription: String
    var count: Int
    var text: @Sendable (Int) -> String

    init(_ name: String, _ count: Int, _ text: @escaping @Sendable (Int) -> String) {
      testDescription = name
      self.count = count
      self.text = text
    }

    func file(_ count: Int) -> SourceFile { SourceFile(path: "t.yaml", bytes: Array(text(count).utf8)) }
  }

  private static func repeated(_ count: Int, _ line: (Int) -> String) -> String { (0..<count).map(line).joined() }

  private static func parameters(_ count: Int, _ type: String, used: String) -> String {
    "kvmconf: 1\narch: x86_64\nparameters:\n" + repeated(count) { "  p\($0): {type: \(type), default: 1}\n" }
      + "steps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n"
      + repeated(count) { "  - {set: vcpu.0.tsc.offset, value: \"${\(used)\($0)}\"}\n" }
  }

  private static let manifests = [
    Input("undefined aliases", 20_000) { count in
      "a: [" + repeated(count) { "&a\($0) x, " } + "]\nb: [" + repeated(count) { "*b\($0), " } + "]\n"
    },
    Input("optional devices", 300) { count in
      "kvmconf: 1\narch: x86_64\ndevices:\n"
        + repeated(count) { "  - {name: d\($0), type: {number: 77}, optional: true}\n" }
    },
    Input("unknown keys", 10_000) { count in "kvmconf: 1\narch: x86_64\n" + repeated(count) { "key\($0): 1\n" } },
    Input("parameters", 3000) { parameters($0, "u64", used: "p") },
    Input("parameters supplied at load time", 3000) { parameters($0, "u64, at: load", used: "p") },
    Input("unknown parameters", 3000) { parameters($0, "u64", used: "q") },
    Input("unknown devices", 10_000) { count in
      "kvmconf: 1\narch: arm64\nsteps:\n  - {create-vm: {}}\n"
        + repeated(count) { "  - {create: arm-vgic-its, as: d\($0), expect: [ok, ENODEV]}\n  - {close: e\($0)}\n" }
    },
    Input("documents with a mistake", 300) { count in
      repeated(count) { _ in "---\nkvmconf: 1\narch: x86_64\nvcpus: {cout: 1}\n" }
    },
    Input("interrupts", 3000) { count in
      "kvmconf: 1\narch: ppc64\nsteps:\n  - {create-vm: {}}\n  - {create: xive, as: ic}\n"
        + repeated(count) { "  - {set: ic.source, irq: \($0 + 1), value: 0}\n" }
    },
    Input("one long unknown key", 100_000) { count in
      "kvmconf: 1\narch: x86_64\nvcpus: {count: 1}\n? \(String(repeating: "k", count: count))\n: 1\n"
    },
  ]

  /// Handles a tenth of a text, then all of it.
  private func expectProportional(_ input: Input, _ handle: (SourceFile) throws -> Void) rethrows {
    try handle(input.file(max(input.count / 50, 1)))
    let (few, many) = (input.file(input.count / 10), input.file(input.count))
    let (small, large) = (try processorTime { try handle(few) }, try processorTime { try handle(many) })
    #expect(isProportional(small, large), "\(small) s and \(large) s")
  }

  @Test(arguments: manifests) func validatingTakesProportionalTime(_ input: Input) throws {
    let workspace = ManifestWorkspace(Settings())
    try expectProportional(input) { file in
      let validation = try workspace.validate(file)
      let parts = validation.diagnosticsByManifest
      #expect(parts.isEmpty || parts.reduce(0) { $0 + $1.count } == validation.diagnostics.count)
    }
  }

  private static let lines = [
    Input("a line of ASCII", 20_000) { count in "a: [" + repeated(count) { "{x: \($0)}, " } + "]\n" },
    Input("a line with wide characters", 20_000) { count in "a: [" + repeated(count) { "{é: \($0)}, " } + "]\n" },
  ]

  @Test(arguments: lines) func formattingALongLineTakesProportionalTime(_ input: Input) {
    expectProportional(input) { file in
      guard case .text = Formatting(file) else {
        Issue.record("the text is not formatted")
        return
      }
    }
  }

  /// Places in a long line are converted to bytes and back.
  @Test(arguments: lines) func placesInALongLineTakeProportionalTime(_ input: Input) {
    expectProportional(input) { file in
      for column in stride(from: 1, to: file.text(ofLine: 1).unicodeScalars.count, by: 3) {
        let place = Position(line: 1, column: column)
        #expect(file.position(ofByte: file.byteOffset(of: place)) == place)
      }
    }
  }

  @Test func readingARecordedReportTakesProportionalTime() throws {
    let report = Input("a report", 5000) { count in
      Self.repeated(count) { "{\"index\":\($0),\"operation\":\"create-vm\",\"outcome\":\"ok\"}\n" }
        + "{\"summary\":{},\"name\":\"n\"}\n"
    }
    try expectProportional(report) { file in
      let reports = try RecordedReport.read(file)
      #expect(reports.count == 1)
    }
  }

  @Test func explainingALongWordTakesProportionalTime() {
    let explainer = Explainer(ManifestWorkspace(Settings()).allCatalogues, diagnostics: .manifests)
    for piece in ["a", "a:"] {
      expectProportional(Input("a word", 100_000) { String(repeating: piece, count: $0) }) { file in
        if case .page = explainer.explain(String(decoding: file.bytes, as: UTF8.self)) {
          Issue.record("the word has a page")
        }
      }
    }
  }

  /// Many aliases of one long text are refused, and a message does not repeat a very long value.
  @Test func longValuesAreNotRepeated() throws {
    let long = String(repeating: "a", count: 1_000_000)
    let workspace = ManifestWorkspace(Settings())
    func problems(_ text: String) throws -> [Diagnostic] {
      try workspace.validate(SourceFile(path: "t.yaml", bytes: Array(text.utf8))).diagnostics
    }
    let few = try problems("kvmconf: 1\narch: arm64\nvcpus: {count: 1, features: [\(long)]}\n")
    #expect(few.map(\.id) == ["unknown-feature"])
    #expect(few.allSatisfy { $0.message.utf8.count < 5000 })
    let many = try problems("a: [&x \(long)" + String(repeating: ", *x", count: 20) + "]\n")
    #expect(many.contains { $0.message == "aliases expand to more than 8388608 bytes" })
  }
}
