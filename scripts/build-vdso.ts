/**
 * Assembles the riscv64 vDSO into src/cpu/riscv/vdso/vdso-image.ts.
 *
 *     node scripts/build-vdso.ts
 *
 * Needs Debian's gcc-riscv64-linux-gnu. The image is kept in the repository, so
 * that only who changes vdso.S needs it; a test compares the two.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMPILER = 'riscv64-linux-gnu-gcc';
const directory = join(import.meta.dirname, '../src/cpu/riscv/vdso');

/** True if the cross compiler is installed. */
export function haveCompiler(): boolean {
  try {
    execFileSync(COMPILER, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The image's bytes and the offset of __vdso_rt_sigreturn, from the source. */
export function buildVdso(): { image: Uint8Array; sigreturnOffset: number } {
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-vdso-'));
  try {
    const output = join(scratch, 'vdso.so');
    const linkerOptions =
      '-soname=linux-vdso.so.1,--hash-style=both,--eh-frame-hdr,--build-id=none,-Bsymbolic,--no-undefined,-s';
    execFileSync(COMPILER, [
      ...['-nostdlib', '-shared', '-march=rv64gc', '-mabi=lp64d'],
      `-Wl,-T,${join(directory, 'vdso.lds')},${linkerOptions},-z,max-page-size=4096`,
      ...['-o', output, join(directory, 'vdso.S')],
    ]);
    const symbols = execFileSync('riscv64-linux-gnu-nm', ['-D', output], { encoding: 'latin1' });
    const line = symbols.split('\n').find((text) => text.includes(' __vdso_rt_sigreturn'));
    if (line === undefined) throw new Error('vdso.so has no __vdso_rt_sigreturn');
    return { image: readFileSync(output), sigreturnOffset: Number.parseInt(line, 16) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function writeModule(): void {
  const { image, sigreturnOffset } = buildVdso();
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
  writeFileSync(join(directory, 'vdso-image.ts'), text);
}

if (import.meta.main) writeModule();
