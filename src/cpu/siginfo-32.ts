/** siginfo_t of a 32-bit program, by that of 64-bit ones (asm-generic/siginfo.h): both have 128 bytes. */

const SI_TIMER = -2;
const SIGSYS = 31;
const SIGCHLD = 17;
const SIGPOLL = 29;
const FAULTS = [4, 5, 7, 8, 11];

/** Where members are, of 32-bit words if not said otherwise: offset here, offset there, whether it is a long. */
type Moves = readonly (readonly [narrow: number, wide: number, long?: true])[];
/** si_pid and si_uid, or si_timerid and si_overrun; then a value. */
const VALUE: Moves = [
  [12, 16],
  [16, 20],
  [20, 24, true],
];
const CHILD: Moves = [
  [12, 16],
  [16, 20],
  [20, 24],
  [24, 32, true],
  [28, 40, true],
];
const FAULT: Moves = [[12, 16, true]];
const POLL: Moves = [
  [12, 16, true],
  [16, 24],
];
const CALL: Moves = [
  [12, 16, true],
  [16, 24],
  [20, 28],
];

function movesOf(signo: number, code: number): Moves {
  if (code <= 0 || code === 0x80 || code === SI_TIMER) return VALUE;
  if (signo === SIGCHLD) return CHILD;
  if (signo === SIGPOLL) return POLL;
  if (signo === SIGSYS) return CALL;
  return FAULTS.includes(signo) ? FAULT : VALUE;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A new one with 32-bit members of one with 64-bit ones. */
export function narrowSiginfo(info: Uint8Array): Uint8Array<ArrayBuffer> {
  const [result, from] = [new Uint8Array(128), viewOf(info)];
  result.set(info.subarray(0, 12));
  const to = viewOf(result);
  for (const [narrow, wide] of movesOf(from.getInt32(0, true), from.getInt32(8, true))) {
    to.setUint32(narrow, from.getUint32(wide, true), true);
  }
  return result;
}

/** The other way. */
export function widenSiginfo(info: Uint8Array): Uint8Array<ArrayBuffer> {
  const [result, from] = [new Uint8Array(128), viewOf(info)];
  result.set(info.subarray(0, 12));
  const to = viewOf(result);
  for (const [narrow, wide, isLong] of movesOf(from.getInt32(0, true), from.getInt32(8, true))) {
    if (isLong) to.setBigUint64(wide, BigInt(from.getUint32(narrow, true)), true);
    else to.setUint32(wide, from.getUint32(narrow, true), true);
  }
  return result;
}
