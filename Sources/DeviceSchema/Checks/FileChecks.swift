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
      for key in file.text.topKeys where !keys.contains(key.value) && !key.value.isConstant {
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
        report(.error(Self.id, "a schema needs its version: 'schema: 2'", at: file.source))
        continue
      }
      if version.scalar != "2" {
        report(.error(Self.id, "this program reads version 2 of the schema language", at: version.range))
      }
    }
  }
}

/// The name of a device's file is that of its constant: `arm64/arm-vgic-v3.yaml` has `KVM_DEV_TYPE_ARM_VGIC_V3`. A file
/// with several types has any name.
struct FileSaysItsName: SchemaCheck {
  static let id: DiagnosticID = "schema-file-name"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles where file.text.severalTypes.isEmpty {
      guard let type = file.deviceType else {
        for constant in file.constants {
          report(
            .error(Self.id, "\(file.name).yaml describes \(file.words), which is not a device type", at: constant.range)
          )
        }
        continue
      }
      let names = file.constants.map { SchemaText.typeName(of: $0.value) }
      if names.isEmpty, file.text.top("number") == nil {
        let constant = SchemaText.typePrefix + type.uppercased().replacing("-", with: "_")
        report(
          .error(
            Self.id, "the file needs the number of its type, '\(constant): NUMBER', as its name means", at: file.source)
        )
      } else if !names.isEmpty, !names.contains(type) {
        report(.error(Self.id, "the file of this type must be named '\(names[0]).yaml'", at: file.constants[0].range))
      }
    }
  }
}

/// A schema names the kernel files that it describes.
struct Referenced: SchemaCheck {
  static let id: DiagnosticID = "schema-no-sources"

  func check(_ catalogue: Catalogue, report: (Diagnostic) -> Void) {
    for file in catalogue.readableFiles where file.references.isEmpty {
      report(
        .error(
          Self.id, "a schema needs 'sources': the kernel files that it describes",
          at: file.text.topKeys.first { $0.value == "sources" }?.range ?? file.source))
    }
  }
}
