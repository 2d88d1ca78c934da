/**
 * What is said of a system call at the socket of `-hook`, between a guest's thread
 * (hooks.ts) and the library (src/library/hooks.ts). Each thread has a connection
 * of its own. Both sides write JSON, a line a message:
 *
 *     → {"call": "openat", "pid": 7, "tid": 7, "args": ["4294967196", "65536", …]}
 *     ← {"read": ["65536", 16]}           as often as it likes
 *     → {"bytes": "L2V0Yw…"}              base64, or {"errno": 14}
 *     ← {"write": ["65536", "L2V0Yw=="]}
 *     → {}                                or {"errno": 14}
 *     ← {"result": "-13"}                 the call is not made, or {} if it is to be
 */

/** Bytes of guest memory in a message at most. */
export const MOST_MEMORY = 0x8000;

/** The call that is asked about; arguments are unsigned. */
export interface Question {
  call: string;
  pid: number;
  tid: number;
  args: readonly string[];
}

/** What came of a request for memory. */
export interface MemoryAnswer {
  bytes?: string;
  errno?: number;
}

/** What the other side asks for, or its decision if it is none of the first two. */
export interface Reply {
  read?: [address: string, length: number];
  write?: [address: string, base64: string];
  result?: string;
}
