/** Prints as JSON what a guest started through the launcher would see. */
import { readdirSync, readFileSync } from 'node:fs';
import { createLinuxHost } from '../../../src/host/linux/linux-host.ts';

const host = createLinuxHost({ stub: `${__dirname}/host-stub.so`, stateDescriptor: Number(process.argv[3]) });
const { argv, env, ignoredSignals, blockedSignals, rlimits } = host.startState;
const status = readFileSync('/proc/self/status', 'latin1');
const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)`, 'm').exec(status)?.[1] ?? '';
const own = host.ownDescriptors();
const open = (fd: number): boolean => Number(host.syscall('fcntl', fd, 1)) >= 0;
// The listing has a descriptor of its own.
const descriptors = readdirSync('/proc/self/fd').map(Number).filter(open);
const text = JSON.stringify({
  architecture: process.argv[2],
  argv,
  env,
  nodeOptions: process.env.NODE_OPTIONS ?? '',
  recorded: { ignored: ignoredSignals.toString(16), blocked: blockedSignals.toString(16) },
  actual: { ignored: field('SigIgn'), blocked: field('SigBlk'), caught: field('SigCgt') },
  limits: Object.fromEntries(
    Object.entries({ fsize: 1, nofile: 7, as: 9 }).map(([name, i]) => [
      name,
      [`${rlimits[i].soft}`, `${rlimits[i].hard}`],
    ]),
  ),
  actualLimits: readFileSync('/proc/self/limits', 'latin1'),
  descriptors: descriptors.filter((fd) => !own.has(fd)).sort((a, b) => a - b),
  own: [...own],
  windowSize: host.windowSize,
  flags: process.execArgv,
});
const bytes = Buffer.from(text);
const at = host.stagingPointer(0);
new Uint8Array(host.threadMemory.buffer, 0x10000, bytes.length).set(bytes);
host.syscall('write', 9, at, bytes.length);
host.syscall('exit_group', 42);
