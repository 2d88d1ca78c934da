/** Provokes faults of every kind and prints one line for each; then dies by the signal given, if any. */
import { closeSync, ftruncateSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLinuxHost } from '../../../src/host/linux/linux-host.ts';
import { AddressSpace } from '../../../src/memory/address-space.ts';
import { windowAccess } from '../window-access.ts';

const host = createLinuxHost({ stub: process.argv[2] });
const space = new AddressSpace(host);
const { load, store } = windowAccess(host.window);

function attempt(label: string, access: () => unknown): void {
  try {
    access();
    console.log(label, 'ok');
  } catch (error) {
    const fault = host.takeFault();
    const text = fault === undefined ? 'no fault' : `${fault.signo} ${fault.code} 0x${fault.address.toString(16)}`;
    console.log(label, error instanceof WebAssembly.RuntimeError ? 'trap' : error, text);
  }
}

const FIXED = 0x12;
const readWrite = 0x100000;
const readOnly = 0x200000;
const file = 0x300000;
space.mmap(readWrite, 0x2000, 3, FIXED | 0x20, -1, 0);
space.mmap(readOnly, 0x1000, 1, FIXED | 0x20, -1, 0);
const path = join(tmpdir(), `tsemu-faults-${process.pid}`);
const fd = openSync(path, 'w+');
ftruncateSync(fd, 100);
space.mmap(file, 0x3000, 3, FIXED, fd, 0);
closeSync(fd);
unlinkSync(path);

attempt('store', () => store(BigInt(readWrite), 5n));
attempt('load', () => load(BigInt(readWrite)));
attempt('null', () => load(0n));
attempt('unmapped', () => load(0x400008n));
attempt('read-only store', () => store(BigInt(readOnly) + 16n, 1n));
attempt('read-only load', () => load(BigInt(readOnly)));
attempt('across the end', () => load(BigInt(readWrite) + 0x2000n - 4n));
attempt('top of the window', () => load(BigInt(host.windowSize)));
attempt('outside', () => load(1n << 40n));
attempt('negative', () => load(-8n));
attempt('file', () => load(BigInt(file)));
attempt('past the file', () => load(BigInt(file) + 0x1000n));
space.mprotect(readOnly, 0x1000, 3);
attempt('made writable', () => store(BigInt(readOnly) + 16n, 1n));

const copies = [
  host.copyIn(0, readWrite, 0x2000),
  host.copyIn(0, readWrite, 0x2001),
  host.copyIn(0, readWrite + 0x1ffc, 4),
  host.copyIn(0, readWrite + 0x1ffd, 4),
  host.copyIn(0, 0, 1),
  host.copyIn(0, host.windowSize, 1),
  host.copyIn(0, -1, 1),
  host.copyIn(0, 2 ** 40, 1),
  host.copyIn(0, file + 0x1000, 1),
  host.copyOut(readWrite, 0, 0x2000),
  host.copyOut(readWrite + 0x1fff, 0, 2),
  host.copyOut(file + 0x1000, 0, 100),
];
console.log('copies', copies.map(Number).join(''));
space.write(readWrite + 0x1ffc, Uint8Array.of(65, 66, 67, 68));
console.log(
  'strings',
  host.stringLength(readWrite + 0x1ffc, 4),
  host.stringLength(readWrite + 0x1ffc, 5),
  host.stringLength(0, 5),
);
space.writeU32(readWrite + 0x1ffc, 0x4241);
console.log('strings', host.stringLength(readWrite + 0x1ffc, 100), host.stringLength(readWrite + 0x1ffc, 1));
console.log(
  'system calls',
  host.syscall('write', 1, host.guestPointer(0x400000), 1),
  host.syscall('write', 1, host.guestPointer(-5), 1),
);

const signo = Number(process.argv[3] ?? 0);
if (signo !== 0) host.die(signo);
host.syscall('exit_group', 0);
