import { expect, test } from 'vitest';
import type { SignalDelivery } from '../signal-frame.ts';
import { Aarch64SignalFrames, AARCH64_SIGNAL_FRAME as F } from './signal-frame.ts';
import { Aarch64Cpu } from './state.ts';

const FPSIMD_SIZE = 528;
const ADDRESS = 0x7f_0000n;

/** A frame as it lies at ADDRESS, a view of it, and the state that is to take it back. */
function example(): { cpu: Aarch64Cpu; frames: Aarch64SignalFrames; frame: Uint8Array; view: DataView } {
  const cpu = new Aarch64Cpu(new WebAssembly.Memory({ initial: 1 }));
  cpu.registers.forEach((_, i) => {
    cpu.registers[i] = BigInt(1000 + i);
  });
  cpu.vectors.fill(0x5a);
  const frames = new Aarch64SignalFrames(cpu);
  const delivery: SignalDelivery = {
    signo: 10,
    info: new Uint8Array(128),
    mask: 5n,
    stack: { sp: 1n, flags: 2, size: 3n },
    handler: 4n,
    trampoline: 8n,
    wantsInfo: true,
  };
  const frame = frames.encode(delivery).slice();
  frames.enter(ADDRESS, delivery);
  cpu.vectors.fill(0);
  return { cpu, frames, frame, view: new DataView(frame.buffer) };
}

/** Writes a record's head. */
const head = (view: DataView, at: number, magic: number, size: number): void => {
  view.setUint32(at, magic, true);
  view.setUint32(at + 4, size, true);
};
const EXTRA = 0x4558_5401;

test('a frame restores what it was made of', () => {
  const { cpu, frames, frame } = example();
  expect(frames.restore(frame)).toEqual({ mask: 5n, stack: { sp: 1n, flags: 2, size: 3n } });
  expect([cpu.registers[7], cpu.sp, cpu.vectors[100]]).toEqual([1007n, 1032n, 0x5a]);
});

/** The fpsimd_context moved behind an extra_context, with the given address and size of what follows that. */
function withExtra(change: (view: DataView, at: number, data: number) => void = () => {}): ReturnType<typeof example> {
  const made = example();
  const { frame, view } = made;
  const data = F.records + 48;
  frame.copyWithin(data, F.records, F.records + FPSIMD_SIZE);
  frame.fill(0, F.records, data);
  frame.fill(0, data + FPSIMD_SIZE, data + FPSIMD_SIZE + 16);
  head(view, F.records, EXTRA, 32);
  view.setBigUint64(F.records + 8, ADDRESS + BigInt(data), true);
  view.setUint32(F.records + 16, FPSIMD_SIZE + 16, true);
  change(view, F.records, data);
  return made;
}

test('records may follow an extra_context', () => {
  const { cpu, frames, frame } = withExtra();
  expect(frames.restore(frame)).toBeDefined();
  expect([cpu.registers[7], cpu.vectors[100]]).toEqual([1007n, 0x5a]);
});

test.each<[string, (view: DataView, at: number, data: number) => void]>([
  ['that says they are elsewhere', (view, at, data) => view.setBigUint64(at + 8, ADDRESS + BigInt(data) + 16n, true)],
  ['without the end of zeros', (view, at) => head(view, at + 32, 1, 16)],
  ['of less than they need', (view, at) => view.setUint32(at + 16, FPSIMD_SIZE - 16, true)],
  ['of a size that is no multiple of 16', (view, at) => view.setUint32(at + 16, FPSIMD_SIZE + 8, true)],
  ['behind another one', (view, _, data) => head(view, data, EXTRA, 32)],
  ['with an unknown record', (view, _, data) => head(view, data, 0x1234, 32)],
])('no frame has an extra_context %s', (_, change) => {
  const { frames, frame } = withExtra(change);
  expect(frames.restore(frame)).toBeUndefined();
});
