import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildVdso, haveCompiler, VDSO_SOURCES } from '../../../../scripts/build-vdso.ts';
import { riscvVdso } from './vdso.ts';

const image = riscvVdso.bytes();
const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
const word = (at: number) => Number(view.getBigUint64(at, true));

const QEMU = 'qemu-riscv64-static';
function haveQemu(): boolean {
  try {
    execFileSync(QEMU, ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A minimal reader of dynamic symbols, as a C library does it: PT_DYNAMIC, DT_*, no section headers. */
function dynamicSymbols(): Map<string, { value: number; version: string }> {
  const dynamic = new Map<number, number>();
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const header = word(32) + 56 * i;
    if (view.getUint32(header, true) !== 2) continue;
    for (let at = word(header + 8); word(at) !== 0; at += 16) dynamic.set(word(at), word(at + 8));
  }
  const [DT_HASH, DT_STRTAB, DT_SYMTAB, DT_VERSYM, DT_VERDEF] = [4, 5, 6, 0x6ffffff0, 0x6ffffffc];
  const strings = dynamic.get(DT_STRTAB)!;
  const text = (offset: number) => {
    let result = '';
    for (let at = strings + offset; image[at] !== 0; at++) result += String.fromCharCode(image[at]);
    return result;
  };
  const versions = new Map<number, string>();
  for (let at = dynamic.get(DT_VERDEF)!; ; at += view.getUint32(at + 16, true)) {
    versions.set(view.getUint16(at + 4, true), text(view.getUint32(at + view.getUint32(at + 12, true), true)));
    if (view.getUint32(at + 16, true) === 0) break;
  }
  const symbols = new Map<string, { value: number; version: string }>();
  for (let i = 1; i < view.getUint32(dynamic.get(DT_HASH)! + 4, true); i++) {
    const at = dynamic.get(DT_SYMTAB)! + 24 * i;
    if ((image[at + 4] & 15) !== 2) continue;
    const version = versions.get(view.getUint16(dynamic.get(DT_VERSYM)! + 2 * i, true) & 0x7fff) ?? '';
    symbols.set(text(view.getUint32(at, true)), { value: word(at + 8), version });
  }
  return symbols;
}

describe('the riscv64 vDSO', () => {
  test('exports what vdso(7) lists, and riscv_hwprobe, under version LINUX_4.15', () => {
    const symbols = dynamicSymbols();
    expect([...symbols.keys()].sort()).toEqual([
      '__vdso_clock_getres',
      '__vdso_clock_gettime',
      '__vdso_flush_icache',
      '__vdso_getcpu',
      '__vdso_gettimeofday',
      '__vdso_riscv_hwprobe',
      '__vdso_rt_sigreturn',
    ]);
    for (const { version } of symbols.values()) expect(version).toBe('LINUX_4.15');
    expect(symbols.get('__vdso_rt_sigreturn')!.value).toBe(riscvVdso.sigreturnOffset);
  });

  test('has the sigreturn code that unwinders recognise: li a7, 139; ecall', () => {
    expect(view.getUint32(riscvVdso.sigreturnOffset, true)).toBe(0x08b00893);
    expect(view.getUint32(riscvVdso.sigreturnOffset + 4, true)).toBe(0x00000073);
  });

  test('fits one page, loaded by one read-execute segment', () => {
    expect(image.length).toBeLessThanOrEqual(4096);
    const loads = [];
    for (let i = 0; i < view.getUint16(56, true); i++) {
      const header = word(32) + 56 * i;
      if (view.getUint32(header, true) === 1) loads.push([view.getUint32(header + 4, true), word(header + 16)]);
    }
    expect(loads).toEqual([[5, 0]]);
  });

  test.skipIf(!haveCompiler(VDSO_SOURCES.riscv64))('is what vdso.S assembles to', () => {
    const built = buildVdso(VDSO_SOURCES.riscv64);
    expect(built.sigreturnOffset).toBe(riscvVdso.sigreturnOffset);
    expect(Buffer.from(built.image).equals(image)).toBe(true);
  });

  test.skipIf(!haveCompiler(VDSO_SOURCES.riscv64) || !haveQemu())('lets an unwinder through a signal frame', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tsemu-unwind-'));
    try {
      const program = join(scratch, 'unwind');
      const sources = ['unwind-test.c', 'vdso.S'].map((name) => join(import.meta.dirname, name));
      execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-fexceptions', '-static', '-o', program, ...sources]);
      expect(execFileSync(QEMU, [program], { encoding: 'latin1' })).toBe('ok\n');
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
