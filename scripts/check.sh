#!/bin/sh
# Everything that must hold before a change goes in: types, lint and format, layering, dead exports, tests.
set -eu
tsc -p .
biome check --error-on-warnings .
node scripts/check-layers.ts
knip
# CI has run them already.
[ "${TSEMU_CHECK_TESTS:-yes}" = no ] || npm test --silent
