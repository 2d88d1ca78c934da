/**
 * System instructions (Arm ARM, C4.1.93.9 on) as a program at EL0 sees them:
 * hints, barriers, cache maintenance, and the registers that Linux lets it read,
 * the identification registers among them, which the kernel emulates
 * (arch/arm64/cpu-feature-registers.rst).
 */
import type { Value } from '../../ir.ts';
import { rowsOf } from '../../row.ts';
import type { Aarch64Builder } from '../builder.ts';
import { ID_CELLS, ID_REGISTERS } from '../features.ts';
import { PSTATE, AARCH64_STATE as STATE } from '../state.ts';

const { row, rows } = rowsOf<Aarch64Builder>('Base');
const sb = rowsOf<Aarch64Builder>('SB');
const dpb = rowsOf<Aarch64Builder>('DPB');
const dpb2 = rowsOf<Aarch64Builder>('DPB2');
const ssbs = rowsOf<Aarch64Builder>('SSBS');
const dit = rowsOf<Aarch64Builder>('DIT');
const rng = rowsOf<Aarch64Builder>('RNG');
export const systemRows = rows;
export const sbRows = sb.rows;
export const dpbRows = dpb.rows;
export const dpb2Rows = dpb2.rows;
export const ssbsRows = ssbs.rows;
export const ditRows = dit.rows;
export const rngRows = rng.rows;

// Hints. Those that are no hints here do nothing: the number is crm:op2.
row('hint', '1101010100 0 00 011 0010 imm:7 11111', '{imm:hash}', () => {});

// Barriers, and the sequences that depend on them.
row('clrex', '1101010100 0 00 011 0011 imm:4 010 11111', '{imm:isb}', (b) => b.clearExclusive());
row('dsb', '1101010100 0 00 011 0011 option:4 100 11111', '{option:barrier}', (b) => {
  b.fence();
  b.trap('invalidate');
});
row('dmb', '1101010100 0 00 011 0011 option:4 101 11111', '{option:barrier}', (b) => b.fence());
// Changed code is dropped by the dsb that has to follow ic ivau, in all threads.
row('isb', '1101010100 0 00 011 0011 option:4 110 11111', '{option:isb}', () => {});

// Speculation ends here; it reads nothing that it should not here.
sb.row('sb', '1101010100 0 00 011 0011 0000 111 11111', '', () => {});

/** CTR_EL0: lines of 64 bytes, no other aliases than physical ones, and both ic ivau and dc cvau are needed. */
const CACHE_TYPE = 0x8444_c004n;
const LINE = 64;

// Cache maintenance: caches are coherent here, but for what was translated, of which not all changes are seen.
row(
  'ic.ivau',
  '1101010100 0 01 011 0111 0101 001 rt:5',
  'ivau, {rt:x}',
  (b, o) => b.noteChangedCode(b.and(b.x(o.rt), b.const(-LINE)), LINE),
  { mnemonic: 'ic' },
);
for (const [name, crm, extension] of [
  ['cvac', '1010', { row }],
  ['cvau', '1011', { row }],
  ['cvap', '1100', dpb],
  ['cvadp', '1101', dpb2],
  ['civac', '1110', { row }],
] as const) {
  extension.row(
    `dc.${name}`,
    `1101010100 0 01 011 0111 ${crm} 001 rt:5`,
    `${name}, {rt:x}`,
    (b, o) => {
      b.load(b.x(o.rt), 8, false);
    },
    { mnemonic: 'dc' },
  );
}
/** DCZID_EL0: log2 of the words that `dc zva` clears. */
const ZERO_BLOCK = 4;
row(
  'dc.zva',
  '1101010100 0 01 011 0111 0100 001 rt:5',
  'zva, {rt:x}',
  (b, o) => {
    const bytes = 4 << ZERO_BLOCK;
    const block = b.and(b.x(o.rt), b.const(-bytes));
    for (let offset = 0; offset < bytes; offset += 16) b.store128(b.add(block, b.const(offset)), b.vector(0n));
  },
  { mnemonic: 'dc' },
);

// Registers.

function read(name: string, bits: string, value: (b: Aarch64Builder) => Value, extension = { row }): void {
  extension.row(
    `mrs.${name}`,
    `1101010100 1 1 ${bits} rt:5` as '1101010100 1 1 1 011 0000 0000 000 rt:5',
    `{rt:x}, ${name}`,
    (b, o) => b.setX(o.rt, value(b)),
    { mnemonic: 'mrs' },
  );
}
function write(name: string, bits: string, set: (b: Aarch64Builder, value: Value) => void, extension = { row }): void {
  extension.row(
    `msr.${name}`,
    `1101010100 0 1 ${bits} rt:5` as '1101010100 0 1 1 011 0000 0000 000 rt:5',
    `${name}, {rt:x}`,
    (b, o) => set(b, b.x(o.rt)),
    { mnemonic: 'msr' },
  );
}

const NZCV = '1 011 0100 0010 000';
read('nzcv', NZCV, (b) => b.shl(b.nzcv(b.flags()), 28));
write('nzcv', NZCV, (b, value) => b.setFlags(b.flagBits(b.and(b.shr(value, 28), b.const(15)))));

// Bits of PSTATE that change nothing here.
for (const [name, bits, op2, bit, extension] of [
  ['dit', '1 011 0100 0010 101', '010', PSTATE.DIT, dit],
  ['ssbs', '1 011 0100 0010 110', '001', PSTATE.SSBS, ssbs],
] as const) {
  const set = (b: Aarch64Builder, value: Value) =>
    b.setCell(STATE.pstate, 4, b.or(b.and(b.cell(STATE.pstate, 4), b.const(~bit)), value));
  read(name, bits, (b) => b.and(b.cell(STATE.pstate, 4), b.const(bit)), extension);
  write(name, bits, (b, value) => set(b, b.and(value, b.const(bit))), extension);
  extension.row(
    `msr.${name}.imm`,
    `1101010100 0 00 011 0100 imm:4 ${op2} 11111`,
    `${name}, {imm:hash}`,
    (b, o) => set(b, b.select(b.is(b.and(b.operand(o.imm), b.const(1)), 1), b.const(bit), b.const(0))),
    { mnemonic: 'msr' },
  );
}

const FPCR = '1 011 0100 0100 000';
read('fpcr', FPCR, (b) => b.fpcr());
write('fpcr', FPCR, (b, value) => b.setFpcr(value));
const FPSR = '1 011 0100 0100 001';
read('fpsr', FPSR, (b) => b.fpsr());
write('fpsr', FPSR, (b, value) => b.setFpsr(value));

const TPIDR = '1 011 1101 0000 010';
read('tpidr_el0', TPIDR, (b) => b.cell(STATE.tpidr, 8));
write('tpidr_el0', TPIDR, (b, value) => b.setCell(STATE.tpidr, 8, value));
/** Linux keeps nothing in it that a program could want. */
read('tpidrro_el0', '1 011 1101 0000 011', (b) => b.const(0));

read('ctr_el0', '1 011 0000 0000 001', (b) => b.const(CACHE_TYPE));
read('dczid_el0', '1 011 0000 0000 111', (b) => b.const(ZERO_BLOCK));

// The counter runs at 10 MHz.
read('cntfrq_el0', '1 011 1110 0000 000', (b) => b.const(10_000_000));
read('cntvct_el0', '1 011 1110 0000 010', (b) => b.time());

// Random numbers, which the host never runs out of: NZCV is 0000. Each is as good as after reseeding.
for (const [name, op2] of [
  ['rndr', '000'],
  ['rndrrs', '001'],
] as const) {
  const random = (b: Aarch64Builder) => {
    const value = b.random();
    b.setFlags(b.flagBits(b.const(0)));
    return value;
  };
  read(name, `1 011 0010 0100 ${op2}`, random, rng);
}

for (const [name, bits, value] of ID_REGISTERS) {
  read(name, bits, (b) => (value === undefined ? b.cell(ID_CELLS[name as keyof typeof ID_CELLS], 8) : b.const(value)));
}
