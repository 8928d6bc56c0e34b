#!/usr/bin/env python3
"""Measures kvmconf, and beside it libyaml alone and a JSON Schema validator on the same files.

    make bench [SEED=1] [RUNS=3]     prints the tables
    make bench-page                  writes them to docs/performance.md, with a plot

It needs Python 3.9, a C compiler and libyaml, as the build does.
"""

import argparse
import math
import os
import platform
import random
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import loads
import page

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FOLDER = ROOT / ".build" / "bench"
KVMCONF = str(ROOT / os.environ.get("KVMCONF", ".build/release/kvmconf"))
# A command may use this many seconds of processor time, and this much memory.
SECONDS = 300
GIB = 4


def fail(message):
    sys.exit(f"bench: {message}")


class Command:
    """A command, its allowed exit statuses, and its runs: processor time and elapsed time in seconds, memory in KiB."""

    def __init__(self, name, *arguments, statuses=(0,)):
        self.name, self.arguments, self.statuses = name, [str(argument) for argument in arguments], statuses
        self.runs = []
        self.ended = False

    def run(self):
        """Runs the command once. `measure` is a program of this folder."""
        done = subprocess.run(
            [FOLDER / "measure", str(SECONDS), str(GIB), *self.arguments],
            cwd=FOLDER, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"{self}: 'measure' ended with {done.returncode} {done.stderr}")
        status, cpu, elapsed, memory = map(float, done.stdout.split())
        if status == -1 and (cpu > 0.9 * SECONDS or memory > 0.9 * GIB * 2**20):
            self.ended = True
        elif status not in self.statuses:
            fail(f"the exit status of '{self}' is {status:.0f}")
        self.runs.append((cpu, elapsed, memory))

    def has_enough(self, minimum):
        """Short commands run more often, and a command that needs more than 20 seconds runs once."""
        if not self.runs:
            return False
        spent = sum(elapsed for _, elapsed, _ in self.runs)
        return self.ended or self.cpu > 20 or len(self.runs) >= minimum and (spent > 2 or len(self.runs) >= 21)

    @property
    def cpu(self):
        return median(cpu for cpu, _, _ in self.runs)

    @property
    def elapsed(self):
        return median(elapsed for _, elapsed, _ in self.runs)

    @property
    def memory(self):
        return median(memory for _, _, memory in self.runs)

    def __str__(self):
        program, *arguments = self.arguments[:6]
        return shlex.join([Path(program).name, *arguments]) + (" ..." if len(self.arguments) > 6 else "")


class Load:
    """What is measured: a command of kvmconf, and beside it other programs that read the same files."""

    def __init__(self, title, kvmconf, *others):
        self.title, self.kvmconf, self.others = title, kvmconf, [other for other in others if other]

    @property
    def commands(self):
        return [self.kvmconf, *self.others]


def measure(commands, minimum):
    """Runs commands in turn, so that a change of the machine's speed meets all of them."""
    print(f"  {commands[0]}", file=sys.stderr)
    while waiting := [command for command in commands if not command.has_enough(minimum)]:
        for command in waiting:
            command.run()


# MARK: Programs


def compile_programs():
    for name, libraries in [("measure", []), ("events", ["-lyaml"])]:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        command = [*compiler, "-std=gnu11", "-O2", "-o", FOLDER / name, HERE / f"{name}.c", *libraries]
        if subprocess.run(command, check=False).returncode != 0:
            fail(f"{name}.c cannot be compiled")


def validate(*paths, statuses=(0,)):
    return Command("kvmconf", KVMCONF, "validate", *paths, statuses=statuses)


def events(*paths):
    """libyaml's events of the files, counted."""
    return Command("libyaml", FOLDER / "events", *paths)


def json_schema_validator(schema, file):
    """The arguments of the first JSON Schema validator that accepts a good manifest, its name, and why others do not."""
    candidates = [
        ("sourcemeta's jsonschema", ["jsonschema", "version"], ["jsonschema", "validate", "--fast", schema]),
        ("Python's jsonschema", [sys.executable, "-c", "import jsonschema, yaml; yaml.CSafeLoader"],
         [sys.executable, HERE / "json_schema.py", schema]),
        ("check-jsonschema", ["check-jsonschema", "--version"], ["check-jsonschema", "--schemafile", schema]),
    ]
    refused = []
    for name, question, arguments in candidates:
        if not shutil.which(question[0]) or subprocess.run(question, capture_output=True, check=False).returncode != 0:
            continue
        done = subprocess.run([*arguments, file], cwd=FOLDER, capture_output=True, check=False)
        if done.returncode == 0:
            return arguments, name, refused
        refused.append(f"{name} does not accept a good manifest with the exported schema")
    return None, None, refused or ["no JSON Schema validator is installed"]


# MARK: Loads


def files_below(folder):
    return sorted(path.relative_to(FOLDER) for path in (FOLDER / folder).rglob("*.yaml"))


def write_inputs(seed):
    print("writing the inputs", file=sys.stderr)
    shutil.rmtree(FOLDER / "inputs", ignore_errors=True)
    inputs = FOLDER / "inputs"
    loads.write(inputs / "one.yaml", loads.board(random.Random(seed), "one"))
    for count in FILES:
        loads.write_folder(inputs / f"boards-{count}", count, loads.board, seed)
    loads.write_folder(inputs / "broken", 1000, loads.broken, seed)
    lists = {(97_000, 512), *((n, 4) for n in ATTRIBUTES), *((12_000, n) for n in VCPUS)}
    for writes, vcpus in sorted(lists):
        loads.write(inputs / registers(writes, vcpus), loads.registers(random.Random(seed), writes, vcpus))


def registers(writes, vcpus):
    return f"registers-{writes}-{vcpus}.yaml"


ATTRIBUTES = [12_000, 24_000, 48_000, 97_000]
VCPUS = [4, 32, 128, 512]
FILES = [100, 1_000, 10_000]


def validations(validator):
    """Whole validations, beside the other programs."""

    def load(title, path, files, statuses=(0,)):
        size = sum((FOLDER / file).stat().st_size for file in files)
        return Load(
            f"{title}, {page.size(size)}", validate(path, statuses=statuses), events(*files),
            validator and Command("JSON Schema", *validator, *files, statuses=range(1, 128) if 1 in statuses else (0,)))

    def one(title, name):
        return load(title, f"inputs/{name}", [f"inputs/{name}"])

    return [
        one("one manifest", "one.yaml"),
        load("1,000 manifests", "inputs/boards-1000", files_below("inputs/boards-1000")),
        one("97,000 register writes, 4 vCPUs", registers(97_000, 4)),
        one("97,000 register writes, 512 vCPUs", registers(97_000, 512)),
        load("1,000 broken manifests", "inputs/broken", files_below("inputs/broken"), statuses=(1,)),
    ]


def other_commands():
    one, long = "inputs/one.yaml", f"inputs/{registers(97_000, 4)}"
    schemas = sorted((ROOT / "schemas").rglob("*.yaml"))

    def compile_manifest(path):
        return Command("kvmconf", KVMCONF, "compile", path, "-o", "compiled.kvmplan")

    return [
        Load("plan, one manifest", Command("kvmconf", KVMCONF, "plan", one), events(one)),
        Load("plan, 97,000 register writes", Command("kvmconf", KVMCONF, "plan", long), events(long)),
        Load("compile, one manifest", compile_manifest(one), events(one)),
        Load("compile, 97,000 register writes", compile_manifest(long), events(long)),
        Load("explain arm-vgic-v3", Command("kvmconf", KVMCONF, "explain", "arm-vgic-v3")),
        Load(f"schema check, {len(schemas)} files", Command("kvmconf", KVMCONF, "schema", "check"), events(*schemas)),
    ]


def series():
    """The same work in several sizes: what is counted, the sizes, and a command for each."""
    return [
        ("register writes, 4 vCPUs", ATTRIBUTES, [validate(f"inputs/{registers(n, 4)}") for n in ATTRIBUTES]),
        ("vCPUs, 12,000 register writes", VCPUS, [validate(f"inputs/{registers(12_000, n)}") for n in VCPUS]),
        ("manifests", FILES, [validate(f"inputs/boards-{n}") for n in FILES]),
    ]


# MARK: Results


def rows_of(load):
    """A row for each program: the load, the program, times, memory, and the ratio to libyaml."""
    floor = next((other for other in load.others if other.name == "libyaml"), None)
    rows = []
    for command in load.commands:
        title = load.title if command is load.kvmconf else ""
        if command.ended:
            rows.append([title, command.name, "not finished", "", "", ""])
            continue
        ratio = page.ratio(command.cpu / floor.cpu) if floor and command is not floor else ""
        rows.append([title, command.name, page.seconds(command.cpu), page.seconds(command.elapsed),
                     page.memory(command.memory), ratio])
    return rows


def growth(title, sizes, commands):
    """A row for each size, with the exponent of the growth since the size before."""
    rows = []
    for i, (size, command) in enumerate(zip(sizes, commands)):
        exponent = ""
        if i > 0 and not (command.ended or commands[i - 1].ended):
            exponent = f"{math.log(command.cpu / commands[i - 1].cpu) / math.log(size / sizes[i - 1]):.2f}"
        cpu, memory = page.seconds(command.cpu), page.memory(command.memory)
        if command.ended:
            cpu, memory = "not finished", ""
        rows.append([title if i == 0 else "", f"{size:,}", cpu, memory, exponent])
    return rows


def kvmload():
    """The lines of the comparison of kvmload with calls written by hand, or why there are none."""
    environment = dict(os.environ, KVMCONF=KVMCONF)
    done = subprocess.run(
        [HERE / "kvmload.sh"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return ["skipped: it needs /dev/kvm of an x86_64 machine"]
    return done.stdout.splitlines()


def other_use():
    """The part of the processors that other programs use, in one second."""

    def times():
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, idle, iowait, *rest = map(int, file.readline().split()[1:9])
        return idle + iowait, user + nice + system + sum(rest)

    idle, busy = times()
    time.sleep(1)
    idle, busy = times()[0] - idle, times()[1] - busy
    return busy / max(1, idle + busy)


def machine(busy):
    """The machine and the programs, without names of hosts and paths."""

    def field(path, name):
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(rf"^{name}\s*:\s*(.*)$", text, re.MULTILINE)
        return found and found[1]

    memory = int(field("/proc/meminfo", "MemTotal").split()[0])
    version = subprocess.run([KVMCONF, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        f"{len(os.sched_getaffinity(0))} processors, {field('/proc/cpuinfo', 'model name') or platform.machine()}, "
        f"{memory / 2**20:.0f} GiB of memory",
        f"Linux {'.'.join(platform.release().split('.')[:2])}, {platform.machine()}, {version}",
    ]
    if busy > 0.05:
        lines.append(f"Other programs were running: they used {busy * 100:.0f} % of the processors before the first run")
    return lines


def main():
    arguments = argparse.ArgumentParser(description="Measure kvmconf.")
    arguments.add_argument("--seed", type=int, default=1, help="the seed of the inputs (1)")
    arguments.add_argument("--runs", type=int, default=3, help="the least number of runs of each command (3)")
    arguments.add_argument("--page", action="store_true", help="write docs/performance.md and docs/performance.svg")
    options = arguments.parse_args()
    busy = other_use()
    FOLDER.mkdir(parents=True, exist_ok=True)
    compile_programs()
    write_inputs(options.seed)
    schema = FOLDER / "schema.json"
    subprocess.run([KVMCONF, "schema", "export", "-o", schema], check=True)
    validator, validator_name, notes = json_schema_validator(schema, "inputs/one.yaml")

    print("measuring", file=sys.stderr)
    compared, others, sizes = validations(validator), other_commands(), series()
    for load in compared + others:
        measure(load.commands, options.runs)
    for _, _, commands in sizes:
        measure(commands, options.runs)

    results = page.Results(
        machine=machine(busy), limits=f"{SECONDS} seconds of processor time and {GIB} GiB of memory",
        seed=options.seed, runs=options.runs, validator=validator_name, notes=notes,
        validations=[row for load in compared for row in rows_of(load)],
        commands=[row for load in others for row in rows_of(load)],
        growth=[row for one in sizes for row in growth(*one)],
        kvmload=kvmload(),
        bars=[(load.title, [(c.name, c.cpu) for c in load.commands if not c.ended]) for load in compared + others])
    print(page.text(results))
    if options.page:
        (ROOT / "docs" / "performance.md").write_text(page.markdown(results), encoding="utf-8")
        (ROOT / "docs" / "performance.svg").write_text(page.plot(results), encoding="utf-8")


if __name__ == "__main__":
    main()
