import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// A call of a `save` or `restore` list, with the values of its expressions.
package struct StateStep {
  package enum Content: Hashable {
    /// What a get has read: of the same attribute, or of that with the path.
    case saved(String?)
    case constant(Int128)
    case nothing
  }

  package var access: AttributeAccess
  /// The path of the attribute, such as `dist-regs`.
  package var path: String
  package var key: [(name: String, value: Int128)]
  package var input: [(name: String, value: Int128)]
  package var content: Content
  /// The place of the statement.
  package var source: SourceRange
}

extension Machine {
  /// The calls that a list makes for a device, in the present state of the VM.
  ///
  /// - Throws: the fault of an expression, or that its value is not known.
  mutating func steps(of list: StateList, device: Cell, _ file: SchemaFile) throws(DiagnosticsError) -> [StateStep] {
    memory.begin()
    defer { memory.finish() }
    call = CallState(file: file, path: "", device: device)
    var walk = StateWalk(frameSize: list.frameSize)
    try walk.add(list.statements, in: &self)
    return walk.steps
  }
}

/// Runs the statements of `save` or `restore`.
private struct StateWalk {
  let frameSize: Int
  private(set) var steps: [StateStep] = []
  private var ids: [ObjectIdentifier: ExpressionID] = [:]

  init(frameSize: Int) { self.frameSize = frameSize }

  mutating func add(_ statements: [StateStatement], in machine: inout Machine) throws(DiagnosticsError) {
    for statement in statements where statement.lifetime.includes(machine.catalogue.release) != false {
      guard let loop = statement.loop else {
        try add(statement, in: &machine)
        continue
      }
      let list = try value(of: loop.list, in: &machine)
      guard list.tag == .list else { throw fault(loop.list, "is \(list.kind), not a list") }
      for element in machine.elements(of: list) {
        machine.locals[loop.slot] = element
        try add(statement, in: &machine)
      }
    }
  }

  private mutating func add(_ statement: StateStatement, in machine: inout Machine) throws(DiagnosticsError) {
    if let condition = statement.condition, !(try value(of: condition, in: &machine)).isTrue { return }
    switch statement.action {
    case .statements(let statements): try add(statements, in: &machine)
    case .call(let call):
      let content: StateStep.Content =
        switch call.content {
        case .saved: .saved(nil)
        case .savedAs(let path): .saved(path)
        case .constant(let expression): .constant(try integer(expression, in: &machine))
        case .nothing: .nothing
        }
      steps.append(
        StateStep(
          access: call.access, path: call.attribute.path, key: try integers(call.key, in: &machine),
          input: try integers(call.input, in: &machine), content: content, source: call.source))
    }
  }

  private mutating func integers(
    _ fields: [(name: String, value: Expression)], in machine: inout Machine
  ) throws(DiagnosticsError) -> [(name: String, value: Int128)] {
    var integers: [(name: String, value: Int128)] = []
    for (name, expression) in fields { integers.append((name, try integer(expression, in: &machine))) }
    return integers
  }

  private mutating func integer(
    _ expression: Expression, in machine: inout Machine
  ) throws(DiagnosticsError) -> Int128 {
    let cell = try value(of: expression, in: &machine)
    guard let integer = machine.program.pool.integer(of: cell) else { throw fault(expression, "is \(cell.kind)") }
    return integer
  }

  /// The value of an expression, which must not depend on what the model does not know.
  private mutating func value(
    of expression: Expression, in machine: inout Machine
  ) throws(DiagnosticsError) -> Cell {
    let id = ids[ObjectIdentifier(expression)] ?? machine.program.compile(expression, locals: frameSize)
    ids[ObjectIdentifier(expression)] = id
    machine.reserveLocals(Int(machine.program.slotCount))
    let cell: Cell
    do throws(Fault) {
      cell = try machine.evaluate(machine.program.roots[Int(id)])
    } catch {
      throw fault(expression, "has a fault: \(machine.faultText)")
    }
    if cell.tag == .unknown { throw fault(expression, "is not known") }
    return cell
  }

  private func fault(_ expression: Expression, _ message: String) -> DiagnosticsError {
    .invalid(.error("schema-evaluation", "the value of '\(expression.text)' \(message)", at: expression.source))
  }
}
