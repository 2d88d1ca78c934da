/**
 * The CPU state of an AArch64 processing element, as it lies in the thread
 * memory. Every back end, the signal frame, `-d cpu` and the debugger read this
 * one layout.
 */
import type { Int } from '../../host/host.ts';
import type { RegisterLayout } from '../arch.ts';
import { type GuestCpu, NO_EXCLUSIVE, type PointerKeys } from '../guest-cpu.ts';

/** Byte offsets in the thread memory. */
export const AARCH64_STATE = {
  /** x0–x30. */
  x: 0x000,
  /** Always 0. */
  zr: 0x0f8,
  sp: 0x100,
  /**
   * PSTATE's flags, each in the form that comparisons give: N is the sign of this i64, Z whether this one is 0, C is 0 or
   * 1, V the sign. See the IR's `condition`.
   */
  n: 0x108,
  z: 0x110,
  c: 0x118,
  v: 0x120,
  /** v0–v31, 16 bytes each. */
  vectors: 0x200,
  pc: 0x400,
  /** i32: accrued exception flags, in the order of the IR: inexact, underflow, overflow, divide by zero, invalid; bits 0–4. */
  fpFlags: 0x408,
  /** i32: the parts of FPCR that operations are done by, see {@link FP_MODE}. */
  fpMode: 0x40c,
  /** i32: FPSR.QC, 0 or 1. */
  qc: 0x410,
  /** i32: PSTATE's bits that only msr writes, see {@link PSTATE}. */
  pstate: 0x414,
  /** Where instructions whose destination is xzr write. */
  sink: 0x418,
  /** i64: address marked by a load-exclusive, or -1; the value it read, of 64 or 128 bits. */
  exclusive: 0x420,
  exclusiveValue: 0x428,
  exclusiveHigh: 0x430,
  /** i64: TPIDR_EL0. */
  tpidr: 0x438,
  /** i64: the version of the address marked. */
  exclusiveVersion: 0x440,
  /** Keys of pointer authentication, 16 bytes each: IA, IB, DA, DB, GA. */
  keys: 0x448,
  /** i64: a bit for each of the first four that is off. */
  disabledKeys: 0x498,
  /** What threads take over from each other ends here. */
  end: 0x4a0,
  /** i64 each: identification registers of the model, see features.ts. They never change. */
  identification: 0x4a0,
} as const;

/** Bits of PSTATE, as in SPSR, that change nothing here: they are kept. */
export const PSTATE = { SSBS: 1 << 12, DIT: 1 << 24 } as const;

/** Addresses have 48 bits, bit 55 tells whose they are, and the top byte is the program's: a signed pointer's code has bits 48–54. */
export const POINTER_CODE = 0x007f_0000_0000_0000n;

/** Where the vector registers begin, as a register number: offset / 8. */
export const FIRST_VECTOR = AARCH64_STATE.vectors / 8;
/** Behind the last register that operands name, in the same numbering. */
export const REGISTER_COUNT = FIRST_VECTOR + 64;

export const AARCH64_REGISTERS: RegisterLayout = {
  registerCount: REGISTER_COUNT,
  vectors: { first: FIRST_VECTOR, end: REGISTER_COUNT },
};

/** AArch64's rounding modes (FPCR.RMode: nearest, up, down, zero) as the IR numbers them, and back. */
const ROUNDINGS = [0, 3, 2, 1] as const;

/** Bits of FPCR and FPSR. */
const FPCR = { roundingShift: 22, FZ16: 1 << 19, FZ: 1 << 24, DN: 1 << 25, AHP: 1 << 26 } as const;
/** The bits of `fpMode` above the rounding mode's three. */
export const FP_MODE = { FZ: 8, DN: 16, FZ16: 32, AHP: 64 } as const;
const MODE_BITS = ['FZ', 'DN', 'FZ16', 'AHP'] as const;

const ALL_KEYS = 31;
const ADDRESS_KEYS = 15;

class Keys implements PointerKeys {
  private readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    this.words = words;
  }
  /** They keep nothing from the program, which can have any pointer signed. */
  renew(keys: number): void {
    for (let key = 0; key < 5; key++) {
      if (((keys >> key) & 1) === 0) continue;
      const first = AARCH64_STATE.keys / 4 + 4 * key;
      for (let at = first; at < first + 4; at++) this.words[at] = Math.random() * 2 ** 32;
    }
  }
  get enabled(): number {
    return ADDRESS_KEYS & ~this.words[AARCH64_STATE.disabledKeys / 4];
  }
  set enabled(keys: number) {
    this.words[AARCH64_STATE.disabledKeys / 4] = ADDRESS_KEYS & ~keys;
  }
}

export class Aarch64Cpu implements GuestCpu {
  /** x0–x30, xzr, sp. */
  readonly registers: BigUint64Array;
  /** v0–v31. */
  readonly vectors: Uint8Array;
  private readonly words: Uint32Array;
  private readonly cells: BigUint64Array;
  readonly pointerKeys: PointerKeys | undefined;
  private firstArgument = 0n;

  /** @param hasKeys whether the processor has pointer authentication */
  constructor(threadMemory: WebAssembly.Memory, hasKeys = true) {
    const { buffer } = threadMemory;
    this.registers = new BigUint64Array(buffer, AARCH64_STATE.x, 33);
    this.vectors = new Uint8Array(buffer, AARCH64_STATE.vectors, 512);
    this.words = new Uint32Array(buffer, 0, AARCH64_STATE.end / 4);
    this.cells = new BigUint64Array(buffer, 0, AARCH64_STATE.end / 8);
    this.pointerKeys = hasKeys ? new Keys(this.words) : undefined;
  }

  get pc(): bigint {
    return this.cells[AARCH64_STATE.pc / 8];
  }
  set pc(value: bigint) {
    this.cells[AARCH64_STATE.pc / 8] = value;
  }
  get sp(): bigint {
    return this.registers[32];
  }
  set sp(value: bigint) {
    this.registers[32] = value;
  }
  get tls(): bigint {
    return this.cells[AARCH64_STATE.tpidr / 8];
  }
  set tls(value: bigint) {
    this.cells[AARCH64_STATE.tpidr / 8] = value;
  }

  /** NZCV in bits 31–28, as in PSTATE and SPSR. */
  get nzcv(): number {
    const { cells } = this;
    const sign = (offset: number): number => Number(cells[offset / 8] >> 63n);
    const zero = cells[AARCH64_STATE.z / 8] === 0n ? 1 : 0;
    const bits = (sign(AARCH64_STATE.n) << 3) | (zero << 2) | sign(AARCH64_STATE.v);
    return ((bits | (Number(cells[AARCH64_STATE.c / 8] & 1n) << 1)) << 28) >>> 0;
  }
  set nzcv(value: number) {
    const { cells } = this;
    cells[AARCH64_STATE.n / 8] = (value & 0x8000_0000) !== 0 ? BigInt.asUintN(64, -1n) : 0n;
    cells[AARCH64_STATE.z / 8] = (value & 0x4000_0000) !== 0 ? 0n : 1n;
    cells[AARCH64_STATE.c / 8] = (value & 0x2000_0000) !== 0 ? 1n : 0n;
    cells[AARCH64_STATE.v / 8] = (value & 0x1000_0000) !== 0 ? BigInt.asUintN(64, -1n) : 0n;
  }

  /** As SPSR has it: NZCV, and what msr writes. */
  get pstate(): number {
    return (this.nzcv | this.words[AARCH64_STATE.pstate / 4]) >>> 0;
  }
  set pstate(value: number) {
    this.nzcv = value;
    this.words[AARCH64_STATE.pstate / 4] = value & (PSTATE.SSBS | PSTATE.DIT);
  }

  get fpcr(): number {
    const mode = this.words[AARCH64_STATE.fpMode / 4];
    let value = ROUNDINGS[mode & 3] << FPCR.roundingShift;
    for (const bit of MODE_BITS) if ((mode & FP_MODE[bit]) !== 0) value |= FPCR[bit];
    return value;
  }
  set fpcr(value: number) {
    let mode: number = ROUNDINGS[(value >> FPCR.roundingShift) & 3];
    for (const bit of MODE_BITS) if ((value & FPCR[bit]) !== 0) mode |= FP_MODE[bit];
    this.words[AARCH64_STATE.fpMode / 4] = mode;
  }

  /** QC in bit 27, IDC in bit 7, IXC, UFC, OFC, DZC, IOC in bits 4–0. */
  get fpsr(): number {
    const flags = this.words[AARCH64_STATE.fpFlags / 4];
    return ((this.words[AARCH64_STATE.qc / 4] & 1) << 27) | ((flags & 32) << 2) | reversed(flags);
  }
  set fpsr(value: number) {
    this.words[AARCH64_STATE.qc / 4] = (value >> 27) & 1;
    this.words[AARCH64_STATE.fpFlags / 4] = ((value >> 2) & 32) | reversed(value);
  }

  get syscallNumber(): number {
    const [low, high] = [this.words[16], this.words[17]];
    return high === 0 ? low : -1;
  }

  argument(index: number): Int {
    const low = this.words[2 * index];
    const high = this.words[2 * index + 1] | 0;
    if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + low;
    return BigInt.asIntN(64, this.registers[index]);
  }

  setResult(value: Int): void {
    this.firstArgument = this.registers[0];
    this.registers[0] = BigInt(value);
  }

  restartSyscall(): void {
    this.registers[0] = this.firstArgument;
    this.pc -= 4n;
  }

  showResult(value: number): void {
    this.registers[0] = BigInt.asUintN(64, BigInt(value));
  }

  skipSyscall(): void {
    this.pc += 4n;
  }

  /** The exclusive monitor is cleared whenever Linux takes over: a store-exclusive after it fails. */
  dropReservation(): void {
    this.cells[AARCH64_STATE.exclusive / 8] = BigInt.asUintN(64, NO_EXCLUSIVE);
  }

  reset(): void {
    this.cells.fill(0n);
    this.nzcv = 0;
    this.dropReservation();
    // As execve does.
    this.pointerKeys?.renew(ALL_KEYS);
  }
}

/** Five bits in reverse order: the IR's exception flags as FPSR has them. */
function reversed(flags: number): number {
  let value = 0;
  for (let bit = 0; bit < 5; bit++) if ((flags >> bit) & 1) value |= 16 >> bit;
  return value;
}
