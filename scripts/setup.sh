#!/bin/sh
# Installs, with apt, the tools that building and testing need; says and does nothing when they are all there.
#
#     scripts/setup.sh          everything: compilers for host and guests, the oracles qemu-user and llvm-mc
#     scripts/setup.sh bench    also what is only measured
#     scripts/setup.sh examples also Go, Rust and Bazel, 1.1 GB, for tests/examples.slow.test.ts
#     scripts/setup.sh build    what `npm run build` and `npm run demo` need: compilers for C and C++, and dpkg-deb
#
# Guest architectures are listed in TSEMU_ARCHS (default: riscv64 aarch64 arm).
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

packages=''
need() { # need PACKAGES COMMAND...: adds the packages unless one of the commands is there
  wanted=$1
  shift
  for command in "$@"; do
    if have "$command"; then return 0; fi
  done
  packages="$packages $wanted"
}

need 'gcc libc6-dev' gcc
# A compiler without the C library's headers is a common half-installation.
if have gcc && ! echo '#include <stdio.h>' | gcc -E -x c - >/dev/null 2>&1; then packages="$packages libc6-dev"; fi
need g++ g++
need dpkg dpkg-deb
need binutils objcopy
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || [ -e /usr/share/keyrings/debian-archive-keyring.pgp ] ||
  packages="$packages debian-archive-keyring"

if [ "${1:-all}" != build ]; then
  for arch in ${TSEMU_ARCHS:-riscv64 aarch64 arm}; do
    case $arch in
    riscv64)
      need 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross' riscv64-linux-gnu-gcc
      need g++-riscv64-linux-gnu riscv64-linux-gnu-g++
      ;;
    aarch64)
      need 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross' aarch64-linux-gnu-gcc
      need g++-aarch64-linux-gnu aarch64-linux-gnu-g++
      ;;
    arm)
      need 'gcc-arm-linux-gnueabihf libc6-dev-armhf-cross' arm-linux-gnueabihf-gcc
      need g++-arm-linux-gnueabihf arm-linux-gnueabihf-g++
      ;;
    *)
      echo "setup: unknown architecture $arch in TSEMU_ARCHS" >&2
      exit 2
      ;;
    esac
    case $arch in
    riscv64) [ -e /usr/riscv64-linux-gnu/include/stdio.h ] || packages="$packages libc6-dev-riscv64-cross" ;;
    aarch64) [ -e /usr/aarch64-linux-gnu/include/stdio.h ] || packages="$packages libc6-dev-arm64-cross" ;;
    arm) [ -e /usr/arm-linux-gnueabihf/include/stdio.h ] || packages="$packages libc6-dev-armhf-cross" ;;
    esac
  done
  need qemu-user-static qemu-riscv64-static qemu-riscv64
  need qemu-user-static qemu-aarch64-static qemu-aarch64
  need qemu-user-static qemu-arm-static qemu-arm
  need llvm llvm-mc
  # What examples/ are tried with.
  need cmake cmake
  need make make
  need meson meson
  need automake automake
  [ -e /usr/lib/systemd/systemd-binfmt ] || packages="$packages systemd"
fi
if [ "${1:-all}" = examples ]; then
  need golang-go go
  need bazel-bootstrap bazel
  # Not a toolchain of rustup's: the standard library for other processors that Debian has is for Debian's compiler.
  if [ ! -x /usr/bin/rustc ] || [ ! -x /usr/bin/cargo ]; then packages="$packages rustc cargo"; fi
fi
if [ "${1:-all}" = bench ]; then
  need lua5.4 lua5.4
  need sqlite3 sqlite3
fi

[ -n "$packages" ] || exit 0

if ! have apt-get; then
  echo "setup: apt-get not found; install by hand what Debian calls:$packages" >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo "setup: run as root, or first: sudo apt-get install --no-install-recommends$packages" >&2
  exit 1
fi

echo "setup: installing$packages" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends $packages >"$log" 2>&1 </dev/null; }
# The package lists may be missing (slim images) or old.
if ! install && ! { apt-get -qq update >"$log" 2>&1 && install; }; then
  cat "$log" >&2
  echo "setup: could not install:$packages" >&2
  exit 1
fi
