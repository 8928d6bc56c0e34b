"""The manifests that the benchmarks read, made from a seed: the same seed makes the same bytes."""

import random

# Registers of a GICv3 that can be written: the name and the offset of the first, the interrupts of each, and the
# distance of two in bytes.
DISTRIBUTOR = [
    ("GICD_ISENABLER1", 0x104, 32, 4), ("GICD_ISPENDR1", 0x204, 32, 4), ("GICD_ISACTIVER1", 0x304, 32, 4),
    ("GICD_IPRIORITYR8", 0x420, 4, 4), ("GICD_ICFGR2", 0xC08, 16, 4), ("GICD_IROUTER32", 0x6100, 1, 8),
]
REDISTRIBUTOR = [
    ("GICR_IGROUPR0", 0x1_0080, 32, 4), ("GICR_ISENABLER0", 0x1_0100, 32, 4), ("GICR_ISPENDR0", 0x1_0200, 32, 4),
    ("GICR_ISACTIVER0", 0x1_0300, 32, 4), ("GICR_IPRIORITYR0", 0x1_0400, 4, 4),
]
# Interrupts of each vCPU, which its redistributor has. The distributor has the others.
PRIVATE = 32


def number(value):
    """A hexadecimal number with a separator, as people write registers: 0x0800_0000."""
    return f"0x{value >> 16:x}_{value & 0xFFFF:04x}" if value > 0xFFFF else f"0x{value:x}"


def affinity(vcpu):
    """The MPIDR that KVM gives to a vCPU."""
    return f"0.0.{vcpu >> 4}.{vcpu & 15}"


def write_of(source, registers, interrupts):
    """The offset, by name or as a number, and the value of a write to any register of these interrupts."""
    name, first, each, step = source.choice(registers)
    index = source.randrange(interrupts // each)
    offset = name if index == 0 else number(first + index * step)
    return f"offset: {offset}, value: {number(source.getrandbits(32))}"


def distributor_writes(source, count, irqs):
    return "".join(f"        - {{{write_of(source, DISTRIBUTOR, irqs - PRIVATE)}}}\n" for _ in range(count))


def redistributor_writes(source, count, vcpus):
    """Writes to the registers of all vCPUs, one vCPU after another."""
    return "".join(
        f"        - {{mpidr: {affinity(i * vcpus // count)}, {write_of(source, REDISTRIBUTOR, PRIVATE)}}}\n"
        for i in range(count))


def board(source, name):
    """A manifest of about 2.4 KB and 84 steps: an arm64 VM with memory, stolen time, a PMU, timers, a GICv3, an ITS and
    the state of some registers."""
    vcpus = source.randint(9, 11)
    irqs = 32 * source.randint(4, 31)
    gap = 0x0800_0000 + 0x0200_0000 * source.randrange(16)
    return f"""\
# {name}: a guest with {vcpus} vCPUs and {source.randint(1, 8)} network queues.
#
# The interrupt controller is at {number(gap)}. Its registers are those of a saved guest.
kvmconf: 1
arch: arm64
name: {name}

parameters:
  vcpus: {{type: u32, default: {vcpus}, doc: "number of vCPUs, at most 64"}}
  ram: {{type: u64, default: {source.randint(1, 64)}GiB}}

vm: {{ipa-bits: 40}}
memory:
  - {{at: 0x4000_0000, size: "${{ram}}"}}
  - {{at: {number(gap + 0x010A_0000)}, size: 64KiB}}    # stolen time

vcpus:
  count: "${{vcpus}}"
  features: [psci-0.2, pmu-v3]
  attributes:
    pmu-v3: {{irq: {source.randint(20, 23)}, init: }}
    pvtime: {{ipa: "${{{number(gap + 0x010A_0000)} + vcpu.index * 64}}"}}
  each:
    - vcpu: 0
      attributes:
        timer: {{vtimer: 27, ptimer: 30}}
        pmu-v3:
          filter:
            - {{base-event: 0x00, nevents: {number(source.randint(32, 64))}, action: allow}}   # the common events
            - {{base-event: 0x19, nevents: 1, action: deny}}

devices:
  - name: gic
    type: arm-vgic-v3
    attributes:
      nr-irqs: {irqs}
      addr:
        dist: {number(gap)}      # 64 KiB
        redist: {number(gap + 0xA_0000)}    # 128 KiB for each vCPU
      ctrl: {{init: }}
      dist-regs:
{distributor_writes(source, source.randint(9, 12), irqs)}\
      redist-regs:
{redistributor_writes(source, source.randint(9, 12), vcpus)}\
  - name: its
    type: arm-vgic-its
    attributes:
      addr: {{its: {number(gap + 0x8_0000)}}}
      ctrl: {{init: }}
"""


def registers(source, writes, vcpus):
    """A manifest of a GICv3 with many register writes, as a saved guest has."""
    own = writes // 2
    return f"""\
kvmconf: 1
arch: arm64
vm: {{ipa-bits: 40}}
vcpus: {{count: {vcpus}, features: [psci-0.2]}}
devices:
  - name: gic
    type: arm-vgic-v3
    attributes:
      nr-irqs: 992
      addr:
        dist: 0x0800_0000
        redist-region: [{{index: 0, base: 0x40_0000_0000, count: {vcpus}}}]
      ctrl: {{init: }}
      dist-regs:
{distributor_writes(source, writes - own, 992)}\
      redist-regs:
{redistributor_writes(source, own, vcpus)}\
"""


# The mistakes of broken manifests: a text of every board, and its replacement.
MISTAKES = [
    ("kvmconf: 1", "kvmconf: 9"),
    ("arch: arm64", "arch: arm46"),
    ("default: ", "defualt: "),
    ("ipa-bits: 40", "ipa-bits: 4o"),
    ("size: 64KiB", "size: 64KB"),
    ("size: 64KiB", "size: 65KiB"),
    ("\nvcpus:\n", "\nvcpu:\n"),
    ("psci-0.2, pmu-v3", "psci-0.2"),
    ("psci-0.2, pmu-v3", "psci-0.3, pmu-v3"),
    ("psci-0.2, pmu-v3]", "psci-0.2, pmu-v3"),
    ("count: \"${vcpus}\"", "count: \"${vcpus\""),
    ("vcpu.index * 64", "vcpu.index * 32"),
    ("vtimer: 27", "vtimer: 37"),
    ("base-event: 0x00", "base-event: 0x1_0000_0000"),
    ("action: deny", "action: refuse"),
    ("type: arm-vgic-v3", "type: arm-vgic-v33"),
    ("nr-irqs: ", "nr-irqs: 1"),
    ("_0000      # 64 KiB", "_1000      # 64 KiB"),
    ("        redist: ", "        redsit: "),
    ("ctrl: {init: }\n      dist", "ctrl: {intt: }\n      dist"),
    ("      dist-regs:\n", "      dist-regs:\n        - {offset: GICD_ISENABLER99, value: 1}\n"),
    ("      redist-regs:\n", "      redist-regs:\n        - {mpidr: 0.0.9.9, offset: GICR_CTLR, value: 0}\n"),
    ("  - name: its", "  - name: gic"),
    ("  - name: its", "  name: its"),
]


def broken(source, name):
    """A board with one to three mistakes."""
    text = board(source, name)
    for right, wrong in source.sample(MISTAKES, source.randint(1, 3)):
        text = text.replace(right, wrong, 1)
    return text


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_folder(folder, count, make, seed):
    """Writes a folder of manifests, 100 in each of its folders."""
    source = random.Random(seed)
    for i in range(count):
        write(folder / f"team-{i // 100:03}" / f"board-{i:05}.yaml", make(source, f"board-{i:05}"))
