import { expect, test } from 'vitest';
import { createFakeTask, GUEST } from './fake-task.ts';
import { beginCall } from './staging.ts';
import { readStruct, struct, writeStruct } from './struct.ts';
import { STAT, STATFS, STATX, TIMESPEC } from './structs.ts';

const A = GUEST.start;

test('sizes are those of the C structures', () => {
  expect([STAT.guest.size, STAT.host.size, STATX.guest.size, STATFS.guest.size, TIMESPEC.guest.size]).toEqual([
    128, 144, 256, 120, 16,
  ]);
  expect(STAT.same).toBe(false);
  expect(STATFS.same).toBe(true);
});

test('fields are aligned to their size', () => {
  const { fields, size } = struct('s', 'a:u8 b:u32 c:u16 d:u64 e:u8[3]').guest;
  expect(fields.map((field) => field.offset)).toEqual([0, 4, 8, 16, 24]);
  expect(size).toBe(32);
});

test('fields keep their sign, and large ones are bigint', () => {
  const { task, memory } = createFakeTask();
  beginCall(task);
  const type = struct('s', 'a:i8 b:u8 c:i16 d:u16 e:i32 f:u32 g:i64 h:u64');
  memory.fill(0xff, 0, 32);
  expect(readStruct(task, type, A)).toEqual({
    a: -1,
    b: 255,
    c: -1,
    d: 65535,
    e: -1,
    f: 2 ** 32 - 1,
    g: -1,
    h: 2n ** 64n - 1n,
  });
  expect(writeStruct(task, type, A, { a: -2, d: 0x12345, g: -(2n ** 63n), h: 2 ** 40 })).toBe(true);
  expect(readStruct(task, type, A)).toEqual({ a: -2, b: 0, c: 0, d: 0x2345, e: 0, f: 0, g: -(2n ** 63n), h: 2 ** 40 });
  expect(readStruct(task, type, 0x10)).toBeUndefined();
  expect(writeStruct(task, type, 0x10, {})).toBe(false);
});
