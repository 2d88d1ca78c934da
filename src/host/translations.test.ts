import { mkdtempSync, readdirSync, readSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Translations } from './translations.ts';

const ADDON = join(import.meta.dirname, '../../dist/module-code.node');
/** A module without anything in it. */
const BYTES = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const CODE_SIZE = 1 << 20;

/** Reads where tsemu maps. */
const readPart = (fd: number, start: number, length: number): ArrayBuffer => {
  const bytes = new Uint8Array(length);
  readSync(fd, bytes, { position: start });
  return bytes.buffer;
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsemu-translations-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function opened(): Translations {
  const translations = new Translations(directory, 'a version', ADDON, () => true, readPart);
  translations.open('/bin/program');
  return translations;
}
function append(translations: Translations, pc: number): void {
  const guestCode = new Uint8Array(CODE_SIZE).fill(pc);
  const all = [{ pc, flags: 0, numbers: Float64Array.of(pc), guestCode }];
  translations.append([{ translations: all, bytes: BYTES, module: new WebAssembly.Module(BYTES) }], []);
}
const file = (): string => join(directory, readdirSync(directory)[0]);

test('what has been appended is read once, however often more is', () => {
  const translations = opened();
  const buffers = new Set<ArrayBufferLike>();
  for (let pc = 1; pc <= 12; pc++) {
    append(translations, pc);
    // As long as a region is in use, so is what was read of it.
    for (let known = 1; known < pc; known++) buffers.add(translations.find(known, 0)!.guestCode.buffer);
  }
  const bytes = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeGreaterThan(10 * CODE_SIZE);
  expect(bytes).toBeLessThanOrEqual(statSync(file()).size);
});

test('what another process has appended is found, and kept', () => {
  const [one, other] = [opened(), opened()];
  append(one, 1);
  append(other, 2);
  append(one, 3);
  append(other, 4);
  for (const [translations, pcs] of [
    [one, [1, 2]],
    [other, [1, 2, 3]],
  ] as const) {
    for (const pc of pcs) expect(translations.find(pc, 0)?.guestCode[0]).toBe(pc);
  }
  const found: number[] = [];
  opened().load(
    (pc) => found.push(pc),
    () => {},
  );
  expect(found).toEqual([1, 2, 3, 4]);
});

test('a file in place of the one that was read is read from its start', () => {
  const [one, other] = [opened(), opened()];
  append(one, 1);
  append(one, 2);
  unlinkSync(file());
  append(other, 3);
  append(one, 4);
  expect(one.find(1, 0)).toBeUndefined();
  expect(one.find(3, 0)?.guestCode[0]).toBe(3);
});
