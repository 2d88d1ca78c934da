/** Errors of Node's modules as Linux errno values. */

/** errno values by the codes that libuv gives. */
const ERRNO: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EMLINK: 31,
  EPIPE: 32,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ENOTSUP: 95,
};

/** The negative errno values that the adapter itself returns. */
export const EPERM = -1;
export const ENOENT = -2;
export const ESRCH = -3;
export const EBADF = -9;
export const EAGAIN = -11;
export const ENOMEM = -12;
export const EFAULT = -14;
export const ENODEV = -19;
export const ENOTDIR = -20;
export const EISDIR = -21;
export const EINVAL = -22;
export const ENOTTY = -25;
export const ESPIPE = -29;
export const ERANGE = -34;
export const ENAMETOOLONG = -36;
export const ENOSYS = -38;
export const EOPNOTSUPP = -95;
export const ETIMEDOUT = -110;

/** Runs `action`; what a Node module throws for a system error becomes a negative errno. Other exceptions pass. */
export function errnoOr<T>(action: () => T): T | number {
  try {
    return action();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    // A code that Linux has no number for: an I/O error of some kind.
    return -(ERRNO[code] ?? ERRNO.EIO);
  }
}
