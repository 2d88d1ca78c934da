/** Loads and stores: Arm ARM, C4.1.94. */
import type { AmoOp, Value, Width } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder, Size } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('Base');
const lse = rowsOf<Aarch64Builder>('LSE');
export const accessRows = rows;
const lrcpc = rowsOf<Aarch64Builder>('LRCPC');
const lrcpc2 = rowsOf<Aarch64Builder>('LRCPC2');
export const lseRows = lse.rows;
export const lrcpcRows = lrcpc.rows;
export const lrcpc2Rows = lrcpc2.rows;

/** What is transferred, and how it is encoded: `size`, V and `opc`. */
interface Transfer {
  /** Letters behind `ldr`, `str`, `ldur`, …: b, h, sb, sh, sw, or nothing. */
  letters: string;
  /** Of the row's name, where letters do not tell. */
  suffix: string;
  isLoad: boolean;
  size: '00' | '01' | '10' | '11';
  vector: '0' | '1';
  opc: '00' | '01' | '10' | '11';
  /** log2 of the bytes. */
  scale: number;
  /** Kind of the register. */
  kind: string;
  move: (b: Aarch64Builder, rt: Operand, address: Value) => void;
}

const loadInto =
  (width: Width, signed: boolean, size: Size) =>
  (b: Aarch64Builder, rt: Operand, address: Value): void => {
    const value = b.load(address, width, signed);
    if (signed) b.setR(rt, size, value);
    else b.setX(rt, value);
  };
const storeFrom =
  (width: Width) =>
  (b: Aarch64Builder, rt: Operand, address: Value): void =>
    b.store(address, b.x(rt), width);
const loadScalar =
  (width: Width) =>
  (b: Aarch64Builder, rt: Operand, address: Value): void =>
    b.setScalar(rt, b.load(address, width, false));
const storeScalar =
  (width: Width) =>
  (b: Aarch64Builder, rt: Operand, address: Value): void =>
    b.store(address, b.scalar(rt, width), width);
const load128 = (b: Aarch64Builder, rt: Operand, address: Value): void => b.setV(rt, b.load128(address));
const store128 = (b: Aarch64Builder, rt: Operand, address: Value): void => b.store128(address, b.v(rt));

function transfer(
  letters: string,
  isLoad: boolean,
  code: `${'00' | '01' | '10' | '11'} ${'0' | '1'} ${'00' | '01' | '10' | '11'}`,
  scale: number,
  kind: string,
  move: Transfer['move'],
): Transfer {
  const [size, vector, opc] = code.split(' ') as [Transfer['size'], Transfer['vector'], Transfer['opc']];
  return { letters, suffix: `.${kind}`, isLoad, size, vector, opc, scale, kind, move };
}

const TRANSFERS: readonly Transfer[] = [
  transfer('b', false, '00 0 00', 0, 'w', storeFrom(8)),
  transfer('b', true, '00 0 01', 0, 'w', loadInto(8, false, 32)),
  transfer('sb', true, '00 0 10', 0, 'x', loadInto(8, true, 64)),
  transfer('sb', true, '00 0 11', 0, 'w', loadInto(8, true, 32)),
  transfer('h', false, '01 0 00', 1, 'w', storeFrom(16)),
  transfer('h', true, '01 0 01', 1, 'w', loadInto(16, false, 32)),
  transfer('sh', true, '01 0 10', 1, 'x', loadInto(16, true, 64)),
  transfer('sh', true, '01 0 11', 1, 'w', loadInto(16, true, 32)),
  transfer('', false, '10 0 00', 2, 'w', storeFrom(32)),
  transfer('', true, '10 0 01', 2, 'w', loadInto(32, false, 32)),
  transfer('sw', true, '10 0 10', 2, 'x', loadInto(32, true, 64)),
  transfer('', false, '11 0 00', 3, 'x', storeFrom(64)),
  transfer('', true, '11 0 01', 3, 'x', loadInto(64, false, 64)),
  transfer('', false, '00 1 00', 0, 'b', storeScalar(8)),
  transfer('', true, '00 1 01', 0, 'b', loadScalar(8)),
  transfer('', false, '01 1 00', 1, 'h', storeScalar(16)),
  transfer('', true, '01 1 01', 1, 'h', loadScalar(16)),
  transfer('', false, '10 1 00', 2, 's', storeScalar(32)),
  transfer('', true, '10 1 01', 2, 's', loadScalar(32)),
  transfer('', false, '11 1 00', 3, 'd', storeScalar(64)),
  transfer('', true, '11 1 01', 3, 'd', loadScalar(64)),
  transfer('', false, '00 1 10', 4, 'q', store128),
  transfer('', true, '00 1 11', 4, 'q', load128),
];

/** As the notation has them, for the type checker. */
type Fields = '00 111 0 01 00 off:12 rn:5 rt:5';
type Simm = '00 111 0 00 00 0 off:s[8:0] 01 rn:5 rt:5';
type Syntax = '{rt:x}, [{rn:xsp}{off:offset}]';

for (const { letters, suffix, isLoad, size, vector, opc, scale, kind, move } of TRANSFERS) {
  const [verb, unscaled, unprivileged] = isLoad ? ['ldr', 'ldur', 'ldtr'] : ['str', 'stur', 'sttr'];
  const head = `${size} 111 ${vector}`;
  const offset = `off:u[${scale + 11}:${scale}]`;

  // Unsigned offset, in units of the access.
  row(
    `${verb}${letters}${suffix}.imm`,
    `${head} 01 ${opc} ${offset} rn:5 rt:5` as Fields,
    `{rt:${kind}}, [{rn:xsp}{off:offset}]` as Syntax,
    (b, o) => move(b, o.rt, b.offset(o.rn, o.off)),
    { mnemonic: verb + letters },
  );
  // Unscaled, signed; the unprivileged ones are the same at EL0.
  const simm = (mode: '00' | '01' | '10' | '11') => `${head} 00 ${opc} 0 off:s[8:0] ${mode} rn:5 rt:5` as Simm;
  const between = `{rt:${kind}}, [{rn:xsp}{off:offset}]` as Syntax;
  row(`${unscaled}${letters}${suffix}`, simm('00'), between, (b, o) => move(b, o.rt, b.offset(o.rn, o.off)), {
    mnemonic: unscaled + letters,
  });
  if (vector === '0') {
    row(`${unprivileged}${letters}${suffix}`, simm('10'), between, (b, o) => move(b, o.rt, b.offset(o.rn, o.off)), {
      mnemonic: unprivileged + letters,
    });
  }
  // Post-index and pre-index: the base is written after what can fault.
  row(
    `${verb}${letters}${suffix}.post`,
    simm('01'),
    `{rt:${kind}}, [{rn:xsp}], {off:dec}` as '{rt:x}, [{rn:xsp}], {off:dec}',
    (b, o) => {
      const address = b.x(o.rn);
      move(b, o.rt, address);
      b.setX(o.rn, b.add(address, b.operand(o.off)));
    },
    { mnemonic: verb + letters },
  );
  row(
    `${verb}${letters}${suffix}.pre`,
    simm('11'),
    `{rt:${kind}}, [{rn:xsp}, {off:dec}]!` as '{rt:x}, [{rn:xsp}, {off:dec}]!',
    (b, o) => {
      const address = b.offset(o.rn, o.off);
      move(b, o.rt, address);
      b.setX(o.rn, address);
    },
    { mnemonic: verb + letters },
  );
  // Register offset: a W register extended or an X register, in units of the access if S.
  for (const [m, when] of [
    ['w', 'option=2,6'],
    ['x', 'option=3,7'],
  ] as const) {
    row(
      `${verb}${letters}${suffix}.reg${m}`,
      `${head} 00 ${opc} 1 rm:5 ext&option:u[3:1] ext:u[0] 10 rn:5 rt:5` as '00 111 0 00 00 1 rm:5 ext&option:u[3:1] ext:u[0] 10 rn:5 rt:5',
      `{rt:${kind}}, [{rn:xsp}, {rm:${m}}{ext:index${scale}}]` as '{rt:x}, [{rn:xsp}, {rm:x}{ext:index}]',
      (b, o) => {
        const ext = b.operand(o.ext);
        const amount = b.select(b.is(b.and(ext, b.const(1)), 1), b.const(scale), b.const(0));
        move(b, o.rt, b.add(b.x(o.rn), b.extended(b.x(o.rm), b.shr(ext, 1), amount)));
      },
      { mnemonic: verb + letters, when: when === 'option=2,6' ? 'option=4,12' : 'option=6,14' },
    );
  }
}

// Prefetch: nothing, whatever the address.
row('prfm.imm', '11 111 0 01 10 off:u[14:3] rn:5 rt:5', '{rt:prefetch}, [{rn:xsp}{off:offset}]', () => {}, {
  mnemonic: 'prfm',
});
row('prfum', '11 111 0 00 10 0 off:s[8:0] 00 rn:5 rt:5', '{rt:prefetch}, [{rn:xsp}{off:offset}]', () => {});
row('prfm.lit', '11 011 0 00 off:s[20:2] rt:5', '{rt:prefetch}, {off:pc}', () => {}, { mnemonic: 'prfm' });
for (const [m, when] of [
  ['w', 'option=4,12'],
  ['x', 'option=6,14'],
] as const) {
  row(
    `prfm.reg${m}`,
    '11 111 0 00 10 1 rm:5 ext&option:u[3:1] ext:u[0] 10 rn:5 rt:5',
    `{rt:prefetch}, [{rn:xsp}, {rm:${m}}{ext:index3}]`,
    () => {},
    { mnemonic: 'prfm', when },
  );
}

// Literals.
const LITERALS = [
  ['w', '00', '0', loadInto(32, false, 32)],
  ['x', '01', '0', loadInto(64, false, 64)],
  ['s', '00', '1', loadScalar(32)],
  ['d', '01', '1', loadScalar(64)],
  ['q', '10', '1', load128],
] as const;
for (const [kind, opc, vector, move] of LITERALS) {
  row(
    `ldr.${kind}.lit`,
    `${opc} 011 ${vector} 00 off:s[20:2] rt:5`,
    `{rt:${kind}}, {off:pc}`,
    (b, o) => move(b, o.rt, b.add(b.pc(), b.operand(o.off))),
    { mnemonic: 'ldr' },
  );
}
row(
  'ldrsw.lit',
  '10 011 0 00 off:s[20:2] rt:5',
  '{rt:x}, {off:pc}',
  (b, o) => b.setX(o.rt, b.load(b.add(b.pc(), b.operand(o.off)), 32, true)),
  { mnemonic: 'ldrsw' },
);

// Pairs: both are read before either register is written.
interface Pair {
  kind: string;
  opc: '00' | '01' | '10';
  vector: '0' | '1';
  scale: number;
  load: (b: Aarch64Builder, address: Value) => Value;
  set: (b: Aarch64Builder, rt: Operand, value: Value) => void;
  store?: (b: Aarch64Builder, rt: Operand, address: Value) => void;
}
const PAIRS: readonly Pair[] = [
  {
    kind: 'w',
    opc: '00',
    vector: '0',
    scale: 2,
    load: (b, a) => b.load(a, 32, false),
    set: (b, rt, v) => b.setX(rt, v),
    store: storeFrom(32),
  },
  {
    kind: 'x',
    opc: '10',
    vector: '0',
    scale: 3,
    load: (b, a) => b.load(a, 64, false),
    set: (b, rt, v) => b.setX(rt, v),
    store: storeFrom(64),
  },
  {
    kind: 'sw',
    opc: '01',
    vector: '0',
    scale: 2,
    load: (b, a) => b.load(a, 32, true),
    set: (b, rt, v) => b.setX(rt, v),
  },
  {
    kind: 's',
    opc: '00',
    vector: '1',
    scale: 2,
    load: (b, a) => b.load(a, 32, false),
    set: (b, rt, v) => b.setScalar(rt, v),
    store: storeScalar(32),
  },
  {
    kind: 'd',
    opc: '01',
    vector: '1',
    scale: 3,
    load: (b, a) => b.load(a, 64, false),
    set: (b, rt, v) => b.setScalar(rt, v),
    store: storeScalar(64),
  },
  {
    kind: 'q',
    opc: '10',
    vector: '1',
    scale: 4,
    load: (b, a) => b.load128(a),
    set: (b, rt, v) => b.setV(rt, v),
    store: store128,
  },
];
type PairFields = '00 101 0 010 0 off:s[6:0] rt2:5 rn:5 rt:5';
for (const { kind, opc, vector, scale, load, set, store } of PAIRS) {
  const register = kind === 'sw' ? 'x' : kind;
  const bytes = 1 << scale;
  const modes = [
    ['np', '000', '[{rn:xsp}{off:offset}]'],
    ['post', '001', '[{rn:xsp}], {off:dec}'],
    ['', '010', '[{rn:xsp}{off:offset}]'],
    ['pre', '011', '[{rn:xsp}, {off:dec}]!'],
  ] as const;
  for (const isLoad of [true, false]) {
    if (!isLoad && store === undefined) continue;
    for (const [mode, bits, place] of modes) {
      if (kind === 'sw' && mode === 'np') continue;
      const verb = `${isLoad ? 'ld' : 'st'}${mode === 'np' ? 'n' : ''}p${kind === 'sw' ? 'sw' : ''}`;
      row(
        `${verb}.${kind}${mode === '' || mode === 'np' ? '' : `.${mode}`}`,
        `${opc} 101 ${vector} ${bits} ${isLoad ? 1 : 0} off:s[${scale + 6}:${scale}] rt2:5 rn:5 rt:5` as PairFields,
        `{rt:${register}}, {rt2:${register}}, ${place}` as '{rt:x}, {rt2:x}, [{rn:xsp}{off:offset}]',
        (b, o) => {
          const base = b.x(o.rn);
          const moved = b.add(base, b.operand(o.off));
          const first = mode === 'post' ? base : moved;
          const second =
            mode === 'post' ? b.add(base, b.const(bytes)) : b.add(base, b.add(b.operand(o.off), b.const(bytes)));
          if (isLoad) {
            const values = [load(b, first), load(b, second)];
            set(b, o.rt, values[0]);
            set(b, o.rt2, values[1]);
          } else {
            store?.(b, o.rt, first);
            store?.(b, o.rt2, second);
          }
          if (mode === 'post' || mode === 'pre') b.setX(o.rn, moved);
        },
        { mnemonic: verb },
      );
    }
  }
}

// Exclusive and ordered.

const EXCLUSIVES = [
  ['b', '00', 8, 'w'],
  ['h', '01', 16, 'w'],
  ['', '10', 32, 'w'],
  ['', '11', 64, 'x'],
] as const;
for (const [letter, size, width, r] of EXCLUSIVES) {
  const suffix = letter === '' ? `.${r}` : '';
  const at = `{rt:${r}}, [{rn:xsp}]` as const;
  row(
    `ldxr${letter}${suffix}`,
    `${size} 0010000 1 0 _:5 0 _:5 rn:5 rt:5`,
    at,
    (b, o) => b.setX(o.rt, b.loadExclusive(width, b.x(o.rn))),
    { mnemonic: `ldxr${letter}` },
  );
  row(
    `ldaxr${letter}${suffix}`,
    `${size} 0010000 1 0 _:5 1 _:5 rn:5 rt:5`,
    at,
    (b, o) => b.setX(o.rt, b.loadExclusive(width, b.x(o.rn))),
    { mnemonic: `ldaxr${letter}` },
  );
  const status = `{rs:w}, {rt:${r}}, [{rn:xsp}]` as const;
  row(
    `stxr${letter}${suffix}`,
    `${size} 0010000 0 0 rs:5 0 _:5 rn:5 rt:5`,
    status,
    (b, o) => b.setX(o.rs, b.storeExclusive(width, b.x(o.rn), b.x(o.rt))),
    { mnemonic: `stxr${letter}` },
  );
  row(
    `stlxr${letter}${suffix}`,
    `${size} 0010000 0 0 rs:5 1 _:5 rn:5 rt:5`,
    status,
    (b, o) => b.setX(o.rs, b.storeExclusive(width, b.x(o.rn), b.x(o.rt))),
    { mnemonic: `stlxr${letter}` },
  );
  for (const [name, o0] of [
    ['ldlar', '0'],
    ['ldar', '1'],
  ] as const) {
    row(
      `${name}${letter}${suffix}`,
      `${size} 0010001 1 0 _:5 ${o0} _:5 rn:5 rt:5`,
      at,
      (b, o) => b.setX(o.rt, b.loadAcquire(width, b.x(o.rn))),
      { mnemonic: `${name}${letter}` },
    );
  }
  for (const [name, o0] of [
    ['stllr', '0'],
    ['stlr', '1'],
  ] as const) {
    row(
      `${name}${letter}${suffix}`,
      `${size} 0010001 0 0 _:5 ${o0} _:5 rn:5 rt:5`,
      at,
      (b, o) => {
        b.storeRelease(width, b.x(o.rn), b.x(o.rt));
      },
      { mnemonic: `${name}${letter}` },
    );
  }
}

// Weaker acquiring (RCpc), which a stronger one satisfies.
for (const [letter, size, width, r] of EXCLUSIVES) {
  const suffix = letter === '' ? `.${r}` : '';
  lrcpc.row(
    `ldapr${letter}${suffix}`,
    `${size} 111 0 00 101 11111 1 100 00 rn:5 rt:5`,
    `{rt:${r}}, [{rn:xsp}]`,
    (b, o) => b.setX(o.rt, b.loadAcquire(width, b.x(o.rn))),
    { mnemonic: `ldapr${letter}` },
  );
  const at = `{rt:${r}}, [{rn:xsp}{off:offset}]` as const;
  lrcpc2.row(
    `stlur${letter}${suffix}`,
    `${size} 011001 00 0 off:s[8:0] 00 rn:5 rt:5`,
    at,
    (b, o) => b.storeRelease(width, b.offset(o.rn, o.off), b.x(o.rt)),
    { mnemonic: `stlur${letter}` },
  );
  lrcpc2.row(
    `ldapur${letter}${suffix}`,
    `${size} 011001 01 0 off:s[8:0] 00 rn:5 rt:5`,
    at,
    (b, o) => b.setX(o.rt, b.loadAcquire(width, b.offset(o.rn, o.off))),
    { mnemonic: `ldapur${letter}` },
  );
}
for (const [letter, size, width, opc, to] of [
  ['b', '00', 8, '10', 64],
  ['b', '00', 8, '11', 32],
  ['h', '01', 16, '10', 64],
  ['h', '01', 16, '11', 32],
  ['w', '10', 32, '10', 64],
] as const) {
  const r = to === 64 ? 'x' : 'w';
  lrcpc2.row(
    `ldapurs${letter}.${r}`,
    `${size} 011001 ${opc} 0 off:s[8:0] 00 rn:5 rt:5`,
    `{rt:${r}}, [{rn:xsp}{off:offset}]`,
    (b, o) => b.setR(o.rt, to, b.signed(b.loadAcquire(width, b.offset(o.rn, o.off)), width)),
    { mnemonic: `ldapurs${letter}` },
  );
}

// Exclusive pairs: two words are one access of 64 bits.
for (const [order, o0] of [
  ['', '0'],
  ['a', '1'],
] as const) {
  const loads = `ld${order}xp`;
  row(
    `${loads}.w`,
    `10 0010000 1 1 _:5 ${o0} rt2:5 rn:5 rt:5`,
    '{rt:w}, {rt2:w}, [{rn:xsp}]',
    (b, o) => {
      const both = b.loadExclusive(64, b.x(o.rn));
      b.setR(o.rt, 32, both);
      b.setX(o.rt2, b.shr(both, 32));
    },
    { mnemonic: loads },
  );
  row(
    `${loads}.x`,
    `11 0010000 1 1 _:5 ${o0} rt2:5 rn:5 rt:5`,
    '{rt:x}, {rt2:x}, [{rn:xsp}]',
    (b, o) => {
      const values = b.loadExclusivePair(b.x(o.rn));
      b.setX(o.rt, values[0]);
      b.setX(o.rt2, values[1]);
    },
    { mnemonic: loads },
  );
  const stores = `st${order === '' ? '' : 'l'}xp`;
  row(
    `${stores}.w`,
    `10 0010000 0 1 rs:5 ${o0} rt2:5 rn:5 rt:5`,
    '{rs:w}, {rt:w}, {rt2:w}, [{rn:xsp}]',
    (b, o) => b.setX(o.rs, b.storeExclusive(64, b.x(o.rn), pairOf(b, b.x(o.rt), b.x(o.rt2)))),
    { mnemonic: stores },
  );
  row(
    `${stores}.x`,
    `11 0010000 0 1 rs:5 ${o0} rt2:5 rn:5 rt:5`,
    '{rs:w}, {rt:x}, {rt2:x}, [{rn:xsp}]',
    (b, o) => b.setX(o.rs, b.storeExclusivePair(b.x(o.rn), [b.x(o.rt), b.x(o.rt2)])),
    { mnemonic: stores },
  );
}

/** Two words as a doubleword, the first below. */
function pairOf(b: Aarch64Builder, first: Value, second: Value): Value {
  return b.or(b.low(first, 32), b.shl(second, 32));
}

/** The operation of the LSE atomics by o3 and opc; `ldclr` clears the bits of its operand, which `and` has inverted. */
const ATOMICS: readonly (readonly [name: string, bits: string, op: AmoOp])[] = [
  ['ldadd', '0000', 'add'],
  ['ldclr', '0001', 'and'],
  ['ldeor', '0010', 'xor'],
  ['ldset', '0011', 'or'],
  ['ldsmax', '0100', 'max_s'],
  ['ldsmin', '0101', 'min_s'],
  ['ldumax', '0110', 'max_u'],
  ['ldumin', '0111', 'min_u'],
  ['swp', '1000', 'swap'],
];
const ORDERS = [
  ['', '0', '0'],
  ['l', '0', '1'],
  ['a', '1', '0'],
  ['al', '1', '1'],
] as const;
for (const [letter, size, width, r] of EXCLUSIVES) {
  const suffix = letter === '' ? `.${r}` : '';
  for (const [order, a, release] of ORDERS) {
    for (const [name, bits, op] of ATOMICS) {
      lse.row(
        `${name}${order}${letter}${suffix}`,
        `${size} 111 0 00 ${a}${release} 1 rs:5 ${bits} 00 rn:5 rt:5` as '00 111 0 00 00 1 rs:5 0000 00 rn:5 rt:5',
        `{rs:${r}}, {rt:${r}}, [{rn:xsp}]`,
        (b, o) => {
          const value = name === 'ldclr' ? b.not(b.x(o.rs)) : b.x(o.rs);
          b.setX(o.rt, b.atomic(op, width, b.x(o.rn), value));
        },
        { mnemonic: `${name}${order}${letter}` },
      );
    }
    // Rs is read and written: xzr reads as zero, and its write goes nowhere, so it has a row of its own.
    const cas = `cas${order}${letter}`;
    lse.row(
      `${cas}${suffix}`,
      `${size} 0010001 ${a} 1 rs:5 ${release} 11111 rn:5 rt:5`,
      `{rs:${r}}, {rt:${r}}, [{rn:xsp}]`,
      (b, o) => b.setX(o.rs, b.compareAndSwap(width, b.x(o.rn), b.x(o.rs), b.x(o.rt))),
      { mnemonic: cas },
    );
    lse.row(
      `${cas}${suffix}.zr`,
      `${size} 0010001 ${a} 1 11111 ${release} 11111 rn:5 rt:5`,
      `${r}zr, {rt:${r}}, [{rn:xsp}]`,
      (b, o) => {
        b.compareAndSwap(width, b.x(o.rn), b.const(0), b.x(o.rt));
      },
      { mnemonic: cas },
    );
  }
}

// CASP: pairs of registers that begin with an even one. With x30 the second is xzr, which is read as zero and not written.
for (const [order, a, release] of ORDERS) {
  const mnemonic = `casp${order}`;
  const head = (size: '0' | '1') => `0 ${size} 0010000 ${a} 1` as const;
  const options = { mnemonic, when: 'rs even; rt even' } as const;
  lse.row(
    `${mnemonic}.w`,
    `${head('0')} rs&rs2:5 ${release} 11111 rn:5 rt&rt2:5`,
    '{rs:w}, {rs2:wnext}, {rt:w}, {rt2:wnext}, [{rn:xsp}]',
    (b, o) => {
      const wanted = pairOf(b, b.x(o.rs), b.x(o.rs2));
      const old = b.compareAndSwap(64, b.x(o.rn), wanted, pairOf(b, b.x(o.rt), b.x(o.rt2)));
      b.setR(o.rs, 32, old);
      b.setX(o.rs2, b.shr(old, 32));
    },
    options,
  );
  lse.row(
    `${mnemonic}.w.30`,
    `${head('0')} 11110 ${release} 11111 rn:5 rt&rt2:5`,
    'w30, wzr, {rt:w}, {rt2:wnext}, [{rn:xsp}]',
    (b, o) => {
      const wanted = b.low(b.link(), 32);
      const old = b.compareAndSwap(64, b.x(o.rn), wanted, pairOf(b, b.x(o.rt), b.x(o.rt2)));
      b.setLink(b.low(old, 32));
    },
    { mnemonic, when: 'rt even' },
  );
  lse.row(
    `${mnemonic}.x`,
    `${head('1')} rs&rs2:5 ${release} 11111 rn:5 rt&rt2:5`,
    '{rs:x}, {rs2:xnext}, {rt:x}, {rt2:xnext}, [{rn:xsp}]',
    (b, o) => {
      const old = b.compareAndSwapPair(b.x(o.rn), [b.x(o.rs), b.x(o.rs2)], [b.x(o.rt), b.x(o.rt2)]);
      b.setX(o.rs, old[0]);
      b.setX(o.rs2, old[1]);
    },
    options,
  );
  lse.row(
    `${mnemonic}.x.30`,
    `${head('1')} 11110 ${release} 11111 rn:5 rt&rt2:5`,
    'x30, xzr, {rt:x}, {rt2:xnext}, [{rn:xsp}]',
    (b, o) => {
      const old = b.compareAndSwapPair(b.x(o.rn), [b.link(), b.const(0)], [b.x(o.rt), b.x(o.rt2)]);
      b.setLink(old[0]);
    },
    { mnemonic, when: 'rt even' },
  );
}
