#!/bin/sh
# Writes the Swift file that holds the schemas: embed-schemas.sh OUTPUT FOLDER SCHEMA...
set -eu

output=$1
folder=$2
shift 2
{
	echo 'extension BuiltInSchema {'
	echo '  /// All files of schemas/, by path.'
	echo '  package static let all: [BuiltInSchema] = ['
	for schema; do
		printf 'BuiltInSchema(path: "%s", text: ##"""\n' "$schema"
		cat "$folder/$schema"
		# The line break before the closing quotes is not part of the text.
		printf '\n"""##),\n'
	done
	echo '  ]'
	echo '}'
} >"$output"
