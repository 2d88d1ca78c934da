/**
 * What instructions need that not every processor has. Exclusive accesses, barriers and the thread registers are not among
 * it: the helpers at 0xffff0fxx are made of them, on every model.
 */
import type { Row } from '../row.ts';
import type { A32Builder } from './builder.ts';

/**
 * By the names of rows, without the instruction set that these may begin with; the first pattern that fits counts. Thumb2
 * is all that Armv6T2 has: T32 of 32 bits, and what of A32 came with it.
 */
const NEEDED = [
  ['AES', /^aes/],
  ['PMULL', /^vmull\.p64/],
  ['SHA1', /^sha1/],
  ['SHA2', /^sha256/],
  ['CRC32', /^crc32/],
  ['Armv8', /^(lda|stl|vsel|v(max|min)nm|vrint|vcvt[anmp]|vcvt[bt]\.(f64|f16\.f64))/],
  ['IDIV', /^[su]div/],
  ['VFPv4', /^vfn?m[as]\./],
  ['MP', /^pldw/],
  ['Half', /^vcvt([bt]\.|\.f(16\.f32|32\.f16)$)/],
  ['Thumb2', /^(movw|movt|bf[ic]|[su]bfx|rbit|mls|cbn?z|it)$|^(ldr|str)(h|sb|sh)t/],
  ['Armv7', /^pli/],
  ['Armv6', /^([su]|q|[su]h|uq)(add|sub)(8|16)$|^([su]|q|[su]h|uq)(asx|sax)$|^(sel|usada?8|pkh(bt|tb)|umaal)$/],
  ['Armv6', /^[su](xt|sat)|^sml[as]l?dx?$|^sm[us][as]dx?$|^smml|^smmulr?$|^smmlsr?$|^rev/],
  ['VFPv3', /^vmov\.imm\.f|^vcvt\.[fsu]\d+\.[fsu]\d+\.fixed$/],
] as const;
export type Extension = (typeof NEEDED)[number][0] | 'NEON' | 'Base';

export const OPTIONAL_EXTENSIONS: readonly Extension[] = [
  ...new Set([...NEEDED.map(([name]) => name), 'NEON' as const]),
];

/** Whether a row of A32 is one of Advanced SIMD. */
const isSimd = ({ name, value }: Row<A32Builder>): boolean =>
  /^v/.test(name) && (value >>> 25 === 0x79 || value >>> 24 === 0xf4 || /^vdup|lane/.test(name));

function extensionOf(row: Row<A32Builder>, isThumb: boolean): Extension {
  const name = row.name.replace(/^(it\.|taken\.)?(t\.)?/, '');
  const needed = NEEDED.find(([, pattern]) => pattern.test(name))?.[0];
  if (isThumb && row.length === 4 && !/^(bl|blx)$/.test(name)) return needed && isLater(needed) ? needed : 'Thumb2';
  return needed ?? (isSimd(row) ? 'NEON' : 'Base');
}
/** Whether processors with Thumb-2 may lack an extension. */
const isLater = (extension: Extension): boolean => !['Armv6', 'Armv7', 'VFPv3'].includes(extension);

/** Rows that tell what they need. */
export const withExtensions = (rows: readonly Row<A32Builder>[], isThumb: boolean): readonly Row<A32Builder>[] =>
  rows.map((row) => ({ ...row, extension: extensionOf(row, isThumb) }));
