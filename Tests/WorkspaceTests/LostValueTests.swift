import Diagnostics
import Testing
import Workspace

/// Values that a later entry of a list replaces.
@Suite struct LostValueTests {
  /// The warnings about a VM with these entries of two lists.
  private func warnings(_ first: [String], _ second: [String] = []) throws -> [Diagnostic] {
    let text = """
      kvmconf: 1
      arch: arm64
      vcpus: {count: 1, features: [psci-0.2]}
      devices:
        - name: gic
          type: arm-vgic-v3
          attributes:
            addr: {dist: 0x0800_0000, redist: 0x080A_0000}
            nr-irqs: 128
            ctrl: {init: }
            dist-regs: [\(first.joined(separator: ", "))]
            redist-regs: [\(second.joined(separator: ", "))]
      """
    return try ManifestWorkspace(Settings()).validate(SourceFile(path: "board.yaml", bytes: Array(text.utf8)))
      .diagnostics
  }

  private func priority(_ value: Int) -> String { "{offset: GICD_IPRIORITYR8, value: \(value)}" }

  @Test func aListHasAFewWarningsAndTheNumberOfTheRest() throws {
    let found = try warnings((0..<13).map { priority(8 * $0) })
    #expect(found.count == 10)
    #expect(found.allSatisfy { $0.id == "set-twice" && $0.severity == .warning })
    #expect(found.map { $0.notes.count } == Array(repeating: 1, count: 9) + [2])
    #expect(found.last?.notes.last?.message == "2 more values of 'dist-regs' have the key of an earlier one")
  }

  @Test func eachListHasItsOwnWarnings() throws {
    let redistributor = "{mpidr: 0.0.0.0, offset: GICR_IPRIORITYR0, value: 8}"
    let found = try warnings((0..<12).map { priority(8 * $0) }, [redistributor, redistributor])
    #expect(found.count { $0.message.hasPrefix("'dist-regs' ") } == 10)
    #expect(found.count { $0.message.hasPrefix("'redist-regs' ") } == 1)
    #expect(found.contains { $0.notes.last?.message == "1 more value of 'dist-regs' has the key of an earlier one" })
  }
}
