import ArgumentParser
import Conformance
import Corpus
import DevicePlan
import Foundation
import Reporting
import Workspace

/// `conformance run`: the corpus on one kernel and on the model.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the corpus on a kernel and on the model, and print the differences.",
    discussion: "The exit status is 1 if they differ, or if the kernel crashed.")

  @OptionGroup var options: CorpusOptions
  @Flag(help: "Do not search for the smallest manifest that shows a difference.")
  var noShrink = false

  func run() throws {
    let corpus = try options.load()
    let (workspace, laboratory, cases) = (corpus.workspace, corpus.laboratory, corpus.cases)
    let answers = try corpus.answers()
    var tally = corpus.emptyTally
    tally.commit = try currentCommit()
    tally.order.refused = corpus.misordered
    var differing: [Int] = []
    for (i, one) in cases.enumerated() {
      if answers.crashes.contains(i) { tally.crashes.append(one.plan.name) }
      guard let found = answers.found[i] else { continue }
      let conformance = try workspace.conformance(of: one.plan, to: found, quirks: corpus.quirks)
      tally.add(conformance, corpus.catalogue)
      if corpus.ordered.contains(i) { tally.order.add(conformance) }
      if conformance.differences > 0 {
        differing.append(i)
        if differing.count <= 10 {
          var text = ""
          for diagnostic in conformance.diagnostics where diagnostic.severity == .error {
            TextRenderer().render(diagnostic, into: &text)
          }
          print(text)
        }
      }
    }
    let misordered = Set(tally.order.refused.map(\.manifest))
    let wrong = cases.indices.filter {
      differing.contains($0) || answers.crashes.contains($0) || misordered.contains(cases[$0].plan.name)
    }
    try keep(wrong.map { cases[$0] }, laboratory)
    if !workspace.schemaFaults.isEmpty {
      throw Failure("the schemas have faults: \(workspace.schemaFaults[0].message)")
    }
    try write(tally, laboratory.cache)
    print(tally.table)
    if !noShrink, let first = differing.compactMap({ cases[$0].manifest }).min(by: { $0.steps.count < $1.steps.count })
    {
      let smallest = try shrink(first, laboratory, workspace, corpus.quirks)
      print("the smallest manifest that shows a difference:\n\(smallest.text)")
    }
    if !wrong.isEmpty { throw ExitCode(1) }
  }

  /// Writes the manifests that show a difference or crash the kernel, to be run again.
  private func keep(_ cases: [Case], _ laboratory: Laboratory) throws {
    let folder = laboratory.cache.appending(path: "differences-\(laboratory.machine.name)-\(laboratory.kernel)")
    try? FileManager.default.removeItem(at: folder)
    if cases.isEmpty { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for one in cases {
      let name = URL(filePath: one.source.path).lastPathComponent
      try Data(one.source.bytes).write(to: folder.appending(path: name))
    }
  }

  /// The commit of the working tree, such as `1a2b3c4d5e6f`, or `1a2b3c4d5e6f-dirty` if it was changed since.
  private func currentCommit() throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("git cannot name the commit of this folder") }
    return text.filter { !$0.isWhitespace }
  }

  private func write(_ tally: Tally, _ cache: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let folder = cache.appending(path: "results")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let seeds = tally.seeds.map(String.init).joined(separator: "-")
    try encoder.encode(tally).write(to: folder.appending(path: "\(tally.machine)-\(tally.kernel)-\(seeds).json"))
  }

  /// Tries smaller manifests, with one guest per round, until none of them shows a difference.
  private func shrink(
    _ manifest: StepManifest, _ laboratory: Laboratory, _ workspace: ManifestWorkspace, _ quirks: [Quirk]
  ) throws -> StepManifest {
    var smallest = manifest
    for _ in 0..<12 {
      let candidates = Shrinking.candidates(of: smallest).compactMap { $0.mended(workspace) }
      let answers = try laboratory.answers(to: candidates.map { Case($0.manifest, $0.plan) }, workspace) { _ in }
      let showing = try candidates.indices.filter { i in
        guard let found = answers.found[i] else { return false }
        return try workspace.conformance(of: candidates[i].plan, to: found, quirks: quirks).differences > 0
      }
      guard let best = showing.map({ candidates[$0].manifest }).min(by: { $0.steps.count < $1.steps.count }),
        best.steps.count < smallest.steps.count
      else { break }
      smallest = best
    }
    return smallest
  }
}
