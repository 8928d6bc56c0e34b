import DevicePlan
import Diagnostics
import Kernel
import Testing
import Vocabulary
import Workspace

/// The result of validating a file.
///
/// - Parameter schemas: a folder of schemas that are added to the built-in ones.
func validation(_ path: String, facts: HostFacts = HostFacts(), schemas: String? = nil) throws -> Validation {
  var settings = Settings()
  settings.facts = facts
  if let schemas { try settings.addSchemas(in: schemas) }
  return try ManifestWorkspace(settings).validate(SourceFile(reading: path))
}

/// `LINE:COLUMN ID`
func place(_ diagnostic: Diagnostic) -> String {
  "\(diagnostic.range.map { "\($0.start)" } ?? "nowhere") \(diagnostic.id)"
}

/// All texts of a diagnostic: its message, its notes with their places, and its fixes.
func words(_ diagnostic: Diagnostic) -> String {
  let notes = diagnostic.notes.map { note in (note.range.map { "\($0.start) " } ?? "") + note.message }
  return ([diagnostic.message] + notes + diagnostic.fixIts.map(\.replacement)).joined(separator: "\n")
}

/// Whether this user can open `/dev/kvm` here.
let kvmIsUsable: Bool = {
  guard let architecture = Architecture.host else { return false }
  do {
    _ = try KernelHost(Plan(name: "", manifest: "", architecture: architecture, steps: []))
    return true
  } catch { return false }
}()
