import Diagnostics

extension Plan {
  /// The plan without its descriptive parts: places, reasons, the text of values, the file that it came from. Plans
  /// with equal cores make the same calls and judge them in the same way.
  package var core: Plan {
    let nowhere = SourceRange(file: Self.nothing, start: .start, end: .start)
    var core = self
    core.manifest = ""
    for i in core.files.indices { core.files[i].at = nowhere }
    for i in core.parameters.indices { core.parameters[i].at = nowhere }
    for i in core.steps.indices {
      core.steps[i].at = nowhere
      core.steps[i].keyPlaces = [:]
      core.steps[i].value = nil
      core.steps[i].moved = nil
      core.steps[i].hints = []
    }
    return core
  }

  private static let nothing = SourceFile(path: "", bytes: [])
}
