import Diagnostics
import Expressions
import YAMLSyntax

/// A capability to enable after a device is created: `needs: [{enable-capability: NAME, …}]`.
package struct Need {
  package var capability: Capability
  /// In the order of the capability's parameters; nil is the device itself.
  private var values: [Expression?]

  /// The arguments for one vCPU, or for the VM if the record is empty; nil is the device itself.
  package func arguments(vcpu: Fields) -> [UInt64?] {
    let world = VCPUWorld(vcpu: vcpu)
    let evaluator = Evaluator(world: world)
    return values.map { expression in
      expression.map { UInt64(truncatingIfNeeded: (try? evaluator.evaluate($0))?.integer ?? 0) }
    }
  }

  fileprivate init(capability: Capability, values: [Expression?]) {
    self.capability = capability
    self.values = values
  }
}

/// The values that arguments of a need can read: only `vcpu.id` and `vcpu.index`.
private final class VCPUWorld: World {
  private let vcpu: Fields

  init(vcpu: Fields) { self.vcpu = vcpu }

  func value(of root: Root) throws(EvaluationError) -> Value { root == .vcpu ? .record(vcpu) : .unknown }
}

extension Catalogue {
  /// The capabilities that a device type needs.
  package func needs(of file: SchemaFile) -> [Need] {
    (file.needs?.items ?? []).compactMap { item in
      guard let name = item[key: "enable-capability"]?.scalar else {
        faults.report(.error("schema-type", "a need must be {enable-capability: NAME, ...}", at: item.range))
        return nil
      }
      let onVCPU = item[key: "on"]?.scalar == "vcpu"
      guard let capability = files.flatMap(\.capabilities).first(where: { $0.name == name && $0.isOnVCPU == onVCPU })
      else {
        faults.report(.error("schema-unknown-name", "there is no capability '\(name)'", at: item.range))
        return nil
      }
      let values = capability.parameters.map { parameter -> Expression? in
        guard let node = item[key: parameter.name], node.scalar != "self" else { return nil }
        return node.expression(in: scope(of: file, .shared), as: .integer, faults)
      }
      return Need(capability: capability, values: values)
    }
  }
}
