#!/bin/sh
# Demonstrates kvmconf: predicts the outcomes of a manifest, then makes the same calls on this machine's KVM.
set -eu

kvmconf=${KVMCONF:-.build/release/kvmconf}
no_kvm=69 # the exit status of `apply` if there is no usable KVM

show() {
	printf '\n$ kvmconf %s\n' "$*"
	"$kvmconf" "$@"
}

case $(uname -m) in
x86_64) example=examples/x86_64/device-corner-cases.yaml ;;
*) example=examples/arm64/gicv3.yaml ;;
esac

echo "Predict the kernel's answers from the schemas, without a kernel:"
show validate "$example"
show plan "$example"

printf '\nMake the same calls on /dev/kvm:\n'
status=0
show apply "$example" || status=$?
if [ "$status" = "$no_kvm" ]; then
	printf '\nThis machine has no usable KVM for this manifest. Run it on the model instead:\n'
	status=0
	show apply --on model "$example" || status=$?
fi
exit "$status"
