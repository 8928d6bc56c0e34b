import DeviceManifest
import DevicePlan
import Diagnostics
import TestSupport
import Testing

/// Values and the bytes that the kernel reads.
@Suite struct PayloadTests {
  @Test func integersAreLittleEndianOnArm64() {
    #expect(
      settings("int: {u8: 255, u16: 0x1234, u32: 1_000, u64: 0x1122_3344_5566_7788}") == [
        "0:0 ff", "0:1 3412", "0:2 e8030000", "0:3 8877665544332211",
      ])
    #expect(
      settings("int: {i8: -1, i16: -2, i32: -0x8000_0000, i64: -1}") == [
        "0:4 ff", "0:5 feff", "0:6 00000080", "0:7 ffffffffffffffff",
      ])
    #expect(
      settings("int: {u64: 64KiB, u32: 0b101, u16: 0o17, i8: 127}") == [
        "0:3 0000010000000000", "0:2 05000000", "0:1 0f00", "0:4 7f",
      ])
    #expect(settings("int: {u32: \"5\", u16: '017'}") == ["0:2 05000000", "0:1 1100"])
  }

  @Test func namesStandForNumbers() {
    #expect(settings("int: {named: fwd-to-user}") == ["0:8 02000000"])
    #expect(settings("int: {named: 4k-pages}") == ["0:8 0c000000"])
    #expect(settings("int: {named: 7}") == ["0:8 07000000"])
    #expect(settings("int: {flags: [first, ninth]}") == ["0:9 0101"])
    #expect(settings("int: {flags: ninth}") == ["0:9 0001"])
    #expect(settings("int: {flags: []}") == ["0:9 0000"])
    #expect(settings("int: {flags: 6}") == ["0:9 0600"])
    #expect(settings("int: {mpidr: 0.1.2.3}") == ["0:a 0302010000000000"])
    #expect(settings("int: {mpidr: 255.00.0.1_0}") == ["0:a 0a0000ff00000000"])
    #expect(settings("int: {mpidr: 0x5}") == ["0:a 0500000000000000"])
  }

  @Test func attributeWithoutAPayloadSendsNothing() {
    #expect(settings("nothing: {init: }") == ["1:0"])
  }

  @Test func bitFieldsArePutInTheirPlace() {
    // `count` is 2 at bit 52, `base` is not shifted, `flags` has its default, `index` is 3.
    #expect(settings("bits: {single: {count: 2, base: 0x080A_0000, index: 3}}") == ["2:1 03000a0800002000"])
    #expect(
      settings("bits: {single: {index: 0xfff, flags: 0xf, count: 0xfff, base: 0xF_FFFF_FFFF_0000}}") == [
        "2:1 ffffffffffffffff"
      ])
    #expect(settings("bits: {single: 0x12_3456}") == ["2:1 5634120000000000"])
    #expect(
      settings("bits: {region: [{count: 1, base: 0, index: 0}, {count: 1, base: 64KiB, index: 1}]}") == [
        "2:0 0000000000001000", "2:0 0100010000001000",
      ])
  }

  /// As in the C ABI: the offset of a field is a multiple of its size, and the size of the whole one of the largest.
  @Test func structsAreLaidOutAsInC() {
    #expect(
      settings("struct: {padded: {a: 0x11, b: 0x2222_2222, c: 0x3333, d: 0x4444_4444_4444_4444}}")
        == ["3:0 11000000222222223333000000000000" + "4444444444444444"])
    #expect(settings("struct: {padded: {c: 1}}") == ["3:0 " + "00000000000000000100000000000000" + "0000000000000000"])
    #expect(
      settings("struct: {inner: {head: one, list: [2, 3], rest: {low: 4}}}") == [
        "3:1 " + "0100" + "020003000000" + "54" + "000000"
      ])
    #expect(settings("struct: {defaults: {rest: 9}}") == ["3:2 02010709"])
    #expect(settings("struct: {defaults: {kind: 0, pad: 0}}") == ["3:2 00000000"])
    #expect(settings("struct: {inner: {}}") == ["3:1 " + String(repeating: "00", count: 12)])
  }

  /// A union is as large as its largest case, and its fields are written beside the one that selects the case.
  @Test func unionsHaveTheirTagAndFields() {
    #expect(settings("union: {event: {kind: small, u: {x: 5}}}") == ["4:0 " + "0100000000000000" + "0500000000000000"])
    #expect(settings("union: {event: {kind: 2, u: {y: 5}}}") == ["4:0 " + "0200000000000000" + "0500000000000000"])
    let msi = "{gsi: 7, type: msi, u: {addr: 0x01020304, data: 5}, tail: 9}"
    #expect(settings("union: {entry: \(msi)}") == ["4:1 07000200" + "0403020105000000" + "09000000"])
    #expect(settings("union: {entry: {type: line, u: 3}}") == ["4:1 00000100" + "0300000000000000" + "00000000"])
    #expect(settings("union: {entry: {type: 6, u: {data: 1}}}") == ["4:1 00000600" + "0000000001000000" + "00000000"])
    #expect(
      settings("union: {entry: {type: 99, u: aabbccddeeff}}") == ["4:1 00006300" + "aabbccddeeff0000" + "00000000"])
    #expect(settings("union: {entry: {type: 99}}") == ["4:1 00006300" + "0000000000000000" + "00000000"])
    #expect(
      settings("union: {entries: [\(msi), {type: 1, u: 255}]}")
        == ["4:2 07000200" + "0403020105000000" + "09000000" + "00000100" + "ff00000000000000" + "00000000"])
    #expect(settings("union: {entries: []}") == ["4:2 "])
  }

  /// A bitmap is the list of its bits that are set, by number or by name.
  @Test func bitmapsAreListsOfBits() {
    let zeros = String(repeating: "00", count: 8)
    #expect(
      settings("union: {bits: {first: [zero, 9, ten], second: [0, 9, 69]}}")
        == ["4:3 " + zeros + "8060000000000000" + "0102000000000000" + "2000000000000000"])
    #expect(settings("union: {bits: {first: []}}") == ["4:3 " + zeros + zeros + zeros + zeros])
    expectFindings(
      of: "union: {bits: {first: [1️⃣16]}}",
      .init("1️⃣", "value-out-of-range", "16 does not fit 'union.bits.first', a bit: it holds 0 to 15"))
    expectFindings(
      of: "union: {bits: {first: [1️⃣tem]}}",
      .init("1️⃣", "unknown-name", "unknown name 'tem'; did you mean 'ten'?", fixIts: ["ten"]))
    expectFindings(
      of: "union: {bits: {first: 1️⃣3}}",
      .init("1️⃣", "wrong-kind", "'union.bits.first' must be a list of bits, not a scalar"))
  }

  /// What a pointer points to follows the payload.
  @Test func pointersPointBehindThePayload() {
    let head = "02000000" + "00000000" + "0000000000000000" + "0000000000000000"
    let entries = "01000000" + "0200" + "0000" + "03000000" + "0400" + "0000"
    #expect(
      settings("union: {list: {count: 2, entries: [{addr: 1, data: 2}, {addr: 3, data: 4}], name: 01020304}}")
        == ["4:4 " + head + entries + "01020304 address of 24 at 8 address of 40 at 16"])
    #expect(settings("union: {list: {count: 2}}") == ["4:4 " + head])
    expectFindings(
      of: "union: {list: {entries: 1️⃣3}}",
      .init("1️⃣", "wrong-kind", "'union.list.entries' must be a list, not a scalar"))
  }

  /// A field of a key may be the length of the payload.
  @Test func lengthIsThatOfThePayload() {
    #expect(settings("union: {long: [{value: []}]}") == ["4:200 "])
    let one = "00000100" + "ff00000000000000" + "00000000"
    #expect(settings("union: {long: [{value: [{type: 1, u: 255}]}]}") == ["4:210 " + one])
    #expect(settings("union: {long: [{other: 1, value: [{type: 1, u: 255}]}]}") == ["4:290 " + one])
    #expect(settings("union: {long: [{length: 3, value: [{type: 1, u: 255}]}]}") == ["4:203 " + one])
  }

  /// The length of an array may depend on the key.
  @Test func arraysAreAsLongAsTheirKeySays() {
    #expect(settings("union: {sized: [{count: 1, value: [1, 2]}]}") == ["4:101 01000200"])
    let get = manifest("steps: [{create-vm: {}}, {create: thing}, {get: thing.union.sized, count: 3}]").steps.last
    guard case .attribute(_, _, let setting, _) = get?.action, case .bytes(let bytes, _) = setting.data else {
      Issue.record("not a get")
      return
    }
    #expect(bytes.count == 12)
  }

  @Test func bytesAreReadFromHexBase64AndFiles() {
    #expect(settings("bytes: {blob: 00ff10}") == ["5:0 00ff10"])
    #expect(settings("bytes: {blob: {hex: \"DE AD be_ef\"}}") == ["5:0 deadbeef"])
    #expect(settings("bytes: {blob: {base64: AP8=}}") == ["5:0 00ff"])
    #expect(settings("bytes: {blob: {base64: AP8Q}}") == ["5:0 00ff10"])
    #expect(settings("bytes: {blob: {file: blob.bin}}") == ["5:0 dead"])
    #expect(settings("bytes: {key: {file: fw/../fw/key.bin}}") == ["5:2 01020304"])
    #expect(settings("bytes: {key: 01020304}") == ["5:2 01020304"])
    #expect(settings("bytes: {named: {id: {hex: aabbcc}, rest: 1}}") == ["5:3 0000aabbcc01"])
    #expect(settings("bytes: {list: [1, 2, 0x1234]}") == ["5:1 010002003412"])
    #expect(settings("bytes: {blob: [1, 0xff]}") == ["5:0 01ff"])
  }

  @Test func namedFilesBecomeSlots() {
    #expect(settings("file: {add: [nic, gpu]}") == ["6:1 00000000 file 1 at 0", "6:1 00000000 file 0 at 0"])
  }

  /// If the attribute's number is made of key fields, they are next to the value.
  @Test func keyFieldsMakeTheNumber() {
    #expect(settings("registers: [{offset: 4, value: 5}]") == ["7:4 05000000"])
    #expect(settings("registers: [{offset: CTLR, cpu: 0.0.0.2, value: 5}]") == ["7:200000010 05000000"])
    #expect(settings("registers: [{offset: TYPER, value: 5}]") == ["7:18 0500000000000000"])
    #expect(settings("line: 7") == ["8:0 07000000"])
  }

  @Test func longFormHasAValueFlagsAndOptional() {
    #expect(settings("line: {value: 7, optional: true}") == ["8:0 07000000 optional"])
    #expect(settings("int: {u32: {value: 7, flags: 1}}") == ["0:2 07000000 flags 1"])
    #expect(settings("nothing: {init: {optional: true}}") == ["1:0 optional"])
    #expect(
      settings("bits: {single: {value: {count: 1, base: 0, index: 0}, optional: true}}") == [
        "2:1 0000000000001000 optional"
      ])
    #expect(settings("registers: [{offset: 4, value: 5, optional: true}]") == ["7:4 05000000 optional"])
  }

  @Test func forEachRepeatsAnEntryForEveryVCPU() {
    #expect(
      settings(
        "registers: [{for-each: vcpu, offset: 4, cpu: \"${vcpu.index}\", value: \"${vcpu.id + 1}\"}, {offset: 8, value: 0}]"
      )
        == ["7:4 01000000", "7:100000004 08000000", "7:8 00000000"])
  }

  @Test func rawAttributesAreGivenByNumber() {
    let found = manifest(
      """
      devices:
        - name: novel
          type: {number: 42}
          raw:
            - {group: 1, attr: 0x7, payload: {u32: 5}}
            - {group: 2, attr: 0, payload: {i8: -1}, flags: 3}
            - {group: 3, attr: 1, payload: {hex: "00ff"}, optional: true}
            - {group: 4, attr: 1, payload: {base64: AP8=}}
            - {group: 5, attr: 1}
            - {group: 6, attr: 1, payload: {file: blob.bin}}
      vm: {raw: [{group: 0, attr: 0, payload: {u64: 1}}]}
      """)
    let device = found.machine?.devices[0]
    #expect(device?.alternatives[0].type.number == 42)
    #expect(
      device?.alternatives[0].attributes.map(words)
        == ["1:7 05000000", "2:0 ff flags 3", "3:1 00ff optional", "4:1 00ff", "5:1", "6:1 dead"])
    #expect(found.machine?.attributes.map(words) == ["0:0 0100000000000000"])
  }
}

/// A value that does not fit its payload is reported.
@Suite struct PayloadFindingTests {
  @Test func valueOutOfRangeIsReported() {
    func message(_ text: String, _ path: String, _ words: String, _ range: String) -> String {
      "\(text) does not fit '\(path)', \(words): it holds \(range)"
    }
    expectFindings(
      of: "int: {u8: 1️⃣2562️⃣}", .init("1️⃣", to: "2️⃣", "value-out-of-range", message("256", "int.u8", "a u8", "0 to 255")))
    expectFindings(of: "int: {u8: 1️⃣-1}", .init("1️⃣", "value-out-of-range", message("-1", "int.u8", "a u8", "0 to 255")))
    expectFindings(
      of: "int: {i8: 1️⃣128}", .init("1️⃣", "value-out-of-range", message("128", "int.i8", "an i8", "-128 to 127")))
    expectFindings(
      of: "int: {i16: 1️⃣-0x8001}",
      .init("1️⃣", "value-out-of-range", message("-0x8001", "int.i16", "an i16", "-32768 to 32767")))
    expectFindings(
      of: "int: {u64: 1️⃣0x1_0000_0000_0000_00002️⃣}",
      .init(
        "1️⃣", to: "2️⃣", "value-out-of-range",
        message("0x1_0000_0000_0000_0000", "int.u64", "a u64", "0 to 0xffffffffffffffff")))
    expectFindings(
      of: "bits: {single: {count: 1️⃣40962️⃣, base: 3️⃣0x10014️⃣, index: 0}}",
      .init(
        "1️⃣", to: "2️⃣", "value-out-of-range", message("4096", "bits.single.count", "a field of 12 bits", "0 to 4095")),
      .init(
        "3️⃣", to: "4️⃣", "value-out-of-range",
        "0x1001 does not fit 'bits.single.base': it holds multiples of 0x10000 up to 0xfffffffff0000"))
    expectFindings(
      of: "registers: [{offset: 1️⃣0x1_0000, value: 1}]",
      .init("1️⃣", "value-out-of-range", message("0x1_0000", "registers.offset", "a field of 16 bits", "0 to 65535")))
  }

  private func noInteger(_ text: String) -> String {
    "'\(text)' is not an integer: write decimal, 0x, 0o or 0b, '_' between digits, and KiB, MiB, GiB or TiB at the end"
  }

  @Test(arguments: ["on", "1e3", "0x", "1_", "2x56", "-", "+5", "0b2", "NO", "~"])
  func malformedIntegerIsReported(_ text: String) {
    expectFindings(of: "int: {u32: 1️⃣\(text)2️⃣}", .init("1️⃣", to: "2️⃣", "bad-integer", noInteger(text)))
  }

  @Test func wrongUnitGetsASuggestion() {
    expectFindings(
      of: "int: {u64: 1️⃣64MB2️⃣}",
      .init("1️⃣", to: "2️⃣", "bad-integer", noInteger("64MB"), notes: [.init("did you mean 64MiB?")], fixIts: ["64MiB"]))
    expectFindings(
      of: "int: {u64: 1️⃣4k}",
      .init("1️⃣", "bad-integer", noInteger("4k"), notes: [.init("did you mean 4KiB?")], fixIts: ["4KiB"]))
  }

  @Test func wrongHexadecimalDigitIsNoUnit() {
    expectFindings(of: "int: {u64: 1️⃣0x4g}", .init("1️⃣", "bad-integer", noInteger("0x4g")))
  }

  @Test func unknownNameGetsASuggestion() {
    expectFindings(
      of: "int: {named: 1️⃣fwd-to-usr2️⃣}",
      .init(
        "1️⃣", to: "2️⃣", "unknown-name", "unknown name 'fwd-to-usr'; did you mean 'fwd-to-user'?",
        fixIts: ["fwd-to-user"]))
    expectFindings(
      of: "int: {flags: [first, 1️⃣nineth]}",
      .init("1️⃣", "unknown-name", "'int.flags' has no flag 'nineth'; did you mean 'ninth'?", fixIts: ["ninth"]))
    for text in ["0.0.0.256", "+1.0.0.0", "0.0.0.", "0.0.0.0.0", "0x1.0.0.0", "0.0.0.-1"] {
      expectFindings(
        of: "int: {mpidr: 1️⃣\(text)2️⃣}",
        .init(
          "1️⃣", to: "2️⃣", "bad-integer",
          "'\(text)' is not a valid mpidr: write Aff3.Aff2.Aff1.Aff0, as in 0.0.0.3, or an integer"))
    }
    expectFindings(
      of: "int: {mpidr: 1️⃣0.0.3}",
      .init("1️⃣", "bad-integer", "'0.0.3' is not a valid mpidr: write Aff3.Aff2.Aff1.Aff0, as in 0.0.0.3, or an integer")
    )
    #expect(settings("int: {short: 32767.1}") == ["0:b ffff"])
    expectFindings(
      of: "int: {short: 1️⃣40_000.12️⃣}",
      .init(
        "1️⃣", to: "2️⃣", "value-out-of-range", "40_000.1 does not fit 'int.short', a u16: it holds 0 to 65535"))
    // The example fits the last part, which has one bit.
    expectFindings(
      of: "int: {short: 1️⃣0.22️⃣}",
      .init("1️⃣", to: "2️⃣", "bad-integer", "'0.2' is not a valid line: write index.side, as in 0.1, or an integer"))
  }

  @Test func wrongKindOfNodeIsReported() {
    expectFindings(
      of: "int: {u32: 1️⃣[5]2️⃣}", .init("1️⃣", to: "2️⃣", "wrong-kind", "'int.u32' must be an integer, not a list"))
    expectFindings(
      of: "int: {u32: 1️⃣{a: 5}2️⃣}", .init("1️⃣", to: "2️⃣", "wrong-kind", "'int.u32' must be an integer, not a mapping"))
    expectFindings(
      of: "int: 1️⃣5",
      .init(
        "1️⃣", "wrong-kind",
        "group 'int' must be a mapping of its attributes (u8, u16, u32, u64, i8, i16, i32, i64, named, flags, mpidr, short), not a scalar"
      ))
    expectFindings(
      of: "bits: {region: 1️⃣{count: 1, base: 0, index: 0}2️⃣}",
      .init(
        "1️⃣", to: "2️⃣", "wrong-kind", "'bits.region' takes a list, even for one value: put '[' and ']' around it"))
    expectFindings(
      of: "registers: 1️⃣5",
      .init("1️⃣", "wrong-kind", "'registers' takes a list, even for one value: put '[' and ']' around it"))
    expectFindings(
      of: "1️⃣registers2️⃣: ",
      .init("1️⃣", to: "2️⃣", "wrong-kind", "'registers' takes a list, even for one value: put '- ' before each"))
    expectFindings(
      of: "struct: {padded: 1️⃣5}",
      .init("1️⃣", "wrong-kind", "'struct.padded' must be a mapping with a, b, c, d, not a scalar")
    )
    expectFindings(of: "bytes: {list: 1️⃣5}", .init("1️⃣", "wrong-kind", "'bytes.list' must be a list, not a scalar"))
    expectFindings(
      of: "struct: {inner: {list: 1️⃣[1, 2, 3, 4]2️⃣}}",
      .init("1️⃣", to: "2️⃣", "wrong-kind", "'struct.inner.list' is a list of at most 3 elements"))
  }

  @Test func missingAndUnexpectedValuesAreReported() {
    expectFindings(of: "int: {1️⃣u322️⃣: }", .init("1️⃣", to: "2️⃣", "missing-value", "'int.u32' needs a value: a u32"))
    expectFindings(
      of: "int: {1️⃣u64: }", .init("1️⃣", "missing-value", "'int.u64' needs a value: a guest physical address"))
    expectFindings(
      of: "nothing: {init: 1️⃣true2️⃣}",
      .init("1️⃣", to: "2️⃣", "unexpected-value", "'nothing.init' takes no value; write 'init:'"))
    expectFindings(
      of: "bits: {single: 1️⃣{count: 1, index: 0}2️⃣}", .init("1️⃣", to: "2️⃣", "missing-key", "'bits.single' needs 'base'"))
    expectFindings(of: "registers: [1️⃣{value: 5}2️⃣]", .init("1️⃣", to: "2️⃣", "missing-key", "'registers' needs 'offset'"))
    expectFindings(
      of: "registers: [1️⃣{offset: 4}]", .init("1️⃣", "missing-value", "'registers' needs a value: a u32"))
    expectFindings(
      of: "union: {event: 1️⃣{u: {x: 5}}}", .init("1️⃣", "missing-key", "'union.event' needs 'kind': small, big"))
    expectFindings(
      of: "struct: {padded: {a: 1, 1️⃣bb2️⃣: 2}}",
      .init("1️⃣", to: "2️⃣", "unknown-key", "'struct.padded' has no key 'bb'; did you mean 'b'?", fixIts: ["b"]))
    expectFindings(
      of: "bits: {single: {count: 1, base: 0, index: 0, 1️⃣flgs: 3}}",
      .init("1️⃣", "unknown-key", "'bits.single' has no key 'flgs'; did you mean 'flags'?", fixIts: ["flags"]))
  }

  @Test func wrongNamedFileIsReported() {
    expectFindings(
      of: "file: {add: [1️⃣gpu22️⃣]}",
      .init("1️⃣", to: "2️⃣", "unknown-file", "there is no file 'gpu2'; did you mean 'gpu'?", fixIts: ["gpu"]))
    expectFindings(
      in: "files: {key: 1️⃣/dev/vfio/../kvm}\ndevices: [{type: thing, attributes: {file: {one: 2️⃣key}}}]",
      .init(
        "1️⃣", "file-not-allowed", "'file.one' cannot take '/dev/vfio/../kvm': only /dev/vfio/** may be opened for it",
        notes: [.init("2️⃣", "the file is used here")]))
    expectFindings(
      in: "devices: [{type: thing, attributes: {file: {one: 1️⃣gpu}}}]",
      .init(
        "1️⃣", "unknown-file", "there is no file 'gpu'",
        notes: [.init("the manifest has no 'files'; add 'files: {gpu: PATH}' at its top level")]))
    expectFindings(
      of: "file: {one: 1️⃣{fd: 3}2️⃣}",
      .init("1️⃣", to: "2️⃣", "bad-descriptor", "'fd' is allowed only in 'steps'; use the name of an entry in 'files'"))
  }

  @Test func malformedBytesAreReported() {
    expectFindings(
      of: "bytes: {blob: 1️⃣0g2️⃣}", .init("1️⃣", to: "2️⃣", "bad-bytes", "'0g' is not hexadecimal: write two digits per byte"))
    expectFindings(
      of: "bytes: {blob: 1️⃣123}", .init("1️⃣", "bad-bytes", "'123' is not hexadecimal: write two digits per byte"))
    expectFindings(
      of: "bytes: {blob: {base64: 1️⃣A}}",
      .init(
        "1️⃣", "bad-bytes",
        "this is not base64: it has 1 character, and the number must be a multiple of 4; '=' fills up the end"))
    expectFindings(
      of: "bytes: {blob: {base64: 1️⃣AB=D2️⃣}}",
      .init(
        "1️⃣", to: "2️⃣", "bad-bytes",
        "this is not base64: its digits are A to Z, a to z, 0 to 9, '+' and '/', with '=' only at the end"))
    expectFindings(
      of: "bytes: {blob: {hex: 1️⃣\"+1-1\"2️⃣}}",
      .init("1️⃣", to: "2️⃣", "bad-bytes", "'+1-1' is not hexadecimal: write two digits per byte"))
    expectFindings(
      of: "bytes: {blob: {1️⃣hx2️⃣: 00}}",
      .init("1️⃣", to: "2️⃣", "unknown-key", "a byte string has no key 'hx'; did you mean 'hex'?", fixIts: ["hex"]))
    expectFindings(
      of: "bytes: {blob: {hex: 00, 1️⃣base642️⃣: AA==}}",
      .init("1️⃣", to: "2️⃣", "conflicting-keys", "a byte string is given once: use 'hex' or 'base64'"))
    expectFindings(
      of: "bytes: {blob: {hex: 1️⃣[]2️⃣}}", .init("1️⃣", to: "2️⃣", "wrong-kind", "'hex' must be text, not a list"))
  }

  /// Neither too few bytes nor too many are sent, so that the fields after them keep their offsets.
  @Test func wrongNumberOfBytesIsReported() {
    expectFindings(
      of: "bytes: {key: 1️⃣0102032️⃣}", .init("1️⃣", to: "2️⃣", "wrong-size", "'bytes.key' takes 4 bytes, but this has 3"))
    expectFindings(
      of: "bytes: {named: {id: {base64: 1️⃣AP8QAP8Q2️⃣}}}",
      .init("1️⃣", to: "2️⃣", "wrong-size", "'bytes.named.id' takes 3 bytes, but this has 6"))
  }

  /// Only files in the manifest's folder are read.
  @Test func fileOutsideTheFolderIsReported() {
    for (path, words) in [
      ("/etc/passwd", "is an absolute path"), ("../key", "is outside the manifest's folder"),
      ("fw/../../key", "is outside the manifest's folder"),
      ("./..", "is outside the manifest's folder"), ("link", "leads out of the manifest's folder"),
    ] {
      expectFindings(
        of: "bytes: {blob: {file: 1️⃣\(path)2️⃣}}", .init("1️⃣", to: "2️⃣", "file-outside", "'\(path)' \(words)"))
    }
  }

  @Test func unreadableFileIsReported() {
    expectFindings(
      of: "bytes: {blob: {file: 1️⃣nothing2️⃣}}",
      .init("1️⃣", to: "2️⃣", "bad-file", "cannot read 'nothing': there is none"))
    expectFindings(
      of: "bytes: {blob: {file: 1️⃣\"\"2️⃣}}", .init("1️⃣", to: "2️⃣", "bad-file", "this is not a valid file name"))
    expectFindings(
      of: "bytes: {blob: {file: 1️⃣[a]2️⃣}}", .init("1️⃣", to: "2️⃣", "wrong-kind", "'file' must be text, not a list"))
    expectFindings(
      of: "bytes: {key: {file: 1️⃣blob.bin2️⃣}}",
      .init("1️⃣", to: "2️⃣", "wrong-size", "'bytes.key' takes 4 bytes, but 'blob.bin' has 2"))
    expectFindings(
      of: "bytes: {key: {file: 1️⃣half2️⃣}}",
      .init("1️⃣", to: "2️⃣", "wrong-size", "'bytes.key' takes 4 bytes, but 'half' has 524288"))
    expectFindings(
      of: "bytes: {blob: {file: 1️⃣more2️⃣}}",
      .init("1️⃣", to: "2️⃣", "too-large", "'more' has 1048577 bytes; the limit is 1048576"))
    expectFindings(
      of: "bytes: {blob: {file: \"${1️⃣nobody2️⃣}\"}}",
      .init("1️⃣", to: "2️⃣", "unknown-parameter", "unknown name 'nobody'"))
  }

  /// A short text can expand to many bytes.
  @Test func tooManyBytesInAllAreReported() {
    expectFindings(
      in:
        "vcpus: {count: 129}\ndevices: [{type: thing, attributes: {blobs: [{for-each: vcpu, value: {file: 1️⃣half2️⃣}}]}}]",
      .init("1️⃣", to: "2️⃣", "too-large", "the manifest's byte strings add up to more than 64 MiB"))
  }
}
