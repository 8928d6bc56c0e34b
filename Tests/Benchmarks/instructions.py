#!/usr/bin/env python3
"""Counts the instructions of three fixed inputs with valgrind's callgrind, and compares them with recorded numbers.

    make instructions                       fails if a count is more than 10 % above the recorded one
    KVMCONF_RECORD=1 make instructions      records the counts

Instructions, unlike times, do not depend on how busy the machine is: the counts of two runs of one program differ by less
than one in 100,000. Another compiler or C library changes them.
"""

import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import loads

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).resolve().parent / "instructions.json"
KVMCONF = ROOT / os.environ.get("KVMCONF", ".build/release/kvmconf")
# Where the profiles of the last run are.
PROFILES = ROOT / ".build" / "instructions"
# How far above the recorded count a count may be.
TOLERANCE = 0.10

# The inputs, and the exit status of `validate`.
INPUTS = {"one manifest": ("one.yaml", 0), "register list": ("registers.yaml", 0), "broken manifests": ("broken", 1)}


def fail(message):
    sys.exit(f"instructions: {message}")


def write_inputs(folder):
    loads.write(folder / "one.yaml", loads.board(random.Random(1), "one"))
    loads.write(folder / "registers.yaml", loads.registers(random.Random(1), 2000, 4))
    loads.write_folder(folder / "broken", 30, loads.broken, 1)


def count(folder, name):
    """The instructions of one run of `validate`."""
    path, expected = INPUTS[name]
    profile = PROFILES / f"{name.replace(' ', '-')}.callgrind"
    done = subprocess.run(
        [shutil.which("valgrind"), "--tool=callgrind", f"--callgrind-out-file={profile}", "./kvmconf", "validate", path],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        # Environment variables take instructions, too.
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SWIFT_DETERMINISTIC_HASHING": "1"})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != expected or not found:
        fail(f"validate {path} ended with status {done.returncode}\n{done.stderr}")
    return int(found[1])


def counts():
    # With one processor there is one thread, whose work is the same every time.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    PROFILES.mkdir(parents=True, exist_ok=True)
    # The length of the path takes instructions: in every clone, the folder is directly below /tmp.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        write_inputs(folder)
        # valgrind cannot read the debugging information of some compilers. The names of functions stay.
        subprocess.run(["strip", "--strip-debug", "-o", folder / "kvmconf", KVMCONF], check=True)
        return {name: count(folder, name) for name in INPUTS}


def compare(found, recorded):
    """Prints each count beside the recorded one; whether none is too large."""
    good = True
    for name, value in found.items():
        change = value / recorded[name] - 1
        if change > TOLERANCE:
            remark, good = "  too many: more than 10 % above", False
        elif change < -TOLERANCE:
            remark = "  faster: record it"
        else:
            remark = ""
        print(f"{name:17} {value:15,} instructions, recorded {recorded[name]:15,}: {change:+7.2%}{remark}", flush=True)
    return good


def main():
    for tool in ["valgrind", "strip"]:
        if not shutil.which(tool):
            print(f"instructions: '{tool}' is not installed", file=sys.stderr)
            return 69
    if os.environ.get("KVMCONF_RECORD") == "1":
        record = {"machine": platform.machine(), "instructions": counts()}
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="ascii")
        for name, value in record["instructions"].items():
            print(f"{name:17} {value:15,} instructions, recorded")
        return 0
    record = json.loads(RECORD.read_text(encoding="ascii"))
    if record["machine"] != platform.machine():
        print(f"instructions: skipped, the recorded counts are those of {record['machine']}")
        return 0
    if not compare(counts(), record["instructions"]):
        print("instructions: a count is more than 10 % above the recorded one. callgrind_annotate shows the profiles in "
              ".build/instructions. To record the new counts: KVMCONF_RECORD=1 make instructions", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
