/**
 * Why a program cannot be started, as a value: what to print, the exit status
 * that a shell gives, and the errno that execve(2) returns.
 */

/** A program that is none of this guest architecture, found where one was looked for: a script's interpreter, perhaps. */
export interface OtherProgram {
  path: string;
  argv: readonly string[];
  /** The guest architecture whose command runs it; undefined: the host does. */
  architecture: string | undefined;
}

export interface LoadError {
  error: {
    /** One line, `tsemu-riscv64: FILE: reason`. */
    message: string;
    /** 127: there is no such file. 126: there is, but it cannot be executed. */
    status: 126 | 127;
    /** Positive errno value, as execve(2) lists them. */
    errno: number;
    /** Set when a script's interpreter, or the program itself, is an ELF file of the host or of another architecture. */
    otherProgram?: OtherProgram;
  };
}

export const EPERM = 1;
export const ENOENT = 2;
export const E2BIG = 7;
export const ENOEXEC = 8;
export const EINTR = 4;
export const ENOMEM = 12;
export const EACCES = 13;
export const ENOTDIR = 20;
export const EISDIR = 21;
export const ENAMETOOLONG = 36;
export const ENOSYS = 38;
export const ELOOP = 40;
export const ELIBBAD = 80;

/** strerror(3)'s words for what opening, reading and mapping a file can give. */
const TEXT: Record<number, string> = {
  [EPERM]: 'Operation not permitted',
  [ENOENT]: 'No such file or directory',
  5: 'Input/output error',
  [E2BIG]: 'Argument list too long',
  [ENOEXEC]: 'Exec format error',
  [ENOMEM]: 'Cannot allocate memory',
  [EACCES]: 'Permission denied',
  [ENOTDIR]: 'Not a directory',
  [EISDIR]: 'Is a directory',
  22: 'Invalid argument',
  23: 'Too many open files in system',
  24: 'Too many open files',
  [ENAMETOOLONG]: 'File name too long',
  [ELOOP]: 'Too many levels of symbolic links',
};

/** strerror(3). */
export const errnoText = (errno: number): string => TEXT[errno] ?? `error ${errno}`;

/** Control characters as `\n` or `\x1b`: names come from files, and a message is one line. */
function printable(text: string): string {
  let result = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code >= 0x20 && code !== 0x7f) result += character;
    else result += character === '\n' ? '\\n' : `\\x${code.toString(16).padStart(2, '0')}`;
  }
  return result;
}

/** The error of `errno` with the given reason, by default strerror's; status 127 exactly for a missing file. */
export function loadError(command: string, file: string, errno: number, reason?: string): LoadError {
  const missing = errno === ENOENT || errno === ENOTDIR;
  const words = errnoText(errno);
  // People know these words from their shell; the reason alone would be ours.
  const text = reason === undefined ? words : errno === ENOEXEC ? `${words}: ${reason}` : reason;
  return { error: { message: printable(`${command}: ${file}: ${text}`), status: missing ? 127 : 126, errno } };
}

/** True for an error, false for what was asked for. */
export const isLoadError = (value: object): value is LoadError => 'error' in value;
