/**
 * struct rt_sigframe of 32-bit arm Linux (arch/arm/kernel/signal.h, uapi/asm/ucontext.h): siginfo_t, ucontext with
 * the registers, the floating-point state in uc_regspace, the return code. A handler without SA_SIGINFO gets it
 * without the siginfo_t, as struct sigframe: the stack pointer is behind that, and sigreturn looks there.
 */
import { narrowSiginfo } from '../siginfo-32.ts';
import type { SavedSignalContext, SignalDelivery, SignalFrames } from '../signal-frame.ts';
import type { ArmCpu } from './state.ts';

const INFO_SIZE = 128;
/** Offsets of ucontext's members and of what is in uc_mcontext, from the frame's start. */
const AT = {
  stackPointer: INFO_SIZE + 8,
  stackFlags: INFO_SIZE + 12,
  stackSize: INFO_SIZE + 16,
  trapNumber: INFO_SIZE + 20,
  oldMask: INFO_SIZE + 28,
  r0: INFO_SIZE + 32,
  cpsr: INFO_SIZE + 32 + 64,
  faultAddress: INFO_SIZE + 32 + 68,
  mask: INFO_SIZE + 104,
  regspace: INFO_SIZE + 232,
  size: INFO_SIZE + 232 + 512 + 16,
} as const;
export const ARM_SIGNAL_FRAME_SIZE = AT.size;

/** struct vfp_sigframe. */
const VFP = { magic: 0x5646_5001, size: 0x120, registers: 8, fpscr: 8 + 256 } as const;

export class ArmSignalFrames implements SignalFrames {
  readonly size = AT.size;
  private readonly cpu: ArmCpu;
  private readonly frame = new Uint8Array(AT.size);

  constructor(cpu: ArmCpu) {
    this.cpu = cpu;
  }

  place(top: bigint): bigint {
    return (top - BigInt(AT.size)) & 0xffff_fff8n;
  }

  encode({ info, stack, mask }: SignalDelivery): Uint8Array {
    const { cpu, frame } = this;
    const view = new DataView(frame.buffer);
    frame.fill(0);
    frame.set(narrowSiginfo(info), 0);
    view.setUint32(AT.stackPointer, Number(stack.sp & 0xffff_ffffn), true);
    view.setInt32(AT.stackFlags, stack.flags, true);
    view.setUint32(AT.stackSize, Number(stack.size & 0xffff_ffffn), true);
    view.setUint32(AT.oldMask, Number(mask & 0xffff_ffffn), true);
    for (let i = 0; i < 15; i++) view.setUint32(AT.r0 + 4 * i, cpu.register(i), true);
    view.setUint32(AT.r0 + 60, Number(cpu.pc), true);
    view.setUint32(AT.cpsr, cpu.cpsr, true);
    view.setUint32(AT.faultAddress, new DataView(info.buffer, info.byteOffset).getUint32(16, true), true);
    view.setBigUint64(AT.mask, mask, true);
    view.setUint32(AT.regspace, VFP.magic, true);
    view.setUint32(AT.regspace + 4, VFP.size, true);
    cpu.doubles.forEach((value, index) => {
      view.setBigUint64(AT.regspace + VFP.registers + 8 * index, value, true);
    });
    view.setUint32(AT.regspace + VFP.fpscr, cpu.fpscr, true);
    return frame;
  }

  enter(address: bigint, { signo, handler, trampoline, wantsInfo }: SignalDelivery): void {
    const { cpu } = this;
    const frame = Number(address);
    cpu.setRegister(0, signo);
    if (wantsInfo) {
      cpu.setRegister(1, frame);
      cpu.setRegister(2, frame + INFO_SIZE);
    }
    cpu.setRegister(13, wantsInfo ? frame : frame + INFO_SIZE);
    cpu.setRegister(14, Number(trampoline & 0xffff_ffffn));
    cpu.pc = handler;
    cpu.dropReservation();
  }

  restore(frame: Uint8Array): SavedSignalContext | undefined {
    const { cpu } = this;
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    if (view.getUint32(AT.regspace, true) !== VFP.magic || view.getUint32(AT.regspace + 4, true) !== VFP.size) {
      return undefined;
    }
    for (let i = 0; i < 15; i++) cpu.setRegister(i, view.getUint32(AT.r0 + 4 * i, true));
    cpu.restore(view.getUint32(AT.cpsr, true), view.getUint32(AT.r0 + 60, true));
    const { doubles } = cpu;
    for (let i = 0; i < 32; i++) doubles[i] = view.getBigUint64(AT.regspace + VFP.registers + 8 * i, true);
    cpu.fpscr = view.getUint32(AT.regspace + VFP.fpscr, true);
    return {
      mask: view.getBigUint64(AT.mask, true),
      stack: {
        sp: BigInt(view.getUint32(AT.stackPointer, true)),
        flags: view.getInt32(AT.stackFlags, true),
        size: BigInt(view.getUint32(AT.stackSize, true)),
      },
    };
  }
}
