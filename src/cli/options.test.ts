import { expect, test } from 'vitest';
import { OPTIONS } from './option-table.ts';
import { parseOptions } from './options.ts';
import { defaultSettings, type Settings } from './settings.ts';

const parse = (...args: string[]) =>
  parseOptions(args, defaultSettings(), { command: 'tsemu-riscv64', version: '1.2.3', models: ['max', 'lesser'] });

function run(...args: string[]): { settings: Settings; program: string; args: readonly string[] } {
  const command = parse(...args);
  if (!('run' in command)) throw new Error(command.print);
  return { settings: command.run, program: command.program, args: command.args };
}

test('the help fits a screen', () => {
  const text = (args: string) => {
    const command = parse(args);
    return 'print' in command ? command.print : '';
  };
  const lines = text('-help').split('\n');
  expect(lines.length).toBeLessThanOrEqual(25);
  expect(lines.filter((line) => line.length > 79)).toEqual([]);
  for (const name of Object.keys(OPTIONS))
    expect(text('-help-all')).toMatch(new RegExp(`^-${name}(\\[=\\w+\\])? `, 'm'));
});

test.each([
  ['-stracee', '; did you mean -strace?'],
  ['--threshhold', '; did you mean -threshold?'],
  ['-cup', '; did you mean -cpu?'],
  ['-g', ''],
  ['-singlestep', ''],
])('%s is unknown%s', (option, suggestion) => {
  expect(() => parse(option, 'p')).toThrow(new RegExp(`^unknown option '[a-z]+'${suggestion.replace('?', '\\?')}$`));
});

test('options end at the program', () => {
  const { settings, program, args } = run('-L', '/root', '--r', '6.12', 'prog', '-L', 'x', '--help');
  expect(settings).toEqual({ ...defaultSettings(), sysroot: '/root', release: '6.12' });
  expect([program, ...args]).toEqual(['prog', '-L', 'x', '--help']);
});

test('one dash or two, with or without an equals sign', () => {
  for (const args of [
    ['-tier', 'cold'],
    ['--tier', 'cold'],
    ['--tier=cold'],
    ['-tier=cold'],
    ['--', 'p'].slice(0, 1),
  ]) {
    expect(run(...args, 'p').program).toBe('p');
  }
});

test('a list that may be left out follows an equals sign; without one, everything is allowed', () => {
  const allowed = (...args: string[]) => run('-sandbox', ...args, 'p').settings.allow;
  expect(allowed('-allow-read=/a,/b', '--allow-read=/c').read).toEqual(['/a', '/b', '/c']);
  expect(allowed('-allow-read').read).toBeUndefined();
  expect(allowed('-allow-net=[::1]:80')).toMatchObject({ net: ['[::1]:80'], read: [], write: [], run: [], env: [] });
});

test('a value is taken as it is', () => {
  expect(run('-0', '-name', 'p').settings.argv0).toBe('-name');
  expect(run('-0', '', 'p').settings.argv0).toBe('');
  expect(run('-0', '007', 'p').settings.argv0).toBe('007');
  expect(run('-r', '6.10', 'p').settings.release).toBe('6.10');
  expect(run('-L', '--strace', 'p').settings.log.size).toBe(0);
  expect(run('-E', 'A=a b=c', 'p').settings.environment).toEqual([['A', 'a b=c']]);
});

test('the last word on a variable counts', () => {
  const { environment } = run('-E', 'A=1', '-U', 'A,B', '-E', 'A=2', 'p').settings;
  expect(environment).toEqual([
    ['A', '1'],
    ['A', undefined],
    ['B', undefined],
    ['A', '2'],
  ]);
});

test('logging', () => {
  const { settings } = run('-strace', '-d', 'unimp', '-d', 'in_asm', '-D', 'file', 'p');
  expect([...settings.log].sort()).toEqual(['in_asm', 'strace', 'unimp']);
  expect(settings.logFile).toBe('file');
});

test('addresses to log, in the three forms that qemu has', () => {
  const { settings } = run('-dfilter', '0x1000+0x10,0x2000-16,0x3000..0x3fff', 'p');
  expect(settings.logFilter).toEqual([
    [0x1000n, 0x100fn],
    [0x1ff1n, 0x2000n],
    [0x3000n, 0x3fffn],
  ]);
});

test('how code is compiled', () => {
  const { settings } = run('-backend', 'js', '-one-insn-per-tb', '-tb-size', '64', 'p');
  expect(settings).toMatchObject({ backend: 'js', oneInstruction: true, codeLimit: 64 * 2 ** 20, perfMap: false });
});

test('help, version and lists are printed', () => {
  for (const help of ['-h', '--h', '-help', '--help']) {
    expect(parse('-strace', help)).toMatchObject({
      status: 0,
      stream: 'stdout',
      print: expect.stringMatching(/^usage: tsemu-riscv64 /),
    });
  }
  expect(parse('-version')).toEqual({ status: 0, stream: 'stdout', print: 'tsemu-riscv64 version 1.2.3\n' });
  expect(parse('-d', 'help')).toMatchObject({ status: 0, print: expect.stringContaining('in_asm') });
  expect(parse('-cpu', 'help')).toMatchObject({ status: 0, print: expect.stringContaining('max') });
});

test('without a program: the usage, as an error', () => {
  expect(parse()).toMatchObject({ status: 1, stream: 'stderr' });
});

test.each([
  [['-strace'], 'no program behind the options'],
  [['-L', './p'], "no program: './p' is the value of option 'L'"],
  [['-zzz', 'p'], "unknown option 'zzz'"],
  [['-g', '1234', 'p'], "unknown option 'g'"],
  [['--constructor', 'p'], "unknown option 'constructor'"],
  [['-L'], "missing argument for option 'L'"],
  [['-strace=1', 'p'], "option 'strace' takes no value"],
  [['-s', 'zz', 'p'], "'zz' is not a stack size"],
  [['-dfilter', '0x10', 'p'], "'0x10' is not START+LENGTH, START-LENGTH or START..END"],
  [['-dfilter', '0x20..0x10', 'p'], "no address is in '0x20..0x10'"],
  [['-backend', 'llvm', 'p'], "unknown back end 'llvm': wasm or js"],
  [['-tb-size', '0', 'p'], "'0' is not a size: 1 to 4096"],
])('%j is an error', (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});

test.each([
  [['-hook', 'socket:write'], "'socket:write' is not SOCKET:NAME,…"],
  [['-insn-limit', '0'], "'0' is not a number of instructions"],
  [['-insn-limit', '1e6'], "'1e6' is not a number of instructions"],
])('%j is refused', (options, message) => {
  expect(() => run(...options, 'p')).toThrow(message);
});

test('what a hook and a limit are', () => {
  const { settings } = run('-hook', '/a:b/c:read,write', '-insn-limit', '1000', 'p');
  expect(settings.hook).toEqual({ socket: '/a:b/c', names: new Set(['read', 'write']) });
  expect(settings.instructionLimit).toBe(1000);
});
