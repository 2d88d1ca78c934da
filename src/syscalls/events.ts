/** Descriptors that stand for events: eventfd(2), timerfd(2), signalfd(2), inotify(7). */
import { choice, dirfd, type FlagTable, fd, flags, hex, hexLong, int, long, pointer, size, uint } from './codec.ts';
import { O_CLOEXEC, openFlags } from './files-flags.ts';
import { pathAt } from './paths.ts';
import { note, type Row, refused, syscall } from './row.ts';
import { inSigset } from './sigset.ts';
import { inStruct, outStruct } from './struct.ts';
import { ITIMERSPEC } from './structs.ts';

const O_NONBLOCK = 0o4000;
const FAN_MARK_DONT_FOLLOW = 4;

const CLOCKS: FlagTable = {
  CLOCK_REALTIME: 0,
  CLOCK_MONOTONIC: 1,
  CLOCK_BOOTTIME: 7,
  CLOCK_REALTIME_ALARM: 8,
  CLOCK_BOOTTIME_ALARM: 9,
};
const TIMER_FLAGS: FlagTable = { TFD_TIMER_ABSTIME: 1, TFD_TIMER_CANCEL_ON_SET: 2 };

const INOTIFY_MASK: FlagTable = {
  IN_ALL_EVENTS: 0xfff,
  IN_ACCESS: 1,
  IN_MODIFY: 2,
  IN_ATTRIB: 4,
  IN_CLOSE_WRITE: 8,
  IN_CLOSE_NOWRITE: 0x10,
  IN_OPEN: 0x20,
  IN_MOVED_FROM: 0x40,
  IN_MOVED_TO: 0x80,
  IN_CREATE: 0x100,
  IN_DELETE: 0x200,
  IN_DELETE_SELF: 0x400,
  IN_MOVE_SELF: 0x800,
  IN_ONLYDIR: 0x1000000,
  IN_DONT_FOLLOW: 0x2000000,
  IN_EXCL_UNLINK: 0x4000000,
  IN_MASK_CREATE: 0x10000000,
  IN_MASK_ADD: 0x20000000,
  IN_ISDIR: 0x40000000,
  IN_ONESHOT: 0x80000000,
};

export const eventRows = (): Row[] => [
  syscall('eventfd2', {
    initval: uint,
    flags: flags({ EFD_SEMAPHORE: 1, EFD_CLOEXEC: O_CLOEXEC, EFD_NONBLOCK: O_NONBLOCK }),
  }),
  syscall('timerfd_create', {
    clockid: choice(CLOCKS),
    flags: flags({ TFD_CLOEXEC: O_CLOEXEC, TFD_NONBLOCK: O_NONBLOCK }),
  }),
  syscall('timerfd_settime', {
    fd,
    flags: flags(TIMER_FLAGS),
    new_value: inStruct(ITIMERSPEC),
    old_value: outStruct(ITIMERSPEC),
  }),
  syscall('timerfd_gettime', { fd, curr_value: outStruct(ITIMERSPEC) }),
  syscall(
    'signalfd4',
    {
      fd,
      mask: inSigset('sizemask'),
      sizemask: size,
      flags: flags({ SFD_CLOEXEC: O_CLOEXEC, SFD_NONBLOCK: O_NONBLOCK }),
    },
    note("the guest's signal mask is the host thread's, so the host's signalfd is right"),
  ),
  syscall('inotify_init1', { flags: flags({ IN_CLOEXEC: O_CLOEXEC, IN_NONBLOCK: O_NONBLOCK }) }),
  syscall('inotify_add_watch', {
    fd,
    pathname: pathAt(2, INOTIFY_MASK.IN_DONT_FOLLOW),
    mask: flags(INOTIFY_MASK),
  }),
  syscall('inotify_rm_watch', { fd, wd: int }),
  syscall(
    'fanotify_init',
    { flags: hex, event_f_flags: openFlags },
    note('with permission events, what tsemu opens for itself waits for the guest, too'),
  ),
  syscall('fanotify_mark', {
    fanotify_fd: fd,
    flags: hex,
    mask: hexLong,
    dirfd,
    pathname: pathAt(1, FAN_MARK_DONT_FOLLOW),
  }),
  refused('io_setup', { nr_events: uint, ctx_idp: pointer }, 'asynchronous I/O'),
  refused('io_destroy', { ctx_id: long }, 'asynchronous I/O'),
  refused('io_submit', { ctx_id: long, nr: long, iocbpp: pointer }, 'asynchronous I/O'),
  refused('io_cancel', { ctx_id: long, iocb: pointer, result: pointer }, 'asynchronous I/O'),
  refused(
    'io_getevents',
    { ctx_id: long, min_nr: long, nr: long, events: pointer, timeout: pointer },
    'asynchronous I/O',
  ),
  refused(
    'io_pgetevents',
    { ctx_id: long, min_nr: long, nr: long, events: pointer, timeout: pointer, usig: pointer },
    'asynchronous I/O',
  ),
  refused(
    'io_uring_setup',
    { entries: uint, p: pointer },
    'rings hold addresses that the host would have to translate',
  ),
  refused(
    'io_uring_enter',
    { fd, to_submit: uint, min_complete: uint, flags: hex, sig: pointer, sz: size },
    'see io_uring_setup',
  ),
  refused('io_uring_register', { fd, opcode: uint, arg: pointer, nr_args: uint }, 'see io_uring_setup'),
];
