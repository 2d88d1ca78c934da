/**
 * Compares tsemu with qemu-user and with native builds of the same sources (test-binaries/bench).
 *
 *     node bench/run.ts [--arch riscv64] [--only NAME]… [--runs N] [--json FILE] [--quick | --short] [--sandbox] [--tsemu "COMMAND …"]
 *
 * Runs are interleaved (each round runs every emulator once), medians are compared, outputs must be equal. `--quick`
 * uses sizes small enough for a test of the benchmark itself, and leaves out what Debian's interpreters run
 * (test-binaries/bench/scripts: the guest's lua5.4 and sqlite3 against the host's own, which may be of another release). `--short`
 * uses sizes that take qemu-user about 0.1 seconds, and python3's start in place of those. `--tsemu` replaces dist/tsemu-ARCH, for instance to
 * measure with an option. `first` is tsemu without what it keeps of earlier runs, as a program's first run is; `tsemu` has
 * that of the rounds before, in a directory of its own. Times are seconds of wall time, memory is the peak resident set in MiB. The line `node -e 0`
 * is the start of an empty Node of the version that tsemu runs on, what start-up is measured against. `--sandbox` adds a table of what these programs take in a
 * sandbox that lets them read all files and write below /tmp and /var/tmp, where SQLite has its temporary files.
 *
 * A second table has single operations of the kernel (operations.c), in microseconds of wall time each. `--only` takes
 * their names too. What fork-exec and spawn execute is the static hello: under qemu-user by executing qemu-user itself,
 * which is what binfmt_misc makes of it. A third table has situations.ts.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBinary, benchPrograms, output, root } from '../scripts/build-test-binaries.ts';
import { debianName, debianRoot } from '../scripts/debian-root.ts';
import { inTurns, SITUATIONS, situation } from './situations.ts';
import { geometricMean, median, table } from './statistics.ts';

/** Sizes for `--quick`, by program; the others take none. */
const QUICK: Record<string, string> = {
  chase: '20000',
  crc32: '1',
  integer: '2000',
  interpreter: '500',
  lz: '1',
  mandelbrot: '20',
  matrix: '20',
  mix: '20',
  nbody: '500',
  recursion: '14',
  sha256: '1',
  sort: '3000',
  strings: '1',
  syscalls: '500',
  virtual: '100',
};

/** The same for `--short`. */
const SHORT: Record<string, string> = {
  chase: '750000',
  crc32: '25',
  integer: '190000',
  interpreter: '11000',
  lz: '2',
  mandelbrot: '175',
  matrix: '195',
  mix: '2000',
  nbody: '37000',
  recursion: '32',
  sha256: '10',
  sort: '110000',
  strings: '10',
  syscalls: '10000',
  virtual: '900',
};

/** What takes qemu-user 4 to 5 seconds, where it is a lot faster than of riscv64. */
const LONG: Record<string, Record<string, string>> = {
  aarch64: { mandelbrot: '2100' },
  arm: { integer: '3000000', lz: '26', mandelbrot: '2000', virtual: '100000' },
};

/** Programs of Debian, by what the line is called; those of `--short`, and the others. */
const SHORT_INTERPRETERS: Record<string, { program: string; args: string[] }> = {
  imports: { program: 'python3', args: ['-c', 'import json, re, decimal, unittest'] },
};
const LONG_INTERPRETERS: typeof SHORT_INTERPRETERS = {
  lua: { program: 'lua5.4', args: [script('lua.lua')] },
  sqlite: { program: 'sqlite3', args: [':memory:', `.read ${script('sqlite.sql')}`] },
};
function script(name: string): string {
  return join(root, 'test-binaries/bench/scripts', name);
}

/** Operations by name: how many make half a second or so under the slower emulator, and whether they execute hello. */
const OPERATIONS: Record<string, { count: number; executes?: boolean }> = {
  getppid: { count: 300_000 },
  'read-byte': { count: 200_000 },
  fork: { count: 50 },
  'fork-exec': { count: 30, executes: true },
  spawn: { count: 30, executes: true },
  thread: { count: 500 },
  futex: { count: 5000 },
  pipe: { count: 5000 },
  signal: { count: 3000 },
};
/** Divides them for `--quick`. */
const QUICK_DIVISOR = 30;

const SYSROOTS: Record<string, string> = {
  riscv64: '/usr/riscv64-linux-gnu',
  aarch64: '/usr/aarch64-linux-gnu',
  arm: '/usr/arm-linux-gnueabihf',
};

/**
 * Options for qemu-user. Debian's programs sign their return addresses, by default with QARMA5, which it computes step by step: lua.lua
 * takes it 66 s so, and 7 s with an algorithm of its own, which tsemu has too.
 */
const QEMU_OPTIONS: Record<string, string[]> = { aarch64: ['-cpu', 'max,pauth-impdef=on'] };

interface Sample {
  status: number;
  /** Seconds. */
  wall: number;
  cpu: number;
  /** MiB. */
  memory: number;
  output: string;
}
interface Summary {
  wall: number;
  cpu: number;
  memory: number;
  runs: number[];
  error?: string;
}
interface Row {
  name: string;
  results: Record<string, Summary>;
}

function buildMeasure(): string {
  const source = join(root, 'bench/measure.c');
  const binary = join(output, 'native/measure');
  mkdirSync(join(output, 'native'), { recursive: true });
  execFileSync('gcc', ['-O2', '-Wall', source, '-o', binary], { stdio: ['ignore', 'ignore', 'inherit'] });
  return binary;
}

const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'riscv64' },
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    sandbox: { type: 'boolean', default: false },
    tsemu: { type: 'string' },
  },
});
const { arch } = values;
if (!(arch in SYSROOTS)) {
  process.stderr.write(`bench: unknown architecture ${arch}\n`);
  process.exit(2);
}
const rounds = Math.max(1, Number(values.runs) || 1);
const sizes = values.quick ? QUICK : values.short ? SHORT : (LONG[arch] ?? {});
const INTERPRETERS = values.short ? SHORT_INTERPRETERS : LONG_INTERPRETERS;
// By its path, since execve and binfmt_misc take no name to look up.
const qemu = [`qemu-${arch}-static`, `qemu-${arch}`]
  .map((name) => spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim())
  .find((path) => path !== '');
const qemuOptions = QEMU_OPTIONS[arch] ?? [];
const given = values.tsemu ?? process.env[`TSEMU_${arch.toUpperCase()}`];
const tsemu = given?.split(/\s+/) ?? [join(root, 'dist', `tsemu-${arch}`)];
const measure = buildMeasure();
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-bench-'));

function sample(command: readonly string[]): Sample {
  const report = join(scratch, 'report');
  const child = spawnSync(measure, [report, ...command], {
    encoding: 'latin1',
    timeout: 600_000,
    env: {
      ...process.env,
      TSEMU_CACHE: join(scratch, 'cache'),
      // What python3 compiles of its library is kept too, for each who runs it alike.
      PYTHONDONTWRITEBYTECODE: '',
      PYTHONPYCACHEPREFIX: join(scratch, 'pyc'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.status !== 0 || !existsSync(report))
    throw new Error(`${command.join(' ')}: cannot be measured ${child.stderr}`);
  const [status, wall, user, system, memory] = readFileSync(report, 'utf8').split(' ').map(Number);
  rmSync(report);
  const text = status === 0 ? child.stdout : `${child.stdout}${child.stderr}`;
  return { status, wall: wall / 1e9, cpu: (user + system) / 1e6, memory: memory / 1024, output: text };
}

const SANDBOX = ['-sandbox', '-allow-read', '-allow-write=/tmp,/var/tmp'];

/** A program under tsemu, with and without earlier runs, and in a sandbox if that is asked for. */
const ours = (...command: string[]): Record<string, string[]> => ({
  tsemu: [...tsemu, ...command],
  first: ['env', 'TSEMU_CACHE=off', ...tsemu, ...command],
  ...(values.sandbox && { sandbox: [...tsemu, ...SANDBOX, ...command] }),
});

/** Microseconds of wall time for one operation, by who makes it: the median of the rounds, in turns. */
function operation(name: string): Promise<Record<string, number>> {
  const { count, executes = false } = OPERATIONS[name];
  const hello = (who: string): string[] => (executes ? [benchBinary(who, 'hello')] : []);
  const order = [name, String(values.quick ? Math.ceil(count / QUICK_DIVISOR) : count)];
  const guest = benchBinary(arch, 'operations');
  const commands: Record<string, string[]> = {
    native: [benchBinary('native', 'operations'), ...order, ...hello('native')],
  };
  if (qemu) {
    commands.qemu = [qemu, guest, ...order, ...(executes ? [qemu] : []), ...hello(arch)];
  }
  commands.tsemu = [...tsemu, guest, ...order, ...hello(arch)];
  return inTurns(rounds, Object.keys(commands), (who) => {
    const { status, output: text } = sample(commands[who]);
    return (status === 0 ? Number(text) : Number.NaN) / 1000;
  });
}

/** Runs every command `rounds` times, in turns; the first run of each is not counted when there are several. */
function compare(commands: Record<string, readonly string[]>): Record<string, Summary> {
  const samples: Record<string, Sample[]> = {};
  const failed: Record<string, string> = {};
  let reference: string | undefined;
  for (let round = rounds === 1 ? 1 : 0; round <= rounds; round++) {
    for (const [who, command] of Object.entries(commands)) {
      if (failed[who]) continue;
      let one: Sample;
      try {
        one = sample(command);
      } catch (error) {
        failed[who] = (error as Error).message;
        continue;
      }
      if (one.status !== 0) failed[who] = `status ${one.status} ${one.output.trim().split('\n').at(-1) ?? ''}`.trim();
      else if (reference !== undefined && one.output !== reference) failed[who] = 'output differs';
      else {
        // The native build or qemu-user comes first and says what is right.
        reference ??= one.output;
        if (round > 0) samples[who] = [...(samples[who] ?? []), one];
      }
    }
  }
  return Object.fromEntries(
    Object.keys(commands).map((who): [string, Summary] => {
      const list = samples[who] ?? [];
      if (failed[who])
        return [who, { wall: Number.NaN, cpu: Number.NaN, memory: Number.NaN, runs: [], error: failed[who] }];
      const of = (get: (one: Sample) => number) => median(list.map(get));
      return [
        who,
        { wall: of((s) => s.wall), cpu: of((s) => s.cpu), memory: of((s) => s.memory), runs: list.map((s) => s.wall) },
      ];
    }),
  );
}

function missing(path: string): never {
  process.stderr.write(`bench: ${path} is not there; run node scripts/build-test-binaries.ts --bench --arch ${arch}\n`);
  process.exit(1);
}

const programs = benchPrograms().filter((program) => program !== 'operations' && program !== 'situations');
const cases: { name: string; program: string; dynamic: boolean }[] = programs.flatMap((program) =>
  program === 'hello'
    ? [
        { name: 'hello', program, dynamic: false },
        { name: 'hello-dynamic', program, dynamic: true },
      ]
    : [{ name: program, program, dynamic: false }],
);
const isChosen = (name: string): boolean => !values.only || values.only.includes(name);
const chosen = cases.filter(({ name }) => isChosen(name));
const interpreters = values.quick ? [] : Object.keys(INTERPRETERS).filter(isChosen);
const names = [
  ...cases.map((one) => one.name),
  ...Object.keys(INTERPRETERS),
  ...Object.keys(OPERATIONS),
  ...Object.keys(SITUATIONS),
];
const unknown = values.only?.filter((name) => !names.includes(name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(`bench: no program ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
  process.exit(2);
}

const rows: Row[] = [];
const operations: { name: string; results: Record<string, number> }[] = [];
const situations: { name: string; results: Record<string, number> | string }[] = [];
try {
  for (const { name, program, dynamic } of chosen) {
    const guest = benchBinary(arch, program, dynamic);
    const native = benchBinary('native', program, dynamic);
    for (const binary of [guest, native]) if (!existsSync(binary)) missing(binary);
    const prefix = dynamic ? ['-L', SYSROOTS[arch]] : [];
    const size = sizes[program] ? [sizes[program]] : [];
    const commands: Record<string, string[]> = { native: [native, ...size] };
    if (qemu) commands.qemu = [qemu, ...qemuOptions, ...prefix, guest, ...size];
    Object.assign(commands, ours(...prefix, guest, ...size));
    rows.push({ name, results: compare(commands) });
    if (process.stderr.isTTY) process.stderr.write(`\r${name.padEnd(20)}`);
  }
  if (interpreters.length > 0) {
    const packages = interpreters.map((name) => INTERPRETERS[name].program);
    const debian = debianRoot({ architecture: debianName(arch), packages });
    for (const name of interpreters) {
      const { program, args } = INTERPRETERS[name];
      const guest = ['-L', debian, join(debian, 'usr/bin', program), ...args];
      const commands: Record<string, string[]> = { native: [program, ...args] };
      if (qemu) commands.qemu = [qemu, ...qemuOptions, ...guest];
      Object.assign(commands, ours(...guest));
      rows.push({ name, results: compare(commands) });
    }
  }
  const measured = values.short ? [] : Object.keys(OPERATIONS).filter(isChosen);
  for (const name of measured) operations.push({ name, results: await operation(name) });
  const outputOf = (command: readonly string[]): string => {
    const { status, output: text } = sample(command);
    if (status !== 0) throw new Error(text);
    return text;
  };
  const { quick } = values;
  const named = Object.keys(SITUATIONS).filter(
    (name) => isChosen(name) && (!quick || SITUATIONS[name].quick !== undefined),
  );
  for (const name of values.short ? [] : named) {
    situations.push({ name, results: await situation(name, { arch, tsemu, qemu, outputOf, rounds, quick, scratch }) });
  }
  if (!values.only) rows.push({ name: 'node -e 0', results: compare({ tsemu: [process.execPath, '-e', '0'] }) });
} finally {
  rmSync(scratch, { recursive: true, force: true });
  if (process.stderr.isTTY) process.stderr.write(`\r${' '.repeat(20)}\r`);
}

const seconds = (summary?: Summary) =>
  summary === undefined ? '' : summary.error ? 'FAILED' : summary.wall.toFixed(3);
const mebibytes = (summary?: Summary) => (summary === undefined || summary.error ? '' : summary.memory.toFixed(1));
const ratio = (a?: Summary, b?: Summary) => (a && b && !a.error && !b.error ? a.wall / b.wall : Number.NaN);
const shown = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(2));

const head = [
  arch,
  'tsemu s',
  'first s',
  'qemu s',
  'native s',
  'tsemu/qemu',
  'first/qemu',
  'tsemu/native',
  'qemu/native',
  'tsemu MiB',
  'qemu MiB',
  'native MiB',
];
const lines = rows.map(({ name, results: { tsemu, first, qemu, native } }) => [
  name,
  ...[tsemu, first, qemu, native].map(seconds),
  shown(ratio(tsemu, qemu)),
  shown(ratio(first, qemu)),
  shown(ratio(tsemu, native)),
  shown(ratio(qemu, native)),
  ...[tsemu, qemu, native].map(mebibytes),
]);
/** Start-up alone and system calls alone say nothing of translated code, so they are not in the mean. */
const kernels = rows.filter(({ name }) => !name.startsWith('hello') && name !== 'node -e 0' && name !== 'syscalls');
const mean = (a: string, b: string) => {
  const all = kernels.map(({ results }) => ratio(results[a], results[b])).filter((value) => !Number.isNaN(value));
  return all.length > 0 ? geometricMean(all) : Number.NaN;
};
const means = {
  'tsemu/qemu': mean('tsemu', 'qemu'),
  'first/qemu': mean('first', 'qemu'),
  'tsemu/native': mean('tsemu', 'native'),
  'qemu/native': mean('qemu', 'native'),
};
const meanLine = ['geometric mean', '', '', '', '', ...Object.values(means).map(shown), '', '', ''];
if (rows.length > 0) process.stdout.write(`${table([head, ...lines, ...(kernels.length > 1 ? [meanLine] : [])])}\n`);

if (values.sandbox) {
  const sandboxLines = rows
    .filter(({ results }) => results.sandbox !== undefined)
    .map(({ name, results: { tsemu, sandbox } }) => [
      name,
      ...[tsemu, sandbox].map(seconds),
      shown(ratio(sandbox, tsemu)),
    ]);
  const sandboxHead = ['sandbox', 'tsemu s', 'sandbox s', 'sandbox/tsemu'];
  const sandboxMean = ['geometric mean', '', '', shown(mean('sandbox', 'tsemu'))];
  process.stdout.write(`\n${table([sandboxHead, ...sandboxLines, sandboxMean])}\n`);
}

const microseconds = (value: number | undefined) =>
  value === undefined ? '' : Number.isNaN(value) ? 'FAILED' : value.toFixed(value < 100 ? 2 : 0);
const operationLines = operations.map(({ name, results: { tsemu, qemu, native } }) => [
  name,
  ...[tsemu, qemu, native].map(microseconds),
  ...[tsemu / qemu, tsemu / native, qemu / native].map(shown),
]);
const operationHead = ['operation', 'tsemu µs', 'qemu µs', 'native µs', 'tsemu/qemu', 'tsemu/native', 'qemu/native'];
if (operations.length > 0) process.stdout.write(`\n${table([operationHead, ...operationLines])}\n`);

const situationLines = situations.map(({ name, results }) => {
  const { tsemu, qemu, native } = typeof results === 'string' ? {} : results;
  const figures = [tsemu, qemu, native].map((value) => (value === undefined ? '' : value.toFixed(2)));
  return [name, ...figures, shown(tsemu / qemu), typeof results === 'string' ? results : SITUATIONS[name].meaning];
});
const situationHead = ['situation', 'tsemu', 'qemu', 'native', 'tsemu/qemu', 'what'];
if (situations.length > 0) process.stdout.write(`\n${table([situationHead, ...situationLines])}\n`);

const failures = [
  ...rows.flatMap(({ name, results }) =>
    Object.entries(results).flatMap(([who, { error }]) => (error ? [`${name} under ${who}: ${error}`] : [])),
  ),
  ...[...operations, ...situations].flatMap(({ name, results }) =>
    Object.entries(results).flatMap(([who, value]) => (Number.isNaN(value) ? [`${name} under ${who}`] : [])),
  ),
];
for (const failure of failures) process.stdout.write(`FAILED: ${failure}\n`);
if (!qemu) process.stdout.write(`qemu-${arch} not found: no comparison with it (npm run setup)\n`);
if (values.json) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  writeFileSync(
    values.json,
    `${JSON.stringify({ arch, rounds, quick: values.quick, tsemu, machine, rows, operations, situations, means }, null, 2)}\n`,
  );
}
process.exitCode = failures.length > 0 ? 1 : 0;
