/**
 * Stands in for node:assert in the bundles: elfy and yargs ask for it, for checks of their own callers. Loading the real
 * one takes 9 ms of a start, because it opens stderr as a stream.
 */
const check = (holds, message) => {
  if (!holds) throw new Error(message ?? 'assertion failed');
};

module.exports = {
  equal: (actual, expected, message) => check(actual === expected, message),
  strictEqual: (actual, expected, message) => check(Object.is(actual, expected), message),
  notStrictEqual: (actual, expected, message) => check(!Object.is(actual, expected), message),
};
