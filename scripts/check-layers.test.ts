import { expect, test } from 'vitest';
import { importsOf, objection } from './check-layers.ts';

test('finds static, multi-line, dynamic and side-effect imports with their lines', () => {
  const source = [
    "import a from 'node:fs';",
    'import {',
    '  type B,',
    '  c,',
    "} from '../cpu/row.ts';",
    '/**',
    " * import nothing from 'comment';",
    ' */',
    "export * from './x.ts';",
    "const later = await import('./y.ts');",
    "import './z.ts';",
  ].join('\n');
  expect(importsOf(source)).toEqual([
    { line: 1, specifier: 'node:fs' },
    { line: 5, specifier: '../cpu/row.ts' },
    { line: 9, specifier: './x.ts' },
    { line: 10, specifier: './y.ts' },
    { line: 11, specifier: './z.ts' },
  ]);
});

test('imports point down, or stay in their layer', () => {
  expect(objection('cli.ts', './process/task.ts')).toBeUndefined();
  expect(objection('syscalls/rows/file.ts', '../errno.ts')).toBeUndefined();
  expect(objection('cpu/riscv/state.ts', '../../host/host.ts')).toBeUndefined();
  expect(objection('cpu/row.ts', '../syscalls/errno.ts')).toBe('cpu must not import syscalls (../syscalls/errno.ts)');
  expect(objection('cpu/row.ts', '../memory/map.ts')).toContain('cpu must not import memory');
  expect(objection('host/host.ts', '../cli.ts')).toContain('host must not import cli');
  expect(objection('odd/x.ts', './y.ts')).toContain('not a layer');
});

test('the command tsemu may use what Node has', () => {
  expect(objection('command/main.ts', 'node:child_process')).toBeUndefined();
  expect(objection('command/main.ts', '../cli/settings.ts')).toBeUndefined();
  expect(objection('cli/settings.ts', '../command/main.ts')).toContain('cli must not import command');
});

test('translate names no architecture', () => {
  expect(objection('translate/wasm/fp.ts', '../../cpu/ir.ts')).toBeUndefined();
  expect(objection('translate/wasm/fp.ts', '../../cpu/riscv/state.ts')).toContain('names no architecture');
});

test("Node's modules stay in host, packages where they belong", () => {
  expect(objection('host/linux/ffi.ts', 'node:ffi')).toBeUndefined();
  expect(objection('memory/map.ts', 'node:fs')).toBe('node:fs is used only in src/host');
  expect(objection('translate/tier.ts', 'node:v8')).toBeUndefined();
  expect(objection('cli.ts', 'yargs/helpers')).toBeUndefined();
  expect(objection('loader/elf.ts', 'yargs')).toBe('yargs is used only in cli, command');
  expect(objection('loader/elf.ts', 'left-pad')).toContain('not listed');
});
