# claim.sh: the part of fetch.sh that builds guest/claim-ARCH.c, a kernel module that claims hardware which QEMU does not
# emulate. It is built with the compiler and the headers of the kernel's own suite, which run in a root folder of their own.
# shellcheck shell=bash disable=SC2154

source=Tests/Conformance/guest/claim-$arch.c
module=$guest/modules/claim-$arch.ko
if [ "$module" -nt "$source" ]; then return; fi
if [ "$(id -u)" != 0 ]; then echo "fetch: only root can build $source, in a chroot" >&2; exit 69; fi

# 1. The compiler and the tools.
root=$folder/build-$suite
if [ ! -e "$root/$triplet" ]; then
	echo "fetching a compiler of $suite for $arch"
	update amd64 "$suite"
	view amd64 "$suite" apt-get -qq -y -d --no-install-recommends install "gcc-$triplet" make bash dash coreutils sed \
		grep mawk findutils diffutils perl-base gzip tar hostname </dev/null >/dev/null
	mkdir -p "$root"
	for package in "$folder/apt/amd64-$suite"/cache/archives/*.deb; do
		dpkg --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink
	done
	rm -f "$folder/apt/amd64-$suite"/cache/archives/*.deb
	[ -e "$root/usr/bin/awk" ] || ln -s mawk "$root/usr/bin/awk"
	mkdir -p "$root/dev" "$root/tmp"
	[ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
	touch "$root/$triplet"
fi

# 2. The headers. The modules of the kernel know its name.
name=$(grep -a -o -h -m 1 'vermagic=[^ ]*' "$guest/modules/kvm.ko" | head -1)
name=${name#vermagic=}
if [ ! -e "$root/usr/src/linux-headers-$name/Makefile" ]; then
	update "$debian" "$suite"
	packages=$(mktemp -d)
	(
		cd "$packages"
		view "$debian" "$suite" apt-get -qq download "linux-headers-$name" "linux-headers-${name%-*}-common"
		# Older releases have one for all kernels of a series.
		view amd64 "$suite" apt-get -qq download "linux-kbuild-${name%-*}" ||
			view amd64 "$suite" apt-get -qq download "linux-kbuild-${name%.*}"
	)
	for package in "$packages"/*.deb; do dpkg --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink; done
	rm -rf "$packages"
fi

# 3. The module, which is loaded before those of KVM.
mkdir -p "$root/build/$name"
cp "$source" "$root/build/$name/"
echo "obj-m := claim-$arch.o" >"$root/build/$name/Makefile"
chroot "$root" make -s -C "/usr/src/linux-headers-$name" M="/build/$name" CC="$triplet-gcc" CROSS_COMPILE="$triplet-" \
	CONFIG_DEBUG_INFO_BTF_MODULES= modules
cp "$root/build/$name/claim-$arch.ko" "$module"
{ echo "claim-$arch.ko"; grep -v '^claim-' "$guest/modules/order"; } >"$guest/modules/order.new"
mv "$guest/modules/order.new" "$guest/modules/order"
