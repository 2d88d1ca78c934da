import { describe, expect, test } from 'vitest';
import { parseScriptLine } from './script.ts';

describe('parseScriptLine', () => {
  test.each([
    ['#!/bin/sh\necho', { interpreter: '/bin/sh' }],
    ['#!/bin/sh', { interpreter: '/bin/sh' }],
    ['#! \t /bin/sh \t \n', { interpreter: '/bin/sh' }],
    ['#!/usr/bin/env -S perl -w \n', { interpreter: '/usr/bin/env', argument: '-S perl -w' }],
    ['#!/bin/sh\tx  y\n', { interpreter: '/bin/sh', argument: 'x  y' }],
    ['#!/bin/sh -e\r\n', { interpreter: '/bin/sh', argument: '-e\r' }],
    ['#!/bin/sh -e\0-x\n', { interpreter: '/bin/sh', argument: '-e' }],
    ['#!sh\n', { interpreter: 'sh' }],
  ])('%j', (head, expected) => {
    expect(parseScriptLine(head)).toEqual(expected);
  });

  test.each(['#!', '#!\n', '#! \t\n/bin/sh', '#!\0/bin/sh', `#!${' '.repeat(300)}/bin/sh\n`])(
    'no interpreter in %j',
    (head) => {
      expect(parseScriptLine(head)).toBeUndefined();
    },
  );

  test('a path that may go on behind the 255th byte is refused, the longest one that does not is taken', () => {
    const longest = '/' + 'a'.repeat(252);
    expect(parseScriptLine(`#!${longest}\n`)).toEqual({ interpreter: longest });
    expect(parseScriptLine(`#!${longest}a\n`)).toBeUndefined();
    expect(parseScriptLine(`#!${longest}aaaa\n`)).toBeUndefined();
  });

  test('an argument is cut off at the 255th byte', () => {
    const argument = parseScriptLine(`#!/bin/sh ${'b'.repeat(500)}\n`)!.argument!;
    expect(argument).toBe('b'.repeat(255 - '#!/bin/sh '.length));
  });
});
