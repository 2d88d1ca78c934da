/** What the process layer puts together for one guest architecture. */
import type { CpuModel } from '../cpu/cpu-model.ts';
import type { GuestAbi } from '../cpu/guest-abi.ts';
import type { GuestCpu } from '../cpu/guest-cpu.ts';
import type { RegisterSet } from '../cpu/register-sets.ts';
import type { SignalFrames } from '../cpu/signal-frame.ts';
import type { NarrowCalls } from '../syscalls/dispatch.ts';
import type { EngineState } from '../translate/engine.ts';

export interface Guest {
  readonly abi: GuestAbi;
  readonly state: EngineState & { readonly model: CpuModel };
  /** System call names by number. */
  readonly syscalls: Readonly<Record<number, string>>;
  /** Of a 32-bit architecture: how its calls are made. */
  readonly narrow?: NarrowCalls;
  /** `sets`: its registers as ptrace(2) gives them. */
  createCpu(threadMemory: WebAssembly.Memory): {
    cpu: GuestCpu;
    frames: SignalFrames;
    sets: () => readonly RegisterSet[];
  };
}
