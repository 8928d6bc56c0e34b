import Expressions
import Probing

extension HostProbe {
  /// The probe for the textfile collector of Prometheus' node exporter: gauges, each with its HELP and TYPE.
  package var prometheus: String {
    var text = MetricText()
    text.gauge(
      "kvmconf_host_info", "The host that was probed; always 1.",
      [([("arch", architecture.rawValue), ("release", release)], 1)])
    text.gauge(
      "kvmconf_device_supported", "Whether this kernel has a device type (KVM_CREATE_DEVICE_TEST).",
      devices.map { ([("type", $0.type), ("number", "\($0.number)")], $0.isSupported ? 1 : 0) })
    text.gauge(
      "kvmconf_attribute_supported", "Whether this kernel has a device attribute (KVM_HAS_DEVICE_ATTR).",
      attributes.map { ([("target", $0.target), ("attribute", $0.path)], $0.isSupported ? 1 : 0) })
    text.gauge(
      "kvmconf_vcpu_feature_supported", "Whether vCPUs can be given a feature.",
      features.map { ([("feature", $0.name)], $0.isSupported ? 1 : 0) })
    text.gauge(
      "kvmconf_capability", "The result of KVM_CHECK_EXTENSION: 0 if unsupported, otherwise 1 or a limit.",
      capabilities.map { ([("capability", $0.constant)], Int128($0.value)) })
    text.gauge(
      "kvmconf_fact", "A fact that KVM's answers depend on, as a number; false is 0 and true is 1.",
      facts.compactMap { fact in fact.value?.number.map { ([("fact", fact.name)], $0) } })
    text.gauge(
      "kvmconf_facts_unknown", "How many facts were not found and are assumed.",
      [([], Int128(facts.count { $0.value == nil }))])
    return text.text
  }
}

extension Value {
  fileprivate var number: Int128? {
    switch self {
    case .bool(let truth): truth ? 1 : 0
    case .integer(let number): number
    default: nil
    }
  }
}

/// Prometheus' text format.
private struct MetricText {
  private(set) var text = ""

  mutating func gauge(_ name: String, _ help: String, _ samples: [(labels: [(String, String)], value: Int128)]) {
    if samples.isEmpty { return }
    text += "# HELP \(name) \(help.escaped(quotes: false))\n# TYPE \(name) gauge\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0)=\"\($1.escaped(quotes: true))\"" }.joined(separator: ",")
      text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(sample.value)\n"
    }
  }
}

extension String {
  /// Puts backslashes before characters that would end a label or a line.
  fileprivate func escaped(quotes: Bool) -> String {
    unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\"" where quotes: text += "\\\""
      default: text.unicodeScalars.append(scalar)
      }
    }
  }
}
