/** The part of the npm package elfy that we use; it comes without types. */
declare module 'elfy' {
  /** The ELF header. Fields that hold a code elfy has no name for are undefined. */
  export interface Header {
    class: '32' | '64';
    endian: 'lsb' | 'msb';
    version: number;
    type: 'none' | 'rel' | 'exec' | 'dyn' | 'core' | 'num' | undefined;
    machine: string | undefined;
    entry: number;
    phoff: number;
    phentsize: number;
    phnum: number;
  }

  /** A program header; 64-bit fields are doubles, rounded above 2^53. */
  export interface ProgramHeader {
    type: string | undefined;
    offset: number;
    vaddr: number;
    filesz: number;
    memsz: number;
    flags: { r?: boolean; w?: boolean; x?: boolean };
    align: number;
  }

  export class Parser {
    parseHeader(bytes: Buffer): Header;
    parsePrograms(bytes: Buffer, header: Header): ProgramHeader[];
  }
}
