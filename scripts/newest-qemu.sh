#!/usr/bin/env bash
# Makes the QEMU of Debian sid runnable beside the installed one, in a chroot that is kept between runs, and prints two
# lines: a program that runs it, and the folder that both sides see under the same path, for sockets. Needs root,
# debootstrap and a Debian mirror; says what is missing and ends with 1 otherwise.
#   CACHE=FOLDER      where the chroot is kept; /var/cache/isa-pvpanic
#   SUITE=trixie      another release of Debian
set -euo pipefail

cache=${CACHE:-/var/cache/isa-pvpanic}
suite=${SUITE:-sid}
root=$cache/$suite
shared=$cache/shared
program=$cache/qemu-$suite
mirror=http://deb.debian.org/debian

fail() {
  echo "newest-qemu: $1" >&2
  exit 1
}

[ "$(id -u)" = 0 ] || fail 'root is needed for a chroot'
if [ ! -x "$root/usr/bin/qemu-system-x86_64" ]; then
  command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >&2 || fail 'there is no debootstrap'
  rm -rf "$root"
  mkdir -p "$root"
  timeout 600 debootstrap --variant=minbase "$suite" "$root" "$mirror" >&2 || fail "debootstrap $suite failed"
  DEBIAN_FRONTEND=noninteractive timeout 600 chroot "$root" \
    apt-get install -y -qq --no-install-recommends qemu-system-x86 seabios >&2 || fail "there is no QEMU in $suite"
fi

mkdir -p "$shared" "$root$shared"
mountpoint -q "$root$shared" || mount --bind "$shared" "$root$shared" || fail 'cannot mount the shared folder'
printf '#!/bin/sh\nexec chroot %s /usr/bin/qemu-system-x86_64 "$@"\n' "$root" >"$program"
chmod +x "$program"
"$program" --version >&2 || fail 'QEMU does not start'
echo "$program"
echo "$shared"
