#!/bin/bash
# A Swift toolchain for a Debian-like machine that has none: Debian trixie's own `swiftlang` package in a chroot.
#
#   swift.sh make                        make the toolchain if it is not there yet
#   swift.sh run [--bind DIR]... -- CMD  run CMD inside it, in the current folder, with the project at its own path
#
# Called by `cargo xtask swift` and `cargo xtask test`; every mount lives in a mount namespace of its own, so that nothing
# stays mounted however this ends. Environment: JIGAP_TOOLCHAINS (cache folder), JIGAP_DEBIAN_MIRROR.
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
self=$project/xtask/toolchains/swift.sh
cache=${JIGAP_TOOLCHAINS:-$project/target/toolchains}
root=$cache/swift
suite=trixie
packages=swiftlang,libc6-dev,ca-certificates # libc6-dev: swiftlang cannot link without it, yet does not depend on it
recipe="$suite $packages 1"                  # a change here makes the toolchain anew
marker=$root.made

say() { echo "swift toolchain: $*" >&2; }
fail() { say "$*"; exit 69; } # EX_UNAVAILABLE: the caller tells "cannot be had here" from "the command failed"

# Runs a command in mount and process namespaces of its own: mounts and children go away with it, even after SIGKILL.
apart() { unshare --mount --pid --fork --kill-child --propagation private -- "$@"; }

made() { [ -f "$marker" ] && [ "$(cat "$marker")" = "$recipe" ] && [ -d "$root/usr" ]; }

make_root() {
  made && return
  if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || fail "needs apt-get: install Swift 6 from swift.org"
    say "installing debootstrap"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
      debootstrap debian-archive-keyring; } </dev/null >&2 || fail "could not install debootstrap"
  fi
  apart true || fail "this machine does not allow mount namespaces: install Swift 6 from swift.org"
  if [ -z "${http_proxy:-}" ]; then # debootstrap fetches with wget, which does not read apt's settings
    eval "$(apt-config shell http_proxy Acquire::http::Proxy 2>/dev/null || true)"
    [ -z "${http_proxy:-}" ] || export http_proxy
  fi
  local mirror=${JIGAP_DEBIAN_MIRROR:-http://deb.debian.org/debian} began=$SECONDS
  say "making a $suite chroot from $mirror (about 3 GB, some minutes)"
  rm -f "$marker"
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  local log=$cache/swift.log
  apart debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" </dev/null >"$log" 2>&1 ||
    { tail -n 15 "$log" "$root/debootstrap/debootstrap.log" >&2 2>/dev/null || true; fail "debootstrap failed, see $log"; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  sync -f "$root"
  echo "$recipe" >"$marker.new" && mv "$marker.new" "$marker" # last: what has no marker was interrupted and is made anew
  say "made in $((SECONDS - began)) s"
}

# Runs inside the namespaces. A bind mount at the same path keeps every path the host knows valid inside.
enter() {
  local binds=("$project") folder=$PWD
  while [ "${1:-}" = --bind ]; do binds+=("$2"); shift 2; done
  [ "${1:-}" = -- ] && shift
  mount -t proc proc "$root/proc" # swift finds itself through /proc/self/exe
  mount --rbind /dev "$root/dev"
  local bind
  for bind in "${binds[@]}"; do
    mkdir -p "$root$bind"
    mount --bind "$bind" "$root$bind"
  done
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
  exec chroot "$root" /usr/bin/env -C "$folder" HOME=/root TMPDIR=/tmp LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

[ $# -gt 0 ] || { sed -n '2,/^set/{/^#/p}' "$0" >&2; exit 64; }
command=$1
shift
if [ "$(id -u)" != 0 ]; then
  # A build server may use sudo unasked; a person decides that.
  if [ "${CI:-}" = true ] && sudo -n true 2>/dev/null; then
    exec sudo -n --preserve-env env LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}" "$self" "$command" "$@"
  fi
  fail "a chroot needs root: install Swift 6 from swift.org, or run this as root"
fi
mkdir -p "$cache"
case $command in
  make)
    exec 9>"$cache/swift.lock"
    flock 9 # a second caller waits, then finds it made
    make_root
    ;;
  run)
    made || "$self" make
    exec 9>"$cache/swift.lock"
    flock --shared 9
    apart "$self" enter "$@"
    ;;
  enter) enter "$@" ;;
  *) fail "unknown command $command" ;;
esac
