#!/bin/sh
# The long random comparisons. TSEMU_FUZZ_SCALE divides their length (default 1: all of it).
set -eu
scale=${TSEMU_FUZZ_SCALE:-1}
sh scripts/setup.sh
node scripts/build.ts
node scripts/build-test-binaries.ts --quick --arch riscv64
node scripts/fuzz-instructions.ts --count $((100000 / scale)) ${TSEMU_FUZZ_SEED:+--seed "$TSEMU_FUZZ_SEED"} &
node scripts/fuzz-loader.ts $((20000 / scale)) ${TSEMU_FUZZ_SEED:-}
node scripts/fuzz-command.ts $((20000 / scale / 10)) ${TSEMU_FUZZ_SEED:-}
wait $!
