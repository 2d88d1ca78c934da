import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeDirectory } from '../../../tests/support/native.ts';

let native: NativeDirectory;
beforeAll(() => {
  native = new NativeDirectory();
});
afterAll(() => native.remove());

const SIGSEGV = 11;
const SIGBUS = 7;
const SEGV_ACCERR = 2;
const BUS_ADRERR = 2;

describe('faults', () => {
  it('become traps with signal, code and guest address, and copies survive them', () => {
    const { stdout, stderr, status } = native.run('faults');
    expect(stderr).toBe('');
    // The reserve between guest mappings is mapped for the host: SEGV_ACCERR there too; whoever raises the guest's
    // signal knows the difference from the page table.
    expect(stdout.trimEnd().split('\n')).toEqual([
      'store ok',
      'load ok',
      `null trap ${SIGSEGV} ${SEGV_ACCERR} 0x0`,
      `unmapped trap ${SIGSEGV} ${SEGV_ACCERR} 0x400008`,
      `read-only store trap ${SIGSEGV} ${SEGV_ACCERR} 0x200010`,
      'read-only load ok',
      `across the end trap ${SIGSEGV} ${SEGV_ACCERR} 0x102000`,
      `top of the window trap ${SIGSEGV} ${SEGV_ACCERR} 0x3ffff0000`,
      'outside trap no fault',
      'negative trap no fault',
      'file ok',
      `past the file trap ${SIGBUS} ${BUS_ADRERR} 0x301000`,
      'made writable ok',
      'copies 101000000100',
      'strings 4 -1 -1',
      'strings 2 1',
      'system calls -14 -14',
    ]);
    expect(status).toBe(0);
  });

  it.each([
    [6, 'SIGABRT'],
    [9, 'SIGKILL'],
    [11, 'SIGSEGV'],
    [13, 'SIGPIPE'],
    [15, 'SIGTERM'],
    // Node has no name for it.
    [34, ''],
  ])('die(%i) ends the process by that signal', (signo, name) => {
    const { signal, status } = native.run('faults', String(signo));
    expect([status, signal]).toEqual([null, name]);
  });
});

describe('signals', () => {
  it('are recorded without loss and interrupt blocking calls', () => {
    const { stdout, stderr, signal } = native.run('signals');
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n')).toEqual([
      'pending 1 limit 0n',
      'queued 1000 seen 1000 in order true pending 0',
      'mask 100 blocked 0',
      'unblocked 1',
      'read -4 false 1',
      'read -4 true',
      'getpid with a signal waiting true false 1',
      'read 1 false',
      'wake-ups 3000',
      'sent SIGSEGV 11 0 undefined',
      'alive',
      'libc signals 32 33',
    ]);
    // Unblocked at last.
    expect(signal).toBe('SIGTERM');
  });
});
