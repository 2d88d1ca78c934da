/**
 * Assembles the vDSO of each architecture into src/cpu/ARCH/vdso/vdso-image.ts.
 *
 *     node scripts/build-vdso.ts
 *
 * Needs Debian's cross compilers. The image is kept in the repository, so
 * that only who changes vdso.S needs it; a test compares the two.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where an architecture's vDSO is, and how it is built. */
interface Source {
  directory: string;
  /** Prefix of the cross compiler's commands. */
  tools: string;
  options: readonly string[];
  /** The code that signal handlers return to. */
  sigreturn: string;
}
const directoryOf = (cpu: string): string => join(import.meta.dirname, `../src/cpu/${cpu}/vdso`);

export const VDSO_SOURCES = {
  riscv64: {
    directory: directoryOf('riscv'),
    tools: 'riscv64-linux-gnu-',
    options: ['-march=rv64gc', '-mabi=lp64d'],
    sigreturn: '__vdso_rt_sigreturn',
  },
  aarch64: {
    directory: directoryOf('aarch64'),
    tools: 'aarch64-linux-gnu-',
    options: ['-mbranch-protection=none'],
    sigreturn: '__kernel_rt_sigreturn',
  },
} as const satisfies Record<string, Source>;

/** True if the cross compiler is installed. */
export function haveCompiler({ tools }: Source): boolean {
  try {
    execFileSync(`${tools}gcc`, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The image's bytes and the offset of the code that calls rt_sigreturn. */
export function buildVdso({ directory, tools, options, sigreturn }: Source): {
  image: Uint8Array;
  sigreturnOffset: number;
} {
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-vdso-'));
  try {
    const output = join(scratch, 'vdso.so');
    const linkerOptions =
      '-soname=linux-vdso.so.1,--hash-style=both,--eh-frame-hdr,--build-id=none,-Bsymbolic,--no-undefined,-s';
    execFileSync(`${tools}gcc`, [
      ...['-nostdlib', '-shared', ...options],
      `-Wl,-T,${join(directory, 'vdso.lds')},${linkerOptions},-z,max-page-size=4096`,
      ...['-o', output, join(directory, 'vdso.S')],
    ]);
    const symbols = execFileSync(`${tools}nm`, ['-D', output], { encoding: 'latin1' });
    const line = symbols.split('\n').find((text) => text.includes(` ${sigreturn}`));
    if (line === undefined) throw new Error(`vdso.so has no ${sigreturn}`);
    return { image: readFileSync(output), sigreturnOffset: Number.parseInt(line, 16) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function writeModule(source: Source): void {
  const { image, sigreturnOffset } = buildVdso(source);
  const lines = Buffer.from(image)
    .toString('base64')
    .match(/.{1,100}/g)!
    .map((line) => `  '${line}'`);
  const text = `/** The assembled vDSO, made from vdso.S by scripts/build-vdso.ts: base64, and where signal handlers return to. */

export const SIGRETURN_OFFSET = 0x${sigreturnOffset.toString(16)};

// biome-ignore format: generated
export const VDSO_IMAGE =
${lines.join(' +\n')};
`;
  writeFileSync(join(source.directory, 'vdso-image.ts'), text);
}

if (import.meta.main) for (const source of Object.values(VDSO_SOURCES)) writeModule(source);
