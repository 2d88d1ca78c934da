/**
 * What the process layer needs of an architecture's signal frames. Each
 * architecture implements it beside its CPU state (src/cpu/<arch>/signal-frame.ts).
 */

/** stack_t: an alternate signal stack. */
export interface SignalStack {
  sp: bigint;
  flags: number;
  size: bigint;
}

/** Everything that goes into a frame beside the registers. */
export interface SignalDelivery {
  signo: number;
  /** siginfo_t, 128 bytes. */
  info: Uint8Array;
  /** Mask that sigreturn restores. */
  mask: bigint;
  /** uc_stack. */
  stack: SignalStack;
  /** Address of the handler. */
  handler: bigint;
  /** Where the handler returns to: sa_restorer or the vDSO's rt_sigreturn. */
  trampoline: bigint;
  /** SA_SIGINFO: the handler takes three arguments. */
  wantsInfo: boolean;
}

/** What sigreturn finds in a frame beside the registers. */
export interface SavedSignalContext {
  mask: bigint;
  stack: SignalStack;
}

export interface SignalFrames {
  /** Bytes of a frame. */
  readonly size: number;
  /** Where the frame goes whose stack ends at `top`. */
  place(top: bigint): bigint;
  /** The frame's bytes, with the registers as they are now. They are overwritten by the next call. */
  encode(delivery: SignalDelivery): Uint8Array;
  /** Enters the handler, with the frame at `address`. */
  enter(address: bigint, delivery: SignalDelivery): void;
  /** Restores the registers from a frame's bytes, aligned to 8 in their buffer; undefined if the frame is not well-formed (registers then undefined). */
  restore(frame: Uint8Array): SavedSignalContext | undefined;
}

/** Where every architecture's frame has what is no register: offsets of siginfo_t, of uc_stack's fields and of uc_sigmask. */
export interface ContextOffsets {
  readonly info: number;
  readonly stackPointer: number;
  readonly stackFlags: number;
  readonly stackSize: number;
  readonly mask: number;
}

/**
 * The same on 64-bit architectures with the generic layout: a siginfo_t of 128 bytes, then uc_flags, uc_link, uc_stack and,
 * unlike in asm-generic/ucontext.h, uc_sigmask before the registers (riscv's and arm64's asm/ucontext.h).
 */
export const CONTEXT_OFFSETS = {
  info: 0,
  ucFlags: 128,
  ucLink: 136,
  stackPointer: 144,
  stackFlags: 152,
  stackSize: 160,
  mask: 168,
} as const;

export function encodeContext(frame: Uint8Array, view: DataView, at: ContextOffsets, delivery: SignalDelivery): void {
  const { info, stack, mask } = delivery;
  frame.set(info, at.info);
  view.setBigUint64(at.stackPointer, stack.sp, true);
  view.setInt32(at.stackFlags, stack.flags, true);
  view.setBigUint64(at.stackSize, stack.size, true);
  view.setBigUint64(at.mask, mask, true);
}

export function decodeContext(view: DataView, at: ContextOffsets): SavedSignalContext {
  return {
    mask: view.getBigUint64(at.mask, true),
    stack: {
      sp: view.getBigUint64(at.stackPointer, true),
      flags: view.getInt32(at.stackFlags, true),
      size: view.getBigUint64(at.stackSize, true),
    },
  };
}
