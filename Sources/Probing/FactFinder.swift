import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Kernel
import Vocabulary
import Workspace
import YAMLSyntax

/// Finds the facts that the schemas of an architecture declare, by the method that each of them gives.
struct FactFinder<Host: ProbedHost> {
  let host: Host
  let workspace: ManifestWorkspace
  let catalogue: Catalogue
  /// The values of KVM_CHECK_EXTENSION, by capability number.
  let extensions: [UInt32: UInt32]

  func facts() throws(DiagnosticsError) -> [HostProbe.FoundFact] {
    var found: [HostProbe.FoundFact] = []
    let world = FactWorld()
    for fact in catalogue.declaredFacts {
      var result = HostProbe.FoundFact(
        name: fact.name, doc: fact.doc, how: "by hand", manual: fact.probe?.manual, assumed: fact.assumed?.text)
      if let probe = fact.probe, let method = probe.method {
        let finding = try find(method, probe)
        result.how = finding.how
        result.value = finding.sight.flatMap { value(of: fact, probe, $0, world) }
      }
      if let value = result.value { world.facts[fact.name] = value }
      found.append(result)
    }
    return found
  }

  /// What a method found: the value that was read, the answer of the last call, and the answers of all calls.
  private struct Sight {
    var value: Value
    var answer = Value.null
    var answers = Value.list([])
  }

  private func find(
    _ method: FactProbe.Method, _ probe: FactProbe
  ) throws(DiagnosticsError) -> (sight: Sight?, how: String) {
    switch method {
    case .checkExtension(let constant, let number):
      return (extensions[number].map { Sight(value: Value($0)) }, constant)
    case .calls(let steps): return try calls(steps, probe)
    case .file(let patterns, let lines):
      for path in patterns.flatMap(paths) {
        if let value = content(of: path, lines) { return (Sight(value: value), path) }
      }
      return (nil, patterns.words)
    case .files(let patterns, let lines):
      let values = patterns.flatMap(paths).compactMap { content(of: $0, lines) }
      // That there is no such file can be an answer, too, if an expression says which.
      let isAnswer = !values.isEmpty || (lines.isEmpty && probe.value != nil)
      return (isAnswer ? Sight(value: .list(values)) : nil, patterns.words)
    }
  }

  /// The value of the fact from what was found; nil if that does not decide it.
  private func value(of fact: Fact, _ probe: FactProbe, _ sight: Sight, _ world: FactWorld) -> Value? {
    var value = sight.value
    if let expression = probe.value {
      let evaluator = Evaluator(world: world)
      let locals = [sight.value, sight.answer, sight.answers]
      value =
        evaluator.withFrame(locals, size: probe.frameSize) {
          do throws(EvaluationError) {
            return try evaluator.evaluate(expression)
          } catch {
            catalogue.faults.report(
              .error("schema-evaluation", "'\(expression.text)': \(error.message)", at: expression.source))
            return nil
          }
        } ?? .unknown
    } else if case .string(let answer) = sight.answer, sight.value == .null {
      value = .bool(answer == "ok")
    }
    if case .integer(let number) = value, case .bool = fact.type { value = .bool(number != 0) }
    switch value {
    case .null, .unknown: return nil
    default: return value.fits(fact.type) ? value : nil
    }
  }
}

// MARK: Calls

extension FactFinder {
  private func calls(_ steps: [Node], _ probe: FactProbe) throws(DiagnosticsError) -> (Sight?, String) {
    let findings = Findings()
    let plan = workspace.plan(steps: steps, at: probe.source, catalogue, findings)
    guard !findings.hasErrors, let last = plan.steps.last else { return (nil, "calls") }
    guard (try? workspace.hazards(of: plan))?.isEmpty ?? false else {
      return (nil, "calls that would crash this kernel")
    }
    let report = try host.run(plan, workspace)
    if let failed = report.entries.first(where: { $0.verdict.isFailure }) {
      return (nil, "\(failed.step.words) answered \(failed.result.outcome.words)")
    }
    guard let entry = report.entries.last, let answer = entry.result.outcome.answer else { return (nil, last.words) }
    var sight = Sight(
      value: .null, answer: .string(answer.description),
      answers: .list(report.entries.map { $0.result.outcome.answer.map { .string($0.description) } ?? .unknown }))
    if let bytes = entry.result.value { sight.value = decode(bytes, plan) }
    return (sight, last.words)
  }

  /// The value that the last step of a plan read. Of a call whose struct points to a number, that number.
  private func decode(_ bytes: [UInt8], _ plan: Plan) -> Value {
    let isBigEndian = catalogue.architecture.isBigEndian
    guard let step = plan.steps.last, let file = plan.schemaFiles(in: catalogue).last ?? nil else { return .unknown }
    if case .request(let call) = step.operation {
      let schema = catalogue.request(numbered: call.request, on: file, named: step.attribute)?.call
      // What a struct points to follows it.
      let target = bytes.dropFirst(schema?.type.fixedSize ?? bytes.count)
      let number = IntegerType(size: target.count, isSigned: false)
      return [1, 2, 4, 8].contains(target.count)
        ? PayloadType.integer(number).decode(target, bigEndian: isBigEndian) : .unknown
    }
    guard let call = step.operation.attributeCall,
      let (group, attribute, key) = file.attribute(group: call.group, attr: call.attr)
    else { return .unknown }
    return group.payload(of: attribute, key, call.attr).decode(bytes[...], bigEndian: isBigEndian)
  }
}

/// Makes facts that were found earlier available to the expressions of later ones.
private final class FactWorld: World {
  var facts: [String: Value] = [:]

  func fact(_ name: String) -> Value { facts[name] ?? .unknown }
}

// MARK: Files

extension FactFinder {
  /// The existing paths that match a pattern.
  private func paths(_ pattern: FilePattern) -> [String] {
    var found = [""]
    for part in pattern.text.split(separator: "/") {
      found = found.flatMap { folder -> [String] in
        if FilePattern(String(part)).isPlain { return ["\(folder)/\(part)"] }
        let names = host.names(inFolder: folder.isEmpty ? "/" : folder)
        return names.filter { FilePattern.matches($0[...], part) }.map { "\(folder)/\($0)" }
      }
    }
    return found.filter(host.exists)
  }

  /// The content of a file: the first line that matches a pattern, or the whole text if there are no patterns. Nil if
  /// the file cannot be read, or if no line matches and a pattern asks for a value.
  private func content(of path: String, _ lines: [LinePattern]) -> Value? {
    guard let text = host.text(ofFile: path) else { return nil }
    if lines.isEmpty {
      let trimmed = text.trimmingBlanks
      return IntegerLiteral.parse(trimmed).map(Value.integer) ?? .string(trimmed)
    }
    for line in text.split(whereSeparator: { $0 == "\n" || $0 == "\0" }) {
      for pattern in lines {
        if let found = pattern.find(in: line) { return found }
      }
    }
    return lines.allSatisfy(\.asksForNothing) ? .bool(false) : nil
  }
}

extension [FilePattern] {
  fileprivate var words: String { map(\.text).joined(separator: ", ") }
}

extension String {
  /// The text without blanks and line breaks at both ends.
  fileprivate var trimmingBlanks: String {
    func isBlank(_ character: Character) -> Bool { character.isWhitespace || character == "\0" }
    var rest = self[...].drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return String(rest)
  }
}
