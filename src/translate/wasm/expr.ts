/**
 * Expressions for functions written by hand in WebAssembly: a layer over the
 * encoder that reads like the formula.
 *
 *     f64.add(get(a), get(b))      // an Expr: appends its instructions to a Code
 *
 * Opcode numbers are those of the core specification, section 5.4.
 */
import { type Code, VOID } from './encoder.ts';

export type Expr = (c: Code) => void;

export const seq =
  (...parts: Expr[]): Expr =>
  (c) => {
    for (const part of parts) part(c);
  };

/** An instruction with its operands, each evaluated first. */
const op =
  (opcode: number) =>
  (...operands: Expr[]): Expr =>
  (c) => {
    for (const operand of operands) operand(c);
    c.op(opcode);
  };

export const get =
  (local: number): Expr =>
  (c) =>
    c.localGet(local);
export const set =
  (local: number, value: Expr): Expr =>
  (c) => {
    value(c);
    c.localSet(local);
  };
export const tee =
  (local: number, value: Expr): Expr =>
  (c) => {
    value(c);
    c.localTee(local);
  };
export const when =
  (condition: Expr, then: Expr): Expr =>
  (c) => {
    condition(c);
    c.if(VOID);
    then(c);
    c.end();
  };
/** A value by condition, of the given block type. */
export const choose =
  (type: number, condition: Expr, then: Expr, otherwise: Expr): Expr =>
  (c) => {
    condition(c);
    c.if(type);
    then(c);
    c.else();
    otherwise(c);
    c.end();
  };
export const giveBack =
  (value: Expr): Expr =>
  (c) => {
    value(c);
    c.return();
  };
export const call =
  (index: number, ...args: Expr[]): Expr =>
  (c) => {
    for (const arg of args) arg(c);
    c.call(index);
  };
/** A memory access: loads take the address, stores the address and the value. */
export const access =
  (opcode: number, memory: number, offset: number, ...operands: Expr[]): Expr =>
  (c) => {
    for (const operand of operands) operand(c);
    c.access(opcode, { memory, offset, align: 0 });
  };

export const i32 = {
  const:
    (value: number): Expr =>
    (c) =>
      c.i32(value),
  eqz: op(0x45),
  eq: op(0x46),
  ne: op(0x47),
  lt_s: op(0x48),
  lt_u: op(0x49),
  gt_u: op(0x4b),
  ge_u: op(0x4f),
  add: op(0x6a),
  sub: op(0x6b),
  mul: op(0x6c),
  and: op(0x71),
  or: op(0x72),
  xor: op(0x73),
  shl: op(0x74),
  shr_s: op(0x75),
  shr_u: op(0x76),
  wrap: op(0xa7),
  reinterpret: op(0xbc),
  trunc_sat: { s: op(0xfc02), u: op(0xfc03) },
};

export const i64 = {
  const:
    (value: bigint | number): Expr =>
    (c) =>
      c.i64(BigInt(value)),
  eqz: op(0x50),
  eq: op(0x51),
  ne: op(0x52),
  lt_s: op(0x53),
  lt_u: op(0x54),
  ge_s: op(0x59),
  ge_u: op(0x5a),
  add: op(0x7c),
  sub: op(0x7d),
  mul: op(0x7e),
  and: op(0x83),
  or: op(0x84),
  xor: op(0x85),
  shl: op(0x86),
  shr_s: op(0x87),
  shr_u: op(0x88),
  extend_s: op(0xac),
  extend_u: op(0xad),
  reinterpret: op(0xbd),
  trunc_sat: { s: op(0xfc06), u: op(0xfc07) },
};

const simd =
  (opcode: number, ...lane: number[]) =>
  (operand: Expr): Expr =>
  (c) => {
    operand(c);
    c.simd(opcode).bytes(lane);
  };
const relaxedMadd =
  (splat: number, madd: number, extract: number) =>
  (x: Expr, y: Expr, z: Expr): Expr =>
  (c) => {
    for (const operand of [x, y, z]) simd(splat)(operand)(c);
    c.simd(madd).simd(extract).byte(0);
  };

/** Operations of one floating-point type; `madd` is x * y + z, fused if the host's relaxed multiply-add is. */
export const f32 = {
  const:
    (value: number): Expr =>
    (c) =>
      c.f32(value),
  eq: op(0x5b),
  lt: op(0x5d),
  gt: op(0x5e),
  le: op(0x5f),
  ge: op(0x60),
  abs: op(0x8b),
  neg: op(0x8c),
  ceil: op(0x8d),
  floor: op(0x8e),
  trunc: op(0x8f),
  nearest: op(0x90),
  sqrt: op(0x91),
  add: op(0x92),
  sub: op(0x93),
  mul: op(0x94),
  div: op(0x95),
  min: op(0x96),
  max: op(0x97),
  convert: { i32: op(0xb2), u32: op(0xb3), i64: op(0xb4), u64: op(0xb5) },
  demote: op(0xb6),
  reinterpret: op(0xbe),
  madd: relaxedMadd(0x13, 0x105, 0x1f),
};

export const f64 = {
  const:
    (value: number): Expr =>
    (c) =>
      c.f64(value),
  eq: op(0x61),
  lt: op(0x63),
  gt: op(0x64),
  le: op(0x65),
  ge: op(0x66),
  abs: op(0x99),
  neg: op(0x9a),
  ceil: op(0x9b),
  floor: op(0x9c),
  trunc: op(0x9d),
  nearest: op(0x9e),
  sqrt: op(0x9f),
  add: op(0xa0),
  sub: op(0xa1),
  mul: op(0xa2),
  div: op(0xa3),
  min: op(0xa4),
  max: op(0xa5),
  convert: { i32: op(0xb7), u32: op(0xb8), i64: op(0xb9), u64: op(0xba) },
  promote: op(0xbb),
  reinterpret: op(0xbf),
  madd: relaxedMadd(0x14, 0x107, 0x21),
};
