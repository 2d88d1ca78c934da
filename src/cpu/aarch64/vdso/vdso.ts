/** The vDSO of aarch64; its source is vdso.S. */
import type { VdsoImage } from '../../guest-abi.ts';
import { SIGRETURN_OFFSET, VDSO_IMAGE } from './vdso-image.ts';

export const aarch64Vdso: VdsoImage = {
  bytes: () => Uint8Array.fromBase64(VDSO_IMAGE),
  sigreturnOffset: SIGRETURN_OFFSET,
};
