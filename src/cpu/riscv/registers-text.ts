/** The registers of a RISC-V guest as text (`-d cpu`), in the layout that qemu has for them. */
import { F_NAMES, X_NAMES } from './registers.ts';
import { RISCV_STATE } from './state.ts';

/** @param state a thread memory; `float`: with the floating-point registers and fcsr */
export function riscvRegistersText(state: DataView, float: boolean): string {
  const doubleword = (offset: number) => state.getBigUint64(offset, true).toString(16).padStart(16, '0');
  const rows = (prefix: string, names: readonly string[], first: number) => {
    const entries = names.map((name, i) => ` ${`${prefix}${i}/${name}`.padEnd(8)} ${doubleword(first + 8 * i)}`);
    return Array.from({ length: 8 }, (_, i) => `${entries.slice(4 * i, 4 * i + 4).join('')}\n`).join('');
  };
  let text = ` ${'pc'.padEnd(8)} ${doubleword(RISCV_STATE.pc)}\n${rows('x', X_NAMES, RISCV_STATE.x)}`;
  if (float) {
    const word = (offset: number) => state.getUint32(offset, true);
    const fcsr = (word(RISCV_STATE.frm) << 5) | word(RISCV_STATE.fflags);
    text += ` ${'fcsr'.padEnd(8)} ${fcsr.toString(16).padStart(8, '0')}\n${rows('f', F_NAMES, RISCV_STATE.f)}`;
  }
  return text;
}
