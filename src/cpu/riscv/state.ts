/**
 * The CPU state of a RISC-V hart, as it lies in the thread memory.
 *
 * Every back end, the signal frame, `-d cpu` and the debugger read this one
 * layout. Integer and floating-point registers are 64 bits each; narrower
 * floating-point values are NaN-boxed (unprivileged ISA, section 21.2).
 */
import type { Int } from '../../host/host.ts';
import type { RegisterLayout } from '../arch.ts';
import type { GuestCpu } from '../guest-cpu.ts';

/** Byte offsets in the thread memory. */
export const RISCV_STATE = {
  /** x0–x31; the cell of x0 is always 0. */
  x: 0x000,
  f: 0x100,
  pc: 0x200,
  /** i32: accrued exception flags NX UF OF DZ NV, bits 0–4. */
  fflags: 0x208,
  /** i32: dynamic rounding mode. */
  frm: 0x20c,
  /** Where instructions whose destination is x0 write. */
  sink: 0x210,
  /** i64 each: address reserved by LR, or -1; the value it read; the version of the address. */
  reservation: 0x218,
  reservedValue: 0x220,
  reservedVersion: 0x228,
} as const;

export const RISCV_REGISTERS: RegisterLayout = {
  registerCount: 64,
  floatRegisters: { first: RISCV_STATE.f / 8, end: RISCV_STATE.f / 8 + 32 },
};

/** An address that nothing is stored at. */
export const NO_RESERVATION = -1n;

export class RiscvCpu implements GuestCpu {
  /** x0–x31, then f0–f31. */
  readonly registers: BigUint64Array;
  private readonly words: Uint32Array;
  private readonly fcsrWords: Uint32Array;
  private readonly pcCell: BigUint64Array;
  private readonly reservation: BigInt64Array;
  private firstArgumentLow = 0;
  private firstArgumentHigh = 0;

  constructor(threadMemory: WebAssembly.Memory) {
    const { buffer } = threadMemory;
    this.registers = new BigUint64Array(buffer, RISCV_STATE.x, 64);
    this.words = new Uint32Array(buffer, RISCV_STATE.x, 64);
    this.pcCell = new BigUint64Array(buffer, RISCV_STATE.pc, 1);
    this.reservation = new BigInt64Array(buffer, RISCV_STATE.reservation, 1);
    this.fcsrWords = new Uint32Array(buffer, RISCV_STATE.fflags, 2);
  }

  get pc(): bigint {
    return this.pcCell[0];
  }
  set pc(value: bigint) {
    this.pcCell[0] = value;
  }
  get sp(): bigint {
    return this.registers[2];
  }
  set sp(value: bigint) {
    this.registers[2] = value;
  }
  get tls(): bigint {
    return this.registers[4];
  }
  set tls(value: bigint) {
    this.registers[4] = value;
  }
  /** The fcsr register: frm in bits 5–7, fflags in bits 0–4. */
  get fcsr(): number {
    return (this.fcsrWords[1] << 5) | this.fcsrWords[0];
  }
  set fcsr(value: number) {
    this.fcsrWords[0] = value & 31;
    this.fcsrWords[1] = (value >> 5) & 7;
  }

  get syscallNumber(): number {
    return this.words[35] === 0 ? this.words[34] : -1;
  }

  argument(index: number): Int {
    const low = this.words[20 + 2 * index];
    const high = this.words[21 + 2 * index] | 0;
    if (high >= -0x200000 && high < 0x200000) return high * 0x1_0000_0000 + low;
    return BigInt.asIntN(64, this.registers[10 + index]);
  }

  setResult(value: Int): void {
    const { words } = this;
    this.firstArgumentLow = words[20];
    this.firstArgumentHigh = words[21];
    if (typeof value === 'number') {
      words[20] = value;
      words[21] = Math.floor(value / 0x1_0000_0000);
    } else this.registers[10] = value;
  }

  restartSyscall(): void {
    this.words[20] = this.firstArgumentLow;
    this.words[21] = this.firstArgumentHigh;
    this.pc -= 4n;
  }

  showResult(value: number): void {
    this.registers[10] = BigInt.asUintN(64, BigInt(value));
  }

  skipSyscall(): void {
    this.pc += 4n;
  }

  /** What Linux does whenever it takes over: a store-conditional after it fails. */
  dropReservation(): void {
    this.reservation[0] = NO_RESERVATION;
  }

  reset(): void {
    this.registers.fill(0n);
    this.fcsr = 0;
    this.dropReservation();
  }
}
