extension Plan {
  /// The plan without descriptions: places, reasons, the texts of values, the name of its file. Plans with equal cores make
  /// the same calls and judge them in the same way.
  package var core: Plan {
    var core = self
    core.manifest = ""
    for i in core.files.indices { core.files[i].at = .nowhere }
    for i in core.parameters.indices { core.parameters[i].at = .nowhere }
    for i in core.steps.indices {
      core.steps[i].at = .nowhere
      core.steps[i].keyPlaces = KeyPlaces()
      core.steps[i].key = nil
      core.steps[i].value = nil
      core.steps[i].moved = nil
      core.steps[i].hints = []
    }
    return core
  }
}
