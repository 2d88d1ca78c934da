/**
 * The compiler thread: compiles what the guest threads of its process order,
 * while they run on. It lies where V8 has a heap of its own, and its code of a
 * module is what V8 finds when the guest thread compiles the same bytes.
 */
import { type Architecture, bareAddress } from '../../cpu/arch.ts';
import type { Host } from '../../host/host.ts';
import { MAILBOX_STATE, PAGE_SIZE, PROCESS, STAGING, STUB } from '../../host/layout.ts';
import { compileRegion } from './compile.ts';
import { Effects, Former, type ReadCode } from './former.ts';
import { nameOf } from './instance.ts';
import { Mailbox, type Order, type Result, readOrder, writeResult } from './mailbox.ts';
import { compiled } from './modules.ts';
import { Slots, UsedSlots } from './slots.ts';
import { worthAfter } from './worth.ts';

const FUTEX_WAIT_PRIVATE = 128;

/** A guest thread as this one sees it. */
interface Client {
  mailbox: Mailbox;
  former: Former;
  slots: Slots;
  /** Makes the thread look into its mailbox. */
  limit: BigUint64Array;
  /** The last region's function: V8 forgets code when nobody refers to it. */
  entry?: unknown;
}

/**
 * Serves for ever: the thread ends with its process.
 *
 * @param imports of regions
 */
export function serveOrders(host: Host, arch: Architecture, imports: Record<string, unknown>): never {
  const { buffer } = host.processMemory;
  const orders = new Int32Array(buffer, PROCESS.compilerOrders, 1);
  const addresses = new Float64Array(buffer, PROCESS.mailboxes, PROCESS.mailboxCount);
  const clients = new Map<number, Client>();
  const code = new CodeReader(host, arch.sets !== undefined);
  const effects = new Effects(arch);
  const pointer = host.processes!.processPointer(PROCESS.compilerOrders);
  for (;;) {
    const seen = Atomics.load(orders, 0);
    let idle = true;
    for (const [entry, address] of addresses.entries()) {
      if (address === 0) continue;
      if (address < 0) {
        clients.delete(-address);
        addresses[entry] = 0;
        continue;
      }
      let client = clients.get(address);
      if (!client) clients.set(address, (client = clientAt(host, effects, address, code.read)));
      if (client.mailbox.state !== MAILBOX_STATE.order) continue;
      idle = false;
      code.forget();
      writeResult(client.mailbox, resultOf(client, readOrder(client.mailbox), imports));
      client.mailbox.state = MAILBOX_STATE.result;
      client.limit[0] = 0n;
      // Where this thread stops while another one forks.
      host.syscall('sched_yield');
    }
    if (idle) host.syscall('futex', pointer, FUTEX_WAIT_PRIVATE, seen, 0, 0, 0);
  }
}

function clientAt(host: Host, effects: Effects, address: number, readCode: ReadCode): Client {
  const memory = host.processes!.threadMemoryAt(address);
  return {
    mailbox: new Mailbox(memory),
    former: new Former(effects, memory, readCode),
    slots: new Slots(() => {}),
    limit: new BigUint64Array(memory, STUB.limit, 1),
  };
}

function resultOf(client: Client, order: Order, imports: Record<string, unknown>): Result {
  const { former, slots } = client;
  const { pc, precise, fused, threshold } = order;
  if (order.forget) slots.clear();
  slots.adoptAll(order.slots);
  const start = performance.now();
  const region = former.form(pc, false, true);
  if (!region) return { kind: 'refused' };
  const jumps = worthAfter(region, threshold);
  if (order.jumps < jumps) return { kind: 'wait', jumps };
  const used = new UsedSlots(slots);
  const options = { precise, fused, assumable: Int32Array.from(order.assumable) };
  const { bytes, sites } = compileRegion(former.arch, region, nameOf(pc), used.of, options);
  client.entry = compiled(new WebAssembly.Module(bytes), imports);
  const time = performance.now() - start;
  const { size, ranges, entries } = region;
  return { kind: 'module', time, bytes, size, ranges, entries, sites, slots: used.pairs() };
}

/** Reads code by pages: the guest may unmap it at any time. */
class CodeReader {
  private readonly host: Host;
  private readonly isSplit: boolean;
  private readonly staging: Uint8Array;
  private readonly pages = new Map<number, Uint8Array | undefined>();
  /** The page read last, and where it starts. */
  private page: Uint8Array | undefined;
  private start = -1;

  /** @param isSplit addresses have instruction sets above them */
  constructor(host: Host, isSplit: boolean) {
    this.host = host;
    this.isSplit = isSplit;
    this.staging = new Uint8Array(host.threadMemory.buffer, STAGING.start, PAGE_SIZE);
  }

  forget(): void {
    this.pages.clear();
    this.start = -1;
  }

  readonly read: ReadCode = (pc) => {
    const low = this.halfword(pc);
    return low === undefined ? undefined : low | ((this.halfword(pc + 2) ?? 0) << 16);
  };

  private halfword(pc: number): number | undefined {
    pc = this.isSplit ? bareAddress(pc) : pc;
    const at = pc % PAGE_SIZE;
    if (pc - at !== this.start) {
      this.start = pc - at;
      this.page = this.pageAt(this.start);
    }
    return this.page && this.page[at] | (this.page[at + 1] << 8);
  }

  private pageAt(start: number): Uint8Array | undefined {
    if (!this.pages.has(start)) {
      const isThere = this.host.copyIn(0, start, PAGE_SIZE);
      this.pages.set(start, isThere ? this.staging.slice() : undefined);
    }
    return this.pages.get(start);
  }
}
