/**
 * `#!` lines, as Linux's execve(2) reads them.
 *
 *     parseScriptLine('#!/usr/bin/env -S perl -w\n…')
 *     // { interpreter: '/usr/bin/env', argument: '-S perl -w' }
 */

/** Bytes of a file that Linux looks at (BINPRM_BUF_SIZE); the last one can only be the newline. */
export const SCRIPT_HEAD = 256;

/** A script's interpreter may be a script and so on, this often. */
export const MAX_SCRIPT_DEPTH = 5;

export interface ScriptLine {
  interpreter: string;
  /** All the rest of the line: execve does not split it. */
  argument?: string;
}

const isBlank = (character: string): boolean => character === ' ' || character === '\t';

/**
 * Reads the first line of a file that starts with `#!`. `head` is its first bytes as latin1. Undefined: there is no
 * interpreter in it, or its path may have been cut off.
 */
export function parseScriptLine(head: string): ScriptLine | undefined {
  const buffer = head.slice(0, SCRIPT_HEAD);
  let end = buffer.search(/[\n\0]/);
  const complete = end >= 0 || buffer.length < SCRIPT_HEAD;
  if (end < 0) end = Math.min(buffer.length, SCRIPT_HEAD - 1);
  const line = buffer.slice(2, end);

  let start = 0;
  while (start < line.length && isBlank(line[start])) start++;
  let stop = start;
  while (stop < line.length && !isBlank(line[stop])) stop++;
  if (start === stop) return undefined;
  // A path that runs to the end of what Linux reads may go on; a cut-off argument is taken as it is.
  if (stop === line.length && !complete) return undefined;
  const interpreter = line.slice(start, stop);

  while (stop < line.length && isBlank(line[stop])) stop++;
  let last = line.length;
  while (last > stop && isBlank(line[last - 1])) last--;
  return last > stop ? { interpreter, argument: line.slice(stop, last) } : { interpreter };
}
