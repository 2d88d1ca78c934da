/**
 * Pointer authentication (Arm ARM, D8.10): a pointer is signed with a code made of its address, a modifier and a key,
 * which bits of the pointer take that addresses have no use for; authentication takes it out again, or, if it is not
 * what signing gives, makes the pointer one that no access can use.
 *
 * The code is of our own making (which ID_AA64ISAR1_EL1.API allows); keys are the process's.
 */
import type { Value } from '../../ir.ts';
import { type Operand, rowsOf } from '../../row.ts';
import type { Aarch64Builder } from '../builder.ts';
import { POINTER_CODE as CODE, AARCH64_STATE as STATE } from '../state.ts';

const { row, rows } = rowsOf<Aarch64Builder>('PAuth');
export const pauthRows = rows;

const X16 = STATE.x + 8 * 16;
const X17 = STATE.x + 8 * 17;

const KEYS = ['ia', 'ib', 'da', 'db'] as const;
type Key = (typeof KEYS)[number];
/** Where a key's two halves are. */
const keyAt = (key: Key | 'ga'): number => STATE.keys + 16 * [...KEYS, 'ga'].indexOf(key);

const [ODD, OTHER_ODD] = [0x9fb2_1c65_1e98_df25n, 0xd6e8_feb8_6659_fd93n];

/** 64 bits of which each depends on all of the inputs. */
function mix(b: Aarch64Builder, value: Value, modifier: Value): Value {
  const round = (a: Value, factor: bigint): Value => {
    const product = b.op('mul', a, b.const(factor));
    return b.xor(product, b.shr(product, 29));
  };
  const first = round(b.xor(value, b.cell(keyAt('ga'), 8)), ODD);
  const second = round(b.xor(b.add(first, modifier), b.cell(keyAt('ga') + 8, 8)), OTHER_ODD);
  return round(second, ODD);
}

/** A pointer without its code: bit 55 in its place. */
function stripped(b: Aarch64Builder, pointer: Value): Value {
  const isHigh = b.op('ne', b.and(pointer, b.const(1n << 55n)), b.const(0));
  return b.select(isHigh, b.or(pointer, b.const(CODE)), b.and(pointer, b.const(~CODE)));
}
/** Seven bits: of products by odd numbers the highest depend on all of the address's 48 and of the modifier's. */
function code(b: Aarch64Builder, key: Key, pointer: Value, modifier: Value): Value {
  const ofPointer = b.op('mul', b.xor(b.shl(pointer, 16), b.cell(keyAt(key), 8)), b.const(ODD));
  const ofModifier = b.op('mul', b.xor(modifier, b.cell(keyAt(key) + 8, 8)), b.const(OTHER_ODD));
  return b.and(b.shr(b.add(ofPointer, ofModifier), 9), b.const(CODE));
}
/** What a key makes of a pointer: nothing, where it is off (prctl(2), PR_PAC_SET_ENABLED_KEYS). */
function ifEnabled(b: Aarch64Builder, key: Key, pointer: Value, made: Value): Value {
  const off = b.and(b.cell(STATE.disabledKeys, 8), b.const(1 << KEYS.indexOf(key)));
  return b.select(b.op('eqz', off), made, pointer);
}
/** AddPAC. Of a pointer that is not canonical, bits 48 to 55 not being all the same, no code is right. */
function signed(b: Aarch64Builder, key: Key, pointer: Value, modifier: Value): Value {
  const changes = b.and(b.xor(pointer, b.shr(pointer, 1)), b.const(CODE));
  const wrong = b.shl(b.op('extend', b.op('ne', changes, b.const(0))), 54);
  const made = b.xor(code(b, key, pointer, modifier), wrong);
  return ifEnabled(b, key, pointer, b.or(b.and(pointer, b.const(~CODE)), made));
}
/** Auth: an error code in bits 53 and 54, which tells the key's kind, if the code is wrong. */
function authenticated(b: Aarch64Builder, key: Key, pointer: Value, modifier: Value): Value {
  const plain = stripped(b, pointer);
  const isRight = b.op('eq', b.and(pointer, b.const(CODE)), code(b, key, pointer, modifier));
  const error = key.endsWith('a') ? 1n : 2n;
  const wrong = b.or(b.and(plain, b.const(~(3n << 53n))), b.const(error << 53n));
  return ifEnabled(b, key, pointer, b.select(isRight, plain, wrong));
}

const VERBS = [
  ['pac', '0', signed],
  ['aut', '1', authenticated],
] as const;
const BITS = { ia: '00', ib: '01', da: '10', db: '11' } as const;
const zero = (b: Aarch64Builder): Value => b.const(0);

for (const [verb, isAut, apply] of VERBS) {
  for (const key of KEYS) {
    row(`${verb}${key}`, `1101101011000001 000${isAut}${BITS[key]} rn:5 rd:5`, '{rd:x}, {rn:xsp}', (b, o) =>
      b.setX(o.rd, apply(b, key, b.x(o.rd), b.x(o.rn))),
    );
    const withZero = verb + key.replace(/(.)$/, 'z$1');
    row(withZero, `1101101011000001 001${isAut}${BITS[key]} 11111 rd:5`, '{rd:x}', (b, o) =>
      b.setX(o.rd, apply(b, key, b.x(o.rd), zero(b))),
    );
  }
  // In the space of hints: of x30, or of x17 with x16.
  for (const [letter, key, bit] of [
    ['a', 'ia', '0'],
    ['b', 'ib', '1'],
  ] as const) {
    const hint = (crm: string, op2: string) =>
      `1101010100 0 00 011 0010 ${crm} ${op2} 11111` as '1101010100 0 00 011 0010 0011 000 11111';
    row(`${verb}i${letter}1716`, hint('0001', `${isAut}${bit}0`), '', (b) =>
      b.setCell(X17, 8, apply(b, key, b.cell(X17, 8), b.cell(X16, 8))),
    );
    row(`${verb}i${letter}z`, hint('0011', `${isAut}${bit}0`), '', (b) => b.setLink(apply(b, key, b.link(), zero(b))));
    row(`${verb}i${letter}sp`, hint('0011', `${isAut}${bit}1`), '', (b) =>
      b.setLink(apply(b, key, b.link(), b.cell(STATE.sp, 8))),
    );
  }
}
row('xpaclri', '1101010100 0 00 011 0010 0000 111 11111', '', (b) => b.setLink(stripped(b, b.link())));
row('xpaci', '1101101011000001 010000 11111 rd:5', '{rd:x}', (b, o) => b.setX(o.rd, stripped(b, b.x(o.rd))));
row('xpacd', '1101101011000001 010001 11111 rd:5', '{rd:x}', (b, o) => b.setX(o.rd, stripped(b, b.x(o.rd))));
row('pacga', '10011010110 rm:5 001100 rn:5 rd:5', '{rd:x}, {rn:x}, {rm:xsp}', (b, o) =>
  b.setX(o.rd, b.and(mix(b, b.x(o.rn), b.x(o.rm)), b.const(0xffff_ffff_0000_0000n))),
);

// Branches and loads.
for (const [letter, key, m, dataKey] of [
  ['a', 'ia', '0', 'da'],
  ['b', 'ib', '1', 'db'],
] as const) {
  const target = (b: Aarch64Builder, rn: Operand, modifier: Value) => authenticated(b, key, b.x(rn), modifier);
  const call = (b: Aarch64Builder, address: Value) => {
    b.setLink(b.next());
    b.branchTo(address);
  };
  row(`bra${letter}`, `1101011 1000 11111 00001 ${m} rn:5 rm:5`, '{rn:x}, {rm:xsp}', (b, o) =>
    b.branchTo(target(b, o.rn, b.x(o.rm))),
  );
  row(`bra${letter}z`, `1101011 0000 11111 00001 ${m} rn:5 11111`, '{rn:x}', (b, o) =>
    b.branchTo(target(b, o.rn, zero(b))),
  );
  row(`blra${letter}`, `1101011 1001 11111 00001 ${m} rn:5 rm:5`, '{rn:x}, {rm:xsp}', (b, o) =>
    call(b, target(b, o.rn, b.x(o.rm))),
  );
  row(`blra${letter}z`, `1101011 0001 11111 00001 ${m} rn:5 11111`, '{rn:x}', (b, o) =>
    call(b, target(b, o.rn, zero(b))),
  );
  row(`reta${letter}`, `1101011 0010 11111 00001 ${m} 11111 11111`, '', (b) =>
    b.branchTo(authenticated(b, key, b.link(), b.cell(STATE.sp, 8))),
  );
  const base = (b: Aarch64Builder, { rn, off }: { rn: Operand; off: Operand }) =>
    b.add(authenticated(b, dataKey, b.x(rn), zero(b)), b.operand(off));
  const fields = `11 111 0 00 ${m} off:s[12] 1 off:s[11:3]` as const;
  row(`ldra${letter}`, `${fields} 0 1 rn:5 rt:5`, '{rt:x}, [{rn:xsp}{off:offset}]', (b, o) =>
    b.setX(o.rt, b.load(base(b, o), 64, false)),
  );
  row(
    `ldra${letter}.pre`,
    `${fields} 1 1 rn:5 rt:5`,
    '{rt:x}, [{rn:xsp}, {off:dec}]!',
    (b, o) => {
      const address = base(b, o);
      b.setX(o.rt, b.load(address, 64, false));
      b.setX(o.rn, address);
    },
    { mnemonic: `ldra${letter}` },
  );
}
