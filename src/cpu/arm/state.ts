/**
 * The CPU state of an AArch32 processing element, as it lies in the thread
 * memory. Every back end, the signal frame, `-d cpu` and the debugger read this
 * one layout. General registers are 64 bits wide and hold their value
 * sign-extended.
 *
 * Code is known by an address and an instruction set ({@link SET}), which stands
 * above the 32 bits of the address wherever the translator has it.
 */
import type { Int } from '../../host/host.ts';
import type { RegisterLayout } from '../arch.ts';
import { type GuestCpu, NO_EXCLUSIVE } from '../guest-cpu.ts';

/** Byte offsets in the thread memory. */
export const ARM_STATE = {
  /** r0–r14. */
  r: 0x000,
  /** What an operand that names r15 reads: written by the instruction itself, before. */
  r15: 0x078,
  /** i64 each: the flags in the form of the IR's `condition`. */
  n: 0x080,
  z: 0x088,
  c: 0x090,
  v: 0x098,
  /** i64: PSTATE.IT while an IT block is executed, else 0. */
  it: 0x0a0,
  /** i64: FPSCR's N, Z, C and V, as four bits. */
  fpNzcv: 0x0a8,
  /** i64 each: d0–d31; s0 is the low half of d0, q0 is d0 and d1. */
  d: 0x100,
  /** i64: the address of the code at the PC, its instruction set above the 32 bits. */
  pc: 0x200,
  /** i32: accrued exception flags in the order of the IR, input denormal above. */
  fpFlags: 0x208,
  /** i32: the parts of FPSCR that operations are done by: rounding mode, FZ, DN, FZ16, AHP. */
  fpMode: 0x20c,
  /** i32: FPSCR.QC, 0 or 1. */
  qc: 0x210,
  /** i32: CPSR.Q, 0 or 1; CPSR.GE, four bits. */
  q: 0x218,
  ge: 0x21c,
  /** i64: TPIDRURO, TPIDRURW. */
  tls: 0x220,
  tpidrurw: 0x228,
  /** i64 each: address marked by a load-exclusive, or -1; the value it read; the version of the address. */
  exclusive: 0x230,
  exclusiveValue: 0x238,
  exclusiveVersion: 0x240,
  end: 0x248,
} as const;

export const REGISTER_COUNT = 64;
export const ARM_REGISTERS: RegisterLayout = {
  registerCount: REGISTER_COUNT,
  wordRegisters: { first: 0, end: 16 },
  floatRegisters: { first: 32, end: 64 },
};

/**
 * Which rows an instruction is decoded by: A32, T32 outside of an IT block, T32 within one; A32 whose condition is known
 * to hold, which compiled code makes of conditional jumps (A32Builder.conditionally).
 */
export const SET = { a32: 0, t32: 1, it: 2, taken: 3 } as const;
/** Whether an instruction set is T32. */
export const isThumbSet = (set: number): boolean => set === SET.t32 || set === SET.it;

/** FPSCR.RMode: nearest, up, down, zero, as the IR numbers them, and back. */
const ROUNDINGS = [0, 3, 2, 1] as const;
/** Bits of FPSCR and of `fpMode`. */
const MODE_BITS = [
  [24, 3],
  [25, 4],
  [19, 5],
  [26, 6],
] as const;
/** Exception flags of FPSCR, and of `fpFlags`. */
const FLAG_BITS = [
  [0, 4],
  [1, 3],
  [2, 2],
  [3, 1],
  [4, 0],
  [7, 5],
] as const;

const THUMB = 1 << 5;

export class ArmCpu implements GuestCpu {
  /** r0–r15, the low 32 bits of each in the even places. */
  private readonly words: Uint32Array;
  private readonly signed: Int32Array;
  private readonly cells: BigUint64Array;
  private firstArgument = 0;
  private replaced: readonly Int[] | undefined;

  constructor(threadMemory: WebAssembly.Memory) {
    const { buffer } = threadMemory;
    this.words = new Uint32Array(buffer, 0, ARM_STATE.end / 4);
    this.signed = new Int32Array(buffer, 0, ARM_STATE.end / 4);
    this.cells = new BigUint64Array(buffer, 0, ARM_STATE.end / 8);
  }

  register(index: number): number {
    return this.words[2 * index];
  }
  setRegister(index: number, value: number): void {
    this.signed[2 * index] = value;
    this.signed[2 * index + 1] = (value | 0) >> 31;
  }
  /** d0–d31. */
  get doubles(): BigUint64Array {
    return this.cells.subarray(ARM_STATE.d / 8, ARM_STATE.d / 8 + 32);
  }

  /** The address alone. An odd one that is set is that of T32 code. */
  get pc(): bigint {
    return BigInt(this.words[ARM_STATE.pc / 4]);
  }
  set pc(value: bigint) {
    const address = Number(value & 0xffff_ffffn);
    this.goTo(address & ~1, (address & 1) !== 0);
  }
  get isThumb(): boolean {
    return isThumbSet(this.words[ARM_STATE.pc / 4 + 1]);
  }
  private goTo(address: number, isThumb: boolean, it = 0): void {
    this.words[ARM_STATE.pc / 4] = address;
    this.words[ARM_STATE.pc / 4 + 1] = isThumb ? (it === 0 ? SET.t32 : SET.it) : SET.a32;
    this.words[ARM_STATE.it / 4] = it;
  }
  get sp(): bigint {
    return BigInt(this.register(13));
  }
  set sp(value: bigint) {
    this.setRegister(13, Number(value & 0xffff_ffffn));
  }
  get tls(): bigint {
    return this.cells[ARM_STATE.tls / 8] & 0xffff_ffffn;
  }
  set tls(value: bigint) {
    this.cells[ARM_STATE.tls / 8] = BigInt.asUintN(64, BigInt.asIntN(32, value));
  }

  /** N, Z, C, V, Q in bits 31–27, IT[1:0] in 26–25, GE in 19–16, IT[7:2] in 15–10, T in bit 5, user mode. */
  get cpsr(): number {
    const { cells, words } = this;
    const sign = (offset: number): number => Number(cells[offset / 8] >> 63n);
    const zero = cells[ARM_STATE.z / 8] === 0n ? 1 : 0;
    const carry = cells[ARM_STATE.c / 8] === 0n ? 0 : 1;
    const it = words[ARM_STATE.it / 4];
    return (
      ((sign(ARM_STATE.n) << 31) |
        (zero << 30) |
        (carry << 29) |
        (sign(ARM_STATE.v) << 28) |
        (words[ARM_STATE.q / 4] << 27) |
        ((it & 3) << 25) |
        (words[ARM_STATE.ge / 4] << 16) |
        ((it >> 2) << 10) |
        (this.isThumb ? THUMB : 0) |
        0x10) >>>
      0
    );
  }
  /** With the PC, since the instruction set goes with it. */
  restore(cpsr: number, pc: number): void {
    const { cells, words } = this;
    cells[ARM_STATE.n / 8] = (cpsr & 0x8000_0000) !== 0 ? BigInt.asUintN(64, -1n) : 0n;
    cells[ARM_STATE.z / 8] = (cpsr & 0x4000_0000) !== 0 ? 0n : 1n;
    cells[ARM_STATE.c / 8] = (cpsr & 0x2000_0000) !== 0 ? 1n : 0n;
    cells[ARM_STATE.v / 8] = (cpsr & 0x1000_0000) !== 0 ? BigInt.asUintN(64, -1n) : 0n;
    words[ARM_STATE.q / 4] = (cpsr >>> 27) & 1;
    words[ARM_STATE.ge / 4] = (cpsr >>> 16) & 15;
    this.goTo(pc & ~1, (cpsr & THUMB) !== 0, ((cpsr >>> 25) & 3) | ((cpsr >>> 8) & 0xfc));
  }

  get fpscr(): number {
    const mode = this.words[ARM_STATE.fpMode / 4];
    const flags = this.words[ARM_STATE.fpFlags / 4];
    let value = ROUNDINGS[mode & 3] << 22;
    for (const [theirs, ours] of MODE_BITS) value |= ((mode >> ours) & 1) << theirs;
    for (const [theirs, ours] of FLAG_BITS) value |= ((flags >> ours) & 1) << theirs;
    const qc = (this.words[ARM_STATE.qc / 4] & 1) << 27;
    return (value | qc | (this.words[ARM_STATE.fpNzcv / 4] << 28)) >>> 0;
  }
  set fpscr(value: number) {
    let mode: number = ROUNDINGS[(value >> 22) & 3];
    let flags = 0;
    for (const [theirs, ours] of MODE_BITS) mode |= ((value >> theirs) & 1) << ours;
    for (const [theirs, ours] of FLAG_BITS) flags |= ((value >> theirs) & 1) << ours;
    this.words[ARM_STATE.fpMode / 4] = mode;
    this.words[ARM_STATE.fpFlags / 4] = flags;
    this.words[ARM_STATE.qc / 4] = (value >> 27) & 1;
    this.words[ARM_STATE.fpNzcv / 4] = value >>> 28;
  }

  get syscallNumber(): number {
    return this.register(7);
  }
  /** Unsigned. */
  argument(index: number): Int {
    return this.replaced === undefined ? this.words[2 * index] : (this.replaced[index] ?? 0);
  }
  replaceArguments(values: readonly Int[] | undefined): void {
    this.replaced = values;
  }
  setResult(value: Int): void {
    this.firstArgument = this.register(0);
    this.setRegister(0, Number(BigInt.asIntN(32, BigInt(value))));
  }
  restartSyscall(): void {
    this.setRegister(0, this.firstArgument);
    this.words[ARM_STATE.pc / 4] -= this.isThumb ? 2 : 4;
  }
  showResult(value: number): void {
    this.setRegister(0, value);
  }
  /** The undefined instructions that arch/arm/kernel/ptrace.c takes for breakpoints. */
  isBreakpoint(code: Uint8Array): boolean {
    const halfword = (at: number): number => code[at] | (code[at + 1] << 8);
    if (!this.isThumb) return halfword(0) === 0x01f0 && (halfword(2) & 0xfff) === 0x7f0;
    return halfword(0) === 0xde01 || (halfword(0) === 0xf7f0 && halfword(2) === 0xa000);
  }
  skipSyscall(): void {
    this.words[ARM_STATE.pc / 4] += this.isThumb ? 2 : 4;
  }

  /** The exclusive monitor is cleared whenever Linux takes over: a store-exclusive after it fails. */
  dropReservation(): void {
    this.cells[ARM_STATE.exclusive / 8] = BigInt.asUintN(64, NO_EXCLUSIVE);
  }
  reset(): void {
    this.cells.fill(0n);
    this.cells[ARM_STATE.z / 8] = 1n;
    this.dropReservation();
  }
}
