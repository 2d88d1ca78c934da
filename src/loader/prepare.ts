/**
 * The part of execve(2) that can still fail without harm: finds the program,
 * follows `#!` lines, reads the ELF headers of the program and of its
 * interpreter. Nothing is mapped yet.
 */
import type { GuestAbi } from '../cpu/guest-abi.ts';
import type { Host } from '../host/host.ts';
import { type ElfImage, readElf } from './elf.ts';
import {
  E2BIG,
  EACCES,
  ELIBBAD,
  ELOOP,
  ENOENT,
  ENOEXEC,
  ENOTDIR,
  errnoText,
  isLoadError,
  type LoadError,
  loadError,
} from './load-error.ts';
import { EM_X86_64, guestArchitectureOf, isElf, machineOf } from './machine.ts';
import { isMountedNoexec, openProgramFile, type ProgramFile, programFileOf } from './program-file.ts';
import { MAX_SCRIPT_DEPTH, parseScriptLine, SCRIPT_HEAD } from './script.ts';
import { tooManyArguments } from './stack.ts';

/** What is to be run. Strings are latin1: one character a byte. */
export interface ProgramRequest {
  /** The program's path as the guest knows it: a script's argument, AT_EXECFN, the FILE of messages. */
  path: string;
  /** What to open instead, as the host or {@link open} knows it. */
  hostPath?: string;
  /** Of the program's file if it is open already; it will be closed. */
  descriptor?: number;
  /**
   * Opens the program and its interpreters as {@link openProgramFile} does, where the guest's names are not the host's or
   * not everything may be executed; `sysroot` is not looked at then.
   */
  open?: (path: string) => ProgramFile | number;
  argv: readonly string[];
  env: readonly string[];
  /** `-L`: interpreters with absolute paths are looked for below this directory first; '' for none. */
  sysroot: string;
  abi: GuestAbi;
  /** AT_EXECFN, if not the path. */
  execfn?: string;
  /** Real and effective user and group ID of the guest, if they are not the host's. */
  identity?: readonly number[];
  /** AT_SECURE is set even if real and effective IDs are the same: capabilities of the file, for instance. */
  isSecure?: boolean;
  /** Soft RLIMIT_STACK in bytes; by default the one the emulator was started with. */
  stackLimit?: number | bigint;
}

/** A program that can be started. Whoever has one calls startProgram or close. */
export interface PreparedProgram {
  request: ProgramRequest;
  /** With a script's interpreter in front. */
  argv: readonly string[];
  file: ProgramFile;
  image: ElfImage;
  interpreter: { file: ProgramFile; image: ElfImage } | undefined;
  /** Soft RLIMIT_STACK in bytes, Infinity for none. */
  stackLimit: number;
  close(): void;
}

const RLIMIT_STACK = 3;
const DEFAULT_STACK_LIMIT = 8 << 20;

/** Bytes read at once: the ELF header, almost always the program headers and PT_INTERP, or a script's first line. */
const HEAD_SIZE = 4096;

/** Finds and checks a program; see {@link ProgramRequest}. Opens files, which `close` or startProgram close. */
export function prepareProgram(host: Host, request: ProgramRequest): PreparedProgram | LoadError {
  const { abi, path, sysroot } = request;
  const stackLimit = stackLimitOf(host, request);
  const open = request.open ?? ((file: string, below?: string) => openProgramFile(host, file, below));
  let argv = request.argv;
  let current = path;
  const { descriptor, hostPath = path } = request;
  let opened = descriptor === undefined ? open(hostPath) : programFileOf(host, descriptor, hostPath);
  for (let depth = 0; ; depth++) {
    if (typeof opened === 'number') return cannotOpen(host, request, current, -opened, depth > 0);
    const file = opened;
    const refuse = (errno: number, reason: string): LoadError => {
      file.close();
      const where = depth === 0 ? '' : `interpreter ${current}: `;
      return loadError(abi.command, path, errno, where + reason);
    };
    const head = file.read(0, HEAD_SIZE);
    if (typeof head === 'number') return refuse(-head, errnoText(-head));
    if (isElf(head)) {
      const image = readElf(file, head, abi, abi.addressSpaceEnd ?? host.windowSize);
      if (typeof image === 'string') {
        const error = refuse(ENOEXEC, image);
        const architecture = guestArchitectureOf(head);
        if (machineOf(head) === EM_X86_64 || (architecture !== undefined && architecture !== abi.name)) {
          error.error.otherProgram = { path: file.path, argv, architecture };
        }
        return error;
      }
      const contents = { argv, env: request.env, execfn: request.execfn ?? path };
      if (tooManyArguments(contents, stackLimit, abi.wordSize)) return refuse(E2BIG, errnoText(E2BIG));
      const interpreter =
        image.interpreter === undefined ? undefined : openInterpreter(host, request, image.interpreter, open);
      if (interpreter !== undefined && isLoadError(interpreter)) {
        file.close();
        return interpreter;
      }
      const close = () => {
        file.close();
        interpreter?.file.close();
      };
      return { request, argv, file, image, interpreter, stackLimit, close };
    }
    if (head[0] !== 0x23 || head[1] !== 0x21) return refuse(ENOEXEC, notAProgram(head, abi));
    const line = parseScriptLine(String.fromCharCode(...head.subarray(0, SCRIPT_HEAD)));
    if (line === undefined) return refuse(ENOEXEC, 'its #! line names no interpreter');
    if (depth === MAX_SCRIPT_DEPTH) return refuse(ELOOP, 'too many scripts that interpret each other');
    file.close();
    argv = [line.interpreter, ...(line.argument === undefined ? [] : [line.argument]), current, ...argv.slice(1)];
    current = line.interpreter;
    opened = open(current, sysroot);
  }
}

function stackLimitOf(host: Host, request: ProgramRequest): number {
  const soft = request.stackLimit ?? host.startState.rlimits[RLIMIT_STACK]?.soft ?? DEFAULT_STACK_LIMIT;
  const limit = Number(soft);
  return limit >= 2 ** 63 ? Number.POSITIVE_INFINITY : limit;
}

function notAProgram(head: Uint8Array, abi: GuestAbi): string {
  return head.length === 0 ? 'the file is empty' : `neither a ${abi.name} ELF program nor a #! script`;
}

/** The program itself, or the interpreter that a script names, cannot be opened. */
function cannotOpen(
  host: Host,
  request: ProgramRequest,
  current: string,
  errno: number,
  isInterpreter: boolean,
): LoadError {
  const { abi, path, hostPath = path, open } = request;
  if (!isInterpreter) {
    // Its mode says otherwise, so people look for long.
    const isNoexec = errno === EACCES && open === undefined && isMountedNoexec(host, hostPath);
    return loadError(abi.command, path, errno, isNoexec ? `${errnoText(errno)}: mounted noexec` : undefined);
  }
  return loadError(abi.command, path, errno, `${cannotOpenReason(request, current, errno)} (its #! line names it)`);
}

/** Why an interpreter cannot be opened, and where it was looked for. */
function cannotOpenReason({ abi, sysroot, open }: ProgramRequest, interpreter: string, errno: number): string {
  if (errno !== ENOENT && errno !== ENOTDIR) return `interpreter ${interpreter}: ${errnoText(errno)}`;
  const isAbsolute = interpreter[0] === '/';
  if (!isAbsolute) return `interpreter ${interpreter} not found`;
  if (open !== undefined) return `interpreter ${interpreter} not found in the root directory`;
  if (sysroot !== '') return `interpreter ${interpreter} not found, neither there nor below ${sysroot} (-L)`;
  return `interpreter ${interpreter} not found: -L names a directory to look below, such as ${abi.exampleSysroot}`;
}

/** Opens and checks PT_INTERP's file. */
function openInterpreter(
  host: Host,
  request: ProgramRequest,
  interpreter: string,
  open: (path: string, sysroot: string) => ProgramFile | number,
): { file: ProgramFile; image: ElfImage } | LoadError {
  const { abi, path, sysroot } = request;
  const file = open(interpreter, sysroot);
  if (typeof file === 'number') {
    return loadError(abi.command, path, -file, cannotOpenReason(request, interpreter, -file));
  }
  const refuse = (errno: number, reason: string): LoadError => {
    file.close();
    return loadError(abi.command, path, errno, `interpreter ${file.path}: ${reason}`);
  };
  const head = file.read(0, HEAD_SIZE);
  if (typeof head === 'number') return refuse(-head, errnoText(-head));
  const image = readElf(file, head, abi, abi.addressSpaceEnd ?? host.windowSize);
  if (typeof image === 'string') return refuse(ELIBBAD, image);
  if (image.interpreter !== undefined) return refuse(ELIBBAD, 'asks for an interpreter itself');
  return { file, image };
}
