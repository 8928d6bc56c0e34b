import DeviceManifest
import DevicePlan
import DeviceSchema
import Diagnostics
import Kernel
import Vocabulary
import Workspace
import YAMLSyntax

extension HostProbe {
  /// Asks a host for everything that the schemas of its architecture describe.
  ///
  /// - Parameter settings: the settings with the schemas; release and facts are replaced by those of the host.
  package init(of host: some ProbedHost, _ settings: Settings) throws(DiagnosticsError) {
    architecture = host.architecture
    release = host.release
    var settings = settings
    settings.facts = HostFacts()
    settings.release = Release(host.release)
    var prober = Prober(host: host, workspace: ManifestWorkspace(settings))
    devices = try prober.devices()
    let extensions = try prober.extensions()
    capabilities = prober.capabilities(extensions)
    facts = try prober.facts(extensions)
    let faults = Findings()
    faults.report(prober.workspace.schemaFaults)
    // What is known by now gives the model its answers, and refusals their reasons.
    settings.facts = HostFacts(found: Dictionary(knownFacts, uniquingKeysWith: { $1 }))
    prober.workspace = ManifestWorkspace(settings)
    features = try prober.features()
    for file in prober.catalogue.files where !file.isCommon {
      if let type = file.deviceType, !deviceTypes.contains(type) {
        attributes += prober.absent(file, devices.first { $0.type == type })
      } else {
        attributes += try AttributeProber(
          host: host, workspace: prober.workspace, catalogue: prober.catalogue, file: file,
          features: features.filter(\.isSupported).map(\.name)
        ).attributes()
      }
    }
    faults.report(prober.workspace.schemaFaults)
    schemaFaults = faults.diagnostics
  }
}

/// Asks for what concerns a host as a whole: device types, capabilities, facts and vCPU features.
private struct Prober<Host: ProbedHost> {
  let host: Host
  var workspace: ManifestWorkspace

  var catalogue: Catalogue { workspace.catalogue(for: host.architecture) }

  func run(_ steps: [Node], at range: SourceRange) throws(DiagnosticsError) -> Report {
    try host.run(workspace.plan(steps: steps, at: range, catalogue, Findings()), workspace)
  }

  func devices() throws(DiagnosticsError) -> [HostProbe.Device] {
    guard let vm = catalogue.vm else { return [] }
    let files = catalogue.files.filter { $0.deviceType != nil && $0.number != nil }
    let tests = files.map { Node.mapping([("test", .text($0.deviceType ?? ""))]) }
    let report = try run(vm.plainSteps() + tests, at: vm.source)
    guard report.entries.count == tests.count + 1 else { return [] }
    return zip(files, report.entries.dropFirst()).map { file, entry in
      let isSupported = entry.result.outcome == .ok
      let why = file.lifetime.absence(from: catalogue.release) ?? report.entries[0].failure ?? entry.unregistered
      return HostProbe.Device(
        type: file.deviceType ?? "", number: file.number ?? 0, lifetime: file.lifetime, isSupported: isSupported,
        answer: entry.result.outcome, why: isSupported ? nil : why)
    }
  }

  /// The values of all capabilities that facts and KVM_ENABLE_CAP refer to.
  func extensions() throws(DiagnosticsError) -> [UInt32: UInt32] {
    guard let vm = catalogue.vm else { return [:] }
    let plan = workspace.plan(steps: vm.plainSteps(), at: vm.source, catalogue, Findings())
    return try host.extensions(named.map(\.number), plan)
  }

  func capabilities(_ values: [UInt32: UInt32]) -> [HostProbe.Capability] {
    named.compactMap { name in
      values[name.number].map { HostProbe.Capability(constant: name.constant, number: name.number, value: $0) }
    }
  }

  /// Every capability once, by number.
  private var named: [(constant: String, number: UInt32)] {
    var names: [UInt32: String] = [:]
    for fact in catalogue.declaredFacts {
      if case .checkExtension(let constant, let number) = fact.probe?.method { names[number] = constant }
    }
    for capability in catalogue.files.flatMap(\.capabilities) {
      if let constant = capability.constant { names[capability.number] = constant }
    }
    return names.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }
  }

  func facts(_ extensions: [UInt32: UInt32]) throws(DiagnosticsError) -> [HostProbe.FoundFact] {
    try FactFinder(host: host, workspace: workspace, catalogue: catalogue, extensions: extensions).facts()
  }

  /// The attributes of a device type that the host does not have. None of them is supported.
  func absent(_ file: SchemaFile, _ device: HostProbe.Device?) -> [HostProbe.Attribute] {
    file.probedAttributes.map { group, attribute in
      var row = HostProbe.Attribute(file, group, attribute)
      row.why = device?.lifetime.absence(from: catalogue.release) ?? "there is no such device here"
      return row
    }
  }
}

// MARK: vCPU features

extension Prober {
  func features() throws(DiagnosticsError) -> [HostProbe.Feature] {
    guard let file = catalogue.vcpu, file.hasVCPUInit else { return [] }
    var features: [HostProbe.Feature] = []
    for feature in file.features {
      var row = HostProbe.Feature(
        name: feature.name, bit: feature.bit, lifetime: feature.lifetime, isSupported: false)
      if let absence = feature.lifetime.absence(from: catalogue.release) {
        row.why = absence
      } else if let refusal = try refusal(of: [feature.name], file) {
        row.why = refusal
        // Some features are supported only in pairs.
        for other in file.features where other.bit != feature.bit && other.lifetime.mayInclude(catalogue.release) {
          guard try self.refusal(of: [feature.name, other.name], file) == nil else { continue }
          row.note = "only together with \(other.name)"
          row.why = nil
          break
        }
      }
      row.isSupported = row.why == nil
      features.append(row)
    }
    return features
  }

  /// The reason why a vCPU cannot be initialised with these features; nil if it can.
  private func refusal(of features: [String], _ file: SchemaFile) throws(DiagnosticsError) -> String? {
    let report = try run(file.plainSteps(features: features), at: file.source)
    return report.entries.first { $0.verdict.isFailure }?.reasonText
  }
}

extension Report.Entry {
  /// The failed call and its answer; nil if it did not fail.
  fileprivate var failure: String? { verdict.isFailure ? refusal : nil }

  /// The reason why a device type is missing. Facts about device types are found out here, so they cannot be the
  /// reason.
  fileprivate var unregistered: String {
    result.outcome.name == "ENODEV" ? "ENODEV: not available on this kernel or hardware" : reasonText
  }
}
