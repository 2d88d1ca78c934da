import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SignalDelivery } from '../signal-frame.ts';
import { RISCV_SIGNAL_FRAME, RiscvSignalFrames } from './signal-frame.ts';
import { RiscvCpu } from './state.ts';

/** Members of the C structures by our names for their offsets. */
const MEMBERS = {
  info: 'info',
  ucFlags: 'uc.uc_flags',
  ucLink: 'uc.uc_link',
  stackPointer: 'uc.uc_stack.ss_sp',
  stackFlags: 'uc.uc_stack.ss_flags',
  stackSize: 'uc.uc_stack.ss_size',
  mask: 'uc.uc_sigmask',
  pc: 'uc.uc_mcontext.sc_regs.pc',
  x1: 'uc.uc_mcontext.sc_regs.ra',
  f0: 'uc.uc_mcontext.sc_fpregs.d.f',
  fcsr: 'uc.uc_mcontext.sc_fpregs.d.fcsr',
  reserved: 'uc.uc_mcontext.sc_fpregs.q.reserved',
} as const;

const compiler = ['/usr/bin/riscv64-linux-gnu-gcc', '/usr/local/bin/riscv64-linux-gnu-gcc'].find(existsSync);

test.skipIf(compiler === undefined)('offsets are those of the C headers', () => {
  const checks = Object.entries(MEMBERS).map(
    ([name, member]) =>
      `_Static_assert(__builtin_offsetof(struct frame, ${member}) == ${RISCV_SIGNAL_FRAME[name as keyof typeof MEMBERS]}, "${name}");`,
  );
  const source = `#include <linux/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
struct frame { siginfo_t info; struct ucontext uc; };
_Static_assert(sizeof(struct frame) == ${RISCV_SIGNAL_FRAME.size}, "size");
${checks.join('\n')}
`;
  const directory = mkdtempSync(join(tmpdir(), 'frame-'));
  try {
    writeFileSync(join(directory, 'frame.c'), source);
    execFileSync(compiler as string, ['-fsyntax-only', join(directory, 'frame.c')]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

function example(): { cpu: RiscvCpu; frames: RiscvSignalFrames; delivery: SignalDelivery } {
  const cpu = new RiscvCpu(new WebAssembly.Memory({ initial: 1 }));
  for (let i = 1; i < 64; i++) cpu.registers[i] = 0x1111_0000_0000_0000n + BigInt(i);
  cpu.pc = 0x1234_5678n;
  cpu.fcsr = 0x65;
  const delivery = {
    signo: 10,
    info: new Uint8Array(128).fill(7),
    mask: 0x8000_0000_0000_0201n,
    stack: { sp: 0x5000n, flags: 1, size: 0x2000n },
    handler: 0x40_0000n,
    trampoline: 0x7000n,
    wantsInfo: true,
  };
  return { cpu, frames: new RiscvSignalFrames(cpu), delivery };
}

test('a frame restores what it saved', () => {
  const { cpu, frames, delivery } = example();
  const before = cpu.registers.slice();
  const frame = frames.encode(delivery).slice();
  frames.enter(0x9000n, delivery);
  expect([cpu.pc, cpu.sp, cpu.registers[1]]).toEqual([0x40_0000n, 0x9000n, 0x7000n]);
  expect([...cpu.registers.slice(10, 13)]).toEqual([10n, 0x9000n, 0x9080n]);
  cpu.reset();
  expect(frames.restore(frame)).toEqual({ mask: delivery.mask, stack: delivery.stack });
  expect([...cpu.registers]).toEqual([...before]);
  expect([cpu.pc, cpu.fcsr]).toEqual([0x1234_5678n, 0x65]);
});

test('the frame lies below the top, aligned to 16', () => {
  const { frames } = example();
  expect(frames.place(0x10_0007n)).toBe(0x10_0007n - 1088n - 7n);
  expect(frames.place(0n)).toBe(2n ** 64n - 1088n);
});

test('a frame whose reserved words are not zero is refused', () => {
  const { frames, delivery } = example();
  for (let at: number = RISCV_SIGNAL_FRAME.reserved; at < RISCV_SIGNAL_FRAME.size; at++) {
    const frame = frames.encode(delivery).slice();
    frame[at] = 1;
    expect(frames.restore(frame)).toBeUndefined();
  }
});
