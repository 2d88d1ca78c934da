/**
 * Zicsr, with the registers a user program may see: floating-point control of F
 * and the counters of Zicntr (unprivileged ISA, chapters 7, 8, 21.2). One row
 * for each register and operation; any other register is an illegal instruction.
 */
import type { Value } from '../../ir.ts';
import { rowsOf } from '../../row.ts';
import type { RiscvBuilder } from '../builder.ts';

const { row, rows } = rowsOf<RiscvBuilder>('Zicsr');
const zicntr = rowsOf<RiscvBuilder>('Zicntr');

export const zicsrRows = rows;
export const zicntrRows = zicntr.rows;

/** The registers' addresses. */
type FloatCsr = '000000000001' | '000000000010' | '000000000011';
type Counter = '110000000000' | '110000000001' | '110000000010';

type Read = (b: RiscvBuilder) => Value;
type Write = (b: RiscvBuilder, value: Value) => void;

/** The six operations on a register that can be written. Writing what was there stands for not writing. */
function readWrite(csr: string, bits: FloatCsr, read: Read, write: Write): void {
  const update = (b: RiscvBuilder, rd: Parameters<RiscvBuilder['x']>[0], value: (old: Value) => Value) => {
    const old = read(b);
    write(b, value(old));
    b.setX(rd, old);
  };
  row(
    `csrrw.${csr}`,
    `${bits} rs1:5 001 rd:5 1110011`,
    `{rd:x}, ${csr}, {rs1:x}`,
    (b, o) => update(b, o.rd, () => b.x(o.rs1)),
    { mnemonic: 'csrrw' },
  );
  row(
    `csrrs.${csr}`,
    `${bits} rs1:5 010 rd:5 1110011`,
    `{rd:x}, ${csr}, {rs1:x}`,
    (b, o) => update(b, o.rd, (old) => b.or(old, b.x(o.rs1))),
    { mnemonic: 'csrrs' },
  );
  row(
    `csrrc.${csr}`,
    `${bits} rs1:5 011 rd:5 1110011`,
    `{rd:x}, ${csr}, {rs1:x}`,
    (b, o) => update(b, o.rd, (old) => b.and(old, b.not(b.x(o.rs1)))),
    { mnemonic: 'csrrc' },
  );
  row(
    `csrrwi.${csr}`,
    `${bits} imm:5 101 rd:5 1110011`,
    `{rd:x}, ${csr}, {imm}`,
    (b, o) => update(b, o.rd, () => b.imm(o.imm)),
    { mnemonic: 'csrrwi' },
  );
  row(
    `csrrsi.${csr}`,
    `${bits} imm:5 110 rd:5 1110011`,
    `{rd:x}, ${csr}, {imm}`,
    (b, o) => update(b, o.rd, (old) => b.or(old, b.imm(o.imm))),
    { mnemonic: 'csrrsi' },
  );
  row(
    `csrrci.${csr}`,
    `${bits} imm:5 111 rd:5 1110011`,
    `{rd:x}, ${csr}, {imm}`,
    (b, o) => update(b, o.rd, (old) => b.and(old, b.not(b.imm(o.imm)))),
    { mnemonic: 'csrrci' },
  );
}

readWrite(
  'fflags',
  '000000000001',
  (b) => b.fflags(),
  (b, value) => b.setFflags(value),
);
readWrite(
  'frm',
  '000000000010',
  (b) => b.frm(),
  (b, value) => b.setFrm(value),
);
readWrite(
  'fcsr',
  '000000000011',
  (b) => b.or(b.shlConst(b.frm(), 5), b.fflags()),
  (b, value) => {
    b.setFflags(value);
    b.setFrm(b.shrConst(value, 5));
  },
);

/** What is allowed on a read-only register: the operations that set or clear bits, given x0 or 0, and so do not write. */
function readOnly(csr: string, bits: Counter, read: Read): void {
  const operations = [
    ['csrrs', '010', 'zero'],
    ['csrrc', '011', 'zero'],
    ['csrrsi', '110', '0'],
    ['csrrci', '111', '0'],
  ] as const;
  for (const [mnemonic, funct3, nothing] of operations) {
    zicntr.row(
      `${mnemonic}.${csr}`,
      `${bits} 00000 ${funct3} rd:5 1110011`,
      `{rd:x}, ${csr}, ${nothing}`,
      (b, o) => b.setX(o.rd, read(b)),
      { mnemonic },
    );
  }
}

readOnly('cycle', '110000000000', (b) => b.instructions());
readOnly('time', '110000000001', (b) => b.time());
readOnly('instret', '110000000010', (b) => b.instructions());
