import Corpus
import DevicePlan
import Diagnostics
import TestSupport
import Testing
import Workspace
import YAMLSyntax

/// Formatting changes only the layout.
@Suite struct FormatTests {
  /// Every manifest of the repository, and the schemas.
  private static let texts = (RenderTests.manifests + folder("Tests/Fixtures/bad") + folder("schemas"))

  private static func folder(_ name: String) -> [String] {
    files(below: repository + "/" + name).filter { $0.hasSuffix(".yaml") }.map {
      String($0.dropFirst(repository.count + 1))
    }
  }

  private func content(_ path: String) -> String? { text(ofFile: path) }

  private func formatted(_ text: String) -> String? {
    if case .text(let text) = Formatting(SourceFile(path: "t.yaml", bytes: Array(text.utf8))) { text } else { nil }
  }

  private func documents(_ text: String) -> [String] {
    SourceTree(parsing: SourceFile(path: "t.yaml", bytes: Array(text.utf8))).documents.map(YAMLWriter.document)
  }

  private func plans(_ text: String) -> [Plan] {
    ManifestWorkspace(Settings()).load(SourceFile(path: "t.yaml", bytes: Array(text.utf8))).manifests.map(\.plan.core)
  }

  @Test(.slow, arguments: texts)
  func formattingKeepsTheContentOfAFile(_ name: String) throws {
    let text = try #require(content(repository + "/" + name))
    let tree = SourceTree(parsing: SourceFile(path: name, bytes: Array(text.utf8)))
    guard tree.diagnostics.isEmpty else {
      #expect(formatted(text) == nil)
      return
    }
    let once = try #require(formatted(text))
    #expect(formatted(once) == once)
    #expect(documents(once) == documents(text))
    #expect(plans(once) == plans(text))
    #expect(!once.contains(#/[ \t]\n/#) && !once.contains("\n\n\n"))
  }

  /// The examples are formatted.
  @Test(arguments: RenderTests.manifests)
  func examplesAreFormatted(_ name: String) throws {
    let text = try #require(content(repository + "/" + name))
    #expect(formatted(text) == text)
  }

  /// Formatting a mangled text keeps its content, and formatting it again changes nothing.
  @Test(.slow, arguments: RenderTests.manifests)
  func mangledManifestIsFormatted(_ name: String) throws {
    let file = try SourceFile(reading: repository + "/" + name)
    let documents = SourceTree(parsing: file).documents
    let plans = ManifestWorkspace(Settings()).load(file).manifests.map { plan in
      var plan = plan.plan.core
      plan.name = ""
      return plan
    }
    for seed in 0..<12 as Range<UInt64> {
      var mangler = MangledYAML(seed: seed &* 1000 &+ UInt64(name.utf8.count))
      let text = mangler.text(documents)
      let written = self.documents(text)
      #expect(written == documents.map(YAMLWriter.document), "the mangler is wrong:\n\(text)")
      guard let once = formatted(text) else {
        Issue.record("seed \(seed) is refused:\n\(text)")
        continue
      }
      let twice = formatted(once)
      #expect(twice == once, "seed \(seed):\n\(text)")
      #expect(self.documents(once) == written)
      let own = self.plans(once).map { plan in
        var plan = plan
        plan.name = ""
        return plan
      }
      #expect(own == plans)
      #expect(!once.contains("\r") && !once.contains("\u{FEFF}") && once.hasSuffix("\n"))
    }
  }

  /// Mangled texts with every feature of YAML.
  @Test(.slow) func mangledTextsAreFormatted() throws {
    let range = SourceRange(file: SourceFile(path: "", bytes: []), start: .start, end: .start)
    func node(_ content: Node.Content) -> Node { Node(content, at: range) }
    var random = Seeded(7)
    func scalar() -> Node {
      let texts = [
        "", "a b", "x", "two\nlines", " lead", "tail ", "a\n\n  b\n\n\nc", "#", "- a", "ä: ö", "'", "\"", "\\", "{",
        "1",
      ]
      return node(.scalar(texts[Int.random(in: 0..<texts.count, using: &random)], .quoted))
    }
    func any(_ depth: Int) -> Node {
      switch Int.random(in: 0..<(depth > 4 ? 2 : 6), using: &random) {
      case 0: return scalar()
      case 1: return node(.scalar("", .plain))
      case 2, 3:
        let items = (0..<Int.random(in: 0..<4, using: &random)).map { _ in any(depth + 1) }
        // An item without a value cannot be written in brackets.
        return node(.sequence(items.filter { !$0.isEmpty }))
      default:
        return node(
          .mapping(
            (0..<Int.random(in: 0..<4, using: &random)).map { i in
              Entry(key: Located("k\(i)\(i == 2 ? " x" : "")", at: range), value: any(depth + 1))
            }))
      }
    }
    var count = 0
    for seed in 0..<400 as Range<UInt64> {
      let tree = node(
        .mapping([
          Entry(key: Located("top", at: range), value: any(0)), Entry(key: Located("end", at: range), value: any(2)),
        ]))
      var mangler = MangledYAML(seed: seed)
      let text = mangler.text([tree])
      #expect(documents(text) == [YAMLWriter.document(tree)], "the mangler is wrong:\n\(text)")
      guard let once = formatted(text) else {
        Issue.record("seed \(seed) is refused:\n\(text)")
        continue
      }
      count += 1
      let twice = formatted(once)
      #expect(twice == once, "seed \(seed):\n\(text)")
      #expect(documents(once) == documents(text))
    }
    #expect(count == 400)
  }

  /// Mangled random manifests of steps.
  @Test(.slow) func mangledRandomManifestsAreFormatted() throws {
    let random = RandomPlans(ManifestWorkspace(Settings()), .arm64, seed: 11)
    for seed in 0..<40 as Range<UInt64> {
      let (manifest, plan) = random.next()
      var mangler = MangledYAML(seed: seed)
      let text = mangler.text(SourceTree(parsing: manifest.file).documents)
      let once = try #require(formatted(text))
      #expect(plans(once) == [plan.core])
    }
  }

  @Test func longTextIsLaidOut() throws {
    #expect(
      formatted(
        """
        \u{FEFF}

        # top
        kvmconf :   1
        arch:  "arm64"\t # comment\u{20}\u{20}



        parameters:
            vcpus: { type : u32,default: 2 , doc: 'a
                long text' }
        vcpus:
              # about count
              count:     "${vcpus}" # x
              features: [psci-0.2,
                   pmu-v3]     # y
              # tail of vcpus
        devices:
        - name: gic\u{20}\u{20}
          # c1
          type:
             arm-vgic-v3
          attributes:
             addr: {
               dist: 0x0800_0000, # d
               redist: 0x080A_0000

               }
             ctrl: {init: }
        # last
        -    type: arm-vgic-its
             attributes: &x
               addr:
                   its: 0x0808_0000\r
             raw: [ ]
        - - deep
          -   deeper
        text: |2-
              more
             less

        folded: >-
         a
         b
        """)
          == """
          # top
          kvmconf: 1
          arch: "arm64"   # comment

          parameters:
            vcpus: {type: u32, default: 2, doc: 'a
                    long text'}
          vcpus:
            # about count
            count: "${vcpus}"         # x
            features: [psci-0.2,
                       pmu-v3]   # y
            # tail of vcpus
          devices:
            - name: gic
              # c1
              type:
                arm-vgic-v3
              attributes:
                addr: {
                  dist: 0x0800_0000,  # d
                  redist: 0x080A_0000

                  }
                ctrl: {init: }
            # last
            - type: arm-vgic-its
              attributes: &x
                addr:
                  its: 0x0808_0000
              raw: []
            - - deep
              - deeper
          text: |2-
                more
               less

          folded: >-
            a
            b

          """)
  }

  @Test(arguments: [
    ("", ""), ("# only a comment", "# only a comment\n"), ("\n\n", ""), ("---\n", "---\n"), ("a:  1", "a: 1\n"),
    ("a: 1\n\n\n", "a: 1\n"), ("a: |+\n  b\n\n\n", "a: |+\n  b\n\n\n"), ("a: |+\n\n\nb: 1\n", "a: |+\n\n\nb: 1\n"),
    ("a: &b 1\nc: *b\n", "a: &b 1\nc: *b\n"), ("a:   # x\n    b: 1\n", "a:   # x\n  b: 1\n"),
    ("%YAML 1.1\n---\na:  1\n...\n", "%YAML 1.1\n---\na: 1\n...\n"),
    ("a: 1   # x\nbb: 2  # y\n", "a: 1   # x\nbb: 2  # y\n"),
    ("a: 1 # x\nbb: 2 # y\n", "a: 1  # x\nbb: 2  # y\n"), ("a:  1 # x\nbb: 2 # y\n", "a: 1   # x\nbb: 2  # y\n"),
    ("a:\n- 1\n# end\n", "a:\n  - 1\n# end\n"),
    ("a:\n- 1\n-\n  b: 2\n", "a:\n  - 1\n  -\n    b: 2\n"), ("{a: 1,b: [ 1,2 ]}\n", "{a: 1, b: [1, 2]}\n"),
    ("a: \"x \\\n     y\"\n", "a: \"x \\\n  y\"\n"), ("a: b\n   c\n\n   d\n", "a: b\n  c\n\n  d\n"),
    ("a: >\n b", "a: >\n  b"), ("a: |+\n b", "a: |+\n  b"), ("a: |-\n b", "a: |-\n  b\n"),
    ("? a\n:   b\n", "? a\n: b\n"), ("a: {init: }\n", "a: {init: }\n"), ("a: {b: , c: 1}\n", "a: {b: , c: 1}\n"),
    ("a: >1-\n  x\n y\n", "a: >1-\n  x\n y\n"),
  ])
  func shortTextIsLaidOut(_ text: String, _ expected: String) { #expect(formatted(text) == expected) }

  @Test func faultsAreReported() {
    guard case .faults(let faults) = Formatting(SourceFile(path: "t.yaml", bytes: Array("a: [\n".utf8))) else {
      Issue.record("malformed YAML was formatted")
      return
    }
    #expect(faults.map(\.id) == ["yaml-syntax"])
  }
}
