/** The short instructions of T32: Arm ARM, F3.1.1–F3.1.7. In an IT block those of data processing leave the flags alone. */
import type { Flags } from '../../arm-builder.ts';
import type { Value } from '../../ir.ts';
import type { A32Builder, Shifted } from '../builder.ts';
import { type Effect, type Operands, t32 } from './define.ts';
import { multiple } from './memory.ts';

type Outcome = { result: Value; flags: Flags };
type Compute = (b: A32Builder, o: Operands) => Outcome;

/** Rd gets the result; outside of an IT block there are flags too. */
function flagging(
  name: string,
  form: string,
  encoding: string,
  syntax: string,
  rd: string,
  compute: Compute,
  when?: string,
): void {
  const effect =
    (withFlags: boolean): Effect =>
    (b, o) => {
      const { result, flags } = compute(b, o);
      b.setR(o[rd], result);
      if (withFlags) b.setFlags(flags);
    };
  t32(`${name}s.narrow.${form}`, encoding, syntax, effect(true), {
    mnemonic: `${name}s`,
    when,
    inside: { mnemonic: name, effect: effect(false) },
  });
}
const logical = (b: A32Builder, { value, carry }: Shifted): Outcome => ({
  result: value,
  flags: b.logical(value, carry),
});

for (const [name, bits, type] of [
  ['lsl', '00', 0],
  ['lsr', '01', 1],
  ['asr', '10', 2],
] as const) {
  flagging(
    name,
    'imm',
    `000 ${bits} imm:5 rm:3 rd:3`,
    `{rd:lo}, {rm:lo}, {imm:${type === 0 ? 'hash' : 'hash32'}}`,
    'rd',
    (b, o) => logical(b, b.shiftImmediate(b.r(o.rm), b.const(type), b.operand(o.imm))),
  );
}
for (const [name, bit] of [
  ['add', '0'],
  ['sub', '1'],
] as const) {
  const compute = (b: A32Builder, a: Value, c: Value): Outcome => (bit === '0' ? b.sum(a, c) : b.difference(a, c));
  flagging(name, 'reg', `000110 ${bit} rm:3 rn:3 rd:3`, '{rd:lo}, {rn:lo}, {rm:lo}', 'rd', (b, o) =>
    compute(b, b.r(o.rn), b.r(o.rm)),
  );
  flagging(name, 'imm3', `000111 ${bit} imm:3 rn:3 rd:3`, '{rd:lo}, {rn:lo}, {imm:hash}', 'rd', (b, o) =>
    compute(b, b.r(o.rn), b.operand(o.imm)),
  );
  flagging(name, 'imm8', `0011${bit} rd:3 imm:8`, '{rd:lo}, {imm:hash}', 'rd', (b, o) =>
    compute(b, b.r(o.rd), b.operand(o.imm)),
  );
}
flagging('mov', 'imm', '00100 rd:3 imm:8', '{rd:lo}, {imm:hash}', 'rd', (b, o) =>
  logical(b, { value: b.operand(o.imm), carry: b.carry() }),
);
t32(
  'cmp.imm',
  '00101 rn:3 imm:8',
  '{rn:lo}, {imm:hash}',
  (b, o) => b.setFlags(b.difference(b.r(o.rn), b.operand(o.imm)).flags),
  { mnemonic: 'cmp' },
);

type Two = (b: A32Builder, n: Value, m: Value) => Outcome;
const bitwise =
  (compute: (b: A32Builder, n: Value, m: Value) => Value): Two =>
  (b, n, m) =>
    logical(b, { value: compute(b, n, m), carry: b.carry() });
const shifting =
  (type: number): Two =>
  (b, n, m) =>
    logical(b, b.shift(n, b.const(type), b.and(m, b.const(255))));
const TWO = [
  ['and', '0000', bitwise((b, n, m) => b.and(n, m))],
  ['eor', '0001', bitwise((b, n, m) => b.xor(n, m))],
  ['lsl', '0010', shifting(0)],
  ['lsr', '0011', shifting(1)],
  ['asr', '0100', shifting(2)],
  ['adc', '0101', (b, n, m) => b.sumWithCarry(n, m)],
  ['sbc', '0110', (b, n, m) => b.sumWithCarry(n, b.not(m))],
  ['ror', '0111', shifting(3)],
  ['orr', '1100', bitwise((b, n, m) => b.or(n, m))],
  ['mul', '1101', bitwise((b, n, m) => b.word(b.op('mul', n, m)))],
  ['bic', '1110', bitwise((b, n, m) => b.and(n, b.not(m)))],
  ['mvn', '1111', bitwise((b, _n, m) => b.not(m))],
  ['rsb', '1001', (b, _n, m) => b.difference(b.const(0), m)],
] as const satisfies readonly (readonly [string, string, Two])[];
for (const [name, op, compute] of TWO) {
  const syntax =
    name === 'rsb' ? '{rd:lo}, {rm:lo}, #0' : name === 'mul' ? '{rd:lo}, {rm:lo}, {rd:lo}' : '{rd:lo}, {rm:lo}';
  flagging(name, 'two', `010000 ${op} rm:3 rd:3`, syntax, 'rd', (b, o) => compute(b, b.r(o.rd), b.r(o.rm)));
}
for (const [name, op, compute] of [
  ['tst', '1000', bitwise((b, n, m) => b.and(n, m))],
  ['cmp', '1010', (b, n, m) => b.difference(n, m)],
  ['cmn', '1011', (b, n, m) => b.sum(n, m)],
] as const satisfies readonly (readonly [string, string, Two])[]) {
  t32(
    `${name}.narrow`,
    `010000 ${op} rm:3 rn:3`,
    '{rn:lo}, {rm:lo}',
    (b, o) => b.setFlags(compute(b, b.r(o.rn), b.r(o.rm)).flags),
    { mnemonic: name },
  );
}

// All registers.
t32(
  'add.high',
  '01000100 rd:u[3] rm:4 rd:u[2:0]',
  '{rd:r}, {rm:r}',
  (b, o) => b.setR(o.rd, b.add(b.r(o.rd), b.r(o.rm))),
  { mnemonic: 'add', when: 'rd!=15' },
);
t32(
  'add.high.pc',
  '01000100 rd:u[3] rm:4 rd:u[2:0]',
  '{rd:r}, {rm:r}',
  (b, o) => b.jumpToSame(b.add(b.pcValue(), b.r(o.rm))),
  { mnemonic: 'add', when: 'rd=15; rm!=15' },
);
t32(
  'cmp.high',
  '01000101 rn:u[3] rm:4 rn:u[2:0]',
  '{rn:r}, {rm:r}',
  (b, o) => b.setFlags(b.difference(b.r(o.rn), b.r(o.rm)).flags),
  { mnemonic: 'cmp', when: 'rn!=15; rm!=15' },
);
t32('mov.high', '01000110 rd:u[3] rm:4 rd:u[2:0]', '{rd:r}, {rm:r}', (b, o) => b.setR(o.rd, b.r(o.rm)), {
  mnemonic: 'mov',
  when: 'rd!=15',
});
t32('mov.high.pc', '01000110 rd:u[3] rm:4 rd:u[2:0]', '{rd:r}, {rm:r}', (b, o) => b.jumpToSame(b.r(o.rm)), {
  mnemonic: 'mov',
  when: 'rd=15',
});

// Loads and stores.
const ACCESSES = [
  ['str', '000', false, 32, false],
  ['strh', '001', false, 16, false],
  ['strb', '010', false, 8, false],
  ['ldrsb', '011', true, 8, true],
  ['ldr', '100', true, 32, true],
  ['ldrh', '101', true, 16, false],
  ['ldrb', '110', true, 8, false],
  ['ldrsh', '111', true, 16, true],
] as const;
for (const [name, op, isLoad, width, isSigned] of ACCESSES) {
  const access =
    (address: (b: A32Builder, o: Operands) => Value): Effect =>
    (b, o) => {
      if (isLoad) b.setR(o.rt, b.load(address(b, o), width, isSigned));
      else b.store(address(b, o), b.r(o.rt), width);
    };
  t32(
    `${name}.narrow.reg`,
    `0101 ${op} rm:3 rn:3 rt:3`,
    '{rt:lo}, [{rn:lo}, {rm:lo}]',
    access((b, o) => b.add(b.r(o.rn), b.r(o.rm))),
    { mnemonic: name },
  );
  if (name === 'ldrsb' || name === 'ldrsh') continue;
  const [head, imm] = { 32: ['0110', 'imm:u[6:2]'], 8: ['0111', 'imm:u[4:0]'], 16: ['1000', 'imm:u[5:1]'] }[width];
  t32(
    `${name}.narrow.imm`,
    `${head} ${isLoad ? '1' : '0'} ${imm} rn:3 rt:3`,
    '{rt:lo}, [{rn:lo}, {imm:hash}]',
    access((b, o) => b.add(b.r(o.rn), b.operand(o.imm))),
    { mnemonic: name },
  );
  if (width !== 32) continue;
  t32(
    `${name}.narrow.sp`,
    `1001 ${isLoad ? '1' : '0'} rt:3 imm:u[9:2]`,
    '{rt:lo}, [sp, {imm:hash}]',
    access((b, o) => b.add(b.numbered(13), b.operand(o.imm))),
    { mnemonic: name },
  );
}
t32(
  'ldr.narrow.literal',
  '01001 rt:3 imm:u[9:2]',
  '{rt:lo}, [pc, {imm:hash}]',
  (b, o) => b.setR(o.rt, b.loadWord(b.add(b.pcAligned(), b.operand(o.imm)))),
  { mnemonic: 'ldr' },
);
t32(
  'adr.narrow',
  '10100 rd:3 imm:u[9:2]',
  '{rd:lo}, {imm:hash}',
  (b, o) => b.setR(o.rd, b.add(b.pcAligned(), b.operand(o.imm))),
  { mnemonic: 'adr' },
);
t32(
  'add.sp',
  '10101 rd:3 imm:u[9:2]',
  '{rd:lo}, sp, {imm:hash}',
  (b, o) => b.setR(o.rd, b.add(b.numbered(13), b.operand(o.imm))),
  { mnemonic: 'add' },
);
t32(
  'add.sp.sp',
  '101100000 imm:u[8:2]',
  'sp, {imm:hash}',
  (b, o) => b.setNumbered(13, b.add(b.numbered(13), b.operand(o.imm))),
  { mnemonic: 'add' },
);
t32(
  'sub.sp.sp',
  '101100001 imm:u[8:2]',
  'sp, {imm:hash}',
  (b, o) => b.setNumbered(13, b.sub(b.numbered(13), b.operand(o.imm))),
  { mnemonic: 'sub' },
);

const stack = { base: 13, writeback: true };
t32('push', '1011010 0 list:8', '{list:registers}', multiple({ isLoad: false, up: false, before: true, ...stack }), {
  when: 'list!=0',
});
t32(
  'push.lr',
  '1011010 1 list:8',
  '{list:registersLr}',
  multiple({ isLoad: false, up: false, before: true, link: true, ...stack }),
  { mnemonic: 'push' },
);
t32('pop', '1011110 0 list:8', '{list:registers}', multiple({ isLoad: true, up: true, before: false, ...stack }), {
  when: 'list!=0',
});
t32(
  'pop.pc',
  '1011110 1 list:8',
  '{list:registersPc}',
  multiple({ isLoad: true, up: true, before: false, pc: true, ...stack }),
  { mnemonic: 'pop' },
);
t32(
  'stm.narrow',
  '11000 rn:3 list:8',
  '{rn:lo}!, {list:registers}',
  multiple({ isLoad: false, up: true, before: false, writeback: true }),
  { mnemonic: 'stm', when: 'list!=0' },
);
/** A base that is loaded itself is not written back. */
t32(
  'ldm.narrow',
  '11001 rn:3 list:8',
  '{rn:lo}!, {list:registers}',
  multiple({ isLoad: true, up: true, before: false, writeback: true }),
  { mnemonic: 'ldm', when: 'list!=0' },
);

// Extension and reversal.
for (const [name, bits, compute] of [
  ['sxth', '001000', (b, m) => b.signed(m, 16)],
  ['sxtb', '001001', (b, m) => b.signed(m, 8)],
  ['uxth', '001010', (b, m) => b.low(m, 16)],
  ['uxtb', '001011', (b, m) => b.low(m, 8)],
  ['rev', '101000', (b, m) => b.swapped(b.swapped(b.unsigned(m), 8, 0x00ff_00ffn), 16, 0xffffn)],
  ['rev16', '101001', (b, m) => b.swapped(b.unsigned(m), 8, 0x00ff_00ffn)],
  ['revsh', '101011', (b, m) => b.signed(b.swapped(b.unsigned(m), 8, 0x00ff_00ffn), 16)],
] as const satisfies readonly (readonly [string, string, (b: A32Builder, m: Value) => Value])[]) {
  t32(`${name}.narrow`, `1011 ${bits} rm:3 rd:3`, '{rd:lo}, {rm:lo}', (b, o) => b.setR(o.rd, compute(b, b.r(o.rm))), {
    mnemonic: name,
  });
}
