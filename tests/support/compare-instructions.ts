/** Runs test cases of instructions in an emulator, and compares what two of them made of the cases. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { disassembleRiscv } from '../../src/cpu/riscv/disassembly.ts';
import { F_NAMES, X_NAMES } from '../../src/cpu/riscv/registers.ts';
import { type Case, F, FAULT_ADDRESS, FCSR, MEMORY, pcOf, RECORD, SIGNAL, X } from './instruction-cases.ts';
import { makeProgram } from './instruction-program.ts';

/** Gives the records after the cases, or why it could not. */
export type Subject = (cases: readonly Case[]) => Uint8Array | string;

/** qemu-user with every extension that version 7.2 has. */
export const QEMU = [
  'qemu-riscv64-static',
  '-cpu',
  `rv64,${'zba zbb zbc zbs zbkb zbkc zbkx Zfh'
    .split(' ')
    .map((name) => `${name}=true`)
    .join(',')}`,
];

/** An emulator, started for each batch of cases. */
export function emulator(command: readonly string[]): Subject {
  return (cases) => {
    const directory = mkdtempSync(join(tmpdir(), 'tsemu-cases-'));
    try {
      const program = join(directory, 'cases');
      writeFileSync(program, makeProgram(cases), { mode: 0o755 });
      const { status, signal, stdout, stderr, error } = spawnSync(command[0], [...command.slice(1), program], {
        maxBuffer: 1 << 30,
        timeout: 120_000,
      });
      if (error) return error.message;
      if (status !== 0) return `${signal ?? `status ${status}`} ${stderr.toString().trim()}`;
      if (stdout.length !== RECORD * cases.length) return `${stdout.length} bytes of output`;
      return stdout;
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
}

export interface Difference {
  case: Case;
  /** `a0: 0x1, expected 0x2`, or why there is no result. */
  details: string[];
}

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** What differs in one record; the registers the test program uses for itself are not compared. */
function differencesIn(test: Case, actual: DataView, expected: DataView): string[] {
  const details: string[] = [];
  const compare = (name: string, offset: number) => {
    const [a, e] = [actual.getBigUint64(offset, true), expected.getBigUint64(offset, true)];
    if (a !== e) details.push(`${name}: ${hex(a)}, expected ${hex(e)}`);
  };
  for (let i = 0; i < 32; i++) if (i !== test.reserved) compare(i === 0 ? 'pc' : X_NAMES[i], X + 8 * i);
  for (let i = 0; i < 32; i++) compare(F_NAMES[i], F + 8 * i);
  compare('fcsr', FCSR);
  compare('signal', SIGNAL);
  compare('si_addr', FAULT_ADDRESS);
  for (let offset = MEMORY; offset < RECORD; offset += 8) compare(`memory+${offset - MEMORY}`, offset);
  return details;
}

/** Runs the cases in both. A case that ends the program is found by halving. */
export function compareCases(cases: readonly Case[], subject: Subject, reference: Subject): Difference[] {
  const actual = subject(cases);
  const expected = reference(cases);
  if (typeof actual === 'string' || typeof expected === 'string') {
    if (cases.length === 1) {
      if (actual === expected) return [];
      const say = (result: Uint8Array | string) => (typeof result === 'string' ? result : 'a result');
      return [{ case: cases[0], details: [`${say(actual)}, expected ${say(expected)}`] }];
    }
    const half = cases.length >> 1;
    return [cases.slice(0, half), cases.slice(half)].flatMap((part) => compareCases(part, subject, reference));
  }
  return cases.flatMap((test, index) => {
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset + RECORD * index, RECORD);
    const details = differencesIn(test, view(actual), view(expected));
    return details.length > 0 ? [{ case: test, details }] : [];
  });
}

/** A simpler case that differs too: fewer instructions before, registers and memory that are 0. */
export function shrink(difference: Difference, subject: Subject, reference: Subject): Difference {
  let simplest = difference;
  const attempt = (change: (test: Case) => Case): boolean => {
    const [found] = compareCases([change(simplest.case)], subject, reference);
    if (found) simplest = found;
    return found !== undefined;
  };
  const withRecord = (test: Case, change: (view: DataView) => void, before = test.before): Case => {
    const record = test.record.slice();
    change(new DataView(record.buffer));
    return { ...test, before, record };
  };
  for (let i = 0; i < simplest.case.before.length; ) {
    const dropped = attempt((test) => {
      const before = test.before.toSpliced(i, 1);
      return withRecord(
        test,
        (view) => view.setBigUint64(X, BigInt(pcOf(test.slot) - 4 * before.length), true),
        before,
      );
    });
    if (!dropped) i++;
  }
  for (const [start, end] of [
    [F, FCSR],
    [MEMORY, RECORD],
    [X + 8, F],
  ] as const) {
    const zero = (from: number, to: number): boolean =>
      attempt((test) =>
        withRecord(test, (view) => {
          for (let offset = from; offset < to; offset += 8) view.setBigUint64(offset, 0n, true);
        }),
      );
    if (zero(start, end)) continue;
    for (let offset = start; offset < end; offset += 8) zero(offset, offset + 8);
  }
  return simplest;
}

/** A difference for people: the instruction, its inputs, what came out. */
export function describeDifference({ case: test, details }: Difference): string {
  const view = new DataView(test.record.buffer);
  const pc = pcOf(test.slot);
  const words = [...test.before, test.word];
  const text = words.map((word, i) => disassembleRiscv(word, BigInt(pc + 4 * (i + 1 - words.length)))).join('; ');
  const inputs: string[] = [];
  const named = new Set(text.split(/[^a-z0-9]+/));
  X_NAMES.forEach((name, i) => {
    if (named.has(name)) inputs.push(`${name}=${hex(i === 0 ? 0n : view.getBigUint64(X + 8 * i, true))}`);
  });
  F_NAMES.forEach((name, i) => {
    if (named.has(name)) inputs.push(`${name}=${hex(view.getBigUint64(F + 8 * i, true))}`);
  });
  inputs.push(`fcsr=${hex(view.getBigUint64(FCSR, true))}`);
  return `${test.row.name}: 0x${test.word.toString(16)} ${text}\n  ${inputs.join(' ')}\n  ${details.join('\n  ')}`;
}
