/** For which machine a program is, by the first bytes of its ELF file. */

export const EI_CLASS = 4;
export const EI_DATA = 5;
export const ELFDATA2LSB = 1;
export const E_MACHINE = 18;

export const EM_X86_64 = 62;

/** e_machine of the programs of each architecture that there is a command for. */
export const GUEST_MACHINES: Readonly<Record<string, number>> = { riscv64: 243, aarch64: 183, arm: 40 };
/** EI_CLASS of those that are not of 64 bits. */
export const GUEST_CLASSES: Readonly<Record<string, number>> = { arm: 1 };
export const GUEST_ARCHITECTURES: readonly string[] = Object.keys(GUEST_MACHINES);

/** True if a file that starts with these bytes is ELF. */
export const isElf = (head: Uint8Array): boolean =>
  head.length >= 4 && head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;

/** e_machine of a little-endian ELF file's first bytes, 0 if they are too few. */
export const machineOf = (head: Uint8Array): number =>
  head.length >= E_MACHINE + 2 && head[EI_DATA] === ELFDATA2LSB ? head[E_MACHINE] | (head[E_MACHINE + 1] << 8) : 0;

/** What a program can be by e_machine and class: a guest architecture, as in its command's name, or something else. */
const MACHINES: Readonly<Record<string, { architecture?: string; text: string }>> = {
  '40/1': { architecture: 'arm', text: 'an ARM program: run it with tsemu-arm' },
  '183/2': { architecture: 'aarch64', text: 'an AArch64 program: run it with tsemu-aarch64' },
  '243/2': { architecture: 'riscv64', text: 'a riscv64 program: run it with tsemu-riscv64' },
  '243/1': { text: 'a riscv32 program, which tsemu does not run' },
  '62/2': { text: 'a program for the host (x86-64): run it directly' },
  '62/1': { text: 'an x32 program for the host: run it directly' },
  '3/1': { text: 'an i386 program for the host: run it directly' },
};

const machineText = (head: Uint8Array): string => `${machineOf(head)}/${head[EI_CLASS]}`;

/** Which command tsemu-ARCH runs an ELF file that begins like this; undefined if none. */
export const guestArchitectureOf = (head: Uint8Array): string | undefined => MACHINES[machineText(head)]?.architecture;

/** What a refused ELF file would have to be run with; undefined if its machine is unknown. */
export const otherMachine = (head: Uint8Array): string | undefined => MACHINES[machineText(head)]?.text;
