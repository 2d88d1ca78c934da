/** The registers of an AArch64 guest as text (`-d cpu`), in the layout that qemu has for them. */
import { AARCH64_STATE } from './state.ts';

/** @param state a thread memory; `float`: with the vector registers, FPCR and FPSR */
export function aarch64RegistersText(state: DataView, float: boolean): string {
  const doubleword = (offset: number) => state.getBigUint64(offset, true);
  const hex = (offset: number) => doubleword(offset).toString(16).padStart(16, '0');
  let text = ` PC=${hex(AARCH64_STATE.pc)}`;
  for (let i = 0; i < 32; i++) {
    const name = i === 31 ? ' SP' : `X${i.toString().padStart(2, '0')}`;
    const end = i % 3 === 1 && i !== 31 ? '\n' : i === 31 ? '\n' : ' ';
    text += `${i % 3 === 2 || i === 0 ? ' ' : ''}${name}=${hex(i === 31 ? AARCH64_STATE.sp : 8 * i)}${end}`;
  }
  const negative = (offset: number) => doubleword(offset) >> 63n !== 0n;
  const flags = [
    negative(AARCH64_STATE.n) ? 'N' : '-',
    doubleword(AARCH64_STATE.z) === 0n ? 'Z' : '-',
    doubleword(AARCH64_STATE.c) !== 0n ? 'C' : '-',
    negative(AARCH64_STATE.v) ? 'V' : '-',
  ].join('');
  text += `NZCV=${flags}\n`;
  if (!float) return text;
  for (let i = 0; i < 32; i++) {
    const at = AARCH64_STATE.vectors + 16 * i;
    text += `Q${i.toString().padStart(2, '0')}=${hex(at + 8)}:${hex(at)}${i % 2 === 1 ? '\n' : ' '}`;
  }
  return text;
}
