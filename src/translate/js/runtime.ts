/** What generated JavaScript calls: functions on bigints, the CPU state, and ways to leave. */
import { type FpFormat, type FpOpName, fpOpNumber } from '../../cpu/ir.ts';
import { evaluateVector, shuffle } from '../../cpu/vector.ts';
import { STUB, TRANSLATOR } from '../../host/layout.ts';
import { EXIT } from '../exit.ts';
import { LEAVING } from '../wasm/region-type.ts';

const i64 = (a: bigint): bigint => BigInt.asIntN(64, a);
const u64 = (a: bigint): bigint => BigInt.asUintN(64, a);

function rotl(a: bigint, b: bigint): bigint {
  const count = b & 63n;
  return i64((a << count) | (u64(a) >> (64n - count)));
}
/** A word twice, so that shifting it down rotates it. */
const rotr32 = (a: bigint, b: bigint): bigint => BigInt.asUintN(32, ((a & 0xffff_ffffn) * 0x1_0000_0001n) >> (b & 31n));
function clz(a: bigint): bigint {
  return a === 0n ? 64n : BigInt(64 - u64(a).toString(2).length);
}
function ctz(a: bigint): bigint {
  return a === 0n ? 64n : BigInt((a & -a).toString(2).length - 1);
}
function popcnt(a: bigint): bigint {
  return BigInt(u64(a).toString(2).replaceAll('0', '').length);
}

/** The 128-bit product without carries. */
function carryless(a: bigint, b: bigint): bigint {
  const multiplicand = u64(a);
  let product = 0n;
  for (let i = 0n; i < 64n; i++) if (((b >> i) & 1n) !== 0n) product ^= multiplicand << i;
  return product;
}

/** Each element of b, `width` bits wide, picks one of a; out of range gives 0. */
function permute(a: bigint, b: bigint, width: bigint): bigint {
  const mask = (1n << width) - 1n;
  let result = 0n;
  for (let i = 0n; i < 64n; i += width) {
    const at = ((u64(b) >> i) & mask) * width;
    if (at < 64n) result |= ((u64(a) >> at) & mask) << i;
  }
  return i64(result);
}

/** See the IR's `condition`. */
function condition(code: bigint, n: bigint, z: bigint, c: bigint, v: bigint): boolean {
  const notLess = n < 0n === v < 0n;
  const tests = [z === 0n, c !== 0n, n < 0n, v < 0n, c !== 0n && z !== 0n, notLess, notLess && z !== 0n, true];
  return tests[Number(code >> 1n)] !== ((code & 1n) !== 0n && code !== 15n);
}

/** The engine's exact arithmetic: operands and result in the thread memory, raised flags returned. */
type SlowFloat = (operation: number, rounding: number) => number;

/** Of 128 bits, in halves. */
interface VectorAccesses {
  load128(pc: bigint, address: bigint): [low: bigint, high: bigint];
  store128(pc: bigint, address: bigint, low: bigint, high: bigint): void;
  load_part(pc: bigint, address: bigint, count: bigint): [low: bigint, high: bigint];
  store_part(pc: bigint, address: bigint, low: bigint, high: bigint, count: bigint): void;
}

/** What the names in a region's source mean. */
export function makeRuntime(
  memory: WebAssembly.Memory,
  fpFlags: number,
  imports: Record<string, unknown>,
  accesses: Record<string, unknown>,
  call: (depth: number, target: bigint) => bigint,
): Record<string, unknown> {
  const { load128, store128, load_part, store_part } = accesses as unknown as VectorAccesses;
  const words = new Uint32Array(memory.buffer);
  const doublewords = new BigInt64Array(memory.buffer);
  const leave = (reason: number, pc: bigint): bigint => {
    words[TRANSLATOR.exit >> 2] = reason;
    return pc ^ LEAVING;
  };
  function fp(op: FpOpName, format: FpFormat, rounding: bigint, ...operands: bigint[]): bigint {
    operands.forEach((operand, i) => {
      doublewords[(TRANSLATOR.fpOperands >> 3) + i] = operand;
    });
    const raised = (imports.fp as SlowFloat)(fpOpNumber(op, format), Number(rounding));
    words[fpFlags >> 2] |= raised;
    return doublewords[TRANSLATOR.fpResult >> 3];
  }
  return {
    ...accesses,
    i64,
    u64,
    rotl,
    rotr: (a: bigint, b: bigint) => rotl(a, -b),
    rotr32,
    clz,
    ctz,
    popcnt,
    carryless,
    permute,
    condition,
    vector: evaluateVector,
    shuffle,
    getVector: (register: number) => u64(doublewords[register]) | (u64(doublewords[register + 1]) << 64n),
    setVector(register: number, value: bigint): bigint {
      doublewords[register] = i64(value);
      doublewords[register + 1] = i64(value >> 64n);
      return value;
    },
    load128(pc: bigint, address: bigint): bigint {
      const [low, high] = load128(pc, address);
      return u64(low) | (u64(high) << 64n);
    },
    load_part(pc: bigint, address: bigint, count: bigint): bigint {
      const [low, high] = load_part(pc, address, count);
      return u64(low) | (u64(high) << 64n);
    },
    store_part: (pc: bigint, address: bigint, value: bigint, count: bigint) =>
      store_part(pc, address, i64(value), i64(value >> 64n), count),
    store128: (pc: bigint, address: bigint, value: bigint) => store128(pc, address, i64(value), i64(value >> 64n)),
    fp,
    fp_lanes(op: FpOpName, format: FpFormat, count: number, rounding: bigint, ...operands: bigint[]): bigint {
      let result = 0n;
      for (let at = 0n; at < count * format; at += BigInt(format)) {
        const lanes = operands.map((operand) => BigInt.asUintN(format, operand >> at));
        result |= BigInt.asUintN(format, fp(op, format, rounding, ...lanes)) << at;
      }
      return result;
    },
    time: imports.time,
    random: imports.random,
    atomic_check: imports.atomic_check,
    /** The registers by number: a register's local and its cell are always equal. */
    r: doublewords,
    cell32: (offset: number) => BigInt(words[offset >> 2]),
    cell64: (offset: number) => doublewords[offset >> 3],
    setCell32: (offset: number, value: bigint) => {
      words[offset >> 2] = Number(BigInt.asUintN(32, value));
    },
    setCell64: (offset: number, value: bigint) => {
      doublewords[offset >> 3] = value;
    },
    /** Enters the region at an address, if there is one; where it left. */
    call,
    /** True if a signal waits. */
    interrupted: () => doublewords[STUB.limit >> 3] === 0n,
    /** Leaves for a signal, to go on at `pc` after it. */
    interrupt: (pc: bigint) => leave(EXIT.interrupt, pc),
    /** Leaves the instruction at `pc` to the cold tier. */
    again: (pc: bigint) => leave(EXIT.again, pc),
  };
}
