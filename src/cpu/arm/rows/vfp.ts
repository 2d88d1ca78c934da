/** Floating point: Arm ARM, F4.1.6 ("Floating-point …"), the same in A32 and T32. */
import type { Value } from '../../ir.ts';
import type { A32Builder } from '../builder.ts';
import { ARM_STATE as STATE } from '../state.ts';
import type { Effect, Operands } from './define.ts';
import { field, get, put, SIZES, type Size, vfp } from './vfp-registers.ts';

/** The same of a single register that is known by its number. */
function putNumbered(b: A32Builder, single: number, value: Value): void {
  const offset = STATE.d + 8 * (single >> 1);
  const isUpper = (single & 1) === 1;
  const kept = b.and(b.cell(offset, 8), b.const(isUpper ? 0xffff_ffffn : -0x1_0000_0000n));
  b.setCell(offset, 8, b.or(kept, isUpper ? b.shl(value, 32) : b.low(value, 32)));
}

const TO_ZERO = 1;

for (const [size, sz, format] of SIZES) {
  const [d, n, m] = ['d', 'n', 'm'].map((v) => field(size, v));
  const type = `f${format}`;
  const three = `${d.text}, ${n.text}, ${m.text}`;
  const two = `${d.text}, ${m.text}`;

  const arithmetic = (
    name: string,
    op1: string,
    op2: string,
    compute: (b: A32Builder, n: Value, m: Value, d: () => Value) => Value,
  ): void => {
    vfp(
      `${name}.${type}`,
      `1110 ${op1[0]} ${d.one} ${op1.slice(1)} ${n.four} ${d.four} 101 ${sz} ${n.one} ${op2} ${m.one} 0 ${m.four}`,
      three,
      (b, o) => {
        const value = compute(b, get(b, o, size, 'n'), get(b, o, size, 'm'), () => get(b, o, size, 'd'));
        put(b, o, size, 'd', value);
      },
    );
  };
  const add = (b: A32Builder, x: Value, y: Value): Value => b.fp('add', format, b.fpMode(), x, y);
  const product = (b: A32Builder, x: Value, y: Value): Value => b.fp('mul', format, b.fpMode(), x, y);
  const fused = (b: A32Builder, x: Value, y: Value, z: Value): Value => b.fp('fma', format, b.fpMode(), x, y, z);
  const negated = (b: A32Builder, x: Value): Value => b.negated(x, format);
  arithmetic('vmla', '000', '0', (b, x, y, z) => add(b, z(), product(b, x, y)));
  arithmetic('vmls', '000', '1', (b, x, y, z) => add(b, z(), negated(b, product(b, x, y))));
  arithmetic('vnmls', '001', '0', (b, x, y, z) => add(b, negated(b, z()), product(b, x, y)));
  arithmetic('vnmla', '001', '1', (b, x, y, z) => add(b, negated(b, z()), negated(b, product(b, x, y))));
  arithmetic('vmul', '010', '0', product);
  arithmetic('vnmul', '010', '1', (b, x, y) => negated(b, product(b, x, y)));
  arithmetic('vadd', '011', '0', add);
  arithmetic('vsub', '011', '1', (b, x, y) => b.fp('sub', format, b.fpMode(), x, y));
  arithmetic('vdiv', '100', '0', (b, x, y) => b.fp('div', format, b.fpMode(), x, y));
  arithmetic('vfnms', '101', '0', (b, x, y, z) => fused(b, x, y, negated(b, z())));
  arithmetic('vfnma', '101', '1', (b, x, y, z) => fused(b, negated(b, x), y, negated(b, z())));
  arithmetic('vfma', '110', '0', (b, x, y, z) => fused(b, x, y, z()));
  arithmetic('vfms', '110', '1', (b, x, y, z) => fused(b, negated(b, x), y, z()));

  vfp(
    `vmov.imm.${type}`,
    `1110 1 ${d.one} 11 imm:u[7:4] ${d.four} 101 ${sz} 0000 imm:u[3:0]`,
    `${d.text}, {imm:float}`,
    (b, o) => put(b, o, size, 'd', b.floatImmediate(o.imm, format)),
    { mnemonic: `vmov.${type}` },
  );

  const single = (
    name: string,
    opc2: string,
    op: string,
    compute: (b: A32Builder, m: Value) => Value,
    mnemonic?: string,
  ): void => {
    vfp(
      `${name}.${type}`,
      `1110 1 ${d.one} 11 ${opc2} ${d.four} 101 ${sz} ${op} 1 ${m.one} 0 ${m.four}`,
      two,
      (b, o) => put(b, o, size, 'd', compute(b, get(b, o, size, 'm'))),
      { mnemonic: mnemonic ?? `${name}.${type}` },
    );
  };
  single('vmov.reg', '0000', '0', (_b, x) => x, `vmov.${type}`);
  single('vabs', '0000', '1', (b, x) => b.low(x, format - 1));
  single('vneg', '0001', '0', negated);
  single('vsqrt', '0001', '1', (b, x) => b.fp('sqrt', format, b.fpMode(), x));
  single('vrintr', '0110', '0', (b, x) => b.fp('round', format, b.fpMode(), x));
  single('vrintz', '0110', '1', (b, x) => b.fp('round', format, b.fpModeWith(TO_ZERO), x));
  single('vrintx', '0111', '0', (b, x) => b.fp('roundx', format, b.fpMode(), x));

  // Comparison, quiet and signalling, with a register and with zero.
  for (const [e, name] of [
    ['0', 'vcmp'],
    ['1', 'vcmpe'],
  ] as const) {
    const compare = (b: A32Builder, x: Value, y: Value): void =>
      b.setCell(STATE.fpNzcv, 8, b.nzcv(b.compareFlags(format, x, y, e === '1')));
    vfp(`${name}.${type}`, `1110 1 ${d.one} 11 0100 ${d.four} 101 ${sz} ${e} 1 ${m.one} 0 ${m.four}`, two, (b, o) =>
      compare(b, get(b, o, size, 'd'), get(b, o, size, 'm')),
    );
    vfp(
      `${name}.zero.${type}`,
      `1110 1 ${d.one} 11 0101 ${d.four} 101 ${sz} ${e} 1 0 0 0000`,
      `${d.text}, #0`,
      (b, o) => compare(b, get(b, o, size, 'd'), b.const(0)),
      { mnemonic: `${name}.${type}` },
    );
  }

  // Integers are in single registers.
  const [ds, ms] = ['d', 'm'].map((v) => field('s', v));
  for (const [sign, op, isSigned] of [
    ['u', '0', false],
    ['s', '1', true],
  ] as const) {
    vfp(
      `vcvt.${type}.${sign}32`,
      `1110 1 ${d.one} 11 1000 ${d.four} 101 ${sz} ${op} 1 ${ms.one} 0 ${ms.four}`,
      `${d.text}, ${ms.text}`,
      (b, o) => {
        const integer = get(b, o, 's', 'm');
        put(
          b,
          o,
          size,
          'd',
          b.fp(isSigned ? 'from_i32' : 'from_u32', format, b.fpMode(), isSigned ? b.word(integer) : integer),
        );
      },
    );
    for (const [rounds, bit] of [
      ['vcvtr', '0'],
      ['vcvt', '1'],
    ] as const) {
      vfp(
        `${rounds}.${sign}32.${type}`,
        `1110 1 ${ds.one} 11 110${op} ${ds.four} 101 ${sz} ${bit} 1 ${m.one} 0 ${m.four}`,
        `${ds.text}, ${m.text}`,
        (b, o) => {
          const mode = bit === '1' ? b.fpModeWith(TO_ZERO) : b.fpMode();
          put(b, o, 's', 'd', b.fp(isSigned ? 'to_i32' : 'to_u32', format, mode, get(b, o, size, 'm')));
        },
      );
    }
  }

  // Memory.
  for (const u of ['0', '1']) {
    const address = (b: A32Builder, o: Operands): Value => {
      const offset = b.shl(b.operand(o.imm), 2);
      return b.add(o.rn === undefined ? b.pcAligned() : b.r(o.rn), u === '1' ? offset : b.negative(offset));
    };
    const syntax = (rn: string): string => `${d.text}, [${rn}, {imm:offset4${u}}]`;
    const encoding = (load: string, rn: string): string =>
      `1101 ${u} ${d.one} 0${load} ${rn} ${d.four} 101 ${sz} imm:8`;
    const load: Effect = (b, o) => put(b, o, size, 'd', b.load(address(b, o), format, false));
    vfp(`vldr.${size}.${u}`, encoding('1', 'rn:4'), syntax('{rn:r}'), load, { mnemonic: 'vldr', when: 'rn!=15' });
    vfp(`vldr.${size}.literal.${u}`, encoding('1', '1111'), syntax('pc'), load, { mnemonic: 'vldr' });
    vfp(
      `vstr.${size}.${u}`,
      encoding('0', 'rn:4'),
      syntax('{rn:r}'),
      (b, o) => b.store(address(b, o), get(b, o, size, 'd'), format),
      {
        mnemonic: 'vstr',
        when: 'rn!=15',
      },
    );
  }
  for (const [name, isLoad] of [
    ['vstm', false],
    ['vldm', true],
  ] as const) {
    for (const [suffix, p, u, w] of [
      ['ia', '0', '1', '0'],
      ['ia', '0', '1', '1'],
      ['db', '1', '0', '1'],
    ] as const) {
      // Of doubles the count is even; odd ones are the forms of VFPv1.
      const count = size === 's' ? 'count:8' : 'count:u[6:0] 0';
      vfp(
        `${name}${suffix}.${size}.${w}`,
        `110 ${p} ${u} ${d.one} ${w} ${isLoad ? '1' : '0'} rn:4 ${d.four} 101 ${sz} ${count}`,
        `{rn:r}${w === '1' ? '!' : ''}, ${d.text} {count:dec}`,
        transferAll(size, isLoad, suffix === 'ia', w === '1'),
        { mnemonic: `${name}${suffix}`, when: 'count!=0; rn!=15' },
      );
    }
  }
}

/** VLDM and VSTM: `count` registers from one on. */
function transferAll(size: Size, isLoad: boolean, up: boolean, writeback: boolean): Effect {
  const bytes = size === 's' ? 4 : 8;
  return (b, o) => {
    const first = size === 's' ? o.sd : o.vd;
    const base = b.now2(b.r(o.rn));
    const length = b.op('mul', b.operand(o.count), b.const(bytes));
    const moved = b.word(up ? b.add(base, length) : b.sub(base, length));
    const start = up ? base : moved;
    const finish = (): void => {
      if (writeback) b.setR(o.rn, moved);
    };
    if (o.count.value !== undefined) {
      const begin = first.value ?? 0;
      const end = Math.min(begin + o.count.value, 32);
      const registers = Array.from({ length: end - begin }, (_, i) => begin + i);
      const addressOf = (register: number): Value => b.add(start, b.const(bytes * (register - begin)));
      if (isLoad) {
        const values = registers.map((register) => b.load(addressOf(register), size === 's' ? 32 : 64, false));
        finish();
        registers.forEach((register, i) => {
          if (size === 's') putNumbered(b, register, values[i]);
          else b.setCell(STATE.d + 8 * register, 8, values[i]);
        });
        return;
      }
      for (const register of registers) {
        const cell = STATE.d + (size === 's' ? 8 * (register >> 1) : 8 * register);
        const value = b.cell(cell, 8);
        b.store(
          addressOf(register),
          size === 's' && (register & 1) === 1 ? b.shr(value, 32) : value,
          size === 's' ? 32 : 64,
        );
      }
      finish();
      return;
    }
    // The first register's number: of doubles the operand is that of a register.
    const begin = b.now2(size === 's' ? b.operand(o.sd) : b.registerNumber(o.vd));
    const end = b.now2(b.add(begin, b.operand(o.count)));
    if (isLoad) {
      b.load(start, 32, false);
      b.load(b.add(start, b.sub(length, b.const(4))), 32, false);
      finish();
    }
    for (let register = 0; register < 32; register++) {
      const isIn = b.op('lt_u', b.sub(b.const(register), begin), b.sub(end, begin));
      const cell = STATE.d + bytes * register;
      b.skipUnless(isIn, () => {
        const address = b.add(start, b.op('mul', b.sub(b.const(register), begin), b.const(bytes)));
        if (isLoad) b.setCell(cell, bytes, b.load(address, size === 's' ? 32 : 64, false));
        else b.store(address, b.cell(cell, bytes), size === 's' ? 32 : 64);
      });
    }
    if (!isLoad) finish();
  };
}

// Between formats.
{
  const [sd, sm, dd, dm] = [field('s', 'd'), field('s', 'm'), field('d', 'd'), field('d', 'm')];
  vfp(
    'vcvt.f64.f32',
    `1110 1 ${dd.one} 11 0111 ${dd.four} 101 0 1 1 ${sm.one} 0 ${sm.four}`,
    `${dd.text}, ${sm.text}`,
    (b, o) => put(b, o, 'd', 'd', b.fp('to64', 32, b.fpMode(), get(b, o, 's', 'm'))),
  );
  vfp(
    'vcvt.f32.f64',
    `1110 1 ${sd.one} 11 0111 ${sd.four} 101 1 1 1 ${dm.one} 0 ${dm.four}`,
    `${sd.text}, ${dm.text}`,
    (b, o) => put(b, o, 's', 'd', b.fp('to32', 64, b.fpMode(), get(b, o, 'd', 'm'))),
  );
  for (const [letter, t] of [
    ['b', '0'],
    ['t', '1'],
  ] as const) {
    const shift = 16 * Number(t);
    for (const [size, sz, format] of SIZES) {
      const [d, m] = [field(size, 'd'), field(size, 'm')];
      vfp(
        `vcvt${letter}.f${format}.f16`,
        `1110 1 ${d.one} 11 0010 ${d.four} 101 ${sz} ${t} 1 ${sm.one} 0 ${sm.four}`,
        `${d.text}, ${sm.text}`,
        (b, o) => {
          const half = b.low(b.shr(get(b, o, 's', 'm'), shift), 16);
          put(b, o, size, 'd', b.fp(`to${format}`, 16, b.fpMode(), half));
        },
      );
      vfp(
        `vcvt${letter}.f16.f${format}`,
        `1110 1 ${sd.one} 11 0011 ${sd.four} 101 ${sz} ${t} 1 ${m.one} 0 ${m.four}`,
        `${sd.text}, ${m.text}`,
        (b, o) => {
          const half = b.fp('to16', format, b.fpMode(), get(b, o, size, 'm'));
          const kept = b.and(get(b, o, 's', 'd'), b.const(t === '1' ? 0xffff : 0xffff_0000));
          put(b, o, 's', 'd', b.or(kept, b.shl(b.low(half, 16), shift)));
        },
      );
    }
  }
}

// Between general registers and these.
{
  const sn = field('s', 'n');
  vfp(
    'vmov.s.r',
    `1110 0000 ${sn.four} rt:4 1010 ${sn.one} 001 0000`,
    `${sn.text}, {rt:r}`,
    (b, o) => put(b, o, 's', 'n', b.r(o.rt)),
    { mnemonic: 'vmov', when: 'rt!=15' },
  );
  vfp(
    'vmov.r.s',
    `1110 0001 ${sn.four} rt:4 1010 ${sn.one} 001 0000`,
    `{rt:r}, ${sn.text}`,
    (b, o) => b.setR(o.rt, get(b, o, 's', 'n')),
    { mnemonic: 'vmov', when: 'rt!=15' },
  );
  const dm = field('d', 'm');
  vfp(
    'vmov.d.rr',
    `1100 0100 rt2:4 rt:4 1011 00 ${dm.one} 1 ${dm.four}`,
    `${dm.text}, {rt:r}, {rt2:r}`,
    (b, o) => b.setReg(o.vm, b.or(b.unsigned(b.r(o.rt)), b.shl(b.r(o.rt2), 32))),
    { mnemonic: 'vmov', when: 'rt!=15; rt2!=15' },
  );
  vfp(
    'vmov.rr.d',
    `1100 0101 rt2:4 rt:4 1011 00 ${dm.one} 1 ${dm.four}`,
    `{rt:r}, {rt2:r}, ${dm.text}`,
    (b, o) => {
      const value = b.now2(b.reg(o.vm));
      b.setR(o.rt, value);
      b.setR(o.rt2, b.shr(value, 32));
    },
    { mnemonic: 'vmov', when: 'rt!=15; rt2!=15; rt!=rt2' },
  );
  const dn = field('d', 'n');
  for (const x of [0, 1]) {
    vfp(
      `vmov.32.d${x}.r`,
      `1110 00${x}0 ${dn.four} rt:4 1011 ${dn.one} 001 0000`,
      `${dn.text}[${x}], {rt:r}`,
      (b, o) => {
        const kept = b.and(b.reg(o.vn), b.const(x === 1 ? 0xffff_ffffn : -0x1_0000_0000n));
        b.setReg(o.vn, b.or(kept, b.shl(b.unsigned(b.r(o.rt)), 32 * x)));
      },
      { mnemonic: 'vmov.32', when: 'rt!=15' },
    );
    vfp(
      `vmov.32.r.d${x}`,
      `1110 00${x}1 ${dn.four} rt:4 1011 ${dn.one} 001 0000`,
      `{rt:r}, ${dn.text}[${x}]`,
      (b, o) => b.setR(o.rt, b.shr(b.reg(o.vn), 32 * x)),
      { mnemonic: 'vmov.32', when: 'rt!=15' },
    );
  }
}
vfp(
  'vmrs.apsr',
  '1110 1111 0001 1111 1010 0001 0000',
  'APSR_nzcv, fpscr',
  (b) => b.setFlags(b.flagBits(b.cell(STATE.fpNzcv, 8))),
  { mnemonic: 'vmrs' },
);
vfp(
  'vmrs',
  '1110 1111 0001 rt:4 1010 0001 0000',
  '{rt:r}, fpscr',
  (b, o) => b.setR(o.rt, b.or(b.or(b.fpcr(), b.fpsr()), b.shl(b.cell(STATE.fpNzcv, 8), 28))),
  { when: 'rt!=15' },
);
vfp(
  'vmsr',
  '1110 1110 0001 rt:4 1010 0001 0000',
  'fpscr, {rt:r}',
  (b, o) => {
    const value = b.now2(b.unsigned(b.r(o.rt)));
    b.setFpcr(value);
    b.setFpsr(value);
    b.setCell(STATE.fpNzcv, 8, b.shr(value, 28));
  },
  { when: 'rt!=15' },
);
