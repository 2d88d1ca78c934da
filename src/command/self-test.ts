/** A tiny guest of each architecture, made here, so that the emulator can be tried without a compiler. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeElf } from '../loader/elf-writer.ts';
import { GUEST_CLASSES, GUEST_MACHINES } from '../loader/machine.ts';
import { type Installation, runCommand } from './installation.ts';

const BASE = 0x10000;
const MESSAGE = 'ok\n';

/** write(1, MESSAGE, 3); exit_group(0). The message stands behind the code. */
const GUESTS: Readonly<Record<string, readonly number[]>> = {
  riscv64: [
    0x00100513, // li a0, 1
    0x00000597, // auipc a1, 0
    0x02058593, // addi a1, a1, 32
    0x00300613, // li a2, 3
    0x04000893, // li a7, 64
    0x00000073, // ecall
    0x00000513, // li a0, 0
    0x05e00893, // li a7, 94
    0x00000073, // ecall
  ],
  aarch64: [
    0xd2800020, // mov x0, #1
    0x100000e1, // adr x1, . + 28
    0xd2800062, // mov x2, #3
    0xd2800808, // mov x8, #64
    0xd4000001, // svc #0
    0xd2800000, // mov x0, #0
    0xd2800bc8, // mov x8, #94
    0xd4000001, // svc #0
  ],
  arm: [
    0xe3a00001, // mov r0, #1
    0xe28f1018, // add r1, pc, #24
    0xe3a02003, // mov r2, #3
    0xe3a07004, // mov r7, #4
    0xef000000, // svc #0
    0xe3a00000, // mov r0, #0
    0xe3a070f8, // mov r7, #248
    0xef000000, // svc #0
    0xe1a00000, // nop
  ],
};

/** The bytes of the guest's ELF file. */
function guestProgram(architecture: string): Uint8Array {
  const machine = GUEST_MACHINES[architecture];
  const bytes = Buffer.concat([new Uint8Array(Uint32Array.from(GUESTS[architecture]).buffer), Buffer.from(MESSAGE)]);
  return writeElf({ machine, elfClass: GUEST_CLASSES[architecture], segments: [{ vaddr: BASE, bytes, flags: 5 }] });
}

/**
 * Runs a guest of `architecture`, a file in `directory`, with this installation's command, compiling its code at once.
 * Undefined if it did what it should within `seconds`, or what happened instead.
 */
export function selfTest(
  architecture: string,
  installation: Installation,
  directory: string,
  seconds = 30,
): string | undefined {
  const program = join(directory, architecture);
  writeFileSync(program, guestProgram(architecture), { mode: 0o755 });
  const options = { encoding: 'utf8', timeout: 1000 * seconds } as const;
  const { error, status, signal, stdout, stderr } = runCommand(
    installation,
    architecture,
    ['-threshold', '1', program],
    options,
  );
  if (error !== undefined) return error.message;
  if (status === 0 && stdout === MESSAGE && stderr === '') return undefined;
  return `${signal ?? `status ${status}`}${stderr === '' ? '' : `: ${stderr.trim()}`}`;
}
