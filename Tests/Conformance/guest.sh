#!/bin/bash
# guest.sh FOLDER MACHINE KERNEL PLANS REPORT: boots one guest, which runs every plan of a folder and then stops.
#
#   FOLDER   the cache that fetch.sh filled
#   MACHINE  arm64-gicv3, arm64-gicv2, arm64-gicv4, arm64-gicv5, arm64-n1, arm64-max, arm64-nested, loongarch64-lvz, ppc-e500, riscv64-aia, riscv64-aiahw, ppc64-xics, ppc64-xive, s390x-sie, x86_64-svm
#   KERNEL   the name under which fetch.sh has stored the kernel
#   PLANS    a folder of compiled plans, and of manifests for kvmconf itself; they run in the order of their names
#   REPORT   the guest's output; the output of its kernel is written to REPORT.console
#
# LIMIT is the guest's time limit in seconds. COMMAND=1 prints the command instead of running it.
set -euo pipefail
folder=$1 machine=$2 kernel=$3 plans=$4 report=$5

console=ttyAMA0 memory=1024 options=-nodefaults arguments= newer= claim=
# The report goes to a virtio port.
port=(-device virtio-serial-pci -device virtserialport,chardev=report,name=report)
# The algorithm of the architecture for pointer authentication makes emulation nine times slower than QEMU's own one.
max=max,pauth-impdef=on
case $machine in
arm64-gicv3) system=aarch64 board="virt,virtualization=on,gic-version=3" cpu=cortex-a57 ;;
arm64-gicv2) system=aarch64 board="virt,virtualization=on,gic-version=2" cpu=cortex-a57 ;;
arm64-nested)
	system=aarch64 board="virt,virtualization=on,gic-version=3" cpu=$max newer=1
	arguments=kvm-arm.mode=nested
	;;
arm64-gicv4)
	system=aarch64 board="virt,virtualization=on,gic-version=4" cpu=cortex-a57 newer=1
	arguments=kvm-arm.vgic_v4_enable=1
	;;
arm64-gicv5) system=aarch64 board="virt,virtualization=on,gic-version=3" cpu=cortex-a57 claim=claim-gicv5 ;;
arm64-n1) system=aarch64 board="virt,virtualization=on,gic-version=3" cpu=neoverse-n1,pmu=off ;;
arm64-max) system=aarch64 board="virt,virtualization=on,gic-version=3,mte=on" cpu=$max ;;
loongarch64-lvz)
	# Started without firmware it has no PCI, and the driver of the keyboard crashes; the second UART takes the report.
	system=loongarch64 board=virt cpu=la464 newer=1 claim=claim-loongarch64 console=ttyS0,115200
	arguments="initcall_blacklist=i8042_init report=/dev/ttyS1" port=(-serial chardev:report)
	;;
riscv64-aia) system=riscv64 newer=1 board="virt,aia=aplic-imsic" cpu=rv64,h=true console=ttyS0 ;;
riscv64-aiahw) system=riscv64 newer=1 board="virt,aia=aplic-imsic,aia-guests=3" cpu=rv64,h=true console=ttyS0 ;;
ppc-e500) system=ppc board=ppce500 cpu=e500v2 console=ttyS0 memory=512 ;;
ppc64-xics) system=ppc64 board="pseries,cap-nested-hv=on" cpu=power9 console=hvc0 ;;
ppc64-xive)
	# Not -nodefaults: without the default devices the board has no service processor, which powers it off.
	system=ppc64 board=powernv9 cpu=power9 console=hvc0
	port=(-device virtio-serial-pci,bus=pcie.0 -device virtserialport,chardev=report,name=report)
	options="-net none -vga none -monitor none -parallel none"
	;;
x86_64-svm)
	# A device for VFIO, with an IOMMU.
	system=x86_64 board=q35 cpu=EPYC,+svm console=ttyS0 arguments="intel_iommu=on tsc=reliable"
	options="-nodefaults -device intel-iommu -device pci-testdev"
	;;
s390x-sie)
	system=s390x newer=1 board=s390-ccw-virtio cpu=max claim=claim-s390x console=ttyS0
	port=(-device virtio-serial-ccw -device virtserialport,chardev=report,name=report)
	;;
*) echo "guest: unknown machine '$machine'" >&2; exit 64 ;;
esac
# With pages of 64 KiB, KVM's maps of the largest memory regions would otherwise take all of it.
case $kernel in *-64k) memory=4096 ;; esac

qemu=("qemu-system-$system")
if [ -n "$newer" ]; then
	libraries=$folder/qemu/usr/lib/x86_64-linux-gnu
	export QEMU_MODULE_DIR=$libraries/qemu
	qemu=("$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$folder/qemu/usr/bin/qemu-system-$system"
		-L "$folder/qemu/usr/share/qemu")
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
guest=$folder/kernels/${machine%%-*}-$kernel
mkdir -p "$work/root/dev" "$work/root/modules"
cp "$folder/init-${machine%%-*}" "$work/root/init"
cp "$guest"/modules/* "$work/root/modules/" 2>/dev/null || true
if [ -n "$claim" ]; then
	cp "$guest/claims/$claim.ko" "$work/root/modules/"
	{ echo "$claim.ko"; cat "$guest/modules/order" 2>/dev/null; } >"$work/root/modules/order" || true
fi
ln -s "$(realpath "$plans")" "$work/root/plans"
# Manifests are for kvmconf itself.
if [ -n "$(find "$plans" -name '*.yaml' | head -1)" ]; then cp "$folder/kvmconf-${machine%%-*}" "$work/root/kvmconf"; fi
(cd "$work/root" && find -L . | cpio -o -L -H newc -R 0:0 --quiet | gzip -1) >"$work/initramfs"

command=("${qemu[@]}" -accel tcg -M "$board" -cpu "$cpu" -smp 1 -m "$memory" $options -display none -serial stdio -no-reboot
	-chardev "file,id=report,path=$report" "${port[@]}"
	-kernel "$guest/kernel" -initrd "$work/initramfs"
	-append "console=$console quiet loglevel=4 panic=-1 oops=panic $arguments")
if [ -n "${COMMAND:-}" ]; then
	printf '%q ' "${command[@]}"
	echo
	exit
fi
: >"$report"
# A guest that hangs is stopped, and its output so far is used.
timeout --foreground "${LIMIT:-300}" "${command[@]}" </dev/null >"$report.console" 2>&1 || true
