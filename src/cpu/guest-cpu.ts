/**
 * What the rest of the emulator sees of a guest CPU: registers by role, not by
 * name. One object a guest thread, a view of the CPU state in its thread
 * memory; each architecture implements it beside its state layout.
 */
import type { Int } from '../host/host.ts';

/** The address that Arm's exclusive monitor has marked when it has marked none. */
export const NO_EXCLUSIVE = -1n;

/** Keys of Arm's pointer authentication, a bit for each: IA, IB, DA, DB, GA. */
export interface PointerKeys {
  /** Makes new ones. */
  renew(keys: number): void;
  /** Those of the first four by which pointers are signed and authenticated; the others leave pointers as they are. */
  enabled: number;
}

export interface GuestCpu {
  /** Program counter, unsigned 64 bit. */
  pc: bigint;
  /** Stack pointer, unsigned 64 bit. */
  sp: bigint;
  /** Number of the system call being made. */
  readonly syscallNumber: number;
  /** System call argument `index` (0–5) as a signed 64-bit integer: a number where that is exact, else a bigint. */
  argument(index: number): Int;
  /** Of a 32-bit processor: has {@link argument} give these, until it is told undefined. */
  replaceArguments?(values: readonly Int[] | undefined): void;
  /** Sets the system call's result register. */
  setResult(value: Int): void;
  /** Sets the result register for a tracer: {@link restartSyscall} still knows what it was before the call. */
  showResult(value: number): void;
  /** Undoes {@link setResult} and moves the PC back onto the system call instruction, so that it is made again. */
  restartSyscall(): void;
  /** Moves the PC behind the system call instruction that it is on. */
  skipSyscall(): void;
  /** Where debuggers have no instruction of their own: whether the undefined one of these bytes at the PC is theirs. */
  isBreakpoint?(code: Uint8Array): boolean;
  /** TLS pointer register, for clone. */
  tls: bigint;
  /** Undefined on processors without pointer authentication. */
  readonly pointerKeys?: PointerKeys;
  /** Zeroes every register, as execve does. */
  reset(): void;
}
