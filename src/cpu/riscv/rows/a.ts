/**
 * A, atomics: unprivileged ISA, chapter 14. The acquire and release bits say
 * nothing here, since the host's atomic operations are sequentially consistent;
 * but a load-reserved is a plain load, which needs a fence to wait for earlier
 * stores.
 */
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('A');

export const aRows = rows;

row('lr.w', '00010 order:2 00000 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, ({rs1:x})', (b, o) =>
  b.loadReserved(32, o.rd, o.rs1),
);
row('lr.d', '00010 order:2 00000 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, ({rs1:x})', (b, o) =>
  b.loadReserved(64, o.rd, o.rs1),
);
row('lr.w.aqrl', '00010 11 00000 rs1:5 010 rd:5 0101111', '{rd:x}, ({rs1:x})', (b, o) => {
  b.fence();
  b.loadReserved(32, o.rd, o.rs1);
});
row('lr.d.aqrl', '00010 11 00000 rs1:5 011 rd:5 0101111', '{rd:x}, ({rs1:x})', (b, o) => {
  b.fence();
  b.loadReserved(64, o.rd, o.rs1);
});
row('sc.w', '00011 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.storeConditional(32, o.rd, o.rs1, o.rs2),
);
row('sc.d', '00011 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.storeConditional(64, o.rd, o.rs1, o.rs2),
);

row('amoswap.w', '00001 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('swap', 32, o.rd, o.rs1, o.rs2),
);
row('amoadd.w', '00000 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('add', 32, o.rd, o.rs1, o.rs2),
);
row('amoxor.w', '00100 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('xor', 32, o.rd, o.rs1, o.rs2),
);
row('amoand.w', '01100 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('and', 32, o.rd, o.rs1, o.rs2),
);
row('amoor.w', '01000 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('or', 32, o.rd, o.rs1, o.rs2),
);
row('amomin.w', '10000 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('min_s', 32, o.rd, o.rs1, o.rs2),
);
row('amomax.w', '10100 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('max_s', 32, o.rd, o.rs1, o.rs2),
);
row('amominu.w', '11000 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('min_u', 32, o.rd, o.rs1, o.rs2),
);
row('amomaxu.w', '11100 order:2 rs2:5 rs1:5 010 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('max_u', 32, o.rd, o.rs1, o.rs2),
);
row('amoswap.d', '00001 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('swap', 64, o.rd, o.rs1, o.rs2),
);
row('amoadd.d', '00000 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('add', 64, o.rd, o.rs1, o.rs2),
);
row('amoxor.d', '00100 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('xor', 64, o.rd, o.rs1, o.rs2),
);
row('amoand.d', '01100 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('and', 64, o.rd, o.rs1, o.rs2),
);
row('amoor.d', '01000 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('or', 64, o.rd, o.rs1, o.rs2),
);
row('amomin.d', '10000 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('min_s', 64, o.rd, o.rs1, o.rs2),
);
row('amomax.d', '10100 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('max_s', 64, o.rd, o.rs1, o.rs2),
);
row('amominu.d', '11000 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('min_u', 64, o.rd, o.rs1, o.rs2),
);
row('amomaxu.d', '11100 order:2 rs2:5 rs1:5 011 rd:5 0101111', '{order:order} {rd:x}, {rs2:x}, ({rs1:x})', (b, o) =>
  b.atomic('max_u', 64, o.rd, o.rs1, o.rs2),
);
