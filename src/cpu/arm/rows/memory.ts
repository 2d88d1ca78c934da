/** Loads and stores: Arm ARM, F4.1.3, F4.1.4 ("Load/store …") and their like in F3.1. */
import type { Value, Width } from '../../ir.ts';
import type { Operand } from '../../row.ts';
import type { A32Builder } from '../builder.ts';
import { a32, a32Always, type Effect, type Operands, t32 } from './define.ts';

/** What is transferred: `ldrsb` and so on. */
interface Access {
  name: string;
  isLoad: boolean;
  width: Width;
  isSigned?: boolean;
}
const WORD_STORE: Access = { name: 'str', isLoad: false, width: 32 };
const WORD_LOAD: Access = { name: 'ldr', isLoad: true, width: 32 };
const BYTE_STORE: Access = { name: 'strb', isLoad: false, width: 8 };
const BYTE_LOAD: Access = { name: 'ldrb', isLoad: true, width: 8 };
const HALF_STORE: Access = { name: 'strh', isLoad: false, width: 16 };
const HALF_LOAD: Access = { name: 'ldrh', isLoad: true, width: 16 };
const SIGNED_BYTE: Access = { name: 'ldrsb', isLoad: true, width: 8, isSigned: true };
const SIGNED_HALF: Access = { name: 'ldrsh', isLoad: true, width: 16, isSigned: true };

/** P and W: before or after, with writeback or without. LDRT and the like are as post-indexed ones to user programs. */
const MODES = [
  ['offset', '1', '0', ''],
  ['pre', '1', '1', ''],
  ['post', '0', '0', ''],
  ['post', '0', '1', 't'],
] as const;
type Mode = (typeof MODES)[number][0];

/** How an address is written. */
function addressText(mode: Mode, offset: string): string {
  if (mode === 'post') return `[{rn:r}], ${offset}`;
  return mode === 'pre' ? `[{rn:r}, ${offset}]!` : `[{rn:r}, ${offset}]`;
}

/** The address of the access; then writes the base, which an access that faults must not have done. */
function addressed(
  b: A32Builder,
  rn: Operand,
  mode: Mode,
  offset: Value,
  base: Value,
): { address: Value; finish: () => void } {
  const moved = b.word(b.add(base, offset));
  const address = mode === 'post' ? base : moved;
  return {
    address,
    finish: () => {
      if (mode !== 'offset') b.setR(rn, moved);
    },
  };
}

/** One register. */
function transfer(access: Access, mode: Mode, offset: (b: A32Builder, o: Operands) => Value): Effect {
  return (b, o) => {
    const { address, finish } = addressed(b, o.rn, mode, offset(b, o), b.r(o.rn));
    if (!access.isLoad) {
      b.store(address, b.r(o.rt), access.width);
      finish();
      return;
    }
    const value = b.loadOf(address, access.width, access.isSigned === true);
    finish();
    b.setR(o.rt, value);
  };
}
/** A load of the PC. */
const loadPc =
  (mode: Mode, offset: (b: A32Builder, o: Operands) => Value): Effect =>
  (b, o) => {
    const { address, finish } = addressed(b, o.rn, mode, offset(b, o), b.r(o.rn));
    const target = b.loadWord(address);
    finish();
    b.interwork(target);
  };

const signedOffset = (b: A32Builder, u: string, value: Value): Value => (u === '1' ? value : b.negative(value));
const conditions = (...parts: (string | undefined | false)[]): string => parts.filter(Boolean).join('; ');

// A32, words and bytes.
for (const [access, byte, load] of [
  [WORD_STORE, '0', '0'],
  [WORD_LOAD, '0', '1'],
  [BYTE_STORE, '1', '0'],
  [BYTE_LOAD, '1', '1'],
] as const) {
  for (const [mode, p, w, user] of MODES) {
    for (const u of ['0', '1']) {
      const sign = u === '1' ? '' : '-';
      for (const form of ['imm', 'reg'] as const) {
        const offset = (b: A32Builder, o: Operands): Value =>
          signedOffset(
            b,
            u,
            form === 'imm'
              ? b.operand(o.imm)
              : b.shiftImmediate(b.r(o.rm), b.and(b.operand(o.sa), b.const(3)), b.shr(b.operand(o.sa), 2)).value,
          );
        const low = form === 'imm' ? 'imm:12' : 'sa:u[6:2] sa:u[1:0] 0 rm:4';
        const text = form === 'imm' ? `{imm:offset${u}}` : `${sign}{rm:r}{sa:shift}`;
        const encoding = `01${form === 'imm' ? '0' : '1'} ${p} ${u} ${byte} ${w} ${load} rn:4 rt:4 ${low}`;
        const name = `${access.name}${user}.${mode}.${form}.${u}`;
        const mnemonic = access.name + user;
        const base = conditions(
          mode !== 'offset' && 'rn!=15',
          mode !== 'offset' && 'rn!=rt',
          form === 'reg' && 'rm!=15',
        );
        const isWordLoad = access === WORD_LOAD;
        const notPc = access === WORD_STORE ? '' : 'rt!=15';
        a32(name, encoding, `{rt:r}, ${addressText(mode, text)}`, transfer(access, mode, offset), {
          mnemonic,
          when: conditions(base, notPc),
        });
        if (isWordLoad && user === '') {
          a32(`${name}.pc`, encoding, `{rt:r}, ${addressText(mode, text)}`, loadPc(mode, offset), {
            mnemonic,
            when: conditions(base, 'rt=15'),
            jumps: true,
          });
        }
      }
    }
  }
}

// A32, halfwords, signed ones, and pairs.
for (const [access, load, op] of [
  [HALF_STORE, '0', '01'],
  [HALF_LOAD, '1', '01'],
  [SIGNED_BYTE, '1', '10'],
  [SIGNED_HALF, '1', '11'],
  [{ name: 'ldrd', isLoad: true, width: 64 }, '0', '10'],
  [{ name: 'strd', isLoad: false, width: 64 }, '0', '11'],
] as const satisfies readonly (readonly [Access, string, string])[]) {
  for (const [mode, p, w, user] of MODES) {
    if (access.width === 64 && user !== '') continue;
    for (const u of ['0', '1']) {
      for (const form of ['imm', 'reg'] as const) {
        const offset = (b: A32Builder, o: Operands): Value =>
          signedOffset(b, u, form === 'imm' ? b.operand(o.imm) : b.r(o.rm));
        const [high, low] = form === 'imm' ? ['imm:u[7:4]', 'imm:u[3:0]'] : ['0000', 'rm:4'];
        const text = form === 'imm' ? `{imm:offset${u}}` : `${u === '1' ? '' : '-'}{rm:r}`;
        const isPair = access.width === 64;
        const rt = isPair ? 'rt&rt2:4' : 'rt:4';
        const registers = isPair ? '{rt:r}, {rt2:rnext}' : '{rt:r}';
        a32(
          `${access.name}${user}.${mode}.${form}.${u}`,
          `000 ${p} ${u} ${form === 'imm' ? '1' : '0'} ${w} ${load} rn:4 ${rt} ${high} 1 ${op} 1 ${low}`,
          `${registers}, ${addressText(mode, text)}`,
          isPair ? transferPair(access.isLoad, mode, offset) : transfer(access, mode, offset),
          {
            mnemonic: access.name + user,
            when: conditions(
              mode !== 'offset' && 'rn!=15',
              mode !== 'offset' && 'rn!=rt',
              form === 'reg' && 'rm!=15',
              isPair ? 'rt even' : 'rt!=15',
              isPair && 'rt!=14',
              isPair && access.isLoad && form === 'reg' && 'rm!=rt',
            ),
          },
        );
      }
    }
  }
}

function transferPair(
  isLoad: boolean,
  mode: Mode,
  offset: (b: A32Builder, o: Operands) => Value,
  align = false,
): Effect {
  return (b, o) => {
    const base = align ? b.pcAligned() : b.r(o.rn);
    const { address, finish } = addressed(b, o.rn, mode, offset(b, o), base);
    const second = b.add(address, b.const(4));
    if (isLoad) {
      const values = [b.loadWord(address), b.loadWord(second)];
      finish();
      b.setR(o.rt, values[0]);
      b.setR(o.rt2, values[1]);
    } else {
      b.store(address, b.r(o.rt), 32);
      b.store(second, b.r(o.rt2), 32);
      finish();
    }
  };
}

/** What a load into the PC is that is none. */
const HINTS: Readonly<Record<string, string>> = { ldrb: 'pld', ldrh: 'pldw', ldrsb: 'pli', ldrsh: 'nop' };

// T32.
for (const [access, sign, size] of [
  [BYTE_STORE, '0', '00'],
  [HALF_STORE, '0', '01'],
  [WORD_STORE, '0', '10'],
  [BYTE_LOAD, '0', '00'],
  [HALF_LOAD, '0', '01'],
  [WORD_LOAD, '0', '10'],
  [SIGNED_BYTE, '1', '00'],
  [SIGNED_HALF, '1', '01'],
] as const) {
  const load = access.isLoad ? '1' : '0';
  const isWord = access === WORD_LOAD;
  const mnemonic = `${access.name}.w`;
  const notPc = access === WORD_LOAD || access === WORD_STORE ? 'rt!=15' : 'rt!=13,15';
  const imm = (b: A32Builder, o: Operands): Value => b.operand(o.imm);
  const minus = (b: A32Builder, o: Operands): Value => b.negative(b.operand(o.imm));
  const index = (b: A32Builder, o: Operands): Value => b.shl(b.r(o.rm), b.operand(o.sa));
  type Form = readonly [
    name: string,
    encoding: string,
    text: string,
    mode: Mode,
    (b: A32Builder, o: Operands) => Value,
    string?,
  ];
  const forms: Form[] = [
    ['imm12', `1 ${size} ${load} rn:4 rt:4 imm:12`, addressText('offset', '{imm:hash}'), 'offset', imm],
    [
      'reg',
      `0 ${size} ${load} rn:4 rt:4 000000 sa:2 rm:4`,
      addressText('offset', '{rm:r}{sa:lslShift}'),
      'offset',
      index,
      'rm!=13,15',
    ],
    ['minus', `0 ${size} ${load} rn:4 rt:4 1100 imm:8`, addressText('offset', '{imm:offset0}'), 'offset', minus],
    ['user', `0 ${size} ${load} rn:4 rt:4 1110 imm:8`, addressText('offset', '{imm:hash}'), 'offset', imm],
    ['pre.0', `0 ${size} ${load} rn:4 rt:4 1101 imm:8`, addressText('pre', '{imm:offset0}'), 'pre', minus, 'rn!=rt'],
    ['pre.1', `0 ${size} ${load} rn:4 rt:4 1111 imm:8`, addressText('pre', '{imm:offset1}'), 'pre', imm, 'rn!=rt'],
    ['post.0', `0 ${size} ${load} rn:4 rt:4 1001 imm:8`, addressText('post', '{imm:offset0}'), 'post', minus, 'rn!=rt'],
    ['post.1', `0 ${size} ${load} rn:4 rt:4 1011 imm:8`, addressText('post', '{imm:offset1}'), 'post', imm, 'rn!=rt'],
  ];
  for (const [form, rest, text, mode, offset, when] of forms) {
    const name = form === 'user' ? `${access.name}t` : mnemonic;
    const encoding = `1111100${sign} ${rest}`;
    t32(`${mnemonic}.${form}`, encoding, `{rt:r}, ${text}`, transfer(access, mode, offset), {
      mnemonic: name,
      when: conditions('rn!=15', form === 'user' ? 'rt!=13,15' : notPc, when),
    });
    if (isWord && form !== 'user') {
      t32(`${mnemonic}.${form}.pc`, encoding, `{rt:r}, ${text}`, loadPc(mode, offset), {
        mnemonic: name,
        when: conditions('rn!=15', 'rt=15', when),
      });
    }
    // Loads of bytes and halfwords into the PC are hints: preloads.
    if (access.isLoad && !isWord && mode === 'offset' && form !== 'user') {
      t32(`pld.${access.name}.${form}`, encoding, text, () => {}, {
        mnemonic: HINTS[access.name],
        when: conditions('rt=15', 'rn!=15', when),
      });
    }
  }
  if (!access.isLoad) continue;
  for (const u of ['0', '1']) {
    const literal = (b: A32Builder, o: Operands): Value =>
      b.loadOf(b.add(b.pcAligned(), signedOffset(b, u, b.operand(o.imm))), access.width, access.isSigned === true);
    const encoding = `1111100${sign} ${u} ${size} 1 1111 rt:4 imm:12`;
    const syntax = `{rt:r}, [pc, {imm:offset${u}}]`;
    t32(`${mnemonic}.literal.${u}`, encoding, syntax, (b, o) => b.setR(o.rt, literal(b, o)), { mnemonic, when: notPc });
    if (isWord) {
      t32(`${mnemonic}.literal.${u}.pc`, encoding, syntax, (b, o) => b.interwork(literal(b, o)), {
        mnemonic,
        when: 'rt=15',
      });
    } else {
      t32(`pld.${access.name}.literal.${u}`, encoding, syntax.replace('{rt:r}, ', ''), () => {}, {
        mnemonic: HINTS[access.name],
        when: 'rt=15',
      });
    }
  }
}

for (const [name, load] of [
  ['strd', '0'],
  ['ldrd', '1'],
] as const) {
  for (const [mode, p, w, user] of MODES) {
    if (mode === 'post' && user === '') continue;
    for (const u of ['0', '1']) {
      const offset = (b: A32Builder, o: Operands): Value => signedOffset(b, u, b.shl(b.operand(o.imm), 2));
      const encoding = (rn: string): string => `1110100 ${p} ${u} 1 ${w} ${load} ${rn} rt:4 rt2:4 imm:8`;
      t32(
        `t.${name}.${mode}.${u}`,
        encoding('rn:4'),
        `{rt:r}, {rt2:r}, ${addressText(mode, `{imm:offset4${u}}`)}`,
        transferPair(load === '1', mode, offset),
        {
          mnemonic: name,
          when: conditions(
            'rn!=15',
            'rt!=13,15',
            'rt2!=13,15',
            load === '1' && 'rt!=rt2',
            mode !== 'offset' && 'rn!=rt,rt2',
          ),
        },
      );
      if (mode === 'offset' && load === '1') {
        t32(
          `t.${name}.literal.${u}`,
          encoding('1111'),
          `{rt:r}, {rt2:r}, [pc, {imm:offset4${u}}]`,
          transferPair(true, 'offset', offset, true),
          {
            mnemonic: name,
            when: 'rt!=13,15; rt2!=13,15; rt!=rt2',
          },
        );
      }
    }
  }
}

// Several registers.

/** How many of the registers below one are in a list. */
const countBelow = (b: A32Builder, list: Operand, register: number): Value => {
  const mask = 2 ** register - 1;
  if (list.value === undefined) return b.op('popcnt', b.and(b.operand(list), b.const(mask)));
  let count = 0;
  for (let rest = list.value & mask; rest !== 0; rest &= rest - 1) count++;
  return b.const(count);
};

interface Multiple {
  isLoad: boolean;
  /** Whether the list reaches upwards, and whether the base itself is left out. */
  up: boolean;
  before: boolean;
  writeback: boolean;
  /** r15 is in the list; `list` is of those below. */
  pc?: boolean;
  /** LR is in the list besides those of `list`. */
  link?: boolean;
  /** The base, if it is no operand. */
  base?: number;
}

/** LDM and STM in all their forms. */
export function multiple(form: Multiple): Effect {
  const { isLoad, up, before, writeback, pc = false, link = false } = form;
  return (b, o) => {
    const isKnown = o.list.value !== undefined;
    const base = b.now2(form.base === undefined ? b.r(o.rn) : b.numbered(form.base));
    const last = (link ? 1 : 0) + (pc ? 1 : 0);
    const below = countBelow(b, o.list, 16);
    const size = b.shl(b.add(below, b.const(last)), 2);
    const start = up ? b.add(base, b.const(before ? 4 : 0)) : b.sub(b.add(base, b.const(before ? 0 : 4)), size);
    const addressOf = (register: number): Value => b.add(start, b.shl(countBelow(b, o.list, register), 2));
    const lastAddress = b.sub(b.add(start, size), b.const(4));
    const moved = b.word(up ? b.add(base, size) : b.sub(base, size));
    const finish = (): void => {
      if (!writeback) return;
      if (form.base === undefined) b.setR(o.rn, moved);
      else b.setNumbered(form.base, moved);
    };
    const registers = Array.from({ length: 16 }, (_, register) => register).filter((register) =>
      o.list.value === undefined ? register < 2 ** 4 && register < o.list.info.width : (o.list.value >> register) & 1,
    );
    if (!isLoad) {
      for (const register of registers) {
        const store = (): void => b.store(addressOf(register), b.numbered(register), 32);
        if (isKnown) store();
        else b.skipUnless(isListed(b, o.list, register), store);
      }
      if (link) b.store(lastAddress, b.numbered(14), 32);
      finish();
      return;
    }
    // Nothing is written before everything has been read: a fault must leave the base as it is.
    if (isKnown) {
      const values = registers.map((register) => b.loadWord(addressOf(register)));
      const target = pc ? b.loadWord(lastAddress) : undefined;
      finish();
      registers.forEach((register, index) => {
        b.setNumbered(register, values[index]);
      });
      if (target) b.interwork(target);
      return;
    }
    b.loadWord(start);
    const target = b.loadWord(lastAddress);
    finish();
    for (const register of registers) {
      b.skipUnless(isListed(b, o.list, register), () => b.setNumbered(register, b.loadWord(addressOf(register))));
    }
    if (pc) b.interwork(target);
  };
}
const isListed = (b: A32Builder, list: Operand, register: number): Value =>
  b.op('ne', b.bit(b.operand(list), register), b.const(0));

for (const [name, load] of [
  ['stm', '0'],
  ['ldm', '1'],
] as const) {
  for (const [suffix, p, u] of [
    ['da', '0', '0'],
    ['ia', '0', '1'],
    ['db', '1', '0'],
    ['ib', '1', '1'],
  ] as const) {
    for (const w of ['0', '1']) {
      const form: Multiple = { isLoad: load === '1', up: u === '1', before: p === '1', writeback: w === '1' };
      const mnemonic = name + (suffix === 'ia' ? '' : suffix);
      const text = `{rn:r}${w === '1' ? '!' : ''}, {list:registers}`;
      const isLoad = load === '1';
      a32(
        `${name}${suffix}.${w}`,
        `100 ${p} ${u} 0 ${w} ${load} rn:4 ${isLoad ? '0 list:15' : 'list:16'}`,
        text,
        multiple(form),
        {
          mnemonic,
          when: 'rn!=15; list!=0',
        },
      );
      if (isLoad) {
        a32(
          `${name}${suffix}.${w}.pc`,
          `100 ${p} ${u} 0 ${w} 1 rn:4 1 list:15`,
          `{rn:r}${w === '1' ? '!' : ''}, {list:registersPc}`,
          multiple({ ...form, pc: true }),
          { mnemonic, when: 'rn!=15', jumps: true },
        );
      }
      if (suffix !== 'ia' && suffix !== 'db') continue;
      const code = suffix === 'ia' ? '01' : '10';
      const encoding = (bit: string): string => `1110100 ${code} 0 ${w} ${load} rn:4 ${bit}`;
      t32(`t.${name}${suffix}.${w}`, encoding('0 list:u[14] 0 list:u[12:0]'), text, multiple(form), {
        mnemonic: `${mnemonic}.w`,
        when: 'rn!=15; list!=0',
      });
      if (isLoad) {
        t32(
          `t.${name}${suffix}.${w}.pc`,
          encoding('1 0 0 list:13'),
          `{rn:r}${w === '1' ? '!' : ''}, {list:registersPc}`,
          multiple({ ...form, pc: true }),
          {
            mnemonic: `${mnemonic}.w`,
            when: 'rn!=15',
          },
        );
      }
    }
  }
}

// Exclusives and the ordered accesses of Armv8.
for (const [letter, a, width, t] of [
  ['', '00', 32, '10'],
  ['d', '01', 64, '11'],
  ['b', '10', 8, '00'],
  ['h', '11', 16, '01'],
] as const) {
  const isPair = width === 64;
  const setLoaded = (b: A32Builder, o: Operands, value: Value): void => {
    b.setR(o.rt, value);
    if (isPair) b.setR(o.rt2, b.shr(value, 32));
  };
  const stored = (b: A32Builder, o: Operands): Value =>
    isPair ? b.or(b.unsigned(b.r(o.rt)), b.shl(b.r(o.rt2), 32)) : b.low(b.r(o.rt), width);
  // Addresses are compared with the one marked: as 32 bits, without a sign.
  const address = (b: A32Builder, o: Operands): Value =>
    b.unsigned(o.imm === undefined ? b.r(o.rn) : b.add(b.r(o.rn), b.shl(b.operand(o.imm), 2)));
  const load: Effect = (b, o) => setLoaded(b, o, b.loadExclusive(width, address(b, o)));
  const store: Effect = (b, o) => b.setR(o.rd, b.storeExclusive(width, address(b, o), stored(b, o)));
  const rt = isPair ? 'rt&rt2:4' : 'rt:4';
  const registers = isPair ? '{rt:r}, {rt2:rnext}' : '{rt:r}';
  const even = isPair ? 'rt even; rt!=14; rn!=15' : 'rt!=15; rn!=15';
  const storeWhen = `${even}; rd!=15,rn,rt`;
  for (const [kind, bits] of [
    ['ex', '11'],
    ['aex', '10'],
  ] as const) {
    const [loadName, storeName] =
      kind === 'ex' ? [`ldrex${letter}`, `strex${letter}`] : [`ldaex${letter}`, `stlex${letter}`];
    a32(loadName, `00011${a}1 rn:4 ${rt} 11${bits} 1001 1111`, `${registers}, [{rn:r}]`, load, { when: even });
    a32(storeName, `00011${a}0 rn:4 rd:4 11${bits} 1001 ${rt}`, `{rd:r}, ${registers}, [{rn:r}]`, store, {
      when: storeWhen,
    });
    if (kind === 'ex' && letter === '') continue;
    const second = isPair ? 'rt2:4' : '1111';
    const size = `${kind === 'ex' ? '01' : '11'}${t}`;
    const thumbRegisters = isPair ? '{rt:r}, {rt2:r}' : '{rt:r}';
    const thumbWhen = isPair ? 'rt!=13,15; rt2!=13,15; rn!=15' : 'rt!=13,15; rn!=15';
    t32(`t.${loadName}`, `11101000 1101 rn:4 rt:4 ${second} ${size} 1111`, `${thumbRegisters}, [{rn:r}]`, load, {
      mnemonic: loadName,
      when: isPair ? `${thumbWhen}; rt!=rt2` : thumbWhen,
    });
    t32(
      `t.${storeName}`,
      `11101000 1100 rn:4 rt:4 ${second} ${size} rd:4`,
      `{rd:r}, ${thumbRegisters}, [{rn:r}]`,
      store,
      {
        mnemonic: storeName,
        when: isPair ? `${thumbWhen}; rd!=13,15,rn,rt,rt2` : `${thumbWhen}; rd!=13,15,rn,rt`,
      },
    );
  }
  if (isPair) continue;
  const acquire: Effect = (b, o) => b.setR(o.rt, b.loadAcquire(width, b.r(o.rn)));
  const release: Effect = (b, o) => b.storeRelease(width, b.r(o.rn), b.r(o.rt));
  a32(`lda${letter}`, `00011${a}1 rn:4 rt:4 1100 1001 1111`, '{rt:r}, [{rn:r}]', acquire, { when: even });
  a32(`stl${letter}`, `00011${a}0 rn:4 1111 1100 1001 rt:4`, '{rt:r}, [{rn:r}]', release, { when: even });
  t32(`t.lda${letter}`, `11101000 1101 rn:4 rt:4 1111 10${t} 1111`, '{rt:r}, [{rn:r}]', acquire, {
    mnemonic: `lda${letter}`,
    when: 'rt!=13,15; rn!=15',
  });
  t32(`t.stl${letter}`, `11101000 1100 rn:4 rt:4 1111 10${t} 1111`, '{rt:r}, [{rn:r}]', release, {
    mnemonic: `stl${letter}`,
    when: 'rt!=13,15; rn!=15',
  });
  if (letter !== '') continue;
  t32('t.ldrex', '11101000 0101 rn:4 rt:4 1111 imm:8', '{rt:r}, [{rn:r}, {imm:hash4}]', load, {
    mnemonic: 'ldrex',
    when: 'rt!=13,15; rn!=15',
  });
  t32('t.strex', '11101000 0100 rn:4 rt:4 rd:4 imm:8', '{rd:r}, {rt:r}, [{rn:r}, {imm:hash4}]', store, {
    mnemonic: 'strex',
    when: 'rt!=13,15; rn!=15; rd!=13,15,rn,rt',
  });
}
const clear: Effect = (b) => b.clearExclusive();
a32Always('clrex', '1111 01010111 1111 1111 0000 0001 1111', '', clear);
t32('t.clrex', '11110011 1011 1111 1000 1111 0010 1111', '', clear, { mnemonic: 'clrex' });

// Preloads of A32.
for (const [name, bits] of [
  ['pld', '0101'],
  ['pldw', '0101'],
  ['pli', '0100'],
] as const) {
  const r = name === 'pldw' ? '0' : '1';
  for (const u of ['0', '1']) {
    a32Always(
      `${name}.imm.${u}`,
      `1111 ${bits} ${u} ${r} 01 rn:4 1111 imm:12`,
      `[{rn:r}, {imm:offset${u}}]`,
      () => {},
      { mnemonic: name },
    );
    a32Always(
      `${name}.reg.${u}`,
      `1111 ${bits.replace('010', '011')} ${u} ${r} 01 rn:4 1111 sa:7 0 rm:4`,
      `[{rn:r}, ${u === '1' ? '' : '-'}{rm:r}{sa:shift}]`,
      () => {},
      {
        mnemonic: name,
        when: 'rm!=15',
      },
    );
  }
}
