// swift-tools-version: 6.2

import PackageDescription

// A package that uses only the public library of kvmconf. The test replaces REPOSITORY with its path.
let package = Package(
  name: "outside",
  dependencies: [.package(name: "kvmconf", path: "REPOSITORY")],
  targets: [.executableTarget(name: "outside", dependencies: [.product(name: "KVMConf", package: "kvmconf")])],
  swiftLanguageModes: [.v6]
)
