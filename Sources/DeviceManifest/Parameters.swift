import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// The parameters whose values are supplied at load time, in the order of the text.
struct LoadedParameters {
  private(set) var all: [PlanParameter] = []
  var hasAny: Bool { !all.isEmpty }
  private var indices: [String: Int] = [:]

  init(_ parameters: [PlanParameter] = []) {
    for parameter in parameters { append(parameter) }
  }

  mutating func append(_ parameter: PlanParameter) {
    indices[parameter.name] = all.count
    all.append(parameter)
  }

  func index(named name: String) -> Int? { indices[name] }

  /// Where the value of a parameter comes from, such as `parameter 'base' is supplied at load time`.
  func origin(_ index: Int) -> String {
    all[index].isRead
      ? "value '\(all[index].name)' is read by a step" : "parameter '\(all[index].name)' is supplied at load time"
  }

  /// The index of the parameter that is a whole value, as in `${NAME}`; nil for any other text.
  func index(of text: String) -> Int? {
    guard !all.isEmpty, text.hasPrefix("${"), text.hasSuffix("}") else { return nil }
    return indices[String(text.dropFirst(2).dropLast())]
  }
}

/// The parameters of a manifest, and the evaluation of `${…}`.
package final class Parameters {
  /// The types that a parameter can have.
  package static let typeNames = ParameterType.names

  private struct Parameter {
    var value: Value
    var range: SourceRange
    var isUsed = false
  }

  /// The text for the index of a vCPU that is known only when the plan is loaded.
  static let vcpuIndex = "${vcpu.index}"

  private let findings: Findings
  private var parameters: [String: Parameter] = [:]
  private var order: [String] = []
  /// The parameters that have no value, which has been reported.
  private var withoutValue: Set<String> = []
  /// The names of the parameters, by the form in which expressions refer to them.
  private var names: [String: String] = [:]
  private(set) var loaded = LoadedParameters()
  /// The name for the elements of the list of the last repeated step.
  var loopVariable: String?
  /// Where each unknown name is used first.
  private var unknownNames: [String: SourceRange] = [:]
  /// The number of unknown names that still get a suggestion.
  private var suggestionsLeft = 100
  /// Whether a step reads a value whose name cannot be used, so that later steps may mean it by any unknown name.
  private var hasNamelessRead = false
  /// Whether an expression could not be read, so that the parameters that it uses are unknown.
  private var hasUnreadableExpression = false
  /// The tables of the schemas, and the vCPUs that exist where a step is repeated.
  var lists: (String) -> Value? = { _ in nil }
  /// The names that the manifest's steps give.
  var namesInSteps = NamesInSteps([])
  /// The names of those lists.
  var listNames: [String] = []
  private let world = VCPUWorld()
  private lazy var evaluator = Evaluator(world: world)
  /// The expressions read so far, without and with `vcpu`. A value of a vCPU is evaluated again for each vCPU.
  private var expressions: (plain: [String: ReadExpression], ofVCPU: [String: ReadExpression]) = ([:], [:])

  init(_ findings: Findings) { self.findings = findings }

  /// Reads `parameters:` and the values from the command line.
  func read(_ node: Node?, settings: [String: String]) {
    for entry in node.map({ MappingReader($0, of: "'parameters'", keys: nil, findings).entries }) ?? [] {
      let reader = MappingReader(
        entry.value, of: "parameter '\(entry.key.value)'", keys: ["type", "default", "doc", "at"], findings,
        example: ParameterType.example(entry.value))
      order.append(entry.key.value)
      // A hyphen in a name is written as an underscore, because a hyphen is a minus in an expression.
      if names[entry.key.value.identifier] == nil { names[entry.key.value.identifier] = entry.key.value }
      parameters[entry.key.value] = Parameter(value: .unknown, range: entry.key.range)
      _ = reader.text("doc")
      guard let typeNode = reader.required("type", "u8 to u64, i8 to i64, bool or string") else { continue }
      guard let type = ParameterType(typeNode.scalar ?? "") else {
        findings.unknown(
          "parameter-type", "there is no parameter type", typeNode.scalar ?? typeNode.kind,
          among: ParameterType.names, at: typeNode.range)
        continue
      }
      if let at = reader["at"], at.scalar != "load" {
        findings.error(
          "unknown-name", "'at' can only be 'load', not '\(at.scalar ?? at.kind)'", at: at.range,
          notes: [Note("without 'at', the value is known when the plan is made")])
        continue
      }
      if let initial = reader["default"], initial.scalar == nil {
        findings.wrongKind(initial, of: "the default of parameter '\(entry.key.value)'", wanted: "one value")
        continue
      }
      if let text = settings[entry.key.value] {
        let value = value(text, type, name: entry.key.value, at: nil)
        parameters[entry.key.value]?.value = value
      } else if reader["at"] != nil {
        readLoaded(entry.key, type, typeNode, reader["default"])
      } else if let initial = reader["default"], let text = initial.scalar, !initial.isEmpty {
        let value = value(text, type, name: entry.key.value, at: initial.range)
        parameters[entry.key.value]?.value = value
      } else {
        withoutValue.insert(entry.key.value)
        findings.error(
          "missing-parameter",
          "parameter '\(entry.key.value)' has no default and no value; give it with --set \(entry.key.value)=VALUE",
          at: entry.key.range)
      }
    }
    for name in settings.keys.sorted() where parameters[name] == nil {
      let hint = order.suggestion(for: name)
      findings.error(
        "unknown-parameter", "--set: the manifest has no parameter '\(name)'\(hint)", at: node?.range.firstLine)
    }
  }

  /// Reads a parameter whose value is supplied at load time. Its default is used if the loader has no value.
  private func readLoaded(_ name: Located, _ type: ParameterType, _ typeNode: Node, _ initial: Node?) {
    guard case .integer(let range, let typeName) = type, let bits = Int(typeName.dropFirst()) else {
      findings.error(
        "parameter-type", "a parameter supplied at load time must be an integer, u8 to u64 or i8 to i64",
        at: typeNode.range)
      return
    }
    var parameter = PlanParameter(name: name.value, size: bits / 8, isSigned: range.lowerBound < 0, at: name.range)
    if let initial, let text = initial.scalar, !initial.isEmpty {
      parameter.initial = value(text, type, name: name.value, at: initial.range).integer
    }
    loaded.append(parameter)
  }

  /// Declares a value that a step reads, for later steps. Returns its index; nil if the name is taken, which is reported.
  func declareRead(_ name: Located, size: Int, isSigned: Bool) -> Int? {
    if let other = names[name.value.identifier].flatMap({ parameters[$0] }) {
      findings.error(
        "duplicate-name", "there is already a value '\(name.value)'", at: name.range,
        notes: [Note("it is declared here", at: other.range)])
      return nil
    }
    names[name.value.identifier] = name.value
    parameters[name.value] = Parameter(value: .unknown, range: name.range, isUsed: true)
    loaded.append(PlanParameter(name: name.value, size: size, isSigned: isSigned, isRead: true, at: name.range))
    expressions = ([:], [:])
    return loaded.all.count - 1
  }

  /// Declares a value of a step with an error, which has been reported, so that its uses are not reported.
  ///
  /// - Parameter name: nil if it has no valid name.
  func declareUnknown(_ name: Located?) {
    guard let name else {
      hasNamelessRead = true
      return
    }
    if names[name.value.identifier] != nil { return }
    names[name.value.identifier] = name.value
    parameters[name.value] = Parameter(value: .unknown, range: name.range, isUsed: true)
    expressions = ([:], [:])
  }

  private func value(_ text: String, _ type: ParameterType, name: String, at range: SourceRange?) -> Value {
    if let value = type.value(of: text) { return value }
    let place = range == nil ? "--set \(name)" : "the default of parameter '\(name)'"
    findings.error(
      "parameter-type", "\(place) is '\(text)', which is not of type \(type.words)",
      at: range ?? parameters[name]?.range)
    return .unknown
  }

  /// Reports unused parameters.
  ///
  /// A parameter of an extended manifest may be used there where the extending one has another value.
  ///
  /// - Parameters:
  ///   - file: the file of the manifest.
  ///   - mayBeUsed: whether a part of the manifest that was not read may use a parameter, given its name in expressions.
  func reportUnused(in file: SourceFile, unless mayBeUsed: (String) -> Bool) {
    if hasUnreadableExpression { return }
    for name in order {
      // A parameter without a value is reported already.
      if let parameter = parameters[name], !parameter.isUsed, !withoutValue.contains(name),
        !mayBeUsed(name.identifier),
        parameter.range.file == file || !parameter.range.file.hasExpression(with: name.identifier)
      {
        findings.error(
          "unused-parameter",
          "parameter '\(name)' is not used; write \"${\(name.identifier)}\" where its value belongs",
          at: parameter.range)
      }
    }
  }

  // MARK: Expansion

  /// A node with every `${…}` in its scalars replaced by its value. One that fails is reported and stays as it is; see
  /// `Node.isUnexpanded`.
  ///
  /// - Parameter vcpu: the meaning of `vcpu` in the node.
  func expand(_ node: Node, vcpu: VCPUContext? = nil) -> Node {
    guard node.mentionsExpression else { return node }
    switch node.content {
    case .scalar(let text, let style):
      guard text.utf8.contains(UInt8(ascii: "$")), let expanded = expand(text, in: node, vcpu) else { return node }
      return Node(.scalar(expanded, style == .plain ? .quoted : style), at: node.range)
    case .sequence(let items): return Node(.sequence(items.map { expand($0, vcpu: vcpu) }), at: node.range)
    // Its names include that of the loop, see `repeated`.
    case .mapping(let entries) where entries.contains { $0.key.value == "for" }: return node
    case .mapping(let entries):
      return Node(
        .mapping(entries.map { Entry(key: $0.key, value: expand($0.value, vcpu: vcpu)) }), at: node.range)
    }
  }

  /// Repeats a node with `for: NAME in LIST` for each element of the list, with `${NAME}` replaced; nil after an error.
  ///
  /// - Parameter mayBeEmpty: whether an error that is reported may be why a list is empty.
  func repeated(_ node: Node, mayBeEmpty: Bool) -> [Node]? {
    guard let header = node[key: "for"] else { return [node] }
    guard let (variable, text) = header.loopHeader else {
      findings.error(
        "wrong-kind", "a repeated step must be 'for: NAME in LIST', such as 'n in 0..31'", at: header.range)
      return nil
    }
    guard let list = list(text) else { return nil }
    if list.isEmpty, !mayBeEmpty {
      findings.report(.warning("empty-list", "the list is empty, so the step is not made", at: text.range))
    }
    let (outer, outerName, body) = (parameters[variable], names[variable], node.without("for"))
    defer {
      (parameters[variable], names[variable]) = (outer, outerName)
      expressions = ([:], [:])
    }
    names[variable] = variable
    loopVariable = variable
    return list.map { element in
      parameters[variable] = Parameter(value: element, range: header.range, isUsed: true)
      expressions = ([:], [:])
      return expand(body)
    }
  }

  /// The elements of a list that is written as an expression, such as `0..31`, `vcpus` or the rows of a table.
  private func list(_ node: Node) -> [Value]? {
    let scope = ParameterScope(self, hasVCPU: false, hasLists: true)
    let text = node.scalar ?? ""
    if text.isValueName || text == "vcpu", parameter(calledBy: text.identifier) == nil, lists(text) == nil {
      findings.unknown("unknown-name", "there is no list", text, among: listNames, at: node.range)
      return nil
    }
    do throws(ExpressionError) {
      let expression = try Expression(node.scalar ?? "", in: scope, as: .list(.any))
      for name in scope.used { parameters[name]?.isUsed = true }
      do throws(EvaluationError) {
        if let elements = try evaluator.evaluate(expression).list { return elements }
        findings.error("bad-expression", "the list of a repeated step is not known", at: node.range)
      } catch {
        findings.error("bad-expression", error.message, at: node.range(of: error.span))
      }
    } catch {
      if reportCut(node) { return nil }
      let bounds = text.split(separator: "-").map { $0.filter { $0 != " " } }
      let isRange = bounds.count == 2 && bounds.allSatisfy { IntegerLiteral.parse($0) != nil }
      findings.error(
        "bad-expression", error.message, at: node.range(of: error.span),
        notes: isRange ? [Note("did you mean \(bounds.joined(separator: ".."))?")] : [])
    }
    return nil
  }

  /// Reports the header of a loop that YAML has ended at a comma between brackets. Returns false for another header.
  private func reportCut(_ list: Node) -> Bool {
    let file = list.range.file
    let value = file.unquotedValue(at: list.range.start)
    guard list.range.bytes.upperBound < value.range.bytes.upperBound,
      file.bytes[list.range.bytes.upperBound] == UInt8(ascii: ",")
    else { return false }
    var text = value.text
    // Quotes around the list only.
    if let open = text.firstRange(of: " in \""), text.hasSuffix("\"") {
      text.replaceSubrange(open, with: " in ")
      text.removeLast()
    }
    let right = quoted(text)
    findings.error(
      "bad-expression", "a ',' ends this text within '{ }': put quotes around all of it, \(right)", at: list.range,
      fixIts: [FixIt(replace: value.range, with: right)])
    return true
  }

  /// The expression, in quotes, that a text without `${` is meant as; nil for another text.
  ///
  /// - Parameter hasVCPU: whether `vcpu` may be meant.
  func expression(meantBy text: String, hasVCPU: Bool) -> String? {
    func isKnown(_ word: String) -> Bool { names[word] != nil || word == loopVariable || hasVCPU && word == "vcpu" }
    guard text.utf8.count <= 200, text.words.contains(where: isKnown) else { return nil }
    var inner = text[...]
    if inner.first == "$" { inner.removeFirst() }
    for (open, close) in [("(", ")"), ("{", "}")] where inner.hasPrefix(open) && inner.hasSuffix(close) {
      inner = inner.dropFirst().dropLast()
    }
    let (outer, outerName) = loopVariable.map { (parameters[$0], names[$0]) } ?? (nil, nil)
    if let loopVariable {
      names[loopVariable] = loopVariable
      parameters[loopVariable] = Parameter(value: .unknown, range: .nowhere)
    }
    defer { if let loopVariable { (parameters[loopVariable], names[loopVariable]) = (outer, outerName) } }
    let scope = ParameterScope(self, hasVCPU: hasVCPU)
    guard (try? Expression(String(inner), in: scope)) != nil else { return nil }
    let right = "${\(inner)}"
    return right.contains("\"") ? nil : "\"\(right)\""
  }

  /// Nil if there is nothing to replace.
  private func expand(_ text: String, in node: Node, _ vcpu: VCPUContext?) -> String? {
    guard Interpolation.isNeeded(for: text) else { return nil }
    let interpolation = Interpolation(text)
    var result = ""
    for piece in interpolation.pieces {
      switch piece {
      case .text(let text): result += text
      case .expression(let text, let offset): result += evaluate(text, offset: offset, in: node, vcpu)
      }
    }
    if interpolation.isUnclosed {
      hasUnreadableExpression = true
      findings.error("bad-expression", "'${' has no closing '}'", at: node.range)
      result = text
    }
    if Interpolation.isNeeded(for: result), result != Self.vcpuIndex, loaded.index(of: result) == nil {
      findings.dropConsequences(at: node.range)
    }
    return result
  }

  private func evaluate(_ text: String, offset: Int, in node: Node, _ vcpu: VCPUContext?) -> String {
    let known = vcpu == nil ? expressions.plain[text] : expressions.ofVCPU[text]
    let scope = known?.scope ?? ParameterScope(self, hasVCPU: vcpu != nil)
    func report(_ message: String, _ span: Span) -> String {
      let range = node.range(of: Span(start: span.start + offset, length: span.length))
      let isLoaded =
        scope.used.contains { loaded.index(named: $0) != nil } || (scope.usesVCPU && vcpu?.isEach == true)
      if scope.failedName != nil, hasNamelessRead { return "${\(text)}" }
      // An unknown name is reported where it is used first.
      if let name = scope.failedName, let first = unknownNames[name], first != range { return "${\(text)}" }
      if let name = scope.failedName { unknownNames[name] = range }
      if let name = scope.failedName, let place = namesInSteps.place(ofStepReading: name, after: range) {
        findings.error(
          "unknown-parameter", "a step below reads '\(name)', and only the steps after it can use it", at: range,
          notes: [Note("it is read here", at: place)])
        return "${\(text)}"
      }
      let id: DiagnosticID =
        isLoaded ? "load-parameter" : scope.failedName == nil ? "bad-expression" : "unknown-parameter"
      findings.error(id, message, at: range)
      return "${\(text)}"
    }
    let value: Value
    do throws(ExpressionError) {
      let expression: Expression
      if let known { expression = known.expression } else { expression = try Expression(text, in: scope) }
      if known == nil {
        for name in scope.used { parameters[name]?.isUsed = true }
        let read = ReadExpression(expression: expression, scope: scope)
        if vcpu == nil { expressions.plain[text] = read } else { expressions.ofVCPU[text] = read }
      }
      if scope.usesVCPU, vcpu?.isEach == true {
        if ["${vcpu.index}", "${vcpu.id}"].contains(node.scalar) { return Self.vcpuIndex }
        return report(
          "the vCPU's index is known only at load time: \"${vcpu.index}\" must be a whole value, not part of one",
          Span(start: 0, length: text.utf8.count))
      }
      if let index = scope.used.compactMap(loaded.index(named:)).min() {
        let name = loaded.all[index].name
        if node.scalar == "${\(name.identifier)}" { return "${\(name)}" }
        return report(
          "\(loaded.origin(index)): it must be a whole value, \"${\(name.identifier)}\", not part of one",
          Span(start: 0, length: text.utf8.count))
      }
      do throws(EvaluationError) {
        world.vcpu = vcpu
        value = try evaluator.evaluate(expression)
      } catch {
        return report(error.message, error.span)
      }
    } catch {
      hasUnreadableExpression = true
      return report(error.message, error.span)
    }
    switch value {
    case .integer(let integer): return integer > 0xFFFF ? grouped(integer) : String(integer)
    case .bool(let truth): return truth ? "true" : "false"
    case .string(let string): return string
    case .unknown: return "${\(text)}"
    default:
      return report("expected an integer or text, found \(value.kind)", Span(start: 0, length: text.utf8.count))
    }
  }
}

extension Node {
  /// Whether a scalar in this node may have a `${…}`.
  var mentionsExpression: Bool {
    switch content {
    case .scalar(let text, _): text.hasDollar
    case .sequence(let items): items.indices.contains { items[$0].mentionsExpression }
    case .mapping(let entries):
      entries.indices.contains { i in
        // Most values are scalars, which are not copied here.
        if case .scalar(let text, _) = entries[i].value.content {
          text.hasDollar
        } else {
          entries[i].value.mentionsExpression
        }
      }
    }
  }

  /// Whether an expression in this scalar has failed, and was reported: whatever the text is then is no fault of its own.
  var isUnexpanded: Bool {
    guard let scalar, scalar.hasDollar else { return false }
    return Interpolation.isNeeded(for: scalar)
  }
}

extension String {
  fileprivate var hasDollar: Bool {
    let bytes = utf8.span
    for i in bytes.indices where bytes[i] == UInt8(ascii: "$") { return true }
    return false
  }
}

/// The vCPU that `vcpu` refers to.
struct VCPUContext: Hashable {
  var id: UInt64
  var index: Int
  /// Whether it represents every vCPU, with the number of vCPUs supplied at load time.
  var isEach = false
}

/// A type that a parameter can have.
private enum ParameterType {
  case integer(ClosedRange<Int128>, String)
  case bool, string

  static let names = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "bool", "string"]

  /// The declaration of a parameter with this default, for a message.
  static func example(_ initial: Node) -> String? {
    guard let text = initial.scalar else { return nil }
    let type = IntegerLiteral.parse(text) != nil ? "u64" : Bool(text) != nil ? "bool" : "string"
    return "{type: \(type), default: \(initial.flow)}"
  }

  init?(_ name: String) {
    switch name {
    case "bool": self = .bool
    case "string": self = .string
    default:
      guard let bits = Int128(name.dropFirst()), [8, 16, 32, 64].contains(bits), Self.names.contains(name) else {
        return nil
      }
      switch name.first {
      case "u": self = .integer(0...(1 << bits) - 1, name)
      case "i": self = .integer(-(1 << (bits - 1))...(1 << (bits - 1)) - 1, name)
      default: return nil
      }
    }
  }

  var words: String {
    switch self {
    case .integer(_, let name): name
    case .bool: "bool; write true or false"
    case .string: "string"
    }
  }

  func value(of text: String) -> Value? {
    switch self {
    case .integer(let range, _): IntegerLiteral.parse(text).flatMap { range.contains($0) ? .integer($0) : nil }
    case .bool: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
    case .string: .string(text)
    }
  }
}

extension Parameters {
  /// The parameter that an expression calls by this name, with its value.
  fileprivate func parameter(calledBy name: String) -> (name: String, value: Value)? {
    names[name].flatMap { written in parameters[written].map { (written, $0.value) } }
  }

  /// The names among which the one is that an unknown name probably meant; empty after many unknown names, because each
  /// search takes time.
  fileprivate func namesToSuggest() -> [String] {
    suggestionsLeft -= 1
    return suggestionsLeft >= 0 ? parameters.keys.sorted() : []
  }
}

/// An expression of a manifest, and the names that it uses.
private struct ReadExpression {
  var expression: Expression
  var scope: ParameterScope
}

/// The value of `vcpu`.
private final class VCPUWorld: World {
  var vcpu: VCPUContext?

  func value(of root: Root) throws(EvaluationError) -> Value {
    guard root == .vcpu, let vcpu, !vcpu.isEach else { return .unknown }
    return .record(Fields([("id", Value(vcpu.id)), ("index", Value(vcpu.index))]))
  }
}

/// The names that are visible in `${…}`.
private final class ParameterScope: Scope {
  private let parameters: Parameters
  private let hasVCPU: Bool
  private let lists: (String) -> Value?
  private let listNames: [String]
  private(set) var used: Set<String> = []
  private(set) var usesVCPU = false
  private(set) var failedName: String?
  private lazy var suggested = parameters.namesToSuggest()

  /// - Parameter hasLists: whether the names of lists are visible.
  init(_ parameters: Parameters, hasVCPU: Bool, hasLists: Bool = false) {
    self.parameters = parameters
    self.hasVCPU = hasVCPU
    lists = hasLists ? parameters.lists : { _ in nil }
    listNames = hasLists ? parameters.listNames : []
  }

  func meaning(of name: String) -> Meaning? {
    if name == "vcpu" {
      guard hasVCPU else {
        return .unavailable(
          "'vcpu' can only be used in 'vcpus.attributes' and in list entries with 'for-each: vcpu'"
            + suggested.suggestion(for: name))
      }
      usesVCPU = true
      return .root(.vcpu, .record(RecordType(name: "vcpu", fields: ["id": .integer, "index": .integer])))
    }
    guard let (written, value) = parameters.parameter(calledBy: name) else {
      if let list = lists(name) { return .constant(list, .list(.any)) }
      failedName = name
      if let meant = suggested.first(where: { $0.hasPrefix(name + "-") }) {
        return .unavailable("a hyphen is a minus here; write parameter '\(meant)' as '\(meant.identifier)'")
      }
      return nil
    }
    used.insert(written)
    switch value {
    case .integer: return .constant(value, .integer)
    case .bool: return .constant(value, .bool)
    case .string: return .constant(value, .string)
    case .record(let fields):
      let types = fields.names.map { ($0, Type.any) }
      return .constant(value, .record(RecordType(name: name, fields: Dictionary(types) { first, _ in first })))
    default: return .constant(value, .any)
    }
  }

  func function(_ name: String) throws(ExpressionError) -> Function? { nil }
  func fact(_ name: String) -> Type? { nil }
  var visibleNames: [String] { suggested.map(\.identifier) + (hasVCPU ? ["vcpu"] : []) + listNames }
  var functionNames: [String] { [] }
  var factNames: [String] { [] }
  var release: Release? { nil }
  var firstFreeSlot: Int { 0 }
  func reserve(slots: Int) {}
}

extension SourceFile {
  /// Whether a word is in some `${EXPRESSION}` of the text.
  fileprivate func hasExpression(with word: String) -> Bool {
    String(decoding: bytes, as: UTF8.self).split(separator: "${").dropFirst().contains { part in
      part.prefix { $0 != "}" }.utf8.split { !$0.isWord }.contains { $0.elementsEqual(word.utf8) }
    }
  }
}
