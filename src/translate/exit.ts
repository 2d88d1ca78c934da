/** Why translated code returned to JavaScript. */
export const EXIT = {
  none: 0,
  interrupt: 1,
  syscall: 2,
  breakpoint: 3,
  illegal: 4,
  fence_i: 5,
  /** The PC is not in executable memory. */
  fetch: 6,
  /** The pool of decoded pages is full. */
  full: 7,
  /** The page just entered is writable: protect it before its code is decoded. */
  protect: 8,
  /** An atomic access to an address that is not a multiple of its size. */
  misaligned: 9,
  /** An atomic access to memory that is not readable and writable. */
  atomic: 10,
  /** Region code leaves the instruction at the PC to the cold tier. */
  again: 11,
  /** The code at the PC has become hot. */
  hot: 12,
  /** A register is no word that the region at the PC takes for one. */
  assumption: 13,
  /** Another thread is storing conditionally where this one wants to. */
  contended: 14,
  /** The page of the PC begins to be decoded. */
  page: 15,
  /** Code in TRANSLATOR.changedStart to changedEnd has changed, for all threads. */
  invalidate: 16,
} as const;
