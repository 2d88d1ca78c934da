/** Tells addresses that lie far apart from each other by few bits, for jump tables. */

export interface Spread {
  /** An address's place in the table is its low half times this, modulo 2^32, shifted right by that. */
  factor: number;
  shift: number;
  /** By place in the table, which of the addresses it is. */
  places: (number | undefined)[];
}

/** Factors tried before the table is made twice as long. */
const TRIES = 32;

/** @param addresses all different in their low halves */
export function spread(addresses: readonly number[]): Spread {
  for (let bits = Math.max(1, Math.ceil(Math.log2(addresses.length))); ; bits++) {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const factor = Math.imul(0x9e3779b1, 2 * attempt + 1);
      const shift = 32 - bits;
      const places: (number | undefined)[] = Array(1 << bits).fill(undefined);
      const isFree = (address: number, index: number): boolean => {
        const place = Math.imul(address | 0, factor) >>> shift;
        const wasFree = places[place] === undefined;
        places[place] = index;
        return wasFree;
      };
      if (addresses.every(isFree)) return { factor, shift, places };
    }
  }
}
