import { describe, expect, test } from 'vitest';
import { PROCESS, SLOT, STUB, TRANSLATOR } from './layout.ts';

/** What lies in a memory: offsets by name, of which `areas` are longer than a cell; `sizes` are no offsets. */
const LAYOUTS = {
  STUB: { offsets: STUB, areas: { ring: 128 * STUB.ringEntries }, sizes: ['ringEntries'] },
  TRANSLATOR: { offsets: TRANSLATOR, areas: { stale: 4 * TRANSLATOR.staleBanks }, sizes: ['staleBanks'] },
  PROCESS: {
    offsets: PROCESS,
    areas: {
      pageTable: PROCESS.pageTableSize,
      chunks: PROCESS.pageTableSize / PROCESS.chunkPages,
      codeLog: 16 * PROCESS.codeLogEntries,
      identity: PROCESS.identitySize,
      rlimits: 16 * 16,
      actions: 32 * 64,
      hidden: PROCESS.hiddenBytes,
      mailboxes: 8 * PROCESS.mailboxCount,
      versions: PROCESS.versionsSize,
      filters: PROCESS.filtersSize,
      token: PROCESS.tokenSize,
      executable: PROCESS.executableSize,
      slots: PROCESS.slotSize * PROCESS.slotCount,
      pokes: 16 * PROCESS.pokeEntries,
      auxv: PROCESS.auxvSize,
      waiters: 4 * PROCESS.waiterCount,
      tracees: PROCESS.traceeSize * PROCESS.traceeCount,
    },
    sizes: [
      'pageTableSize',
      'chunkPages',
      'codeLogEntries',
      'identitySize',
      'hiddenBytes',
      'mailboxCount',
      'versionsSize',
      'filtersSize',
      'tokenSize',
      'executableSize',
      'slotSize',
      'slotCount',
      'pokeEntries',
      'waiterCount',
      'auxvSize',
      'traceeSize',
      'traceeCount',
    ],
  },
  SLOT: {
    offsets: SLOT,
    areas: { cpu: SLOT.cpuSize, stopMessage: 8, stopInfo: SLOT.stopInfoSize, letter: SLOT.letterSize },
    sizes: ['cpuSize', 'stopInfoSize', 'letterSize'],
  },
} as const;

describe('what lies in a memory does not overlap', () => {
  test.each(Object.entries(LAYOUTS))('%s', (_, { offsets, areas, sizes }) => {
    const cells = Object.entries(offsets as Record<string, number>)
      .filter(([name]) => !(sizes as readonly string[]).includes(name))
      .map(([name, start]) => ({ name, start, end: start + ((areas as Record<string, number>)[name] ?? 4) }))
      .sort((p, q) => p.start - q.start);
    const overlaps = cells
      .slice(1)
      .flatMap((cell, i) => (cells[i].end > cell.start ? [[cells[i].name, cell.name]] : []));
    expect(overlaps).toEqual([]);
  });
});
