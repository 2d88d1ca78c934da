/**
 * Runs damaged ELF files with the built command: each must run (and end however its code makes it) or be refused with
 * a message; the emulator itself must neither fail nor leave the program hanging in it.
 *
 *     node scripts/fuzz-command.ts [COUNT [SEED]]
 *
 * The originals are the prebuilt programs of test-binaries and a static program of the C suite. A program whose damaged
 * code runs for ever is stopped by a limit on processor time: that it dies of, like natively.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { damaged, generator } from './fuzz-loader.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const COMMAND = process.env.TSEMU_RISCV64 ?? join(root, 'dist/tsemu-riscv64');
const PREBUILT = ['hello', 'echo-args', 'exit-code'].map((name) => join(root, 'test-binaries/prebuilt/riscv64', name));
const SUITE = join(root, 'build/test-binaries/riscv64/hello-O2-static');
/** Seconds of processor time for the program, and of wall time after which the emulator counts as hanging. */
const [CPU_LIMIT, WALL_LIMIT] = [2, 60];
/** Exit status for an error in the emulator; Node and V8 die of SIGTRAP, SIGABRT or print this. */
const INTERNAL_ERROR = 70;
const ABORTED = /error in the emulator|Fatal error in|FATAL ERROR|Native stack trace/;

interface Outcome {
  status: number | null;
  signal: string | null;
  stderr: string;
  hung: boolean;
}

function runCommand(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const script = `ulimit -t ${CPU_LIMIT}; ulimit -c 0; exec "$0" "$1"`;
    const child = spawn('sh', ['-c', script, COMMAND, file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    let hung = false;
    child.stderr.setEncoding('latin1').on('data', (text) => {
      if (stderr.length < 10_000) stderr += text;
    });
    const timer = setTimeout(() => {
      hung = true;
      child.kill('SIGKILL');
    }, WALL_LIMIT * 1000);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stderr, hung });
    });
  });
}

export async function fuzzCommand(count: number, seed: number): Promise<{ ran: number; refused: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'tsemu-fuzz-command-'));
  const originals = [...PREBUILT, ...(existsSync(SUITE) ? [SUITE] : [])].map((file) => readFileSync(file));
  const random = generator(seed);
  const result = { ran: 0, refused: 0 };
  let next = 0;
  const worker = async (id: number): Promise<void> => {
    const file = join(directory, `program${id}`);
    while (next < count) {
      const number = next++;
      const bytes = damaged(originals[random(originals.length)], random);
      rmSync(file, { force: true });
      writeFileSync(file, bytes, { mode: 0o755 });
      const { status, signal, stderr, hung } = await runCommand(file);
      const refused = stderr.startsWith(`tsemu-riscv64: ${file}`);
      const silent = (status === 126 || status === 127) && stderr === '';
      if (hung || silent || status === INTERNAL_ERROR || ABORTED.test(stderr)) {
        const kept = join(tmpdir(), `tsemu-fuzz-command-${seed}-${number}`);
        writeFileSync(kept, bytes, { mode: 0o755 });
        const how = hung ? 'hangs' : `ends with ${status ?? signal}`;
        throw new Error(`file ${number} of seed ${seed} ${how}; kept as ${kept}\n${stderr}`);
      }
      result[refused ? 'refused' : 'ran']++;
      if ((number + 1) % 1000 === 0) console.log(`${number + 1} files`);
    }
  };
  try {
    await Promise.all([0, 1].map(worker));
    return result;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [count = '20000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
  console.log(`seed ${seed}`);
  const { ran, refused } = await fuzzCommand(Number(count), Number(seed));
  console.log(`${count} files: ${ran} ran, ${refused} refused`);
}
