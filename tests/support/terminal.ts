/**
 * A command in a terminal of its own, typed into and read as a person would: script(1) makes the terminal.
 *
 *     const terminal = new Terminal(['bash', '-i']);
 *     await terminal.type('sleep 100\n', /sleep 100\r\n/);   // waits until that has been written
 *     await terminal.type('\x1a', /Stopped/);
 */
import { type ChildProcess, spawn } from 'node:child_process';

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export class Terminal {
  private readonly child: ChildProcess;
  private seen = '';
  private look = () => {};
  private readonly ended: Promise<number | null>;

  constructor(command: readonly string[], env: Record<string, string>) {
    const script = ['-q', '-e', '-c', `exec ${command.map(quote).join(' ')}`, '/dev/null'];
    this.child = spawn('script', script, { env: { ...env, SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout!.setEncoding('latin1').on('data', (text: string) => {
      this.seen += text;
      this.look();
    });
    this.ended = new Promise((resolve) => {
      this.child.on('close', resolve);
    });
  }

  /** Types, and waits until `wanted` has come; what was written up to its end, which is not looked at again. */
  async type(keys: string, wanted: RegExp, patience = 30_000): Promise<string> {
    this.child.stdin!.write(keys);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.close();
        reject(new Error(`after ${JSON.stringify(keys)} no ${wanted} in ${JSON.stringify(this.seen)}`));
      }, patience);
      this.look = () => {
        if (!wanted.test(this.seen)) return;
        clearTimeout(timer);
        resolve();
      };
      this.look();
    });
    const found = wanted.exec(this.seen)!;
    const end = found.index + found[0].length;
    const text = this.seen.slice(0, end);
    this.seen = this.seen.slice(end);
    return text;
  }

  /** The exit status of the command, when it has ended. */
  status(): Promise<number | null> {
    return this.ended;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }
}
