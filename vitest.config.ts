import { defineConfig } from 'vitest/config';

/**
 * Unit tests stand beside their source (`src/x.test.ts`), everything that starts a guest program is in `tests/`.
 * `*.slow.test.ts` (real Debian programs, long fuzzing) run only when asked for: TSEMU_SLOW=1 or by the npm scripts
 * `test:programs` and `test:fuzz`.
 */
const slow = process.env.TSEMU_SLOW === '1';

export default defineConfig({
  test: {
    include: ['{src,tests,scripts,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', ...(slow ? [] : ['**/*.slow.test.ts'])],
    pool: 'forks',
    maxWorkers: 2,
    // A process for each file would cost a third of a second, and loading the modules, each time. No test leaves a module's
    // state changed.
    isolate: false,
    // For hangs only: no test measures time.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 5_000,
    passWithNoTests: true,
    reporters: process.env.CI ? ['default'] : ['default'],
    // The emulator runs in a process of its own with its own flags; unit tests that touch node:ffi or memory64 need
    // no flag but the one that silences the warning.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
});
