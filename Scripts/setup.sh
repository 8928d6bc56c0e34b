#!/bin/sh
# Installs the missing dependency of the build, libyaml with its header. If it cannot, it prints what to install.
set -eu

swift=${SWIFT:-swift}
if ! command -v "$swift" >/dev/null; then
	echo "kvmconf is built with Swift 6.2 or later, but '$swift' is not in PATH: see https://www.swift.org/install/linux" >&2
	exit 1
fi

has_libyaml() {
	for include in /usr/include /usr/local/include; do
		[ ! -e "$include/yaml.h" ] || return 0
	done
	return 1
}

if has_libyaml; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing libyaml-dev ..."
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q </dev/null
	apt-get install -q -y --no-install-recommends libyaml-dev </dev/null
	exit 0
fi

echo "kvmconf needs libyaml with its header, yaml.h. Install it, then try again:" >&2
if command -v apt-get >/dev/null; then
	echo "    sudo apt-get update && sudo apt-get install -y libyaml-dev" >&2
elif command -v dnf >/dev/null; then
	echo "    sudo dnf install libyaml-devel" >&2
elif command -v pacman >/dev/null; then
	echo "    sudo pacman -S libyaml" >&2
elif command -v zypper >/dev/null; then
	echo "    sudo zypper install libyaml-devel" >&2
else
	echo "    the package is called libyaml-dev, libyaml-devel or libyaml; see https://github.com/yaml/libyaml" >&2
fi
exit 1
