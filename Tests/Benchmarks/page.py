"""The results of the benchmarks as text, as a page and as a plot."""

import html
import math
import textwrap
from dataclasses import dataclass

VALIDATIONS = ["input", "program", "processor time", "elapsed", "peak memory", "ratio to libyaml"]
COMMANDS = ["command", *VALIDATIONS[1:]]
GROWTH = ["validate, with a growing number of", "number", "processor time", "peak memory", "exponent"]


@dataclass
class Results:
    machine: list
    limits: str
    seed: int
    runs: int
    validator: str  # the name of the JSON Schema validator, or None
    notes: list  # about JSON Schema validators that were not measured
    validations: list
    commands: list
    growth: list
    kvmload: list
    bars: list  # (title, [(program, seconds)])


# MARK: Numbers


def three(value):
    """Three digits: 1.23, 12.3, 123, 1230."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def seconds(value):
    return f"{three(value)} s" if value >= 1 else f"{three(value * 1000)} ms"


def memory(kib):
    return f"{kib / 1024:.0f} MiB" if kib >= 10240 else f"{kib / 1024:.1f} MiB"


def size(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} KB"


def ratio(value):
    return f"{three(value)} ×"


# MARK: Text


def table(head, rows):
    """Columns of text, the first two to the left and the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
             for row in [head, *rows]]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def text(results):
    parts = [
        "\n".join(results.machine),
        table(VALIDATIONS, results.validations),
        table(COMMANDS, results.commands),
        table(GROWTH, results.growth) + "\n(exponent: 1 is linear, 2 is quadratic)",
        "kvmload, for each call:\n" + "\n".join(results.kvmload),
        "JSON Schema: " + (results.validator or "not measured") + "".join(f"\n{note}" for note in results.notes),
    ]
    return "\n\n".join(parts)


# MARK: Page


def markdown_table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def markdown(results):
    peer = "A JSON Schema validator was not measured."
    if results.validator:
        peer = (f"**JSON Schema** is {results.validator}, with the schema that `kvmconf schema export` writes. It finds "
                "wrong keys, names, types and ranges. It knows nothing of the order of calls, the state of devices or the "
                "kernel's answers.")
    peer = textwrap.fill(peer + "".join(f" Note: {note}." for note in results.notes), 120)
    machine = "\n".join(f"- {line}" for line in results.machine)
    kvmload = "\n".join(results.kvmload)
    return f"""\
<!-- Written by `make bench-page`. -->
# Performance

`make bench` measures kvmconf on your machine. `make bench-page` also writes this page. The numbers are from this
machine:

{machine}

<img src="performance.svg" alt="The processor time of each command below, on a logarithmic scale." width="880">

## Validation

{markdown_table(VALIDATIONS, results.validations)}

**Processor time** is user and system time of all threads. Several files are validated on all processors, so that the
elapsed time can be shorter. Each number includes the start of the program.

**libyaml** is a small program in C that counts libyaml's events of the same files. kvmconf reads YAML with libyaml, so
this is the least time that it can need.

{peer}

## Other commands

{markdown_table(COMMANDS, results.commands)}

## Growth

{markdown_table(GROWTH, results.growth)}

The exponent compares a row with the row above it: if n times the input needs nᵉ times the processor time, the exponent
is e. Work that is proportional to its input has an exponent of 1, quadratic work has 2. If starting the program is a
large part of the work, or the vCPUs are a small part of it, the exponent is smaller than 1.

## The loader

Each line compares a call that [kvmload](embedding.md) makes with the same call written by hand, on `/dev/kvm`:

```
{kvmload}
```

## Method

- A script writes the inputs from a seed, here {results.seed}. `make bench SEED=7` uses other inputs.
- The manifest, and each of the 1,000, describes an arm64 VM with about ten vCPUs, memory, stolen time, a PMU, timers, a
  GICv3, an ITS and some twenty register writes. Each broken manifest has one to three mistakes. The long manifests
  write registers of the distributor and of the redistributors of all vCPUs.
- The programs that read one input run in turn. Each number is the median of at least {results.runs} runs, and of up to 21 if
  they are short. A command that needs more than 20 seconds runs once.
- A command may use {results.limits}. One that needs more is "not finished".
- Times and memory are the kernel's own figures for each process (`wait4`). Output goes to `/dev/null`.

Clocks decide no test. `make instructions` counts the instructions of three fixed inputs with valgrind, and `make
scaling` checks that work is proportional to the size of the input; CI runs both.
"""


# MARK: Plot

STYLE = """\
    svg { color: #1f2328 }
    text { font: 12px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: currentColor }
    .title { font-weight: 600 }
    .quiet { fill: #57606a }
    .line { stroke: #d0d7de }
    .ground { fill: #ffffff; stroke: #d0d7de }
    .kvmconf { fill: #0969da } .libyaml { fill: #8c959f } .schema { fill: #bc4c00 }
    @media (prefers-color-scheme: dark) {
      svg { color: #e6edf3 }
      .quiet { fill: #9aa4af }
      .line { stroke: #3d444d }
      .ground { fill: #0d1117; stroke: #3d444d }
      .kvmconf { fill: #58a6ff } .libyaml { fill: #7d8590 } .schema { fill: #f0883e }
    }
"""

CLASSES = {"kvmconf": "kvmconf", "libyaml": "libyaml", "JSON Schema": "schema"}
WIDTH, LEFT, RIGHT, TOP = 880, 290, 80, 64
BAR, GAP = 13, 11


def plot(results):
    """Bars on a logarithmic scale, as an SVG whose colours follow the reader's light or dark setting."""
    values = [value for _, bars in results.bars for _, value in bars]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = TOP + sum(len(bars) * BAR + GAP for _, bars in results.bars) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title">',
        '  <title id="title">Processor time of kvmconf, libyaml and a JSON Schema validator</title>',
        f"  <style>\n{STYLE}  </style>",
        f'  <rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        '  <text class="title" x="16" y="24">Processor time, logarithmic scale</text>',
    ]
    for i, (name, style) in enumerate(CLASSES.items()):
        lines.append(f'  <rect class="{style}" x="{LEFT + i * 110}" y="14" width="10" height="10"/>')
        lines.append(f'  <text x="{LEFT + i * 110 + 16}" y="24">{name}</text>')
    for power in range(low, high + 1):
        at = f"{x(10.0 ** power):.1f}"
        lines.append(f'  <line class="line" x1="{at}" y1="{TOP - 10}" x2="{at}" y2="{height - 12}"/>')
        name = f"{10 ** power:,} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        lines.append(f'  <text class="quiet" x="{at}" y="{TOP - 16}" text-anchor="middle">{name}</text>')
    y = TOP
    for title, bars in results.bars:
        middle = y + len(bars) * BAR / 2 + 4
        lines.append(f'  <text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end">{html.escape(title)}</text>')
        for name, value in bars:
            width = f"{max(1, x(value) - LEFT):.1f}"
            lines.append(f'  <rect class="{CLASSES[name]}" x="{LEFT}" y="{y}" width="{width}" height="{BAR - 2}"/>')
            lines.append(f'  <text class="quiet" x="{x(value) + 5:.1f}" y="{y + 10}">{seconds(value)}</text>')
            y += BAR
        y += GAP
    return "\n".join([*lines, "</svg>\n"])
