/**
 * What the loader and the kernel side must know of a guest architecture's
 * binary interface: facts from its psABI and from Linux. Each
 * architecture has one object of this type in src/cpu/<arch>/abi.ts.
 */

/** The vDSO: a shared object the kernel maps into every process (vdso(7)). */
export interface VdsoImage {
  /** The ELF file, linked at address 0, one read-execute segment. Decoded on the first call. */
  bytes(): Uint8Array;
  /** Offset of the code that calls rt_sigreturn, where signal handlers return to. */
  readonly sigreturnOffset: number;
  /** False if it is no ELF file, only the code that handlers return to: there is no AT_SYSINFO_EHDR then. */
  readonly isLibrary?: false;
}

export interface GuestAbi {
  /** As in the command's name: `riscv64`. */
  readonly name: string;
  /** uname(2)'s machine, if not the name. */
  readonly machine?: string;
  /** The command that runs such programs, which starts every message. */
  readonly command: string;
  /** e_machine of its programs. */
  readonly elfMachine: number;
  /** Why a program with this e_flags cannot run, where they tell. */
  refusal?(eflags: number): string | undefined;
  /** EI_CLASS: 1 for 32-bit, 2 for 64-bit objects. */
  readonly elfClass: 1 | 2;
  /** Bytes of a pointer, and of half an auxiliary vector entry. */
  readonly wordSize: 4 | 8;
  readonly pageSize: number;
  /** AT_HWCAP. */
  readonly hwcap: bigint;
  /** AT_HWCAP2, where Linux has it. */
  readonly hwcap2?: bigint;
  /** The paragraph of /proc/cpuinfo on the processor of that number, an empty line at its end. */
  cpuinfo(processor: number): string;
  /** AT_PLATFORM's string, where Linux has one. */
  readonly platform?: string;
  /** AT_MINSIGSTKSZ: bytes of the largest signal frame; 0 where Linux gives none. */
  readonly minSignalStack: number;
  /** Pairs of type and value that ARCH_DLINFO adds beside AT_SYSINFO_EHDR and AT_MINSIGSTKSZ. */
  readonly extraAuxv: readonly (readonly [type: number, value: number])[];
  /** The stack is executable when a program has no PT_GNU_STACK. */
  readonly stackExecutableByDefault: boolean;
  /** open(2)'s O_DIRECTORY, O_NOFOLLOW, O_DIRECT and O_LARGEFILE have the values of arm, not those of asm-generic. */
  readonly armOpenFlags: boolean;
  /** struct sigaction has sa_restorer, before the mask. */
  readonly hasRestorer: boolean;
  /** A directory of libraries that Debian's cross compiler installs, named as a hint when an interpreter is missing. */
  readonly exampleSysroot: string;
  readonly vdso: VdsoImage;
  /** Where the address space ends, if the processor cannot address all there is: the stack is below. */
  readonly addressSpaceEnd?: number;
  /** A page of code that every process has at a fixed address. */
  readonly fixedPage?: { readonly address: number; bytes(): Uint8Array };
}
