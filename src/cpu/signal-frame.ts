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
