/**
 * What the threads of a guest process share beside memory, as views of the
 * process memory: resource limits, the emulator's descriptors, the threads.
 */
import type { Host } from '../host/host.ts';
import { PROCESS, SLOT, SLOT_STATE, slotField } from '../host/layout.ts';

export interface Limit {
  soft: bigint;
  hard: bigint;
}

/** Resource limits that are ours to honour, by RLIMIT_* number. */
export class SharedLimits {
  private readonly cells: BigUint64Array;
  private readonly resources: readonly number[];

  constructor(host: Host, resources: readonly number[]) {
    this.cells = new BigUint64Array(host.processMemory.buffer, PROCESS.rlimits, 32);
    this.resources = resources;
  }

  get(resource: number): Limit | undefined {
    if (!this.resources.includes(resource)) return undefined;
    return { soft: this.cells[2 * resource], hard: this.cells[2 * resource + 1] };
  }

  set(resource: number, { soft, hard }: Limit): void {
    this.cells[2 * resource] = soft;
    this.cells[2 * resource + 1] = hard;
  }

  *[Symbol.iterator](): Generator<[number, Limit]> {
    for (const resource of this.resources) yield [resource, this.get(resource) as Limit];
  }
}

/** The emulator's own descriptors. Numbers from 65,536 on cannot be hidden; the launcher gives Node lower ones. */
export class HiddenDescriptors {
  private readonly bits: Uint8Array;

  constructor(host: Host) {
    this.bits = new Uint8Array(host.processMemory.buffer, PROCESS.hidden, PROCESS.hiddenBytes);
  }

  has(fd: number): boolean {
    return fd >= 0 && ((this.bits[fd >> 3] ?? 0) & (1 << (fd & 7))) !== 0;
  }

  add(fd: number): void {
    if (fd >= 0) Atomics.or(this.bits, fd >> 3, 1 << (fd & 7));
  }

  delete(fd: number): void {
    if (fd >= 0) Atomics.and(this.bits, fd >> 3, ~(1 << (fd & 7)));
  }

  *[Symbol.iterator](): Generator<number> {
    for (let byte = 0; byte < this.bits.length; byte++) {
      if (this.bits[byte] === 0) continue;
      for (let bit = 0; bit < 8; bit++) if ((this.bits[byte] & (1 << bit)) !== 0) yield 8 * byte + bit;
    }
  }
}

/** Host thread IDs of the guest's threads. */
export class ThreadIds {
  private readonly cells: Int32Array;

  constructor(host: Host) {
    this.cells = new Int32Array(host.processMemory.buffer);
  }

  get size(): number {
    return Math.max(1, this.cells[PROCESS.running >> 2]);
  }

  has(tid: number): boolean {
    for (const id of this) if (id === tid) return true;
    return false;
  }

  *[Symbol.iterator](): Generator<number> {
    const used = this.cells[PROCESS.usedSlots >> 2];
    for (let slot = 0; slot < used; slot++) {
      const at = slotField(slot, 0) >> 2;
      const state = this.cells[at + (SLOT.state >> 2)];
      if (state === SLOT_STATE.running) yield this.cells[at + (SLOT.tid >> 2)];
    }
  }
}
