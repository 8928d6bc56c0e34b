// swift-tools-version: 6.2

import PackageDescription

/// Every target of ours: warnings are errors, and each unsafe construct says so.
let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "kvmconf",
  products: [
    .library(name: "KVMConf", targets: ["KVMConf"]),
    .library(name: "kvmload", targets: ["kvmload"]),
    .executable(name: "kvmconf", targets: ["kvmconf"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // C
    .systemLibrary(name: "CYAML"),
    .target(name: "CSchemas", cSettings: [.disableWarning("c23-extensions")]),
    .target(name: "kvmload"),

    // Below everything
    target("Diagnostics"),
    target("Expressions", ["Diagnostics"]),

    // Text in, a plan out
    target("SourceTree", ["CYAML", "Diagnostics"]),
    target("DeviceSchema", ["DevicePlan", "SourceTree", "Expressions", "Diagnostics", "CSchemas"]),
    target("Reference", ["DeviceSchema", "DevicePlan", "SourceTree", "Expressions", "Diagnostics"]),
    target(
      "EditorSchema",
      ["Reference", "DeviceManifest", "DeviceSchema", "DevicePlan", "Expressions", "Diagnostics"]),
    target("DeviceManifest", ["DeviceSchema", "SourceTree", "Expressions", "Diagnostics", "DevicePlan"]),
    target(
      "Planning",
      [
        "DeviceManifest", "DeviceSchema", "DevicePlan", "Expressions", "Diagnostics",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),

    // A plan runs on a host
    target("DevicePlan", ["Diagnostics"]),
    target("Model", ["DeviceSchema", "DevicePlan", "Expressions", "Diagnostics"]),
    target("PlanFormat", ["DevicePlan", "kvmload", "Diagnostics"]),
    target("Kernel", ["DevicePlan", "PlanFormat", "kvmload", "Diagnostics"]),

    // What others see
    target(
      "KVMConf",
      [
        "Planning", "DeviceManifest", "DeviceSchema", "DevicePlan", "PlanFormat", "Expressions", "Model", "Kernel",
        "SourceTree", "Diagnostics",
      ]),
    .executableTarget(
      name: "kvmconf",
      dependencies: [
        "KVMConf", "Reference", "EditorSchema", "DeviceSchema", "DevicePlan", "PlanFormat", "Kernel", "Expressions",
        "Diagnostics",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // Tests
    .target(
      name: "Corpus",
      dependencies: [
        "KVMConf", "Model", "DeviceSchema", "DevicePlan", "PlanFormat", "Kernel", "Expressions", "SourceTree",
        "Diagnostics",
      ], path: "Tests/Conformance/Corpus", swiftSettings: strict),
    .executableTarget(
      name: "conformance",
      dependencies: [
        "Corpus", "KVMConf", "Kernel", "DeviceSchema", "DevicePlan", "PlanFormat", "Expressions", "SourceTree",
        "Diagnostics",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/Conformance/Tool", swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["DeviceSchema", "DevicePlan", "Expressions", "Diagnostics"],
      path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("DiagnosticsTests", ["Diagnostics", "TestSupport"]),
    tests("SourceTreeTests", ["SourceTree", "Diagnostics", "TestSupport"]),
    tests("DevicePlanTests", ["DevicePlan", "Diagnostics"]),
    tests(
      "DeviceSchemaTests", ["DeviceSchema", "DevicePlan", "SourceTree", "Expressions", "Diagnostics", "TestSupport"]),
    tests(
      "ReferenceTests",
      ["Reference", "DeviceSchema", "DevicePlan", "SourceTree", "Expressions", "Diagnostics", "TestSupport"]),
    tests(
      "EditorSchemaTests",
      [
        "EditorSchema", "KVMConf", "DeviceManifest", "DeviceSchema", "DevicePlan", "Expressions", "Diagnostics",
        "TestSupport",
      ]),
    tests("ExpressionsTests", ["Expressions", "Diagnostics"]),
    tests(
      "DeviceManifestTests",
      ["DeviceManifest", "DeviceSchema", "DevicePlan", "SourceTree", "Expressions", "Diagnostics", "TestSupport"]),
    tests(
      "PlanningTests",
      [
        "Planning", "DeviceManifest", "DeviceSchema", "DevicePlan", "SourceTree", "Expressions", "Diagnostics",
        "TestSupport",
      ]),
    tests("ModelTests", ["Model", "DeviceSchema", "DevicePlan", "Expressions", "Diagnostics", "TestSupport"]),
    tests(
      "KVMConfTests",
      [
        "KVMConf", "Corpus", "Kernel", "DeviceSchema", "DevicePlan", "PlanFormat", "SourceTree", "Expressions",
        "Diagnostics", "TestSupport",
      ]),
    tests("CorpusTests", ["Corpus", "KVMConf", "Model", "DeviceSchema", "DevicePlan", "Diagnostics"]),
    tests("EndToEndTests", ["TestSupport"]),
    tests("PlanFormatTests", ["PlanFormat", "DevicePlan", "Diagnostics", "TestSupport"]),
    tests("KernelTests", ["Kernel", "DevicePlan", "PlanFormat", "kvmload", "Diagnostics", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
