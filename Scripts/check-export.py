#!/usr/bin/env python3
"""Compares the JSON Schema of `kvmconf schema export` with `kvmconf validate`.

Two independent validators check every example, the kernel's selftests and every bad manifest with the exported schema.
They must accept the good ones, agree with each other, and refuse a bad manifest if `validate` finds a structural fault:
a key, a name, a type, a number. Then good manifests are spoilt at random, and the results must agree again.

It needs Python 3.9 and three packages of PyPI, jsonschema, fastjsonschema and PyYAML:

    python3 -m venv /tmp/check-export
    /tmp/check-export/bin/pip install jsonschema fastjsonschema PyYAML
    /tmp/check-export/bin/python Scripts/check-export.py .build/debug/kvmconf

Exit status: 0 all agree; 1 they differ; 77 a package is missing.
"""

import argparse
import copy
import json
import os
import random
import re
import subprocess
import sys
import tempfile

try:
    import fastjsonschema
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"check-export: {missing}; it needs jsonschema, fastjsonschema and PyYAML", file=sys.stderr)
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FIXTURES = os.path.join(ROOT, "Tests", "Fixtures")
# The schema of a device that some bad manifests need.
OWN_SCHEMAS = os.path.join(FIXTURES, "schemas")

# Faults that a JSON Schema can find, by the ids of validate's diagnostics.
STRUCTURAL = {
    "bad-boolean", "bad-bytes", "bad-descriptor", "bad-integer", "bad-name", "conflicting-keys", "missing-key",
    "missing-value", "misplaced-step", "no-initialisation", "no-schemas", "parameter-type", "unexpected-value",
    "unknown-architecture", "unknown-attribute", "unknown-capability", "unknown-device-type", "unknown-errno",
    "unknown-feature", "unknown-group", "unknown-key", "unknown-name", "unknown-step", "unknown-target",
    "unknown-version", "value-out-of-range", "wrong-kind", "wrong-size",
}

# Faults that it cannot find, by reason.
OTHERS = {
    "names that another part of the manifest defines": {
        "ambiguous-device", "duplicate-name", "unknown-device", "unknown-file", "unknown-vcpu", "unknown-parameter",
        "unused-parameter", "file-not-allowed",
    },
    "the result of an expression": {"bad-expression", "load-parameter"},
    "the command line, or files next to the manifest": {
        "assumed-vcpus", "bad-file", "file-outside", "missing-parameter",
    },
    "another file": {"bad-base", "circular-extends", "nothing-to-remove"},
    "YAML itself, which an editor's YAML parser checks": {
        "complex-key", "duplicate-key", "merge-key", "too-deep", "too-many-aliases", "undefined-alias", "yaml-syntax",
        "yaml-tag",
    },
    "not a mistake, or a size that no schema can limit": {"no-vcpus", "too-large"},
    "there is no document to check": {"empty-document"},
}

# Fixtures that a JSON Schema accepts although their id is structural, and the reverse.
EXCEPTIONS = {
    "bad-integer--float": "to JSON, 1e3 is the integer 1000",
    "nothing-to-remove": "the key to remove is misspelled, and is not the name of an attribute",
    "wrong-size--file": "the size is the size of a file",
}


class Manifests(yaml.SafeLoader):
    """YAML 1.2's core schema, which editors read: `on` is text, and so is 0x0800_0000."""

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise yaml.YAMLError("a key that is not a scalar")
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)) or "<<" in keys:
            raise yaml.YAMLError("a duplicate key, or a merge key")
        return super().construct_mapping(node, deep)


def scalar(tag, pattern, first, construct):
    Manifests.add_implicit_resolver(tag, re.compile(f"^(?:{pattern})$"), first)
    Manifests.add_constructor(tag, lambda loader, node: construct(node.value))


NUMBER = list("-+0123456789.")
scalar("tag:yaml.org,2002:null", "~|null|Null|NULL|", ["~", "n", "N", ""], lambda text: None)
scalar("tag:yaml.org,2002:bool", "true|True|TRUE|false|False|FALSE", list("tTfF"), lambda text: text.lower() == "true")
scalar("tag:yaml.org,2002:int", "[-+]?[0-9]+", NUMBER, int)
scalar("tag:kvmconf,int-8", "0o[0-7]+", NUMBER, lambda text: int(text[2:], 8))
scalar("tag:kvmconf,int-16", "0x[0-9a-fA-F]+", NUMBER, lambda text: int(text[2:], 16))
scalar("tag:yaml.org,2002:float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", NUMBER, float)


class Checker:
    def __init__(self, program):
        self.program = program
        command = [program, "schema", "export", "--schemas", OWN_SCHEMAS]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.schema = json.loads(text)
        jsonschema.Draft7Validator.check_schema(self.schema)
        self.first = jsonschema.Draft7Validator(self.schema)
        self.second = fastjsonschema.compile(self.schema)
        self.failures = 0

    def fail(self, message):
        self.failures += 1
        print(f"check-export: {message}")

    def verdict(self, name, document):
        """Whether both validators accept a document; None if they disagree, which is reported."""
        accepted = self.first.is_valid(document)
        try:
            self.second(document)
            also = True
        except fastjsonschema.JsonSchemaException:
            also = False
        if accepted != also:
            self.fail(f"{name}: jsonschema says {accepted}, fastjsonschema says {also}")
            return None
        return accepted

    def why(self, document):
        error = jsonschema.exceptions.best_match(self.first.iter_errors(document))
        if not error:
            return "it is accepted"
        return f"{'/'.join(map(str, error.absolute_path))}: {error.message[:160]}"

    def diagnostics(self, paths):
        """The errors that validate finds, by path."""
        found = {path: [] for path in paths}
        for start in range(0, len(paths), 200):
            part = paths[start : start + 200]
            command = [self.program, "validate", "--schemas", OWN_SCHEMAS, "--format", "json", *part]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode not in (0, 1):
                raise SystemExit(f"validate ended with {done.returncode}: {done.stderr}")
            for line in done.stdout.splitlines():
                report = json.loads(line)
                found[report["manifest"]] += [one for one in report["diagnostics"] if one["severity"] == "error"]
        return found

    # MARK: Checks

    def examples(self):
        paths = manifests_below(os.path.join(ROOT, "examples")) + manifests_below(os.path.join(FIXTURES, "selftests"))
        paths = [path for path in paths if not path.endswith(".facts.yaml")]
        for path in paths:
            for document in load(path):
                if self.verdict(path, document) is not True:
                    self.fail(f"{path}: an example is refused; {self.why(document)}")
        print(f"{len(paths)} good manifests are accepted")
        return paths

    def fixtures(self):
        folder = os.path.join(FIXTURES, "bad")
        structural, others = 0, 0
        for fixture in sorted(os.listdir(folder)):
            identifier = fixture.split("--")[0]
            if re.search(r"\.E[A-Z0-9]+$", identifier):
                identifier = "refused by the kernel"
            is_structural = (identifier in STRUCTURAL) != (fixture in EXCEPTIONS)
            known = identifier in STRUCTURAL or any(identifier in ids for ids in OTHERS.values())
            if not known and identifier != "refused by the kernel":
                self.fail(f"{fixture}: can a JSON Schema find '{identifier}'? Add it to a table of this script")
            path = os.path.join(folder, fixture, "manifest.yaml")
            try:
                documents = load(path)
            except (yaml.YAMLError, RecursionError):
                others += 1
                if identifier not in OTHERS["YAML itself, which an editor's YAML parser checks"]:
                    self.fail(f"{fixture}: is not valid YAML")
                continue
            if identifier in OTHERS["YAML itself, which an editor's YAML parser checks"]:
                others += 1
                continue
            accepted = all(self.verdict(fixture, document) for document in documents)
            if is_structural and accepted:
                self.fail(f"{fixture}: is accepted")
            if not is_structural and not accepted:
                self.fail(f"{fixture}: is refused; " + "; ".join(self.why(document) for document in documents))
            structural, others = structural + is_structural, others + (not is_structural)
        print(f"{structural} bad manifests are refused, {others} have faults that no JSON Schema finds")

    def extending(self, paths, seed):
        """A manifest that extends another can be any part of an example."""
        source = random.Random(seed)
        documents = [document for path in paths for document in load(path)] * 3
        for document in documents:
            document = copy.deepcopy(document)
            thin_out(document, source)
            document["extends"] = "base.yaml"
            if self.verdict("an extending manifest", document) is not True:
                self.fail(f"an extending manifest is refused; {self.why(document)}\n  {written(document)}")
            document[source.choice(["vm", "vcpus"])] = {"strange": 1}
            if self.verdict("an extending manifest", document) is not False:
                self.fail(f"an extending manifest with an unknown key is accepted\n  {written(document)}")
        print(f"{len(documents)} extending manifests are accepted, and refused with an unknown key")

    def spoilt(self, paths, count, seed):
        """Both agree on examples with random changes."""
        source = random.Random(seed)
        documents = [document for path in paths for document in load(path)]
        with tempfile.TemporaryDirectory() as folder:
            spoilt = {}
            for i in range(count):
                document = copy.deepcopy(source.choice(documents))
                for _ in range(source.choice([1, 1, 1, 2])):
                    spoil(document, source)
                path = os.path.join(folder, f"{i}.yaml")
                with open(path, "w") as file:
                    file.write(written(document))
                spoilt[path] = document
            found = self.diagnostics(list(spoilt))
        refused = 0
        for path, document in spoilt.items():
            # The result of an expression is not part of the text.
            text = written(document)
            ids = {one["id"] for one in found[path] if not is_expression(text.encode()[one["offset"] : one["endOffset"]])}
            accepted = self.verdict(os.path.basename(path), document)
            refused += accepted is False
            if any(identifier.startswith("schema-") for identifier in ids):
                self.fail(f"a manifest reveals a fault of a schema: {found[path]}\n  {written(document)}")
            if accepted is None or accepted == (not ids & STRUCTURAL):
                continue
            # validate does not check the parts of an unknown device or parameter.
            if not accepted and ids & OTHERS["names that another part of the manifest defines"]:
                continue
            # Nor does it check attributes per vCPU if there are no vCPUs, or their number is unknown.
            lacks_number = any(one["id"] in ("missing-parameter", "unknown-parameter") for one in found[path])
            if not accepted and not ids & STRUCTURAL and (lacks_number or has_no_vcpus(document)):
                continue
            problems = "; ".join(f"{d['id']}: {d['message']}" for d in found[path]) or "nothing"
            self.fail(f"spoilt example: validate says {problems}\n  the schema: {self.why(document)}\n  {text}")
        print(f"{count} spoilt examples: {refused} refused, {count - refused} accepted")


def written(node):
    """A document as YAML. None is written as nothing, as the word null is text to kvmconf."""
    if node is None:
        return ""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {written(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(written(item) for item in node) + "]"
    return json.dumps(node, ensure_ascii=False)


def has_no_vcpus(document):
    vcpus = document.get("vcpus")
    return not isinstance(vcpus, dict) or vcpus.get("ids") == [] or str(vcpus.get("count")) in ("0", "0b0", "0o0", "0x0")


def is_expression(text):
    """Whether a text is one scalar with an expression in it."""
    return re.fullmatch(rb'"?[^"]*\$\{[^"]*"?', text) is not None


def thin_out(node, source):
    """Removes some keys, values and devices from a mapping and the mappings in it."""
    for key in list(node):
        change = source.randrange(4)
        if change == 0:
            del node[key]
        elif change == 1 and key not in ("kvmconf", "arch", "steps"):
            node[key] = None
        elif key == "devices":
            node[key] = source.sample(node[key], source.randrange(len(node[key]) + 1))
            for device in node[key]:
                thin_out(device, source)
        elif isinstance(node[key], dict):
            thin_out(node[key], source)


def spoil(document, source):
    """Changes one place of a document."""
    places = []

    def walk(node):
        items = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
        for key, value in items:
            places.append((node, key))
            if isinstance(value, (dict, list)):
                walk(value)

    walk(document)
    node, key = source.choice(places)
    value = node[key]
    change = source.randrange(7)
    if change == 0:
        del node[key]
    elif change == 1 and isinstance(node, dict):
        node[str(key) + "x"] = node.pop(key)
    elif change == 2 and isinstance(node, dict):
        node[source.choice(["value", "optional", "type", "flags", "name", "strange"])] = value
    elif change == 3 and value is not None:
        node[key] = [value]
    elif change == 4:
        node[key] = {source.choice(["value", "number", "u32", "hex", "strange"]): value}
    else:
        values = [None] if isinstance(node, dict) else []  # a list cannot have an empty item
        node[key] = source.choice(
            values
            + [0, 1, -1, 3, 64, 4095, 4096, 65536, 1 << 32, 1 << 64, True, "yes", "0x1_0000", "0x_1", "64MiB", "64MB",
             "4_294_967_295", "4_294_967_296", "0xffff_ffff_ffff_ffff", "0x1_0000_0000_0000_0000", "16TiB", "0b11", "0o7",
             "invalid", "ok", "arm64", "vcpu.0", "vm", "system", "0.0.0.3", "0.0.0.256", "psci-0.2", "vfio", [], {}, "",
             [0, 0], "deadbeef", 1.5, "a.b"])


def manifests_below(folder):
    paths = []
    for parent, _, names in os.walk(folder):
        paths += [os.path.join(parent, name) for name in names if name.endswith(".yaml")]
    return sorted(paths)


def load(path):
    with open(path) as file:
        return list(yaml.load_all(file, Loader=Manifests))


def main():
    arguments = argparse.ArgumentParser(description="Compare `schema export` with `validate`.")
    arguments.add_argument("program", help="the kvmconf to test")
    arguments.add_argument("--spoilt", type=int, default=400, help="the number of spoilt examples (400)")
    arguments.add_argument("--seed", type=int, default=1, help="the seed of the random changes (1)")
    options = arguments.parse_args()
    checker = Checker(os.path.abspath(options.program))
    paths = checker.examples()
    checker.fixtures()
    checker.extending(paths, options.seed)
    checker.spoilt(paths, options.spoilt, options.seed)
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
