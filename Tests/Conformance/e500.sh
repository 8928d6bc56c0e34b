#!/bin/bash
# e500.sh TOOLS SOURCES OUTPUT: builds a kernel for QEMU's board ppce500, which Debian does not have.
#
#   TOOLS    the folder with the compilers, which becomes the root of the build
#   SOURCES  Debian's package of the kernel's sources
#   OUTPUT   the kernel
set -euo pipefail
tools=$1 sources=$2 output=$3

rm -rf "$tools/linux"
mkdir -p "$tools/linux"
dpkg-deb --fsys-tarfile "$sources" | tar -x -O --wildcards '*/linux-source-*.tar.xz' |
	tar -x -J -C "$tools/linux" --strip-components=1
# objtool needs more libraries, and this kernel runs without what it does.
sed -i '/^[[:space:]]*select HAVE_\(OBJTOOL\|OBJTOOL_MCOUNT\|UACCESS_VALIDATION\|STATIC_CALL_INLINE\)\b/d' \
	"$tools/linux/arch/powerpc/Kconfig"
cp Tests/Conformance/guest/e500.config "$tools/linux/"
build() { chroot "$tools" make -s -C /linux ARCH=powerpc CROSS_COMPILE=powerpc-linux-gnu- "$@"; }
build KCONFIG_ALLCONFIG=e500.config allnoconfig
build -j"$(nproc)" vmlinux
cp "$tools/linux/vmlinux" "$output"
rm -rf "$tools/linux"
