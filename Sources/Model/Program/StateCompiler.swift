import DeviceSchema
import Expressions

/// The state of a kind of record when it is made.
struct Layout {
  var shape: ShapeID
  var count: Int
  var initials: [InitialField]
}

struct InitialField {
  /// The distance from the first field.
  var place: Int32
  var value: InitialCode
}

enum InitialCode {
  case constant(Cell)
  case expression(ExpressionID)
  case list
  case map
  /// A record with its own identity.
  case record(Layout)
}

extension Program {
  /// The layout of the VM's record, of a vCPU's or of a device's.
  mutating func layout(of kind: RecordKind, in file: SchemaFile?) -> Layout {
    if let known = layouts.first(where: { $0.kind == kind }) { return known.layout }
    let variables: [StateVariable]
    var names: [NameID] = []
    switch kind {
    case .vcpu:
      names = [shapes.name("id"), shapes.name("index")]
      variables = catalogue.state(of: "vcpu")
    case .device:
      names = [shapes.name("type")]
      variables = file.map { catalogue.state(of: "self", in: $0) } ?? []
    default: variables = catalogue.state(of: "vm")
    }
    let initials = initials(variables, &names)
    let layout = Layout(shape: shapes.shape(kind, names), count: names.count, initials: initials)
    layouts.append((kind, layout))
    return layout
  }

  private mutating func initials(
    _ variables: [StateVariable], _ names: inout [NameID]
  ) -> [InitialField] {
    var initials: [InitialField] = []
    for variable in variables {
      let name = shapes.name(variable.name)
      let place = names.firstIndex(of: name) ?? names.count
      if place == names.count { names.append(name) }
      initials.append(InitialField(place: Int32(place), value: initial(variable.initial)))
    }
    return initials
  }

  private mutating func initial(_ value: InitialValue) -> InitialCode {
    switch value {
    case .expression(let expression):
      let id = withOwnSlots { $0.compile(expression, in: Frame()) }
      return constant(of: roots[Int(id)]).map(InitialCode.constant) ?? .expression(id)
    case .list: return .list
    case .map: return .map
    case .record(let variables):
      var names: [NameID] = []
      let fields = initials(variables, &names)
      return .record(Layout(shape: shapes.shape(.plain, names), count: names.count, initials: fields))
    }
  }
}
