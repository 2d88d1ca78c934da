/**
 * Runs damaged ELF files with the built command: each must run (and end however its code makes it) or be refused with
 * a message; the emulator itself must neither fail nor leave the program hanging in it.
 *
 *     node scripts/fuzz-command.ts [COUNT [SEED]]
 *
 * One file in ten is run by a command of its own. The others are executed by a program in the emulator
 * (test-binaries/support/run-each.c), for that takes a tenth of the time.
 *
 * The originals are the prebuilt programs of test-binaries and static programs of the C suite. Most files have damage in
 * instructions that the original executes and in its data, so that they run, and go wrong somewhere on their way; the
 * others have damage in the headers, or are cut off. A program that does not end by itself dies of a signal. Since a damaged program may ask the kernel for anything, it runs as
 * nobody when this is run by root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { damaged, generator, type Random } from './fuzz-loader.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Of the emulator, which is to say only why it cannot start a program. */
const env = { ...process.env, TSEMU_QUIET: '1' };

const COMMAND = process.env.TSEMU_RISCV64 ?? join(root, 'dist/tsemu-riscv64');
const PREBUILT = ['hello', 'echo-args', 'exit-code'].map((name) => join(root, 'test-binaries/prebuilt/riscv64', name));
/** None that catches the signals that stop a program. */
const SUITE = ['hello', 'malloc', 'sort', 'strings'].map((name) =>
  join(root, `build/test-binaries/riscv64/${name}-O2-static`),
);
const RUN_EACH = join(root, 'test-binaries/support/run-each.c');
const COMPILER = 'riscv64-linux-gnu-gcc';
/** Seconds of processor time for the program, of wall time until it is asked to end, and until the emulator counts as hanging. */
const [CPU_LIMIT, WALL_LIMIT, HANGS] = [1, 10, 300];
/** One file in so many is run by a command of its own. */
const OWN_COMMAND = 10;
/** Files that one run-each executes: then another one, with other options. */
const EACH = 500;
/** Exit status for an error in the emulator; Node and V8 print one of the others and die. */
const INTERNAL_ERROR = 70;
const ABORTED = /error in the emulator|Fatal error in|FATAL ERROR|Native stack trace|node:internal|RuntimeError/;
const NOBODY = 65534;

/** How code is executed: mostly as it comes, sometimes by one tier alone. */
const MODES = [
  ['-tier', 'cold'],
  ['-threshold', '1'],
  ['-threshold', '20'],
  ['-backend', 'js', '-threshold', '20'],
];

const PT_LOAD = 1;
const PF_W = 2;

/** A program, with the offsets in its file of what is worth damaging. */
interface Original {
  bytes: Uint8Array;
  /** Instructions that it executes. */
  executed: number[];
  /** [start, end) of the segments that it may write to. */
  data: [number, number][];
}

function readOriginal(file: string, log: string): Original {
  const bytes = readFileSync(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first, size, count] = [
    Number(view.getBigUint64(32, true)),
    view.getUint16(54, true),
    view.getUint16(56, true),
  ];
  const segments = Array.from({ length: count }, (_, i) => {
    const at = first + i * size;
    const word = (offset: number): number => Number(view.getBigUint64(at + offset, true));
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: word(8),
      vaddr: word(16),
      filesz: word(32),
    };
  }).filter(({ type }) => type === PT_LOAD);
  execFileSync(COMMAND, ['-tier', 'cold', '-d', 'in_asm', '-D', log, file], { stdio: 'ignore' });
  const executed: number[] = [];
  for (const [, address] of readFileSync(log, 'latin1').matchAll(/^0x([0-9a-f]+):/gm)) {
    const pc = Number.parseInt(address, 16);
    const segment = segments.find(({ vaddr, filesz }) => pc >= vaddr && pc < vaddr + filesz);
    if (segment !== undefined) executed.push(pc - segment.vaddr + segment.offset);
  }
  const data = segments
    .filter(({ flags, filesz }) => (flags & PF_W) !== 0 && filesz > 0)
    .map(({ offset, filesz }): [number, number] => [offset, offset + filesz]);
  return { bytes, executed, data };
}

/** A copy with damage in code that is executed, in data, or both. */
function derailed({ bytes: original, executed, data }: Original, random: Random): Uint8Array {
  const bytes = new Uint8Array(original);
  const view = new DataView(bytes.buffer);
  for (let count = 1 + random(3); count > 0; count--) {
    const at = executed[random(executed.length)];
    switch (random(data.length === 0 ? 5 : 7)) {
      case 0:
        // Often another register, another immediate, or another instruction of the kind.
        bytes[at + random(4)] ^= 1 << random(8);
        break;
      case 1:
        view.setUint16(at, random(0x10000), true);
        break;
      case 2:
        // Four bytes long by its low bits; anything else by the others.
        view.setUint32(at, random(2 ** 32) | 3, true);
        break;
      case 3: {
        // An instruction from elsewhere.
        const from = executed[random(executed.length)];
        bytes.copyWithin(at, from, from + 4);
        break;
      }
      case 4:
        bytes.fill(0, at, at + 2 + 2 * random(8));
        break;
      default: {
        const [start, end] = data[random(data.length)];
        const place = start + random(end - start);
        if (random(2) === 0) bytes[place] ^= 1 << random(8);
        else bytes.fill(random(256), place, Math.min(end, place + 1 + random(16)));
      }
    }
  }
  return bytes;
}

interface Outcome {
  /** The exit status, or the signal's name or number. */
  ending: string;
  /** execve's errno. */
  refused: boolean;
  stderr: string;
  hung: boolean;
}

const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** Collects what a process writes to stderr. */
function collect(child: ChildProcess): { stderr: string } {
  const collected = { stderr: '' };
  child.stderr?.setEncoding('latin1').on('data', (text: string) => {
    if (collected.stderr.length < 10_000) collected.stderr += text;
  });
  return collected;
}

function runCommand(options: readonly string[], file: string, cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const script = `ulimit -t ${CPU_LIMIT}; ulimit -c 0; ulimit -f 2000; exec "$@"`;
    const args = ['-c', script, 'sh', COMMAND, ...options, file];
    const child = spawn('sh', args, { stdio: ['ignore', 'ignore', 'pipe'], cwd, env, ...user });
    const collected = collect(child);
    let hung = false;
    const timers = [
      // A program may wait for what never comes; the emulator must let it die then.
      setTimeout(() => child.kill('SIGTERM'), WALL_LIMIT * 1000),
      setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, HANGS * 1000),
    ];
    child.on('close', (status, signal) => {
      for (const timer of timers) clearTimeout(timer);
      const { stderr } = collected;
      const silent = (status === 126 || status === 127) && stderr === '';
      const refused = stderr.startsWith(`tsemu-riscv64: ${file}`);
      resolve({ ending: silent ? 'silence' : (signal ?? `exit ${status}`), refused, stderr, hung });
    });
  });
}

/** A run-each in the emulator. */
class RunEach {
  private readonly child: ChildProcess;
  private readonly collected: { stderr: string };
  private answer: (line: string) => void = () => {};
  readonly options: readonly string[];
  private left = EACH;

  constructor(program: string, options: readonly string[], cwd: string) {
    this.options = options;
    this.child = spawn(COMMAND, [...options, program], { stdio: 'pipe', cwd, env, ...user });
    this.collected = collect(this.child);
    this.child.stdout?.setEncoding('latin1').on('data', (text: string) => this.answer(text));
    this.child.on('close', (status, signal) => this.answer(`end ${signal ?? status}`));
  }

  get isUsedUp(): boolean {
    return this.left <= 0;
  }

  end(): void {
    this.child.stdin?.end();
  }

  run(file: string): Promise<Outcome> {
    this.left--;
    this.collected.stderr = '';
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        resolve({ ending: 'SIGKILL', refused: false, stderr: this.collected.stderr, hung: true });
      }, HANGS * 1000);
      this.answer = (line) => {
        clearTimeout(timer);
        const { stderr } = this.collected;
        const [, status, number] = /^(\d+) (\d+)\n$/.exec(line) ?? [];
        const signo = Number(status) & 0x7f;
        const ending = signo === 0 ? `exit ${Number(status) >> 8}` : (SIGNALS.get(signo) ?? `signal ${signo}`);
        if (status === undefined) resolve({ ending: `run-each: ${line}`, refused: false, stderr, hung: false });
        else resolve({ ending, refused: number !== '0', stderr, hung: false });
      };
      this.child.stdin?.write(`${file}\n`);
    });
  }
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, signo]) => [signo, name]));

/** How many files ended in each way: `refused`, `exit 0`, `SIGSEGV`, … */
export type Endings = Map<string, number>;

/** Whether an outcome is the emulator's failure. No program of ours exits with 70 or writes what V8 does, however damaged. */
const isFailure = ({ ending, stderr, hung }: Outcome): boolean =>
  hung ||
  ending === 'silence' ||
  ending.startsWith('run-each') ||
  ending === `exit ${INTERNAL_ERROR}` ||
  ABORTED.test(stderr);

export async function fuzzCommand(count: number, seed: number): Promise<Endings> {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-fuzz-command-'));
  chmodSync(directory, 0o755);
  const runEach = join(directory, 'run-each');
  execFileSync(COMPILER, ['-O2', '-static', '-o', runEach, RUN_EACH]);
  const files = [...PREBUILT, ...SUITE.filter((file) => existsSync(file))];
  const originals = files.map((file) => readOriginal(file, join(directory, `${basename(file)}.log`)));
  const random = generator(seed);
  const endings: Endings = new Map();
  let next = 0;
  const worker = async (id: number): Promise<void> => {
    const file = join(directory, `program${id}`);
    const someMode = () => (random(4) === 0 ? MODES[random(MODES.length)] : []);
    let each = new RunEach(runEach, [], directory);
    while (next < count) {
      const number = next++;
      const original = originals[random(originals.length)];
      const bytes = random(4) === 0 ? damaged(original.bytes, random) : derailed(original, random);
      rmSync(file, { force: true });
      writeFileSync(file, bytes, { mode: 0o755 });
      if (each.isUsedUp) {
        each.end();
        each = new RunEach(runEach, someMode(), directory);
      }
      const own = number % OWN_COMMAND === 0;
      const options = own ? someMode() : each.options;
      const outcome = await (own ? runCommand(options, file, directory) : each.run(file));
      if (isFailure(outcome)) {
        const kept = join(tmpdir(), `tsemu-fuzz-command-${seed}-${number}`);
        writeFileSync(kept, bytes, { mode: 0o755 });
        each.end();
        const how = outcome.hung ? 'hangs' : `ends with ${outcome.ending}`;
        throw new Error(`file ${number} of seed ${seed} ${how}: ${[...options, kept].join(' ')}\n${outcome.stderr}`);
      }
      const ending = outcome.refused ? 'refused' : outcome.ending;
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
      if ((number + 1) % 1000 === 0) console.log(`${number + 1} files`);
    }
    each.end();
  };
  try {
    await Promise.all([0, 1].map(worker));
    return endings;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [count = '20000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  console.log(`seed ${seed}`);
  const endings = await fuzzCommand(Number(count), Number(seed));
  const text = [...endings].sort((a, b) => b[1] - a[1]).map(([ending, times]) => `${times} ${ending}`);
  console.log(`${count} files: ${text.join(', ')}`);
}
