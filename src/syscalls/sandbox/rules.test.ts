import { expect, test } from 'vitest';
import { allRows } from '../table.ts';
import { type Rule, ruleOf } from './rules.ts';

const rows = allRows();
/** The rule of what nobody has thought of. */
const DENIED = ruleOf('a_call_of_tomorrow');

test('every path among the arguments of a call is looked at, or the call is denied', () => {
  const forgotten = rows.flatMap(({ name, codecs, names, marks }) => {
    // Those are not made for any guest; of those that execute, the loader opens the program.
    if (marks.refused !== undefined || name === 'execve' || name === 'execveat') return [];
    const rule = ruleOf(name);
    const { paths = [], judge, carryOut }: Rule = rule === 'free' ? {} : rule;
    if (paths.length === 0 && (judge !== undefined || carryOut !== undefined)) return [];
    const seen = paths.map(({ arg }) => arg);
    return codecs.flatMap((codec, i) => (codec.isPath && !seen.includes(i) ? [`${name}: ${names[i]}`] : []));
  });
  expect(forgotten).toEqual([]);
});

test('the directory that a path is relative to is the argument in front of it', () => {
  for (const { name, names } of rows) {
    const rule = ruleOf(name);
    if (rule === 'free') continue;
    for (const { arg, dir } of rule.paths ?? []) {
      expect(arg, name).toBe(dir === undefined ? arg : dir + 1);
      if (dir !== undefined) expect(names[dir], name).toMatch(/dirfd$/);
      else expect(names[arg - 1] ?? '', name).not.toMatch(/dirfd$/);
    }
  }
});

test('a handler that reads its path itself does not make the call in a sandbox', () => {
  const reading = rows.filter(({ handler, marks }) => handler !== undefined && marks.refused === undefined);
  for (const { name, codecs } of reading) {
    if (!codecs.some(({ isPath }) => isPath) || name === 'execve' || name === 'execveat') continue;
    const rule = ruleOf(name);
    if (rule === DENIED) continue;
    expect(rule !== 'free' && rule.carryOut, name).toBeTruthy();
  }
});

test('what has no rule is denied', () => {
  expect(DENIED).toBe(ruleOf('mount'));
});
