/**
 * The commands `tsemu-<arch>`, `tsemu run` and `tsemu chroot`: from the launcher's record to a running guest.
 *
 * The path without options is the one that has to be quick, so what only
 * options, logs and failures need is in bundles of their own. It has to be
 * loaded before the guest runs: from then on nothing returns to Node's event
 * loop.
 */
import type { Compiler } from './cli/compiler.ts';
import type { Watching } from './cli/logging.ts';
import type { Root } from './cli/root.ts';
import {
  CHROOT,
  checkTogether,
  defaultSettings,
  environmentSettings,
  guestEnvironment,
  type RunCommand,
  type Settings,
  UsageError,
} from './cli/settings.ts';
import type { Host, Script } from './host/host.ts';
import { createLinuxHost, type LinuxHostOptions } from './host/linux/linux-host.ts';
import { type LauncherState, readLauncherState } from './host/linux/start-state.ts';
import { memoryAt } from './host/linux/stub.ts';
import { writeLog } from './host/resources.ts';
import { type MapFile, Translations } from './host/translations.ts';
import { mapFile, mapPart, type Place } from './loader/held-file.ts';
import { isLoadError } from './loader/load-error.ts';
import { aarch64 } from './process/aarch64.ts';
import { arm } from './process/arm.ts';
import { type CompilerSetup, runCompilerThread } from './process/compiler-thread.ts';
import type { Guest } from './process/guest.ts';
import { riscv64 } from './process/riscv64.ts';
import { startProcess, type Watch } from './process/start.ts';
import type { ThreadSetup, WorkerScript } from './process/thread-setup.ts';
import { announceArrival, threadCount } from './process/threads.ts';
import { runWorker } from './process/worker.ts';
import { RLIMITS } from './syscalls/rlimits.ts';
import type { SandboxPolicy } from './syscalls/sandbox/policy.ts';
import type { Compilation } from './translate/engine.ts';

/** Tells builds apart: scripts/build.ts puts it in. */
declare const BUILD_ID: string;
/** package.json's version, put in likewise. */
declare const VERSION: string;

const STDOUT = 1;
const STDERR = 2;
/** Exit status after an error of the emulator itself: EX_SOFTWARE of sysexits.h. */
const INTERNAL_ERROR = 70;
/** Of each architecture its guests, one for each model of the processor, the usual one first. */
const GUESTS: Record<string, readonly Guest[]> = { riscv64, aarch64, arm };
/** What the launcher of `tsemu run` and `tsemu chroot` gives as the architecture. */
const ANY = 'any';

/** Each has the rows of one architecture, which every thread that compiles keeps in memory. */
const COMPILERS: Record<string, () => Compiler> = {
  riscv64: () => require('./cli/compiler-riscv64.ts').compiler,
  aarch64: () => require('./cli/compiler-aarch64.ts').compiler,
  arm: () => require('./cli/compiler-arm.ts').compiler,
};

/** The emulator's own files, as scripts/bundle-loader.cjs found them: in a directory, or in the running program. */
export interface Files {
  /** In front of the names of shared objects and commands: a directory with a slash at its end, or ''. */
  directory: string;
  /** Throws if there is none of that name. */
  read(name: string): Uint8Array<ArrayBuffer>;
  /** Sees to it that these bundles are had as they are now, in whatever way they are replaced later; `map` maps a file. */
  hold(names: readonly string[], map: (path: string) => Place | undefined): void;
  /**
   * Reads these bundles if they are in a directory: they are had from memory afterwards, and no others. The loader, for workers,
   * and the arguments from which it finds them. Throws if they cannot be read.
   */
  keep(names: readonly string[]): Script;
}

/** How the launcher started this process. */
export interface Invocation {
  files: Files;
  /** `riscv64`, or `any`. */
  architecture: string;
  /** Of the launcher's record. */
  descriptor: number;
  /** Called when the guest has ended, before the process does. */
  onExit?: () => void;
}

/** A run that options have been read for. */
interface Run extends Pick<Invocation, 'files' | 'onExit'> {
  /** `-root`: where the guest's files are; undefined: where the host's are. */
  root?: Root;
  guest: Guest;
  state: LauncherState;
  settings: Settings;
  program: string;
  args: readonly string[];
  sandbox?: SandboxPolicy;
}

/** Runs a command; ends the process, or goes on when parts that it needs are loaded. */
export function main({ files, architecture, descriptor, onExit }: Invocation): void {
  const guests = architecture === ANY ? Object.values(GUESTS).flat() : GUESTS[architecture];
  const command = architecture === ANY ? 'tsemu' : guests[0].abi.command;
  guarded(command, () => {
    const state = readLauncherState(descriptor);
    const begin = (guest: Guest, { run: settings, program, args }: RunCommand, root?: Root) =>
      start({ files, onExit, guest, state, settings, program, args, root });
    const beginOwn = (order: RunCommand) =>
      withRoot(command, order, (root) => begin(guestFor(guests, order.run), order, root));
    const beginAny = (order: RunCommand, root?: Root) => {
      later(command, import('./cli/architecture.ts'), ({ architectureOf }) => {
        const found = architectureOf(order.program, order.run.sysroot, Object.keys(GUESTS), root?.locate);
        if (isLoadError(found)) return finish(STDERR, `${found.error.message}\n`, found.error.status);
        begin(guestFor(GUESTS[found.architecture], order.run), order, root);
      });
    };
    if (state.registered !== undefined) beginOwn(registeredOrder(state, state.registered));
    else if (architecture !== ANY) readOrder(state, 1, { command, guests }, beginOwn);
    else if (state.argv[1] === 'chroot') {
      readOrder(state, 2, { command: CHROOT, guests }, (order) => changeRoot(state, order, beginAny));
    } else {
      readOrder(state, 2, { command: 'tsemu run', guests }, (order) =>
        withRoot(command, order, (root) => beginAny(order, root)),
      );
    }
  });
}

/** Goes on with the root directory that `-root` names, or with none. */
function withRoot(command: string, { run }: RunCommand, action: (root?: Root) => void): void {
  if (run.root === '') {
    if (run.binds.length > 0 || run.workingDirectory !== '') throw new UsageError('-b and -w go with -root only');
    action();
  } else later(command, import('./cli/root.ts'), ({ openRoot }) => action(openRoot(run)));
}

/** `tsemu chroot`, whose program is the directory. */
function changeRoot(state: LauncherState, given: RunCommand, action: (order: RunCommand, root: Root) => void): void {
  later(CHROOT, import('./cli/root.ts'), ({ chrootOrder }) => {
    const found = chrootOrder(given, state.env);
    if ('missing' in found) return finish(STDERR, `${CHROOT}: ${found.missing}: command not found\n`, 127);
    action(found.order, found.root);
  });
}

const modelsOf = (guests: readonly Guest[]): string[] => [...new Set(guests.map(({ state }) => state.model.name))];

/** The guest with the processor that is wanted. Throws {@link UsageError}. */
function guestFor(guests: readonly Guest[], { cpu }: Pick<Settings, 'cpu'>): Guest {
  const guest = cpu === '' ? guests[0] : guests.find(({ state }) => state.model.name === cpu);
  if (guest !== undefined) return guest;
  throw new UsageError(`unable to find CPU model '${cpu}': there are ${modelsOf(guests).join(', ')}`);
}

/** What binfmt_misc asks for: the program's path and its own arguments, no options. */
function registeredOrder(state: LauncherState, { keepsArgv0 }: { keepsArgv0: boolean }): RunCommand {
  const [, program, ...rest] = state.argv;
  const run = settingsOf(state);
  if (keepsArgv0) run.argv0 = rest[0];
  return { run, program, args: keepsArgv0 ? rest.slice(1) : rest };
}

/** The environment of someone with fewer rights than the guest decides on nothing: see ld.so(8), secure-execution mode. */
const settingsOf = ({ env, isSecure }: LauncherState): Settings =>
  isSecure === true ? defaultSettings() : environmentSettings(env);

/** Reads the command line, whose first `words` are the command. */
function readOrder(
  state: LauncherState,
  words: number,
  { command, guests }: { command: string; guests: readonly Guest[] },
  action: (order: RunCommand) => void,
): void {
  const settings = settingsOf(state);
  const given = state.argv.slice(words);
  const [program, ...args] = given;
  if (program !== undefined && program[0] !== '-') action({ run: settings, program, args });
  else {
    later(command, import('./cli/options.ts'), ({ parseOptions }) => {
      const order = parseOptions(given, settings, { command, version: VERSION, models: modelsOf(guests) });
      if ('print' in order) return finish(order.stream === 'stdout' ? STDOUT : STDERR, order.print, order.status);
      action(order);
    });
  }
}

function start(run: Run): void {
  const { guest, settings } = run;
  if (settings.perfMap && !process.execArgv.includes('--perf-basic-prof-only-functions')) {
    throw new UsageError("option 'perfmap' must be the first one: V8 has to be told when it starts");
  }
  checkTogether(settings);
  settings.sysroot = fromHere(settings.sysroot);
  if (!settings.sandbox) {
    withLog(run);
    return;
  }
  const loading = import('./cli/sandbox.ts').then(({ policyOf }) =>
    policyOf(settings, run.program, run.files.directory, variable(run.state, 'PATH'), run.root),
  );
  later(guest.abi.command, loading, (sandbox) => withLog({ ...run, sandbox }));
}

/** A path that stays the same wherever the guest goes. */
const fromHere = (path: string): string =>
  path === '' || path[0] === '/' ? path : `${Buffer.from(process.cwd()).toString('latin1')}/${path}`;

const variable = ({ env }: LauncherState, name: string): string =>
  env.find((assignment) => assignment.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';

function withLog(run: Run): void {
  const { guest, settings } = run;
  if (settings.log.size === 0) withHost(run, { watch: {} });
  else {
    later(guest.abi.command, import('./cli/logging.ts'), ({ startLogging }) => {
      withHost(run, startLogging(settings, guest.abi.name, guest.state.model));
    });
  }
}

function withHost(run: Run, watching: Watching): void {
  const { files, guest, settings } = run;
  const state = withStackLimit(run.state, settings.stackSize);
  // Read while there still are descriptors for it: the host leaves the guest the limit that it had.
  const coldTier = new WebAssembly.Module(files.read(`cold-${guest.abi.name}.wasm`));
  const isNarrow = guest.abi.elfClass === 1;
  if (settings.host === 'linux') {
    execute(run, linuxHost({ stub: `${files.directory}host-stub.so`, state, isNarrow }), coldTier, watching);
  } else {
    later(guest.abi.command, import('./host/node/node-host.ts'), ({ createNodeHost }) => {
      execute(run, createNodeHost({ state, isNarrow }), coldTier, watching);
    });
  }
}

function linuxHost(options: LinuxHostOptions): Host {
  try {
    return createLinuxHost(options);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** The host of the guest that this thread runs. */
let running: Host | undefined;

function execute(run: Run, host: Host, coldTier: WebAssembly.Module, watching: Watching): never {
  running = host;
  const { files, onExit, guest, state, settings, program, args, root } = run;
  if (host.processes !== undefined)
    files.hold(laterBundles(guest, watching.logDescriptor), (path) => mapFile(host, path));
  const task = startProcess(host, guest, {
    program,
    root,
    descriptor: state.registered?.descriptor,
    argv: [settings.argv0 ?? program, ...args],
    env: guestEnvironment(state.env, settings),
    options: {
      sysroot: settings.sysroot,
      release: settings.release,
      // A program of the host's would see the host's files.
      guestOnly: settings.guestOnly || root !== undefined,
      mounts: root?.mounts,
      rootId: settings.rootId,
      instructionLimit: settings.instructionLimit,
      hooks: settings.hook,
      sandbox: run.sandbox,
      directory: files.directory,
    },
    coldTier,
    compilation: compilationOf(guest, { settings, directory: files.directory }, watching, host),
    reports: {
      unimplemented: watching.unimplemented ?? (() => {}),
    },
    watch: withReports(run, onExit === undefined ? watching.watch : { ...watching.watch, onExit }),
    workers:
      host.processes === undefined
        ? undefined
        : workersOf(guest, files, {
            coldTier,
            settings,
            directory: files.directory,
            logDescriptor: watching.logDescriptor,
          }),
  });
  if (isLoadError(task)) return finish(STDERR, `${task.error.message}\n`, task.error.status);
  return task.run();
}

/** The compiler is a bundle of its own, loaded when there is something to compile; that cannot wait for a promise. */
function compilationOf(
  guest: Guest,
  { settings, directory }: Pick<WorkerData, 'settings' | 'directory'>,
  { watchRegions }: Partial<Watching>,
  host: Host,
): Compilation | undefined {
  const { threshold, codeLimit, backend, oneInstruction, perfMap, cache, instructionLimit, sandbox } = settings;
  // Compiled code counts no instructions.
  if (threshold === 0 || instructionLimit !== undefined) return undefined;
  const { name } = guest.abi;
  const { model } = guest.state;
  const loadBackend: Compilation['loadBackend'] = (host) =>
    COMPILERS[name]().createBackend(settings, model, host, watchRegions);
  // Who looks on does so in this thread.
  const isWatched = perfMap || watchRegions?.onRegion !== undefined || watchRegions?.onModule !== undefined;
  const ordersAllowed = backend === 'wasm' && !oneInstruction && !isWatched;
  // Whoever wants all code compiled at once wants that, and a set-user-ID program trusts no directory of its caller's.
  const isCached = ordersAllowed && cache !== '' && threshold > 1 && process.getuid?.() === process.geteuid?.();
  const key = `tsemu ${BUILD_ID} ${name} ${model.name}`;
  // Another thread of the guest could put its own machine code in the file's place, or take hold of the file.
  const isSafe = sandbox ? () => threadCount(host) <= 1 : () => true;
  const map: MapFile = (fd, start, length) => {
    const address = mapPart(host, fd, start, length);
    return address > 0 ? memoryAt(address, length) : undefined;
  };
  const addon = `${directory}module-code.node`;
  const translations = isCached ? new Translations(cache, key, addon, isSafe, map) : undefined;
  return { threshold, codeLimit, loadBackend, ordersAllowed, translations };
}

/** What a worker for a guest thread needs of the command. */
interface WorkerData {
  coldTier: WebAssembly.Module;
  settings: Settings;
  directory: string;
  logDescriptor: number | undefined;
}

/** What may be loaded while the guest runs: tsemu may have been replaced by another build by then. */
function laterBundles({ abi }: Guest, logDescriptor: number | undefined): string[] {
  return ['tsemu.js', `compiler-${abi.name}.js`, 'crash.js', ...(logDescriptor === undefined ? [] : ['logging.js'])];
}

/**
 * Workers run while guest code does, which may close any descriptor or put another file in its place: so all that will be
 * wanted of our own files is read before.
 */
function workersOf(guest: Guest, files: Files, data: WorkerData): WorkerScript {
  const { name } = guest.abi;
  const bundles = laterBundles(guest, data.logDescriptor);
  return {
    script(role) {
      const { text, args } = files.keep(bundles);
      // The role stands in place of the launcher's descriptor.
      return { text, args: [name, role, ...args] };
    },
    data,
  };
}

/** Runs guest threads in a worker. */
export function thread(architecture: string, setup: ThreadSetup, files: Files): void {
  guarded(GUESTS[architecture][0].abi.command, () => {
    const data = setup.data as WorkerData;
    const { coldTier, settings, directory, logDescriptor } = data;
    const guest = guestFor(GUESTS[architecture], settings);
    const watching = logDescriptor === undefined ? { watch: {} } : threadLogging(settings, guest, logDescriptor);
    const host = threadHost(setup);
    if (host === undefined) return;
    running = host;
    runWorker(host, guest, {
      setup,
      workers: workersOf(guest, files, data),
      coldTier,
      compilation: compilationOf(guest, { settings: withoutCache(settings), directory }, watching, host),
      reports: { unimplemented: watching.unimplemented ?? (() => {}) },
      watch: withReports({ settings, guest }, watching.watch),
    });
  });
}

/** Of a sandboxed guest, further threads keep nothing: others run until the very end of each. */
const withoutCache = (settings: Settings): Settings => (settings.sandbox ? { ...settings, cache: '' } : settings);

/** Compiles for the guest threads, in a worker. */
export function compilerThread(architecture: string, { share, data }: CompilerSetup): void {
  const guests = GUESTS[architecture];
  guarded(guests[0].abi.command, () => {
    const host = threadHost({ share });
    if (host === undefined) return;
    running = host;
    const { coldTier, settings } = data as WorkerData;
    const { model } = guestFor(guests, settings).state;
    runCompilerThread(host, (own) => COMPILERS[architecture]().serve(model, own, coldTier));
  });
}

/** The logs of a further thread. */
function threadLogging(settings: Settings, guest: Guest, descriptor: number): Watching {
  const { startLogging } = require('./cli/logging.ts') as typeof import('./cli/logging.ts');
  return startLogging(settings, guest.abi.name, guest.state.model, descriptor);
}

/** The host of a worker; undefined if there is no memory for it, which whoever wants the worker has been told. */
function threadHost({ share }: Pick<ThreadSetup, 'share'>): Host | undefined {
  try {
    return createLinuxHost({ stub: share.adapter, share });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    announceArrival(share.processMemory);
    return undefined;
  }
}

/** With reports of what kills the guest. */
function withReports({ settings, guest }: Pick<Run, 'settings' | 'guest'>, watch: Watch): Watch {
  if (settings.quiet) return watch;
  return {
    ...watch,
    onFault(task, info) {
      let text: string;
      try {
        text = require('./cli/crash.ts').crashReport(task, info);
      } catch (error) {
        // No descriptor left, for instance, or another root directory.
        text = `${guest.abi.command}: killed by signal ${info[0]}; no report: ${(error as Error).message}\n`;
      }
      writeLog(STDERR, text);
    },
  };
}

/** `-s` is RLIMIT_STACK's soft limit. */
function withStackLimit(state: LauncherState, size: number | undefined): LauncherState {
  if (size === undefined) return state;
  const rlimits = [...state.rlimits];
  const soft = BigInt(size);
  const { hard } = rlimits[RLIMITS.RLIMIT_STACK];
  rlimits[RLIMITS.RLIMIT_STACK] = { soft, hard: hard > soft ? hard : soft };
  return { ...state, rlimits };
}

/** Goes on when a bundle is loaded. */
function later<T>(command: string, loading: Promise<T>, action: (module: T) => void): void {
  loading.then(
    (module) => guarded(command, () => action(module)),
    (error) =>
      guarded(command, () => {
        throw error;
      }),
  );
}

function guarded(command: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && error.name === UsageError.NAME) finish(STDERR, `${command}: ${error.message}\n`, 1);
    crash(command, error);
  }
}

/** A bug, or a host on which we cannot run (too little address space, for instance). */
function crash(command: string, error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return finish(STDERR, `${command}: error in the emulator: ${text}\n`, INTERNAL_ERROR);
}

function finish(fd: number, text: string, status: number): never {
  writeLog(fd, text);
  // All threads at once: Node would wait for those that run guest code, and for ones that have ended in the guest's way.
  running?.syscall('exit_group', status);
  process.exit(status);
}
