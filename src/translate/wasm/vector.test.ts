import { expect, test } from 'vitest';
import { makeRandom } from '../../cpu/encode.ts';
import type { Value } from '../../cpu/ir.ts';
import { evaluateVector } from '../../cpu/vector.ts';
import { VECTOR_OPS, type VectorOpName } from '../../cpu/vector-ops.ts';
import { Code, I64, ModuleEncoder } from './encoder.ts';
import { emitVectorOp } from './vector.ts';

const info = { name: '', signed: true, width: 64, slices: [], kind: '' };

/** The operation as a function on memory: operands from 16, 32 and 48, vectors or i64; the result to 0. */
function compiled(op: VectorOpName, lane?: number): { run(): void; memory: DataView } {
  const module = new ModuleEncoder();
  module.importMemory('memory', { shared: false, address: 'i32', pages: 1 });
  const code = new Code();
  const [types, result] = VECTOR_OPS[op];
  const args = types.map(
    (type, i): Value =>
      op.includes('_lane') && i === 1 && lane !== undefined
        ? { type: 'i64', kind: 'const', value: BigInt(lane) }
        : { type, kind: 'operand', operand: { info: { ...info, name: `${i}` } } },
  );
  const push = (value: Value): void => {
    if (value.kind !== 'operand') throw new Error('a constant is not to be pushed');
    code.i32(0).access(value.type === 'v128' ? 0xfd00 : 0x29, {
      memory: 0,
      offset: 16 * (Number(value.operand.info.name) + 1),
      align: 0,
    });
  };
  code.i32(0);
  const emitter = {
    code,
    emit: push,
    emit32(value: Value) {
      push(value);
      code.op(0xa7);
    },
  };
  emitVectorOp(emitter, op, args);
  if (result === 'i32') code.op(0xad);
  code.access(result === 'v128' ? 0xfd0b : 0x37, { memory: 0, offset: 0, align: 0 });
  module.exportFunction('run', module.addFunction(module.type([], []), [I64], code));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { e: { memory } });
  return { run: instance.exports.run as () => void, memory: new DataView(memory.buffer) };
}

const random = makeRandom(20);
/** Lanes that are often at an end of their range. */
function randomVector(): bigint {
  let value = 0n;
  for (let i = 0; i < 16; i++) {
    const kind = random() % 4;
    const byte = kind < 2 ? random() & 0xff : kind === 2 ? 0x7f + (random() & 1) : 255 * (random() & 1);
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

test.each(Object.keys(VECTOR_OPS) as VectorOpName[])('%s does as it is defined', (op) => {
  const [types, result] = VECTOR_OPS[op];
  const lanes = 128 / Number(/^i(\d+)/.exec(op)?.[1] ?? 128);
  for (let round = 0; round < 50; round++) {
    const lane = round % lanes;
    const { run, memory } = compiled(op, round < 25 ? lane : undefined);
    const args = types.map((type, i) => {
      if (op.includes('_lane') && i === 1) return BigInt(lane);
      return type === 'v128' ? randomVector() : BigInt.asIntN(64, randomVector());
    });
    args.forEach((arg, i) => {
      memory.setBigUint64(16 * (i + 1), BigInt.asUintN(64, arg), true);
      memory.setBigUint64(16 * (i + 1) + 8, BigInt.asUintN(64, arg >> 64n), true);
    });
    run();
    const low = memory.getBigUint64(0, true);
    const actual = result === 'v128' ? low | (memory.getBigUint64(8, true) << 64n) : BigInt.asIntN(64, low);
    expect(actual.toString(16), args.map((arg) => arg.toString(16)).join()).toBe(
      evaluateVector(op, ...args).toString(16),
    );
  }
});
