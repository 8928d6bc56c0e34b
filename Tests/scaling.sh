#!/bin/sh
# Checks that the work for an input is proportional to its size, not quadratic. It counts instructions, so that a busy
# or slow machine makes no difference.
#
# Each input has three sizes: n, 2n and 4n. If the work is proportional to the size, the step from 2n to 4n adds twice
# as many instructions as the step from n to 2n; if it is quadratic, four times as many.
set -eu

kvmconf=${KVMCONF:-.build/release/kvmconf}
limit=2.6

for tool in valgrind strip; do
	command -v $tool >/dev/null || { echo "scaling: '$tool' is not installed" >&2; exit 69; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# valgrind cannot read the debugging information of some compilers.
strip -o "$folder/kvmconf" "$kvmconf"

steps() {
	printf 'kvmconf: 1\narch: x86_64\nsteps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n'
	seq "$1" | sed 's/.*/  - {set: vcpu.0.tsc.offset, value: &}/'
}

# Attributes that wait for an attribute after them.
registers() {
	printf 'kvmconf: 1\narch: arm64\nvcpus: {count: 1}\ndevices:\n  - type: arm-vgic-v2\n    attributes:\n      dist-regs:\n'
	seq "$1" | sed 's/.*/        - {vcpu: 0, offset: 0x104, value: &}/'
	printf '      nr-irqs: 64\n      addr: {dist: 0x0800_0000, cpu: 0x0801_0000}\n      ctrl: {init: }\n'
}

vcpus() { printf 'kvmconf: 1\narch: x86_64\nvcpus: {count: %s, attributes: {tsc: {offset: 5}}}\n' "$1"; }

# Devices, and attributes of vCPUs, that wait for another device.
devices() {
	printf 'kvmconf: 1\narch: arm64\nvcpus: {count: %s, features: [pmu-v3], attributes: {pmu-v3: {irq: 23, init: }}}\ndevices:\n' "$1"
	seq "$1" | sed 's/.*/  - {name: its&, type: arm-vgic-its, attributes: {addr: {its: "${0x1000_0000 + & * 0x2_0000}"}, ctrl: {init: }}}/'
	printf '  - {type: arm-vgic-v3, attributes: {addr: {dist: 0x0800_0000, redist: 0x1_0000_0000}, ctrl: {init: }}}\n'
}

unknown_keys() {
	printf 'kvmconf: 1\narch: x86_64\nvcpus: {count: 1}\n'
	seq "$1" | sed 's/.*/key&: 1/'
}

# Lines and columns with characters of more than one byte.
wide_line() {
	printf 'kvmconf: 1\narch: x86_64\nx: ['
	seq "$1" | sed 's/.*/{é: &}, /' | tr -d '\n'
	printf ']\n'
}

unclosed() { seq "$1" | sed "s/.*/a\$: [\${x}, '/"; }

comments() { seq "$1" | sed 's/.*/a&:   1 # a comment/'; }

aliases() {
	printf 'a: [%s]\nb: [%s]\n' "$(seq "$1" | sed 's/.*/\&a& x, /' | tr -d '\n')" \
		"$(seq "$1" | sed 's/.*/*b&, /' | tr -d '\n')"
}

optional() {
	printf 'kvmconf: 1\narch: x86_64\ndevices:\n'
	seq "$1" | sed 's/.*/  - {name: d&, type: {number: 77}, optional: true}/'
}

# Each of many parameters is used once.
parameters() {
	printf 'kvmconf: 1\narch: x86_64\nparameters:\n'
	seq "$1" | sed 's/.*/  p&: {type: u64, default: 1}/'
	printf 'steps:\n  - {create-vm: {}}\n  - {create-vcpu: 0}\n'
	seq "$1" | sed 's/.*/  - {set: vcpu.0.tsc.offset, value: "${p&}"}/'
}

documents() { seq "$1" | sed 's/.*/--- {kvmconf: 1, arch: x86_64, vcpus: {cout: &}}/'; }

# The number of instructions of a run.
instructions() {
	SWIFT_DETERMINISTIC_HASHING=1 valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null \
		"$folder/kvmconf" "$@" 2>&1 >/dev/null | sed -n 's/,//g; s/.*I *refs: *//p'
}

status=0

# check INPUT N COMMAND...: `old` in the command is the input; in `new`, its steps are in reverse order.
check() {
	input=$1
	size=$2
	shift 2
	counts=
	for n in "$size" $((size * 2)) $((size * 4)); do
		$input "$n" >"$folder/old"
		{ sed '/set:/d' "$folder/old"; sed -n '/set:/p' "$folder/old" | tac; } >"$folder/new"
		counts="$counts $(cd "$folder" && instructions "$@")"
	done
	# shellcheck disable=SC2086
	set -- "$*" $counts
	awk -v name="$input" -v size="$size" -v limit=$limit -v command="$1" -v a="$2" -v b="$3" -v c="$4" 'BEGIN {
		ratio = b > a ? (c - b) / (b - a) : 0
		wrong = ratio == 0 ? "the work did not grow" : ratio > limit ? "more than " limit : ""
		printf "%-13s %-28s %9.0f instructions per item, from %d on: %.2f %s\n", name, command, (c - a) / size / 3, size, ratio, wrong
		exit wrong != ""
	}' || status=1
}

check steps 500 validate old
check steps 500 apply --on model old
check steps 500 render --steps old
check steps 500 diff old new
check registers 500 plan old
check registers 500 validate old
check devices 100 render --steps old
check unknown_keys 1000 validate old
check unknown_keys 1000 validate --format sarif old
check wide_line 1000 validate old
check wide_line 1000 validate --format json old
check wide_line 1000 fmt --check old
check aliases 500 validate old
check optional 100 validate old
check parameters 200 validate old
check documents 100 validate --format json old
check unclosed 5000 validate old
check comments 2000 fmt --check old

# KVM compares the id of a new vCPU with all others, and so does the model: the work for vCPUs grows faster than their
# number. With few vCPUs, the linear part of the work is as large as the quadratic one, and the ratio is 2.98. A ratio of
# 4 would be quadratic work alone.
limit=3.1
check vcpus 60 validate old
# So it does with a new region of an ITS, in kvm_io_bus_register_dev().
check devices 100 plan old

exit $status
