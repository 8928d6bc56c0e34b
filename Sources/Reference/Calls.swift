import DeviceSchema
import Diagnostics
import Expressions
import Vocabulary

/// The calls that schemas describe, each with its refusals in the order in which the kernel checks.
struct CallReference {
  let catalogue: Catalogue
  /// What is known of the calls, by paths such as `arch` and `arg.id`. Refusals that it rules out are left out.
  private let known: [String: Syntax]
  /// The values of members of the call's argument that are known.
  private let argument: [String: Int128]

  /// - Parameters:
  ///   - isAlone: whether the calls are those of this architecture alone. Architectures can share files.
  ///   - argument: the values of members of the call's argument that are known.
  init(catalogue: Catalogue, isAlone: Bool = false, argument: [String: Int128] = [:]) {
    self.catalogue = catalogue
    let nowhere = Span(start: 0, length: 0)
    var known: [String: Syntax] = [:]
    if isAlone { known["arch"] = .string(catalogue.architecture.rawValue, nowhere) }
    for (member, value) in argument { known["arg.\(member)"] = .integer(value, spelling: "\(value)", nowhere) }
    self.known = known
    self.argument = argument
  }

  /// One of the three calls on an attribute; on an unknown one, or on an unknown group, if it is nil.
  func call(
    _ access: AttributeAccess, on attribute: AttributeSchema?, of group: GroupSchema?, in file: SchemaFile
  ) -> RefusableCall {
    var sequence = CallSequence(catalogue, file, access)
    if let group { sequence.find(group, attribute) }
    return call(.attribute(access), access.ioctl, attribute?.path ?? group?.name ?? "", file) { walk, context in
      var context = context
      if case .exactly(let number)? = attribute?.number { context.setAttr(number) }
      for stage in CallSequence.Stage.inOrder {
        var missing = context
        missing.setMissing(sequence.missing(at: stage))
        switch sequence.action(at: stage) {
        case nil:
          if stage == .group { walk.add(sequence.unknownGroup, where: group, isMissing: missing) }
          if stage == .attribute { walk.add(sequence.unknownAttribute, where: attribute, isMissing: missing) }
          let part: AttributeDescription? = stage == .group ? group : stage == .attribute ? attribute : nil
          if let when = part?.when, context.applied(when).truth == false { return }
        case .rules(let rules)?:
          walk.walk(rules, context)
          if rules.list.alwaysEnds { return }
        case .otherwise(let rules)?:
          walk.walk(rules, missing)
          return
        }
      }
    }
  }

  /// A call that is not on an attribute.
  func call(_ call: DescriptorCall, of file: SchemaFile) -> RefusableCall {
    self.call(.descriptor(call), call.title(on: file.subject), call.rawValue, file) { walk, context in
      if file.isOnVM(call) { walk.walk(catalogue.vm?.every, context) }
      if call == .test || call == .create {
        if let type = file.deviceType { walk.add(Refusal(.noDeviceType(type), context)) }
        if file.isCommon { walk.add(Refusal(.foreignDeviceType, context)) }
      }
      if let rules = file.rules(of: call) {
        walk.walk(rules, context)
      } else if let refusal = call.refusalWithoutRules {
        walk.add(Refusal(refusal, context))
      }
    }
  }

  /// A call and what follows it in the same ioctl: KVM_RUN enters the guest.
  func parts(of call: RefusableCall, in file: SchemaFile) -> [RefusableCall] {
    guard case .descriptor(.run) = call.kind, file.has(.enter) else { return [call] }
    return [call] + [self.call(.enter, of: file)].filter { !$0.refusals.isEmpty }
  }

  func call(_ capability: Capability, of file: SchemaFile) -> RefusableCall {
    let title = "KVM_ENABLE_CAP of \(capability.constant ?? capability.name)"
    return call(.capability(capability), title, capability.name, file) { walk, context in
      walk.walk(catalogue.vm?.every, context)
      let exists = capability.lifetime.includes(catalogue.release)
      if exists != true { walk.add(Refusal(.absentCapability(capability, catalogue), context)) }
      if exists == false { return }
      var context = context
      context.capability = capability.rules
      walk.walk(file.rules(of: .enableCapability) ?? capability.rules, context)
    }
  }

  func call(_ request: RequestSchema, of file: SchemaFile) -> RefusableCall {
    call(.request(request), request.constant, request.name, file) { walk, context in
      if file.subject != .system { walk.walk(catalogue.vm?.every, context) }
      if !file.isRequestedOnVM { walk.walk(file.every, context) }
      let exists = request.lifetime.includes(catalogue.release)
      if exists != true {
        var missing = context
        let refusal = GenericRefusal.absentRequest(request, catalogue)
        missing.setMissing(refusal.reason)
        if let rules = (file.isCommon ? catalogue.vm : file)?.rules(of: .missing) {
          walk.walk(rules, missing)
        } else {
          walk.add(Refusal(refusal, context))
        }
      }
      if exists == false { return }
      walk.walk(request.rules, context)
    }
  }

  private func call(
    _ kind: RefusableCall.Kind, _ title: String, _ path: String, _ file: SchemaFile,
    _ collect: (inout RefusalWalk, RefusalWalk.Context) -> Void
  ) -> RefusableCall {
    var walk = RefusalWalk(catalogue)
    var context = RefusalWalk.Context(file, path)
    context.known = known
    if case .request(let request) = kind, case .structure(let type) = request.type {
      (context.argument, context.knownMembers) = (type, argument)
    }
    collect(&walk, context)
    return RefusableCall(kind: kind, title: title, file: file.name, path: path, refusals: walk.found)
  }

  /// All calls of a file except those on attributes.
  func ownCalls(of file: SchemaFile) -> [RefusableCall] {
    DescriptorCall.allCases.filter { file.has($0) && ![.every, .enableCapability, .missing].contains($0) }.map {
      call($0, of: file)
    } + file.capabilities.map { call($0, of: file) } + file.requests.map { call($0, of: file) }
  }

  /// The later vCPU calls in which hooks of a file refuse, with only those refusals.
  func laterCalls(of file: SchemaFile) -> [RefusableCall] {
    guard let vcpu = catalogue.vcpu else { return [] }
    return ownCalls(of: vcpu).compactMap { call in
      call.only { refusal in refusal.path.contains { $0.hasPrefix("hook ") && $0.hasSuffix(" of \(file.name)") } }
    }
  }

  /// The vCPU calls that can be refused by hooks.
  func callsWithHooks() -> [String] {
    guard let vcpu = catalogue.vcpu else { return [] }
    return ownCalls(of: vcpu).filter { call in
      call.refusals.contains { refusal in refusal.path.contains { $0.hasPrefix("hook ") } }
    }.map(\.subject)
  }

  /// The calls on the attribute that an id begins with. If it begins with none, all other calls of the file.
  func calls(of file: SchemaFile, named id: String) -> [RefusableCall] {
    for group in file.groups {
      for attribute in group.attributes
      where id.hasPrefix("\(file.name).\(attribute.path):") || id.hasPrefix("\(file.name).\(attribute.path).") {
        return AttributeAccess.allCases.map { call($0, on: attribute, of: group, in: file) }
      }
    }
    return ownCalls(of: file)
  }

  /// Every call of a file, also those on unknown groups and attributes.
  func allCalls(of file: SchemaFile) -> [RefusableCall] {
    var calls = ownCalls(of: file)
    func add(_ attribute: AttributeSchema?, _ group: GroupSchema?) {
      calls += AttributeAccess.allCases.map { call($0, on: attribute, of: group, in: file) }
    }
    for group in file.groups {
      for attribute in group.attributes { add(attribute, group) }
      if !group.hasEveryAttribute { add(nil, group) }
    }
    if !file.isCommon { add(nil, nil) }
    return calls
  }
}

extension DescriptorCall {
  /// What the call does.
  func doc(on file: SchemaFile) -> String {
    switch self {
    case .create: "creates \(file.words) and its descriptor"
    case .test: "asks whether the host has the device type, and creates nothing"
    case .every: "is made before every call"
    case .initialise: "initialises a vCPU and chooses its features"
    case .finalize: "completes a feature of a vCPU"
    case .run: "enters a vCPU; with immediate_exit, makes only the checks before the guest runs"
    case .enter: "enters the guest; its checks come after those of run"
    case .addMemory: "gives the guest memory"
    case .enableCapability: "enables a capability"
    case .createIRQChip: "creates the interrupt controller, if the architecture has such a call"
    case .close: "closes the descriptor"
    case .missing: "is not in this release"
    }
  }
}
