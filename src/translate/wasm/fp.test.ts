/** The compiled floating-point functions against the exact implementation: same bits, same accrued flags. */
import { describe, expect, it } from 'vitest';
import { FP_OP_NAMES, FP_OPS, type FpFormat, type FpOpName } from '../../cpu/ir.ts';
import { riscvArithmetic } from '../../cpu/softfloat.ts';
import { THREAD_MEMORY_PAGES, TRANSLATOR } from '../../host/layout.ts';
import { SlowFloat } from '../slow-float.ts';
import { ModuleEncoder } from './encoder.ts';
import { FpFunctions } from './fp.ts';

const FLAGS = 0x208;
const VECTORS = 2000;
const seed = Number(process.env.TSEMU_SEED ?? 1);

/** xorshift32, so that a seed reproduces a failure. */
function generator(start: number): () => number {
  let state = start | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const FORMATS = {
  16: { exponent: 5, fraction: 10 },
  32: { exponent: 8, fraction: 23 },
  64: { exponent: 11, fraction: 52 },
};

/** A bit pattern: often a special value, an integer, or one with few significant bits, so that exact results occur. */
function pattern(format: FpFormat, random: () => number): bigint {
  const { exponent, fraction } = FORMATS[format];
  const bias = 2 ** (exponent - 1) - 1;
  const pick = random() % 16;
  const sign = BigInt(random() & 1);
  let exp = random() % 2 ** exponent;
  let frac = ((BigInt(random()) << 32n) | BigInt(random())) & ((1n << BigInt(fraction)) - 1n);
  if (pick < 6) exp = bias - 3 + (random() % 12);
  if (pick === 6) exp = random() % 3;
  if (pick === 7) exp = 2 ** exponent - 1 - (random() % 3);
  if (pick === 8) frac = 0n;
  if (pick % 3 === 0) frac &= ~((1n << BigInt(random() % (fraction + 1))) - 1n);
  if (pick === 9) [exp, frac] = [0, 0n];
  if (pick === 10) [exp, frac] = [2 ** exponent - 1, frac & (1n << BigInt(fraction - 1))];
  return (sign << BigInt(exponent + fraction)) | (BigInt(exp) << BigInt(fraction)) | frac;
}

/** One module with every operation of every format, on a thread memory of its own. */
function compile() {
  const slow = new SlowFloat(riscvArithmetic);
  const memory = new WebAssembly.Memory({ initial: THREAD_MEMORY_PAGES, maximum: THREAD_MEMORY_PAGES });
  const words = new Int32Array(memory.buffer);
  const doublewords = new BigUint64Array(memory.buffer);
  let slowCalls = 0;
  const module = new ModuleEncoder();
  module.importMemory('thread', { shared: false, address: 'i32', pages: THREAD_MEMORY_PAGES });
  const functions = new FpFunctions(module, FLAGS);
  for (const op of FP_OP_NAMES) {
    for (const format of [16, 32, 64] as const) module.exportFunction(op + format, functions.index(op, format));
  }
  const fp = (operation: number, rounding: number): number => {
    slowCalls++;
    const at = TRANSLATOR.fpOperands >> 3;
    const format = ([16, 32, 64] as const)[operation % 3];
    const op = FP_OP_NAMES[Math.floor(operation / 3)];
    const [a, b, c] = doublewords.subarray(at, at + 3);
    doublewords[TRANSLATOR.fpResult >> 3] = slow.run(op, format, rounding, a, b, c);
    return slow.takeFlags();
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { e: { thread: memory, fp } });
  words[TRANSLATOR.fusedMultiplyAdd >> 2] = 1;
  return {
    words,
    slowCalls: () => slowCalls,
    call: (op: FpOpName, format: FpFormat, args: bigint[], rounding: number): bigint =>
      BigInt.asUintN(64, (instance.exports[op + format] as (...a: bigint[]) => bigint)(...args, BigInt(rounding))),
  };
}

const VALID: Partial<Record<FpOpName, FpFormat[]>> = {
  to_i32_mod: [64],
  to16: [32, 64],
  to32: [16, 64],
  to64: [16, 32],
};

describe(`compiled floating point equals the exact implementation (TSEMU_SEED=${seed})`, () => {
  const compiled = compile();
  const reference = new SlowFloat(riscvArithmetic);
  for (const op of FP_OP_NAMES) {
    for (const format of VALID[op] ?? ([16, 32, 64] as const)) {
      it(`${op} binary${format}`, () => {
        const random = generator(seed * 7919 + FP_OP_NAMES.indexOf(op) * 31 + format);
        for (let i = 0; i < VECTORS; i++) {
          const isInteger = op.startsWith('from_');
          const integer = () => {
            const wide = (BigInt(random()) << 32n) | BigInt(random());
            return random() % 3 === 0 ? wide : BigInt.asUintN(64, BigInt.asIntN(64, wide) >> BigInt(random() % 64));
          };
          const args = Array.from({ length: FP_OPS[op] }, () => (isInteger ? integer() : pattern(format, random)));
          // Sums that cancel, squares, quotients that come out even.
          if (args.length > 1 && random() % 8 === 0) args[1] = args[0] ^ (BigInt(random() & 1) << BigInt(format - 1));
          const rounding = random() % 2 === 0 ? 0 : random() % 5;
          const before = random() & 1;
          const [a, b = 0n, c = 0n] = args;
          const value = BigInt.asUintN(64, reference.run(op, format, rounding, a, b, c));
          const flags = reference.takeFlags() | before;
          compiled.words[FLAGS >> 2] = before;
          const result = compiled.call(op, format, args, rounding);
          const got = { value: result.toString(16), flags: compiled.words[FLAGS >> 2] };
          const context = `${op}${format}(${args.map((x) => x.toString(16)).join(', ')}) rm ${rounding}`;
          expect(got, context).toEqual({ value: value.toString(16), flags });
        }
      });
    }
  }

  it('does common operations without leaving WebAssembly', () => {
    const bits = (x: number) => new BigUint64Array(new Float64Array([x]).buffer)[0];
    compiled.words[FLAGS >> 2] = 0;
    const before = compiled.slowCalls();
    for (const [op, args] of [
      ['add', [1, 2]],
      ['add', [0.1, 0.2]],
      ['sub', [1, 1]],
      ['mul', [3, 0]],
      ['mul', [1.1, 1.1]],
      ['div', [1, 3]],
      ['div', [0, 3]],
      ['sqrt', [2]],
      ['fma', [2, 3, 4]],
      ['fma', [0.1, 3, 4]],
      ['lt', [1, 2]],
      ['max', [1, 2]],
      ['to32', [0.1]],
      ['to_i32', [2.5]],
    ] as const) {
      compiled.call(op, 64, args.map(bits), 0);
    }
    expect(compiled.slowCalls() - before).toBe(0);
  });
});
