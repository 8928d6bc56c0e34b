#!/usr/bin/env python3
"""Draws a session with kvmconf as an SVG, from the real output of the commands.

    Scripts/picture.py .build/debug/kvmconf > docs/session.svg

The text stays text, which can be read aloud, searched and copied, and the colours follow the reader's light or dark
setting. The commands run on the model, so that the picture is the same on every machine; a test draws it again. It
needs only Python 3.9.
"""

import html
import os
import re
import subprocess
import sys
import tempfile

MANIFEST = """\
kvmconf: 1
arch: arm64
vcpus: {count: 2, features: [psci-0.2]}
devices:
  - name: gic
    type: arm-vgic-v3
    attributes:
      ctrl: {init: }
      addr:
        dist: 0x0800_1000
        redsit: 0x080A_0000
      nr-irqs: 128
"""

SESSION = [
    "kvmconf validate board.yaml",
    "sed -i 's/0800_1000/0800_0000/; s/redsit/redist/' board.yaml",
    "kvmconf apply --on model board.yaml",
]

TITLE = "A session with kvmconf"
DESCRIPTION = (
    "validate finds two mistakes in a manifest: an address that is not aligned and a misspelled attribute. It shows the "
    "place and a correction of each, and the kernel's rule. After the corrections, apply shows ten calls, all ok."
)

STYLE = """\
    svg { color: #1f2328 }
    text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: currentColor; white-space: pre }
    .bold { font-weight: bold }
    .red { fill: #b3261e } .green { fill: #116329 } .yellow { fill: #7d4e00 } .cyan { fill: #0b5c6b }
    .prompt { fill: #57606a }
    rect { fill: #ffffff; stroke: #d0d7de }
    @media (prefers-color-scheme: dark) {
      svg { color: #e6edf3 }
      .red { fill: #ff8b82 } .green { fill: #6fdd8b } .yellow { fill: #e3b341 } .cyan { fill: #76d5e6 }
      .prompt { fill: #9aa4af }
      rect { fill: #0d1117; stroke: #3d444d }
    }
"""

CLASSES = {"1": "bold", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
WIDTH, HEIGHT, MARGIN = 7.85, 18, 16


def run(program):
    """The lines of the session, as written to a terminal."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "board.yaml"), "w", encoding="utf-8") as file:
            file.write(MANIFEST)
        bin = os.path.join(folder, "bin")
        os.mkdir(bin)
        os.symlink(os.path.abspath(program), os.path.join(bin, "kvmconf"))
        environment = dict(os.environ, PATH=bin + os.pathsep + os.environ["PATH"])
        for command in SESSION:
            lines.append(f"\x1b[prompt]$\x1b[0m {command}")
            colored = command.replace("board.yaml", "--color always board.yaml") if "kvmconf" in command else command
            ended = subprocess.run(
                colored, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                check=False)
            if ended.returncode not in (0, 1):
                sys.exit(f"{command}: {ended.stdout.decode()}")
            lines += ended.stdout.decode().splitlines()
    return lines


def spans(line):
    """A line as SVG, with a tspan per run of one style."""
    result, style = "", []
    for part in re.split(r"(\x1b\[[0-9;]*m|\x1b\[prompt\])", line):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            style = ["prompt"] if codes == ["prompt"] else [CLASSES[code] for code in codes if code not in ("", "0")]
        elif part:
            text = html.escape(part, quote=False)
            result += f'<tspan class="{" ".join(style)}">{text}</tspan>' if style else text
    return result


def picture(lines):
    """The whole file."""
    plain = [re.sub(r"\x1b\[(prompt\]|[0-9;]*m)", "", line) for line in lines]
    width = round(max(map(len, plain)) * WIDTH + 2 * MARGIN)
    height = len(lines) * HEIGHT + 2 * MARGIN
    text = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="title description">',
        f'  <title id="title">{TITLE}</title>',
        f'  <desc id="description">{DESCRIPTION}</desc>',
        f"  <style>\n{STYLE}  </style>",
        f'  <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
    ]
    for i, line in enumerate(lines):
        if line:
            y = MARGIN + (i + 1) * HEIGHT - 5
            text.append(f'  <text x="{MARGIN}" y="{y}" xml:space="preserve">{spans(line)}</text>')
    return "\n".join(text + ["</svg>\n"])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(picture(run(sys.argv[1])))
