/**
 * Reading and writing guest memory from TypeScript: loader, signal frames,
 * debugger. JavaScript never touches the window itself (a bad access would end
 * the process), the host copies through the scratch buffer and reports faults.
 *
 *     const stack = space.readU64(cpu.sp);   // undefined: EFAULT
 */
import type { Host, Int } from '../host/host.ts';
import { SCRATCH, STAGING } from '../host/layout.ts';
import { OPENING_ATTEMPTS } from './code-pages.ts';
import { EFAULT, ENAMETOOLONG } from './constants.ts';

/** PATH_MAX. */
const MAX_STRING = 4096;

export abstract class GuestData {
  readonly host: Host;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(host: Host) {
    this.host = host;
    this.bytes = new Uint8Array(host.threadMemory.buffer, SCRATCH.start, SCRATCH.size);
    this.view = new DataView(host.threadMemory.buffer, SCRATCH.start, SCRATCH.size);
  }

  /** Makes write-protected code pages writable; whether what failed because of one may succeed now. */
  abstract unprotectAllCode(): boolean;
  /** Extends a grow-down mapping to `address`; true if that helped. */
  abstract growStack(address: number): boolean;

  /** Bytes of guest memory (a copy), or undefined if any of them is not readable. */
  read(address: Int, length: number): Uint8Array<ArrayBuffer> | undefined {
    const result = new Uint8Array(length);
    const start = Number(address);
    for (let done = 0; done < length; done += SCRATCH.size) {
      const count = Math.min(length - done, SCRATCH.size);
      if (!this.copyIn(start + done, count)) return undefined;
      result.set(this.bytes.subarray(0, count), done);
    }
    return result;
  }

  /** Writes guest memory; false if any byte is not writable (those before may have been written). */
  write(address: Int, bytes: Uint8Array): boolean {
    const start = Number(address);
    for (let done = 0; done < bytes.length; done += SCRATCH.size) {
      const count = Math.min(bytes.length - done, SCRATCH.size);
      this.bytes.set(count === bytes.length ? bytes : bytes.subarray(done, done + count));
      if (!this.copyOut(start + done, count)) return false;
    }
    return true;
  }

  /** NUL-terminated string as latin1 (one char a byte), or a negative errno: -EFAULT, -ENAMETOOLONG if longer than max. */
  readString(address: Int, max = MAX_STRING): string | number {
    const start = Number(address);
    const length = this.host.stringLength(start, max);
    if (length < 0) return EFAULT;
    if (length >= max) return ENAMETOOLONG;
    let text = '';
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, MAX_STRING);
      if (!this.copyIn(start + done, count)) return EFAULT;
      text += String.fromCharCode.apply(null, this.bytes.subarray(0, count) as unknown as number[]);
      done += count;
    }
    return text;
  }

  readU32(address: Int): number | undefined {
    return this.copyIn(Number(address), 4) ? this.view.getUint32(0, true) : undefined;
  }

  readU64(address: Int): bigint | undefined {
    return this.copyIn(Number(address), 8) ? this.view.getBigUint64(0, true) : undefined;
  }

  writeU32(address: Int, value: number): boolean {
    this.view.setUint32(0, value, true);
    return this.copyOut(Number(address), 4);
  }

  writeU64(address: Int, value: bigint): boolean {
    this.view.setBigUint64(0, value, true);
    return this.copyOut(Number(address), 8);
  }

  private copyIn(address: number, length: number): boolean {
    const { host } = this;
    return (
      host.copyIn(STAGING.size, address, length) ||
      (this.growStack(address) && host.copyIn(STAGING.size, address, length))
    );
  }

  private copyOut(address: number, length: number): boolean {
    const { host } = this;
    for (let left = OPENING_ATTEMPTS; !host.copyOut(address, STAGING.size, length); left--) {
      if (left === 0 || !(this.growStack(address) || this.unprotectAllCode())) return false;
    }
    return true;
  }
}
