#!/bin/sh
# The stress programs, each at its full size (TSEMU_STRESS_SCALE divides it). Options go to scripts/stress.ts.
set -eu
sh scripts/setup.sh
node scripts/build.ts
node scripts/build-test-binaries.ts --stress
node scripts/stress.ts "$@"
