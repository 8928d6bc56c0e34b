import DeviceSchema
import Expressions
import Testing

@Suite struct FactProbeTests {
  @Test(arguments: [
    ("MemTotal: # kB", "MemTotal:       16384 kB", Value.integer(16384)),
    ("6.12.#", "6.12.117+deb13-riscv64", .integer(117)),
    ("POWER#", "cpu\t\t: POWER10 (architected)", .integer(10)),
    ("XIVE", " 16: 5 XIVE-IPI", .bool(true)),
    ("# #", "a 3 4", .integer(3)),
  ])
  func patternFindsItsValueInALine(_ pattern: String, _ line: String, _ value: Value) {
    #expect(LinePattern(pattern).find(in: line[...]) == value)
  }

  @Test(arguments: [
    ("MemTotal: # kB", "MemTotal: 16384 MB"), ("POWER#", "POWER"), ("XIVE", "XIV"), ("a b", "ab"), ("#", ""),
  ])
  func patternDoesNotMatchOtherLines(_ pattern: String, _ line: String) {
    #expect(LinePattern(pattern).find(in: line[...]) == nil)
  }

  /// The check of schemas finds malformed probes.
  @Test(arguments: [
    ("{dco: by hand}", "'probe' has no key 'dco'; did you mean 'doc'?"),
    ("{}", "'probe' needs one of KVM_CAP_…, steps or file, or 'doc'"),
    ("{file: /a, KVM_CAP_X: 1}", "'probe' needs one of KVM_CAP_…, steps or file, or 'doc'"),
    ("{KVM_CAP_X: 1, find: x}", "'find' needs a file to look into"),
    ("{file: proc/x}", "'proc/x' is not an absolute path"),
    ("{KVM_CAP_X: }", "KVM_CAP_X needs its number"),
    ("{steps: []}", "'steps' must be a list of steps"),
    ("{file: /a, return: valu + 1}", "unknown name 'valu'; did you mean 'value'?"),
  ])
  func malformedProbeIsReported(_ probe: String, _ message: String) {
    let schema = thing(
      control + "\nfacts:\n  page:\n    type: u32\n    doc: a page\n    probe: \(probe)\nif: host.page == 1")
    let found = check(["arm64/thing.yaml": schema])
    #expect(found.contains { $0.hasSuffix(message) }, "\(found)")
  }

  @Test func filePatternMatchesNames() {
    #expect(FilePattern.matches("armv8_pmuv3_0", "armv8_*"))
    #expect(FilePattern.matches("interrupt-controller@60", "*controller@*"))
    #expect(FilePattern.matches("abcabd", "a*b*d"))
    #expect(FilePattern.matches("plain", "plain") && FilePattern.matches("", "*"))
    #expect(!FilePattern.matches("armv7", "armv8_*") && !FilePattern.matches("plainer", "plain"))
    #expect(!FilePattern.matches("aba", "ab*ba"))
  }
}
