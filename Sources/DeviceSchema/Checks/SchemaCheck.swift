import Diagnostics

/// A property of every good catalogue.
///
/// Errors that prevent reading (an unknown key, an unknown name, a wrong type) are reported by the readers. Checks find
/// other mistakes, in schemas that can be read.
protocol SchemaCheck: Sendable {
  static var id: DiagnosticID { get }
  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void)
}

extension Catalogue {
  /// Reads and compiles all of these schemas and runs every check on them.
  ///
  /// - Returns: the diagnostics, file by file and from top to bottom.
  package func check() -> [Diagnostic] {
    // Files are parsed as a whole: reading them in parts would skip the text between the parts.
    let whole = sources.map { source in
      var source = source
      source.isPlain = false
      return source
    }
    let subject = Catalogue(
      architecture: architecture, release: release, sources: whole, elements: ElementTypes(of: files),
      faults: Findings(isThorough: true))
    subject.readEverything()
    for check in Self.checks { check.check(subject) { subject.faults.report($0) } }
    return subject.faults.diagnostics.inDocumentOrder()
  }

  private static let checks: [any SchemaCheck] = [
    KnownFolder(), KnownTopLevelKeys(), LanguageVersion(), FileSaysItsName(),
    DistinctNumbers(), ReachableAttributes(), ReachableRules(), PossibleConditions(), PayloadsAreRead(),
    IDsAreDistinct(), MissingAttributesExist(),
    Documented(), Exemplified(), Referenced(), HooksAreRun(), NamesAreUsed(), OrderIsPossible(),
    DescriptionsAreBacked(), ReasonsArePhrases(), InterruptKindsAreSpelledAlike(),
  ]
}

extension Catalogue {
  /// The files that could be read at least in part. The others are already reported as invalid YAML.
  var readableFiles: [SchemaFile] {
    files.filter { file in
      !file.text.topKeys.isEmpty || !faults.diagnostics.contains { $0.range?.file == file.text.file }
    }
  }

  /// Reads every part of every file. All errors are then in `faults`.
  func readEverything() {
    for file in files {
      file.readEverything()
      for owner in file.text.keys(under: "state") { readState(of: owner, in: file) }
      for hook in file.text.keys(under: "hooks") { _ = contributions(to: hook.value) }
    }
    for name in functionNames { read(function: name) }
    for name in ruleFunctionNames { _ = ruleFunction(name) }
    for name in constantNames { _ = constant(name) }
    for name in factNames { _ = fact(named: name) }
    _ = (commonOtherwise, missingAttribute, described, lastOfMajor, [self].messages)
    for name in unitNames { _ = notation(ofUnit: name) }
  }

  private func readState(of owner: Located, in file: SchemaFile) {
    let owners = file.deviceType == nil ? ["vm", "vcpu"] : ["vm", "vcpu", "self"]
    guard owners.contains(owner.value) else {
      faults.error(
        "schema-unknown-key", "state belongs to the 'vm', to a 'vcpu' or, in a device's file, to the device, 'self'",
        at: owner.range)
      return
    }
    _ = state(of: owner.value, in: file)
  }

  private func read(function name: String) {
    // A function that calls itself is reported at the call.
    _ = try? function(name)
  }
}

extension SchemaFile {
  /// Reads every part of the file.
  func readEverything() {
    _ = (number, lifetime, registered, references, exampleSetup)
    _ = (createArguments, features, rulesOfCalls(), save, restore)
    for group in groups { _ = (group.payloads, group.attributes.map { ($0.payloads, $0.repeatsSomeKeys) }) }
  }
}
