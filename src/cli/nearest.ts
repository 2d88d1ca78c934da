import { closest, distance } from 'fastest-levenshtein';

/** `; did you mean -strace?` if one of `names` is written much like `name`; `dashes` stand before it. */
export function suggestion(name: string, names: readonly string[], dashes = '-'): string {
  const best = closest(name, names);
  const isNear = distance(name, best) <= Math.min(2, Math.ceil(name.length / 2)) && best.length > 1;
  return isNear ? `; did you mean ${dashes}${best}?` : '';
}
