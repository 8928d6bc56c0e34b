import DevicePlan
import Diagnostics
import PlanFormat
import Reporting
import TestSupport
import Testing
import TextOutput
import kvmload

@Suite struct RoundTripTests {
  /// The number of vCPUs is supplied at load time.
  @Test func blocksSurviveTheRoundTrip() throws {
    let plan = forEachVCPU()
    let bytes = plan.compiled()
    let read = try Plan(compiled: bytes, path: "vm.kvmplan")
    #expect(read.json.text() == plan.json.text() && read.table == plan.table && read.strace == plan.strace)
    #expect(read.blocks == [1..<3, 4..<6, 6..<7] && read.vcpuCount == 0)
    #expect(read.compiled() == bytes)
  }

  @Test func everyPartOfAPlanSurvivesTheRoundTrip() throws {
    let plan = everything()
    let read = try Plan(compiled: plan.compiled(), path: "vm.kvmplan")
    #expect(read.json.text() == plan.json.text())
    #expect(read.table == plan.table)
    #expect(read.strace == plan.strace)
    #expect(read.steps.map(\.hints) == plan.steps.map(\.hints))
    #expect(read.parameters.map(\.initial) == [nil, -2, nil])
  }

  @Test func compilingIsDeterministic() throws {
    let bytes = everything().compiled()
    #expect(everything().compiled() == bytes)
    #expect(try Plan(compiled: bytes, path: "vm.kvmplan").compiled() == bytes)
  }

  /// Data that only reports need is left out; the calls and their expected answers are the same.
  @Test func strippedPlanMakesTheSameCalls() throws {
    let plan = everything()
    let bytes = plan.compiled(isStripped: true)
    let read = try Plan(compiled: bytes, path: "vm.kvmplan")
    #expect(read.steps.map(\.operation) == plan.steps.map(\.operation))
    #expect(read.steps.map(\.expected) == plan.steps.map(\.expected))
    #expect(read.steps.map(\.expectedNumber) == plan.steps.map(\.expectedNumber))
    #expect(read.steps.map(\.guardedBy) == plan.steps.map(\.guardedBy))
    #expect(read.steps.map(\.comparison) == plan.steps.map(\.comparison))
    #expect(bytes.count < plan.compiled().count)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("addr.dist"))
    #expect(read.steps[7].target == .device("device0") && read.steps[7].at.description == "vm.kvmplan:8:1")
  }

  /// The bytes of a plan with one step have the offsets of docs/plan-format.md.
  @Test func bytesMatchTheSpecification() {
    let bytes = Plan(
      name: "n", manifest: "m", architecture: .arm64, steps: [Step(.createVM(type: 0x28), target: .vm, at: place(2))]
    ).compiled()
    #expect(Array(bytes[0..<16]) == Array("KVMPLAN\n".utf8) + [1, 0, 0, 0, 152, 0, 0, 0])
    #expect(bytes[24] == UInt8(bytes.count & 255) && bytes[28] == 1 && bytes[29] == 0)
    // The steps follow the header, and the labels follow the steps.
    #expect(Array(bytes[64..<80]) == [152, 0, 0, 0, 1, 0, 0, 0, 232, 0, 0, 0, 1, 0, 0, 0])
    #expect(bytes[152] == 1 && bytes[168] == 0x28)
  }
}

@Suite struct DamageTests {
  private func isRefused(_ bytes: [UInt8]) -> Bool {
    do throws(DiagnosticsError) {
      _ = try Plan(compiled: bytes, path: "vm.kvmplan")
      return false
    } catch {
      return true
    }
  }

  @Test func everyTruncationIsRefused() {
    for bytes in [everything().compiled(), forEachVCPU().compiled()] {
      for length in 0..<bytes.count where !isRefused(Array(bytes[..<length])) {
        Issue.record("accepted \(length) of \(bytes.count) bytes as a plan")
      }
      #expect(isRefused(bytes + [0]) && isRefused(bytes + [0, 0, 0, 0, 0, 0, 0, 0]))
    }
  }

  @Test func everyChangedByteIsRefused() {
    let bytes = everything().compiled()
    for i in bytes.indices {
      for change in [1, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[i] ^= change
        if !isRefused(damaged) { Issue.record("accepted the plan with byte \(i) changed") }
      }
    }
  }

  /// With a repaired checksum, a plan is either refused or all its parts are inside the file.
  @Test(.slow) func damagedPlanWithARightChecksumIsRefusedOrWhole() {
    var accepted = 0
    for bytes in [everything().compiled(), forEachVCPU().compiled()] {
      accepted += acceptedDamages(of: bytes)
    }
    #expect(accepted > 0)
  }

  private func acceptedDamages(of bytes: [UInt8]) -> Int {
    var accepted = 0
    for i in bytes.indices {
      for value in [0, 1, 0x7F, 0xFF, bytes[i] &+ 1] as [UInt8] where value != bytes[i] {
        var damaged = bytes
        damaged[i] = value
        repair(&damaged)
        guard let plan = try? Plan(compiled: damaged, path: "vm.kvmplan") else { continue }
        accepted += 1
        #expect(!plan.json.text().isEmpty && !plan.table.isEmpty && !plan.strace.isEmpty)
        #expect(!plan.withDefaults.strace.isEmpty)
      }
    }
    return accepted
  }

  /// The session has as many slots as the number of vCPUs that it was given, so no step may read another number.
  @Test func numberOfVCPUsIsNotRead() throws {
    var bytes = forEachVCPU().compiled()
    let section = Int(KVMLOAD_HEADER_SECTIONS) + 8 * Int(KVMLOAD_SECTION_PARAMETERS.rawValue)
    let parameters = Int(bytes[section]) | Int(bytes[section + 1]) << 8
    #expect(try Plan(compiled: bytes, path: "vm.kvmplan").parameters[0].isRead == false)
    bytes[parameters + Int(KVMLOAD_PARAMETER_READ)] = 1
    repair(&bytes)
    #expect(isRefused(bytes))
  }

  @Test func messageSaysHowThePlanIsFaulty() {
    func message(_ bytes: [UInt8]) -> String {
      do throws(DiagnosticsError) {
        _ = try Plan(compiled: bytes, path: "vm.kvmplan")
        return ""
      } catch {
        return error.diagnostics[0].message
      }
    }
    var later = everything().compiled()
    #expect(message([]) == "vm.kvmplan cannot be used: not a compiled plan")
    #expect(
      message(Array(later.dropLast(8)))
        == "vm.kvmplan cannot be used: the plan is incomplete, or followed by other bytes")
    later[KVMLOAD_HEADER_VERSION] = 2
    #expect(
      message(later)
        == "vm.kvmplan cannot be used: the plan has a different version of the format; compile it again")
  }
}

@Suite struct ParameterTests {
  private func parameter(_ size: Int, signed: Bool = false) -> PlanParameter {
    PlanParameter(name: "p", size: size, isSigned: signed, at: place(3))
  }

  private func plan(_ parameter: PlanParameter, _ slot: PayloadSlot, _ bytes: [UInt8]) -> Plan {
    let call = AttributeCall(target: .vm, group: 0, attr: 0, data: .bytes(bytes, slots: [slot]))
    return Plan(
      name: "n", manifest: "m", architecture: .x86_64, parameters: [parameter],
      steps: [
        Step(.createVM(type: 0), target: .vm, at: place(1)), Step(.setAttribute(call), target: .vm, at: place(4)),
      ])
  }

  private func data(_ plan: Plan) -> AttributeData? { plan.steps[1].operation.attributeCall?.data }

  @Test func valueFillsItsBits() {
    var whole = plan(parameter(8), PayloadSlot(.parameter(0), offset: 1, width: 8), Array(repeating: 0xAA, count: 10))
    #expect(whole.missingParameters == [0])
    #expect(whole.fill([0: 0x0102_0304]).isEmpty)
    #expect(data(whole) == .bytes([0xAA, 4, 3, 2, 1, 0, 0, 0, 0, 0xAA]))
    #expect(whole.missingParameters.isEmpty)

    var part = plan(
      parameter(2), PayloadSlot(.parameter(0), offset: 0, width: 4, shift: 4, bits: 12), [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(part.fill([0: 0xABC]).isEmpty)
    #expect(data(part) == .bytes([0xCF, 0xAB, 0xFF, 0xFF]))
  }

  @Test func valueThatDoesNotFitIsRefused() {
    var part = plan(parameter(2), PayloadSlot(.parameter(0), offset: 0, width: 4, shift: 4, bits: 12), [0, 0, 0, 0])
    let found = part.fill([0: 0x1000])
    #expect(found.map(\.message) == ["4096 does not fit here: parameter 'p' fills 12 bits"])
    #expect(found.first?.range == place(4))
  }

  @Test func negativeValuesFillTheirSlot() {
    var whole = plan(parameter(4, signed: true), PayloadSlot(.parameter(0), offset: 0, width: 4), [0, 0, 0, 0])
    #expect(whole.fill([0: -2]).isEmpty)
    #expect(data(whole) == .bytes([0xFE, 0xFF, 0xFF, 0xFF]))
  }
}

@Suite struct BlockTests {
  /// Each block is repeated as a whole for each vCPU, and guards follow their steps.
  @Test func blocksAreRepeatedForEachVCPU() {
    var plan = forEachVCPU()
    #expect(plan.fill([0: 2]).isEmpty)
    #expect(
      plan.steps.map(\.words) == [
        "create vm", "create vcpu.0", "init vcpu.0", "create vcpu.1", "init vcpu.1", "create gic",
        "has vcpu.0.timer", "set vcpu.0.timer", "has vcpu.1.timer", "set vcpu.1.timer", "set gic.addr.region",
        "set gic.addr.region",
      ])
    #expect(plan.steps[9].guardedBy == [Guard(step: 8, ok: true)])
    #expect(plan.steps[9].operation.attributeCall?.target == .vcpu(1))
    #expect(plan.steps[11].operation.attributeCall?.data == .bytes([1, 0, 0, 0]))
    #expect(plan.vcpuCount == nil && plan.blocks.isEmpty)
    var empty = forEachVCPU()
    #expect(empty.fill([0: 0]).isEmpty && empty.steps.map(\.words) == ["create vm", "create gic"])
  }

  @Test func oneVCPUKeepsTheOrderOfSteps() {
    var plan = forEachVCPU()
    let places = plan.steps.map(\.at)
    plan.makeBlocks(vcpus: 1)
    #expect(plan.steps.map(\.at) == places)
  }

  @Test func tooManyVCPUsAreRefused() {
    var plan = forEachVCPU()
    #expect(plan.fill([0: 5000]).map(\.message) == ["5000 vCPUs are more than any kernel supports; the limit is 4096"])
  }
}
