/**
 * Runs the C suite of test-binaries/suite for one guest architecture: what a program prints and returns under tsemu must
 * be what it does natively and under qemu-user. Programs written for the architecture itself have no native build.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quickBuilds, suiteBinary, suitePrograms } from '../../scripts/build-test-binaries.ts';
import { HANG, type Outcome, qemu, root, run, sysroot, testEnvironment, tsemu } from './run.ts';

/** Programs in which qemu-user 7.2 is not what Linux is, everywhere or on one architecture; the native build alone decides. */
const QEMU_IS_WRONG: Record<string, string> = {
  files: 'no preadv2 and pwritev2',
  kernel: 'no riscv_hwprobe, no vDSO',
  extended: 'openat2, faccessat2 and others are missing',
  mappings: 'brk for ever, and much else',
  mmap: 'MAP_FIXED_NOREPLACE, mprotect of nothing, madvise and mincore do not fail as they should',
  poll: 'pipe2 takes unknown flags',
  locked: 'mlockall is about memory of its own, too',
  keys: 'there are no keys, and there is no fanotify',
  queues: 'mq_notify with SIGEV_THREAD hangs',
  futex2: 'the calls are missing',
  'process-vm': 'the calls are missing',
  seccomp: 'there is no seccomp',
  'seccomp-styles': 'there is no seccomp',
  ptrace: 'the call is missing',
  'ptrace-attach': 'the call is missing',
  sockets: 'recvmmsg waits in spite of its timeout, and hangs',
  segments: "semctl's struct semid_ds is laid out as on x86-64",
  'proc-self': '/proc/self/status and comm are those of qemu',
  'proc-kin': 'other processes are those of qemu',
  start: 'the environment comes in reverse order',
  signals: 'a signal in sa_mask is delivered during the handler',
  kinship: 'no CLONE_PIDFD and no PR_SET_CHILD_SUBREAPER',
  'exec-hot': 'programs are not executed without binfmt_misc',
  'spawn-threads': 'programs are not executed without binfmt_misc',
  'thread-kernel': 'programs are not executed without binfmt_misc',
  spawn: 'programs are not executed without binfmt_misc, and memory is not shared after vfork',
  reservations: 'a store-conditional compares values',
  'aarch64/context': 'it has SVE, whose record counts, and no esr_context',
  'aarch64/pauth-keys': 'it has no PR_PAC_SET_ENABLED_KEYS',
  'aarch64/mops': 'it is older than the instructions',
  'aarch64/threads': 'it hangs when a thread ends that holds a robust mutex',
  'arm/directories': 'seekdir takes 32 bits of a position',
  'arm/seekdir': 'readdir fails with EOVERFLOW',
  'arm/threads': 'it hangs when a thread ends that holds a robust mutex',
  'checks-descriptors': 'errno of bad arguments',
  'checks-files': 'errno of bad arguments',
  'checks-ids': 'errno of bad arguments',
  'checks-ipc': 'errno of bad arguments',
  'checks-memory': 'errno of bad arguments',
  'checks-processes': 'errno of bad arguments',
  'checks-signals': 'errno of bad arguments',
  'checks-sockets': 'errno of bad arguments',
  'checks-time': 'errno of bad arguments',
  jit: 'code changed through another mapping is not noticed',
  selfmod: 'code changed through another mapping is not noticed',
};

/** Of 32-bit programs what they print shows the size of a long: qemu-user alone decides. */
const SHOWS_WORD_SIZE: readonly string[] = [
  'atomics',
  'exec-hot',
  'many-hot',
  'numbers',
  'rounding',
  'signals',
  'sort',
  'start',
  'stdin',
  'strings',
];
/** What programs of 32 bits cannot do, or do not have to: what is not yet there is in docs/arm.md. */
const NOT_FOR_ARM: Record<string, string> = {
  ...Object.fromEntries(
    'descriptors files ids ipc memory processes signals sockets time'
      .split(' ')
      .map((family) => [`checks-${family}`, 'makes the calls of 64-bit ports, in whose registers a long has 64 bits']),
  ),
  bits: 'has printf print 64 bits of a long',
  faults: 'has a bit field of 64 bits',
  integer: 'has __int128',
  muldiv: 'has __int128',
  jit: 'its code is that of 64-bit processors',
  'jit-threads': 'its code is that of 64-bit processors',
  malloc: 'expects an alignment of 16 bytes',
  mmap: 'maps more than 4 GiB',
  'proc-self': 'expects the number of a 64-bit machine',
};

/** What programs are given, if they want anything. */
const INPUTS: Record<string, { args?: string[]; stdin?: string; env?: Record<string, string> }> = {
  args: {
    args: ['one', 'two words', '', '-L', "quo'te", 'gr\u00fc\u00df', 'x'.repeat(5000)],
    env: { SUITE_A: 'value with = and blanks', SUITE_EMPTY: '', SUITE_LONG: 'y'.repeat(20_000) },
  },
  'proc-self': { args: ['a', '', 'b c'] },
  stdin: { stdin: `${Array.from({ length: 3000 }, (_, i) => `line ${i} ${'-'.repeat(i % 100)}`).join('\n')}\nno end` },
};

/** Ways to end, arguments of `exit`. */
const ENDINGS = [
  ...['exit', '_exit', 'return', 'exit-thread'].flatMap((how) =>
    [0, 1, 42, 255, 256, 300, -1].map((n) => [how, `${n}`]),
  ),
  ...[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 23, 24, 25, 26, 27, 28, 29, 30, 31, 34, 64,
  ].flatMap((signal) => [
    ['raise', `${signal}`],
    ['kill', `${signal}`],
  ]),
  ...['abort', 'read-null', 'write-null', 'call-null', 'wild', 'beyond', 'non-canonical', 'rodata', 'noexec'].map(
    (how) => [how],
  ),
  ...['overflow', 'illegal', 'blocked', 'ignored', 'closed-stdout'].map((how) => [how]),
];

/** Ways to execute code: each alone has to do everything. */
const MODES: Record<string, string[]> = {
  default: [],
  cold: ['-tier', 'cold'],
  'all compiled': ['-threshold', '1'],
  javascript: ['-backend', 'js', '-threshold', '10'],
};

/** How a program was built, and how its code is executed. */
export interface Variant {
  level: string;
  link: string;
  mode: string;
}
/** Every build, executed as it comes; and the static one, -O2, in each mode. */
const variantsOf = (arch: string): Variant[] => [
  ...quickBuilds(arch).map(({ level, link }) => ({ level, link, mode: 'default' })),
  ...Object.keys(MODES).flatMap((mode) => (mode === 'default' ? [] : [{ level: 'O2', link: 'static', mode }])),
];

/** What `npm test` runs of them: the two builds that differ most, and the static one all compiled. */
const isQuick = (arch: string, { level, link, mode }: Variant): boolean =>
  mode === 'default' ? /^(O2 static|O0 dynamic)$/.test(`${level} ${link}`) : mode === 'all compiled' && arch !== 'arm';
export const quickVariants = (arch: string): Variant[] => variantsOf(arch).filter((variant) => isQuick(arch, variant));
export const slowVariants = (arch: string): Variant[] => variantsOf(arch).filter((variant) => !isQuick(arch, variant));

function guest(emulator: string[], arch: string, name: string, level: string, link: string): string[] {
  const prefix = link === 'dynamic' ? ['-L', sysroot(arch)] : [];
  return [...emulator, ...prefix, suiteBinary(arch, name, level, link)];
}

/** Tests compare what the program wrote and how it ended; qemu-user announces deaths by signal on stderr. */
function visible({ stdout, status }: Outcome): { stdout: string; status: Outcome['status'] } {
  return { stdout, status };
}

function must(binary: string): void {
  if (!existsSync(binary)) throw new Error(`${binary} is not there; run node scripts/build-test-binaries.ts`);
}

const nativeOutcomes = new Map<string, Promise<Outcome>>();
function native(
  name: string,
  args: string[],
  stdin: string | undefined,
  env: Record<string, string>,
): Promise<Outcome> {
  const key = JSON.stringify([name, args]);
  let outcome = nativeOutcomes.get(key);
  if (!outcome) {
    must(suiteBinary('native', name));
    outcome = run([suiteBinary('native', name), ...args], { stdin, env });
    nativeOutcomes.set(key, outcome);
  }
  return outcome;
}

/** Declares the tests of all programs in some variants. */
export function testSuite(arch: string, variants: readonly Variant[]): void {
  const { portable: all, own } = suitePrograms(arch);
  const portable = arch === 'arm' ? all.filter((name) => NOT_FOR_ARM[name] === undefined) : all;
  describe.concurrent.each(variants)(`${arch} $level $link $mode`, { timeout: 2 * HANG }, ({ level, link, mode }) => {
    for (const name of [...portable.filter((program) => program !== 'exit'), ...own]) {
      test(name, async () => {
        must(suiteBinary(arch, name, level, link));
        const { args = [], stdin, env: extra } = INPUTS[name] ?? {};
        const env = testEnvironment(extra);
        const command = guest([...tsemu(arch), ...MODES[mode]], arch, name, level, link);
        const actual = await run([...command, ...args], { stdin, env });
        expect(actual.stderr).toBe('');
        if (portable.includes(name) && !(arch === 'arm' && SHOWS_WORD_SIZE.includes(name))) {
          const expected = await native(name, args, stdin, env);
          expect(expected.stdout, 'the native build itself fails').not.toMatch(/^FAILED/m);
          expect(visible(actual)).toEqual(visible(expected));
        }
        const golden = join(root, 'test-binaries/suite', arch, `${name}.expected`);
        if (existsSync(golden)) expect(visible(actual)).toEqual({ stdout: readFileSync(golden, 'latin1'), status: 0 });
        if (QEMU_IS_WRONG[name] ?? QEMU_IS_WRONG[`${arch}/${name}`]) return;
        const oracle = await run([...guest(qemu(arch), arch, name, level, link), ...args], { stdin, env });
        expect(visible(actual)).toEqual(visible(oracle));
      });
    }
  });
}

/** Declares the tests of programs of which a thread of its own compiles most: so little is hot enough in the others. */
export function testCompilerThread(arch: string): void {
  test.each([
    ['exec-hot', ['100']],
    ['many-hot', []],
  ])(`${arch} %s, compiled by another thread`, { timeout: 2 * HANG }, async (name, args) => {
    const env = testEnvironment();
    const command = guest([...tsemu(arch), '-threshold', '50'], arch, name, 'O2', 'static');
    expect(visible(await run([...command, ...args], { env }))).toEqual(
      visible(await native(name, args, undefined, env)),
    );
  });
}

/** Declares the tests of the ways in which a process ends. */
export function testEndings(arch: string): void {
  describe.concurrent(`${arch} ways to end`, { timeout: 2 * HANG }, () => {
    for (const ending of ENDINGS) {
      test(ending.join(' '), async () => {
        const env = testEnvironment();
        const expected = visible(await native('exit', ending, undefined, env));
        // x86 has a signal of its own for what the trap instruction does, and for addresses that are not canonical.
        const actual = await run([...guest(tsemu(arch), arch, 'exit', 'O2', 'static'), ...ending], { env });
        if (ending[0] === 'illegal') expect(actual.status).toMatch(/SIGILL|SIGTRAP/);
        else expect(visible(actual)).toEqual(expected);
        expect(actual.stderr).toBe('');
      });
    }
  });
}
