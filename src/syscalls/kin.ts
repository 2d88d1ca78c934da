/**
 * Other guest processes that descend from the same tsemu as the caller, as /proc shows them. What one of them is lies in its
 * process memory, which is at the same place of the host's in all of them, as the window is; a random token there tells them
 * from whatever else may be at those addresses. Who may not trace such a process sees the emulator instead.
 */
import { PROCESS } from '../host/layout.ts';
import { type MappedRange, MappingNames, mappedRanges } from '../memory/mapped-ranges.ts';
import { PageRuns } from '../memory/page-runs.ts';
import { PageFlag } from '../memory/page-table.ts';
import { steadyCall } from './call.ts';
import { setPointer } from './iovec.ts';
import { PATH_MAX } from './links.ts';
import { bytes, stage } from './staging.ts';
import type { Task } from './task.ts';

const VECTOR = 16;
const PAGE = 4096;

/** Reads and writes another process's memory, a page at most at a time, by way of one place of the staging buffer. */
export class KinMemory {
  private readonly at = stage(PAGE);
  private readonly local = stage(VECTOR);
  private readonly remote = stage(VECTOR);
  private readonly task: Task;
  private readonly pid: number;

  constructor(task: Task, pid: number) {
    this.task = task;
    this.pid = pid;
    setPointer(this.local, task.host.stagingPointer(this.at));
  }

  /** A copy of a part of its process memory; undefined if the process may not be read. */
  copy(offset: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const { processes } = this.task.host;
    return processes && this.copyAt(processes.processPointer(offset), length);
  }

  /** An i32 of it. */
  int(offset: number): number | undefined {
    const data = this.copy(offset, 4);
    return data && new Int32Array(data.buffer)[0];
  }

  /** A copy of what is at an address of the host's. */
  copyAt(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    if (!this.transfer('process_vm_readv', address, length)) return undefined;
    return Uint8Array.from(bytes.subarray(this.at, this.at + length));
  }

  /** False if it may not be written. */
  put(offset: number, data: Uint8Array): boolean {
    const { processes } = this.task.host;
    return processes !== undefined && this.putAt(processes.processPointer(offset), data);
  }

  putAt(address: number, data: Uint8Array): boolean {
    bytes.set(data, this.at);
    return this.transfer('process_vm_writev', address, data.length);
  }

  private transfer(name: 'process_vm_readv' | 'process_vm_writev', address: number, length: number): boolean {
    const { host } = this.task;
    setPointer(this.remote, address);
    for (const vector of [this.local, this.remote]) setPointer(vector + 8, length);
    const [local, remote] = [host.stagingPointer(this.local), host.stagingPointer(this.remote)];
    return steadyCall(this.task, name, this.pid, local, 1, remote, 1, 0) === length;
  }

  /** It is a process of the caller's tree. */
  get isKin(): boolean {
    const own = new Uint8Array(this.task.host.processMemory.buffer, PROCESS.token, PROCESS.tokenSize);
    return this.copy(PROCESS.token, PROCESS.tokenSize)?.every((byte, i) => byte === own[i]) === true;
  }
}

/** True of the caller and of processes of its tree. */
export const isKin = (task: Task, pid: number): boolean =>
  pid === steadyCall(task, 'getpid') || new KinMemory(task, pid).isKin;

/** Host path of the program that a process of the tree runs; undefined for any other process. */
export function kinExecutable(task: Task, pid: number): string | undefined {
  const memory = new KinMemory(task, pid);
  const path = memory.isKin ? memory.copy(PROCESS.executable, PATH_MAX) : undefined;
  return path && String.fromCharCode(...path.subarray(0, path.indexOf(0)));
}

/** Says what program the calling process runs. */
export function publishExecutable({ host, process }: Task): void {
  const area = new Uint8Array(host.processMemory.buffer, PROCESS.executable, PATH_MAX);
  area.fill(0);
  const { executable } = process;
  for (let i = 0; i < Math.min(executable.length, PATH_MAX - 1); i++) area[i] = executable.charCodeAt(i);
}

/** The descriptors of a process of the tree that are its emulator's; undefined for any other process. */
export function kinHiddenDescriptors(task: Task, pid: number): Set<number> | undefined {
  const memory = new KinMemory(task, pid);
  if (!memory.isKin) return undefined;
  const hidden = new Set<number>();
  for (let part = 0; part < PROCESS.hiddenBytes; part += PAGE) {
    const bits = memory.copy(PROCESS.hidden + part, PAGE);
    bits?.forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) hidden.add((part + at) * 8 + bit);
    });
  }
  return hidden;
}

/** How many threads of the guest's a process of the tree has; undefined for any other process. */
export function kinThreadCount(task: Task, pid: number): number | undefined {
  const memory = new KinMemory(task, pid);
  return memory.isKin ? memory.int(PROCESS.running) : undefined;
}

/** Says what the calling process's auxiliary vector is. */
export function publishAuxv({ host, process }: Task): void {
  const { buffer } = host.processMemory;
  const length = Math.min(process.auxv.length, PROCESS.auxvSize);
  new Uint8Array(buffer, PROCESS.auxv, length).set(process.auxv.subarray(0, length));
  new Int32Array(buffer)[PROCESS.auxvLength >> 2] = length;
}

/** That of a process of the tree; empty if it cannot be read. */
export function kinAuxv(task: Task, pid: number): Uint8Array {
  const memory = new KinMemory(task, pid);
  const auxv = memory.copy(PROCESS.auxv, PROCESS.auxvSize);
  return auxv?.subarray(0, memory.int(PROCESS.auxvLength)) ?? new Uint8Array(0);
}

/** What a process of the tree has mapped; undefined for any other process. */
export function kinRanges(task: Task, pid: number): MappedRange[] | undefined {
  const memory = new KinMemory(task, pid);
  if (!memory.isKin) return undefined;
  const chunks = memory.copy(PROCESS.chunks, PROCESS.pageTableSize / PROCESS.chunkPages);
  const brk = memory.copy(PROCESS.brkStart, 16);
  if (chunks === undefined || brk === undefined) return undefined;
  const table = new Uint8Array(PROCESS.pageTableSize);
  for (let chunk = 0; chunk < chunks.length; chunk++) {
    const at = chunk * PROCESS.chunkPages;
    const part = chunks[chunk] === 0 ? [] : memory.copy(PROCESS.pageTable + at, PROCESS.chunkPages);
    if (part === undefined) return undefined;
    table.set(part, at);
  }
  const [start, end] = new Float64Array(brk.buffer);
  const names = new MappingNames().with(start, Math.ceil(end / PAGE) * PAGE, '[heap]');
  const ranges = mappedRanges(task.host.mappings(pid), table, new PageRuns(table, chunks), names);
  return ranges.map((range) => ((range.flags & PageFlag.stack) === 0 ? range : { ...range, name: '[stack]' }));
}
