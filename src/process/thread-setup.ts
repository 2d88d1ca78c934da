/** What a worker is told when it is made. All of it is copied to the worker. */
import type { HostShare, Script } from '../host/host.ts';
import type { Process } from '../syscalls/task.ts';

/** What Node runs in a worker. */
export interface WorkerScript {
  script: Script;
  args: readonly string[];
  /** The arguments for the compiler thread. */
  compilerArgs: readonly string[];
  /** The command's own data, for whom it starts the worker. */
  data: unknown;
}

/** The program that the process runs. */
export interface ProgramInfo extends Pick<Process, 'options' | 'executable' | 'argv' | 'env' | 'auxv' | 'layout'> {
  trampoline: bigint;
}

export interface ThreadSetup extends WorkerScript {
  share: HostShare;
  slot: number;
  program: ProgramInfo;
}
