/** Ends a process of the node adapter: by `exit`, `die` (SIGTERM) or `abort` (SIGABRT sent to itself). */
import { createNodeHost } from '../../../src/host/node/node-host.ts';

const host = createNodeHost({});
new Uint8Array(host.threadMemory.buffer, 0x10000, 3).set(Buffer.from('out'));
host.syscall('write', 1, host.stagingPointer(0), 3);
if (process.argv[2] === 'exit') host.syscall('exit_group', 7);
if (process.argv[2] === 'die') host.die(15);
host.syscall('tgkill', process.pid, process.pid, 6);
