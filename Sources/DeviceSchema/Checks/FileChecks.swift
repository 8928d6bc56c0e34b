import Diagnostics
import Vocabulary
import YAMLSyntax

/// A schema is in a folder named after an architecture, or in `common`.
///
/// A file elsewhere would silently belong to no catalogue.
struct KnownFolder: SchemaCheck {
  static let id: DiagnosticID = "schema-file-name"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    let folders = Architecture.names + ["common"]
    for source in catalogue.sources {
      let parts = source.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      if parts.count == 2, folders.contains(parts[0]), parts[1].hasSuffix(".yaml") { continue }
      let hint = parts.first.flatMap { folders.nearest(to: $0) }.map { "; did you mean '\($0)/'?" } ?? ""
      report(
        .error(
          Self.id, "'\(source.path)' is not a valid path for a schema: use ARCH/NAME.yaml or common/NAME.yaml\(hint)",
          at: SourceRange(file: source.file, start: .start, end: .start)))
    }
  }
}

/// A schema file has only the keys of the language.
struct KnownTopLevelKeys: SchemaCheck {
  static let id: DiagnosticID = "schema-unknown-key"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.files {
      let keys = SchemaFile.keys + (file.subject == .common("kvm") ? SchemaFile.kvmKeys : [])
      for key in file.text.topKeys where !keys.contains(key.value) {
        let hint = keys.suggestion(for: key.value)
        report(.error(Self.id, "a schema has no key '\(key.value)'\(hint)", at: key.range))
      }
    }
  }
}

/// A schema states the version of its language.
struct LanguageVersion: SchemaCheck {
  static let id: DiagnosticID = "schema-version"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles {
      guard let version = file.text.top("schema") else {
        report(.error(Self.id, "a schema needs its version: 'schema: 1'", at: file.source))
        continue
      }
      if version.scalar != "1" {
        report(.error(Self.id, "this program reads version 1 of the schema language", at: version.range))
      }
    }
  }
}

/// The path of a file matches its `type`, `scope` or `common`.
///
/// Files are found by their names alone, so that a run reads only those that it needs.
struct FileSaysItsName: SchemaCheck {
  static let id: DiagnosticID = "schema-file-name"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles {
      let (key, value) = file.subject.words
      let others = ["type", "scope", "common"].filter { $0 != key }
      if let node = file.text.top(key) {
        if node.scalar != value {
          report(.error(Self.id, "the file's name means '\(key): \(value)'", at: node.range))
        }
      } else {
        report(.error(Self.id, "the file needs '\(key): \(value)', as its name means", at: file.source))
      }
      for other in others {
        if let found = file.text.topKeys.first(where: { $0.value == other }) {
          report(.error(Self.id, "a file with '\(key)' cannot have '\(other)'", at: found.range))
        }
      }
    }
  }
}

extension SchemaSubject {
  /// The key that states the subject of a file, and its value.
  fileprivate var words: (key: String, value: String) {
    switch self {
    case .device(let name): ("type", name)
    case .vm: ("scope", "vm")
    case .vcpu: ("scope", "vcpu")
    case .system: ("scope", "system")
    case .common(let name): ("common", name)
    }
  }
}

/// A schema names the kernel files that it describes.
struct Referenced: SchemaCheck {
  static let id: DiagnosticID = "schema-no-reference"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles where file.references.isEmpty {
      report(
        .error(
          Self.id, "a schema needs a 'reference': the kernel files that it describes",
          at: file.text.topKeys.first { $0.value == "reference" }?.range ?? file.source))
    }
  }
}
