import ArgumentParser
import Conformance
import Corpus
import DevicePlan
import Diagnostics
import Foundation
import Kernel
import PlanFormat
import Vocabulary
import Workspace

/// A machine with a kernel that runs plans: this machine, or an emulated guest in QEMU.
struct Machine {
  var name: String
  var architecture: Architecture
  /// Files for attributes and calls: two eventfds, a VFIO group, and a file that is not a VFIO group.
  var files: [(name: String, path: String)] = events

  /// The eventfds, with the names that the schemas' tests use.
  private static let events = [(name: "line", path: PlanFile.eventPath), (name: "other", path: PlanFile.eventPath)]

  static let all = [
    Machine(name: "arm64-gicv3", architecture: .arm64), Machine(name: "arm64-gicv2", architecture: .arm64),
    Machine(name: "arm64-gicv4", architecture: .arm64), Machine(name: "arm64-n1", architecture: .arm64),
    Machine(name: "arm64-max", architecture: .arm64), Machine(name: "arm64-nested", architecture: .arm64),
    Machine(name: "arm64-gicv5", architecture: .arm64), Machine(name: "loongarch64-lvz", architecture: .loongarch64),
    Machine(name: "riscv64-aia", architecture: .riscv64),
    Machine(name: "riscv64-aiahw", architecture: .riscv64), Machine(name: "ppc64-xics", architecture: .ppc64),
    Machine(name: "ppc64-xive", architecture: .ppc64), Machine(name: "ppc-e500", architecture: .ppc),
    Machine(name: "s390x-sie", architecture: .s390x),
    Machine(
      name: "x86_64-svm", architecture: .x86_64,
      files: events + [(name: "gpu", path: "/dev/vfio/1"), (name: "container", path: "/dev/vfio/vfio")]),
    Machine(name: "host", architecture: .host ?? .x86_64),
  ]

  var isHost: Bool { name == "host" }
}

extension Machine: ExpressibleByArgument {
  init?(argument: String) {
    guard let found = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = found
  }
}

/// Runs plans and collects the kernel's answers.
struct Laboratory {
  var machine: Machine
  var kernel: String
  /// The folder for kernels and programs.
  var cache: URL
  /// The time limit of one guest, in seconds.
  var limit: Int

  struct Answers {
    /// By the number of the plan.
    var found: [Int: KernelAnswers] = [:]
    /// The plans in which the kernel died.
    var crashes: [Int] = []
  }

  /// The release of the kernel, with its patch level, which fetch.sh has stored.
  var release: Release? {
    if machine.isHost { return Release(kernelRelease()) }
    let file = cache.appending(path: "kernels/\(machine.architecture.rawValue)-\(kernel)/version")
    let version = (try? String(contentsOf: file, encoding: .utf8)) ?? kernel
    return Release(version.filter { !$0.isWhitespace })
  }

  /// The path of the kvmconf that was built for the machine; it may not exist.
  var kvmconf: URL { cache.appending(path: "kvmconf-\(machine.architecture.rawValue)") }

  func answers(to cases: [Case], _ workspace: ManifestWorkspace, progress: (String) -> Void) throws -> Answers {
    if machine.isHost { return try answersOfHost(cases.map(\.plan), workspace) }
    var answers = Answers()
    var waiting = Array(cases.indices)
    while !waiting.isEmpty {
      // The number of plans that fit into a guest's memory.
      let batch = Array(waiting.prefix(3000))
      progress("\(machine.name), Linux \(kernel): \(batch.count) plans")
      let start = Date()
      let report = try boot(batch.map { (Self.file($0, cases[$0]), cases[$0]) })
      for i in batch {
        guard let recorded = report.reports[Self.file(i, cases[i])] else { continue }
        do throws(DiagnosticsError) {
          answers.found[i] = try recorded.answers(to: cases[i].plan, release: kernel)
        } catch {
          throw Failure("\(machine.name), Linux \(kernel): \(error.diagnostics[0].message)")
        }
      }
      let broken = report.broken.compactMap { Int($0.prefix(6)) }
      answers.crashes += broken
      let done = Set(answers.found.keys).union(broken)
      let left = waiting.filter { !done.contains($0) }
      progress(
        "\(machine.name), Linux \(kernel): \(batch.count - batch.filter { !done.contains($0) }.count) done in "
          + String(format: "%.1f s", -start.timeIntervalSinceNow))
      if left.count == waiting.count {
        throw Failure("the guest ran no plan; its console is in \(cache.path)/\(machine.name)-\(kernel).report.console")
      }
      waiting = left
    }
    return answers
  }

  private static func file(_ index: Int, _ one: Case) -> String {
    String(format: "%06d", index) + (one.applied == nil ? ".kvmplan" : ".yaml")
  }

  private func answersOfHost(_ plans: [Plan], _ workspace: ManifestWorkspace) throws -> Answers {
    var answers = Answers()
    for (i, plan) in plans.enumerated() { answers.found[i] = try workspace.kernelAnswers(to: plan) }
    return answers
  }

  private func boot(_ cases: [(file: String, one: Case)]) throws -> GuestReport {
    let files = FileManager.default
    let folder = cache.appending(path: "\(machine.name)-\(kernel).plans")
    let report = cache.appending(path: "\(machine.name)-\(kernel).report")
    try? files.removeItem(at: folder)
    try files.createDirectory(at: folder, withIntermediateDirectories: true)
    for (file, one) in cases {
      try Data(one.applied?.bytes ?? one.plan.compiled()).write(to: folder.appending(path: file))
    }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [
      "Tests/Conformance/guest.sh", cache.path, machine.name, kernel, folder.path, report.path,
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(["LIMIT": "\(limit)"]) { $1 }
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("the guest could not be started") }
    return try GuestReport(Array(try Data(contentsOf: report)))
  }
}

struct Failure: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
