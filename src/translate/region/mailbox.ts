/**
 * Messages between guest threads and the compiler thread, through a place in
 * each guest thread's memory: an order, then its result. Whoever has found the
 * other's message there owns the place until he has left his own.
 *
 *     place: f64 count of numbers, f64 count of bytes, the numbers (f64), the bytes
 */
import { MAILBOX } from '../../host/layout.ts';
import { type Description, decode, encode } from './description.ts';

export interface Message {
  numbers: Float64Array;
  bytes: Uint8Array<ArrayBuffer>;
}

export class Mailbox {
  private readonly states: Int32Array;
  private readonly doubles: Float64Array;
  private readonly bytes: Uint8Array;

  /** @param memory the guest thread's memory */
  constructor(memory: ArrayBufferLike) {
    this.states = new Int32Array(memory, MAILBOX.state, 1);
    const length = MAILBOX.end - MAILBOX.start;
    this.doubles = new Float64Array(memory, MAILBOX.start, length / 8);
    this.bytes = new Uint8Array(memory, MAILBOX.start, length);
  }

  /** One of MAILBOX_STATE. */
  get state(): number {
    return Atomics.load(this.states, 0);
  }
  set state(state: number) {
    Atomics.store(this.states, 0, state);
  }

  /** Leaves a message; the state still has to say so. False if it is too long. */
  write(numbers: readonly number[], bytes: Uint8Array = new Uint8Array(0)): boolean {
    const start = 8 * (2 + numbers.length);
    if (start + bytes.length > this.bytes.length) return false;
    this.doubles[0] = numbers.length;
    this.doubles[1] = bytes.length;
    this.doubles.set(numbers, 2);
    this.bytes.set(bytes, start);
    return true;
  }

  read(): Message {
    const [count, length] = this.doubles;
    const start = 8 * (2 + count);
    return {
      numbers: this.doubles.slice(2, 2 + count),
      bytes: new Uint8Array(this.bytes.subarray(start, start + length)),
    };
  }
}

/** What a guest thread orders. */
export interface Order {
  pc: number;
  precise: boolean;
  fused: boolean;
  /** How often it was jumped to, and after how many jumps code is worth it. */
  jumps: number;
  threshold: number;
  /** By bank, see CodeOptions. */
  assumable: readonly number[];
  /** Forget all slots known so far. */
  forget: boolean;
  /** Pairs of address and slot that are new since the last order. */
  slots: readonly number[];
}

/** What comes of it. */
export type Result =
  /** The thread must compile for itself. */
  | { kind: 'tooLarge' }
  /** There can be no region. */
  | { kind: 'refused' }
  /** It is worth it after so many jumps. */
  | { kind: 'wait'; jumps: number }
  | ({
      kind: 'module';
      /** Milliseconds. */
      time: number;
      /** The module has just been compiled here, so V8 has its code for whoever compiles the same bytes. */
      bytes: Uint8Array<ArrayBuffer>;
    } & Description);

const RESULTS = ['tooLarge', 'refused', 'wait', 'module'] as const;

export function writeOrder(mailbox: Mailbox, order: Order): void {
  const { pc, precise, fused, jumps, threshold, assumable, forget, slots } = order;
  const flags = [precise, fused, forget].map(Number);
  // As many as a flushed thread can have fit.
  mailbox.write([pc, jumps, threshold, ...flags, assumable.length, ...assumable, ...slots]);
}

export function readOrder(mailbox: Mailbox): Order {
  const [pc, jumps, threshold, precise, fused, forget, banks, ...rest] = mailbox.read().numbers;
  return {
    pc,
    jumps,
    threshold,
    precise: precise !== 0,
    fused: fused !== 0,
    forget: forget !== 0,
    assumable: rest.slice(0, banks),
    slots: rest.slice(banks),
  };
}

export function writeResult(mailbox: Mailbox, result: Result): void {
  const kind = RESULTS.indexOf(result.kind);
  if (result.kind !== 'module') {
    mailbox.write([kind, result.kind === 'wait' ? result.jumps : 0]);
    return;
  }
  const { time, bytes } = result;
  if (!mailbox.write([kind, time, ...encode(result)], bytes)) mailbox.write([RESULTS.indexOf('tooLarge'), 0]);
}

export function readResult(mailbox: Mailbox): Result {
  const { numbers, bytes } = mailbox.read();
  const kind = RESULTS[numbers[0]];
  if (kind === 'wait') return { kind, jumps: numbers[1] };
  if (kind !== 'module') return { kind };
  return { kind, time: numbers[1], bytes, ...decode(numbers.subarray(2)) };
}
