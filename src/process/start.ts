/** Makes the guest process: loads the program and gives it its first thread. */
import type { Host } from '../host/host.ts';
import { STAGING } from '../host/layout.ts';
import { loadProgram } from '../loader/load.ts';
import { isLoadError, type LoadError } from '../loader/load-error.ts';
import { openProgramFile, type ProgramFile } from '../loader/program-file.ts';
import { AddressSpace } from '../memory/address-space.ts';
import { SyscallTable } from '../syscalls/dispatch.ts';
import type { ReportHooks } from '../syscalls/report.ts';
import { OWN_RLIMITS } from '../syscalls/rlimits.ts';
import { traceStart } from '../syscalls/strace.ts';
import { TOPICS } from '../syscalls/table.ts';
import type { KernelOptions, Process } from '../syscalls/task.ts';
import { type Compilation, Engine, type EngineWatch, type Statistics } from '../translate/engine.ts';
import { appearAs, beginTree } from './appearance.ts';
import { withOrders } from './compiler-thread.ts';
import type { Guest } from './guest.ts';
import { startSandbox } from './sandbox.ts';
import { HiddenDescriptors, SharedLimits, ThreadIds } from './shared-state.ts';
import { GuestTask, type TaskParts } from './task.ts';
import type { WorkerScript } from './thread-setup.ts';
import { Threads } from './threads.ts';

/** How the user wants to watch the guest, each thread of it. */
export interface Watch extends Pick<TaskParts, 'trace' | 'onSignal' | 'onFault' | 'onExit' | 'onClone'> {
  /** `--stats`: told what the engine of the thread did that ends the process. */
  onStatistics?: (statistics: Statistics) => void;
  /** `-d in_asm`: told of each instruction when it is first decoded. */
  onDecoded?: (pc: bigint, word: number) => void;
  /** `-d exec`, `cpu`, `fault`. */
  engine?: EngineWatch;
}

/** What to run, and how the user wants to watch it. Strings are latin1: one character a byte. */
export interface StartRequest {
  program: string;
  /**
   * If the guest has a root directory of its own: the host path of the directory where it starts, and of the program and
   * its interpreter (or a negative errno).
   */
  root?: { directory: string; locate: (path: string) => string | number };
  /** Of the program's file if it is open already. */
  descriptor?: number;
  argv: readonly string[];
  env: readonly string[];
  options: KernelOptions;
  /** The cold tier's module for the guest. */
  coldTier: WebAssembly.Module;
  /** How hot code is compiled; undefined: never. */
  compilation: Compilation | undefined;
  reports: ReportHooks;
  watch: Watch;
  /** How workers for further threads are made; undefined: one thread only. */
  workers: WorkerScript | undefined;
}

/** Has an engine watched; what its tasks are to be given. */
export function watchOf(engine: Engine, watch: Watch): Partial<TaskParts> {
  if (watch.onDecoded !== undefined) engine.reportDecoded(watch.onDecoded);
  if (watch.engine !== undefined) engine.watch(watch.engine);
  const onExit = (status: number): void => {
    watch.onStatistics?.(engine.statistics());
    watch.onExit?.(status);
  };
  const { trace, onSignal, onFault, onClone } = watch;
  return { trace, onSignal, onFault, onClone, onExit };
}

/** As the guest's own IDs begin: see src/syscalls/identity.ts. */
const ROOT_IDENTITY = [0, 0, 0, 0];

/** Throws if the directory has gone meanwhile. */
function changeDirectory(host: Host, path: string): void {
  const bytes = new Uint8Array(host.threadMemory.buffer, STAGING.start, path.length + 1);
  for (let i = 0; i < path.length; i++) bytes[i] = path.charCodeAt(i);
  bytes[path.length] = 0;
  const result = host.syscall('chdir', host.stagingPointer(0));
  if (result !== 0) throw new Error(`chdir to ${path}: errno ${-Number(result)}`);
}

const openLocated = (host: Host, path: string | number): ProgramFile | number =>
  typeof path === 'number' ? path : openProgramFile(host, path);

/** Loads the program; its first thread, ready to run, or why it cannot be started. */
export function startProcess(host: Host, guest: Guest, request: StartRequest): GuestTask | LoadError {
  const { program, root, descriptor, argv, env, options } = request;
  if (root !== undefined) changeDirectory(host, root.directory);
  const { rlimits, isSecure } = host.startState;
  const space = new AddressSpace(host, guest.abi.addressSpaceEnd);
  const limits = new SharedLimits(host, OWN_RLIMITS);
  for (const resource of OWN_RLIMITS) limits.set(resource, rlimits[resource]);
  space.limits = limits;
  const { abi } = guest;
  const loaded = loadProgram(host, space, {
    path: program,
    open: root && ((path) => openLocated(host, root.locate(path))),
    descriptor,
    argv,
    env,
    sysroot: options.sysroot,
    isSecure,
    identity: options.rootId === true ? ROOT_IDENTITY : undefined,
    abi,
  });
  if (isLoadError(loaded)) return loaded;

  const { cpu, frames } = guest.createCpu(host.threadMemory);
  cpu.pc = BigInt(loaded.entry);
  cpu.sp = BigInt(loaded.sp);
  const compilation = withOrders(request.compilation, host, space, request.workers);
  const engine = new Engine(host, space, guest.state, request.coldTier, compilation);
  engine.instructionLimit = options.instructionLimit;
  engine.startProgram(loaded.executable, true);
  const hiddenDescriptors = new HiddenDescriptors(host);
  for (const fd of host.ownDescriptors()) hiddenDescriptors.add(fd);
  const process: Process = {
    options,
    abi,
    executable: loaded.executable,
    argv: loaded.argv,
    env: loaded.env,
    auxv: loaded.auxv,
    layout: loaded.layout,
    hiddenDescriptors,
    threads: new ThreadIds(host),
    rlimits: limits,
  };
  const threads = new Threads(host.processMemory, 0, request.workers);
  threads.reset(Number(host.syscall('gettid')));
  const task = new GuestTask({
    threads,
    guest,
    host,
    space,
    cpu,
    frames,
    engine,
    process,
    syscalls: new SyscallTable(guest.syscalls, TOPICS, request.reports, guest.narrow),
    trampoline: BigInt(loaded.sigreturn),
    ...watchOf(engine, request.watch),
  });
  const { trace } = request.watch;
  if (trace !== undefined) {
    const envp = loaded.sp + abi.wordSize * (Math.max(argv.length, 1) + 2);
    traceStart(program, argv, envp, env.length, trace);
  }
  beginTree(task);
  appearAs(task, program);
  startSandbox(task, loaded.interpreter);
  return task;
}
