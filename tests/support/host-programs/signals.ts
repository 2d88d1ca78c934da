/** The signal ring and interruptible system calls; prints what happened, one line a test. */
import { spawn } from 'node:child_process';
import { STUB } from '../../../src/host/layout.ts';
import { createLinuxHost } from '../../../src/host/linux/linux-host.ts';

const host = createLinuxHost({ stub: process.argv[2] });
const cells = new Int32Array(host.threadMemory.buffer);
const wideCells = new BigInt64Array(host.threadMemory.buffer);
const pid = Number(host.syscall('getpid'));
const [USR2, TERM, RTMIN] = [12, 15, 34];

const drain = (): Uint8Array[] => {
  const all: Uint8Array[] = [];
  for (let info = host.takeSignal(); info !== undefined; info = host.takeSignal()) all.push(info);
  return all;
};
const int = (info: Uint8Array, at: number): number => new DataView(info.buffer).getInt32(at, true);

/** rt_sigqueueinfo with a value: si_signo, si_errno, si_code SI_QUEUE, pad, pid, uid, value. */
function queue(signo: number, value: number): number {
  const info = new Int32Array(host.threadMemory.buffer, 0x10000, 32).fill(0);
  info.set([signo, 0, -1, 0, pid, 0, value]);
  return Number(host.syscall('rt_sigqueueinfo', pid, signo, host.stagingPointer(0)));
}

// 1. Far more signals than the ring holds, in order, none lost.
host.setSignalAction(RTMIN, 'record', 0);
let sent = 0;
const seen: number[] = [];
for (let i = 0; i < 1000; i++) if (queue(RTMIN, i) === 0) sent++;
console.log('pending', cells[STUB.pending / 4], 'limit', wideCells[STUB.limit / 8]);
for (let round = 0; round < 100; round++) seen.push(...drain().map((info) => int(info, 24)));
console.log(
  'queued',
  sent,
  'seen',
  seen.length,
  'in order',
  seen.every((value, i) => value === i),
  'pending',
  cells[STUB.pending / 4],
);

// 2. A mask asked for while the ring is full holds once it has been emptied.
for (let i = 0; i < 100; i++) queue(RTMIN, i);
host.setSignalMask(1n << BigInt(USR2 - 1));
let count = 0;
for (let round = 0; round < 100; round++) count += drain().length;
host.setSignalAction(USR2, 'record', 0);
host.syscall('kill', pid, USR2);
console.log('mask', count, 'blocked', drain().length);
host.setSignalMask(0n);
console.log('unblocked', drain().length);

// 3. A blocking read is interrupted, and one with a signal waiting is not begun.
const pipe = new Int32Array(host.threadMemory.buffer, 0x10000, 2);
host.syscall('pipe2', host.stagingPointer(0), 0);
const [reader, writer] = pipe;
spawn('sh', ['-c', `sleep 0.2; kill -USR2 ${pid}`], { stdio: 'ignore' });
console.log('read', host.syscall('read', reader, host.stagingPointer(64), 1), host.notMade, drain().length);
host.syscall('kill', pid, USR2);
console.log('read', host.syscall('read', reader, host.stagingPointer(64), 1), host.notMade);
console.log('getpid with a signal waiting', host.syscall('getpid') === pid, host.notMade, drain().length);
host.syscall('write', writer, host.stagingPointer(0), 1);
console.log('read', host.syscall('read', reader, host.stagingPointer(64), 1), host.notMade);

// 4. No wake-up is lost between looking at the ring and sleeping, and none is seen twice: an interval timer against
// short reads that only a signal ends.
host.setSignalAction(14, 'record', 0);
const timer = new BigInt64Array(host.threadMemory.buffer, 0x10000, 4);
let wakeups = 0;
for (let i = 0; i < 3000; i++) {
  timer.set([0n, 0n, 0n, BigInt(1 + (i % 60))]);
  host.syscall('setitimer', 0, host.stagingPointer(0), 0);
  while (drain().length === 0) host.syscall('read', reader, host.stagingPointer(64), 1);
  wakeups++;
}
console.log('wake-ups', wakeups);

// 5. SIGSEGV that somebody sent is no fault.
host.setSignalAction(11, 'ignore', 0);
host.syscall('kill', pid, 11);
host.setSignalAction(11, 'record', 0);
host.syscall('kill', pid, 11);
const [segv] = drain();
console.log('sent SIGSEGV', int(segv, 0), int(segv, 8), host.takeFault());

// 6. A blocked signal with a default action stays blocked, whatever threads there are.
host.setSignalAction(TERM, 'default', 0);
host.setSignalMask(1n << BigInt(TERM - 1));
for (let i = 0; i < 50; i++) host.syscall('kill', pid, TERM);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
host.syscall('write', 1, host.stagingPointer(0), 0);
console.log('alive');

// 7. Signals 32 and 33, which libc keeps for itself, are the guest's here.
for (const signo of [32, 33]) host.setSignalAction(signo, 'record', 0);
host.syscall('tgkill', pid, pid, 32);
host.syscall('tgkill', pid, pid, 33);
console.log(
  'libc signals',
  drain()
    .map((info) => int(info, 0))
    .join(' '),
);
host.setSignalMask(0n);
console.log('not reached');
