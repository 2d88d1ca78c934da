import { beforeEach, expect, test } from 'vitest';
import { RISCV_SIGNAL_FRAME, RiscvSignalFrames } from '../cpu/riscv/signal-frame.ts';
import { RiscvCpu } from '../cpu/riscv/state.ts';
import { PROCESS, STUB } from '../host/layout.ts';
import { SS_AUTODISARM, SS_DISABLE } from '../syscalls/alt-stack.ts';
import type { SignalAction } from '../syscalls/task.ts';
import { bit, SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SA_RESTART, SIG_DFL, SIG_IGN } from './signal-numbers.ts';
import { type SignalOwner, Signals } from './signals.ts';

const [SIGUSR1, SIGSEGV, SIGUSR2, SIGTERM, SIGCHLD, SIGTSTP] = [10, 11, 12, 15, 17, 20];
const HANDLER = 0x1234n;
const STACK = 0x8000n;
/** Guest memory reaches from here to the stack. */
const LOWEST = 0x1000n;

class Death extends Error {
  readonly signo: number;
  constructor(signo: number) {
    super(`died of ${signo}`);
    this.signo = signo;
  }
}

/** A thread whose host does nothing but note what it is told. */
function makeThread(start = { ignoredSignals: 0n, blockedSignals: 0n }) {
  const threadMemory = new WebAssembly.Memory({ initial: 1 });
  const cells = new Int32Array(threadMemory.buffer);
  const cpu = new RiscvCpu(threadMemory);
  cpu.sp = STACK;
  cpu.pc = 0x5000n;
  const ring: Uint8Array[] = [];
  const memory = new Uint8Array(Number(STACK) + 0x1000);
  const log: string[] = [];
  let hostMask = start.blockedSignals;
  const within = (at: number | bigint, length: number) =>
    BigInt(at) >= LOWEST && BigInt(at) + BigInt(length) <= BigInt(memory.length);
  const owner = {
    host: {
      threadMemory,
      processMemory: { buffer: new ArrayBuffer(PROCESS.end) },
      startState: start,
      setSignalAction: (signo: number, action: string) => void log.push(`${signo} ${action}`),
      setSignalMask: (mask: bigint) => void (hostMask = mask),
      takeSignal: () => ring.shift(),
      syscall: (name: string, ...args: number[]) => {
        log.push([name, ...args].join(' '));
        return 77;
      },
      die: (signo: number) => {
        throw new Death(signo);
      },
    },
    space: {
      read: (at: number | bigint, length: number) =>
        within(at, length) ? memory.slice(Number(at), Number(at) + length) : undefined,
      write: (at: number | bigint, bytes: Uint8Array) => {
        if (within(at, bytes.length)) memory.set(bytes, Number(at));
        return within(at, bytes.length);
      },
      lock: { acquire: () => {}, release: () => {} },
    },
    cpu,
    frames: new RiscvSignalFrames(cpu),
    trampoline: 0x9999n,
  };
  const signals = new Signals(owner as unknown as SignalOwner);
  return {
    cpu,
    signals,
    log,
    memory,
    hostMask: () => hostMask,
    /** The host's stub records a signal. */
    arrive(signo: number, value = 0): void {
      const info = new Uint8Array(128);
      info[0] = signo;
      info[24] = value;
      ring.push(info);
      cells[STUB.pending >> 2] = 1;
    },
    pending: () => cells[STUB.pending >> 2],
    /** The word of the frame at the stack pointer. */
    frame: (offset: number) => new DataView(memory.buffer).getBigUint64(Number(cpu.sp) + offset, true),
  };
}

const action = (handler: bigint, flags = 0n, mask = 0n): SignalAction => ({ handler, flags, mask, restorer: 0n });

let thread: ReturnType<typeof makeThread>;
beforeEach(() => {
  thread = makeThread();
});

test('a handler runs with the signal blocked and sigreturn takes everything back', () => {
  const { cpu, signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER, 0n, bit(SIGTERM)));
  cpu.registers[20] = 42n;
  thread.arrive(SIGUSR1);
  expect(signals.ready).toBe(true);
  signals.deliver();
  expect([cpu.pc, cpu.registers[10], cpu.registers[1]]).toEqual([HANDLER, 10n, 0x9999n]);
  expect(signals.mask).toBe(bit(SIGUSR1) | bit(SIGTERM));
  expect(thread.hostMask()).toBe(signals.mask);
  cpu.registers[20] = 0n;
  expect(signals.sigreturn()).toBe(true);
  expect([cpu.pc, cpu.sp, cpu.registers[20], signals.mask]).toEqual([0x5000n, STACK, 42n, 0n]);
});

test('SA_NODEFER leaves the signal open, SA_RESETHAND runs the handler once', () => {
  const { signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER, SA_NODEFER | SA_RESETHAND));
  thread.arrive(SIGUSR1);
  signals.deliver();
  expect(signals.mask).toBe(0n);
  expect(signals.getAction(SIGUSR1).handler).toBe(SIG_DFL);
  expect(thread.log.at(-1)).toBe('10 default');
  thread.arrive(SIGUSR1);
  expect(() => signals.deliver()).toThrow('died of 10');
});

test('signals that come together are stacked lowest first', () => {
  const { cpu, signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  signals.setAction(SIGUSR2, action(HANDLER + 16n));
  thread.arrive(SIGUSR2);
  thread.arrive(SIGUSR1);
  signals.deliver();
  expect(cpu.pc).toBe(HANDLER + 16n);
  expect(thread.frame(RISCV_SIGNAL_FRAME.pc)).toBe(HANDLER);
  expect(thread.frame(RISCV_SIGNAL_FRAME.mask)).toBe(bit(SIGUSR1));
});

test('blocked signals wait, standard ones once, real-time ones all and in order', () => {
  const { signals } = thread;
  for (const signo of [SIGUSR1, 40]) signals.setAction(signo, action(HANDLER));
  signals.setMask(bit(SIGUSR1) | bit(40));
  for (const value of [1, 2]) for (const signo of [SIGUSR1, 40]) thread.arrive(signo, value);
  signals.deliver();
  expect(thread.cpu.pc).toBe(0x5000n);
  expect(signals.undelivered).toBe(bit(SIGUSR1) | bit(40));
  expect(signals.take(bit(40))?.[24]).toBe(1);
  expect(signals.take(bit(40))?.[24]).toBe(2);
  expect(signals.take(bit(40))).toBeUndefined();
  expect(signals.take(bit(SIGUSR1))?.[24]).toBe(1);
  expect(signals.undelivered).toBe(0n);
});

test('letting in a waiting signal makes the next blocking call return', () => {
  const { signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  signals.setMask(bit(SIGUSR1));
  thread.arrive(SIGUSR1);
  expect(signals.undelivered).toBe(bit(SIGUSR1));
  expect(thread.pending()).toBe(0);
  signals.setMask(0n);
  expect(thread.pending()).toBe(1);
});

test('ignoring a signal drops what waits', () => {
  const { signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  signals.setMask(bit(SIGUSR1));
  thread.arrive(SIGUSR1);
  signals.setAction(SIGUSR1, action(SIG_IGN));
  expect(signals.undelivered).toBe(0n);
  thread.arrive(SIGCHLD);
  expect(signals.undelivered).toBe(0n);
});

test.each([
  ['sa', 0n, false],
  ['sa', SA_RESTART, true],
  ['never', SA_RESTART, false],
  ['always', 0n, true],
] as const)('interrupted call of class %s, flags %s: made again %s', (restart, flags, again) => {
  const { cpu, signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER, flags));
  cpu.registers[10] = 5n;
  cpu.setResult(-4);
  thread.arrive(SIGUSR1);
  signals.deliver(restart);
  const saved = [thread.frame(RISCV_SIGNAL_FRAME.pc), thread.frame(RISCV_SIGNAL_FRAME.pc + 80)];
  expect(saved).toEqual(again ? [0x4ffcn, 5n] : [0x5000n, BigInt.asUintN(64, -4n)]);
});

test('a call that only an ignored signal interrupted is made again', () => {
  const { cpu, signals } = thread;
  thread.arrive(SIGCHLD);
  cpu.setResult(-4);
  signals.deliver('never');
  expect(cpu.pc).toBe(0x4ffcn);
});

test('an EINTR that no signal of ours explains stays', () => {
  const { cpu, signals } = thread;
  cpu.setResult(-4);
  signals.deliver('sa');
  expect(cpu.pc).toBe(0x5000n);
});

test('sigsuspend: the frame has the old mask, and without a handler the mask comes back', () => {
  const { signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  signals.setMask(bit(SIGUSR1));
  signals.restoreMaskOnReturn(signals.mask);
  signals.setMask(bit(SIGTERM));
  thread.arrive(SIGUSR1);
  signals.deliver('never');
  expect(thread.frame(RISCV_SIGNAL_FRAME.mask)).toBe(bit(SIGUSR1));
  expect(signals.mask).toBe(bit(SIGTERM) | bit(SIGUSR1));
  signals.sigreturn();
  expect(signals.mask).toBe(bit(SIGUSR1));

  signals.restoreMaskOnReturn(signals.mask);
  signals.setMask(0n);
  signals.deliver('never');
  expect(signals.mask).toBe(bit(SIGUSR1));
});

test('a fault is raised with its code and address', () => {
  const { cpu, signals } = thread;
  signals.setAction(SIGSEGV, action(HANDLER));
  signals.raise(SIGSEGV, 2, 0xdead0n);
  expect(cpu.pc).toBe(HANDLER);
  expect(thread.frame(0)).toBe(11n);
  expect(thread.frame(8)).toBe(2n);
  expect(thread.frame(16)).toBe(0xdead0n);
});

test.each([
  ['without a handler', SIG_DFL, 0n],
  ['ignored', SIG_IGN, 0n],
  ['blocked', HANDLER, bit(SIGSEGV)],
])('a fault kills: %s', (_, handler, mask) => {
  thread.signals.setAction(SIGSEGV, action(handler));
  thread.signals.setMask(mask);
  expect(() => thread.signals.raise(SIGSEGV, 1, 0n)).toThrow('died of 11');
});

test('SIGSEGV stays open on the host and is recorded while the guest blocks it', () => {
  const { signals, log } = thread;
  signals.setMask(bit(SIGSEGV) | bit(SIGTERM));
  expect(thread.hostMask()).toBe(bit(SIGTERM));
  expect(log).toContain('11 record');
  thread.arrive(SIGSEGV);
  expect(signals.undelivered).toBe(bit(SIGSEGV));
  signals.setMask(0n);
  expect(log.at(-2)).toBe('11 default');
  expect(() => signals.deliver()).toThrow('died of 11');
});

test('a frame that does not fit is a SIGSEGV, on the alternate stack if that may be', () => {
  const { cpu, signals } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  cpu.sp = LOWEST + 16n;
  thread.arrive(SIGUSR1);
  expect(() => signals.deliver()).toThrow('died of 11');
  signals.setAction(SIGSEGV, action(HANDLER + 32n, SA_ONSTACK));
  signals.altStack = { sp: 0x4000n, flags: 0, size: 0x1000n };
  thread.arrive(SIGUSR1);
  signals.deliver();
  expect([cpu.pc, cpu.registers[10]]).toEqual([HANDLER + 32n, 11n]);
  expect(cpu.sp).toBe(0x5000n - BigInt(RISCV_SIGNAL_FRAME.size));
  expect(thread.frame(8)).toBe(0x80n);
});

test('a handler that runs out of alternate stack dies', () => {
  const { cpu, signals } = thread;
  signals.setAction(SIGSEGV, action(HANDLER, SA_ONSTACK | SA_NODEFER));
  signals.altStack = { sp: 0x4000n, flags: 0, size: 0x1000n };
  cpu.sp = 0x4100n;
  expect(() => signals.raise(SIGSEGV, 1, 0n)).toThrow('died of 11');
});

test('SS_AUTODISARM takes the stack away until sigreturn', () => {
  const { signals } = thread;
  const stack = { sp: 0x4000n, flags: SS_AUTODISARM, size: 0x1000n };
  signals.setAction(SIGUSR1, action(HANDLER, SA_ONSTACK));
  signals.altStack = stack;
  thread.arrive(SIGUSR1);
  signals.deliver();
  expect(signals.altStack).toEqual({ sp: 0n, flags: SS_DISABLE, size: 0n });
  signals.sigreturn();
  expect(signals.altStack).toEqual(stack);
});

test('a bad frame raises SIGSEGV', () => {
  const { cpu, signals, memory } = thread;
  signals.setAction(SIGUSR1, action(HANDLER));
  thread.arrive(SIGUSR1);
  signals.deliver();
  memory[Number(cpu.sp) + RISCV_SIGNAL_FRAME.reserved] = 1;
  expect(() => signals.sigreturn()).toThrow('died of 11');
  cpu.sp = 2n ** 63n;
  expect(() => signals.sigreturn()).toThrow('died of 11');
});

test('a stop signal whose handler went away is sent again for the kernel to act on', () => {
  const { signals, log } = thread;
  signals.setAction(SIGTSTP, action(HANDLER));
  thread.arrive(SIGTSTP);
  signals.setAction(SIGTSTP, action(SIG_DFL));
  signals.deliver();
  expect(log.at(-1)).toBe('tgkill 77 77 20');
});

test('dispositions and mask are taken over from the launcher', () => {
  const { signals } = makeThread({ ignoredSignals: bit(1) | bit(SIGTERM), blockedSignals: bit(SIGUSR1) });
  expect(signals.getAction(1).handler).toBe(SIG_IGN);
  expect(signals.getAction(SIGTERM).handler).toBe(SIG_IGN);
  expect(signals.getAction(2).handler).toBe(SIG_DFL);
  expect(signals.mask).toBe(bit(SIGUSR1));
});
