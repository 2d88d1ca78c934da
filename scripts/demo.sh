#!/bin/sh
# Builds tsemu and runs riscv64 programs under it: one that is kept here, and one from Debian's archive.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh build
node scripts/build.ts

say() { printf '\n$ %s\n' "$*"; }

say dist/tsemu-riscv64 test-binaries/prebuilt/riscv64/hello
dist/tsemu-riscv64 test-binaries/prebuilt/riscv64/hello

# A real program, linked dynamically: Debian's jq for riscv64, with the libraries that it needs.
root=$(node scripts/debian-root.ts riscv64 demo)
case $root in "$PWD"/*) root=${root#"$PWD"/} ;; esac
say "echo '{\"machine\": \"riscv64\", \"runs\": [1, 2, 3]}' | dist/tsemu-riscv64 -L $root $root/usr/bin/jq -c '.runs |= map(. * 14)'"
echo '{"machine": "riscv64", "runs": [1, 2, 3]}' | dist/tsemu-riscv64 -L "$root" "$root/usr/bin/jq" -c '.runs |= map(. * 14)'
