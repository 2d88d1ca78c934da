/** AES, SHA-1 and SHA-256: Arm ARM, F4.1.19. */
import {
  AES_STEPS,
  hash256,
  rotated,
  SHA1_MIXES,
  sha1Rounds,
  sha1Schedule0,
  sha1Schedule1,
  sha256Schedule0,
  sha256Schedule1,
  vectorLanes,
} from '../../../arm-crypto.ts';
import type { Value } from '../../../ir.ts';
import type { A32Builder } from '../../builder.ts';
import { get, put, Q, three, two } from './shapes.ts';

const [AES_OPCODES, SAME] = [
  { aese: ['0110', '0'], aesd: ['0110', '1'], aesmc: ['0111', '0'], aesimc: ['0111', '1'] } as Record<string, string[]>,
  [Q, Q] as const,
];
for (const [name, compute] of AES_STEPS) {
  const [opc2, q] = AES_OPCODES[name];
  two(`${name}.8`, '00', '00', opc2, SAME, q, (b, o) =>
    put(b, o, Q, 'd', compute(vectorLanes(b, 8), get(b, o, Q, 'm'), get(b, o, Q, 'd'))),
  );
}

const firstWord = (b: A32Builder, vector: Value): Value => b.op('i32x4.extract_lane_u', vector, b.const(0));
SHA1_MIXES.forEach(([letter, mix], i) => {
  const name = `sha1${letter}.32`;
  three(name, '0', ['00', '01', '10'][i], '1100', '0', Q, 32, ({ b }, n, m, d) =>
    sha1Rounds(b, mix, d, firstWord(b as A32Builder, n), m),
  );
});
three('sha1su0.32', '0', '11', '1100', '0', Q, 32, ({ b }, n, m, d) => sha1Schedule0(b, d, n, m));
three('sha256h.32', '1', '00', '1100', '0', Q, 32, ({ b }, n, m, d) => hash256(b, d, n, m).x);
three('sha256h2.32', '1', '01', '1100', '0', Q, 32, ({ b }, n, m, d) => hash256(b, n, d, m).y);
three('sha256su1.32', '1', '10', '1100', '0', Q, 32, ({ b }, n, m, d) => sha256Schedule1(b, d, n, m));

const one = (
  name: string,
  opc1: string,
  opc2: string,
  q: string,
  compute: (b: A32Builder, m: Value, d: Value) => Value,
): void =>
  two(name, '10', opc1, opc2, SAME, q, (b, o) => put(b, o, Q, 'd', compute(b, get(b, o, Q, 'm'), get(b, o, Q, 'd'))));
one('sha1h.32', '01', '0101', '1', (b, m) => b.op('v128.from_i64', rotated(b, firstWord(b, m), 2)));
one('sha1su1.32', '10', '0111', '0', (b, m, d) => sha1Schedule1(b, d, m));
one('sha256su0.32', '10', '0111', '1', (b, m, d) => sha256Schedule0(b, d, m));
