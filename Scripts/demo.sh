#!/bin/sh
# Shows what kvmconf does: predicts a manifest's outcomes on the model, then makes the same calls on this machine's KVM.
set -eu

kvmconf=${KVMCONF:-.build/release/kvmconf}
no_kvm=69 # the exit status of an apply that finds no KVM to use

show() {
	printf '\n$ kvmconf %s\n' "$*"
	"$kvmconf" "$@"
}

case $(uname -m) in
x86_64) example=examples/x86_64/device-corner-cases.yaml ;;
*) example=examples/arm64/gicv3.yaml ;;
esac

echo "What would the kernel answer? The schemas know, and no kernel is asked:"
show validate "$example"
show plan "$example"

printf '\nWhat does it answer? The same calls on /dev/kvm:\n'
status=0
show apply "$example" || status=$?
if [ "$status" = "$no_kvm" ]; then
	printf '\nThis machine has no KVM that could run it, so here is the rehearsal on the model:\n'
	status=0
	show apply --on model "$example" || status=$?
fi
exit "$status"
