/** Branches, IT, system calls and system registers: Arm ARM, F4.1.5, F4.1.1 and F3.1. */
import type { Value } from '../../ir.ts';
import type { A32Builder } from '../builder.ts';
import { SET, ARM_STATE as STATE } from '../state.ts';
import { a32, a32Always, both, type Effect, type Operands, t32 } from './define.ts';

/** A conditional branch as such, so that compiled code has one. */
const branch =
  (from: 4 | 8): Effect =>
  (b, o) => {
    if (o.cond.value === 14) b.jumpBy(b.operand(o.off));
    else b.branch(b.holds(o.cond), o.off, from);
  };
/** `blx` by a register, which may be the link register itself. */
const linkAndExchange: Effect = (b, o) => {
  const target = b.now2(b.r(o.rm));
  b.setLink();
  b.interwork(target);
};
a32Always('b', 'cond:4 1010 off:s[25:2]', '{cond:suffixCond} {off:pc8}', branch(8), { when: 'cond!=15' });
a32('bl', '1011 off:s[25:2]', '{off:pc8}', (b, o) => {
  b.setLink();
  b.jumpBy(b.operand(o.off));
});
// To T32.
a32Always(
  'blx.imm',
  '1111 101 off:s[1] off:s[25:2]',
  '{off:pc8}',
  (b, o) => {
    const target = b.add(b.pcValue(), b.operand(o.off));
    b.setLink();
    b.interwork(b.or(target, b.const(1)));
  },
  { mnemonic: 'blx' },
);
a32('bx', '00010010 1111 1111 1111 0001 rm:4', '{rm:r}', (b, o) => b.interwork(b.r(o.rm)), { jumps: true });
a32('bxj', '00010010 1111 1111 1111 0010 rm:4', '{rm:r}', (b, o) => b.interwork(b.r(o.rm)), { when: 'rm!=15' });
a32('blx.reg', '00010010 1111 1111 1111 0011 rm:4', '{rm:r}', linkAndExchange, { mnemonic: 'blx', when: 'rm!=15' });

t32('b.cond', '1101 cond:4 off:s[8:1]', '{cond:suffixCond} {off:pc4}', branch(4), {
  mnemonic: 'b',
  when: 'cond!=14,15',
  where: 'outside',
});
t32('b.narrow', '11100 off:s[11:1]', '{off:pc4}', (b, o) => b.jumpBy(b.operand(o.off)), { mnemonic: 'b' });
t32(
  'b.w.cond',
  '11110 off:s[20] cond:4 off:s[17:12] 10 off:s[18] 0 off:s[19] off:s[11:1]',
  '{cond:suffixCond} {off:pc4}',
  branch(4),
  {
    mnemonic: 'b.w',
    when: 'cond!=14,15',
    where: 'outside',
  },
);
/** The bits J1 and J2 are inverted where the sign is 0. */
const farOffset = (b: A32Builder, o: Operands): Value => {
  const off = b.operand(o.off);
  const isNegative = b.op('lt_s', off, b.const(0));
  return b.xor(off, b.select(isNegative, b.const(0), b.const(3 << 22)));
};
const far = (tail: string, last: string): string =>
  `11110 off:s[24] off:s[21:12] 1${tail[0]} off:s[23] ${tail[1]} off:s[22] ${last}`;
t32('b.w', far('01', 'off:s[11:1]'), '{off:far}', (b, o) => b.jumpBy(farOffset(b, o)));
t32(
  't.bl',
  far('11', 'off:s[11:1]'),
  '{off:far}',
  (b, o) => {
    b.setLink();
    b.jumpBy(farOffset(b, o));
  },
  { mnemonic: 'bl' },
);
t32(
  't.blx',
  far('10', 'off:s[11:2] 0'),
  '{off:far}',
  (b, o) => {
    const target = b.add(b.pcAligned(), farOffset(b, o));
    b.setLink();
    b.interwork(b.and(target, b.const(-4)));
  },
  { mnemonic: 'blx' },
);
t32('t.bx', '010001110 rm:4 000', '{rm:r}', (b, o) => b.interwork(b.r(o.rm)), { mnemonic: 'bx' });
t32('t.blx.reg', '010001111 rm:4 000', '{rm:r}', linkAndExchange, { mnemonic: 'blx', when: 'rm!=15' });
for (const [name, bit] of [
  ['cbz', '0'],
  ['cbnz', '1'],
] as const) {
  t32(
    name,
    `1011 ${bit} 0 off:u[6] 1 off:u[5:1] rn:3`,
    '{rn:lo}, {off:pc4}',
    (b, o) => {
      const zero = b.op('eqz', b.r(o.rn));
      b.branch(bit === '0' ? zero : b.op('ne', b.r(o.rn), b.const(0)), o.off, 4);
    },
    { where: 'outside' },
  );
}
for (const [name, h] of [
  ['tbb', '0'],
  ['tbh', '1'],
] as const) {
  t32(
    name,
    `11101000 1101 rn:4 1111 0000 000${h} rm:4`,
    `[{rn:r}, {rm:r}${h === '1' ? ', lsl #1' : ''}]`,
    (b, o) => {
      const index = b.shl(b.r(o.rm), Number(h));
      const distance = b.load(b.add(b.r(o.rn), index), h === '1' ? 16 : 8, false);
      b.jumpToSame(b.add(b.pcValue(), b.shl(distance, 1)));
    },
    { when: 'rn!=13; rm!=13,15' },
  );
}

// IT: the block's instructions are of the other table.
t32(
  'it',
  '10111111 cond:4 mask:4',
  '{mask:it} {cond:cond}',
  (b, o) => {
    const it = b.or(b.shl(b.operand(o.cond), 4), b.operand(o.mask));
    b.setCell(STATE.it, 8, it);
    // Compiled code knows where it goes on.
    if (!b.isKnown) b.jumpTo(b.or(b.unsigned(b.next()), b.const(BigInt(SET.it) << 32n)));
  },
  { when: 'mask!=0; cond!=15', where: 'outside' },
);

// Returning from the kernel clears the exclusive monitor.
const svc: Effect = (b) => {
  b.clearExclusive();
  if (b.set === SET.it) b.setCell(STATE.it, 8, b.advanceIt());
  b.trap('syscall');
};
a32('svc', '1111 imm:24', '{imm:hash}', svc);
t32('t.svc', '11011111 imm:8', '{imm:hash}', svc, { mnemonic: 'svc' });
a32Always('bkpt', '1110 00010010 imm:u[15:4] 0111 imm:u[3:0]', '{imm:hash}', (b) => b.trap('breakpoint'));
t32('t.bkpt', '10111110 imm:8', '{imm:hash}', (b) => b.trap('breakpoint'), { mnemonic: 'bkpt' });
// Linux takes these for breakpoints (arch/arm/kernel/ptrace.c).
a32Always('udf.breakpoint', '1110 01111111 0000 0000 0001 1111 0000', '#16', (b) => b.trap('breakpoint'), {
  mnemonic: 'udf',
});
t32('t.udf.breakpoint', '11011110 00000001', '#1', (b) => b.trap('breakpoint'), { mnemonic: 'udf' });

// Hints and barriers.
const nothing: Effect = () => {};
both('hint', '00110010 0000 1111 0000 imm:8', '11110011 1010 1111 10000 000 imm:8', '{imm:hash}', nothing, {
  mnemonic: 'hint',
});
t32('hint.narrow', '10111111 hint:4 0000', '{hint:hash}', nothing, { mnemonic: 'hint' });
const fence: Effect = (b) => b.fence();
for (const [name, a, t] of [
  ['dsb', '0100', '0100'],
  ['dmb', '0101', '0101'],
] as const) {
  a32Always(name, `1111 01010111 1111 1111 0000 ${a} option:4`, '{option:barrier}', fence);
  t32(`t.${name}`, `11110011 1011 1111 1000 1111 ${t} option:4`, '{option:barrier}', fence, { mnemonic: name });
}
a32Always('isb', '1111 01010111 1111 1111 0000 0110 option:4', '{option:isb}', nothing);
t32('t.isb', '11110011 1011 1111 1000 1111 0110 option:4', '{option:isb}', nothing, { mnemonic: 'isb' });

// System registers.
const USER_MODE = 0x10;
both(
  'mrs',
  '00010000 1111 rd:4 0000 0000 0000',
  '11110011 1110 1111 1000 rd:4 0000 0000',
  '{rd:r}, apsr',
  (b, o) => {
    const flags = b.shl(b.nzcv(b.flags()), 28);
    const rest = b.or(b.shl(b.cell(STATE.q, 4), 27), b.shl(b.ge(), 16));
    b.setR(o.rd, b.or(b.or(flags, rest), b.const(USER_MODE)));
  },
  { when: 'rd!=15', t32When: 'rd!=13' },
);
const setStatus = (b: A32Builder, value: Value, mask: Operands[string]): void => {
  const has = (bit: number): Value => b.op('ne', b.and(b.operand(mask), b.const(bit)), b.const(0));
  const [flags, isFlags] = [b.flags(), has(8)];
  b.setFlags(b.selectFlags(isFlags, b.flagBits(b.bits(value, 28, 4)), flags));
  b.setCell(STATE.q, 4, b.select(isFlags, b.bit(value, 27), b.cell(STATE.q, 4)));
  b.setGe(b.select(has(4), b.bits(value, 16, 4), b.ge()));
};
both(
  'msr',
  '00010010 mask:4 1111 0000 0000 rn:4',
  '11110011 1000 rn:4 1000 mask:4 0000 0000',
  '{mask:psr}, {rn:r}',
  (b, o) => setStatus(b, b.r(o.rn), o.mask),
  { when: 'rn!=15; mask!=0', t32When: 'rn!=13' },
);
a32(
  'msr.imm',
  '00110010 mask:4 1111 imm:12',
  '{mask:psr}, {imm:modified}',
  (b, o) => setStatus(b, b.armImmediate(b.operand(o.imm)).value, o.mask),
  { mnemonic: 'msr', when: 'mask!=0' },
);
for (const [name, op2, cell] of [
  ['tpidrurw', '010', STATE.tpidrurw],
  ['tpidruro', '011', STATE.tls],
] as const) {
  both(
    `mrc.${name}`,
    `1110 0001 1101 rt:4 1111 ${op2}1 0000`,
    `1110 1110 0001 1101 rt:4 1111 ${op2}1 0000`,
    `p15, #0, {rt:r}, c13, c0, #${Number.parseInt(op2, 2)}`,
    (b, o) => b.setR(o.rt, b.cell(cell, 8)),
    { mnemonic: 'mrc', when: 'rt!=15' },
  );
}
both(
  'mcr.tpidrurw',
  '1110 0000 1101 rt:4 1111 0101 0000',
  '1110 1110 0000 1101 rt:4 1111 0101 0000',
  'p15, #0, {rt:r}, c13, c0, #2',
  (b, o) => b.setCell(STATE.tpidrurw, 8, b.r(o.rt)),
  { mnemonic: 'mcr', when: 'rt!=15' },
);
// The barriers of Armv6.
for (const [name, crm, op2] of [
  ['isb', '0101', '100'],
  ['dsb', '1010', '100'],
  ['dmb', '1010', '101'],
] as const) {
  both(
    `mcr.${name}`,
    `1110 0000 0111 rt:4 1111 ${op2}1 ${crm}`,
    `1110 1110 0000 0111 rt:4 1111 ${op2}1 ${crm}`,
    `p15, #0, {rt:r}, c7, c${Number.parseInt(crm, 2)}, #${Number.parseInt(op2, 2)}`,
    fence,
    { mnemonic: 'mcr' },
  );
}
for (const [letter, sz, width] of [
  ['b', '00', 8],
  ['h', '01', 16],
  ['w', '10', 32],
] as const) {
  for (const [name, c, polynomial] of [
    ['crc32', '0', 0xedb88320n],
    ['crc32c', '1', 0x82f63b78n],
  ] as const) {
    const effect: Effect = (b, o) =>
      b.setR(o.rd, b.crc(b.unsigned(b.r(o.rn)), b.low(b.r(o.rm), width), width, polynomial));
    a32Always(`${name}${letter}`, `1110 00010${sz}0 rn:4 rd:4 00${c}0 0100 rm:4`, '{rd:r}, {rn:r}, {rm:r}', effect, {
      when: 'rd!=15; rn!=15; rm!=15',
    });
    t32(`t.${name}${letter}`, `11111010 110${c} rn:4 1111 rd:4 10${sz} rm:4`, '{rd:r}, {rn:r}, {rm:r}', effect, {
      mnemonic: `${name}${letter}`,
      when: 'rd!=13,15; rn!=13,15; rm!=13,15',
      where: 'outside',
    });
  }
}
