import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { completionScript } from './completion.ts';

/** What bash would offer for the last of `words`. */
function offered(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash')}COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _tsemu; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash completes commands, options and values', () => {
  expect(offered('tsemu', 'ch')).toEqual(['chroot']);
  expect(offered('tsemu', 'chroot', '-0', '-root')).toEqual(['-root', '-root-id']);
  expect(offered('tsemu', 'd')).toEqual(['doctor']);
  expect(offered('tsemu', 'binfmt', 'reg')).toEqual(['register']);
  expect(offered('tsemu-riscv64', '-str')).toEqual(['-strace']);
  expect(offered('/opt/tsemu', 'run', '-L', '/x', '-bac')).toEqual(['-backend']);
  expect(offered('tsemu-aarch64', '--backend', '')).toEqual(['wasm', 'js']);
  expect(offered('tsemu-aarch64', '-strace', '-d', 'in')).toEqual(['in_asm']);
});

test('bash leaves files, and all that is behind the program, to its defaults', () => {
  expect(offered('tsemu-riscv64', '-L', '-s')).toEqual([]);
  expect(offered('tsemu-riscv64', './prog', '-s')).toEqual([]);
  expect(offered('tsemu', 'run', '')).toEqual([]);
  expect(offered('tsemu', 'chroot', '-0', './root', '-s')).toEqual([]);
});

test('every shell has every option', () => {
  expect(completionScript('zsh')).toContain(completionScript('bash'));
  expect(completionScript('fish')).toContain("complete -c tsemu-riscv64 -o backend -x -a 'wasm js'");
  expect(completionScript('fish')).toContain('complete -c tsemu-aarch64 -o L -r -d ');
});
