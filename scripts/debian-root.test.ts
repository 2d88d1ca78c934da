import { expect, test } from 'vitest';
import { expandPackages, mirrorsOf, SETS } from './debian-root.ts';

test('mirrors are read from one-line and deb822 sources', () => {
  expect(mirrorsOf('deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/debian/ trixie main\n')).toEqual([
    'http://mirror.example/debian',
  ]);
  expect(mirrorsOf('Types: deb\nURIs: https://a.example/debian https://b.example/debian\nSuites: x\n')).toEqual([
    'https://a.example/debian',
    'https://b.example/debian',
  ]);
});

test('other archives and comments are not mirrors', () => {
  const text = '# deb http://old.example/debian x main\ndeb https://example.com/apt stable main\n';
  expect(mirrorsOf(text)).toEqual([]);
  expect(mirrorsOf('URIs: http://deb.example/debian-security\n')).toEqual([]);
});

test('sets expand to sorted package names without duplicates', () => {
  expect(expandPackages(['jq', 'demo', 'bash'])).toEqual(['bash', 'jq']);
  expect(expandPackages(['programs'])).toHaveLength(SETS.programs.length);
});
