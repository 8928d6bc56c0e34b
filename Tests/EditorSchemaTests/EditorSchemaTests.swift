import DeviceManifest
import DeviceSchema
import EditorSchema
import TestSupport
import Testing
import TextOutput
import Vocabulary
import Workspace

extension JSON {
  fileprivate subscript(key: String) -> JSON? {
    if case .object(let members) = self { members.first { $0.0 == key }?.1 } else { nil }
  }
  fileprivate var keys: [String] { if case .object(let members) = self { members.map(\.0) } else { [] } }
  fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }

  /// Every reference in this value.
  fileprivate var references: [String] {
    switch self {
    case .object(let members):
      members.flatMap { $0.0 == "$ref" ? [$0.1.text ?? ""] : $0.1.references }
    case .array(let items): items.flatMap(\.references)
    default: []
    }
  }
}

@Suite struct EditorSchemaTests {
  /// The catalogues of every architecture that has schemas.
  private let catalogues: [Catalogue]
  private let schema: ManifestSchema

  init() {
    let workspace = ManifestWorkspace(Settings())
    catalogues = Architecture.allCases.map(workspace.catalogue).filter { $0.vm != nil }
    schema = ManifestSchema(catalogues, others: catalogues)
  }

  private var definitions: JSON { schema.json()["definitions"] ?? .null }

  /// The file that examples and editors use is the one that the program would write.
  @Test func committedFileIsUpToDate() {
    let committed = text(ofFile: repository + "/docs/kvmconf.schema.json")
    #expect(
      committed == schema.text(), "'make build' writes docs/kvmconf.schema.json again")
  }

  @Test func everyReferenceHasADefinition() {
    let names = definitions.keys
    let references = Set(schema.json().references)
    #expect(Set(names).count == names.count)
    #expect(references == Set(names.map { "#/definitions/\($0)" }))
  }

  /// Each attribute of each device, VM, vCPU and of /dev/kvm can be written and has a description.
  @Test func everyAttributeHasADefinition() {
    let definitions = definitions
    var count = 0
    for catalogue in catalogues {
      for file in catalogue.files {
        if case .common = file.subject { continue }
        for group in file.groups {
          for attribute in group.attributes {
            let path = "\(file.name).\(attribute.path)"
            let names = file.subject == .system ? ["set.", "get.", "has."] : ["", "set.", "get.", "has."]
            for name in names {
              let one = definitions["\(catalogue.architecture.rawValue).\(name)\(path)"]
              #expect(one != nil, "\(name)\(path)")
              if name == "" { #expect(one?["description"]?.text?.contains("kvmconf explain \(path)") == true) }
            }
            count += 1
          }
        }
      }
    }
    #expect(count > 70)
  }

  /// The keys are the ones that the readers of manifests accept.
  @Test func keysAreThoseOfTheLanguage() throws {
    let definitions = definitions
    #expect(Set(schema.json()["properties"]?.keys ?? []) == Set(ManifestReader.keys))
    for catalogue in catalogues {
      let name = catalogue.architecture.rawValue
      #expect(Set(definitions["\(name).vcpus-section"]?["properties"]?.keys ?? []) == Set(VCPUReader.keys))
      let device = try #require(definitions["\(name).devices"]?["items"]?["properties"])
      #expect(Set(device.keys) == Set(DeviceReader.keys))
      let step = try #require(definitions["\(name).step"]?["properties"])
      for (verb, keys) in StepReader.verbs {
        #expect(step[verb] != nil)
        for key in keys { #expect(step[key] != nil) }
      }
    }
  }

  @Test func schemaCanBeLimitedToOneArchitecture() {
    let arm = ManifestSchema(catalogues.filter { $0.architecture == .arm64 }, others: catalogues).json()
    #expect(arm["properties"]?["arch"]?["enum"]?.text() == #"["arm64"]"#)
    #expect(arm["definitions"]?.keys.contains { $0.hasPrefix("riscv64") } == false)
    // But a step can test a type of another architecture.
    #expect(arm["definitions"]?["arm64.device-type"]?.text().contains("riscv64/riscv-aia") == true)
  }
}

@Suite struct DigitPatternTests {
  private static let texts = [
    "0", "00", "1", "9", "10", "63", "64", "255", "256", "4095", "4096", "4_095", "4_096", "65535", "65_536", "1_0",
    "1__0", "_1", "1_", "0x0", "0xF", "0xff", "0x100", "0x0_ff", "0x_ff", "0x", "0xFFF", "0x1000", "0o7", "0o377",
    "0o400",
    "0b1111_1111", "0b1_0000_0000", "0b2", "1KiB", "3KiB", "4KiB", "0x1KiB", "1MiB", "0MiB", "1kib", "1 KiB", "", "x",
    "1e3",
    "0777", "4294967295", "4_294_967_295", "4294967296", "0xffff_ffff", "0x1_0000_0000", "4194303KiB", "4194304KiB",
    "18446744073709551615", "18446744073709551616", "0xffff_ffff_ffff_ffff", "0x1_0000_0000_0000_0000", "16777215TiB",
    "16777216TiB", "2GiB", "4GiB", "0b1KiB", "12KiBx", "1TiB", "99999999999999999999999",
  ]

  /// A pattern matches exactly the integers up to the limit that the reader of manifests accepts.
  @Test(arguments: [0, 1, 9, 63, 255, 4095, 4096, (1 << 32) - 1, (1 << 64) - 1] as [Int128])
  func patternMatchesIntegersUpToTheLimit(_ most: Int128) throws {
    let pattern = try Regex("^\(DigitPattern.upTo(most))$")
    for text in Self.texts {
      let isRight = IntegerLiteral.parse(text).map { (0...most).contains($0) } ?? false
      #expect((text.wholeMatch(of: pattern) != nil) == isRight, "\(text) up to \(most)")
    }
  }

  /// A field that is not shifted down has zeros as its last digits.
  @Test func patternRequiresZerosAtTheEnd() throws {
    let pattern = try Regex("^\(DigitPattern.upTo(0xFFF_FFFF_0000, zeros: 16))$")
    for text in [
      "0", "0x0", "0x080A_0000", "0x1_0000", "64KiB", "0x40KiB", "1MiB", "0xFFF_FFFF_0000", "0b1_0000_0000_0000_0000",
    ] {
      #expect(text.wholeMatch(of: pattern) != nil, "\(text)")
    }
    for text in ["0x1", "0x080A_1000", "0x1000_0000_0000", "0b1000", "0o7", "0x1KiB"] {
      #expect(text.wholeMatch(of: pattern) == nil, "\(text)")
    }
  }
}
