/** What the emulator logs to, and its threads' names. */
import { openSync, readlinkSync, writeSync } from 'node:fs';

/**
 * Opens what is logged to: a file, or for '' a second descriptor of stderr, so that a guest that closes or redirects
 * its own does not take the log with it. To be called before the descriptors kept for the guest are freed.
 * Throws if the file cannot be opened.
 */
export function openLog(path: string): number {
  if (path !== '') return openSync(path, 'w');
  try {
    return openSync('/proc/self/fd/2', 'a');
  } catch {
    // A socket, for instance, cannot be opened by name.
    return 2;
  }
}

/** The host's ID of the calling thread; without /proc, that of the process. */
export function threadId(): number {
  try {
    const link = readlinkSync('/proc/thread-self');
    return Number(link.slice(link.lastIndexOf('/') + 1));
  } catch {
    return process.pid;
  }
}

/** Writes latin1 text. What cannot be written (a full disk, a closed pipe) is dropped: a log must not change the run. */
export function writeLog(fd: number, text: string): void {
  const data = Buffer.from(text, 'latin1');
  for (let at = 0; at < data.length; ) {
    try {
      at += writeSync(fd, data, at);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') return;
    }
  }
}
