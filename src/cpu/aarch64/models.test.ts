import { expect, test } from 'vitest';
import { EXTENSIONS } from './features.ts';
import { aarch64Rows } from './index.ts';
import { AARCH64_MODELS } from './models.ts';

test('every row belongs to an extension that models can have', () => {
  const known = Object.keys(EXTENSIONS);
  expect([...new Set(aarch64Rows.map(({ extension }) => extension))].filter((name) => !known.includes(name))).toEqual(
    [],
  );
});

const text = (name: string): string[] => {
  const { features } = AARCH64_MODELS.find((model) => model.name === name) as (typeof AARCH64_MODELS)[number];
  const { hwcap, hwcap2, registers } = features;
  return [hwcap, hwcap2, ...Object.values(registers)].map((value) => value.toString(16));
};

// AT_HWCAP, AT_HWCAP2, MIDR_EL1, ID_AA64PFR0_EL1, ID_AA64PFR1_EL1, ID_AA64ISAR0_EL1, ID_AA64ISAR1_EL1 and ID_AA64ISAR2_EL1 as qemu-aarch64 7.2
// has them, and of the Neoverse N1 the SSBS that it has forgotten in AT_HWCAP.
test.each([
  ['cortex-a53', '8fb 0 410fd034 11 0 11120 0 0'],
  ['cortex-a72', '8fb 0 410fd083 11 0 11120 0 0'],
  ['neoverse-n1', '10119ffb 0 414fd0c1 110011 20 100010211120 100001 0'],
])('%s tells what it has', (name, expected) => {
  expect(text(name).join(' ')).toBe(expected);
});

test('cortex-a53 lacks what came after Armv8.0', () => {
  const { lacks } = AARCH64_MODELS.find(({ name }) => name === 'cortex-a53') as (typeof AARCH64_MODELS)[number];
  expect(['LSE', 'FP16', 'PAuth', 'DotProd'].every((name) => lacks.has(name))).toBe(true);
  expect(['Base', 'FP', 'AES', 'CRC32'].some((name) => lacks.has(name))).toBe(false);
});
