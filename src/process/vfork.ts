/**
 * The memory of vfork(2) and of clone(CLONE_VM | CLONE_VFORK), which is what
 * posix_spawn(3) makes: the parent stands still, and has what the child has
 * written when the child executes a program or ends.
 *
 * Parent and child are two processes here, with the child's memory a copy. The
 * child finds the pages that it has written and sends them to the parent
 * through a pipe; its end, whatever the reason, tells the parent to go on. When
 * the parent's other threads may write meanwhile, the child knows what its pages
 * were and sends only bytes that are different.
 * See docs/adr/0003-fork-exec-and-threads.md.
 */
import { PAGE_SIZE, STAGING } from '../host/layout.ts';
import { PageFlag } from '../memory/page-table.ts';
import { startCall, steadyCall } from '../syscalls/call.ts';
import { hideDescriptor } from '../syscalls/paths.ts';
import { bytes, stage, stagedUint64, stageString, view } from '../syscalls/staging.ts';
import type { GuestTask } from './task.ts';

const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;

/** An entry of /proc/PID/pagemap, its high half: present, swapped out, of a file or shared, mapped by this process only. */
const PRESENT = 1 << 31;
const SWAPPED = 1 << 30;
const FILE = 1 << 29;
const EXCLUSIVE = 1 << 24;
const ENTRY = 8;

/** Pages whose entries are read at once. */
const BATCH = 4096;
/** A message: address and length as 64-bit words, then the bytes. */
const HEADER = 16;
const MESSAGE_PAGES = 15;

/** How far from its stack pointer a thread's own memory is taken to reach, when other threads run: see the ADR. */
const STACK_REACH = 0x10_0000;

export class VforkPipe {
  private readonly reader: number;
  private readonly writer: number;
  /** Memory is shared (CLONE_VM); otherwise the pipe only tells the end. */
  private readonly shares: boolean;
  private readonly parentStack: number;
  private readonly parentHasThreads: boolean;
  /** In the child of a process with threads: what it may have written to, and the pages that were there, by address. */
  private ranges: [number, number][] = [];
  private readonly before = new Map<number, Uint8Array>();

  private constructor(task: GuestTask, reader: number, writer: number, shares: boolean) {
    this.reader = reader;
    this.writer = writer;
    this.shares = shares;
    this.parentStack = Number(task.cpu.sp);
    this.parentHasThreads = (task.process.threads?.size ?? 1) > 1;
    task.threads.vforkReader = reader;
  }

  /** Makes the pipe; undefined if there is no descriptor for it. */
  static open(task: GuestTask, shares: boolean): VforkPipe | undefined {
    const pair = stage(8);
    if (steadyCall(task, 'pipe2', task.host.stagingPointer(pair), O_CLOEXEC) !== 0) return undefined;
    const [low, high] = [view.getInt32(pair, true), view.getInt32(pair + 4, true)];
    return new VforkPipe(task, hideDescriptor(task, low), hideDescriptor(task, high), shares);
  }

  /** In the child, whose stack pointer is `stack`: only the writing end is wanted. */
  becomeChild(task: GuestTask, stack: number): void {
    closeHidden(task, this.reader);
    if (!this.shares || !this.parentHasThreads) return;
    this.ranges = this.nearStacks(task, [stack, this.parentStack]);
    this.eachRun(task, isThere, (address, length) => {
      for (let page = address; page < address + length; page += PAGE_SIZE) {
        const data = task.space.read(page, PAGE_SIZE);
        if (data !== undefined) this.before.set(page, data);
      }
    });
  }

  /** In a child of the child, which the parent does not wait for. */
  close(task: GuestTask): void {
    closeHidden(task, this.writer);
  }

  /** In the parent, when the child is there or will not come. */
  closeWriter(task: GuestTask): void {
    closeHidden(task, this.writer);
  }

  /** In the parent: takes over what the child sends until it closes its end. */
  receive(task: GuestTask, exists: boolean): void {
    while (exists) {
      startCall(task);
      const at = stage(HEADER);
      if (!this.readAll(task, at, HEADER)) break;
      const address = stagedUint64(at);
      const length = stagedUint64(at + 8);
      const data = stage(length);
      if (!this.readAll(task, data, length)) break;
      task.space.write(address, bytes.subarray(data, data + length));
    }
    // A process forked in between would close whatever has the number then.
    task.space.lock.acquire();
    closeHidden(task, this.reader);
    task.threads.vforkReader = undefined;
    task.space.lock.release();
  }

  /** In the child, when it executes a program or ends. */
  finish(task: GuestTask): void {
    this.send(task);
    closeHidden(task, this.writer);
    task.vfork = undefined;
  }

  /** In the child: sends what it has written. */
  send(task: GuestTask): void {
    if (!this.shares) return;
    if (this.parentHasThreads)
      this.eachRun(task, isChanged, (address, length) => this.sendChanges(task, address, length));
    else {
      this.ranges = privateMemory(task);
      this.eachRun(task, isChanged, (address, length) => this.sendBytes(task, address, length));
    }
  }

  /** The parts of private memory where the threads with these stack pointers have what is their own. */
  private nearStacks(task: GuestTask, stacks: readonly number[]): [number, number][] {
    const near = new Map<number, [number, number]>();
    for (const [start, end] of privateMemory(task)) {
      for (const sp of stacks) {
        const [from, to] = [Math.max(start, pageOf(sp - STACK_REACH)), Math.min(end, pageOf(sp + STACK_REACH))];
        if (from < to) near.set(from, [from, Math.max(to, near.get(from)?.[1] ?? 0)]);
      }
    }
    return [...near.values()];
  }

  /** Calls `use` with each run of pages in `ranges` whose entries of the page map pass the test. */
  private eachRun(
    task: GuestTask,
    test: (entry: number) => boolean,
    use: (address: number, length: number) => void,
  ): void {
    startCall(task);
    const name = task.host.stagingPointer(stageString('/proc/self/pagemap'));
    const pagemap = Number(steadyCall(task, 'openat', AT_FDCWD, name, O_CLOEXEC, 0));
    if (pagemap < 0) return;
    for (const [start, end] of this.ranges) {
      for (let from = start; from < end; from += BATCH * PAGE_SIZE) {
        const entries = readEntries(task, pagemap, from, Math.min(BATCH, (end - from) / PAGE_SIZE));
        for (let page = 0; page < entries.length; ) {
          let last = page;
          while (last < entries.length && last - page < MESSAGE_PAGES && test(entries[last])) last++;
          if (last > page) use(from + page * PAGE_SIZE, (last - page) * PAGE_SIZE);
          page = Math.max(last, page + 1);
        }
      }
    }
    steadyCall(task, 'close', pagemap);
  }

  /** Sends the bytes that are not what they were: the parent's other threads may have written to those around them. */
  private sendChanges(task: GuestTask, address: number, length: number): void {
    for (let page = address; page < address + length; page += PAGE_SIZE) {
      const now = task.space.read(page, PAGE_SIZE);
      if (now === undefined) continue;
      const before = this.before.get(page) ?? EMPTY_PAGE;
      for (let at = 0; at < PAGE_SIZE; ) {
        let end = at;
        while (end < PAGE_SIZE && now[end] !== before[end]) end++;
        if (end > at) this.sendBytes(task, page + at, end - at);
        at = Math.max(end, at + 1);
      }
    }
  }

  private sendBytes(task: GuestTask, address: number, length: number): void {
    startCall(task);
    const at = stage(HEADER + length);
    view.setBigUint64(at, BigInt(address), true);
    view.setBigUint64(at + 8, BigInt(length), true);
    if (!task.host.copyIn(at + HEADER, address, length)) return;
    for (let done = 0; done < HEADER + length; ) {
      const pointer = task.host.stagingPointer(at + done);
      const count = Number(steadyCall(task, 'write', this.writer, pointer, HEADER + length - done));
      if (count <= 0) return;
      done += count;
    }
  }

  /** False at the end of what is sent. */
  private readAll(task: GuestTask, at: number, length: number): boolean {
    for (let done = 0; done < length; ) {
      const pointer = task.host.stagingPointer(at + done);
      const count = Number(steadyCall(task, 'read', this.reader, pointer, length - done));
      if (count <= 0) return false;
      done += count;
    }
    return true;
  }
}

/** Private memory that the guest may write to, as ranges of addresses. */
function privateMemory({ host, space }: GuestTask): [number, number][] {
  const ranges: [number, number][] = [];
  for (const { start, end, readable, writable } of host.mappings()) {
    const flags = space.table[start / PAGE_SIZE];
    if (!readable || (!writable && (flags & PageFlag.write) === 0)) continue;
    if ((flags & PageFlag.mapped) !== 0 && (flags & PageFlag.shared) === 0) ranges.push([start, end]);
  }
  return ranges;
}

/** The high halves of `count` entries of the page map from `address` on; none if they cannot be read. */
function readEntries(task: GuestTask, pagemap: number, address: number, count: number): Int32Array {
  const { host } = task;
  startCall(task);
  const at = stage(count * ENTRY);
  const offset = (host.guestPointer(address) / PAGE_SIZE) * ENTRY;
  const size = steadyCall(task, 'pread64', pagemap, host.stagingPointer(at), count * ENTRY, offset);
  const halves = new Int32Array(host.threadMemory.buffer, STAGING.start + at, count * 2);
  return Int32Array.from({ length: size === count * ENTRY ? count : 0 }, (_, page) => halves[2 * page + 1]);
}

/** Closes a descriptor of the emulator's own. */
export function closeHidden(task: GuestTask, descriptor: number): void {
  steadyCall(task, 'close', descriptor);
  task.process.hiddenDescriptors.delete(descriptor);
}

const pageOf = (address: number): number => Math.floor(address / PAGE_SIZE) * PAGE_SIZE;

const EMPTY_PAGE = new Uint8Array(PAGE_SIZE);

const isThere = (entry: number): boolean => (entry & (PRESENT | SWAPPED)) !== 0;

/** Whether a page may have been written since the fork: a page still shared with the parent has not. */
function isChanged(entry: number): boolean {
  if ((entry & SWAPPED) !== 0) return true;
  return (entry & PRESENT) !== 0 && (entry & FILE) === 0 && (entry & EXCLUSIVE) !== 0;
}
