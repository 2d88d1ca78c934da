/** Data processing: Arm ARM, F4.1.2 ("Data-processing register", "immediate") and F3.1.10 of T32. */
import type { Flags } from '../../arm-builder.ts';
import type { Value } from '../../ir.ts';
import type { Operand } from '../../row.ts';
import type { A32Builder, Shifted } from '../builder.ts';
import { a32, both, type Effect, type Operands, t32 } from './define.ts';

type Result = { result: Value; flags: Flags };
type Compute = (b: A32Builder, a: Value, c: Shifted) => Result;

const logical =
  (compute: (b: A32Builder, a: Value, c: Value) => Value): Compute =>
  (b, a, c) => {
    const result = compute(b, a, c.value);
    return { result, flags: b.logical(result, c.carry) };
  };

/** What the operations compute of Rn and the shifted operand. */
const COMPUTE = {
  and: logical((b, a, c) => b.and(a, c)),
  eor: logical((b, a, c) => b.xor(a, c)),
  orr: logical((b, a, c) => b.or(a, c)),
  bic: logical((b, a, c) => b.and(a, b.not(c))),
  orn: logical((b, a, c) => b.or(a, b.not(c))),
  mov: logical((_b, _a, c) => c),
  mvn: logical((b, _a, c) => b.not(c)),
  sub: (b, a, c) => b.difference(a, c.value),
  rsb: (b, a, c) => b.difference(c.value, a),
  add: (b, a, c) => b.sum(a, c.value),
  adc: (b, a, c) => b.sumWithCarry(a, c.value),
  sbc: (b, a, c) => b.sumWithCarry(a, b.not(c.value)),
  rsc: (b, a, c) => b.sumWithCarry(c.value, b.not(a)),
} satisfies Record<string, Compute>;
type Operation = keyof typeof COMPUTE;

const compute = (op: Operation): Compute => COMPUTE[op];

/** An operation with the flags S and those without result: encodings of A32, bits 24–21. */
const A32_OPS = [
  ['and', '0000', 'and'],
  ['eor', '0001', 'eor'],
  ['sub', '0010', 'sub'],
  ['rsb', '0011', 'rsb'],
  ['add', '0100', 'add'],
  ['adc', '0101', 'adc'],
  ['sbc', '0110', 'sbc'],
  ['rsc', '0111', 'rsc'],
  ['tst', '1000', 'and'],
  ['teq', '1001', 'eor'],
  ['cmp', '1010', 'sub'],
  ['cmn', '1011', 'add'],
  ['orr', '1100', 'orr'],
  ['mov', '1101', 'mov'],
  ['bic', '1110', 'bic'],
  ['mvn', '1111', 'mvn'],
] as const satisfies readonly (readonly [string, string, Operation])[];

const zero = (b: A32Builder): Value => b.const(0);
const shiftedRegister = (b: A32Builder, o: Operands): Shifted =>
  b.shiftImmediate(b.r(o.rm), b.and(b.operand(o.sa), b.const(3)), b.shr(b.operand(o.sa), 2));
const byRegister = (b: A32Builder, o: Operands): Shifted =>
  b.shift(b.r(o.rm), b.operand(o.type), b.and(b.r(o.rs), b.const(255)));

/** Second operands of A32: bit 25, the low 12 bits, syntax, value. */
const A32_OPERANDS = [
  ['imm', '1', 'imm:12', '{imm:modified}', (b: A32Builder, o: Operands) => b.armImmediate(b.operand(o.imm))],
  ['reg', '0', 'sa:u[6:2] sa:u[1:0] 0 rm:4', '{rm:r}{sa:shift}', shiftedRegister],
  ['rsr', '0', 'rs:4 0 type:2 1 rm:4', '{rm:r}, {type:shiftType} {rs:r}', byRegister],
] as const;

for (const [name, opcode, op] of A32_OPS) {
  const compares = opcode.startsWith('10');
  const moves = name === 'mov' || name === 'mvn';
  for (const [form, bit, low, text, second] of A32_OPERANDS) {
    const first = (b: A32Builder, o: Operands): Value => (moves ? zero(b) : b.r(o.rn));
    const rn = moves ? '0000' : 'rn:4';
    const notPc = form === 'rsr' ? 'rm!=15; rs!=15' : '';
    if (compares) {
      a32(
        `${name}.${form}`,
        `00 ${bit} ${opcode} 1 rn:4 0000 ${low}`,
        `{rn:r}, ${text}`,
        (b, o) => b.setFlags(compute(op)(b, first(b, o), second(b, o)).flags),
        { mnemonic: name, when: notPc && `rn!=15; ${notPc}` },
      );
      continue;
    }
    for (const s of ['0', '1']) {
      const mnemonic = s === '1' ? `${name}s` : name;
      const encoding = `00 ${bit} ${opcode} ${s} ${rn} rd:4 ${low}`;
      const syntax = moves ? `{rd:r}, ${text}` : `{rd:r}, {rn:r}, ${text}`;
      const rnNotPc = notPc && !moves ? '; rn!=15' : '';
      a32(
        `${mnemonic}.${form}`,
        encoding,
        syntax,
        (b, o) => {
          const { result, flags } = compute(op)(b, first(b, o), second(b, o));
          b.setR(o.rd, result);
          if (s === '1') b.setFlags(flags);
        },
        { mnemonic, when: `rd!=15${notPc && `; ${notPc}`}${rnNotPc}` },
      );
      // ALUWritePC. With S it is an exception return, which user programs have not.
      if (s === '1' || form === 'rsr') continue;
      a32(
        `${mnemonic}.${form}.pc`,
        encoding,
        syntax,
        (b, o) => b.interwork(compute(op)(b, first(b, o), second(b, o)).result),
        { mnemonic, when: 'rd=15', jumps: true },
      );
    }
  }
}

/** T32: bits 24–21; what it is if Rn is 15, and if Rd is 15 with S. */
const T32_OPS = [
  ['and', '0000', undefined, 'tst'],
  ['bic', '0001', undefined, undefined],
  ['orr', '0010', 'mov', undefined],
  ['orn', '0011', 'mvn', undefined],
  ['eor', '0100', undefined, 'teq'],
  ['add', '1000', undefined, 'cmn'],
  ['adc', '1010', undefined, undefined],
  ['sbc', '1011', undefined, undefined],
  ['sub', '1101', undefined, 'cmp'],
  ['rsb', '1110', undefined, undefined],
] as const satisfies readonly (readonly [Operation, string, Operation | undefined, string | undefined])[];

const T32_OPERANDS = [
  [
    'imm',
    '11110 imm:u[11] 0',
    '0 imm:u[10:8]',
    'imm:u[7:0]',
    '{imm:thumbModified}',
    (b: A32Builder, o: Operands) => b.thumbImmediate(b.operand(o.imm)),
    '',
  ],
  ['reg', '11101 01', '0 sa:u[6:4]', 'sa:u[3:2] sa:u[1:0] rm:4', '{rm:r}{sa:shift}', shiftedRegister, 'rm!=13,15'],
] as const;

for (const [name, opcode, single, comparison] of T32_OPS) {
  for (const [form, head, middle, low, text, second, whenRm] of T32_OPERANDS) {
    const when = (...parts: string[]): string => [...parts, whenRm].filter((part) => part !== '').join('; ');
    const sumLike = name === 'add' || name === 'sub';
    for (const s of ['0', '1']) {
      const mnemonic = s === '1' ? `${name}s` : name;
      const effect: Effect = (b, o) => {
        const { result, flags } = compute(name)(b, b.r(o.rn), second(b, o));
        b.setR(o.rd, result);
        if (s === '1') b.setFlags(flags);
      };
      // ADD and SUB have the stack pointer too.
      const rn = sumLike ? 'rn!=15' : 'rn!=13,15';
      t32(
        `${mnemonic}.w.${form}`,
        `${head} ${opcode} ${s} rn:4 ${middle} rd:4 ${low}`,
        `{rd:r}, {rn:r}, ${text}`,
        effect,
        { mnemonic: `${mnemonic}.w`, when: when(rn, sumLike ? 'rd!=15' : 'rd!=13,15') },
      );
      if (single !== undefined) {
        const singleName = s === '1' ? `${single}s` : single;
        t32(
          `${singleName}.w.${form}`,
          `${head} ${opcode} ${s} 1111 ${middle} rd:4 ${low}`,
          `{rd:r}, ${text}`,
          (b, o) => {
            const { result, flags } = compute(single)(b, zero(b), second(b, o));
            b.setR(o.rd, result);
            if (s === '1') b.setFlags(flags);
          },
          {
            mnemonic: `${singleName}.w`,
            when: form === 'reg' && single === 'mov' && s === '0' ? 'rd!=15' : when('rd!=13,15'),
          },
        );
      }
    }
    if (comparison !== undefined) {
      t32(
        `${comparison}.w.${form}`,
        `${head} ${opcode} 1 rn:4 ${middle} 1111 ${low}`,
        `{rn:r}, ${text}`,
        (b, o) => b.setFlags(compute(name)(b, b.r(o.rn), second(b, o)).flags),
        { mnemonic: `${comparison}.w`, when: when(sumLike ? 'rn!=15' : 'rn!=13,15') },
      );
    }
  }
}

// Shifts by a register.
for (const [name, type] of [
  ['lsl', 0],
  ['lsr', 1],
  ['asr', 2],
  ['ror', 3],
] as const) {
  for (const s of ['0', '1']) {
    const mnemonic = s === '1' ? `${name}s` : name;
    t32(
      `${mnemonic}.w`,
      `11111010 0 ${type.toString(2).padStart(2, '0')} ${s} rn:4 1111 rd:4 0000 rm:4`,
      '{rd:r}, {rn:r}, {rm:r}',
      (b, o) => {
        const { value, carry } = b.shift(b.r(o.rn), b.const(type), b.and(b.r(o.rm), b.const(255)));
        b.setR(o.rd, value);
        if (s === '1') b.setFlags(b.logical(value, carry));
      },
      { mnemonic: `${mnemonic}.w`, when: 'rd!=13,15; rn!=13,15; rm!=13,15' },
    );
  }
}

// Plain immediates of T32: 12 bits, and ADR.
const imm12 = 'imm:u[11]';
for (const [name, bits, sign] of [
  ['addw', '00000', 1],
  ['subw', '01010', -1],
] as const) {
  const signed = (b: A32Builder, o: Operands): Value => (sign === 1 ? b.operand(o.imm) : b.negative(b.operand(o.imm)));
  t32(
    name,
    `11110 ${imm12} 1 ${bits} rn:4 0 imm:u[10:8] rd:4 imm:u[7:0]`,
    '{rd:r}, {rn:r}, {imm:hash}',
    (b, o) => b.setR(o.rd, b.add(b.r(o.rn), signed(b, o))),
    { when: 'rn!=15; rd!=15' },
  );
  t32(
    `adr.${name}`,
    `11110 ${imm12} 1 ${bits} 1111 0 imm:u[10:8] rd:4 imm:u[7:0]`,
    sign === 1 ? '{rd:r}, {imm:hash}' : '{rd:r}, {imm:offset0}',
    (b, o) => b.setR(o.rd, b.add(b.pcAligned(), signed(b, o))),
    { mnemonic: 'adr.w', when: 'rd!=13,15' },
  );
}

both(
  'movw',
  '00110000 imm:u[15:12] rd:4 imm:u[11:0]',
  '11110 imm:u[11] 1 00100 imm:u[15:12] 0 imm:u[10:8] rd:4 imm:u[7:0]',
  '{rd:r}, {imm:hash}',
  (b, o) => b.setR(o.rd, b.operand(o.imm)),
  { when: 'rd!=15', t32When: 'rd!=13' },
);
both(
  'movt',
  '00110100 imm:u[15:12] rd:4 imm:u[11:0]',
  '11110 imm:u[11] 1 01100 imm:u[15:12] 0 imm:u[10:8] rd:4 imm:u[7:0]',
  '{rd:r}, {imm:hash}',
  (b, o) => b.setR(o.rd, b.or(b.and(b.r(o.rd), b.const(0xffff)), b.shl(b.operand(o.imm), 16))),
  { when: 'rd!=15', t32When: 'rd!=13' },
);

const mask = (b: A32Builder, width: Value): Value => b.sub(b.shl(b.const(1), width), b.const(1));

// Bit fields.
for (const [name, a, t, isSigned] of [
  ['sbfx', '0111101', '10100', true],
  ['ubfx', '0111111', '11100', false],
] as const) {
  both(
    name,
    `${a} width:5 rd:4 lsb:5 101 rn:4`,
    `11110 0 1 ${t} rn:4 0 lsb:u[4:2] rd:4 lsb:u[1:0] 0 width:5`,
    '{rd:r}, {rn:r}, {lsb:hash}, {width:hashNext}',
    (b, o) => {
      // A field that reaches above the register is unpredictable.
      if (isSigned) {
        const up = b.sub(b.const(31), b.add(b.operand(o.lsb), b.operand(o.width)));
        b.setR(o.rd, b.sar(b.word(b.shl(b.r(o.rn), up)), b.sub(b.const(31), b.operand(o.width))));
      } else {
        const ones = mask(b, b.add(b.operand(o.width), b.const(1)));
        b.setR(o.rd, b.and(b.shr(b.unsigned(b.r(o.rn)), b.operand(o.lsb)), ones));
      }
    },
    { when: 'rd!=15; rn!=15', t32When: 'rd!=13; rn!=13' },
  );
}
const insert =
  (source: (b: A32Builder, o: { rn?: Operand }) => Value): Effect =>
  (b, o) => {
    const width = b.add(b.sub(b.operand(o.msb), b.operand(o.lsb)), b.const(1));
    const ones = b.shl(mask(b, width), b.operand(o.lsb));
    const field = b.and(b.shl(source(b, o), b.operand(o.lsb)), ones);
    b.setR(o.rd, b.or(b.and(b.r(o.rd), b.not(ones)), field));
  };
both(
  'bfi',
  '0111110 msb:5 rd:4 lsb:5 001 rn:4',
  '11110 0 1 10110 rn:4 0 lsb:u[4:2] rd:4 lsb:u[1:0] 0 msb:5',
  '{rd:r}, {rn:r}, {lsb:hash}, {msb:hash}',
  insert((b, { rn }) => b.r(rn as Operand)),
  { when: 'rd!=15; rn!=15', t32When: 'rd!=13; rn!=13' },
);
both(
  'bfc',
  '0111110 msb:5 rd:4 lsb:5 001 1111',
  '11110 0 1 10110 1111 0 lsb:u[4:2] rd:4 lsb:u[1:0] 0 msb:5',
  '{rd:r}, {lsb:hash}, {msb:hash}',
  insert((b) => b.const(0)),
  { when: 'rd!=15', t32When: 'rd!=13' },
);

// One operand.
const swapBytes = (b: A32Builder, a: Value): Value => b.swapped(a, 8, 0x00ff_00ffn);
for (const [name, a, t, compute1] of [
  [
    'clz',
    '00010110 1111 rd:4 1111 0001 rm:4',
    '11111010 1011 1111 1111 rd:4 1000 rm:4',
    (b, x) => b.leadingZeros(b.unsigned(x), 32),
  ],
  [
    'rbit',
    '01101111 1111 rd:4 1111 0011 rm:4',
    '11111010 1001 1111 1111 rd:4 1010 rm:4',
    (b, x) => b.reversedBits(b.unsigned(x), 32),
  ],
  [
    'rev',
    '01101011 1111 rd:4 1111 0011 rm:4',
    '11111010 1001 1111 1111 rd:4 1000 rm:4',
    (b, x) => b.swapped(swapBytes(b, b.unsigned(x)), 16, 0xffffn),
  ],
  [
    'rev16',
    '01101011 1111 rd:4 1111 1011 rm:4',
    '11111010 1001 1111 1111 rd:4 1001 rm:4',
    (b, x) => swapBytes(b, b.unsigned(x)),
  ],
  [
    'revsh',
    '01101111 1111 rd:4 1111 1011 rm:4',
    '11111010 1001 1111 1111 rd:4 1011 rm:4',
    (b, x) => b.signed(swapBytes(b, b.unsigned(x)), 16),
  ],
] as const satisfies readonly (readonly [string, string, string, (b: A32Builder, x: Value) => Value])[]) {
  const effect: Effect = (b, o) => b.setR(o.rd, compute1(b, b.r(o.rm)));
  a32(name, a, '{rd:r}, {rm:r}', effect, { when: 'rd!=15; rm!=15' });
  // T32 has Rm twice.
  t32(`t.${name}`, t.replace(/^(\d+ \d+) 1111/, '$1 rn:4'), '{rd:r}, {rm:r}', effect, {
    mnemonic: `${name}.w`,
    when: 'rd!=13,15; rm!=13,15; rn=rm',
  });
}

// Division: by zero gives 0.
both(
  'sdiv',
  '01110001 rd:4 1111 rm:4 0001 rn:4',
  '11111011 1001 rn:4 1111 rd:4 1111 rm:4',
  '{rd:r}, {rn:r}, {rm:r}',
  (b, o) => b.setR(o.rd, b.quotient(b.r(o.rn), b.r(o.rm))),
  { when: 'rd!=15; rn!=15; rm!=15', t32When: 'rd!=13; rn!=13; rm!=13' },
);
both(
  'udiv',
  '01110011 rd:4 1111 rm:4 0001 rn:4',
  '11111011 1011 rn:4 1111 rd:4 1111 rm:4',
  '{rd:r}, {rn:r}, {rm:r}',
  (b, o) => b.setR(o.rd, b.quotientU(b.unsigned(b.r(o.rn)), b.unsigned(b.r(o.rm)))),
  { when: 'rd!=15; rn!=15; rm!=15', t32When: 'rd!=13; rn!=13; rm!=13' },
);
