/**
 * The memory of vfork(2) and of clone(CLONE_VM | CLONE_VFORK), which is what
 * posix_spawn(3) makes: the parent stands still, and has what the child has
 * written when the child executes a program or ends.
 *
 * Parent and child are two processes here, with the child's memory a copy. The
 * child finds the pages that it has written and sends them to the parent
 * through a pipe; its end, whatever the reason, tells the parent to go on.
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

  private constructor(task: GuestTask, reader: number, writer: number, shares: boolean) {
    this.reader = reader;
    this.writer = writer;
    this.shares = shares;
    this.parentStack = Number(task.cpu.sp);
    this.parentHasThreads = (task.process.threads?.size ?? 1) > 1;
  }

  /** Makes the pipe; undefined if there is no descriptor for it. */
  static open(task: GuestTask, shares: boolean): VforkPipe | undefined {
    const pair = stage(8);
    if (steadyCall(task, 'pipe2', task.host.stagingPointer(pair), O_CLOEXEC) !== 0) return undefined;
    const [low, high] = [view.getInt32(pair, true), view.getInt32(pair + 4, true)];
    return new VforkPipe(task, hideDescriptor(task, low), hideDescriptor(task, high), shares);
  }

  /** In the child: only the writing end is wanted. */
  becomeChild(task: GuestTask): void {
    this.closeOne(task, this.reader);
  }

  /** In a child of the child, which the parent does not wait for. */
  close(task: GuestTask): void {
    this.closeOne(task, this.writer);
  }

  /** In the parent: takes over what the child sends until it closes its end. */
  receive(task: GuestTask, exists: boolean): void {
    this.closeOne(task, this.writer);
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
    this.closeOne(task, this.reader);
  }

  /** In the child, when it executes a program or ends. */
  finish(task: GuestTask): void {
    this.send(task);
    this.closeOne(task, this.writer);
    task.vfork = undefined;
  }

  /** In the child: sends the pages it has written. */
  send(task: GuestTask): void {
    if (!this.shares) return;
    startCall(task);
    const name = task.host.stagingPointer(stageString('/proc/self/pagemap'));
    const pagemap = Number(steadyCall(task, 'openat', AT_FDCWD, name, O_CLOEXEC, 0));
    if (pagemap < 0) return;
    for (const [start, end] of this.candidates(task)) this.sendRange(task, pagemap, start, end);
    steadyCall(task, 'close', pagemap);
  }

  /** Private memory that the guest may write to, as ranges of addresses. */
  private candidates(task: GuestTask): [number, number][] {
    const { host, space } = task;
    const ranges: [number, number][] = [];
    const add = (start: number, end: number): void => {
      if (start < end) ranges.push([start, end]);
    };
    const ownStack = Number(task.cpu.sp);
    for (const { start, end, readable, writable } of host.mappings()) {
      const flags = space.table[start / PAGE_SIZE];
      if (!readable || (!writable && (flags & PageFlag.write) === 0)) continue;
      if ((flags & PageFlag.mapped) === 0 || (flags & PageFlag.shared) !== 0) continue;
      if (!this.parentHasThreads) add(start, end);
      else {
        for (const sp of [ownStack, this.parentStack]) {
          add(Math.max(start, pageOf(sp - STACK_REACH)), Math.min(end, pageOf(sp + STACK_REACH)));
        }
      }
    }
    return ranges;
  }

  private sendRange(task: GuestTask, pagemap: number, start: number, end: number): void {
    const { host } = task;
    for (let from = start; from < end; from += BATCH * PAGE_SIZE) {
      startCall(task);
      const count = Math.min(BATCH, (end - from) / PAGE_SIZE);
      const at = stage(count * ENTRY);
      const offset = (host.guestPointer(from) / PAGE_SIZE) * ENTRY;
      if (steadyCall(task, 'pread64', pagemap, host.stagingPointer(at), count * ENTRY, offset) !== count * ENTRY)
        return;
      const entries = new Int32Array(host.threadMemory.buffer, STAGING.start + at, count * 2).slice();
      for (let page = 0; page < count; ) {
        let last = page;
        while (last < count && last - page < MESSAGE_PAGES && isChanged(entries[2 * last + 1])) last++;
        if (last > page) this.sendPages(task, from + page * PAGE_SIZE, (last - page) * PAGE_SIZE);
        page = Math.max(last, page + 1);
      }
    }
  }

  private sendPages(task: GuestTask, address: number, length: number): void {
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

  private closeOne(task: GuestTask, descriptor: number): void {
    steadyCall(task, 'close', descriptor);
    task.process.hiddenDescriptors.delete(descriptor);
  }
}

const pageOf = (address: number): number => Math.floor(address / PAGE_SIZE) * PAGE_SIZE;

/** Whether a page may have been written since the fork: a page still shared with the parent has not. */
function isChanged(entry: number): boolean {
  if ((entry & SWAPPED) !== 0) return true;
  return (entry & PRESENT) !== 0 && (entry & FILE) === 0 && (entry & EXCLUSIVE) !== 0;
}
