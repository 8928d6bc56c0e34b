#!/usr/bin/env bash
# The steps of action.yml: `build` builds the program, `validate` runs it. The inputs are passed as variables, so that
# they are never interpreted as shell code.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

build() {
  # Runners are not root, but may use sudo.
  if [ ! -e /usr/include/yaml.h ] && [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then
    sudo apt-get update -q && sudo apt-get install -q -y --no-install-recommends libyaml-dev
  fi
  make -C "$here" static
}

# Adds an option for each line of an input.
add_lines() {
  local value
  while IFS= read -r value; do
    if [ -n "$value" ]; then arguments+=("$1" "$value"); fi
  done <<<"$2"
}

validate() {
  local arguments=(validate --format "${FORMAT:-github}") status=0 file
  if [ -n "${FAIL_ON:-}" ]; then arguments+=(--fail-on "$FAIL_ON"); fi
  if [ -n "${SHARD:-}" ]; then arguments+=(--shard "$SHARD"); fi
  add_lines --kernel "${KERNEL:-}"
  add_lines --host-facts "${HOST_FACTS:-}"
  arguments+=(--)
  while IFS= read -r file; do
    if [ -n "$file" ]; then arguments+=("$file"); fi
  done <<<"${FILES:-.}"
  local program=${KVMCONF:-$here/.build/static/release/kvmconf}
  if [ -n "${REPORT:-}" ]; then
    "$program" "${arguments[@]}" >"$REPORT" || status=$?
  else
    "$program" "${arguments[@]}" || status=$?
  fi
  echo "status=$status" >>"${GITHUB_OUTPUT:-/dev/null}"
  return "$status"
}

case ${1:-} in
build | validate) "$1" ;;
*)
  echo "usage: $0 build | validate" >&2
  exit 64
  ;;
esac
