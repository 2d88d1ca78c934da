/**
 * Compiles the machine code of the linux host with the system's gcc: the host
 * stub (`host-stub.so`) and, one for each guest architecture, the launcher.
 *
 *     node scripts/build-native.ts [dist]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STUB } from '../src/host/layout.ts';

const native = fileURLToPath(new URL('../src/host/linux/native/', import.meta.url));

/** Freestanding code: no start files, no library, nothing that the compiler would want from one. */
const FREESTANDING = [
  '-std=gnu11',
  '-Os',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-ffreestanding',
  '-nostdlib',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-fcf-protection=none',
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
  '-s',
];

/** `-D` options that give the stub the offsets of layout.ts: `ringHead` becomes `STUB_RING_HEAD`. */
function layoutDefines(): string[] {
  return Object.entries(STUB).map(
    ([name, value]) => `-DSTUB_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}=${value}`,
  );
}

function gcc(...args: string[]): void {
  execFileSync(process.env.CC ?? 'gcc', args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Builds launchers and stub into `dist`. Throws if there is no working gcc. */
export function buildNative(dist: string): void {
  mkdirSync(dist, { recursive: true });
  gcc(
    ...FREESTANDING,
    ...layoutDefines(),
    '-O2',
    '-shared',
    '-fPIC',
    '-Wl,-z,defs',
    '-o',
    join(dist, 'host-stub.so'),
    join(native, 'stub.c'),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildNative(process.argv[2] ?? fileURLToPath(new URL('../dist/', import.meta.url)));
}
