import TestSupport
import Testing

private let good = "kvmconf: 1\narch: x86_64\nname: good\ndevices: [{type: vfio}]\n"
private let bad = "kvmconf: 1\narch: x86_64\nname: bad\ndevices: [{type: vfoi}]\n"
private let undecided =
  "kvmconf: 1\narch: x86_64\nname: unclear\nsteps: [{create-vm: {}}, {create: vfio}, {set: vfio, group: 1, attr: 1, payload: {u32: 5}}]\n"

/// The formats of `validate` and `apply` for CI systems.
@Suite struct ReportFormatTests {
  // MARK: SARIF

  /// Checks the requirements of the official schema and of code scanning services.
  private func check(_ log: JSONValue) throws {
    #expect(log["version"]?.string == "2.1.0")
    #expect(log["$schema"]?.string?.hasSuffix("sarif-schema-2.1.0.json") == true)
    #expect(log["runs"]?.array?.count == 1)
    let run = try #require(log["runs"]?[0])
    let driver = try #require(run["tool"]?["driver"])
    #expect(driver["name"]?.string == "kvmconf")
    let rules = try #require(driver["rules"]?.array)
    let ids = rules.compactMap { $0["id"]?.string }
    #expect(ids.count == rules.count && Set(ids).count == ids.count)
    for rule in rules {
      #expect(rule["shortDescription"]?["text"]?.string?.isEmpty == false)
      // Every id has a page of the reference.
      #expect(rule["help"]?["text"]?.string != rule["id"]?.string, "\(rule["id"]?.string ?? "")")
      #expect(["error", "warning", "note"].contains(rule["defaultConfiguration"]?["level"]?.string))
    }
    for result in try #require(run["results"]?.array) {
      let id = try #require(result["ruleId"]?.string)
      #expect(result["ruleIndex"]?.number.map { ids[$0] } == id)
      #expect(["error", "warning", "note"].contains(result["level"]?.string))
      #expect(result["message"]?["text"]?.string?.isEmpty == false)
      #expect(result["partialFingerprints"]?["manifestLine/v1"]?.string?.contains(":") == true)
      #expect(result["locations"]?.array?.count == 1)
      let places = (result["locations"]?.array ?? []) + (result["relatedLocations"]?.array ?? [])
      for place in places.compactMap({ $0["physicalLocation"] }) {
        #expect(place["artifactLocation"]?["uri"]?.string?.contains(" ") == false)
        let region = try #require(place["region"])
        let (line, endLine) = (try #require(region["startLine"]?.number), try #require(region["endLine"]?.number))
        let (column, end) = (try #require(region["startColumn"]?.number), try #require(region["endColumn"]?.number))
        #expect(line >= 1 && column >= 1 && end >= 1 && (line, column) <= (endLine, end))
      }
    }
  }

  @Test func sarifOfEveryFixtureIsValid() async throws {
    let ended = await kvmconf(
      "validate", "--format", "sarif", "--schemas", "Tests/Fixtures/schemas", "examples", "Tests/Fixtures/bad",
      "Tests/Fixtures/mistakes")
    let log = try #require(JSONValue(ended.output))
    try check(log)
    #expect(try #require(log["runs"]?[0]?["results"]?.array).count > 100)
    #expect(log["runs"]?[0]?["invocations"]?[0]?["executionSuccessful"]?.bool == true)
    #expect(ended.errors.hasSuffix(" undecided\n"))
    #expect(ended.status == 1)
  }

  @Test func sarifHasResultsAndNotifications() async throws {
    let one = await kvmconf("validate", "--format", "sarif", "--stdin-filename", "./a b/vm.yaml", "-", input: bad)
    let log = try #require(JSONValue(one.output))
    try check(log)
    let result = try #require(log["runs"]?[0]?["results"]?[0])
    #expect(result["ruleId"]?.string == "unknown-device-type")
    let place = result["locations"]?[0]?["physicalLocation"]
    #expect(place?["artifactLocation"]?["uri"]?.string == "a%20b/vm.yaml")
    #expect(place?["region"]?["startLine"]?.number == 4)
    #expect(place?["region"]?["endColumn"]?.number == 22)
    let fix = result["fixes"]?[0]?["artifactChanges"]?[0]?["replacements"]?[0]
    #expect(fix?["insertedContent"]?["text"]?.string == "vfio")
    // An empty list of results closes alerts.
    let none = await kvmconf("validate", "--format", "sarif", "-", input: good)
    #expect(JSONValue(none.output)?["runs"]?[0]?["results"]?.array?.isEmpty == true)
    #expect(none.status == 0)
    let unreadable = await kvmconf("validate", "--format", "sarif", "/nonexistent.yaml")
    let invocation = JSONValue(unreadable.output)?["runs"]?[0]?["invocations"]?[0]
    #expect(invocation?["executionSuccessful"]?.bool == false)
    #expect(
      invocation?["toolExecutionNotifications"]?[0]?["message"]?["text"]?.string?.contains("No such file") == true)
    #expect(unreadable.status == 66)
  }

  /// Only the built-in schemas are not files; a compiled plan refers to the file of its manifest.
  @Test func placesInACompiledPlanAreThoseOfItsManifest() async throws {
    let refused = good.replacing(
      "devices: [{type: vfio}]", with: "steps: [{create-vm: {}}, {create: vfio}, {create: vfio, as: b}]")
    try await withFolder { folder in
      write(refused, toFile: folder + "/vm.yaml")
      let compiled = await run(program, ["compile", "vm.yaml", "-o", "vm.kvmplan"], in: folder)
      #expect(compiled.status == 0)
      for file in ["vm.yaml", "vm.kvmplan"] {
        let ended = await run(program, ["validate", "--format", "sarif", file], in: folder)
        let result = try #require(JSONValue(ended.output)?["runs"]?[0]?["results"]?[0])
        let place = try #require(result["locations"]?[0]?["physicalLocation"]?["artifactLocation"])
        #expect(place["uri"]?.string == "vm.yaml" && place["uriBaseId"] == nil)
        let other = try #require(result["relatedLocations"]?[0]?["physicalLocation"]?["artifactLocation"])
        #expect(other["uri"]?.string == "vm.yaml" && other["uriBaseId"] == nil)
        let rule = try #require(result["relatedLocations"]?[1]?["physicalLocation"]?["artifactLocation"])
        #expect(rule["uri"]?.string == "common/vfio.yaml" && rule["uriBaseId"]?.string == "SCHEMAS")
      }
    }
  }

  /// A problem is the same after its lines have moved.
  @Test func fingerprintsSurviveMovedLines() async throws {
    func fingerprint(_ text: String) async -> String? {
      let ended = await kvmconf("validate", "--format", "sarif", "-", input: text)
      return JSONValue(ended.output)?["runs"]?[0]?["results"]?[0]?["partialFingerprints"]?["manifestLine/v1"]?.string
    }
    let before = try #require(await fingerprint(bad))
    #expect(await fingerprint("# a new comment\n\n" + bad) == before)
    #expect(await fingerprint(bad.replacing("vfoi", with: "vfo")) != before)
  }

  // MARK: JUnit

  @Test func junitIsWellFormed() async throws {
    await withFolder { folder in
      write(good + "---\n" + bad + "---\n" + good, toFile: folder + "/a<&>.yaml")
      write("kvmconf: 1\n", toFile: folder + "/b.yaml")
      let ended = await kvmconf("validate", "--format", "junit", folder, folder + "/none.yaml")
      #expect(isWellFormed(ended.output), "\(ended.output)")
      #expect(
        ended.output.contains(
          "<testsuites name=\"kvmconf validate\" tests=\"5\" failures=\"2\" errors=\"1\" skipped=\"0\">")
      )
      #expect(
        ended.output.contains(
          "<testsuite name=\"\(folder)/a&lt;&amp;&gt;.yaml\" tests=\"3\" failures=\"1\" errors=\"0\""))
      for name in ["good", "bad", "good (2)"] { #expect(ended.output.contains("<testcase name=\"\(name)\" ")) }
      #expect(ended.output.contains("<failure type=\"unknown-device-type\" message=\"there is no device type 'vfoi'"))
      #expect(ended.output.contains("<error type=\"cannot-read\""))
      #expect(ended.status == 66)
    }
    let all = await kvmconf("validate", "--format", "junit", "Tests/Fixtures/bad", "Tests/Fixtures/mistakes")
    #expect(isWellFormed(all.output))
    #expect(all.output.matches(of: #/<testsuite /#).count > 90)
  }

  /// A test case fails if it makes the run fail.
  @Test func failOnDecidesWhichCasesFail() async {
    for (arguments, status, isFailure) in [
      ([], 0, false), (["--fail-on", "warning"], 1, true), (["--fail-on", "undecided"], 1, true),
    ] as [([String], Int32, Bool)] {
      let ended = await run(program, ["validate", "--format", "junit", "-"] + arguments, input: undecided)
      #expect(ended.output.contains("<failure ") == isFailure)
      #expect(ended.output.contains("<system-out>") == !isFailure)
      #expect(ended.status == status)
    }
  }

  // MARK: Lines

  @Test func gccHasOneLinePerDiagnostic() async {
    let ended = await kvmconf("validate", "--format", "gcc", "-", "/nonexistent.yaml", input: bad)
    #expect(
      ended.output == """
        <stdin>:4:18: error: there is no device type 'vfoi'; did you mean 'vfio'? [unknown-device-type]
        kvmconf: error: cannot read /nonexistent.yaml: No such file or directory [cannot-read]

        """)
    #expect(ended.errors == "2 files, 1 manifest, 2 steps: 2 errors, 0 warnings, 0 undecided\n")
    #expect(ended.status == 66)
  }

  @Test func githubHasOneAnnotationPerDiagnostic() async {
    await withFolder { folder in
      write(undecided, toFile: folder + "/a.yaml")
      write(bad, toFile: folder + "/b.yaml")
      let ended = await run(program, ["validate", "--format", "github", "."], in: folder)
      let lines = ended.output.split(separator: "\n")
      // The error comes first, although its file is the second.
      #expect(
        lines.first
          == "::error file=b.yaml,line=4,col=18,endLine=4,endColumn=21,title=unknown-device-type::there is no device type 'vfoi'; did you mean 'vfio'?"
      )
      #expect(lines.last?.hasPrefix("::warning file=a.yaml,line=4,") == true)
      let many = (1...12).map { "  - {type: vfoi\($0), name: d\($0)}\n" }.joined()
      write("kvmconf: 1\narch: x86_64\ndevices:\n" + many, toFile: folder + "/b.yaml")
      let crowded = await run(program, ["validate", "--format", "github", "b.yaml"], in: folder)
      #expect(crowded.output.matches(of: #/::error /#).count == 12)
      #expect(crowded.output.contains("::notice title=kvmconf::GitHub shows 10 annotations of a kind; 2 errors more"))
    }
  }

  /// A report is complete even if there was nothing to validate.
  @Test func folderWithoutManifestsIsReported() async throws {
    await withFolder { folder in
      for format in ["sarif", "junit", "github", "gcc"] {
        let ended = await kvmconf("validate", "--format", format, folder)
        #expect(ended.output.contains("the folder has no manifests"))
        if format == "sarif" { #expect(JSONValue(ended.output)?["version"]?.string == "2.1.0") }
        if format == "junit" { #expect(isWellFormed(ended.output)) }
        #expect(ended.errors == "" && ended.status == 66)
      }
    }
  }

  // MARK: apply

  @Test func applyHasTheSameFormats() async throws {
    let refused = good.replacing(
      "devices: [{type: vfio}]", with: "steps: [{create-vm: {}}, {test: vfio, expect: ENODEV}]")
    let problem = "the kernel would answer ok, not ENODEV"
    func apply(_ format: String, _ text: String) async -> Ended {
      await kvmconf("apply", "--on", "model", "--format", format, "-", input: text)
    }
    let sarif = try #require(JSONValue(await apply("sarif", refused).output))
    try check(sarif)
    #expect(sarif["runs"]?[0]?["results"]?[0]?["message"]?["text"]?.string == problem)
    let junit = await apply("junit", refused)
    #expect(isWellFormed(junit.output))
    #expect(junit.output.contains("<testsuites name=\"kvmconf apply\" tests=\"1\" failures=\"1\" errors=\"0\""))
    #expect(junit.errors == "2 steps: 1 passed, 1 failed, 0 skipped, 0 undecided\n")
    #expect(junit.status == 1)
    #expect(await apply("gcc", refused).output == "<stdin>:4:47: error: \(problem) [unexpected-outcome]\n")
    #expect(await apply("github", refused).output.hasSuffix("title=unexpected-outcome::\(problem)\n"))
    // A manifest that cannot be run.
    #expect(await apply("junit", bad).output.contains("<error type=\"unknown-device-type\""))
    let unreadable = await kvmconf("apply", "--format", "gcc", "/nonexistent.yaml")
    #expect(unreadable.output.hasPrefix("kvmconf: error: cannot read /nonexistent.yaml"))
    #expect(unreadable.errors == "" && unreadable.status == 66)
    let wrong = await kvmconf("apply", "--on", "model", "--format", "sarif", "--host-facts", "nosuch", "-", input: good)
    try check(try #require(JSONValue(wrong.output)))
    #expect(wrong.output.contains("cannot read nosuch") && wrong.errors == "" && wrong.status == 66)
    let passing = await apply("junit", good)
    #expect(passing.output.contains("failures=\"0\" errors=\"0\"") && passing.status == 0)
  }
}

/// Whether a text is one XML element, with its attributes quoted and everything escaped.
private func isWellFormed(_ text: String) -> Bool {
  var open: [Substring] = []
  var count = 0
  var rest = text[...]
  guard rest.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") else { return false }
  rest = rest.drop { $0 != "\n" }
  while let start = rest.firstIndex(of: "<") {
    guard hasOnlyReferences(rest[..<start]), let end = rest[start...].firstIndex(of: ">") else { return false }
    let tag = rest[rest.index(after: start)..<end]
    rest = rest[rest.index(after: end)...]
    if tag.hasPrefix("/") {
      guard open.popLast() == tag.dropFirst() else { return false }
      continue
    }
    let isEmpty = tag.hasSuffix("/")
    let body = isEmpty ? tag.dropLast() : tag
    guard body.wholeMatch(of: #/[a-z-]+( [a-z]+="[^"<]*")*/#) != nil, hasOnlyReferences(body) else { return false }
    if open.isEmpty { count += 1 }
    if !isEmpty { open.append(body.prefix { $0 != " " }) }
  }
  return open.isEmpty && count == 1 && rest.allSatisfy(\.isWhitespace)
}

/// Whether each ampersand begins one of the predefined references of XML.
private func hasOnlyReferences(_ text: Substring) -> Bool {
  text.split(separator: "&", omittingEmptySubsequences: false).dropFirst().allSatisfy { part in
    ["amp;", "lt;", "gt;", "quot;", "#9;"].contains { part.hasPrefix($0) }
  }
}
