import Diagnostics

/// One thing that is true of every good catalogue.
///
/// What the reader cannot take (an unknown key, an unknown name, a wrong type) it reports while everything is read.
/// Checks look for what can be read and is still wrong.
protocol SchemaCheck: Sendable {
  static var id: DiagnosticID { get }
  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void)
}

extension Catalogue {
  /// Reads and compiles everything of these schemas and runs every check on them.
  ///
  /// - Returns: what is wrong, file by file and from top to bottom.
  package func check() -> [Diagnostic] {
    // Everything is looked at: the shortcut of reading files in parts would hide what stands between them.
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
    DistinctNumbers(), ReachableAttributes(), ReachableRules(), PossibleConditions(),
    Documented(), Exemplified(), Referenced(), HooksAreRun(), NamesAreUsed(), OrderIsPossible(),
    DescriptionsAreBacked(),
  ]
}

extension Catalogue {
  /// The files of which something could be read; of the others it is known that they are no YAML.
  var readableFiles: [SchemaFile] {
    files.filter { file in
      !file.text.topKeys.isEmpty || !faults.diagnostics.contains { $0.range?.file == file.text.file }
    }
  }

  /// Forces every part of every file to be read; what is wrong with it is in `faults` then.
  func readEverything() {
    for file in files {
      file.readEverything()
      for owner in file.text.keys(under: "state") { readState(of: owner, in: file) }
      for owner in file.text.keys(under: "derived") { _ = derived(of: owner.value, in: file) }
      for hook in file.text.keys(under: "hooks") { _ = contributions(to: hook.value) }
    }
    for name in functionNames { read(function: name) }
    for name in fragmentNames { _ = fragment(name) }
    for name in constantNames { _ = constant(name) }
    for name in factNames { _ = fact(named: name) }
  }

  private func readState(of owner: Located<String>, in file: SchemaFile) {
    let owners = file.deviceType == nil ? ["vm", "vcpu"] : ["vm", "vcpu", "device"]
    guard owners.contains(owner.value) else {
      faults.error(
        "schema-unknown-key", "state is the 'vm's, a 'vcpu's or, in a device's file, the 'device's", at: owner.range)
      return
    }
    _ = state(of: owner.value, in: file)
  }

  private func read(function name: String) {
    // A function that calls itself is reported where it does.
    _ = try? function(name)
  }
}

extension SchemaFile {
  /// Forces everything of the file to be read.
  func readEverything() {
    _ = (number, lifetime, registered, references, noAccessor, unknownGroup)
    _ = (createArguments, features, rulesOfCalls())
    for group in groups { _ = (group.payloads, group.attributes.map(\.payloads)) }
  }
}
