import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// How a call ends early: thrown from wherever in the rules that is. The machine knows the details.
enum Stop: Error {
  case ok, refused, hazard, fault
}

// How rules run.
extension Machine {
  /// Runs rules to their end; `return: ok` is one.
  ///
  /// - Returns: whether it was `return: ok`.
  @discardableResult
  mutating func runToEnd(_ rules: RuleFrame?) throws(Stop) -> Bool {
    guard let rules else { return false }
    return try runToEnd(program.block(of: rules))
  }

  @discardableResult
  mutating func runToEnd(_ block: BlockID) throws(Stop) -> Bool {
    do throws(Stop) {
      try run(block)
      return false
    } catch {
      if error == .ok { return true }
      throw error
    }
  }

  mutating func run(_ id: BlockID) throws(Stop) {
    var (next, end) = place(of: id)
    while next < end {
      let statement = program.statements[next]
      next += 1
      switch statement {
      case .suppose(let count):
        if !assume() { next += Int(count) }
      case .test(let condition, let rule, let count):
        if try decide(condition, of: rule) { continue }
        if trace != nil { passes(rule) }
        next += Int(count)
      case .choose(let condition, let rule, let count):
        if try decide(condition, of: rule) { continue }
        if trace != nil { passes(rule) }
        if let otherwise = program.otherwise(rule) { try run(otherwise) }
        next += Int(count)
      case .skip(let count): next += Int(count)
      case .bind(let slot, let value): try bind(slot, value)
      case .forget(let slot): locals[Int(slot)] = .unknown
      case .read: try readValue()
      case .readPart(let part): try read(part)
      case .write(let id): try write(id)
      // The last block of another one takes its place.
      case .run(let block) where next == end: (next, end) = place(of: block)
      case .run(let block): try run(block)
      case .attempt(let block, let undo): try attempt(block, undo: undo)
      case .loop(let list, let slot, let body): try loop(list, slot, body)
      case .forEachDevice(let file, let block): try forEachDevice(of: file, block)
      case .runCapability(let top): try runCapability(above: top)
      case .endIfForced(let rule): if ignoresRefusals, program.refuses(rule) { return }
      case .change(let effect): try change(effect)
      case .occupy(let id): if !ignoresRefusals { try occupy(id) }
      case .warn(let rule): warn(rule)
      case .hazard(let rule): throw hazard(rule)
      case .refuse(let rule):
        if !ignoresRefusals { throw refusal(rule) }
        if passedOver != nil { passOver(rule) }
      case .succeed(let value):
        try succeed(with: value)
        throw .ok
      }
    }
  }

  /// The place of a block's statements. The block is compiled if this is its first run.
  private mutating func place(of id: BlockID) -> (first: Int, end: Int) {
    if !program.blocks[Int(id)].isCompiled { compile(id) }
    let block = program.blocks[Int(id)]
    return (Int(block.first), Int(block.first + block.count))
  }

  @inline(never)
  private mutating func compile(_ id: BlockID) {
    program.compile(id)
    reserveLocals(Int(program.slotCount))
  }

  private mutating func bind(_ slot: Slot, _ id: ExpressionID) throws(Stop) {
    let value = try self.value(of: id)
    // A name keeps the value that it was given: later changes of the map do not show in it.
    locals[Int(slot)] = value.tag == .map ? memory.allocateMap(memory.entries(of: value)) : value
  }

  private mutating func attempt(_ block: BlockID, undo: BlockID) throws(Stop) {
    do throws(Stop) {
      try run(block)
    } catch {
      if error == .refused {
        let ending = self.ending
        try run(undo)
        self.ending = ending
      }
      throw error
    }
  }

  private mutating func loop(_ list: ExpressionID, _ slot: Slot, _ body: BlockID) throws(Stop) {
    if case .binary(.range, let low, let high) = program.codes[Int(program.roots[Int(list)])] {
      return try loop(from: low, through: high, list, slot, body)
    }
    let elements = try value(of: list)
    let outer = element
    defer { element = outer }
    switch elements.tag {
    case .list:
      for i in 0..<Address(elements.count) {
        element = Int(i)
        locals[Int(slot)] = load(elements.start + i)
        try run(body)
      }
    // Nothing is known of how often the rules run; what they change is lost.
    case .unknown: return
    default: throw faulty("a loop expects a list, not \(elements.kind)", in: list)
    }
  }

  /// A loop over a range. It can be long, as an errno most often ends it early, so there is no list.
  private mutating func loop(
    from low: CodeID, through high: CodeID, _ list: ExpressionID, _ slot: Slot, _ body: BlockID
  ) throws(Stop) {
    let bounds: (Cell, Cell)
    do throws(Fault) {
      bounds = (try evaluate(low), try evaluate(high))
    } catch {
      if ignoresRefusals && corrects { return }
      throw faulty(faultText, in: list)
    }
    if bounds.0.tag == .unknown || bounds.1.tag == .unknown { return }
    guard let first = program.pool.integer(of: bounds.0), let last = program.pool.integer(of: bounds.1) else {
      throw faulty("'..' expects integers", in: list)
    }
    guard last - first < Self.longestLoop else {
      throw faulty("the loop runs more than \(Self.longestLoop) times", in: list)
    }
    let outer = element
    defer { element = outer }
    var next = first
    while next <= last {
      element = Int(exactly: next)
      locals[Int(slot)] = program.pool.integer(next)
      try run(body)
      next += 1
    }
  }

  /// The maximum number of repetitions. It keeps a wrong bound from running forever.
  private static let longestLoop: Int128 = 1 << 24

  /// Runs the rules that the file of a device type contributes to a hook for each device of the type.
  private mutating func forEachDevice(of number: FileID, _ block: BlockID) throws(Stop) {
    let file = program.files[Int(number)].file
    guard let type = file.deviceType else { return }
    let outer = (call.device, call.file)
    defer { (call.device, call.file) = outer }
    for device in elements(of: memory[Memory.devices]) {
      guard device.tag == .object, program.shapes.kind(of: shape(of: device)) == .device(type) else { continue }
      (call.device, call.file) = (device, file)
      try run(block)
    }
  }

  /// Runs the rules of the capability that the call enables.
  private mutating func runCapability(above top: Slot) throws(Stop) {
    guard let rules = call.capability else { return }
    try runToEnd(program.block(of: rules, above: top))
  }

  private mutating func succeed(with id: ExpressionID) throws(Stop) {
    let value = try self.value(of: id)
    call.number = nil
    guard value.tag != .unknown else { return }
    guard let number = program.pool.integer(of: value), (0...Int128(Int32.max)).contains(number) else {
      throw faulty("a call that succeeds answers a number from 0 to \(Int32.max)", in: id)
    }
    call.number = UInt32(number)
  }

  /// The place where the kernel copies the payload in.
  mutating func readValue() throws(Stop) {
    var read = Cell.unknown
    if case .value(let value, isWhole: true) = call.payload {
      read = value
    } else if let size = call.payloadSize, let wanted = call.payloadType.fixedSize, size > 0, size < wanted {
      try refuse(.short(size, of: wanted))
    } else {
      try refuse(.cannotRead)
    }
    if call.readsArgument { call.argument = read } else { call.value = read }
  }

  /// The place where the kernel copies a value out. The address is checked only here.
  private mutating func write(_ id: WriteID) throws(Stop) {
    if call.payloadType.isNone { return }
    let value: Value
    switch program.written[Int(id)] {
    case .expression(let expression):
      let cell = try self.value(of: expression)
      value = contents(of: cell)
    case .fields(let fields):
      var values: [(String, Value)] = []
      for (name, expression) in fields {
        let cell = try self.value(of: expression)
        values.append((name, contents(of: cell)))
      }
      value = .record(Fields(values))
    }
    let size = call.payloadType.size(written: value)
    let buffer = call.buffer ?? []
    // An empty list is copied to any pointer.
    if size > buffer.count { return try refuse(.cannotWrite) }
    let isBigEndian = catalogue.architecture.isBigEndian
    if let target = written(value, behind: call.payloadType, in: buffer, isBigEndian) {
      call.written = target
      return
    }
    // Nothing is known of an unknown value, not even its shape.
    call.written = value == .unknown ? nil : call.payloadType.encode(value, bigEndian: isBigEndian)
    // After the elements that the kernel writes, the buffer stays as it is.
    if let whole = call.written?.bytes.count, size < min(whole, buffer.count) {
      call.written?.put(Array(buffer[size..<min(whole, buffer.count)]), at: size)
    }
  }

  /// A number that the kernel writes where a member of a struct points to, which is what follows the struct in the buffer;
  /// nil for another value. The integers in the struct stay as they are.
  private func written(
    _ value: Value, behind type: PayloadType, in buffer: [UInt8], _ isBigEndian: Bool
  ) -> PayloadBytes? {
    guard case .integer(let number) = value, case .structure(let structure) = type, let layout = structure.layout,
      let end = type.fixedSize, [1, 2, 4, 8].contains(buffer.count - end)
    else { return nil }
    var payload = PayloadBytes(size: buffer.count)
    payload.put(number, mask: -1, at: end, size: buffer.count - end, bigEndian: isBigEndian)
    for (field, start) in zip(structure.fields, layout.offsets) {
      guard case .integer(let integer) = field.type else { continue }
      payload.put(Array(buffer[start..<start + integer.size * (field.count ?? 1)]), at: start)
    }
    return payload
  }
}

// MARK: Ends

extension Machine {
  private func passes(_ rule: RuleID) { trace?.passes(program.rules[Int(rule)].rule) }

  @inline(never)
  private mutating func refusal(_ id: RuleID) -> Stop {
    let rule = program.rules[Int(id)].rule
    guard let errno = rule.errno else { preconditionFailure("a rule without an errno refuses") }
    trace?.refuses(rule)
    ending = .refused(errno, reason(id))
    return .refused
  }

  @inline(never)
  private mutating func passOver(_ id: RuleID) {
    let reason = reason(id)
    passedOver?.append(reason)
  }

  @inline(never)
  private mutating func hazard(_ id: RuleID) -> Stop {
    let reason = reason(id)
    ending = .hazard(reason.message, reason)
    return .hazard
  }

  @inline(never)
  private mutating func warn(_ id: RuleID) { warnings.append(reason(id)) }

  /// Ends the call, unless it is forced.
  @inline(never)
  mutating func refuse(_ refusal: GenericRefusal) throws(Stop) {
    if ignoresRefusals { return }
    let id = DiagnosticID(call.file.id(call.path, refusal.errno))
    let parts = refusal.part.map { [$0] } ?? []
    ending = .refused(
      refusal.errno, Reason(id: id, errno: refusal.errno, message: refusal.reason, rule: nil, keyFields: parts))
    throw .refused
  }

  /// The reason that a rule gives.
  mutating func reason(_ id: RuleID) -> Reason {
    let (rule, frame) = (program.rules[Int(id)].rule, program.rules[Int(id)].outer)
    let condition = rule.condition ?? frame.condition
    // What the kernel answers where nothing matches would say that there is no such attribute.
    let words = call.lacksAccess && condition == nil ? call.missing : message(of: id)
    let tested = condition.map { frame.testedParts(of: $0) }
    var reason = Reason(
      id: DiagnosticID(call.file.id(of: rule, call.path)), errno: rule.errno, message: words,
      rule: rule.source, keyFields: tested?.culprits ?? [],
      valueFields: [condition?.valueFields, tested?.members].lazy.compactMap(\.self).first { !$0.isEmpty } ?? [],
      element: element, roots: rule.condition?.roots ?? [],
      missing: rule.missing.map(\.value), blames: rule.blamedSettings, documented: rule.documented)
    reason.origins = tested?.roots ?? []
    reason.isAboutRelease = rule.because?.namesRelease ?? false
    if let part = culprit(among: rule.blamedParts) {
      let path = part.path.joined(separator: ".")
      // A name that the rules give to a part is traced back to it.
      let members = part.root == nil ? frame.testedParts(of: part.expression).members : []
      (reason.keyFields, reason.valueFields) =
        part.isOfValue ? ([], members.isEmpty ? [path] : members) : ([path], [])
      reason.blamesPart = true
    }
    return reason
  }

  /// The part of the call that is probably wrong. Of several numbers that a rule adds, the largest one decides.
  private func culprit(among parts: [BlamedPart]) -> BlamedPart? {
    if parts.count < 2 { return parts.first }
    func number(_ part: BlamedPart) -> Int128 {
      let whole: Cell? =
        switch part.root {
        case .arg: call.argument
        case .value: call.value
        default: nil
        }
      let value = part.path.reduce(whole.map { contents(of: $0) }) { owner, name in
        if case .record(let fields)? = owner { fields[name] } else { nil }
      }
      if case .integer(let number)? = value { return number }
      return 0
    }
    return parts.reduce(parts[0]) { number($1) > number($0) ? $1 : $0 }
  }

  /// The rule's words, with the values that they speak of. A fact that the host has not given may be another one.
  private mutating func message(of id: RuleID) -> String {
    guard let text = program.rules[Int(id)].rule.because else { return "" }
    let expressions = program.reasonValues(id)
    reserveLocals(Int(program.slotCount))
    var values: [String] = []
    for expression in expressions {
      let cell = try? evaluate(program.roots[Int(expression)])
      values.append(cell.map { value(of: $0).words } ?? "?")
    }
    values.reverse()
    return text.words { _ in values.popLast() ?? "?" } + (text.namesRelease ? catalogue.releaseWords : "")
      + assumptionWords(of: text)
  }

  private func assumptionWords(of text: ReasonText) -> String {
    var assumed: [String] = []
    for case .value(let expression) in text.parts {
      for fact in expression.facts where given[fact] == nil && !assumed.contains(fact) { assumed.append(fact) }
    }
    return assumed.map { name in
      let doc = catalogue.fact(named: name)?.doc?.prefix { !";:".contains($0) }
      return "; --host-facts can give another \(name)\(doc.map { ", the \($0)" } ?? "")"
    }.joined()
  }
}
