/**
 * Compiles the guest programs of test-binaries/ with Debian's cross compilers, and the same sources for the host.
 *
 *     node scripts/build-test-binaries.ts [--arch riscv64]… [--only NAME]… [--quick] [--bench] [--stress] [--prebuilt]
 *                                         [--force] [-v]
 *
 * Makes in build/test-binaries, for riscv64, aarch64 and arm unless told otherwise:
 *
 *     riscv64/NAME-{O0,O2}-{static,pie,dynamic}    test-binaries/suite/*.c and suite/riscv64/*.c; `pie` is static-pie
 *     riscv64/bench/NAME, NAME-dynamic             test-binaries/bench/*.c and *.cc, -O2
 *     riscv64/sandbox/attempts                     test-binaries/sandbox/*.c, one program of all
 *     riscv64/stress/NAME                          test-binaries/stress/*.c, -O2
 *     native/NAME, native/{bench,stress}/NAME      for comparison
 *
 * With --bench or --stress it makes these only; with --quick it makes what `npm test` runs (quickBuilds()). With --prebuilt it
 * rebuilds the small freestanding programs that are kept in the repository, from test-binaries/prebuilt/src. A program is
 * built again only if its compiler, options or sources changed (a hash of them is kept beside it).
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const root: string = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'test-binaries');
export const output: string = join(root, 'build/test-binaries');

interface Toolchain {
  gcc: string;
  /** Options of every program. */
  flags: readonly string[];
  libraries?: readonly string[];
}
/** Compilers by what `--arch` calls them; `native` is the host. */
export const TOOLCHAINS: Record<string, Toolchain> = {
  native: { gcc: 'gcc', flags: [] },
  // gcc 12 leaves atomics of one and two bytes to libatomic.
  riscv64: { gcc: 'riscv64-linux-gnu-gcc', flags: ['-march=rv64gc', '-mabi=lp64d'], libraries: ['-latomic'] },
  aarch64: { gcc: 'aarch64-linux-gnu-gcc', flags: [] },
  // As Debian builds its programs, so that files and times are what they are elsewhere.
  arm: { gcc: 'arm-linux-gnueabihf-gcc', flags: ['-D_FILE_OFFSET_BITS=64', '-D_TIME_BITS=64'] },
};

/** Programs of the suite that need integers of 128 bits, or longs of 64, as the calls of checks-*.c have in their registers. */
const WIDE_ONLY = /^(faults|integer|muldiv|checks-.*)$/;

/** How suite programs are linked. `pie` means static-pie, whose options staticPie() knows. */
const LINK_FLAGS: Record<string, readonly string[]> = {
  static: ['-static', '-no-pie'],
  pie: [],
  dynamic: ['-pie', '-fPIE'],
};
export const LINKS: readonly string[] = Object.keys(LINK_FLAGS);
export const LEVELS = ['O0', 'O2'] as const;

export interface Build {
  level: (typeof LEVELS)[number];
  link: string;
}
const ALL_BUILDS: readonly Build[] = LEVELS.flatMap((level) => LINKS.map((link) => ({ level, link })));
/** Architectures of which `npm test` runs only those builds of the suite that differ most, for the time that it takes. */
const PARTLY_TESTED: readonly string[] = ['aarch64', 'arm'];
const FEW_BUILDS: readonly Build[] = [
  { level: 'O2', link: 'static' },
  { level: 'O0', link: 'dynamic' },
];
/** Builds of the suite that `npm test` runs. */
export function quickBuilds(arch: string): readonly Build[] {
  return PARTLY_TESTED.includes(arch) ? FEW_BUILDS : ALL_BUILDS;
}

/**
 * Floating point is not contracted, so that every architecture computes the same; char is signed everywhere;
 * `-frounding-math` and no builtins for what is under test keep the compiler from computing at its own desk.
 */
const SUITE_FLAGS = [
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  // The programs do on purpose what these warn of.
  ...[
    'unused-result',
    'format-truncation',
    'stringop-overflow',
    'stringop-overread',
    'type-limits',
    'infinite-recursion',
  ].map((name) => `-Wno-${name}`),
  '-g0',
  '-fsigned-char',
  '-ffp-contract=off',
  '-frounding-math',
  '-fno-builtin',
  '-fno-strict-aliasing',
  '-fwrapv',
  '-fno-delete-null-pointer-checks',
  '-fno-optimize-sibling-calls',
  '-U_FORTIFY_SOURCE',
];
const BENCH_FLAGS = ['-Wall', '-Wextra', '-O2', '-g0'];
const FREESTANDING_FLAGS = [
  '-Os',
  '-static',
  '-nostdlib',
  '-nostartfiles',
  '-ffreestanding',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-fno-pic',
  '-no-pie',
  '-march=rv64gc',
  '-mno-relax',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
  '-Wl,-z,norelro',
  '-s',
  '-Wall',
  '-Wextra',
];

interface Job {
  target: string;
  source: string;
  command: readonly string[];
}

/** C, C++ (of the benchmark only) and assembly. */
const SOURCE = /\.(c|cc|S)$/;

function sourceFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => SOURCE.test(name))
    .sort()
    .map((name) => join(directory, name));
}
function programName(file: string): string {
  return basename(file).replace(SOURCE, '');
}

/** Names of the suite's programs that run everywhere, and of those written for one architecture. */
export function suitePrograms(arch: string): { portable: string[]; own: string[] } {
  return {
    portable: sourceFiles(join(sources, 'suite')).map(programName),
    own: sourceFiles(join(sources, 'suite', arch)).map(programName),
  };
}
export function benchPrograms(): string[] {
  return sourceFiles(join(sources, 'bench')).map(programName);
}
export function stressPrograms(): string[] {
  return sourceFiles(join(sources, 'stress')).map(programName);
}
export const prebuiltDirectory: string = join(sources, 'prebuilt');

/** Path of a built suite program. */
export function suiteBinary(arch: string, name: string, level = 'O2', link = 'static'): string {
  return arch === 'native' ? join(output, 'native', name) : join(output, arch, `${name}-${level}-${link}`);
}
export function benchBinary(arch: string, name: string, dynamic = false): string {
  return join(output, arch, 'bench', dynamic ? `${name}-dynamic` : name);
}
export function sandboxBinary(arch: string): string {
  return join(output, arch, 'sandbox', 'attempts');
}
export const sandboxSources = (): string[] => sourceFiles(join(sources, 'sandbox'));
export function stressBinary(arch: string, name: string): string {
  return join(output, arch, 'stress', name);
}

function ask(gcc: string, file: string): string {
  return spawnSync(gcc, [`-print-file-name=${file}`], { encoding: 'utf8' }).stdout.trim();
}

/**
 * Options around the source that link it as static-pie. A C library without rcrt1.o gets our own start file, and the
 * linker is told directly, since such a compiler does not know what -static-pie means.
 */
function staticPie(arch: string): { before: string[]; after: string[] } {
  const { gcc, flags } = TOOLCHAINS[arch];
  if (ask(gcc, 'rcrt1.o') !== 'rcrt1.o') return { before: ['-static-pie', '-fPIE'], after: [] };
  const source = join(sources, 'support', `rcrt1-${arch}.c`);
  if (!existsSync(source)) throw new Error(`${gcc} cannot link static-pie programs, and there is no ${source}`);
  const object = join(output, '.support', `rcrt1-${arch}.o`);
  mkdirSync(dirname(object), { recursive: true });
  const options = ['-O2', '-fPIE', '-fno-stack-protector', '-Wall', '-Wextra', '-c', source, '-o', object];
  const result = spawnSync(gcc, [...flags, ...options], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${source}: ${result.stderr}`);
  return {
    before: [
      '-fPIE',
      '-static',
      '-nostartfiles',
      '-Wl,-pie,--no-dynamic-linker',
      object,
      ask(gcc, 'crti.o'),
      ask(gcc, 'crtbeginS.o'),
    ],
    after: [ask(gcc, 'crtendS.o'), ask(gcc, 'crtn.o')],
  };
}

function suiteJobs(arch: string, builds: readonly Build[]): Job[] {
  const { gcc, flags, libraries = [] } = TOOLCHAINS[arch];
  const hasPie = arch !== 'native' && builds.some(({ link }) => link === 'pie');
  const pie = hasPie ? staticPie(arch) : undefined;
  const job = (source: string, level: string, link: string): Job => {
    const target = suiteBinary(arch, programName(source), level, link);
    const { before, after } = link === 'pie' && pie ? pie : { before: LINK_FLAGS[link], after: [] };
    const options = [...flags, ...SUITE_FLAGS, `-${level}`];
    const tail = ['-Wl,--build-id=none', '-lm', '-lrt', ...libraries, ...after];
    return { target, source, command: [gcc, ...options, ...before, source, '-o', target, ...tail] };
  };
  const portable = sourceFiles(join(sources, 'suite'));
  if (arch === 'native') return portable.map((source) => job(source, 'O2', 'dynamic'));
  const own = sourceFiles(join(sources, 'suite', arch));
  const all = [...portable, ...own].filter((source) => arch !== 'arm' || !WIDE_ONLY.test(programName(source)));
  return all.flatMap((source) => builds.map(({ level, link }) => job(source, level, link)));
}

function benchJobs(arch: string): Job[] {
  const { gcc, flags } = TOOLCHAINS[arch];
  const job = (source: string, dynamic: boolean): Job => {
    const target = benchBinary(arch, programName(source), dynamic);
    const link = dynamic ? ['-pie', '-fPIE'] : ['-static', '-no-pie'];
    const compiler = source.endsWith('.cc') ? gcc.replace(/gcc$/, 'g++') : gcc;
    const standard = source.endsWith('.cc') ? '-std=gnu++17' : '-std=gnu11';
    const options = [...flags, standard, ...BENCH_FLAGS, ...link];
    return { target, source, command: [compiler, ...options, source, '-o', target, '-lm'] };
  };
  const files = sourceFiles(join(sources, 'bench'));
  return files.flatMap((source) =>
    programName(source) === 'hello' ? [job(source, false), job(source, true)] : [job(source, false)],
  );
}

function stressJobs(arch: string): Job[] {
  const { gcc, flags, libraries = [] } = TOOLCHAINS[arch];
  return sourceFiles(join(sources, 'stress')).map((source) => {
    const target = stressBinary(arch, programName(source));
    const options = [...flags, '-std=gnu11', ...BENCH_FLAGS, '-pthread', '-static', '-no-pie'];
    return { target, source, command: [gcc, ...options, source, '-o', target, ...libraries] };
  });
}

/** The sandbox's own. */
function sandboxJobs(arch: string): Job[] {
  if (arch === 'native') return [];
  const { gcc, flags, libraries = [] } = TOOLCHAINS[arch];
  const [target, options] = [
    sandboxBinary(arch),
    [...flags, '-std=gnu11', ...BENCH_FLAGS, '-pthread', '-static', '-no-pie'],
  ];
  const files = sandboxSources();
  return [{ target, source: files[0], command: [gcc, ...options, ...files, '-o', target, ...libraries] }];
}

/** The freestanding programs, into `directory` (the one in the repository unless a test compares). */
export function prebuiltJobs(directory: string = join(prebuiltDirectory, 'riscv64')): Job[] {
  return sourceFiles(join(prebuiltDirectory, 'src')).map((source) => {
    const target = join(directory, programName(source));
    return { target, source, command: [TOOLCHAINS.riscv64.gcc, ...FREESTANDING_FLAGS, source, '-o', target] };
  });
}

const versions = new Map<string, string>();
function compilerVersion(gcc: string): string {
  let version = versions.get(gcc);
  if (version === undefined) {
    const result = spawnSync(gcc, ['--version'], { encoding: 'utf8' });
    if (result.error) throw new Error(`${gcc} not found; run scripts/setup.sh`);
    version = result.stdout.split('\n')[0];
    versions.set(gcc, version);
  }
  return version;
}

/** Everything that the result depends on. */
function hashOf(job: Job): string {
  const directory = dirname(job.source);
  const headers = [directory, join(directory, '..')].flatMap((d) =>
    readdirSync(d)
      .filter((f) => f.endsWith('.h'))
      .map((f) => join(d, f)),
  );
  const hash = createHash('sha256').update(compilerVersion(job.command[0]));
  for (const word of job.command) hash.update(`\0${word.replace(root, '')}`);
  for (const file of [...job.command.filter((word) => SOURCE.test(word)), ...headers]) hash.update(readFileSync(file));
  return hash.digest('hex');
}

export interface BuildResult {
  built: number;
  total: number;
  failures: string[];
}

/** Runs the jobs whose inputs changed, `parallel` at a time. */
export async function runJobs(
  jobs: readonly Job[],
  parallel: number,
  force = false,
  verbose = false,
): Promise<BuildResult> {
  const failures: string[] = [];
  let built = 0;
  const queue = jobs.filter((job) => {
    const stamp = `${join(output, '.hashes', job.target.replace(/[^A-Za-z0-9.-]+/g, '_'))}`;
    return force || !existsSync(job.target) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== hashOf(job);
  });
  mkdirSync(join(output, '.hashes'), { recursive: true });
  const next = queue[Symbol.iterator]();
  const worker = async () => {
    for (const job of next) {
      mkdirSync(dirname(job.target), { recursive: true });
      rmSync(job.target, { force: true });
      if (verbose) process.stderr.write(`${job.command.join(' ')}\n`);
      const { status, text } = await new Promise<{ status: number | null; text: string }>((resolve) => {
        let text = '';
        const child = spawn(job.command[0], job.command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
        child.stdout.on('data', (data) => (text += data));
        child.stderr.on('data', (data) => (text += data));
        child.on('error', (error) => resolve({ status: -1, text: error.message }));
        child.on('close', (status) => resolve({ status, text }));
      });
      if (text.trim()) process.stderr.write(text);
      if (status !== 0) {
        failures.push(job.target);
        continue;
      }
      built++;
      writeFileSync(join(output, '.hashes', job.target.replace(/[^A-Za-z0-9.-]+/g, '_')), hashOf(job));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return { built, total: jobs.length, failures };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true, default: ['riscv64', 'aarch64', 'arm'] },
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      bench: { type: 'boolean' },
      stress: { type: 'boolean' },
      prebuilt: { type: 'boolean' },
      force: { type: 'boolean' },
      verbose: { type: 'boolean', short: 'v' },
    },
  });
  const archs = [...new Set([...values.arch, 'native'])];
  for (const arch of archs) if (!TOOLCHAINS[arch]) throw new Error(`unknown architecture ${arch}`);
  const isPart = (arch: string): boolean => values.quick === true && PARTLY_TESTED.includes(arch);
  let jobs: Job[];
  if (values.prebuilt) jobs = prebuiltJobs();
  else if (values.bench) jobs = archs.flatMap(benchJobs);
  else if (values.stress) jobs = archs.flatMap(stressJobs);
  else {
    jobs = archs.flatMap((arch) =>
      isPart(arch)
        ? [...suiteJobs(arch, FEW_BUILDS), ...sandboxJobs(arch)]
        : [...suiteJobs(arch, ALL_BUILDS), ...benchJobs(arch), ...stressJobs(arch), ...sandboxJobs(arch)],
    );
  }
  if (values.only) jobs = jobs.filter((job) => values.only?.includes(programName(job.source)));
  const result = await runJobs(jobs, Math.max(2, availableParallelism()), values.force, values.verbose);
  if (result.built > 0) process.stderr.write(`test-binaries: built ${result.built} of ${result.total}\n`);
  if (result.failures.length > 0) {
    process.stderr.write(`test-binaries: failed: ${result.failures.join(' ')}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
