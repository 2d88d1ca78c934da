/**
 * The signal frame of arm64 Linux: struct rt_sigframe, a siginfo_t followed by a
 * struct ucontext (asm/ucontext.h, asm/sigcontext.h), then a frame record.
 *
 *       0  siginfo_t
 *     128  uc_flags, uc_link
 *     144  uc_stack: ss_sp, ss_flags, ss_size
 *     168  uc_sigmask, padded to 1024 bits, then to a multiple of 16
 *     304  fault_address, x0–x30, sp, pc, pstate
 *     592  records, each a magic number and its size: fpsimd_context, after a fault esr_context, an end of zeros
 *    4688  the frame record: x29 and x30
 *
 * What the records have always fits the space for them, so no frame of ours has an extra_context, which says that more
 * records follow the end of zeros; a frame that a program hands to sigreturn may have one.
 */
import {
  CONTEXT_OFFSETS,
  decodeContext,
  encodeContext,
  type SavedSignalContext,
  type SignalDelivery,
  type SignalFrames,
} from '../signal-frame.ts';
import type { Aarch64Cpu } from './state.ts';

/** Byte offsets in the frame; a test compares them with the C headers. */
export const AARCH64_SIGNAL_FRAME = {
  ...CONTEXT_OFFSETS,
  faultAddress: 304,
  x0: 312,
  sp: 560,
  pc: 568,
  pstate: 576,
  records: 592,
  record: 4688,
  size: 4704,
} as const;

const F = AARCH64_SIGNAL_FRAME;
const FPSIMD = { magic: 0x4650_8001, size: 528, fpsr: 8, fpcr: 12, vregs: 16 } as const;
const ESR = { magic: 0x4553_5201, size: 16, esr: 8 } as const;
const EXTRA = { magic: 0x4558_5401, size: 32, data: 8, dataSize: 16 } as const;
/** Bytes of the end of zeros. */
const END_SIZE = 16;

const SIGBUS = 7;
const SIGSEGV = 11;

/** ESR_EL1 of a data abort at EL0: exception class 0x24, and the status code of a translation or permission fault. */
const DATA_ABORT = 0x9200_0000n;
const TRANSLATION_FAULT = 7n;
const PERMISSION_FAULT = 15n;
const SEGV_ACCERR = 2;

export class Aarch64SignalFrames implements SignalFrames {
  readonly size = F.size;
  private readonly cpu: Aarch64Cpu;
  /** The frame being built; what is zero in every frame stays zero. */
  private readonly frame = new Uint8Array(F.size);

  constructor(cpu: Aarch64Cpu) {
    this.cpu = cpu;
  }

  /** The stack pointer is always a multiple of 16 (AAPCS64, 6.4.5.1). */
  place(top: bigint): bigint {
    return BigInt.asUintN(64, top - BigInt(F.size)) & ~15n;
  }

  encode(delivery: SignalDelivery): Uint8Array {
    const { cpu, frame } = this;
    const view = new DataView(frame.buffer);
    encodeContext(frame, view, F, delivery);
    for (let i = 0; i < 31; i++) view.setBigUint64(F.x0 + 8 * i, cpu.registers[i], true);
    view.setBigUint64(F.sp, cpu.sp, true);
    view.setBigUint64(F.pc, cpu.pc, true);
    view.setBigUint64(F.pstate, BigInt(cpu.pstate), true);
    view.setUint32(F.records, FPSIMD.magic, true);
    view.setUint32(F.records + 4, FPSIMD.size, true);
    view.setUint32(F.records + FPSIMD.fpsr, cpu.fpsr, true);
    view.setUint32(F.records + FPSIMD.fpcr, cpu.fpcr, true);
    frame.set(cpu.vectors, F.records + FPSIMD.vregs);
    this.encodeFault(view, delivery);
    view.setBigUint64(F.record, cpu.registers[29], true);
    view.setBigUint64(F.record + 8, cpu.registers[30], true);
    return frame;
  }

  /** For a fault: its address, and a record that says that it was a data abort; for others the end of the list. */
  private encodeFault(view: DataView, { signo, info }: SignalDelivery): void {
    const at = F.records + FPSIMD.size;
    const siginfo = new DataView(info.buffer, info.byteOffset, info.byteLength);
    const code = siginfo.getInt32(8, true);
    const isFault = (signo === SIGSEGV || signo === SIGBUS) && code > 0 && code < 0x80;
    view.setBigUint64(F.faultAddress, isFault ? siginfo.getBigUint64(16, true) : 0n, true);
    view.setUint32(at, isFault ? ESR.magic : 0, true);
    view.setUint32(at + 4, isFault ? ESR.size : 0, true);
    const status = code === SEGV_ACCERR ? PERMISSION_FAULT : TRANSLATION_FAULT;
    view.setBigUint64(at + ESR.esr, isFault ? DATA_ABORT | status : 0n, true);
  }

  enter(address: bigint, delivery: SignalDelivery): void {
    const { cpu } = this;
    const { registers } = cpu;
    registers[0] = BigInt(delivery.signo);
    registers[1] = address + BigInt(F.info);
    registers[2] = address + BigInt(F.ucFlags);
    registers[29] = address + BigInt(F.record);
    registers[30] = delivery.trampoline;
    cpu.sp = address;
    cpu.pc = delivery.handler;
    cpu.dropReservation();
  }

  restore(frame: Uint8Array): SavedSignalContext | undefined {
    const { cpu } = this;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const fpsimd = findFpsimd(view, cpu.sp);
    if (fpsimd === undefined) return undefined;
    for (let i = 0; i < 31; i++) cpu.registers[i] = view.getBigUint64(F.x0 + 8 * i, true);
    cpu.sp = view.getBigUint64(F.sp, true);
    cpu.pc = view.getBigUint64(F.pc, true);
    cpu.pstate = view.getUint32(F.pstate, true);
    cpu.fpsr = view.getUint32(fpsimd + FPSIMD.fpsr, true);
    cpu.fpcr = view.getUint32(fpsimd + FPSIMD.fpcr, true);
    cpu.vectors.set(frame.subarray(fpsimd + FPSIMD.vregs, fpsimd + FPSIMD.size));
    return decodeContext(view, F);
  }
}

/**
 * Offset of the fpsimd_context, without which sigreturn refuses a frame, as it does one with records that are none
 * (parse_user_sigframe in Linux's arch/arm64/kernel/signal.c). `address` is the frame's.
 */
function findFpsimd(view: DataView, address: bigint): number | undefined {
  let found: number | undefined;
  let end: number = F.record;
  let hasExtra = false;
  for (let at: number = F.records; at + 8 <= end; ) {
    const [magic, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (magic === 0) return size === 0 ? found : undefined;
    if (size < 16 || size % 16 !== 0 || at + size > end) return undefined;
    switch (magic) {
      case FPSIMD.magic:
        if (found !== undefined || size !== FPSIMD.size) return undefined;
        found = at;
        break;
      case ESR.magic:
        break;
      case EXTRA.magic: {
        const extra = hasExtra ? undefined : extraRecords(view, at, size, address);
        if (extra === undefined) return undefined;
        hasExtra = true;
        [at, end] = extra;
        continue;
      }
      default:
        return undefined;
    }
    at += size;
  }
  return undefined;
}

/** Where the records of an extra_context are, offsets [start, end): directly behind the end of zeros that follows it. */
function extraRecords(view: DataView, at: number, size: number, address: bigint): [number, number] | undefined {
  const zeros = at + size;
  const start = zeros + END_SIZE;
  if (size < EXTRA.size || start > F.record || view.getBigUint64(zeros, true) !== 0n) return undefined;
  const length = view.getUint32(at + EXTRA.dataSize, true);
  if (view.getBigUint64(at + EXTRA.data, true) !== address + BigInt(start) || length % 16 !== 0) return undefined;
  return [start, Math.min(start + length, view.byteLength)];
}
