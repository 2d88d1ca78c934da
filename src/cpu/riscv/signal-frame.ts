/**
 * The signal frame of riscv64 Linux: struct rt_sigframe, a siginfo_t followed
 * by a struct ucontext (asm/ucontext.h, asm/sigcontext.h, asm/ptrace.h).
 *
 *       0  siginfo_t
 *     128  uc_flags, uc_link
 *     144  uc_stack: ss_sp, ss_flags, ss_size
 *     168  uc_sigmask, padded to 1024 bits, then to a multiple of 16
 *     304  pc, x1–x31
 *     560  f0–f31, fcsr: the D part of a union sized for Q
 *    1076  three reserved words: zero, else sigreturn refuses the frame. The last
 *          two are the header that ends a list of extension records.
 *    1088  end
 */
import {
  CONTEXT_OFFSETS,
  decodeContext,
  encodeContext,
  type SavedSignalContext,
  type SignalDelivery,
  type SignalFrames,
} from '../signal-frame.ts';
import type { RiscvCpu } from './state.ts';

/** Byte offsets in the frame; a test compares them with the C headers. */
export const RISCV_SIGNAL_FRAME = {
  ...CONTEXT_OFFSETS,
  pc: 304,
  x1: 312,
  f0: 560,
  fcsr: 816,
  reserved: 1076,
  size: 1088,
} as const;

const F = RISCV_SIGNAL_FRAME;

export class RiscvSignalFrames implements SignalFrames {
  readonly size = F.size;
  private readonly cpu: RiscvCpu;
  /** The frame being built; what is zero in every frame stays zero. */
  private readonly frame = new Uint8Array(F.size);

  constructor(cpu: RiscvCpu) {
    this.cpu = cpu;
  }

  /** The stack pointer is always a multiple of 16 (psABI, integer calling convention). */
  place(top: bigint): bigint {
    return BigInt.asUintN(64, top - BigInt(F.size)) & ~15n;
  }

  encode(delivery: SignalDelivery): Uint8Array {
    const { cpu, frame } = this;
    const view = new DataView(frame.buffer);
    encodeContext(frame, view, F, delivery);
    const words = new BigUint64Array(frame.buffer);
    words[F.pc / 8] = cpu.pc;
    words.set(cpu.registers.subarray(1, 32), F.x1 / 8);
    words.set(cpu.registers.subarray(32), F.f0 / 8);
    view.setUint32(F.fcsr, cpu.fcsr, true);
    return frame;
  }

  enter(address: bigint, delivery: SignalDelivery): void {
    const { cpu } = this;
    const { registers } = cpu;
    registers[1] = delivery.trampoline;
    registers[2] = address;
    registers[10] = BigInt(delivery.signo);
    registers[11] = address + BigInt(F.info);
    registers[12] = address + BigInt(F.ucFlags);
    cpu.pc = BigInt.asUintN(64, delivery.handler) & ~1n;
    cpu.dropReservation();
  }

  restore(frame: Uint8Array): SavedSignalContext | undefined {
    const { cpu } = this;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const words = new BigUint64Array(frame.buffer, frame.byteOffset, F.size / 8);
    for (let at: number = F.reserved; at < F.size; at += 4) if (view.getUint32(at, true) !== 0) return undefined;
    // The PC's bit 0 does not exist: sepc holds it as zero.
    cpu.pc = words[F.pc / 8] & ~1n;
    cpu.registers.set(words.subarray(F.x1 / 8, F.x1 / 8 + 31), 1);
    cpu.registers.set(words.subarray(F.f0 / 8, F.f0 / 8 + 32), 32);
    cpu.fcsr = view.getUint32(F.fcsr, true);
    return decodeContext(view, F);
  }
}
