import { expect, test } from 'vitest';
import { THREAD_MEMORY_PAGES } from '../../host/layout.ts';
import { REGION_TABLE_MOST } from '../wasm/region-type.ts';
import { Mailbox, type Order, readOrder, writeOrder } from './mailbox.ts';

test('an order can name every slot of the table of regions', () => {
  const mailbox = new Mailbox(new WebAssembly.Memory({ initial: THREAD_MEMORY_PAGES }).buffer);
  const slots = Array.from({ length: 2 * REGION_TABLE_MOST }, (_, i) => i);
  const order: Order = {
    pc: 0x10000,
    precise: true,
    fused: false,
    jumps: 7,
    threshold: 3,
    assumable: [1, 2],
    forget: true,
    slots,
  };
  writeOrder(mailbox, order);
  expect(readOrder(mailbox)).toEqual(order);
});
