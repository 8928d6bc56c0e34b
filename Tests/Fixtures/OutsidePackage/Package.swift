// swift-tools-version: 6.2

import PackageDescription

// A package that knows of kvmconf only what everybody may know. The test puts the repository's path in.
let package = Package(
  name: "outside",
  dependencies: [.package(name: "kvmconf", path: "REPOSITORY")],
  targets: [.executableTarget(name: "outside", dependencies: [.product(name: "KVMConf", package: "kvmconf")])],
  swiftLanguageModes: [.v6]
)
