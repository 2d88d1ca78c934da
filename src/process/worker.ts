/** The life of a worker: it runs one guest thread after the other. */
import type { Host } from '../host/host.ts';
import { nameParts } from '../loader/load.ts';
import { AddressSpace } from '../memory/address-space.ts';
import { SyscallTable } from '../syscalls/dispatch.ts';
import type { ReportHooks } from '../syscalls/report.ts';
import { OWN_RLIMITS } from '../syscalls/rlimits.ts';
import { TOPICS } from '../syscalls/table.ts';
import type { Process } from '../syscalls/task.ts';
import { type Compilation, Engine } from '../translate/engine.ts';
import { withOrders } from './compiler-thread.ts';
import type { Guest } from './guest.ts';
import { HiddenDescriptors, SharedLimits, ThreadIds } from './shared-state.ts';
import { type Watch, watchOf } from './start.ts';
import { GuestTask } from './task.ts';
import type { ThreadSetup, WorkerScript } from './thread-setup.ts';
import { ThreadEnd, Threads } from './threads.ts';

export interface WorkerRequest {
  setup: ThreadSetup;
  workers: WorkerScript;
  coldTier: WebAssembly.Module;
  compilation: Compilation | undefined;
  reports: ReportHooks;
  watch: Watch;
}

/** Announces itself, and runs threads until the worker is dismissed. */
export function runWorker(host: Host, guest: Guest, request: WorkerRequest): void {
  const { setup, workers, coldTier, compilation, reports, watch } = request;
  const { program, slot } = setup;
  const space = new AddressSpace(host, guest.abi.addressSpaceEnd);
  const rlimits = new SharedLimits(host, OWN_RLIMITS);
  space.limits = rlimits;
  nameParts(space, program.layout);
  const { cpu, frames } = guest.createCpu(host.threadMemory);
  const engine = new Engine(host, space, guest.state, coldTier, withOrders(compilation, host, space, workers));
  engine.instructionLimit = program.options.instructionLimit;
  engine.startProgram(program.executable, false);
  engine.requirePrecise();
  const watching = watchOf(engine, watch);
  const process: Process = {
    ...program,
    abi: guest.abi,
    hiddenDescriptors: new HiddenDescriptors(host),
    threads: new ThreadIds(host),
    rlimits,
  };
  const threads = new Threads(host.processMemory, slot, workers);
  const syscalls = new SyscallTable(guest.syscalls, TOPICS, reports, guest.narrow);
  const { trampoline } = program;
  threads.arrive(host);
  let clearTid = 0;
  while (threads.await(host, clearTid)) {
    const { mask, clearTid: clearChildTid, setTid } = threads.take(host.threadMemory);
    const task = new GuestTask({
      guest,
      host,
      space,
      cpu,
      frames,
      engine,
      process,
      syscalls,
      trampoline,
      threads,
      mask,
      ...watching,
    });
    task.clearChildTid = clearChildTid;
    if (setTid !== 0) space.writeU32(setTid, Number(host.syscall('gettid')));
    try {
      task.run();
    } catch (error) {
      if (!(error instanceof ThreadEnd)) throw error;
      clearTid = error.clearTid;
      engine.saveTranslations();
    }
  }
  engine.close();
  host.processes?.leave();
}
