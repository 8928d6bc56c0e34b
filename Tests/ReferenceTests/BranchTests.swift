import DeviceSchema
import Diagnostics
import Reference
import TestSupport
import Testing

/// The refusals of rules with branches, and the conditions of attributes.
@Suite struct BranchTests {
  private static let schema = """
    schema: 2
    KVM_DEV_TYPE_LAMP: 43
    doc: a lamp
    sources: [arch/arm64/kvm/lamp.c]
    facts:
      bright: {type: bool, doc: the host is bright, default: true}
    functions:
      is_new(offset): since("v6.17") && offset in [0x8, 0xc]
      shine(level):
        - if: level == 0
          EDOM: a lamp at 0 does not shine
        - ERANGE: nothing comes here, or to the next rule
        - EPROTO: the list has ended
      check_glow():
        - if: attr == 7
          EXDEV: it cannot glow that much
    set:
      - until: v5.0
        EPERM: attributes are new in Linux 5.0
    groups:
      mode:
        KVM_LAMP_MODE: 1
        since: v5.0
        doc: the mode
        payload: {type: u32, names: {on: 1, off: 2}}
        set:
          - read: value
          - if: value == 0
            EINVAL: the mode must not be 0
          - switch: value
            cases:
              on:
                - if: host.bright
                  then:
                    - if: self.warm
                      EBUSY: the lamp is warm
                    - return: 0
                - if: self.warm
                  EAGAIN: the lamp of a dark host is warm
              off:
                - if: value == 0
                  ENOENT: nothing comes here
                - if: self.warm
                  EIO: lamp ${size(devices)} is warm
                - use: shine(0)
              else:
                - ENXIO: there is no such mode
        examples: [{value: on}]
      glow:
        number: 3
        doc: how it glows
        payload: u32
        set:
          - use: check_glow()
          - read: value
        attributes:
          low: {number: 1, examples: [{value: 1}]}
          high: {number: 7, examples: [{value: 1, expect: EXDEV}]}
      regs:
        KVM_LAMP_REGS: 2
        if: host.bright
        doc: the registers
        key: {offset: {bits: 63..0, names: {CTRL: 0, ID: 8}, doc: the register}}
        payload:
          switch: key.offset
          cases:
            0, 16..31: u8
            else: u32
        after:
          - mode: '!is_new(key.offset)'
        set:
          - read: value
        examples: [{offset: CTRL, value: 1}]
    state: {self: {warm: false}}
    """

  private func page(_ name: String) -> String {
    let sources = [SchemaSource(path: "arm64/lamp.yaml", file: SourceFile(path: "arm64/lamp.yaml", text: Self.schema))]
    guard case .page(let text) = Explainer([catalogue(sources, architecture: .arm64)]).explain(name) else { return "" }
    return text
  }

  @Test func casesFollowTheOrderOfTheSchema() {
    #expect(
      page("lamp.mode").contains(
        """
          KVM_SET_DEVICE_ATTR:
            EPERM   attributes are new in Linux 5.0
            EFAULT  the kernel cannot read the value at this address
            EINVAL  the mode must not be 0
            EBUSY   the lamp is warm (on hosts with bright)
            EAGAIN  the lamp of a dark host is warm (on hosts without bright)
            EIO     lamp N is warm
            EDOM    a lamp at 0 does not shine
            ENXIO   there is no such mode

        """))
  }

  /// The number of the attribute decides conditions, in functions as well.
  @Test func refusalsOfOtherAttributesAreLeftOut() {
    #expect(page("lamp.glow.high").contains("EXDEV"))
    #expect(page("lamp.glow.low").contains("EFAULT") && !page("lamp.glow.low").contains("EXDEV"))
  }

  @Test func factsOfTheHostAreExplained() {
    #expect(page("lamp.mode").contains("  Facts of the host:\n    bright  the host is bright\n"))
  }

  @Test func conditionsAreWords() {
    let page = page("lamp.regs")
    #expect(page.contains("  only where  the host is bright\n"))
    #expect(page.contains("  where offset is CTRL or from 16 to 31:\n    u8\n"))
    #expect(page.contains("    after mode, where Linux is older than 6.17 or offset is neither ID nor 0xc\n"))
  }
}
