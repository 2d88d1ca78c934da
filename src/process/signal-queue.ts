/**
 * Signals that the host delivered and the guest has not got yet. They come out
 * in the kernel's order: those of faults first, then by number, equal ones
 * first in first out (signal(7), "Real-time signals").
 */
import { bit, SYNCHRONOUS } from './signal-numbers.ts';

/** First of the real-time signals, of which every instance is queued. */
const SIGRTMIN = 32;

const signoOf = (info: Uint8Array): number => info[0];

export class SignalQueue {
  private readonly entries: Uint8Array[] = [];
  /** Signals in the queue, bit n-1 for signal n. */
  signals = 0n;

  /** Adds a siginfo_t. A standard signal that already waits stays as it is. */
  add(info: Uint8Array): void {
    const signo = signoOf(info);
    if (signo < SIGRTMIN && (this.signals & bit(signo)) !== 0n) return;
    this.entries.push(info);
    this.signals |= bit(signo);
  }

  /** Takes the first signal of `set`. */
  take(set: bigint): Uint8Array | undefined {
    const candidates = this.signals & set;
    if (candidates === 0n) return undefined;
    const urgent = candidates & SYNCHRONOUS;
    const signo = lowest(urgent === 0n ? candidates : urgent);
    const index = this.entries.findIndex((info) => signoOf(info) === signo);
    const [info] = this.entries.splice(index, 1);
    if (!this.entries.some((other) => signoOf(other) === signo)) this.signals &= ~bit(signo);
    return info;
  }

  /** Drops all instances of a signal, as setting it to be ignored does; by default, everything. */
  drop(signo?: number): void {
    while (this.take(signo === undefined ? this.signals : bit(signo)) !== undefined);
  }
}

/** Number of the lowest signal in a set that is not empty. */
function lowest(set: bigint): number {
  let signo = 1;
  while ((set & bit(signo)) === 0n) signo++;
  return signo;
}
