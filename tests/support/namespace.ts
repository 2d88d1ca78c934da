/** Scripts in a user namespace of their own, with a binfmt_misc of their own (Linux 6.7): nothing is left on the machine. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Outcome, testEnvironment } from './run.ts';

/**
 * Runs a script of bash as root of the namespace, in a mount namespace too. It has all of this user's IDs if this user
 * is root.
 *
 * @param env added to the environment of tests
 */
export function inNamespace(script: string, env: Record<string, string> = {}): Promise<Outcome> {
  const MOUNT = 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc';
  const mapped = process.getuid?.() === 0;
  const unshare = mapped ? ['-Um'] : ['-Urm'];
  // Who has written its maps has the IDs.
  const text = `read go || exit 99; ${MOUNT} || exit 98; ${script}`;
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...unshare, 'bash', '--norc', '-c', text], {
      env: testEnvironment(env),
      stdio: 'pipe',
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ stdout, stderr, status: code ?? signal ?? '' }));
    // bash is there when it has a namespace of its own.
    const namespace = () => spawnSync('readlink', [`/proc/${child.pid}/ns/user`], { encoding: 'utf8' }).stdout;
    const ours = spawnSync('readlink', ['/proc/self/ns/user'], { encoding: 'utf8' }).stdout;
    const wait = setInterval(() => {
      if (child.exitCode === null && namespace() === ours) return;
      clearInterval(wait);
      if (mapped && child.exitCode === null) {
        for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 65536\n');
      }
      child.stdin.end('go\n');
    }, 10);
  });
}

/** Why that cannot be tried here; undefined if it can. */
export async function obstacle(): Promise<string | undefined> {
  const { status, stderr } = await inNamespace('true');
  return status === 0 ? undefined : `no binfmt_misc of our own (user namespaces, Linux 6.7): ${stderr.trim()}`;
}
