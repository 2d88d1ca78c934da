/**
 * Runs Linux programs built for another processor, each in a process of its own.
 *
 *     import { createEmulator } from 'tsemu';
 *
 *     const emulator = createEmulator({ sysroot: '/usr/riscv64-linux-gnu' });
 *     const { stdout, exitCode } = await emulator.run('./hello', ['one', 'two']);
 *
 * The build copies this file to be the package's declarations: it has types only.
 */
import type { Readable, Writable } from 'node:stream';

export interface EmulatorOptions {
  /** By default the program's ELF header says it, or that of the interpreter that a script names. */
  architecture?: 'riscv64' | 'aarch64' | 'arm';
  /** Directory below which interpreters and absolute paths are looked for first (`-L`). */
  sysroot?: string;
  /**
   * Directory that guests have as their root directory, with programs for their processor in it (`-root`, see docs/chroot.md).
   * Programs are named by their paths there; guests start in {@link StartOptions.cwd} if that is in it, else in `/`.
   */
  root?: string;
  /** By the guest's absolute paths, files and directories of the host that it has there instead of what {@link root} has (`-b`). */
  binds?: Readonly<Record<string, string>>;
  /** Guests are told that they run as root, which gives them no rights (`-root-id`). */
  rootId?: boolean;
  /**
   * Directories of the host below which nothing that a guest writes changes anything: each guest sees what is there with its own
   * changes, which are gone when its last process ends (`true`), or are kept in the directory that is named, for other guests
   * too (`-overlay`, see docs/overlay.md). Those that lie in others stand behind them.
   */
  overlay?: Readonly<Record<string, true | string>>;
  /** Holds guests to what it allows: `-sandbox`. See docs/sandbox.md. */
  sandbox?: Sandbox;
  /** Asked before a guest makes system calls of these names. */
  hooks?: Hooks;
  /** Options as on the command line, such as `['-strace', '-D', 'log']`. */
  options?: readonly string[];
  /** Directory of the launchers; by default this package's. */
  installation?: string;
}

/** What a sandboxed guest may do; by default nothing but run. True stands for everything, a list for what it names. */
export interface Sandbox {
  /** Files, and directories with all below them. */
  read?: true | readonly string[];
  write?: true | readonly string[];
  /** Addresses, networks as `10.0.0.0/8` and names, each with a port if it ends with `:port`. */
  net?: true | readonly string[];
  /** Programs of the host, to which the sandbox does not apply. */
  run?: true | readonly string[];
  /** Names of variables of {@link StartOptions.env}. */
  env?: true | readonly string[];
}

/**
 * By the name of a system call, what decides on it before it is made: its result, a negative errno for an error, or undefined
 * for it to be made. The thread that calls waits; signals reach it afterwards. What a hook throws ends the guest, and is what
 * {@link Guest.ended} rejects with. Programs of the host's and of other architectures that a guest executes do not ask.
 */
export type Hooks = Readonly<Record<string, Hook>>;
export type Hook = (call: SystemCall) => HookResult | Promise<HookResult>;
export type HookResult = number | bigint | undefined;

/** A system call that is about to be made. */
export interface SystemCall {
  name: string;
  /** IDs of the guest's process and thread. */
  pid: number;
  tid: number;
  /** As in the registers, unsigned: as many as the call has. */
  args: readonly bigint[];
  /** The guest's memory. Rejects with an Error whose `code` is `EFAULT` where there is none. */
  read(address: bigint, length: number): Promise<Uint8Array>;
  /** Up to the first zero, as UTF-8. */
  readString(address: bigint): Promise<string>;
  write(address: bigint, data: Uint8Array): Promise<void>;
}

/** What stops a guest that goes too far. None is a boundary against a guest that wants to do harm: see {@link Sandbox}. */
export interface Limits {
  /** Milliseconds of real time; the guest and its child processes are killed then. */
  time?: number;
  /**
   * Bytes of memory that the guest may have mapped (its soft RLIMIT_AS): more is refused with ENOMEM. The emulator's own
   * memory, some 150 MB, is not counted.
   */
  memory?: number;
  /**
   * Instructions that each of the guest's threads may execute, and each child process from where it began; SIGXCPU kills the
   * process then. The same program ends at the same instruction each time, but it takes several times as long: code that is
   * compiled counts no instructions, so none is.
   */
  instructions?: number;
  /** Bytes of stdout and stderr together that {@link Emulator.run} collects; the guest is killed when there are more. */
  output?: number;
}

export interface StartOptions {
  /** The guest's working directory; by default this process's. */
  cwd?: string;
  /**
   * The guest's whole environment; by default this process's. The emulator reads variables whose names begin with TSEMU_
   * or QEMU_.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** The guest's argv[0], if not the program's path. */
  argv0?: string;
  limits?: Limits;
  /** Kills the guest and its child processes. */
  signal?: AbortSignal;
}

export interface RunOptions extends StartOptions {
  /** What the guest reads; by default nothing. */
  stdin?: string | Uint8Array | Readable;
  /** Called with each piece of output as it comes; it is collected all the same. */
  onOutput?: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
}

/** How a guest ended. Exactly one of the first two is not null. */
export interface Ending {
  /** Exit status, 0 to 255. 126 and 127 are tsemu's own if the guest could not be loaded; stderr says why. */
  exitCode: number | null;
  /** Name of the signal that killed the guest, such as `SIGSEGV`. */
  signal: NodeJS.Signals | null;
  /** The limit for which it was killed. */
  exceeded?: 'time' | 'instructions' | 'output';
}

export interface RunResult extends Ending {
  /** Use `toString()` for text. */
  stdout: Buffer;
  stderr: Buffer;
}

/** A guest that runs. Its streams are pipes: what is not read holds it up. */
export interface Guest {
  /** Of the guest's process, the leader of a process group of its own; 0 if none could be made: `ended` says why. */
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the guest has ended and its output has been read. Rejects with the reason of an abort signal. */
  readonly ended: Promise<Ending>;
  /** Sends a signal to the guest and its child processes, SIGTERM by default. False if they have ended. */
  kill(signal?: NodeJS.Signals): boolean;
}

export interface Emulator {
  /**
   * Runs a program to its end. Rejects if it cannot be started, with an Error whose `code` is that of execve(2), `ENOENT`
   * or `ENOEXEC` for instance, and if the abort signal says so, with its reason.
   */
  run(program: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a program whose streams are yours to use. Throws an Error with a `code` as {@link Emulator.run} rejects. */
  start(program: string, args?: readonly string[], options?: StartOptions): Guest;
}

/** Throws a TypeError if an option is out of its range. */
export declare function createEmulator(options?: EmulatorOptions): Emulator;
