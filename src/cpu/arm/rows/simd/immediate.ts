/** Advanced SIMD one register and a modified immediate: Arm ARM, F4.1.19. */
import { Lanes } from '../../../arm-lanes.ts';
import { bytesOfBits } from '../../../arm-vectors.ts';
import type { Value } from '../../../ir.ts';
import { BOTH, field, get, put, simd } from './shapes.ts';

type Use = readonly [name: string, op: string, low: string, compute: (l: Lanes, imm: Value, d: Value) => Value];
const SETS: readonly Use[] = [
  ['vmov', '0', '0', (_, imm) => imm],
  ['vmvn', '1', '0', (l, imm) => l.not(imm)],
];
const COMBINES: readonly Use[] = [
  ['vorr', '0', '1', (l, imm, d) => l.or(d, imm)],
  ['vbic', '1', '1', (l, imm, d) => l.without(d, imm)],
];

/** @param splat the immediate in every lane */
function immediate(
  name: string,
  mnemonic: string,
  cmode: string,
  op: string,
  bits: 8 | 16 | 32 | 64,
  kind: string,
  splat: (l: Lanes, imm: Value) => Value,
  compute: Use[3] = (_, imm) => imm,
): void {
  for (const shape of BOTH) {
    const d = field(shape, 'd');
    simd(
      `${name}.${shape.name}.imm`,
      'imm:u[7]',
      `1 ${d.one} 000 imm:u[6:4] ${d.four} ${cmode} 0 ${shape.q} ${op} 1 imm:u[3:0]`,
      `${d.text}, {imm:${kind}}`,
      (b, o) => {
        const l = new Lanes(b, bits, shape.width);
        const value = kind === 'float' ? l.splat(b.floatImmediate(o.imm, 32)) : splat(l, b.operand(o.imm));
        put(b, o, shape, 'd', compute(l, value, get(b, o, shape, 'd')));
      },
      { mnemonic },
    );
  }
}

// Shifted by bytes, or with ones shifted in.
for (const [bits, shift, cmode] of [
  [32, 0, '000'],
  [32, 8, '001'],
  [32, 16, '010'],
  [32, 24, '011'],
  [16, 0, '100'],
  [16, 8, '101'],
] as const) {
  for (const [name, op, low, compute] of [...SETS, ...COMBINES]) {
    const mnemonic = `${name}.i${bits}`;
    const splat = (l: Lanes, imm: Value): Value => l.splat(l.b.shl(imm, shift));
    immediate(`${mnemonic}.${shift}`, mnemonic, `${cmode}${low}`, op, bits, `shifted${shift}`, splat, compute);
  }
}
for (const [shift, cmode] of [
  [8, '1100'],
  [16, '1101'],
] as const) {
  for (const [name, op, , compute] of SETS) {
    const mnemonic = `${name}.i32`;
    const splat = (l: Lanes, imm: Value): Value => l.splat(l.b.or(l.b.shl(imm, shift), l.b.const(2 ** shift - 1)));
    immediate(`${mnemonic}.ones${shift}`, mnemonic, cmode, op, 32, `ones${shift}`, splat, compute);
  }
}
immediate('vmov.i8', 'vmov.i8', '1110', '0', 8, 'shifted0', (l, imm) => l.splat(imm));
immediate('vmov.i64', 'vmov.i64', '1110', '1', 64, 'bytes', (l, imm) => bytesOfBits(l.b, imm));
immediate('vmov.f32', 'vmov.f32', '1111', '0', 32, 'float', (l) => l.zero);
