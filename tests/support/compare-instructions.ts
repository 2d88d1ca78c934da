/** Runs test cases of instructions in an emulator, and compares what two of them made of the cases. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FuzzTarget } from './fuzz-target.ts';
import type { Case } from './instruction-cases.ts';
import { testEnvironment } from './run.ts';

/** Gives the records after the cases, or why it could not. */
export type Subject = (cases: readonly Case[]) => Uint8Array | string;

/** An emulator, started for each batch of cases. */
export function emulator({ makeProgram, record }: FuzzTarget, command: readonly string[]): Subject {
  return (cases) => {
    const directory = mkdtempSync(join(tmpdir(), 'tsemu-cases-'));
    try {
      const program = join(directory, 'cases');
      writeFileSync(program, makeProgram(cases), { mode: 0o755 });
      const { status, signal, stdout, stderr, error } = spawnSync(command[0], [...command.slice(1), program], {
        env: testEnvironment(),
        maxBuffer: 1 << 30,
        timeout: 20_000,
      });
      if (error) return error.message;
      if (status !== 0) return `${signal ?? `status ${status}`} ${stderr.toString().trim()}`;
      if (stdout.length !== record.size * cases.length) return `${stdout.length} bytes of output`;
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
function differencesIn({ record }: FuzzTarget, test: Case, actual: DataView, expected: DataView): string[] {
  const details: string[] = [];
  const reserved = record.reserved(test);
  for (const { name, offset } of record.fields) {
    if (offset === reserved) continue;
    const [a, e] = [actual.getBigUint64(offset, true), expected.getBigUint64(offset, true)];
    if (a !== e) details.push(`${name}: ${hex(a)}, expected ${hex(e)}`);
  }
  return details;
}

/** Runs the cases in both. A case that ends the program is found by halving. */
export function compareCases(
  target: FuzzTarget,
  cases: readonly Case[],
  subject: Subject,
  reference: Subject,
): Difference[] {
  const actual = subject(cases);
  const expected = reference(cases);
  if (typeof actual === 'string' || typeof expected === 'string') {
    if (cases.length === 1) {
      if (actual === expected) return [];
      const say = (result: Uint8Array | string) => (typeof result === 'string' ? result : 'a result');
      return [{ case: cases[0], details: [`${say(actual)}, expected ${say(expected)}`] }];
    }
    const half = cases.length >> 1;
    return [cases.slice(0, half), cases.slice(half)].flatMap((part) => compareCases(target, part, subject, reference));
  }
  const { size } = target.record;
  return cases.flatMap((test, index) => {
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset + size * index, size);
    const details = differencesIn(target, test, view(actual), view(expected));
    return details.length > 0 ? [{ case: test, details }] : [];
  });
}

/** A simpler case that differs too: fewer instructions before, registers and memory that are 0. */
export function shrink(target: FuzzTarget, difference: Difference, subject: Subject, reference: Subject): Difference {
  const { record: layout } = target;
  let simplest = difference;
  const attempt = (change: (test: Case) => Case): boolean => {
    const [found] = compareCases(target, [change(simplest.case)], subject, reference);
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
        (view) => view.setBigUint64(layout.start, BigInt(layout.pcOf(test.slot) - 4 * before.length), true),
        before,
      );
    });
    if (!dropped) i++;
  }
  for (const [start, end] of layout.ranges) {
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
export function describeDifference({ record, disassemble }: FuzzTarget, { case: test, details }: Difference): string {
  const view = new DataView(test.record.buffer);
  const pc = record.pcOf(test.slot);
  const words = [...test.before, test.word];
  const text = words.map((word, i) => disassemble(word, BigInt(pc + 4 * (i + 1 - words.length)))).join('; ');
  const named = new Set(
    text.split(/[^a-z0-9]+/).map((name) => name.replace(/^w(?=\d)/, 'x').replace(/^[bhsdq](?=\d)/, 'v')),
  );
  const inputs = record.fields
    .filter(({ name }) => named.has(name.replace(/\..*/, '')) || /^(fcsr|fpcr|fpsr|nzcv)$/.test(name))
    .map(({ name, offset }) => `${name}=${hex(view.getBigUint64(offset, true))}`);
  return `${test.row.name}: 0x${test.word.toString(16)} ${text}\n  ${inputs.join(' ')}\n  ${details.join('\n  ')}`;
}
