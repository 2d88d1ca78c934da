/**
 * Models of processors (`-cpu`). Those of an architecture differ in the
 * extensions that they have; each row belongs to one, and words of rows whose
 * extension a model lacks are what they are without that row: illegal, or, as of
 * hints, something more general.
 *
 * The cold tier is made once for all models: of the extensions that a model may
 * lack (`Architecture.optional`) each has a bit in the thread memory
 * (`TRANSLATOR.lacking`), by its place in that list.
 */
import type { Row } from './row.ts';

export interface CpuModel {
  /** As `-cpu` names it. */
  readonly name: string;
  /** Extensions that it does not have, by the names that rows have for them. */
  readonly lacks: ReadonlySet<string>;
  /** The same as bits. */
  readonly lacking: bigint;
}

/** @param optional the architecture's list, see above */
export function modelWithout<E extends string>(
  name: string,
  optional: readonly E[],
  lacks: (extension: E) => boolean,
): CpuModel {
  const missing = optional.filter(lacks);
  const bits = missing.map((extension) => 1n << BigInt(optional.indexOf(extension)));
  return { name, lacks: new Set(missing), lacking: bits.reduce((all, bit) => all | bit, 0n) };
}

/** The rows that a model has. */
export const rowsOfModel = <R extends Row<never>>(
  rows: readonly R[],
  { lacks }: Pick<CpuModel, 'lacks'>,
): readonly R[] => (lacks.size === 0 ? rows : rows.filter(({ extension }) => !lacks.has(extension)));
