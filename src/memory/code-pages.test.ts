import { expect, it } from 'vitest';
import type { Host } from '../host/host.ts';
import { CodePages } from './code-pages.ts';
import { PROT } from './constants.ts';
import { PageRuns } from './page-runs.ts';
import { PageFlag } from './page-table.ts';

it('tells another thread at any moment that a protected page may be opened: it asks without the lock', () => {
  const processMemory = new WebAssembly.Memory({ initial: 80 });
  const table = new Uint8Array(16).fill(PageFlag.mapped | PageFlag.read | PageFlag.write);
  const runs = new PageRuns(table);
  const moments: string[] = [];
  const host = {
    processMemory,
    guestPointer: (address: number) => address,
    syscall(_name: string, _page: number, _size: number, prot: number) {
      moments.push(`${prot === PROT.read ? 'protect' : 'open'} ${other.mayUnprotect}`);
      return 0;
    },
  } as unknown as Host;
  const pages = new CodePages(host, table, runs, () => moments.push(`drop ${other.mayUnprotect}`));
  const other = new CodePages(host, table, runs, () => {});
  expect(other.mayUnprotect).toBe(false);
  pages.protect(3);
  pages.unprotect(3);
  expect(moments).toEqual(['protect true', 'drop true', 'open true']);
  expect(other.mayUnprotect).toBe(true);
  expect(other.unprotect(3)).toBe(true);
  expect(other.mayUnprotect).toBe(false);
});
