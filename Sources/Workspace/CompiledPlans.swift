import DevicePlan
import Diagnostics
import PlanFormat
import Vocabulary

extension SourceFile {
  /// Whether the file is a compiled plan, by its content or by the extension `.kvmplan`.
  var isCompiledPlan: Bool { Plan.isCompiled(bytes) || path.hasSuffix(".kvmplan") }
}

extension LoadedFile {
  /// Loads a compiled plan as a file with one planned manifest.
  ///
  /// - Parameter settings: the values of the plan's parameters, by name.
  init(compiled file: SourceFile, settings: [String: String]) {
    self.init(file: file)
    do throws(DiagnosticsError) {
      var plan = try Plan(compiled: file.bytes, path: file.path)
      diagnostics = plan.fill(settings)
      if diagnostics.isEmpty { diagnostics = plan.faultsOfDefaults }
      manifests = [PlannedManifest(plan: plan, incomplete: [], firstLine: 1)]
    } catch {
      diagnostics = error.diagnostics
    }
  }
}

extension Plan {
  /// Puts parameter values into the payloads that use them.
  ///
  /// - Parameter settings: the values as the user wrote them, by the parameter's name.
  /// - Returns: an error for each unknown parameter and for each value that does not fit. If there is an error in a
  ///   name or a type, no value is filled in.
  fileprivate mutating func fill(_ settings: [String: String]) -> [Diagnostic] {
    var diagnostics: [Diagnostic] = []
    var values: [Int: Int128] = [:]
    for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
      guard let index = parameters.firstIndex(where: { $0.name == name }) else {
        let hint = parameters.map(\.name).suggestion(for: name)
        diagnostics.append(.error("unknown-parameter", "--set: the plan has no parameter '\(name)'\(hint)", at: nil))
        continue
      }
      guard let value = IntegerLiteral.parse(text), parameters[index].range.contains(value) else {
        diagnostics.append(
          .error(
            "parameter-type", "--set \(name) is '\(text)', which is not of type \(parameters[index].typeName)", at: nil)
        )
        continue
      }
      values[index] = value
    }
    if diagnostics.isEmpty { diagnostics += fill(values) }
    return diagnostics
  }
}
