import DevicePlan
import Diagnostics
import Glibc
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

/// The number of times that a body opens a file.
func openings(of path: String, _ body: () -> Void) -> Int {
  let watch = inotify_init1(Int32(O_NONBLOCK))
  defer { close(watch) }
  // SAFETY: the path lives throughout the call. Two events that are not equal are not joined.
  #expect(unsafe inotify_add_watch(watch, path, UInt32(IN_OPEN | IN_CLOSE_NOWRITE)) >= 0)
  body()
  // An event without a name has 16 bytes: the watch, then the mask.
  var bytes = [UInt8](repeating: 0, count: 4096)
  // SAFETY: read() gets the length of the buffer, which lives throughout the call.
  let count = unsafe read(watch, &bytes, bytes.count)
  return stride(from: 4, to: max(count, 0), by: 16).count { bytes[$0] & UInt8(IN_OPEN) != 0 }
}
