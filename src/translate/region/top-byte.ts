/**
 * Accesses at addresses of which the architecture ignores the top byte (Arm ARM, "Address tagging"). Hardly any address has
 * one, so it is cleared only where an index is above the window:
 *
 *     index < limit ? load(index) : load(index & mask)
 *
 * V8 compares each index of a memory64 with the same limit, and does not do so again where it knows the answer.
 */
import { WINDOW_PAGES } from '../../host/layout.ts';
import { type Code, VOID } from '../wasm/encoder.ts';
import { type Access, WINDOW } from '../wasm/memories.ts';

const WINDOW_SIZE = BigInt(WINDOW_PAGES) << 16n;

interface Place {
  /** The local of the index, what is added to it, and the bits of it that count. */
  index: number;
  offset: number;
  mask: bigint;
  /** The local of what is stored. */
  value?: number;
}

/** Loads, or stores if there is a value. */
export function emitEitherWay(
  code: Code,
  { opcode, bytes, type }: Access,
  { index, offset, mask, value }: Place,
): void {
  const emit = () => {
    if (value !== undefined) code.localGet(value);
    code.access(opcode, { memory: WINDOW, offset, align: 0 });
  };
  const limit = WINDOW_SIZE - BigInt(offset + bytes - 1);
  code.localGet(index).i64(limit).op(0x54);
  code.likelyIf(value === undefined ? type : VOID).localGet(index);
  emit();
  code.else().localGet(index).i64(mask).op(0x83);
  emit();
  code.end();
}
