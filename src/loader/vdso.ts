/** Maps the vDSO, the kernel's little library in every process. */
import type { VdsoImage } from '../cpu/guest-abi.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from './elf.ts';

const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED = 0x10;
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
  const address = mapPage(space, bytes, pageSize);
  if (address < 0) return address;
  const size = Math.ceil(bytes.length / pageSize) * pageSize;
  return { address, end: address + size, sigreturn: address + vdso.sigreturnOffset };
}

/** Maps code at an address, or wherever there is room; its address, or a negative errno. */
export function mapPage(space: AddressSpace, bytes: Uint8Array, pageSize: number, at = 0): number {
  const size = Math.ceil(bytes.length / pageSize) * pageSize;
  const flags = MAP_PRIVATE_ANONYMOUS | (at === 0 ? 0 : MAP_FIXED);
  const address = space.mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (address < 0) return address;
  if (!space.write(address, bytes)) return -ENOMEM;
  const error = space.mprotect(address, size, PROT_READ | PROT_EXEC);
  return error < 0 ? error : address;
}
