#!/bin/bash
# fetch.sh FOLDER ARCH KERNEL MACHINE...: fetches the files that test guests need from Debian's archive.
#
#   FOLDER  a cache folder for all files; files that it already has are not fetched again
#   ARCH    arm64, loongarch64, ppc, ppc64, riscv64, s390x, x86_64
#   KERNEL  a release that Debian has, from 5.10 to 7.3; -16k (arm64) or -64k (ppc64) selects pages of that size
#   MACHINE the machines of guest.sh that will run
#
# QEMU and the compiler are packages of this machine, which root installs if they are missing. Kernels are fetched
# with a private apt configuration, lists and cache, so that those of the machine do not change.
set -euo pipefail
folder=$1 arch=$2 kernel=$3
machines="${*:4}"

release=${kernel%-*}
case $release in
5.10) suite=bullseye ;;
6.1) suite=bookworm ;;
6.12) suite=trixie ;;
6.16 | 6.17 | 6.18 | 6.19 | 7.0 | 7.1) suite=trixie-backports ;;
7.2) suite=sid ;;
7.3) suite=experimental ;;
*) echo "fetch: unknown kernel '$kernel'; expected 5.10, 6.1, 6.12, 6.16 to 7.3" >&2; exit 64 ;;
esac
case $arch in
arm64) debian=arm64 flavour=arm64 triplet=aarch64-linux-gnu packages="qemu-system-arm" modules="" ;;
loongarch64) debian=loong64 flavour=loong64 triplet=loongarch64-linux-gnu packages="" modules="" ;;
riscv64) debian=riscv64 flavour=riscv64 triplet=riscv64-linux-gnu packages="" modules="kvm" ;;
ppc) debian=powerpc flavour="" triplet=powerpc-linux-gnu packages="qemu-system-ppc" modules="" ;;
ppc64) debian=ppc64el flavour=powerpc64le triplet=powerpc64le-linux-gnu packages="qemu-system-ppc" modules="kvm kvm-hv" ;;
s390x) debian=s390x flavour=s390x triplet=s390x-linux-gnu packages="" modules="kvm" ;;
x86_64) debian=amd64 flavour=amd64 triplet=x86_64-linux-gnu packages="qemu-system-x86" modules="kvm kvm-amd" ;;
*) echo "fetch: unknown architecture '$arch'; expected arm64, loongarch64, ppc, ppc64, riscv64, s390x or x86_64" >&2; exit 64 ;;
esac
# Pages of another size.
flavour=$flavour${kernel#"$release"}
# The report goes through a virtio port. Kernels before 6.12 have its driver as modules; the others have it built in.
virtio="virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console"

# A module that claims hardware which QEMU does not emulate, and compilers that only the newest release of Debian has.
case $machines in
*arm64-gicv5*) claim=claim-gicv5 ;;
*loongarch64*) claim=claim-loongarch64 ;;
*s390x*) claim=claim-s390x ;;
*) claim= ;;
esac
# The folder of these compilers, and whether the guest's program needs them too.
tools= native=yes
case $arch in loongarch64 | ppc) native= ;; esac
if [ -z "$native" ] || [ -n "$claim" ]; then tools=$folder/tools; fi

# The address of the archive, from the machine's apt configuration.
uri=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
uri=${uri:-$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .* main.*/\2/p' /etc/apt/sources.list 2>/dev/null | head -1)}
uri=${uri%% *}
if [ -z "$uri" ]; then echo "fetch: apt of this machine has no Debian archive" >&2; exit 69; fi
keys=/usr/share/keyrings/debian-archive-keyring.gpg

# 1. Programs of the machine's release.
compiler=$triplet-gcc
[ "$arch" = x86_64 ] && compiler=gcc
missing=
for pair in "cpio cpio" "xz xz-utils" "zstd zstd" "$compiler gcc-${triplet/x86_64/x86-64}"; do
	if [ -z "$native" ] && [ "${pair% *}" = "$compiler" ]; then continue; fi
	command -v "${pair% *}" >/dev/null || missing="$missing ${pair#* }"
done
for package in $packages; do
	case $package in
	qemu-system-arm) command -v qemu-system-aarch64 >/dev/null || missing="$missing $package" ;;
	qemu-system-ppc) command -v qemu-system-ppc64 >/dev/null || missing="$missing $package" ;;
	qemu-system-x86) command -v qemu-system-x86_64 >/dev/null || missing="$missing $package" ;;
	esac
done
case $arch in
arm64 | riscv64 | s390x) [ -e "/usr/$triplet/lib/libc.a" ] || missing="$missing libc6-dev-$debian-cross" ;;
ppc64) [ -e "/usr/$triplet/lib/libc.a" ] || missing="$missing libc6-dev-ppc64el-cross" ;;
esac
if [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ]; then echo "fetch: install these packages first:$missing" >&2; exit 69; fi
	echo "installing$missing"
	apt-get update -qq </dev/null
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing </dev/null >/dev/null
fi

# 2. A view of the archive for another architecture and release.
# view ARCH SUITE PROGRAM ARGUMENTS...
view() {
	local view=$folder/apt/$1-$2
	mkdir -p "$view/lists/partial" "$view/cache/archives/partial"
	: >>"$view/status"
	echo "deb [arch=$1 signed-by=$keys] $uri $2 main" >"$view/sources.list"
	"$3" -o APT::Architecture="$1" -o APT::Architectures="$1" -o Dir::Etc::sourcelist="$view/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists="$view/lists" -o Dir::Cache="$view/cache" \
		-o Dir::State::status="$view/status" -o APT::Update::Post-Invoke= -o APT::Update::Post-Invoke-Success= \
		-o DPkg::Post-Invoke= -o APT::Sandbox::User=root "${@:4}"
}
update() {
	[ -e "$folder/apt/$1-$2/updated" ] && return
	view "$1" "$2" apt-get -qq update
	touch "$folder/apt/$1-$2/updated"
}

# 3. The compilers of the newest release, and what building a module needs, in a folder that becomes their root.
unpack() { # unpack PACKAGE...: into the folder of the tools
	local package
	for package in "$@"; do dpkg-deb --fsys-tarfile "$package" | tar -x -C "$tools" --keep-directory-symlink; done
}
if [ -n "$tools" ] && [ ! -e "$tools/.$arch" ]; then
	if [ "$(id -u)" != 0 ]; then echo "fetch: only root can build for $machines" >&2; exit 69; fi
	echo "fetching the compilers for $arch"
	update amd64 sid
	view amd64 sid apt-get -qq -y -d --no-install-recommends install "gcc-$triplet" "libc6-dev-$debian-cross" make base-files \
		dash bash coreutils sed grep mawk findutils diffutils perl-base gzip hostname \
		$([ "$arch" = ppc ] && echo gcc libc6-dev flex bison bc perl) </dev/null >/dev/null
	mkdir -p "$tools/dev"
	unpack "$folder"/apt/amd64-sid/cache/archives/*.deb
	rm -f "$folder"/apt/amd64-sid/cache/archives/*.deb
	[ -e "$tools/usr/bin/awk" ] || ln -s mawk "$tools/usr/bin/awk"
	[ -e "$tools/dev/null" ] || { mknod "$tools/dev/null" c 1 3; chmod 666 "$tools/dev/null"; }
	touch "$tools/.$arch"
fi

# 4. The kernel and its KVM modules.
guest=$folder/kernels/$arch-$kernel
if [ "$arch" = ppc ] && [ ! -e "$guest/version" ]; then
	echo "building Linux $kernel for $arch; this takes minutes"
	rm -rf "$guest"
	mkdir -p "$guest/packages" "$guest/modules"
	update amd64 "$suite"
	(cd "$guest/packages" && view amd64 "$suite" apt-get -qq download "linux-source-$release")
	version=$(dpkg-deb -f "$guest"/packages/*.deb Version)
	Tests/Conformance/e500.sh "$tools" "$guest"/packages/*.deb "$guest/kernel"
	rm -rf "$guest/packages"
	echo "${version%%[-+~]*}" >"$guest/version"
elif [ ! -e "$guest/version" ]; then
	echo "fetching Linux $kernel for $arch"
	update "$debian" "$suite"
	rm -rf "$guest"
	mkdir -p "$guest/packages" "$guest/root" "$guest/modules"
	# Newer kernels are in two packages; the second is only needed for modules.
	for name in $(view "$debian" "$suite" apt-cache pkgnames linux- |
		sed -n "s/^linux-\(image\|binary\)-\($release\([.+-][^ ]*\)\?-$flavour\)\$/\2/p" | grep -v -e -rt- -e -cloud- | sort -uVr); do
		names="linux-image-$name"
		if view "$debian" "$suite" apt-cache show "linux-binary-$name" >/dev/null 2>&1; then
			names="linux-binary-$name${modules:+ linux-modules-$name}"
		fi
		# An archive that is being updated may list packages that it does not have.
		# shellcheck disable=SC2086
		if (cd "$guest/packages" && view "$debian" "$suite" apt-get -qq download $names); then break; fi
	done
	for package in "$guest"/packages/*.deb; do
		[ -e "$package" ] || continue
		dpkg --fsys-tarfile "$package" |
			tar -x -C "$guest/root" --wildcards '*/vmlinu[xz]*' '*/kvm/*.ko*' '*/irqbypass.ko*' '*/ccp.ko*' '*/vfio/*.ko*' \
				'*/virtio/*.ko*' '*/virtio_console.ko*' 2>/dev/null || true
		version=$(dpkg-deb -f "$package" Version)
	done
	image=$(find "$guest/root" -name 'vmlinu[xz]*' -type f | head -1)
	if [ -z "$image" ]; then echo "fetch: Debian's $suite has no Linux $kernel for $arch" >&2; exit 70; fi
	mv "$image" "$guest/kernel"
	# QEMU cannot load a kernel in an EFI image that zstd has compressed. Bytes 8 to 15 are its place and its size.
	if [ "$(head -c 28 "$guest/kernel" | tail -c 24 | tr -cd a-z)" = zimgzstd ]; then
		read -r offset size < <(od -A n -t u4 -j 8 -N 8 "$guest/kernel")
		tail -c "+$((offset + 1))" "$guest/kernel" | head -c "$size" | zstd -qdc >"$guest/unpacked"
		mv "$guest/unpacked" "$guest/kernel"
	fi
	[ "$arch" = x86_64 ] && modules="irqbypass ccp kvm kvm-amd vfio vfio_iommu_type1 vfio-pci-core vfio-pci"
	for module in $virtio $modules; do
		file=$(find "$guest/root" -name "$module.ko" -o -name "$module.ko.xz" | head -1)
		[ -n "$file" ] || continue
		case $file in
		*.xz) xz -dc "$file" >"$guest/modules/$module.ko" ;;
		*) cp "$file" "$guest/modules/$module.ko" ;;
		esac
		echo "$module.ko" >>"$guest/modules/order"
	done
	rm -rf "$guest/packages" "$guest/root"
	echo "$name" >"$guest/release"
	# The patch level, which uname does not show before 6.12.
	echo "${version%%[-+~]*}" >"$guest/version"
fi

# 5. The newest kernel headers, as the machine's headers may lack a constant.
if [ ! -e "$folder/headers/usr" ]; then
	update amd64 sid
	mkdir -p "$folder/headers/packages"
	(cd "$folder/headers/packages" && view amd64 sid apt-get -qq download linux-libc-dev)
	dpkg -x "$folder"/headers/packages/*.deb "$folder/headers"
	rm -rf "$folder/headers/packages"
fi

# 6. RISC-V with an IMSIC, LoongArch, s390x, and Arm with EL2 for guests need a newer QEMU than that of Debian 12. It runs with its
# own dynamic loader and is not installed.
case $machines in
*riscv64*) newer=qemu-system-riscv ;;
*loongarch64*) newer=qemu-system-misc ;;
*s390x*) newer=qemu-system-s390x ;;
*arm64-nested* | *arm64-gicv4*) newer=qemu-system-arm ;;
*) newer= ;;
esac
if [ -n "$newer" ] && [ ! -e "$folder/qemu/$newer" ]; then
	echo "fetching a newer QEMU for $arch"
	update amd64 trixie
	view amd64 trixie apt-get -qq -y -d --no-install-recommends install "$newer" </dev/null >/dev/null
	mkdir -p "$folder/qemu"
	for package in "$folder"/apt/amd64-trixie/cache/archives/*.deb; do dpkg -x "$package" "$folder/qemu"; done
	rm -f "$folder"/apt/amd64-trixie/cache/archives/*.deb
	touch "$folder/qemu/$newer"
fi

# 7. The module, built with the headers of the kernel.
module=$guest/claims/$claim.ko
if [ -n "$claim" ] && [ ! "$module" -nt "Tests/Conformance/guest/$claim.c" ]; then
	name=$(cat "$guest/release")
	base=${name%-"$flavour"}
	if [ ! -e "$tools/usr/src/linux-headers-$name" ]; then
		rm -rf "$guest/headers"
		mkdir -p "$guest/headers"
		update amd64 "$suite"
		# In older suites, one package of tools serves all kernels of a release.
		(cd "$guest/headers" && view "$debian" "$suite" apt-get -qq download "linux-headers-$name" "linux-headers-$base-common" &&
			{ view amd64 "$suite" apt-get -qq download "linux-kbuild-$base" 2>/dev/null ||
				view amd64 "$suite" apt-get -qq download "linux-kbuild-$release"; })
		unpack "$guest"/headers/*.deb
		rm -rf "$guest/headers"
	fi
	rm -rf "$tools/build"
	mkdir -p "$tools/build" "$guest/claims"
	cp "Tests/Conformance/guest/$claim.c" "$tools/build/"
	echo "obj-m := $claim.o" >"$tools/build/Makefile"
	chroot "$tools" make -s -C "/usr/src/linux-headers-$name" M=/build CC="$triplet-gcc" CROSS_COMPILE="$triplet-" \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules
	cp "$tools/build/$claim.ko" "$module"
fi

# 8. The guest's program.
init=$folder/init-$arch
sources="Tests/Conformance/guest/init.c Sources/kvmload/kvmload.c Tools/kvmload/report.c"
includes="Tools/kvmload Sources/kvmload/include"
compile() { # compile OUTPUT COMPILER...
	local options="-static -O2 -Wall -ISources/kvmload/include -ITools/kvmload"
	# shellcheck disable=SC2086
	"${@:2}" $options -Dmain=kvmload_main -c -o "$1.o" Tools/kvmload/main.c
	# shellcheck disable=SC2086
	"${@:2}" $options -o "$1" $sources "$1.o"
}
# shellcheck disable=SC2086
if [ ! -e "$init" ] || [ -n "$(find $sources $includes -newer "$init")" ]; then
	if [ -z "$native" ]; then
		rm -rf "$tools/build"
		mkdir -p "$tools/build"
		cp -r --parents $sources $includes "$tools/build"
		compile init chroot "$tools" env -C /build "$triplet-gcc"
		cp "$tools/build/init" "$init"
	else
		compile "$init" "$compiler" -isystem "$folder/headers/usr/include/$triplet" -isystem "$folder/headers/usr/include"
		rm -f "$init.o"
	fi
fi
