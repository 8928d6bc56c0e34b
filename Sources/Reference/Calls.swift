import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The calls that schemas describe, each with what it can be refused for.
///
/// The order within a call is that of the model: what holds for every call, whether the descriptor has the call at all,
/// the group's rules, the attribute's; a get writes its value last.
struct CallReference {
  let catalogue: Catalogue

  /// One of the three calls on an attribute.
  func call(
    _ access: AttributeAccess, on attribute: AttributeSchema, of group: GroupSchema, in file: SchemaFile
  ) -> RefusableCall {
    let path = group.path(of: attribute)
    let context = RefusalWalk.Context(file, path)
    var walk = RefusalWalk(catalogue)
    let result = { (walk: RefusalWalk) in
      RefusableCall(title: access.ioctl, subject: "\(file.name).\(path)", access: access, refusals: walk.found)
    }
    every(file, context, &walk)
    if let errno = file.noAccessor[access] {
      walk.add(Refusal(generic: errno, "\(file.words) has no \(access.ioctl)", context))
      return result(walk)
    }
    let (common, own) = (group.call(access), attribute.call(access))
    let has = attribute.access.contains(access)
    let reads = common.rules?.readsValue == true || own.rules?.readsValue == true
    let isEmpty = group.payloads(of: attribute).allSatisfy { $0.type.isNone }
    if access == .set || common.takesInput || own.takesInput, !reads, has, !isEmpty {
      walk.add(Refusal(generic: .badAddress, "the kernel cannot read the value at this address", context))
    }
    walk.walk(common.rules, context)
    guard has else {
      if let errno = group.unknownAttribute[access] {
        walk.add(
          Refusal(
            generic: errno, "group '\(group.name)' of \(file.words) does not \(access.verb) this attribute", context))
      }
      return result(walk)
    }
    walk.walk(own.rules, context)
    if access == .get, !isEmpty {
      walk.add(Refusal(generic: .badAddress, "the kernel cannot write the value to this address", context))
    }
    for answer in common.guest + own.guest { walk.add(Refusal(answer, context)) }
    return result(walk)
  }

  private func every(_ file: SchemaFile, _ context: RefusalWalk.Context, _ walk: inout RefusalWalk) {
    guard file.subject != .system else { return }
    walk.walk(catalogue.vm?.every, context)
    if file.subject != .vm { walk.walk(file.every, context) }
  }

  /// All calls of a file but those on attributes.
  func ownCalls(of file: SchemaFile) -> [RefusableCall] {
    var calls: [RefusableCall] = []
    /// - Parameters:
    ///   - isThere: whether the kernel has the call without rules, too.
    ///   - isPlain: whether the call is none on the VM.
    func add(_ path: String, _ title: String, _ frame: RuleFrame?, isThere: Bool = false, isPlain: Bool = false) {
      guard isThere || frame != nil else { return }
      let context = RefusalWalk.Context(file, path)
      var walk = RefusalWalk(catalogue)
      if !isPlain { walk.walk(catalogue.vm?.every, context) }
      if ["create", "test"].contains(path), file.deviceType != nil {
        walk.add(Refusal(generic: .noDevice, "this host's KVM has no device type '\(file.name)'", context))
      }
      walk.walk(frame, context)
      calls.append(RefusableCall(title: title, subject: "\(file.name).\(path)", access: nil, refusals: walk.found))
    }
    switch file.subject {
    case .vm: add("create", "KVM_CREATE_VM", file.create, isThere: true, isPlain: true)
    case .vcpu: add("create", "KVM_CREATE_VCPU", file.create, isThere: true)
    case .device:
      add("test", "KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST", nil, isThere: true)
      add("create", "KVM_CREATE_DEVICE", file.create, isThere: true)
    case .system, .common: break
    }
    add("init", "the call that initialises a vCPU", file.initialise)
    add("run", "KVM_RUN", file.run)
    add("add-memory", "KVM_SET_USER_MEMORY_REGION", file.addMemory)
    add("create-irqchip", "KVM_CREATE_IRQCHIP", file.createIRQChip)
    add("close", "close() of the descriptor", file.release, isPlain: true)
    for capability in file.capabilities {
      add(
        capability.name, "KVM_ENABLE_CAP of \(capability.constant ?? capability.name)", capability.rules, isThere: true)
    }
    return calls
  }

  /// What a device's hooks, or a common file's, refuse later: at which call, and for what.
  func laterCalls(of file: SchemaFile) -> [RefusableCall] {
    guard let vcpu = catalogue.vcpu else { return [] }
    return ownCalls(of: vcpu).compactMap { call in
      let mine = call.refusals.filter { refusal in
        refusal.path.contains { $0.hasPrefix("hook ") && $0.hasSuffix(" of \(file.name)") }
      }
      if mine.isEmpty { return nil }
      return RefusableCall(title: call.title, subject: call.subject, access: nil, refusals: mine)
    }
  }

  /// The vCPUs' calls that run rules of devices.
  func callsWithHooks() -> [String] {
    guard let vcpu = catalogue.vcpu else { return [] }
    return ownCalls(of: vcpu).filter { call in
      call.refusals.contains { refusal in refusal.path.contains { $0.hasPrefix("hook ") } }
    }.map(\.subject)
  }

  /// The calls on the attribute that an id begins with, or, if it is of none, all others of the file.
  func calls(of file: SchemaFile, named id: String) -> [RefusableCall] {
    for group in file.groups {
      for attribute in group.attributes where id.hasPrefix("\(file.name).\(group.path(of: attribute)):") {
        return AttributeAccess.allCases.map { call($0, on: attribute, of: group, in: file) }
      }
    }
    return ownCalls(of: file)
  }

  /// Every call of a file.
  func allCalls(of file: SchemaFile) -> [RefusableCall] {
    ownCalls(of: file)
      + file.groups.flatMap { group in
        group.attributes.flatMap { attribute in
          AttributeAccess.allCases.map { call($0, on: attribute, of: group, in: file) }
        }
      }
  }
}

extension SchemaFile {
  /// The calls that an attribute has on this descriptor.
  package func calls(on attribute: AttributeSchema) -> [AttributeAccess] {
    AttributeAccess.allCases.filter { attribute.access.contains($0) && noAccessor[$0] == nil }
  }
}
