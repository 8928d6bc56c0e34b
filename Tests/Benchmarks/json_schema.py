"""json_schema.py SCHEMA FILE...: validates YAML files with Python's jsonschema and PyYAML's libyaml loader.

Exit status: 0 all files are valid, 1 a file is not.
"""

import json
import sys

import jsonschema
import yaml


def is_valid(validator, path):
    with open(path, encoding="utf-8") as file:
        try:
            return all([validator.is_valid(document) for document in yaml.load_all(file, Loader=yaml.CSafeLoader)])
        except yaml.YAMLError:
            return False


with open(sys.argv[1], encoding="utf-8") as file:
    VALIDATOR = jsonschema.Draft7Validator(json.load(file))
sys.exit(0 if all([is_valid(VALIDATOR, path) for path in sys.argv[2:]]) else 1)
