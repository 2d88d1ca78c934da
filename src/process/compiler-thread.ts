/** How a guest process gets its compiler thread (src/translate/region/compiler-thread.ts): a worker like those of guest threads. */
import type { Host, HostShare } from '../host/host.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import type { Compilation } from '../translate/engine.ts';
import { Orders } from '../translate/region/orders.ts';
import { HiddenDescriptors } from './shared-state.ts';
import type { WorkerScript } from './thread-setup.ts';
import { announceArrival } from './threads.ts';

/** MiB: nearly all that the compiler makes is soon garbage. */
const YOUNG = 8;

/** What the worker is told. */
export interface CompilerSetup {
  share: HostShare;
  /** The command's own, see WorkerScript. */
  data: unknown;
}

/** Compilation for a guest thread whose process may have a compiler thread, made as `workers` says. */
export function withOrders(
  compilation: Compilation | undefined,
  host: Host,
  { lock }: AddressSpace,
  workers: WorkerScript | undefined,
): Compilation | undefined {
  const { processes } = host;
  if (!compilation?.ordersAllowed || processes === undefined || workers === undefined) return compilation;
  const start = (): boolean => {
    const setup: CompilerSetup = { share: processes.share(), data: workers.data };
    const script = () => workers.script('compiler');
    lock.acquire();
    try {
      const hidden = new HiddenDescriptors(host);
      for (const fd of processes.addWorkers({ count: 1, script, young: YOUNG, data: [setup] })) hidden.add(fd);
      return true;
    } catch {
      return false;
    } finally {
      lock.release();
    }
  };
  return { ...compilation, orders: new Orders(host, lock, start) };
}

/** In the worker: announces itself, and serves for ever. */
export function runCompilerThread(host: Host, serve: (host: Host) => never): never {
  announceArrival(host.processMemory);
  // Not before: the gate is closed while workers are made.
  host.processes!.becomeHelper();
  return serve(host);
}
