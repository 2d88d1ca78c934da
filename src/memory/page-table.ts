/**
 * One byte a guest page: what is mapped, and what the guest may do with it.
 *
 * The host kernel holds the mappings themselves (files, sharing, protection);
 * this table holds what it cannot: the guest's execute permission, which pages
 * of the window are the guest's at all, and which hold decoded code. It lies in
 * the process memory, so every thread and the cold tier see one truth.
 */
export const PageFlag = {
  /** Set for writable pages too: no supported architecture has pages that can be written but not read. */
  read: 1,
  write: 2,
  exec: 4,
  /** The page belongs to a guest mapping; without it all other bits are 0. */
  mapped: 8,
  /** Writable and executable, and decoded: the host page is read-only until the guest writes to it. */
  code: 16,
  /** MAP_SHARED. */
  shared: 32,
  /** Part of the grow-down stack mapping. */
  stack: 64,
  /** Private and not backed by a file. */
  anonymous: 128,
} as const;

/** PROT_READ | PROT_WRITE | PROT_EXEC are the low three bits of an entry. */
export const PROT_MASK = 7;
