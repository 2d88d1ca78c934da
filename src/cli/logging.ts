/** What `-d` and `-strace` show. Loaded only when something is to be logged. */
import { disassembleRiscv } from '../cpu/riscv/disassembly.ts';
import { openLog, writeLog } from '../host/resources.ts';
import type { StartRequest } from '../process/start.ts';
import { SIGINFO } from '../syscalls/siginfo.ts';
import { signalName } from '../syscalls/sigset.ts';
import { fieldsText } from '../syscalls/struct.ts';
import type { Statistics } from '../translate/engine.ts';
import { type LogItem, UsageError } from './settings.ts';

const DISASSEMBLERS: Record<string, (word: number, pc: bigint) => string> = { riscv64: disassembleRiscv };

/** The parts of a {@link StartRequest} that watch the guest. */
export type Watching = Pick<StartRequest, 'watch' | 'onDecoded' | 'onStatistics'> & { unimplemented?: (text: string) => void };

/** Opens the log, before the host is made: see {@link openLog}. Throws UsageError if the file cannot be opened. */
export function startLogging(items: ReadonlySet<LogItem>, file: string, architecture: string): Watching {
  const fd = open(file);
  const log = (text: string): void => writeLog(fd, text);
  const disassemble = DISASSEMBLERS[architecture];
  return {
    watch: items.has('strace') ? trace(log) : {},
    onDecoded: items.has('in_asm') ? (pc, word) => log(instructionLine(pc, word, disassemble(word, pc))) : undefined,
    onStatistics: items.has('stats') ? (statistics) => log(statisticsText(statistics)) : undefined,
    unimplemented: items.has('unimp') ? (text) => log(`${text}\n`) : undefined,
  };
}

function open(file: string): number {
  try {
    return openLog(file);
  } catch (error) {
    throw new UsageError(`cannot write the log ${file}: ${(error as Error).message}`);
  }
}

/** System calls are traced by their rows; signals and the end as strace(1) writes them. */
function trace(log: (text: string) => void): StartRequest['watch'] {
  return {
    trace: { write: log },
    onSignal: (info, fatal) => {
      log(`--- ${signalName(info[0])} ${fieldsText(SIGINFO, new DataView(info.buffer, info.byteOffset))} ---\n`);
      if (fatal) log(`+++ killed by ${signalName(info[0])} +++\n`);
    },
    onExit: (status) => log(`+++ exited with ${status} +++\n`),
  };
}

/** `0x00010188:  00000517  auipc a0, 0x0`; 16-bit instructions have four digits. */
function instructionLine(pc: bigint, word: number, text: string): string {
  const digits = (word & 3) === 3 ? 8 : 4;
  return `0x${pc.toString(16).padStart(8, '0')}:  ${word.toString(16).padStart(digits, '0').padEnd(8)}  ${text}\n`;
}

function statisticsText(statistics: Statistics): string {
  const { exits, ...counts } = statistics;
  const lines = Object.entries(counts).map(([name, value]) => `${name.padEnd(24)} ${value}`);
  const reasons = Object.entries(exits).map(([name, value]) => `exits: ${name.padEnd(17)} ${value}`);
  return `${[...lines, ...reasons].join('\n')}\n`;
}
