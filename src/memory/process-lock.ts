/**
 * The lock on what the threads of a guest process share in process memory: the
 * page table, signal actions, the list of threads.
 *
 *     const release = lock.acquire();  …  lock.release();
 *
 * One object a thread; the thread that has the lock may take it again. Whoever
 * waits for it is inside a system call again and again, so a thread that forks
 * with the lock held can stop it there (src/host/linux/native/fork.c).
 */
import type { Host } from '../host/host.ts';
import { PROCESS } from '../host/layout.ts';

export class ProcessLock {
  private readonly host: Host;
  private readonly cells: Int32Array;
  private depth = 0;

  constructor(host: Host) {
    this.host = host;
    this.cells = new Int32Array(host.processMemory.buffer, PROCESS.lock, 1);
  }

  acquire(): void {
    if (this.depth++ > 0) return;
    while (Atomics.compareExchange(this.cells, 0, 0, 1) !== 0) this.host.syscall('sched_yield');
  }

  release(): void {
    if (--this.depth === 0) Atomics.store(this.cells, 0, 0);
  }
}
