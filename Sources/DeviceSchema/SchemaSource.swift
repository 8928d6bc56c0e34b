import BuiltInSchemas
import Diagnostics
import Vocabulary

/// A schema file before it is read: its path and its text.
package struct SchemaSource: Sendable {
  /// `arm64/vm.yaml`: the folder is the architecture or `common`, the file's name the device type or scope. It ends in
  /// `.yaml`, even if the file's own name ends in `.yml`.
  package var path: String
  package var file: SourceFile
  /// Whether the file is known to be in plain block style, so that its parts can be parsed one by one.
  var isPlain = false

  package init(path: String, file: SourceFile) {
    self.path = path.hasSuffix(".yml") ? path.dropLast(3) + "yaml" : path
    self.file = file
  }

  /// The folder and the name of the file; nil for a path of another form.
  var place: (folder: Substring, name: Substring)? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"))
    guard parts.count == 2, path.hasSuffix(".yaml") else { return nil }
    return (Substring(parts[0]), Substring(parts[1].dropLast(".yaml".utf8.count)))
  }

  func text(_ faults: Findings) -> SchemaText { SchemaText(file: file, isPlain: isPlain, faults: faults) }
}

extension SchemaSource {
  /// The schemas that are compiled into the program.
  package static let builtIn: [SchemaSource] = BuiltInSchema.all.map { schema in
    let path = schema.path.description
    // SAFETY: the bytes are copied while the buffer is valid.
    let bytes = schema.text.withUTF8Buffer { unsafe Array($0) }
    var source = SchemaSource(path: path, file: SourceFile(path: path, bytes: bytes, isBuiltIn: true))
    source.isPlain = true
    return source
  }
}

extension SchemaSource {
  /// The ids of diagnostics that had another name before: the old id, and the ids that it means now.
  package static let renamedIDs: [String: [String]] = {
    let findings = Findings()
    let entries = builtIn("common/renamed-ids.yaml").text(findings).top("renamed")?.entries ?? []
    return Dictionary(
      entries.map { ($0.key.value, $0.value.strings(named: $0.key.value, findings)) },
      uniquingKeysWith: { first, _ in first })
  }()

  /// A built-in file, such as `common/kvm.yaml`, which says what holds where no other file says otherwise.
  static func builtIn(_ path: String) -> SchemaSource {
    guard let source = builtIn.first(where: { $0.path == path }) else { preconditionFailure("no built-in \(path)") }
    return source
  }

  /// The release that is assumed if none is named, by the built-in schemas.
  package static var assumedRelease: Release { builtInReleases.assumed }

  fileprivate static let builtInReleases: DescribedReleases = {
    guard let releases = builtIn("common/kvm.yaml").releases else { preconditionFailure("kvm.yaml has no release") }
    return releases
  }()

  /// What the file says of releases; nil if it says nothing.
  fileprivate var releases: DescribedReleases? {
    let text = text(Findings())
    func start(_ key: String) -> ReleaseBound.Start? { text.top(key)?.releaseBound(Findings())?.mainline }
    return start("describes").map { described in
      DescribedReleases(
        oldest: described.lastWithout, newest: described.release,
        assumed: start("assumes")?.release ?? described.release,
        lastOfMajor: text.top("last-of-major")?.releases(named: "last-of-major", Findings()) ?? [])
    }
  }
}

/// What schemas say of releases: `describes`, `assumes` and `last-of-major`.
private struct DescribedReleases {
  /// Nil if the schemas do not say.
  var oldest: Release?
  var newest: Release
  /// The release that is assumed if none is named.
  var assumed: Release
  /// The last release of each major number after which another has begun.
  var lastOfMajor: [Release]
}

extension [SchemaSource] {
  /// The newest release that the schemas describe.
  package var newestRelease: Release { releases.newest }

  /// The oldest release that the schemas describe; nil if they do not say.
  package var oldestRelease: Release? { releases.oldest }

  /// The release that is assumed if none is named.
  package var assumedRelease: Release { releases.assumed }

  /// The last release with the same major number; nil if more may follow.
  package func lastRelease(ofMajorOf release: Release) -> Release? {
    releases.lastOfMajor.first { $0.major == release.major }
  }

  private var releases: DescribedReleases {
    first { $0.path == "common/kvm.yaml" && !$0.file.isBuiltIn }?.releases ?? SchemaSource.builtInReleases
  }
}
