/**
 * What small pieces of guest code become: the intermediate representation (-d op), JavaScript (-d out_js) and
 * WebAssembly (-d out_wasm). The texts are in tests/golden; `npm run bless` writes them anew.
 */
import { describe, expect, test } from 'vitest';
import { aarch64 } from '../src/cpu/aarch64/arch.ts';
import { decodeAarch64, disassembleAarch64 } from '../src/cpu/aarch64/disassembly.ts';
import type { Architecture } from '../src/cpu/arch.ts';
import type { Decoded } from '../src/cpu/decoder.ts';
import { encode } from '../src/cpu/encode.ts';
import { riscv64 } from '../src/cpu/riscv/arch.ts';
import { decodeRiscv, disassembleRiscv } from '../src/cpu/riscv/disassembly.ts';
import type { Row } from '../src/cpu/row.ts';
import { regionSource } from '../src/translate/js/source.ts';
import { compileRegion } from '../src/translate/region/compile.ts';
import { banksOf } from '../src/translate/region/facts.ts';
import { formRegion, type Region } from '../src/translate/region/graph.ts';
import { regionText } from '../src/translate/region/text.ts';
import { moduleText } from '../src/translate/wasm/text.ts';

const START = 0x10000;

type Line = [row: string, operands?: Record<string, number>];
/** Name, instructions from START on, where indirect jumps in them have gone to, and functions that are called often. */
interface Seen {
  targets?: number[];
  hot?: number[];
}
const CASES: [name: string, lines: Line[], seen?: Seen][] = [
  [
    'sum-loop',
    [
      ['lw', { rd: 14, rs1: 10, imm: 0 }],
      ['c.addi', { rd: 10, imm: 4 }],
      ['c.addw', { rd: 15, rs2: 14 }],
      ['bne', { rs1: 10, rs2: 11, off: -8 }],
      ['c.jr', { rs1: 1 }],
    ],
  ],
  [
    'call',
    [
      ['c.addi16sp', { imm: -16 }],
      ['c.sdsp', { rs2: 1, imm: 8 }],
      ['jal', { rd: 1, off: 0x100 }],
      ['c.ldsp', { rd: 1, imm: 8 }],
      ['c.addi16sp', { imm: 16 }],
      ['c.jr', { rs1: 1 }],
    ],
  ],
  [
    'inlined-call',
    [
      ['jal', { rd: 1, off: 8 }],
      ['ecall'],
      ['blt', { rs1: 10, rs2: 11, off: 8 }],
      ['c.jr', { rs1: 1 }],
      ['c.li', { rd: 10, imm: 1 }],
      ['c.addi', { rd: 10, imm: 4 }],
      ['jal', { rd: 0, off: 0x100 }],
    ],
    { hot: [START + 8] },
  ],
  [
    'interpreter',
    [
      ['c.addi', { rd: 10, imm: 4 }],
      ['lw', { rd: 14, rs1: 10, imm: 0 }],
      ['jalr', { rd: 0, rs1: 14, imm: 0 }],
      ['c.addi', { rd: 10, imm: 8 }],
      ['lw', { rd: 14, rs1: 10, imm: 0 }],
      ['jalr', { rd: 0, rs1: 14, imm: 0 }],
      ['c.addi', { rd: 10, imm: 16 }],
      ['lw', { rd: 14, rs1: 10, imm: 0 }],
      ['jalr', { rd: 0, rs1: 14, imm: 0 }],
    ],
    { targets: [START, START + 10, START + 20] },
  ],
  [
    'jump-table',
    [
      ['sh2add', { rd: 14, rs1: 10, rs2: 11 }],
      ['lw', { rd: 14, rs1: 14, imm: 0 }],
      ['jalr', { rd: 0, rs1: 14, imm: 0 }],
      ['c.li', { rd: 10, imm: 1 }],
      ['c.li', { rd: 10, imm: 2 }],
      ['c.li', { rd: 10, imm: 3 }],
      ['c.li', { rd: 10, imm: 4 }],
      ['ecall'],
    ],
    { targets: [START + 12, START + 14, START + 16, START + 18] },
  ],
  [
    'atomics',
    [
      ['lr.w', { rd: 14, rs1: 10, aq: 1, rl: 0 }],
      ['addi', { rd: 14, rs1: 14, imm: 1 }],
      ['sc.w', { rd: 15, rs1: 10, rs2: 14, aq: 0, rl: 1 }],
      ['bne', { rs1: 15, rs2: 0, off: -12 }],
      ['amoadd.d', { rd: 12, rs1: 11, rs2: 14, aq: 0, rl: 0 }],
      ['fence', { fm: 0, pred: 15, succ: 15, rs1: 0, rd: 0 }],
      ['ecall'],
    ],
  ],
  [
    'floating-point',
    [
      ['fld', { rd: 10, rs1: 10, imm: 8 }],
      ['fmadd.d', { rd: 11, rs1: 10, rs2: 10, rs3: 11, rm: 7 }],
      ['fadd.s', { rd: 12, rs1: 12, rs2: 13, rm: 0 }],
      ['fle.d', { rd: 10, rs1: 11, rs2: 10 }],
      ['ecall'],
    ],
  ],
  [
    'wide-arithmetic',
    [
      ['mulhu', { rd: 10, rs1: 11, rs2: 12 }],
      ['div', { rd: 11, rs1: 11, rs2: 12 }],
      ['sraiw', { rd: 12, rs1: 12, shamt: 3 }],
      ['clz', { rd: 13, rs1: 13 }],
      ['jalr', { rd: 1, rs1: 1, imm: 0 }],
    ],
  ],
  [
    'system-call',
    [
      ['addi', { rd: 17, rs1: 0, imm: 173 }],
      ['ecall'],
      ['add', { rd: 10, rs1: 10, rs2: 11 }],
      ['jalr', { rd: 0, rs1: 1, imm: 0 }],
    ],
  ],
];

/** What compilers make of conditions for Arm. */
const AARCH64_CASES: typeof CASES = [
  [
    // for (…; i < n; i++) if (x <= 9 && y == 3) count++
    'conditions',
    [
      ['subs.w.imm', { rd: 31, rn: 1, imm: 9, sh: 0 }],
      ['ccmp.x.imm', { rn: 2, imm: 3, nzcv: 0, cond: 13 }],
      ['csinc.w', { rd: 3, rn: 3, rm: 3, cond: 1 }],
      ['add.w.imm', { rd: 0, rn: 0, imm: 1, sh: 0 }],
      ['subs.w', { rd: 31, rn: 0, rm: 4, type: 0, sa: 0 }],
      ['b.cond', { cond: 11, off: -20 }],
      ['ret', { rn: 30 }],
    ],
  ],
  [
    // What sets flags otherwise, a condition for which they are computed, ways that meet, and all four of them read.
    'flags',
    [
      ['adds.x', { rd: 0, rn: 0, rm: 1, type: 0, sa: 0 }],
      ['csinc.x', { rd: 2, rn: 2, rm: 2, cond: 6 }],
      ['ands.w', { rd: 3, rn: 0, rm: 1, type: 0, sa: 0 }],
      ['b.cond', { cond: 0, off: 8 }],
      ['subs.x.imm', { rd: 1, rn: 1, imm: 1, sh: 0 }],
      ['mrs.nzcv', { rt: 4 }],
      ['ret', { rn: 30 }],
    ],
  ],
];

interface Piece {
  region: Region;
  describe(pc: number): string;
}

/** A guest architecture, and how one of its instructions is read. */
interface Guest {
  arch: Architecture;
  decode(word: number): Decoded<Row<never>> | undefined;
  disassemble(word: number, pc: bigint): string;
}
const RISCV64: Guest = { arch: riscv64, decode: decodeRiscv, disassemble: disassembleRiscv };
const AARCH64: Guest = { arch: aarch64, decode: decodeAarch64, disassemble: disassembleAarch64 };

function pieceOf(
  { arch, decode, disassemble }: Guest,
  lines: readonly Line[],
  { targets = [], hot = [] }: Seen,
  callsKernel: boolean,
): Piece {
  const words = new Map<number, number>();
  let end = START;
  for (const [name, operands = {}] of lines) {
    const row = arch.rows.find((r) => r.name === name);
    if (!row) throw new Error(`no row ${name}`);
    words.set(end, encode(row, operands));
    end += row.length;
  }
  const fetch = (pc: number) => {
    const decoded = words.has(pc) ? decode(words.get(pc) ?? 0) : undefined;
    if (!decoded) return undefined;
    const statements = arch.effect(decoded.row, decoded.values);
    return { pc, length: decoded.row.length, statements };
  };
  const source = {
    arch,
    fetch,
    targetsOf: () => targets,
    isEntry: () => false,
    isHot: (pc: number) => hot.includes(pc),
  };
  const region = formRegion(START, source, { callsKernel });
  if (!region) throw new Error('no region');
  return { region, describe: (pc) => disassemble(words.get(pc) ?? 0, BigInt(pc)) };
}

const PIECES = [
  ...CASES.map(([name, lines, seen]) => ({ name, guest: RISCV64, lines, seen })),
  ...AARCH64_CASES.map(([name, lines, seen]) => ({ name, guest: AARCH64, lines, seen })),
];

describe.each(PIECES)('$name', ({ name, guest, lines, seen = {} }) => {
  const { arch } = guest;
  const golden = (kind: string) => `golden/${name}.${kind}.golden`;
  const piece = (callsKernel = name === 'system-call') => pieceOf(guest, lines, seen, callsKernel);

  test('intermediate representation', async () => {
    const { region, describe } = piece();
    await expect(regionText(arch, region, describe)).toMatchFileSnapshot(golden('op'));
  });

  test('JavaScript', async () => {
    const { region, describe } = piece(false);
    const source = regionSource(arch, region, `pc_${START.toString(16)}`, describe);
    // It parses.
    new Function(`return ${source}`);
    await expect(source).toMatchFileSnapshot(golden('js'));
  });

  test('WebAssembly', async () => {
    const { region } = piece();
    const slots = new Map<number, number>();
    const slotOf = (pc: number): number => slots.get(pc) ?? slots.set(pc, slots.size + 1).size;
    // As if all integer registers of RISC-V held words at the entry.
    const assumable = new Int32Array(banksOf(arch));
    if (arch === riscv64) assumable[0] = -1;
    const options = { precise: true, fused: true, assumable };
    const { bytes } = compileRegion(arch, region, 'region', slotOf, options, { locals: true });
    expect(WebAssembly.validate(bytes)).toBe(true);
    const text = moduleText(bytes);
    expect(text).not.toContain('unknown');
    await expect(text).toMatchFileSnapshot(golden('wasm'));
  });
});
