#!/bin/sh
# Compiles the loader and its program for each architecture with KVM. Warnings are errors. An architecture without a
# compiler is reported and skipped.
set -u

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

# compile NAME COMMAND...
compile() {
	name=$1
	shift
	for source in Sources/kvmload/kvmload.c Tools/kvmload/*.c; do
		"$@" -std=c11 -O2 -Wall -Wextra -Wpedantic -Wno-format-nonliteral -Werror -ISources/kvmload/include \
			-c "$source" -o "$folder/object" || {
			printf '%s: %s failed\n' "$name" "$source"
			status=1
			return
		}
	done
	printf '%s: good\n' "$name"
}

for architecture in x86_64 aarch64 riscv64 powerpc64le s390x loongarch64 powerpc; do
	gcc=$architecture-linux-gnu-gcc
	if [ "$(uname -m)" = "$architecture" ] && ! command -v "$gcc" >/dev/null; then gcc=gcc; fi
	if command -v "$gcc" >/dev/null; then
		compile "$architecture, gcc" "$gcc"
	else
		printf '%s, gcc: skipped, there is no %s\n' "$architecture" "$gcc"
	fi

	# clang compiles for all of them; it needs the headers of the architecture's libc.
	if ! command -v clang >/dev/null; then
		printf '%s, clang: skipped, there is no clang\n' "$architecture"
	elif [ "$(uname -m)" = "$architecture" ]; then
		compile "$architecture, clang" clang
	elif [ -d "/usr/$architecture-linux-gnu/include" ]; then
		compile "$architecture, clang" clang --target="$architecture-linux-gnu" -isystem "/usr/$architecture-linux-gnu/include"
	else
		printf '%s, clang: skipped, there is no /usr/%s-linux-gnu/include\n' "$architecture" "$architecture"
	fi
done
exit "$status"
