import { expect, test } from 'vitest';
import { type Destination, destinationOf, destinationText, isAllowedDestination, parseNetRule } from './address.ts';

/** struct sockaddr of a family, with a port in network order and bytes behind it. */
function sockaddr(family: number, port: number, ...rest: number[]): Destination | undefined {
  const view = new DataView(new ArrayBuffer(4 + rest.length));
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  new Uint8Array(view.buffer).set(rest, 4);
  return destinationOf(view);
}
const v4 = (...bytes: number[]): Destination => sockaddr(2, 80, ...bytes) as Destination;
const v6 = (last: number): Destination => sockaddr(10, 443, 0, 0, 0, 0, ...Array(15).fill(0), last) as Destination;

test.each([
  ['127.0.0.1', v4(127, 0, 0, 1), true],
  ['127.0.0.1:80', v4(127, 0, 0, 1), true],
  ['127.0.0.1:81', v4(127, 0, 0, 1), false],
  ['127.0.0.1', v4(127, 0, 0, 2), false],
  ['10.0.0.0/8', v4(10, 9, 8, 7), true],
  ['10.0.0.0/8', v4(11, 0, 0, 0), false],
  ['10.128.0.0/9:80', v4(10, 129, 0, 0), undefined],
  ['10.128.0.0/9', v4(10, 127, 0, 0), false],
  ['*:443', v6(1), true],
  ['*:443', v4(1, 2, 3, 4), false],
  ['::1', v6(1), true],
  ['[::1]:443', v6(1), true],
  ['[::1]:80', v6(1), false],
  ['::/0', v6(9), true],
  ['::1', v6(2), false],
  ['::ffff:127.0.0.1', v4(127, 0, 0, 1), true],
] as const)('%s allows %o: %s', (word, destination, expected) => {
  const rule = parseNetRule(word);
  expect(rule && isAllowedDestination([rule], destination)).toBe(expected);
});

test('an IPv4 address in IPv6, and one that says no family, are the IPv4 address', () => {
  const mapped = sockaddr(10, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1);
  expect(mapped).toEqual(v4(127, 0, 0, 1));
  expect(sockaddr(0, 80, 127, 0, 0, 1)).toEqual(v4(127, 0, 0, 1));
});

test.each(['example.org', '256.1.1.1', '1.2.3.4/33', '1.2.3.4:65536', '', '[::1', '1.2.3.4/x'])(
  '%s is no address',
  (word) => {
    expect(parseNetRule(word)).toBeUndefined();
  },
);

test('addresses are shown as they are written', () => {
  expect(destinationText(v4(10, 0, 0, 1))).toBe('10.0.0.1:80');
  expect(destinationText(v6(1))).toBe('[::1]:443');
  expect(sockaddr(16, 0, 0, 0, 0, 0, 0, 0, 0, 0)).toBeUndefined();
});
