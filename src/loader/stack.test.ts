import { describe, expect, test } from 'vitest';
import { riscv64Abi } from '../cpu/riscv/abi.ts';
import { AT, buildStack, type InitialStack, tooManyArguments } from './stack.ts';

const TOP = 0x4_0000_0000 - 0x10000;
const RANDOM = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

/** Reads the stack as a program's start code does. */
function readBack(stack: InitialStack, wordSize: 4 | 8) {
  const view = new DataView(stack.bytes.buffer);
  const word = (address: number) =>
    wordSize === 8 ? Number(view.getBigUint64(address - stack.sp, true)) : view.getUint32(address - stack.sp, true);
  const text = (address: number) => {
    let result = '';
    for (let at = address - stack.sp; stack.bytes[at] !== 0; at++) result += String.fromCharCode(stack.bytes[at]);
    return result;
  };
  let at = stack.sp;
  const next = () => {
    const value = word(at);
    at += wordSize;
    return value;
  };
  const strings = () => {
    const result: string[] = [];
    for (let pointer = next(); pointer !== 0; pointer = next()) result.push(text(pointer));
    return result;
  };
  const argc = next();
  const argv = strings();
  const env = strings();
  const auxv = new Map<number, number>();
  const auxvStart = at;
  for (;;) {
    const type = next();
    auxv.set(type, next());
    if (type === AT.NULL) break;
  }
  return { argc, argv, env, auxv, text, auxvBytes: stack.bytes.slice(auxvStart - stack.sp, at - stack.sp) };
}

const CONTENTS = {
  argv: ['prog', '', 'über\xff'],
  env: ['A=1', 'EMPTY='],
  execfn: '/bin/prog',
  random: RANDOM,
  auxv: [
    [AT.PAGESZ, 4096],
    [AT.HWCAP, 0x112dn],
  ] as const,
};

describe('buildStack', () => {
  test('a program reads back its arguments, environment and auxiliary vector', () => {
    const stack = buildStack(riscv64Abi, TOP, CONTENTS);
    const { argc, argv, env, auxv, text, auxvBytes } = readBack(stack, 8);
    expect(argc).toBe(3);
    expect(argv).toEqual(CONTENTS.argv);
    expect(env).toEqual(CONTENTS.env);
    expect(auxv.get(AT.PAGESZ)).toBe(4096);
    expect(auxv.get(AT.HWCAP)).toBe(0x112d);
    expect(text(auxv.get(AT.EXECFN)!)).toBe('/bin/prog');
    const random = auxv.get(AT.RANDOM)! - stack.sp;
    expect(stack.bytes.slice(random, random + 16)).toEqual(RANDOM);
    expect(auxvBytes).toEqual(stack.auxv);
    expect(auxv.has(AT.PLATFORM)).toBe(false);
    expect(auxv.has(AT.HWCAP2)).toBe(false);
  });

  test('the strings lie in one piece, arguments before environment', () => {
    const stack = buildStack(riscv64Abi, TOP, CONTENTS);
    const strings = String.fromCharCode(...stack.bytes.slice(stack.argStart - stack.sp));
    expect(strings).toBe('prog\0\0über\xff\0A=1\0EMPTY=\0/bin/prog\0' + '\0'.repeat(8));
    expect(stack.envStart).toBe(stack.argEnd);
    expect(stack.envEnd - stack.argStart).toBe('prog\0\0über\xff\0A=1\0EMPTY=\0'.length);
  });

  test('sp is a multiple of 16 whatever lies above it', () => {
    for (let length = 0; length < 40; length++) {
      for (let count = 0; count < 3; count++) {
        const argv = ['x'.repeat(length), ...Array<string>(count).fill('')];
        const stack = buildStack(riscv64Abi, TOP, { ...CONTENTS, argv });
        expect(stack.sp % 16).toBe(0);
        expect(readBack(stack, 8).auxv.get(AT.RANDOM)! % 16).toBe(0);
        expect(stack.sp + stack.bytes.length).toBe(TOP);
        expect(readBack(stack, 8).argv).toEqual(argv);
      }
    }
  });

  test('a program without arguments gets an empty one, as since Linux 5.18', () => {
    const { argc, argv } = readBack(buildStack(riscv64Abi, TOP, { ...CONTENTS, argv: [] }), 8);
    expect(argc).toBe(1);
    expect(argv).toEqual(['']);
  });

  test('32-bit words, AT_PLATFORM and AT_HWCAP2 for architectures that have them', () => {
    const abi = { ...riscv64Abi, wordSize: 4, platform: 'v7l', hwcap2: 31n } as const;
    const { argv, auxv, text } = readBack(buildStack(abi, 0xffff0000, CONTENTS), 4);
    expect(argv).toEqual(CONTENTS.argv);
    expect(auxv.get(AT.HWCAP2)).toBe(31);
    expect(text(auxv.get(AT.PLATFORM)!)).toBe('v7l');
  });
});

describe('tooManyArguments', () => {
  const fits = (argv: string[], limit: number) => !tooManyArguments({ argv, env: [], execfn: 'p' }, limit, 8);

  test('one string has at most 131,072 bytes with its NUL', () => {
    expect(fits(['x'.repeat(131071)], 8 << 20)).toBe(true);
    expect(fits(['x'.repeat(131072)], 8 << 20)).toBe(false);
  });

  test('all have at most a quarter of the stack, never less than 128 KiB, never more than 6 MiB', () => {
    // Each string takes 1,000 bytes and its pointer; the file name takes 2.
    const strings = (count: number) => Array<string>(count).fill('x'.repeat(991));
    const most = (limit: number) => Math.floor((limit - 2) / 1000);
    for (const [stack, limit] of [
      [8 << 20, 2 << 20],
      [4096, 131072],
      [Number.POSITIVE_INFINITY, 6 << 20],
    ]) {
      expect(fits(strings(most(limit)), stack)).toBe(true);
      expect(fits(strings(most(limit) + 1), stack)).toBe(false);
    }
  });
});
