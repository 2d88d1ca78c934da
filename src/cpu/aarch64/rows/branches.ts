/** Branches, exception generation: Arm ARM, C4.1.93. */
import { rowsOf } from '../../row.ts';
import type { Aarch64Builder } from '../builder.ts';

const { row, rows } = rowsOf<Aarch64Builder>('Base');
export const branchRows = rows;

row('b', '000101 off:s[27:2]', '{off:pc}', (b, o) => b.jump(o.off));
row('bl', '100101 off:s[27:2]', '{off:pc}', (b, o) => {
  b.setLink(b.next());
  b.jump(o.off);
});
row(
  'b.cond',
  '01010100 off:s[20:2] 0 cond:4',
  '{cond:suffixCond} {off:pc}',
  (b, o) => b.branch(b.holds(o.cond), o.off),
  {
    mnemonic: 'b',
  },
);

for (const [r, sf, size] of [
  ['w', '0', 32],
  ['x', '1', 64],
] as const) {
  row(
    `cbz.${r}`,
    `${sf}0110100 off:s[20:2] rt:5`,
    `{rt:${r}}, {off:pc}`,
    (b, o) => b.branch(b.op('eqz', b.r(o.rt, size)), o.off),
    { mnemonic: 'cbz' },
  );
  row(
    `cbnz.${r}`,
    `${sf}0110101 off:s[20:2] rt:5`,
    `{rt:${r}}, {off:pc}`,
    (b, o) => b.branch(b.op('ne', b.r(o.rt, size), b.const(0)), o.off),
    { mnemonic: 'cbnz' },
  );
}
for (const [r, top] of [
  ['w', '0'],
  ['x', '1'],
] as const) {
  const base = top === '1' ? 32 : 0;
  const syntax = `{rt:${r}}, {bit:${top === '1' ? 'decHigh' : 'dec'}}, {off:pc}` as const;
  const tested = (b: Aarch64Builder, rt: Parameters<Aarch64Builder['x']>[0], bit: typeof rt) =>
    b.and(b.x(rt), b.shl(b.const(1), b.add(b.operand(bit), b.const(base))));
  row(
    `tbz.${r}`,
    `${top}0110110 bit:5 off:s[15:2] rt:5`,
    syntax,
    (b, o) => b.branch(b.op('eqz', tested(b, o.rt, o.bit)), o.off),
    { mnemonic: 'tbz' },
  );
  row(
    `tbnz.${r}`,
    `${top}0110111 bit:5 off:s[15:2] rt:5`,
    syntax,
    (b, o) => b.branch(b.op('ne', tested(b, o.rt, o.bit), b.const(0)), o.off),
    { mnemonic: 'tbnz' },
  );
}

row('br', '1101011 0000 11111 000000 rn:5 00000', '{rn:x}', (b, o) => b.branchTo(b.x(o.rn)));
row('blr', '1101011 0001 11111 000000 rn:5 00000', '{rn:x}', (b, o) => {
  const target = b.x(o.rn);
  b.setLink(b.next());
  b.branchTo(target);
});
row('ret', '1101011 0010 11111 000000 rn:5 00000', '{rn:x}', (b, o) => b.branchTo(b.x(o.rn)));

// Returning from the kernel clears the exclusive monitor.
row('svc', '11010100 000 imm:16 000 01', '{imm:hash}', (b) => {
  b.clearExclusive();
  b.trap('syscall');
});
row('brk', '11010100 001 imm:16 000 00', '{imm:hash}', (b) => b.trap('breakpoint'));
