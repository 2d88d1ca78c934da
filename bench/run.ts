/**
 * Compares tsemu with qemu-user and with native builds of the same sources (test-binaries/bench).
 *
 *     node bench/run.ts [--arch riscv64] [--only NAME]… [--runs N] [--json FILE] [--quick] [--tsemu "COMMAND …"]
 *
 * Runs are interleaved (each round runs every emulator once), medians are compared, outputs must be equal. `--quick`
 * uses sizes small enough for a test of the benchmark itself. `--tsemu` replaces dist/tsemu-ARCH, for instance to
 * measure with an option. Times are seconds of wall time, memory is the peak resident set in MiB. The line `node -e 0`
 * is the start of an empty Node of the version that tsemu runs on, what start-up is measured against.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBinary, benchPrograms, output, root } from '../scripts/build-test-binaries.ts';
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
  nbody: '500',
  recursion: '14',
  sha256: '1',
  sort: '3000',
  strings: '1',
  syscalls: '500',
};

const SYSROOTS: Record<string, string> = {
  riscv64: '/usr/riscv64-linux-gnu',
  aarch64: '/usr/aarch64-linux-gnu',
  arm: '/usr/arm-linux-gnueabihf',
};

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
    tsemu: { type: 'string' },
  },
});
const { arch } = values;
if (!(arch in SYSROOTS)) {
  process.stderr.write(`bench: unknown architecture ${arch}\n`);
  process.exit(2);
}
const rounds = Math.max(1, Number(values.runs) || 1);
const qemu = [`qemu-${arch}-static`, `qemu-${arch}`].find((name) => spawnSync(name, ['--version']).status === 0);
const given = values.tsemu ?? process.env[`TSEMU_${arch.toUpperCase()}`];
const tsemu = given?.split(/\s+/) ?? [join(root, 'dist', `tsemu-${arch}`)];
const measure = buildMeasure();
const scratch = mkdtempSync(join(tmpdir(), 'tsemu-bench-'));

function sample(command: readonly string[]): Sample {
  const report = join(scratch, 'report');
  const child = spawnSync(measure, [report, ...command], {
    encoding: 'latin1',
    timeout: 600_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.status !== 0 || !existsSync(report))
    throw new Error(`${command.join(' ')}: cannot be measured ${child.stderr}`);
  const [status, wall, user, system, memory] = readFileSync(report, 'utf8').split(' ').map(Number);
  rmSync(report);
  const text = status === 0 ? child.stdout : `${child.stdout}${child.stderr}`;
  return { status, wall: wall / 1e9, cpu: (user + system) / 1e6, memory: memory / 1024, output: text };
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

const cases: { name: string; program: string; dynamic: boolean }[] = benchPrograms().flatMap((program) =>
  program === 'hello'
    ? [
        { name: 'hello', program, dynamic: false },
        { name: 'hello-dynamic', program, dynamic: true },
      ]
    : [{ name: program, program, dynamic: false }],
);
const chosen = cases.filter(({ name }) => !values.only || values.only.includes(name));
const unknown = values.only?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
if (unknown.length > 0) {
  process.stderr.write(
    `bench: no program ${unknown.join(', ')}; there are ${cases.map((one) => one.name).join(', ')}\n`,
  );
  process.exit(2);
}

const rows: Row[] = [];
try {
  for (const { name, program, dynamic } of chosen) {
    const guest = benchBinary(arch, program, dynamic);
    const native = benchBinary('native', program, dynamic);
    for (const binary of [guest, native]) if (!existsSync(binary)) missing(binary);
    const prefix = dynamic ? ['-L', SYSROOTS[arch]] : [];
    const size = values.quick && QUICK[program] ? [QUICK[program]] : [];
    const commands: Record<string, string[]> = { native: [native, ...size] };
    if (qemu) commands.qemu = [qemu, ...prefix, guest, ...size];
    commands.tsemu = [...tsemu, ...prefix, guest, ...size];
    rows.push({ name, results: compare(commands) });
    if (process.stderr.isTTY) process.stderr.write(`\r${name.padEnd(20)}`);
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
  'qemu s',
  'native s',
  'tsemu/qemu',
  'tsemu/native',
  'qemu/native',
  'tsemu MiB',
  'qemu MiB',
  'native MiB',
];
const lines = rows.map(({ name, results: { tsemu, qemu, native } }) => [
  name,
  ...[tsemu, qemu, native].map(seconds),
  shown(ratio(tsemu, qemu)),
  shown(ratio(tsemu, native)),
  shown(ratio(qemu, native)),
  ...[tsemu, qemu, native].map(mebibytes),
]);
/** Start-up alone says nothing of translated code, so it is not in the mean. */
const kernels = rows.filter(({ name }) => !name.startsWith('hello') && name !== 'node -e 0');
const mean = (a: string, b: string) => {
  const all = kernels.map(({ results }) => ratio(results[a], results[b])).filter((value) => !Number.isNaN(value));
  return all.length > 0 ? geometricMean(all) : Number.NaN;
};
const means = {
  'tsemu/qemu': mean('tsemu', 'qemu'),
  'tsemu/native': mean('tsemu', 'native'),
  'qemu/native': mean('qemu', 'native'),
};
const meanLine = ['geometric mean', '', '', '', ...Object.values(means).map(shown), '', '', ''];
process.stdout.write(`${table([head, ...lines, ...(kernels.length > 1 ? [meanLine] : [])])}\n`);

const failures = rows.flatMap(({ name, results }) =>
  Object.entries(results).flatMap(([who, { error }]) => (error ? [`${name} under ${who}: ${error}`] : [])),
);
for (const failure of failures) process.stdout.write(`FAILED: ${failure}\n`);
if (!qemu) process.stdout.write(`qemu-${arch} not found: no comparison with it (npm run setup)\n`);
if (values.json) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  writeFileSync(
    values.json,
    `${JSON.stringify({ arch, rounds, quick: values.quick, tsemu, machine, rows, means }, null, 2)}\n`,
  );
}
process.exitCode = failures.length > 0 ? 1 : 0;
