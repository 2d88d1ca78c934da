/**
 * The exports of host-stub.so (native/stub.c), called through node:ffi.
 *
 * Everything is a double: V8 calls such functions directly, in about 10 ns,
 * where one bigint argument costs 30 ns. If node:ffi ever has to be replaced,
 * this is the file.
 */
import { dlopen, getRawPointer, toArrayBuffer } from 'node:ffi';

export interface Stub {
  /** Makes the calling thread a guest thread. `memory` is the host address of its thread memory. 0 or -errno. */
  init(memory: number): number;
  /** See tsemu_syscall in stub.c: NaN as result means that STUB.result holds it, NaN as `nr` that STUB holds the call. */
  syscall(nr: number, a: number, b: number, c: number, d: number, e: number, f: number): number;
  /** Copies guest memory to an offset of the thread memory, or back: 0, or -1 after a fault. */
  copyIn(to: number, address: number, length: number): number;
  copyOut(address: number, from: number, length: number): number;
  strnlen(address: number, max: number): number;
  signalAction(signo: number, action: number, flags: number): number;
  quietHelper(tid: number): number;
  die(signo: number): number;
  /** See tsemu_fork in fork.c: host pointers; the child's ID, 0, or -errno. */
  fork(flags: number, parentTid: number, childTid: number): number;
  /** Waits while another thread forks. */
  park(unused: number): number;
  gate(closed: number): number;
  interruptOthers(unused: number): number;
  ownerDied(address: number, tid: number): number;
  becomeHelper(unused: number): number;
  leave(unused: number): number;
  /** See threads.c: host addresses. */
  sleep(state: number, idle: number, clearTid: number): number;
  wake(memory: number, flags: number, parentTid: number): number;
}

/** Added to a system call number: do not make the call when a signal waits in the ring. */
export const MAY_BLOCK = 4096;

/** Result of such a call that was not made (the kernel's ERESTARTNOINTR, which no system call returns). */
export const NOT_MADE = -513;

/** The `action` of {@link Stub.signalAction}. */
export const STUB_ACTION = { default: 0, ignore: 1, record: 2 } as const;

/** Loads the stub from `path`. Throws if the file cannot be loaded. */
export function loadStub(path: string): Stub {
  const one = { arguments: ['double'], return: 'double' } as const;
  const two = { arguments: ['double', 'double'], return: 'double' } as const;
  const three = { arguments: ['double', 'double', 'double'], return: 'double' } as const;
  const seven = {
    arguments: ['double', 'double', 'double', 'double', 'double', 'double', 'double'],
    return: 'double',
  } as const;
  const { functions } = dlopen(path, {
    tsemu_init: one,
    tsemu_syscall: seven,
    tsemu_copy_in: three,
    tsemu_copy_out: three,
    tsemu_strnlen: two,
    tsemu_signal_action: three,
    tsemu_quiet_helper: one,
    tsemu_die: one,
    tsemu_fork: three,
    tsemu_park: one,
    tsemu_gate: one,
    tsemu_interrupt_others: one,
    tsemu_owner_died: two,
    tsemu_become_helper: one,
    tsemu_leave: one,
    tsemu_sleep: three,
    tsemu_wake: three,
  });
  return {
    init: functions.tsemu_init,
    syscall: functions.tsemu_syscall,
    copyIn: functions.tsemu_copy_in,
    copyOut: functions.tsemu_copy_out,
    strnlen: functions.tsemu_strnlen,
    signalAction: functions.tsemu_signal_action,
    quietHelper: functions.tsemu_quiet_helper,
    die: functions.tsemu_die,
    fork: functions.tsemu_fork,
    park: functions.tsemu_park,
    gate: functions.tsemu_gate,
    interruptOthers: functions.tsemu_interrupt_others,
    ownerDied: functions.tsemu_owner_died,
    becomeHelper: functions.tsemu_become_helper,
    leave: functions.tsemu_leave,
    sleep: functions.tsemu_sleep,
    wake: functions.tsemu_wake,
  };
}

/** Host address of bytes that are not moved as long as they are referred to. */
export const bytesAddress = (bytes: Uint8Array): number => Number(getRawPointer(bytes));

/** Host address of a wasm memory. It never moves, since the memory is created at its full size. */
export function memoryAddress(memory: WebAssembly.Memory): number {
  return Number(getRawPointer(new Uint8Array(memory.buffer, 0, 8)));
}

/** Memory at a host address, not copied. */
export const memoryAt = (address: number, length: number): ArrayBuffer => toArrayBuffer(BigInt(address), length, false);
