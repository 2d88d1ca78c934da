/**
 * What is said of a guest that dies by a fault. Loaded when that happens, in
 * the guest's own process, whose memory it reads.
 */

import { aarch64RegistersText } from '../cpu/aarch64/registers-text.ts';
import { AARCH64_STATE } from '../cpu/aarch64/state.ts';
import { armRegistersText } from '../cpu/arm/registers-text.ts';
import { ARM_STATE } from '../cpu/arm/state.ts';
import { riscvRegistersText } from '../cpu/riscv/registers-text.ts';
import { RISCV_STATE } from '../cpu/riscv/state.ts';
import { makeSymbolizer } from '../host/linux/symbols.ts';
import { PageFlag } from '../memory/page-table.ts';
import { SIGBUS, SIGSEGV } from '../process/signal-numbers.ts';
import type { GuestTask } from '../process/task.ts';
import { mapsLine } from '../syscalls/proc.ts';
import { signalName } from '../syscalls/sigset.ts';

/** package.json's version: scripts/build.ts puts it in. */
declare const VERSION: string;

/** si_code of faults, sigaction(2). */
const CAUSES: Readonly<Record<string, string>> = {
  'SIGSEGV 1': 'nothing is mapped',
  'SIGSEGV 2': 'the access is not permitted',
  'SIGSEGV 128': 'no room for a signal frame, or an address that cannot exist',
  'SIGXCPU 0': 'it has executed as many instructions as -insn-limit says',
  'SIGBUS 1': 'misaligned access',
  'SIGBUS 2': 'beyond the end of the mapped file',
};

/** Where an architecture's calling convention keeps frames: offsets in the thread memory, and from the frame pointer. */
interface FrameLayout {
  framePointer: number;
  /** Register with the return address of a function that has called no other. */
  link: number;
  /** Of the caller's frame pointer and of the return address, in bytes from the frame pointer. */
  previous: number;
  returnAddress: number;
  /** Whether the four bytes before a return address, and the last two of them, end in a call. */
  isCall(word: number, half: number): boolean;
  registers(state: DataView, float: boolean): string;
}

/** The psABIs' frame records: riscv-elf-psabi "Frame pointer convention", AAPCS64 6.4.6. */
const LAYOUTS: Readonly<Record<string, FrameLayout>> = {
  riscv64: {
    framePointer: RISCV_STATE.x + 8 * 8,
    link: RISCV_STATE.x + 8,
    previous: -16,
    returnAddress: -8,
    // jal and jalr with ra, c.jalr.
    isCall: (word, half) =>
      (word & 0xfff) === 0x0ef || (word & 0x7fff) === 0x00e7 || ((half & 0xf07f) === 0x9002 && (half & 0xf80) !== 0),
    registers: riscvRegistersText,
  },
  aarch64: {
    framePointer: AARCH64_STATE.x + 8 * 29,
    link: AARCH64_STATE.x + 8 * 30,
    previous: 0,
    returnAddress: 8,
    // bl, blr and its forms with pointer authentication.
    isCall: (word) => word >>> 26 === 0x25 || (word & 0xfefff000) >>> 0 === 0xd63f0000,
    registers: aarch64RegistersText,
  },
  // Of T32 code, whose frame pointer is r7; it need not keep frame records.
  arm: {
    framePointer: ARM_STATE.r + 8 * 7,
    link: ARM_STATE.r + 8 * 14,
    previous: 0,
    returnAddress: 4,
    // A32's bl, blx with a label and with a register; T32's, whose first half is the lower one of the word.
    isCall: (word, half) =>
      (word & 0x0f000000) === 0x0b000000 ||
      word >>> 25 === 0x7d ||
      (word & 0x0ffffff0) === 0x012fff30 ||
      (word & 0xc000f800) >>> 0 === 0xc000f000 ||
      (half & 0xff87) === 0x4780,
    registers: armRegistersText,
  },
};
const MAX_FRAMES = 32;

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Several lines; `info` is the siginfo_t of the fault. */
export function crashReport(task: GuestTask, info: Uint8Array): string {
  const { guest, host, cpu, process } = task;
  const { abi } = guest;
  const fields = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const [signo, code] = [fields.getInt32(0, true), fields.getInt32(8, true)];
  const address = fields.getBigUint64(16, true);
  const name = signalName(signo);
  const isAccess = signo === SIGSEGV || signo === SIGBUS;
  const cause = CAUSES[`${name} ${code}`];
  const where = isAccess ? ` at address ${hex(address)}` : instructionText(task);
  const layout = LAYOUTS[abi.name];
  const state = new DataView(host.threadMemory.buffer);
  const lines = [
    `${abi.command}: ${process.executable}: killed by ${name}${where}${cause === undefined ? '' : `: ${cause}`}`,
    ...(isAccess ? [`address: ${mappingText(task, address)}`] : []),
    `pc:      ${mappingText(task, cpu.pc)}`,
    ...backtrace(task, layout, state),
    layout.registers(state, false).trimEnd(),
    ...(task.isExact ? [] : ['Registers other than pc may be older: code was compiled. -tier cold has them exact.']),
    `tsemu ${VERSION}; without this report: -quiet, TSEMU_QUIET=1.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The bytes of the instruction at the PC, as a word. */
function instructionText({ space, cpu }: GuestTask): string {
  const bytes = space.read(Number(cpu.pc), 4) ?? space.read(Number(cpu.pc), 2);
  if (bytes === undefined) return ` at pc ${hex(cpu.pc)}`;
  const digits = [...bytes].reverse().map((byte) => byte.toString(16).padStart(2, '0'));
  return ` at pc ${hex(cpu.pc)}, instruction 0x${digits.join('')}`;
}

/** The line of /proc/PID/maps for an address, or between what it lies. */
function mappingText({ space }: GuestTask, address: bigint): string {
  const ranges = space.ranges();
  const at = Number(address);
  const next = ranges.findIndex(({ end }) => at < end);
  const range = ranges[next];
  const text = (of: (typeof ranges)[number]): string => mapsLine(of).trimEnd().replace(/ +/g, ' ');
  if (range !== undefined && at >= range.start) return text(range);
  const before = next < 0 ? ranges.at(-1) : ranges[next - 1];
  const neighbour = before === undefined ? '' : `; the next one below is ${text(before)}`;
  return `${hex(address)} is in no mapping${neighbour}`;
}

/** Innermost first. Code that keeps no frame pointers ends it early. */
function backtrace(task: GuestTask, layout: FrameLayout, state: DataView): string[] {
  const { host, cpu } = task;
  const nameOf = makeSymbolizer(host.threadMemory);
  const functionOf = (pc: bigint): string => nameOf(Number(pc)).replace(/\+0x[0-9a-f]+$/, '');
  const addresses: bigint[] = [];
  const { wordSize } = task.guest.abi;
  // Registers of 32 bits are kept sign-extended; a return address of T32 code is odd.
  const register = (at: number): bigint => BigInt.asUintN(8 * wordSize, state.getBigUint64(at, true));
  const wordAt = (at: bigint): bigint | undefined => {
    const bytes = task.space.read(Number(at), wordSize);
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, wordSize);
    return wordSize === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  };
  const evenOf = (address: bigint): bigint => address & ~1n;
  let frame = register(layout.framePointer);
  while (addresses.length < MAX_FRAMES && frame !== 0n) {
    const [previous, returnAddress] = [layout.previous, layout.returnAddress].map((at) => wordAt(frame + BigInt(at)));
    if (previous === undefined || returnAddress === undefined || !isCaller(task, layout, evenOf(returnAddress))) break;
    addresses.push(evenOf(returnAddress));
    if (previous <= frame) break;
    frame = previous;
  }
  // A function that calls none keeps its return address in the register; elsewhere that is in the function itself.
  const link = evenOf(register(layout.link));
  const isOwn = link === addresses[0] || !isCaller(task, layout, link) || functionOf(link - 1n) === functionOf(cpu.pc);
  if (!isOwn) addresses.unshift(link);
  const line = (pc: bigint, number: number, name: string): string =>
    `#${number.toString().padEnd(3)} ${hex(pc)} in ${name}`;
  // A call may be a function's last instruction: the name is that of the byte before.
  const callerName = (pc: bigint): string =>
    nameOf(Number(pc) - 1).replace(/\+0x([0-9a-f]+)$/, (_, digits) => `+${hex(BigInt(`0x${digits}`) + 1n)}`);
  return [line(cpu.pc, 0, nameOf(Number(cpu.pc))), ...addresses.map((pc, i) => line(pc, i + 1, callerName(pc)))];
}

/** Whether a call returns to `address`: other things lie where a frame would be in code that keeps none. */
function isCaller({ space, host }: GuestTask, { isCall }: FrameLayout, address: bigint): boolean {
  const at = Number(address);
  const isCode = address < BigInt(host.windowSize) && (space.table[Number(address >> 12n)] & PageFlag.exec) !== 0;
  const bytes = isCode ? space.read(at - 4, 4) : undefined;
  if (bytes === undefined) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4);
  return isCall(view.getUint32(0, true), view.getUint16(2, true));
}
