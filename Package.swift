// swift-tools-version: 6.2

import PackageDescription

/// For all targets: warnings are errors, and unsafe constructs must be marked.
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
    .executable(name: "kvmconf", targets: ["kvmconf-tool"]),
    .executable(name: "conformance", targets: ["conformance-tool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // Foundations
    target("Vocabulary"),
    target("TextOutput", ["Vocabulary"]),
    target("Diagnostics"),

    // Languages
    .systemLibrary(name: "CYAML"),
    target("YAMLSyntax", ["CYAML", "Diagnostics", "TextOutput", "Vocabulary"]),
    target("Expressions", ["Diagnostics", "Vocabulary"]),
    .target(name: "BuiltInSchemas", swiftSettings: strict, plugins: ["EmbedSchemas"]),
    .plugin(name: "EmbedSchemas", capability: .buildTool()),
    target("DeviceSchema", ["BuiltInSchemas", "Expressions", "YAMLSyntax", "Diagnostics", "Vocabulary"]),

    target("SchemaDraft", ["Expressions", "Diagnostics", "Vocabulary"]),

    // Plan
    target("DevicePlan", ["Diagnostics", "TextOutput", "Vocabulary"]),
    .target(name: "kvmload"),
    target("PlanFormat", ["DevicePlan", "kvmload", "Diagnostics", "Vocabulary"]),

    // Compile: text in, a plan out
    target(
      "DeviceManifest",
      ["DevicePlan", "DeviceSchema", "Expressions", "YAMLSyntax", "Diagnostics", "TextOutput", "Vocabulary"]),
    target(
      "Planning",
      [
        "DeviceManifest", "DevicePlan", "DeviceSchema", "Expressions", "Diagnostics", "Vocabulary",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),

    // Hosts: where plans run
    target("Model", ["DevicePlan", "DeviceSchema", "Expressions", "Diagnostics", "Vocabulary"]),
    target("Kernel", ["PlanFormat", "DevicePlan", "kvmload", "Diagnostics", "Vocabulary"]),

    target("Maps", ["Model", "DevicePlan", "DeviceSchema", "Diagnostics", "Vocabulary"]),

    // Answers
    target(
      "Reference",
      ["DevicePlan", "DeviceSchema", "Expressions", "YAMLSyntax", "Diagnostics", "TextOutput", "Vocabulary"]),
    target(
      "EditorSchema",
      ["Reference", "DeviceManifest", "DevicePlan", "DeviceSchema", "Expressions", "TextOutput", "Vocabulary"]),

    // Session
    target(
      "Workspace",
      [
        "Planning", "Maps", "Reference", "DeviceManifest", "Model", "Kernel", "PlanFormat", "DevicePlan",
        "DeviceSchema",
        "Expressions", "YAMLSyntax", "Diagnostics", "Vocabulary",
      ]),

    // Results
    target(
      "Probing",
      [
        "Workspace", "DeviceManifest", "Kernel", "DevicePlan", "DeviceSchema", "Expressions", "YAMLSyntax",
        "Diagnostics", "TextOutput", "Vocabulary",
      ]),
    target("Conformance", ["Workspace", "Model", "Kernel", "DevicePlan", "YAMLSyntax", "Diagnostics", "Vocabulary"]),
    target(
      "Reporting",
      [
        "Conformance", "Probing", "Workspace", "Maps", "Planning", "Reference", "Model", "DevicePlan", "kvmload",
        "DeviceSchema",
        "Expressions", "Diagnostics", "TextOutput", "Vocabulary",
      ]),

    // Faces
    target("KVMConf", ["Reporting", "Workspace", "DevicePlan", "Diagnostics", "TextOutput", "Vocabulary"]),
    .executableTarget(
      name: "kvmconf-tool",
      dependencies: [
        "Reporting", "Conformance", "Probing", "Workspace", "EditorSchema", "Reference", "PlanFormat", "SchemaDraft",
        "DevicePlan", "DeviceSchema", "Diagnostics", "TextOutput", "Vocabulary",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    // Tests
    .target(
      name: "TestSupport", dependencies: ["DeviceSchema", "Expressions", "Diagnostics", "TextOutput", "Vocabulary"],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests("VocabularyTests", ["Vocabulary"]),
    tests("TextOutputTests", ["TextOutput", "Reporting", "Diagnostics", "TestSupport"]),
    tests("DiagnosticsTests", ["Diagnostics"]),
    tests("ReportingTests", ["Reporting", "DevicePlan", "Diagnostics", "TextOutput", "PlanSupport", "TestSupport"]),
    tests("YAMLSyntaxTests", ["YAMLSyntax", "Diagnostics", "TestSupport"]),
    tests("ExpressionsTests", ["Expressions", "YAMLSyntax", "Diagnostics", "Vocabulary", "TestSupport"]),
    tests(
      "DeviceSchemaTests",
      ["DevicePlan", "DeviceSchema", "Expressions", "Diagnostics", "Reporting", "Vocabulary", "TestSupport"]),
    tests("SchemaDraftTests", ["SchemaDraft", "DeviceSchema", "Diagnostics", "Vocabulary", "TestSupport"]),
    .target(
      name: "PlanSupport", dependencies: ["DevicePlan", "Diagnostics", "Vocabulary"], path: "Tests/PlanSupport",
      swiftSettings: strict),
    tests("DevicePlanTests", ["DevicePlan", "Diagnostics", "Vocabulary", "PlanSupport"]),
    tests(
      "PlanFormatTests",
      ["PlanFormat", "Reporting", "DevicePlan", "kvmload", "Diagnostics", "TextOutput", "Vocabulary", "TestSupport"]),
    tests(
      "DeviceManifestTests",
      ["DeviceManifest", "DevicePlan", "DeviceSchema", "YAMLSyntax", "Diagnostics", "Vocabulary", "TestSupport"]),
    tests(
      "PlanningTests",
      [
        "Planning", "DeviceManifest", "DevicePlan", "DeviceSchema", "YAMLSyntax", "Diagnostics", "Vocabulary",
        "TestSupport",
      ]),
    tests(
      "ModelTests",
      [
        "Model", "DevicePlan", "DeviceSchema", "Expressions", "Diagnostics", "Vocabulary", "TestSupport",
      ]),
    tests(
      "KernelTests", ["Kernel", "PlanFormat", "DevicePlan", "kvmload", "Diagnostics", "Vocabulary", "TestSupport"]),
    tests("ReferenceTests", ["Reference", "DevicePlan", "DeviceSchema", "Diagnostics", "Vocabulary", "TestSupport"]),
    tests(
      "EditorSchemaTests",
      ["EditorSchema", "Workspace", "DeviceManifest", "DeviceSchema", "TextOutput", "Vocabulary", "TestSupport"]),
    tests(
      "WorkspaceTests",
      [
        "KVMConf", "Reporting", "Conformance", "Probing", "Workspace", "Corpus", "Kernel", "PlanFormat", "DevicePlan",
        "DeviceSchema", "Expressions", "YAMLSyntax", "Maps", "Planning", "TextOutput", "Diagnostics", "Vocabulary",
        "TestSupport",
      ]),
    tests("KVMConfTests", ["KVMConf", "Diagnostics", "Vocabulary", "TestSupport"]),
    tests("EndToEndTests", ["KVMConf", "TestSupport"]),

    // The model compared with real kernels
    .target(
      name: "Corpus",
      dependencies: [
        "Conformance", "Workspace", "Model", "DevicePlan", "DeviceSchema", "Expressions", "YAMLSyntax", "Diagnostics",
        "Vocabulary",
      ], path: "Tests/Conformance/Corpus", swiftSettings: strict),
    .executableTarget(
      name: "conformance-tool",
      dependencies: [
        "Corpus", "Reporting", "Conformance", "Workspace", "Kernel", "PlanFormat", "DevicePlan", "DeviceSchema",
        "YAMLSyntax", "Diagnostics", "Vocabulary",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Tests/Conformance/Tool", swiftSettings: strict),
    tests(
      "CorpusTests",
      [
        "Conformance", "Corpus", "Reference", "Workspace", "Model", "DevicePlan", "DeviceSchema", "Diagnostics",
        "Vocabulary", "TestSupport",
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)
