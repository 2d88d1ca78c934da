/** What `-d` and `-strace` show. Loaded only when something is to be logged. */
import { aarch64Disassembler } from '../cpu/aarch64/disassembly.ts';
import { aarch64RegistersText } from '../cpu/aarch64/registers-text.ts';
import { disassembleArm } from '../cpu/arm/disassembly.ts';
import { armRegistersText } from '../cpu/arm/registers-text.ts';
import type { CpuModel } from '../cpu/cpu-model.ts';
import { disassembleRiscv } from '../cpu/riscv/disassembly.ts';
import { riscvRegistersText } from '../cpu/riscv/registers-text.ts';
import { openLog, threadId, writeLog } from '../host/resources.ts';
import type { StartRequest } from '../process/start.ts';
import { SIGINFO } from '../syscalls/siginfo.ts';
import { signalName } from '../syscalls/sigset.ts';
import type { TraceSink } from '../syscalls/strace.ts';
import { fieldsText } from '../syscalls/struct.ts';
import type { EngineWatch, Statistics } from '../translate/engine.ts';
import type { BackendOptions } from '../translate/region/backend.ts';
import { regionText } from '../translate/region/text.ts';
import { moduleText } from '../translate/wasm/text.ts';
import { type LogItem, type Settings, UsageError } from './settings.ts';

/** How each guest architecture's instructions and registers are written. */
const FORMATS: Record<string, (model: CpuModel) => Format> = {
  riscv64: () => ({ instruction: disassembleRiscv, registers: riscvRegistersText, hasNarrow: true }),
  arm: () => ({ instruction: disassembleArm, registers: armRegistersText, hasNarrow: false }),
  aarch64: (model) => ({ instruction: aarch64Disassembler(model), registers: aarch64RegistersText, hasNarrow: false }),
};
interface Format {
  instruction(word: number, pc: bigint): string;
  /** The registers in a thread memory, with those for floating point or without. */
  registers(state: DataView, float: boolean): string;
  /** Instructions whose two lowest bits are not 11 have 16 bits. */
  hasNarrow: boolean;
}

/** The part of a {@link StartRequest} that watches the guest, and what else watches. */
export type Watching = Pick<StartRequest, 'watch'> & {
  watchRegions?: BackendOptions;
  unimplemented?: (text: string) => void;
  /** What the log is written to. */
  logDescriptor?: number;
};

/**
 * Opens the log, before the host is made: see {@link openLog}. Throws UsageError if the file cannot be opened. For a
 * further thread, `descriptor` is the first one's.
 */
export function startLogging(settings: Settings, architecture: string, model: CpuModel, descriptor?: number): Watching {
  const { log: items, logFile, logFilter } = settings;
  const fd = descriptor ?? open(logFile);
  let isDivided = descriptor !== undefined;
  const label = (): string => (isDivided ? `[pid ${threadId()}] ` : '');
  const log = (text: string): void => writeLog(fd, label() + text);
  const onClone = (): void => void (isDivided = true);
  const format = FORMATS[architecture](model);
  const isWanted = (pc: bigint): boolean =>
    logFilter.length === 0 || logFilter.some(([first, last]) => pc >= first && pc <= last);
  return {
    logDescriptor: fd,
    watch: {
      onClone,
      ...(items.has('strace') ? trace({ write: (text) => writeLog(fd, text), label }, log) : {}),
      onDecoded: items.has('in_asm')
        ? (pc, word) => {
            if (isWanted(pc)) log(instructionLine(pc, word, format));
          }
        : undefined,
      engine: watchEngine(items, log, format, isWanted),
      onStatistics: items.has('stats') ? (statistics) => log(statisticsText(statistics)) : undefined,
    },
    watchRegions: watchRegions(items, log, format, isWanted),
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

type Filter = (pc: bigint) => boolean;

/** `-d exec`, `cpu`, `fault`. */
function watchEngine(
  items: ReadonlySet<LogItem>,
  log: (text: string) => void,
  format: Format,
  isWanted: Filter,
): EngineWatch {
  const watch: EngineWatch = {};
  const exec = items.has('exec');
  const cpu = items.has('cpu');
  const fpu = items.has('fpu');
  if (exec || cpu) {
    watch.onStep = (pc, word, state) => {
      if (!isWanted(pc)) return;
      if (cpu) log(format.registers(state, fpu));
      if (!exec) return;
      log(word === undefined ? `${hex(pc)}:\n` : instructionLine(pc, word, format));
    };
  }
  if (items.has('fault')) {
    watch.onFault = (pc, { signo, code, address }) =>
      log(`fault: ${signalName(signo)} code ${code} at pc ${hex(pc)}, address ${hex(address)}\n`);
  }
  return watch;
}

/** `-d op`, `out_wasm`, `out_js`. Regions are filtered by where they begin. */
function watchRegions(
  items: ReadonlySet<LogItem>,
  log: (text: string) => void,
  format: Format,
  isWanted: Filter,
): BackendOptions {
  const options: BackendOptions = {};
  const heading = (what: string, pc: number): string => `${what} of region ${hex(BigInt(pc))}:\n`;
  options.describe = (pc, word) => format.instruction(word, BigInt(pc));
  if (items.has('op')) {
    options.onRegion = (region, arch, describe) => {
      if (isWanted(BigInt(region.blocks[0].pc))) log(`${regionText(arch, region, describe)}\n`);
    };
  }
  if (items.has('out_wasm')) {
    options.onModule = (pc, bytes) => {
      if (isWanted(BigInt(pc))) log(`${heading('wasm', pc)}${moduleText(bytes)}\n`);
    };
  }
  if (items.has('out_js')) {
    options.onSource = (pc, source) => {
      if (isWanted(BigInt(pc))) log(`${heading('js', pc)}${source}\n`);
    };
  }
  return options;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** System calls are traced by their rows; signals and the end as strace(1) writes them. */
function trace(sink: TraceSink, log: (text: string) => void): StartRequest['watch'] {
  return {
    trace: sink,
    onSignal: (info, fatal) => {
      log(`--- ${signalName(info[0])} ${fieldsText(SIGINFO, new DataView(info.buffer, info.byteOffset))} ---\n`);
      if (fatal) log(`+++ killed by ${signalName(info[0])} +++\n`);
    },
    onExit: (status) => log(`+++ exited with ${status} +++\n`),
  };
}

/** `0x00010188:  00000517  auipc a0, 0x0`; 16-bit instructions have four digits. */
function instructionLine(pc: bigint, word: number, format: Format): string {
  const isWide = !format.hasNarrow || (word & 3) === 3;
  const text = format.instruction(word, pc);
  const digits = isWide ? (word >>> 0).toString(16).padStart(8, '0') : (word & 0xffff).toString(16).padStart(4, '0');
  return `0x${pc.toString(16).padStart(8, '0')}:  ${digits.padEnd(8)}  ${text}\n`;
}

function statisticsText(statistics: Statistics): string {
  const { exits, ...counts } = statistics;
  const lines = Object.entries(counts).map(([name, value]) => `${name.padEnd(24)} ${value}`);
  const reasons = Object.entries(exits).map(([name, value]) => `exits: ${name.padEnd(17)} ${value}`);
  return `${[...lines, ...reasons].join('\n')}\n`;
}
