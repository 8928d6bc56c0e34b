import Diagnostics
import Expressions
import Testing
import Vocabulary

/// Names and types are checked when an expression is read; each error is at its cause.
@Suite struct CheckerTests {
  private static func scope() -> TestScope {
    let scope = TestScope()
    let region = RecordType(name: "vm.regions", fields: ["base": .integer, "size": .integer])
    let vm = RecordType(
      name: "vm",
      fields: [
        "ready": .bool, "count": .integer, "model": .string, "regions": .list(.record(region)), "owner": .map(.integer),
        "later": .any,
      ])
    scope.roots = [.vm: .record(vm), .value: .integer]
    scope.constants = [
      "kernel": (.integer(Release("7.2")!.number), .release), "arch": (.string("arm64"), .string),
      "v": (.unknown, .any),
    ]
    scope.facts = ["page_size": .integer, "devices": .list(.string), "busy": .bool]
    return scope
  }

  @Test(arguments: [
    ("vm.redy", "error 3-7: vm has no field 'redy'; did you mean 'ready'?"),
    ("vm.regions[0].bse", "error 14-17: vm.regions has no field 'bse'; did you mean 'base'?"),
    ("vm.regions.all(r, r.sise == 0)", "error 20-24: vm.regions has no field 'sise'; did you mean 'size'?"),
    ("vn.ready", "error 0-2: unknown name 'vn'; did you mean 'v'?"),
    ("1 + valeu", "error 4-9: unknown name 'valeu'; did you mean 'value'?"),
    ("vm.regions.all(region, rgion.base == 0)", "error 23-28: unknown name 'rgion'; did you mean 'region'?"),
    ("vcpu.id", "error 0-4: 'vcpu' has no meaning here"),
    ("host.pag_size", "error 5-13: the host has no fact 'pag_size'; did you mean 'page_size'?"),
    ("host", "error 0-4: 'host' alone has no value; name one of its facts, as in 'host.page_size'"),
    ("vm.count.low", "error 9-12: an integer has no fields"), ("vm.ready[0]", "error 0-8: a boolean has no elements"),
    ("vm.regions[true]", "error 11-15: expected an integer, found a boolean"),
    ("vm.count && true", "error 0-8: expected a boolean, found an integer"),
    ("true || vm.model", "error 8-16: expected a boolean, found a string"),
    ("!vm.count", "error 1-9: expected a boolean, found an integer"),
    ("-vm.ready", "error 1-9: expected an integer, found a boolean"),
    ("vm.count + vm.ready", "error 11-19: expected an integer, found a boolean"),
    ("vm.count ? 1 : 2", "error 0-8: expected a boolean, found an integer"),
    ("vm.count == vm.model", "error 0-20: an integer cannot be compared with a string"),
    ("vm.ready < 1", "error 0-12: a boolean cannot be compared with an integer"),
    ("vm.model < \"b\"", "error 0-8: '<' compares integers, not a string"),
    ("vm.regions.all(r, r.base)", "error 18-24: expected a boolean, found an integer"),
    ("vm.owner.all(r, true)", "error 0-8: 'all' expects a list, not a map"),
    ("vm.count in vm.model", "error 12-20: 'in' expects a list or a map, not a string"),
    ("\"a\" in [1, 2]", "error 0-3: a string can never be in a list of this kind (an integer)"),
    ("host.page_size in host.devices", "error 0-14: an integer can never be in a list of this kind (a string)"),
    ("kernel >= 6", "error 10-11: compare a kernel release with one in quotes, such as \"6.13\""),
    ("kernel >= \"6\"", "error 10-13: compare a kernel release with one in quotes, such as \"6.13\""),
    ("arch == 5", "error 0-9: a string cannot be compared with an integer"),
  ])
  func wrongNamesAndTypesAreReportedAtTheirPlace(_ text: String, _ message: String) {
    #expect(result(text, in: Self.scope()) == message)
  }

  /// A name that resembles no known name gets no suggestion.
  @Test func dissimilarNameGetsNoSuggestion() {
    #expect(result("frobnicate", in: Self.scope()) == "error 0-10: unknown name 'frobnicate'")
    #expect(result("host.frobnicate", in: Self.scope()) == "error 5-15: the host has no fact 'frobnicate'")
  }

  /// A value that is null or has no declared type can have any type.
  @Test(arguments: [
    "vm.count == null", "null == vm.model", "vm.later + 1", "vm.later.anything", "vm.later && vm.ready",
    "vm.owner[5] + 1",
    "vm.regions == null", "vm.later in vm.regions", "last(vm.regions).base", "vm.regions.first(r, r.size == 0).base",
    "(vm.ready ? vm.count : null) + 1", "vm.regions.filter(r, r.base > 1)[0].size", "vm.regions.map(r, r.base)[0] + 1",
    "host.busy && host.page_size == 4KiB", "kernel < \"6.13\" || \"6.13\" <= kernel", "[1, 2][0] + 1",
  ])
  func wellTypedExpressionsAreAccepted(_ text: String) throws {
    #expect(throws: Never.self) { _ = try Expression(text, in: Self.scope()) }
  }

  @Test func resultMustHaveTheExpectedType() {
    func fault(_ text: String, as type: Type) -> String? {
      do throws(ExpressionError) {
        _ = try Expression(text, in: Self.scope(), as: type)
        return nil
      } catch {
        return "\(range(error.span)): \(error.message)"
      }
    }
    #expect(fault("vm.count", as: .bool) == "0-8: expected a boolean, found an integer")
    #expect(fault("vm.ready", as: .bool) == nil)
    #expect(fault("null", as: .bool) == nil)
    #expect(fault("unknown", as: .bool) == nil)
    #expect(fault("vm.regions", as: .list(.any)) == nil)
    #expect(fault("1 + 1", as: .list(.any)) == "0-5: expected a list, found an integer")
  }

  @Test func literalsAreConstants() throws {
    #expect(try Expression("5", in: Self.scope()).constant == .integer(5))
    #expect(try Expression("-5", in: Self.scope()).constant == .integer(-5))
    #expect(try Expression("[1, 2]", in: Self.scope()).constant == .list([.integer(1), .integer(2)]))
    #expect(try Expression("vm.count", in: Self.scope()).constant == nil)
  }

  /// Each level of nested comprehensions needs one slot in the frame.
  @Test func nestedComprehensionsReserveASlotEach() throws {
    let scope = TestScope()
    _ = try Expression("[1].all(a, [2].all(b, a == b))", in: scope)
    #expect(scope.reserved == 2)
  }

  @Test(arguments: [
    ("kernel >= \"7.2\"", "true"), ("kernel >= \"7.3\"", "false"), ("kernel > \"6.12\"", "true"),
    ("kernel < \"7.10\"", "true"),
    ("\"6.9\" < kernel", "true"), ("kernel == \"7.2\"", "true"), ("kernel == \"7.2.13\"", "true"),
    ("kernel != \"6.2\"", "true"),
    ("kernel >= \"10.0\"", "false"),
  ])
  func releasesAreComparedAsVersions(_ text: String, _ value: String) {
    #expect(result(text, in: Self.scope()) == value)
  }

  @Test(arguments: [
    ("since(\"v7.2\")", "true"), ("since(\"v7.3\")", "false"), ("!since(\"v6.17\", \"v6.12.100\")", "false"),
    ("since(\"v6.12..v7.3\")", "unknown"), ("since(\"v7.2..v7.3\") || true", "true"),
    ("since(\"v7.3\") ? 1 : 2", "2"),
    ("since(\"7.2\")", "error 6-11: '7.2' is not a release; write v7.2, as the kernel's tags are written"),
    (
      "since(\"v6.17\", \"6.12\")",
      "error 15-21: '6.12' is not a release; write v6.12, as the kernel's tags are written"
    ),
    ("since(7)", "error 6-7: write a kernel release in quotes, such as \"v6.13\""),
    ("1 == 1 && since()", "error 10-17: say from which mainline release on, too, as in [v7.2, v6.12.100]"),
    ("sinse(\"v6.1\")", "error 0-13: unknown function 'sinse'; did you mean 'since'?"),
  ])
  func sinceIsDecidedByTheRelease(_ text: String, _ value: String) {
    #expect(result(text, in: Self.scope()) == value)
  }

  @Test func sinceNeedsARelease() {
    let scope = Self.scope()
    scope.release = nil
    #expect(
      result("since(\"v7.2\")", in: scope)
        == "error 0-13: since() has no meaning here, where no kernel is simulated")
  }

  /// The bits of an integer have names, which bit operators keep.
  @Test(arguments: [
    ("value.level", "true"), ("value.up", "false"), ("(value & 1).level", "false"), ("(2 | value).up", "false"),
    ("(value ^ value).level", "false"), ("(~value).level", "false"), ("(vm.ready ? value : 0).level", "true"),
    ("(null ?? value).level", "true"), ("[value].all(v, v.level)", "true"), ("value + 1 == 5", "true"),
    ("value in [4]", "true"), ("value.level && value == 4", "true"),
    ("(value | other).level", "error 16-21: an integer has no fields"),
    ("(value << 1).level", "error 13-18: an integer has no fields"),
    ("value.levle", "error 6-11: no bit of this integer is called 'levle'; did you mean 'level'?"),
    ("value.level + 1", "error 0-11: expected an integer, found a boolean"),
    ("value && true", "error 0-5: expected a boolean, found an integer"),
  ])
  func namesOfBitsAreBooleans(_ text: String, _ value: String) {
    let scope = Self.scope()
    scope.roots[.value] = .flags(NamedBits(["level": 2, "up": 3]))
    scope.constants["other"] = (.integer(0), .flags(NamedBits(["level": 0])))
    let world = TestWorld()
    world.roots = [.value: .integer(4), .vm: .record(Fields([("ready", .bool(true))]))]
    #expect(result(text, in: scope, world) == value)
    world.roots[.value] = .unknown
    #expect(result("value.level", in: scope, world) == "unknown")
  }

  /// A row of a table is selected by its name.
  @Test(arguments: [
    ("registers.GICD_IIDR.offset", "8"), ("registers.GICD_TYPER_2.offset + 1", "13"),
    ("registers.GICD_IIDR == registers[0]", "true"), ("registers.filter(r, r.offset > 8)[0].offset", "12"),
    ("registers.GICD_IDR.offset", "error 10-18: 'registers' has no row 'GICD_IDR'; did you mean 'GICD_IIDR'?"),
    ("registers.GICD_IIDR.ofset", "error 20-25: a row has no field 'ofset'; did you mean 'offset'?"),
    ("nameless.GICD_IIDR", "error 9-18: the rows of 'nameless' have no column 'name' to select them by"),
    ("[1].GICD_IIDR", "error 4-13: a list has no fields"),
  ])
  func rowIsSelectedByItsName(_ text: String, _ value: String) {
    let scope = Self.scope()
    func table(_ columns: [String], _ rows: [[Value]]) -> Value {
      .table(Table(columns: columns, blocks: rows.map { Table.Block(cells: $0.map { .constant($0) }, count: 1) }))
    }
    scope.constants["registers"] = (
      table(["name", "offset"], [[.string("GICD_IIDR"), .integer(8)], [.string("GICD_TYPER-2"), .integer(12)]]),
      .list(.record(RecordType(name: "a row", fields: ["name": .string, "offset": .integer])))
    )
    scope.constants["nameless"] = (
      table(["offset"], []), .list(.record(RecordType(name: "a row", fields: ["offset": .integer])))
    )
    #expect(result(text, in: scope) == value)
  }

  /// An expression that reads the payload depends on more than the key.
  @Test(arguments: [
    ("key.cpu > 8 || key.irq == 3", ["cpu", "irq"]),
    ("vm.regions.exists(r, r.base == key.cpu)", ["cpu"]),
    ("size([key.cpu, page(key.irq)]) == 2 ? true : host.busy", ["cpu", "irq"]),
    ("key.cpu > value", []),
    ("vm.regions.exists(r, r.base == value) && key.cpu == 0", []),
    ("vm.ready", []),
    ("key.cpu > held", []),
  ])
  func keyFieldsAreListedIfTheExpressionReadsOnlyTheKey(_ text: String, _ fields: [String]) throws {
    let scope = Self.scope()
    scope.roots[.key] = .record(RecordType(name: "key", fields: ["cpu": .integer, "irq": .integer]))
    scope.locals = ["held": 0]
    scope.functions = ["page": Function(name: "page", parameters: ["address"])]
    #expect(try Expression(text, in: scope).keyFields == fields)
  }

  /// What is tested last is the most probable culprit.
  @Test(arguments: [
    ("key.irq == 3 && key.cpu > 8", ["cpu", "irq"]),
    ("key.irq == 3 || key.cpu > 8", ["irq", "cpu"]),
    ("arg.irq.kind == 1 && arg.irq.number > 8", ["irq.number", "irq.kind"]),
    ("arg.entries.exists(e, e == 1) && arg.count > 8", ["count"]),
    ("of_irq == null", ["irq"]),
    ("key.cpu > value", []),
    ("key.cpu > held", []),
  ])
  func testedPartsAreFollowedThroughLocals(_ text: String, _ parts: [String]) throws {
    let scope = Self.scope()
    scope.roots[.key] = .record(RecordType(name: "key", fields: ["cpu": .integer, "irq": .integer]))
    scope.roots[.arg] = .any
    scope.locals = ["held": 0, "of_irq": 1]
    let origin = try Expression("key.irq + 1", in: scope).testedParts { _ in nil }
    let expression = try Expression(text, in: scope)
    #expect(expression.testedParts { $0 == 1 ? origin : nil }.culprits == parts)
  }
}

/// Looks up fields and elements.
@Suite struct AccessTests {
  private static func world() -> (TestScope, TestWorld) {
    let scope = TestScope()
    scope.roots = [.vm: .any, .key: .any]
    let world = TestWorld()
    let other = Value.record(Fields([("base", .null)]))
    world.roots[.vm] = .record(Fields([("base", .null), ("other", other)]))
    world.roots[.key] = .record(Fields([("mpidr", .integer(3))]))
    world.facts["page_size"] = .integer(4096)
    scope.facts = ["page_size": .integer, "seis": .bool]
    return (scope, world)
  }

  @Test(arguments: [
    ("vm.base", "null"), ("vm.other.base", "null"), ("vm.other == vm", "false"), ("key.mpidr", "3"),
    ("host.page_size", "4096"),
    ("host.seis", "unknown"),
    ("vm.bse", "fails 0-6: the record has no field 'bse'"), ("key.intid", "fails 0-9: the record has no field 'intid'"),
    ("vm.base.low", "fails 0-11: null has no field 'low'"),
    ("1 + vm.base", "fails 0-11: '+' expects integers, not null"),
    ("vm.base[0]", "fails 0-10: null has no element by an integer"), ("vm.base == null || vm.base + 1 == 2", "true"),
    ("key.mpidr.x", "fails 0-11: an integer has no field 'x'"),
    ("[1][\"a\"]", "error 4-7: expected an integer, found a string"),
  ])
  func fieldsAndElementsAreLookedUp(_ text: String, _ value: String) {
    let (scope, world) = Self.world()
    #expect(result(text, in: scope, world) == value)
  }
}

/// The left-hand sides of effects.
@Suite struct EffectPathTests {
  private static func scope() -> TestScope {
    let scope = TestScope()
    let gic = RecordType(name: "vm.gic", fields: ["ready": .bool, "regions": .list(.integer), "owner": .map(.integer)])
    scope.roots = [
      .vm: .record(RecordType(name: "vm", fields: ["gic": .record(gic), "count": .integer, "free": .any])), .key: .any,
    ]
    return scope
  }

  private func path(_ text: String) -> String {
    do throws(ExpressionError) {
      let path = try EffectPath(text, in: Self.scope())
      let action =
        switch path.action {
        case .assign: "assign"
        case .append: "append"
        case .store: "store"
        }
      return "\(action) \(path.field): \(path.type.name)"
    } catch {
      return "error \(range(error.span)): \(error.message)"
    }
  }

  @Test(arguments: [
    ("vm.count", "assign count: an integer"), ("vm.gic.ready", "assign ready: a boolean"),
    ("vm.gic.regions[+]", "append regions: an integer"), ("vm.gic.owner[key.intid]", "store owner: an integer"),
    ("vm.free", "assign free: anything"), ("vm.free[+]", "append free: anything"),
    ("vm.free[1]", "store free: anything"),
    ("vm", "error 0-2: an effect changes a field, such as 'vm.ran' or 'vm.regions[+]'"),
    ("1 + 1", "error 0-5: an effect changes a field, such as 'vm.ran' or 'vm.regions[+]'"),
    ("vm.gic.redy", "error 7-11: vm.gic has no field 'redy'; did you mean 'ready'?"),
    ("vm.count[+]", "error 0-8: '[+]' appends to a list, but this is an integer"),
    ("vm.gic.regions[1]", "error 0-14: an element is stored in a map, but this is a list"),
    ("vm.gic.owner[nothing]", "error 13-20: unknown name 'nothing'"),
    ("vm.", "error 3-3: expected the name of a field, found the end of the expression"),
    ("value.x", "error 0-5: 'value' has no meaning here"),
  ])
  func effectPathIsReadOrReported(_ text: String, _ meaning: String) {
    #expect(path(text) == meaning)
  }
}
