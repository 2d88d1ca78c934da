/** Alternate signal stacks: sigaltstack(2), and what signal delivery and sigreturn need to know of them. */
import type { SignalStack } from '../cpu/signal-frame.ts';
import { EINVAL, ENOMEM, EPERM } from './errno.ts';

export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
/** Disarmed when a handler starts on it, set up again by sigreturn. */
export const SS_AUTODISARM = 0x8000_0000 | 0;
/** The least size that sigaltstack accepts, asm-generic. */
export const MINSIGSTKSZ = 2048n;

export const noAltStack = (): SignalStack => ({ sp: 0n, flags: SS_DISABLE, size: 0n });

/** Whether `sp` lies in the stack's memory, armed or not. */
const within = (stack: SignalStack, sp: bigint): boolean => sp > stack.sp && sp - stack.sp <= stack.size;

/** Whether the thread runs on the stack. Never true of one that disarms itself: it may be replaced at any time. */
export const onAltStack = (stack: SignalStack, sp: bigint): boolean =>
  (stack.flags & SS_AUTODISARM) === 0 && within(stack, sp);

/** Whether a frame of `size` bytes at the top of the used part would leave the stack that the thread is on. */
export const overflowsAltStack = (stack: SignalStack, sp: bigint, size: number): boolean =>
  onAltStack(stack, sp) && !within(stack, sp - BigInt(size));

/** ss_flags as sigaltstack reports them. */
export function altStackStatus(stack: SignalStack, sp: bigint): number {
  const status = stack.size === 0n ? SS_DISABLE : onAltStack(stack, sp) ? SS_ONSTACK : 0;
  return status | (stack.flags & SS_AUTODISARM);
}

/**
 * The stack that sigaltstack(&wanted) leaves when `current` is set and the stack pointer is `sp`, or -EPERM, -EINVAL,
 * -ENOMEM.
 */
export function changeAltStack(current: SignalStack, wanted: SignalStack, sp: bigint): SignalStack | number {
  if (onAltStack(current, sp)) return -EPERM;
  const mode = wanted.flags & ~SS_AUTODISARM;
  if (mode !== 0 && mode !== SS_ONSTACK && mode !== SS_DISABLE) return -EINVAL;
  if (mode === SS_DISABLE) return { sp: 0n, flags: wanted.flags, size: 0n };
  if (wanted.size < MINSIGSTKSZ) return -ENOMEM;
  return { ...wanted };
}
