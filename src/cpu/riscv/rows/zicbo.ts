/**
 * Zicbom and Zicboz, cache-block operations: unprivileged ISA, chapter 19. Caches
 * are coherent, so that the management operations only check that the block may
 * be accessed.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const zicbom = rowsOf<RiscvBuilder>('Zicbom');
const zicboz = rowsOf<RiscvBuilder>('Zicboz');

export const zicbomRows = zicbom.rows;
export const zicbozRows = zicboz.rows;

/** Bytes in a cache block, as riscv_hwprobe and RVA22 have it. */
export const CACHE_BLOCK = 64;

// cbo.inval is made to do a flush for user mode, as menvcfg.CBIE and senvcfg.CBIE allow: invalidating could lose data.
zicbom.row('cbo.inval', '000000000000 rs1:5 010 00000 0001111', '({rs1:x})', (b, o) => {
  b.load(b.x(o.rs1), 8, false);
});
zicbom.row('cbo.clean', '000000000001 rs1:5 010 00000 0001111', '({rs1:x})', (b, o) => {
  b.load(b.x(o.rs1), 8, false);
});
zicbom.row('cbo.flush', '000000000010 rs1:5 010 00000 0001111', '({rs1:x})', (b, o) => {
  b.load(b.x(o.rs1), 8, false);
});
zicboz.row('cbo.zero', '000000000100 rs1:5 010 00000 0001111', '({rs1:x})', (b, o) => {
  const block = b.and(b.x(o.rs1), b.const(-CACHE_BLOCK));
  for (let offset = 0; offset < CACHE_BLOCK; offset += 8) b.store(b.add(block, b.const(offset)), b.const(0), 64);
});
