/** Maps the vDSO, the kernel's little library in every process. */
import type { VdsoImage } from '../cpu/guest-abi.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from './elf.ts';

const MAP_PRIVATE_ANONYMOUS = 0x22;
const ENOMEM = 12;

export interface MappedVdso {
  /** AT_SYSINFO_EHDR. */
  address: number;
  end: number;
  /** Where signal handlers return to. */
  sigreturn: number;
}

/** Maps the image read-execute wherever there is room; a negative errno if there is none. */
export function mapVdso(space: AddressSpace, vdso: VdsoImage, pageSize: number): MappedVdso | number {
  const bytes = vdso.bytes();
  const size = Math.ceil(bytes.length / pageSize) * pageSize;
  const address = space.mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (address < 0) return address;
  if (!space.write(address, bytes)) return -ENOMEM;
  const error = space.mprotect(address, size, PROT_READ | PROT_EXEC);
  if (error < 0) return error;
  return { address, end: address + size, sigreturn: address + vdso.sigreturnOffset };
}
