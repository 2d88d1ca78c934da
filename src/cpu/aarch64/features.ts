/**
 * What an emulated processor says that it can do: AT_HWCAP, AT_HWCAP2, and the
 * identification registers that Linux shows to programs. All tell the same, which
 * is what the model (models.ts) has.
 */
import { AARCH64_STATE as STATE } from './state.ts';

/** What an extension is announced by. */
interface Announcement {
  /** Bits of AT_HWCAP and AT_HWCAP2 (uapi/asm/hwcap.h), by the names that /proc/cpuinfo has. */
  hwcap?: Readonly<Record<string, number>>;
  hwcap2?: Readonly<Record<string, number>>;
  /** Fields of identification registers: the register, the field's lowest bit, its value. */
  fields?: readonly (readonly [register: string, bit: number, value: number])[];
}

const ISAR0 = 'id_aa64isar0_el1';
const ISAR1 = 'id_aa64isar1_el1';
const ISAR2 = 'id_aa64isar2_el1';
const PFR0 = 'id_aa64pfr0_el1';
const PFR1 = 'id_aa64pfr1_el1';

/**
 * Extensions as the rows name them. LSE2 and BTI are not among them, see
 * docs/adr/0007-aarch64-extensions-that-are-not-reported.md. Of an extension on another the field has the higher value.
 */
export const EXTENSIONS = {
  /** The kernel emulates reads of identification registers, and says so. */
  Base: { hwcap: { cpuid: 11 } },
  FP: { hwcap: { fp: 0 } },
  AdvSIMD: { hwcap: { asimd: 1 } },
  AES: { hwcap: { aes: 3 }, fields: [[ISAR0, 4, 1]] },
  PMULL: { hwcap: { pmull: 4 }, fields: [[ISAR0, 4, 2]] },
  SHA1: { hwcap: { sha1: 5 }, fields: [[ISAR0, 8, 1]] },
  SHA256: { hwcap: { sha2: 6 }, fields: [[ISAR0, 12, 1]] },
  CRC32: { hwcap: { crc32: 7 }, fields: [[ISAR0, 16, 1]] },
  LSE: { hwcap: { atomics: 8 }, fields: [[ISAR0, 20, 2]] },
  FP16: {
    hwcap: { fphp: 9, asimdhp: 10 },
    fields: [
      [PFR0, 16, 1],
      [PFR0, 20, 1],
    ],
  },
  RDM: { hwcap: { asimdrdm: 12 }, fields: [[ISAR0, 28, 1]] },
  JSCVT: { hwcap: { jscvt: 13 }, fields: [[ISAR1, 12, 1]] },
  FCMA: { hwcap: { fcma: 14 }, fields: [[ISAR1, 16, 1]] },
  LRCPC: { hwcap: { lrcpc: 15 }, fields: [[ISAR1, 20, 1]] },
  DPB: { hwcap: { dcpop: 16 }, fields: [[ISAR1, 0, 1]] },
  SHA3: { hwcap: { sha3: 17 }, fields: [[ISAR0, 32, 1]] },
  SM3: { hwcap: { sm3: 18 }, fields: [[ISAR0, 36, 1]] },
  SM4: { hwcap: { sm4: 19 }, fields: [[ISAR0, 40, 1]] },
  DotProd: { hwcap: { asimddp: 20 }, fields: [[ISAR0, 44, 1]] },
  SHA512: { hwcap: { sha512: 21 }, fields: [[ISAR0, 12, 2]] },
  FHM: { hwcap: { asimdfhm: 23 }, fields: [[ISAR0, 48, 1]] },
  DIT: { hwcap: { dit: 24 }, fields: [[PFR0, 48, 1]] },
  LRCPC2: { hwcap: { ilrcpc: 26 }, fields: [[ISAR1, 20, 2]] },
  FlagM: { hwcap: { flagm: 27 }, fields: [[ISAR0, 52, 1]] },
  SSBS: { hwcap: { ssbs: 28 }, fields: [[PFR1, 4, 2]] },
  SB: { hwcap: { sb: 29 }, fields: [[ISAR1, 36, 1]] },
  // With algorithms of our own (API, GPI).
  PAuth: {
    hwcap: { paca: 30, pacg: 31 },
    fields: [
      [ISAR1, 8, 1],
      [ISAR1, 28, 1],
    ],
  },
  DPB2: { hwcap2: { dcpodp: 0 }, fields: [[ISAR1, 0, 2]] },
  FlagM2: { hwcap2: { flagm2: 7 }, fields: [[ISAR0, 52, 2]] },
  FRINTTS: { hwcap2: { frint: 8 }, fields: [[ISAR1, 32, 1]] },
  BF16: { hwcap2: { bf16: 14 }, fields: [[ISAR1, 44, 1]] },
  RNG: { hwcap2: { rng: 16 }, fields: [[ISAR0, 60, 1]] },
  MOPS: { hwcap2: { mops: 43 }, fields: [[ISAR2, 16, 1]] },
  I8MM: { hwcap2: { i8mm: 13 }, fields: [[ISAR1, 52, 1]] },
} as const satisfies Record<string, Announcement>;

export type Extension = keyof typeof EXTENSIONS;

/** Of the space of identification registers those that tell models apart: where their values are in the state. */
export const ID_CELLS = {
  midr_el1: STATE.identification,
  [PFR0]: STATE.identification + 8,
  [PFR1]: STATE.identification + 16,
  [ISAR0]: STATE.identification + 24,
  [ISAR1]: STATE.identification + 32,
  [ISAR2]: STATE.identification + 40,
} as const;

/** What a processor with certain extensions tells of itself. */
export interface Features {
  hwcap: bigint;
  hwcap2: bigint;
  /** What /proc/cpuinfo lists. */
  names: string;
  /** The value of each register of {@link ID_CELLS}. */
  registers: Readonly<Record<keyof typeof ID_CELLS, bigint>>;
}

/** @param midr MIDR_EL1, which says who made the processor and which one it is */
export function featuresOf(extensions: ReadonlySet<Extension>, midr: bigint): Features {
  const announced: Announcement[] = [...extensions].map((name) => EXTENSIONS[name]);
  const capabilities = (of: 'hwcap' | 'hwcap2'): [name: string, bit: number][] =>
    announced.flatMap((one) => Object.entries(one[of] ?? {})).sort(([, p], [, q]) => p - q);
  const bitsOf = (all: [name: string, bit: number][]): bigint =>
    all.reduce((bits, [, bit]) => bits | (1n << BigInt(bit)), 0n);
  const [first, second] = [capabilities('hwcap'), capabilities('hwcap2')];
  /** A register's fields: of several values for one the highest. */
  const fieldsOf = (register: string): bigint => {
    const fields = new Map<number, number>();
    for (const { fields: all = [] } of announced)
      for (const [name, bit, value] of all)
        if (name === register) fields.set(bit, Math.max(fields.get(bit) ?? 0, value));
    return [...fields].reduce((all, [bit, value]) => all | (BigInt(value) << BigInt(bit)), 0n);
  };
  return {
    hwcap: bitsOf(first),
    hwcap2: bitsOf(second),
    names: [...first, ...second].map(([name]) => name).join(' '),
    registers: {
      midr_el1: midr,
      // EL0 and EL1 are 64 bits only.
      [PFR0]: 0x11n | fieldsOf(PFR0),
      [PFR1]: fieldsOf(PFR1),
      [ISAR0]: fieldsOf(ISAR0),
      [ISAR1]: fieldsOf(ISAR1),
      [ISAR2]: fieldsOf(ISAR2),
    },
  };
}

/** Registers of the identification space: name; o0, op1, CRn, CRm and op2 as in the encoding; value, if all models have it. */
type IdRegister = readonly [name: string, bits: string, value?: bigint];
const NAMED_ID_REGISTERS: readonly IdRegister[] = [
  ['midr_el1', '1 000 0000 0000 000'],
  ['mpidr_el1', '1 000 0000 0000 101', 0x8000_0000n],
  ['revidr_el1', '1 000 0000 0000 110', 0n],
  [PFR0, '1 000 0000 0100 000'],
  [PFR1, '1 000 0000 0100 001'],
  ['id_aa64zfr0_el1', '1 000 0000 0100 100', 0n],
  ['id_aa64smfr0_el1', '1 000 0000 0100 101', 0n],
  // Of fields that Linux hides it gives what it takes for safe: Armv8's debug architecture,
  ['id_aa64dfr0_el1', '1 000 0000 0101 000', 6n],
  ['id_aa64dfr1_el1', '1 000 0000 0101 001', 0n],
  ['id_aa64afr0_el1', '1 000 0000 0101 100', 0n],
  ['id_aa64afr1_el1', '1 000 0000 0101 101', 0n],
  [ISAR0, '1 000 0000 0110 000'],
  [ISAR1, '1 000 0000 0110 001'],
  [ISAR2, '1 000 0000 0110 010'],
  // and no granules of 4 and 64 KiB.
  ['id_aa64mmfr0_el1', '1 000 0000 0111 000', 0xff00_0000n],
  ['id_aa64mmfr1_el1', '1 000 0000 0111 001', 0n],
  ['id_aa64mmfr2_el1', '1 000 0000 0111 010', 0n],
];

/** The others, whose CRm is 4 to 7, are zero. */
function otherIdRegisters(): IdRegister[] {
  const named = NAMED_ID_REGISTERS.map(([, bits]) => bits);
  const binary = (value: number, width: number) => value.toString(2).padStart(width, '0');
  return Array.from({ length: 32 }, (_, index): IdRegister => {
    const [crm, op2] = [4 + (index >> 3), index & 7];
    return [`s3_0_c0_c${crm}_${op2}`, `1 000 0000 ${binary(crm, 4)} ${binary(op2, 3)}`, 0n];
  }).filter(([, bits]) => !named.includes(bits));
}

export const ID_REGISTERS: readonly IdRegister[] = [...NAMED_ID_REGISTERS, ...otherIdRegisters()];
