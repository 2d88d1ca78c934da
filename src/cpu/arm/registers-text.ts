/** The registers of a 32-bit arm guest as text (`-d cpu`), in the layout that qemu has for them. */
import { ARM_STATE, isThumbSet } from './state.ts';

const hex = (value: number, digits = 8): string => (value >>> 0).toString(16).padStart(digits, '0');

/** @param state a thread memory; `float`: with the floating-point registers */
export function armRegistersText(state: DataView, float: boolean): string {
  const registers = Array.from({ length: 16 }, (_, i) => {
    const value = state.getUint32(i === 15 ? ARM_STATE.pc : ARM_STATE.r + 8 * i, true);
    return `R${String(i).padStart(2, '0')}=${hex(value)}${i % 4 === 3 ? '\n' : ' '}`;
  });
  const isNegative = (offset: number): boolean => state.getBigInt64(offset, true) < 0n;
  const flags = [
    isNegative(ARM_STATE.n) ? 'N' : '-',
    state.getBigInt64(ARM_STATE.z, true) === 0n ? 'Z' : '-',
    state.getBigInt64(ARM_STATE.c, true) === 0n ? '-' : 'C',
    isNegative(ARM_STATE.v) ? 'V' : '-',
  ].join('');
  const set = isThumbSet(state.getUint32(ARM_STATE.pc + 4, true)) ? 'T' : 'A';
  let text = `${registers.join('')}PSR=${flags} ${set}\n`;
  if (float) {
    for (let i = 0; i < 32; i++) {
      const value = state.getBigUint64(ARM_STATE.d + 8 * i, true);
      text += `d${String(i).padStart(2, '0')}=${value.toString(16).padStart(16, '0')}${i % 2 === 1 ? '\n' : ' '}`;
    }
  }
  return text;
}
