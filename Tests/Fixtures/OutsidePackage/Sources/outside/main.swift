import KVMConf

let text = """
  kvmconf: 1
  arch: arm64
  name: outside
  parameters: {irqs: {type: u32, default: 256}}
  vcpus: {count: 1}
  devices:
    - name: gic
      type: arm-vgic-v3
      attributes:
        nr-irqs: "${irqs}"
        addr: {dist: 0x0800_0000, redist: 0x080A_0000}
        ctrl: {init: }
  """
let source = ManifestSource(text: text, name: "outside.yaml")

let validation = try source.validate()
print("valid:", validation.isValid, validation.problems.count)
print("sarif:", validation.report(as: .sarif).contains("\"version\": \"2.1.0\""))

var options = ManifestOptions()
options.parameters["irqs"] = "255"
for problem in try source.validate(options).problems { print(problem) }
try options.setKernel("6.12")
options.parameters = [:]
try options.setHostFacts("devices: [arm-vgic-v3]")

for plan in try source.plans(options) { print("plan:", plan.name, plan.architecture, plan.calls.count, plan.calls[0]) }
for report in try source.run(on: .model, options) {
  print("run:", report.name, report.isSuccess, report.steps.map(\.outcome).joined(separator: " "))
}
do {
  _ = try ManifestSource(text: "kvmconf: 2").plans()
} catch let error as ManifestError {
  print("invalid:", error.kind == .invalid, error.problems.map(\.id).joined(separator: " "))
}
do {
  _ = try ManifestSource(path: "/does/not/exist")
} catch let error as ManifestError where error.kind == .unreadable {
  print(error)
}
