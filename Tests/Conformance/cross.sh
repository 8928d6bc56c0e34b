#!/bin/bash
# cross.sh FOLDER: builds kvmconf as a static program for arm64, FOLDER/kvmconf-arm64.
#
# It uses this machine's compiler and Debian's Swift runtime for arm64, whose package has static archives and module
# interfaces; the compiler builds its modules from these. An existing folder is used again.
set -euo pipefail
folder=$(realpath "$1")
triple=aarch64-unknown-linux-gnu
swift=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
bundle=$folder/swift-sdk/arm64.artifactbundle
sdk=$bundle/arm64
root=$sdk/root

if [ ! -e "$bundle/complete" ]; then
	echo "fetching the Swift runtime for arm64"
	rm -rf "$folder/swift-sdk"
	mkdir -p "$root/usr/lib" "$folder/apt/arm64-sid/lists/partial" "$folder/apt/arm64-sid/cache/archives/partial"
	uri=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources | head -1)
	echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri%% *} sid main" \
		>"$folder/apt/arm64-sid/sources.list"
	view() {
		"$1" -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::Etc::sourceparts=/dev/null \
			-o Dir::Etc::sourcelist="$folder/apt/arm64-sid/sources.list" -o Dir::State::status=/dev/null \
			-o Dir::State::Lists="$folder/apt/arm64-sid/lists" -o Dir::Cache="$folder/apt/arm64-sid/cache" \
			-o APT::Update::Post-Invoke= -o DPkg::Post-Invoke= -o APT::Sandbox::User=root \
			-o APT::Install-Recommends=0 "${@:2}"
	}
	archives=$folder/apt/arm64-sid/cache/archives
	view apt-get -qq update
	gcc=$(view apt-cache depends gcc | sed -n 's/.*Depends: gcc-\([0-9]*\)$/\1/p' | head -1)
	view apt-get -qq -y --download-only install libc6-dev "libstdc++-$gcc-dev" linux-libc-dev libyaml-dev </dev/null >/dev/null
	(cd "$archives" && view apt-get -qq download swiftlang)
	for package in "$archives"/*.deb; do
		case $package in
		# Only the part of the compiler's package that is linked into programs.
		*/swiftlang_*) dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$root/usr/lib" --strip-components=5 ./usr/libexec/swift/lib/swift_static ;;
		*) dpkg -x "$package" "$root" ;;
		esac
	done
	rm -f "$archives"/*.deb
	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
	ln -sfn swift_static "$root/usr/lib/swift"
	runtime=$root/usr/lib/swift_static
	rm -rf "$runtime/clang" "$runtime/embedded"
	ln -s "$swift/lib/swift/clang/" "$runtime/clang"

	echo "compiling its modules"
	for module in "$runtime"/linux/*.swiftmodule; do
		rm -f "$module/$triple.swiftmodule" "$module"/*.private.swiftinterface
		[ -e "$module/$triple.swiftinterface" ] || rm -rf "$module"
	done
	for name in Swift SwiftOnoneSupport _Builtin_float _Concurrency _RegexParser _StringProcessing Glibc Synchronization; do
		module=$runtime/linux/$name.swiftmodule
		[ -d "$module" ] || continue
		"$swift/bin/swiftc" -frontend -compile-module-from-interface "$module/$triple.swiftinterface" \
			-o "$module/$triple.swiftmodule" -module-name "$name" -target "$triple" -sdk "$root" \
			-resource-dir "$runtime" -module-cache-path "$folder/swift-sdk/cache" \
			-serialize-parseable-module-interface-dependency-hashes -Xcc --sysroot="$root" \
			$([ "$name" = Swift ] && echo -parse-stdlib)
	done
	rm -f "$runtime"/linux/lib*Foundation*.a "$runtime"/linux/lib_CF*.a "$runtime"/linux/aarch64/Dispatch.*
	# Two modules have no interface. The replacements have the parts that kvmconf needs.
	for name in FoundationEssentials Dispatch; do
		mkdir -p "$runtime/linux/$name.swiftmodule"
		"$swift/bin/swiftc" -target "$triple" -sdk "$root" -resource-dir "$runtime" -static-stdlib -O -wmo -parse-as-library \
			-module-cache-path "$folder/swift-sdk/cache" -module-name "$name" -module-link-name "kvmconf$name" -emit-module \
			-emit-module-path "$runtime/linux/$name.swiftmodule/$triple.swiftmodule" \
			-c "Tests/Conformance/guest/$name.swift" -o "$folder/swift-sdk/$name.o"
		"$swift/bin/llvm-ar" rcs "$runtime/linux/libkvmconf$name.a" "$folder/swift-sdk/$name.o"
	done

	cat >"$bundle/info.json" <<JSON
{"schemaVersion": "1.0", "artifacts": {"arm64": {"type": "swiftSDK", "version": "1.0.0",
 "variants": [{"path": "arm64", "supportedTriples": ["x86_64-unknown-linux-gnu"]}]}}}
JSON
	cat >"$sdk/swift-sdk.json" <<JSON
{"schemaVersion": "4.0", "targetTriples": {"$triple": {"sdkRootPath": "root",
 "swiftResourcesPath": "root/usr/lib/swift_static", "swiftStaticResourcesPath": "root/usr/lib/swift_static",
 "toolsetPaths": ["toolset.json"]}}}
JSON
	cat >"$sdk/toolset.json" <<JSON
{"schemaVersion": "1.0", "rootPath": "$swift/bin", "swiftCompiler": {"extraCLIOptions": ["-use-ld=lld"]},
 "linker": {"path": "ld.lld"}, "librarian": {"path": "llvm-ar"}}
JSON
	touch "$bundle/complete"
fi

"$swift/bin/swift" build -c release --product kvmconf --scratch-path "$folder/build-arm64" \
	--swift-sdks-path "$folder/swift-sdk" --swift-sdk arm64 --static-swift-stdlib \
	-Xswiftc -static-executable -Xswiftc -Osize -Xlinker -s >"$folder/cross.log" 2>&1 ||
	{ tail -20 "$folder/cross.log" >&2; exit 70; }
cp "$folder/build-arm64/$triple/release/kvmconf" "$folder/kvmconf-arm64"
