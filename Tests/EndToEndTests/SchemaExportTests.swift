import Glibc
import TestSupport
import Testing

/// A Python with the packages that Scripts/check-export.py needs, or nil.
private let python: String? = {
  let candidates = [environment("KVMCONF_PYTHON"), "python3"].compactMap { $0 }
  return candidates.first {
    runBlocking("sh", ["-c", "\"$0\" -c 'import jsonschema, fastjsonschema, yaml'", $0]).status == 0
  }
}()

@Suite struct SchemaExportTests {
  @Test func exportIsAValidJSONSchema() async throws {
    let ended = await kvmconf("schema", "export")
    #expect(ended.status == 0)
    #expect(ended.errors == "")
    let schema = try #require(JSONValue(ended.output))
    #expect(schema["$schema"]?.string == "http://json-schema.org/draft-07/schema#")
    #expect(
      schema["definitions"]?["arm64.arm-vgic-v3.addr.dist"]?["description"]?.string?.contains("distributor") == true)
    #expect(ended.output == text(ofFile: repository + "/docs/kvmconf.schema.json"))
  }

  @Test func exportIsWrittenToAFile() async throws {
    try await withFolder { folder in
      let path = folder + "/one.json"
      let ended = await kvmconf("schema", "export", "--arch", "x86_64", "--kernel", "6.12", "-o", path)
      #expect(ended.status == 0)
      #expect(ended.output == "")
      let schema = try #require(JSONValue(text(ofFile: path) ?? ""))
      #expect(schema["properties"]?["arch"]?["enum"]?.array?.count == 1)
      let nowhere = await kvmconf("schema", "export", "-o", folder + "/none/one.json")
      #expect(nowhere.status == 73)
      #expect(nowhere.errors.contains("cannot write"))
    }
  }

  /// A folder of schemas is added to the export.
  @Test func exportHasTheUsersSchemas() async throws {
    let ended = await kvmconf("schema", "export", "--schemas", "Tests/Fixtures/schemas")
    let schema = try #require(JSONValue(ended.output))
    #expect(schema["definitions"]?["arm64.blob-device.firmware.key"] != nil)
  }

  @Test func wrongArgumentsAreReported() async {
    let unknown = await kvmconf("schema", "export", "--arch", "arm")
    #expect(unknown.status == 64)
    #expect(unknown.errors.contains("arm64, x86_64"))
    #expect(await kvmconf("schema", "export", "extra").status == 64)
    #expect(await kvmconf("schema", "export", "--schemas", "/none").status == 66)
  }

  /// Every example names the schema, so that editors find it.
  @Test func examplesNameTheEditorSchema() {
    let examples = files(below: repository + "/examples").filter { $0.hasSuffix(".yaml") }
    #expect(examples.count > 15)
    for path in examples {
      let lines = (text(ofFile: path) ?? "").split(separator: "\n")
      #expect(lines.contains("# yaml-language-server: $schema=../../docs/kvmconf.schema.json"), "\(path)")
      #expect(path.split(separator: "/").count == repository.split(separator: "/").count + 3)
    }
  }

  /// Two validators agree with `validate` on examples, bad manifests and spoilt examples.
  @Test(
    .enabled(if: python != nil, "no Python with jsonschema, fastjsonschema and PyYAML; KVMCONF_PYTHON can name one"))
  func validatorsAgree() async {
    let ended = await run(python ?? "", ["Scripts/check-export.py", program, "--spoilt", "150"])
    #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    #expect(ended.output.contains("150 spoilt examples"))
  }
}
