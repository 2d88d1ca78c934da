/**
 * -strace: one line a call, as strace(1) writes it. What is known before the
 * call is written before it, so that a call that blocks or never returns can
 * be seen; outputs and the result follow.
 *
 *     openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
 *
 * Once there are several threads or processes, each line names its thread and is
 * written at once; a call that may wait has two, as with strace -f:
 *
 *     [pid 12] read(3,  <unfinished ...>
 *     [pid 12] <... read resumed>"x", 1)       = 1
 */
import type { Int } from '../host/host.ts';
import type { Printing } from './codec.ts';
import { EINTR, errnoMessage, errnoName } from './errno.ts';
import type { Row } from './row.ts';
import { NO_RESULT, type SyscallResult, type Task } from './task.ts';
import { argvText, hexText, octalText, quoted, variablesText } from './text.ts';

/** Where the trace goes; text is latin1 and comes in pieces of a line. */
export interface TraceSink {
  write(text: string): void;
  /** What begins a line of the calling thread: '' as long as there is no other, then `[pid 12] `. */
  label(): string;
}

/** A line that {@link traceEnter} began. */
export interface TraceLine {
  readonly row: Row | undefined;
  readonly printing: MutablePrinting;
  /** Arguments already written, and characters so far. */
  done: number;
  column: number;
  /** What is to be written together with the rest. */
  held: string;
  /** The line has been ended as unfinished. */
  isSplit: boolean;
}

interface MutablePrinting extends Printing {
  result: Int | undefined;
}

/** Column at which strace puts `= result`. */
const RESULT_COLUMN = 40;

/** Calls in which another process or program begins to write lines. */
const DIVIDING = new Set(['clone', 'clone3']);
const EXECUTING = new Set(['execve', 'execveat']);

/** Writes the execve that the program was started with. Strings are latin1; `envp` is the address of the environment. */
export function traceStart(
  program: string,
  argv: readonly string[],
  envp: number,
  variables: number,
  sink: TraceSink,
): void {
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const call = `execve(${quoted(bytes(program))}, ${argvText(argv.map(bytes))}, ${hexText(envp)} ${variablesText(variables)})`;
  sink.write(`${call.padEnd(RESULT_COLUMN - 1)} = 0\n`);
}

/** Writes `name(` and the arguments up to the first output. */
export function traceEnter(task: Task, row: Row | undefined, name: string, sink: TraceSink): TraceLine {
  const args: Int[] = [];
  for (let i = 0; i < (row?.codecs.length ?? 6); i++) args.push(task.cpu.argument(i));
  const printing: MutablePrinting = {
    task,
    result: undefined,
    argument: (argName) => args[row?.names.indexOf(argName) ?? -1] ?? 0,
  };
  const line: TraceLine = { row, printing, done: 0, column: 0, held: '', isSplit: false };
  const label = sink.label();
  const text = `${label}${name}(${row === undefined ? args.map(hexText).join(', ') : argumentsText(line, args, false)}`;
  line.column = text.length;
  const mayWait = row?.marks.restart !== undefined || EXECUTING.has(name);
  line.isSplit = DIVIDING.has(name) || (label !== '' && mayWait);
  if (line.isSplit)
    sink.write(
      `${text}${row !== undefined && line.done > 0 && line.done < row.codecs.length ? ', ' : ''} <unfinished ...>\n`,
    );
  else if (label === '') sink.write(text);
  else line.held = text;
  return line;
}

/** Arguments from `line.done` on; those before the call end at the first output. */
function argumentsText(line: TraceLine, args: readonly Int[], late: boolean): string {
  const { codecs } = line.row!;
  let text = '';
  for (; line.done < codecs.length && (late || codecs[line.done].late !== true); line.done++) {
    const argument = codecs[line.done].print(line.printing, args[line.done]);
    if (argument !== undefined) text += (line.done > 0 ? ', ' : '') + argument;
  }
  return text;
}

/** Writes the rest of the line. */
export function traceLeave(line: TraceLine, result: SyscallResult, sink: TraceSink): void {
  const { row, printing } = line;
  printing.result = result === NO_RESULT ? undefined : result;
  // The child has not made the call.
  if (row !== undefined && DIVIDING.has(row.name) && result === 0) return;
  let text = '';
  if (row !== undefined) {
    text = argumentsText(
      line,
      row.names.map((name) => printing.argument(name)),
      true,
    );
  }
  if (line.isSplit) {
    const head = `${sink.label()}<... ${row?.name} resumed>`;
    text = head + text.replace(/^, /, '');
    line.column = 0;
  }
  text += ')';
  text += ' '.repeat(Math.max(1, RESULT_COLUMN - line.column - text.length));
  sink.write(`${line.held}${text}= ${resultText(row, printing, result)}\n`);
}

/** Ends the line of a call that does not return: exit_group. */
export function traceNoReturn(line: TraceLine, sink: TraceSink): void {
  sink.write(`${line.held})${' '.repeat(Math.max(1, RESULT_COLUMN - line.column - 1))}= ?\n`);
}

/** strace sees what the kernel intends before a handler has its say. */
function interruptedText({ name, marks }: Row): string {
  if (marks.restart === 'sa') return '? ERESTARTSYS (To be restarted if SA_RESTART is set)';
  if (marks.restart !== 'never') return '? ERESTARTNOINTR (To be restarted)';
  if (name.endsWith('nanosleep')) return '? ERESTART_RESTARTBLOCK (Interrupted by signal)';
  const noHandler = name === 'ppoll' || name === 'pselect6' || name === 'rt_sigsuspend';
  if (noHandler) return '? ERESTARTNOHAND (To be restarted if no handler)';
  return '-1 EINTR (Interrupted system call)';
}

function resultText(row: Row | undefined, printing: Printing, result: SyscallResult): string {
  const format = row?.marks.prints;
  if (result === NO_RESULT)
    return format === 'restored' ? resultText(undefined, printing, printing.task.cpu.argument(0)) : '?';
  if (result === -EINTR && row !== undefined) return interruptedText(row);
  if (typeof result === 'number' && result < 0 && result >= -4095) {
    return `-1 ${errnoName(-result)} (${errnoMessage(-result)})`;
  }
  if (typeof format === 'function') return format(printing, result);
  if (format === 'hex') return hexText(result);
  return format === 'octal' ? octalText(Number(result)) : String(result);
}
