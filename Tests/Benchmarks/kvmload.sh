#!/bin/sh
# Times a thousand attribute calls of a plan through kvmload, and the same calls written by hand, in one process.
set -eu

kvmconf=${KVMCONF:-.build/release/kvmconf}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

${CC:-cc} -std=gnu11 -O2 -ISources/kvmload/include Sources/kvmload/kvmload.c Tests/Fixtures/loader/overhead.c \
	-o "$folder/overhead"

# Measures a manifest that repeats one step a thousand times.
measure() {
	{
		printf 'kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n  - {create: vfio}\n'
		yes "  - $1" | head -n 1000
	} >"$folder/plan.yaml"
	"$kvmconf" compile "$folder/plan.yaml" -o "$folder/vm.kvmplan"
	printf '%s: ' "$1"
	"$folder/overhead" "$folder/vm.kvmplan"
}

measure '{has: vfio.file.add}'
measure '{has: vcpu.0.tsc.offset}'
measure '{set: vcpu.0.tsc.offset, value: 0}'
