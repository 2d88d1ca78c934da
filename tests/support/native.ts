/**
 * Native parts and Node for tests of the linux host: a directory with stub and launcher, and programs that run in a
 * Node of their own, with the flags of the launcher, because they change how the process treats signals and faults.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { buildNative } from '../../scripts/build-native.ts';

export const NODE_FLAGS = [
  '--single-threaded',
  '--v8-pool-size=0',
  '--disable-warning=ExperimentalWarning',
  '--disable-sigusr1',
];

const PROGRAMS = fileURLToPath(new URL('host-programs/', import.meta.url));

/** A temporary directory like dist/, without a bundle. */
export class NativeDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'tsemu-native-'));

  constructor() {
    buildNative(this.path);
    symlinkSync(process.execPath, join(this.path, 'node'));
  }

  get stub(): string {
    return join(this.path, 'host-stub.so');
  }

  /** Makes a program of host-programs/ what the launcher starts. */
  installProgram(name: string): void {
    buildSync({
      entryPoints: [join(PROGRAMS, `${name}.ts`)],
      outfile: join(this.path, 'tsemu.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
    });
  }

  /** Runs a program of host-programs/ directly, with the stub's path as its first argument. */
  run(
    name: string,
    ...args: string[]
  ): { status: number | null; signal: string | null; stdout: string; stderr: string } {
    const command = [...NODE_FLAGS, join(PROGRAMS, `${name}.ts`), this.stub, ...args];
    return spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 20_000 });
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
