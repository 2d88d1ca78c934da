/** What a worker is made of, and what it is told. */
import type { HostShare, Script } from '../host/host.ts';
import type { Process } from '../syscalls/task.ts';

/** What a worker is to be. */
export type WorkerRole = 'thread' | 'compiler';

/** How the command has workers made. */
export interface WorkerScript {
  /** What Node runs. From then on nothing of the emulator is read from files. Throws if that fails. */
  script(role: WorkerRole): Script;
  /** The command's own, a copy of which the worker has. */
  data: unknown;
}

/** The program that the process runs. */
export interface ProgramInfo extends Pick<Process, 'options' | 'executable' | 'argv' | 'env' | 'auxv' | 'layout'> {
  trampoline: bigint;
}

/** What a worker for guest threads is told. All of it is copied to the worker. */
export interface ThreadSetup {
  share: HostShare;
  slot: number;
  /** See {@link WorkerScript}. */
  data: unknown;
  program: ProgramInfo;
}
