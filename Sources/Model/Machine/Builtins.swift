import Expressions

// The built-in functions of the language.
extension Machine {
  mutating func value(of builtin: Builtin, _ operands: Operands, _ id: CodeID) throws(Fault) -> Cell {
    // No function has more than four parameters.
    var values = (Cell.null, Cell.null, Cell.null, Cell.null)
    for i in 0..<Int(operands.count) {
      let value = try evaluate(program.operands[Int(operands.first) + i])
      if value.tag == .unknown { return .unknown }
      switch i {
      case 0: values.0 = value
      case 1: values.1 = value
      case 2: values.2 = value
      default: values.3 = value
      }
    }
    switch builtin {
    case .size where values.0.tag == .map: return .integer(Int64(memory.count(of: values.0)))
    case .size: return .integer(Int64(try list(values.0, id).count))
    case .last:
      let list = try list(values.0, id)
      return list.count == 0 ? .null : load(list.start + Address(list.count - 1))
    case .sum: return try sum(list(values.0, id), id)
    case .distinct: return distinct(try list(values.0, id))
    case .min, .max:
      let (a, b) = (try integer(values.0, id), try integer(values.1, id))
      return (a < b) == (builtin == .min) ? values.0 : values.1
    case .bit:
      let (x, n) = (try integer(values.0, id), try integer(values.1, id))
      guard n >= 0, n < 128 else { throw fault("bit(x, \(n)) is not a bit", at: id) }
      return .bool(x >> n & 1 == 1)
    case .int:
      guard values.0.tag == .bool else { throw fault("\(values.0.kind) is not a boolean", at: id) }
      return .integer(values.0.isTrue ? 1 : 0)
    case .bits: return try bits(values.0, values.1, values.2, id)
    case .wrap: return try wrap(values.0, values.1, id)
    case .overlaps:
      let (a, n) = (try integer(values.0, id), try integer(values.1, id))
      let (b, m) = (try integer(values.2, id), try integer(values.3, id))
      let endB = try checked(id) { () throws(Arithmetic.Problem) in try Arithmetic.checked(b.addingReportingOverflow(m))
      }
      let endA = try checked(id) { () throws(Arithmetic.Problem) in try Arithmetic.checked(a.addingReportingOverflow(n))
      }
      return .bool(a < endB && b < endA)
    case .bytes: preconditionFailure("bytes() is a number of the call")
    }
  }

  private mutating func bits(_ x: Cell, _ high: Cell, _ low: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if x.tag == .integer, high.tag == .integer, low.tag == .integer, low.bits >= 0, high.bits >= low.bits,
      high.bits < 62
    {
      return .integer((x.bits >> low.bits) & ((1 << (high.bits - low.bits + 1)) - 1))
    }
    let (x, high, low) = (try integer(x, id), try integer(high, id), try integer(low, id))
    guard low >= 0, high >= low, high - low < 126, high < 128 else {
      throw fault("bits(x, \(high), \(low)) is not a bit field", at: id)
    }
    return program.pool.integer((x >> low) & ((Int128(1) << (high - low + 1)) - 1))
  }

  private mutating func wrap(_ x: Cell, _ width: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if x.tag == .integer, width.tag == .integer, width.bits > 0, width.bits < 63 {
      return .integer(x.bits & ((1 << width.bits) - 1))
    }
    let (x, width) = (try integer(x, id), try integer(width, id))
    guard width > 0, width < 127 else { throw fault("wrap(x, \(width)) does not have a valid width", at: id) }
    return program.pool.integer(x & ((Int128(1) << width) - 1))
  }

  private mutating func sum(_ list: Cell, _ id: CodeID) throws(Fault) -> Cell {
    var total: Int128 = 0
    for i in 0..<Address(list.count) {
      let element = load(list.start + i)
      if element.tag == .unknown { return .unknown }
      let (sum, value) = (total, try integer(element, id))
      total = try checked(id) { () throws(Arithmetic.Problem) in
        try Arithmetic.checked(sum.addingReportingOverflow(value))
      }
    }
    return program.pool.integer(total)
  }

  private mutating func distinct(_ list: Cell) -> Cell {
    let known = elements(of: list).filter { $0.tag != .unknown }
    var distinct: Set<Cell> = []
    for element in known { distinct.insert(key(element)) }
    if distinct.count < known.count { return .bool(false) }
    return known.count == list.count ? .bool(true) : .unknown
  }

  private mutating func list(_ cell: Cell, _ id: CodeID) throws(Fault) -> Cell {
    if cell.tag != .list { throw fault("\(cell.kind) is not a list", at: id) }
    return cell
  }

  private mutating func integer(_ cell: Cell, _ id: CodeID) throws(Fault) -> Int128 {
    if let integer = program.pool.integer(of: cell) { return integer }
    throw fault("\(cell.kind) is not an integer", at: id)
  }
}
