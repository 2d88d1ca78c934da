/**
 * ioctl(2). A request is passed on when we know whether its argument is a value
 * or points to memory without further pointers in it: those in the table, and
 * unknown ones whose number says that they carry less than a pointer has. Structures
 * are the same on all 64-bit ports of the generic ABI, termios included.
 */
import type { Int } from '../host/host.ts';
import { hostCall, ptr } from './call.ts';
import {
  addressText,
  type Codec,
  choiceName,
  type FlagTable,
  fd,
  Pass,
  type Printing,
  toAddress,
  toInt32,
  toUint32,
} from './codec.ts';
import { EBADF, EFAULT, ENOTTY } from './errno.ts';
import { setPointer } from './iovec.ts';
import { isOpen } from './links.ts';
import { peek } from './peek.ts';
import { reportUnimplemented } from './report.ts';
import { partial, type Row, restarts, syscall } from './row.ts';
import { deliver, fetch, stage, stagedUint64 } from './staging.ts';
import { structText } from './struct.ts';
import { WINSIZE } from './structs.ts';
import type { Task } from './task.ts';
import { flagNames, hexText, quoted } from './text.ts';

/** Requests whose argument is a pointer. asm-generic/ioctls.h, linux/{fs,tty,blkzoned,hdreg,kd,vt,random,rtc,loop,if_tun,sockios,eventpoll,timerfd}.h. */
const POINTER: FlagTable = {
  TCGETS: 0x5401,
  TCSETS: 0x5402,
  TCSETSW: 0x5403,
  TCSETSF: 0x5404,
  TCGETA: 0x5405,
  TCSETA: 0x5406,
  TCSETAW: 0x5407,
  TCSETAF: 0x5408,
  TIOCGPGRP: 0x540f,
  TIOCSPGRP: 0x5410,
  TIOCOUTQ: 0x5411,
  TIOCSTI: 0x5412,
  TIOCGWINSZ: 0x5413,
  TIOCSWINSZ: 0x5414,
  TIOCMGET: 0x5415,
  TIOCMBIS: 0x5416,
  TIOCMBIC: 0x5417,
  TIOCMSET: 0x5418,
  TIOCGSOFTCAR: 0x5419,
  TIOCSSOFTCAR: 0x541a,
  FIONREAD: 0x541b,
  TIOCGSERIAL: 0x541e,
  TIOCPKT: 0x5420,
  FIONBIO: 0x5421,
  TIOCSETD: 0x5423,
  TIOCGETD: 0x5424,
  TIOCGSID: 0x5429,
  TCGETS2: 0x802c542a,
  TCSETS2: 0x402c542b,
  TCSETSW2: 0x402c542c,
  TCSETSF2: 0x402c542d,
  TIOCGRS485: 0x542e,
  TIOCSRS485: 0x542f,
  TIOCGPTN: 0x80045430,
  TIOCSPTLCK: 0x40045431,
  TIOCGDEV: 0x80045432,
  TIOCGPKT: 0x80045438,
  TIOCGPTLCK: 0x80045439,
  TIOCGEXCL: 0x80045440,
  FIOASYNC: 0x5452,
  TIOCGLCKTRMIOS: 0x5456,
  TIOCSLCKTRMIOS: 0x5457,
  TIOCGICOUNT: 0x545d,
  FIOQSIZE: 0x5460,
  FIBMAP: 1,
  FIGETBSZ: 2,
  HDIO_GETGEO: 0x301,
  EPIOCSPARAMS: 0x40088a01,
  EPIOCGPARAMS: 0x80088a02,
  TFD_IOC_SET_TICKS: 0x40085400,
  NS_GET_OWNER_UID: 0xb704,
  FS_IOC_GETFLAGS: 0x80086601,
  FS_IOC_SETFLAGS: 0x40086602,
  FS_IOC_GETVERSION: 0x80087601,
  FS_IOC_SETVERSION: 0x40087602,
  FS_IOC_FIEMAP: 0xc020660b,
  FS_IOC_FSGETXATTR: 0x801c581f,
  FS_IOC_FSSETXATTR: 0x401c5820,
  FS_IOC_GETFSLABEL: 0x81009431,
  FS_IOC_SETFSLABEL: 0x41009432,
  FS_IOC_GETFSUUID: 0x80111500,
  FS_IOC_GET_ENCRYPTION_POLICY_EX: 0xc0096616,
  FIFREEZE: 0xc0045877,
  FITHAW: 0xc0045878,
  FITRIM: 0xc0185879,
  FICLONERANGE: 0x4020940d,
  FIDEDUPERANGE: 0xc0189436,
  BLKROGET: 0x125e,
  BLKROSET: 0x125d,
  BLKGETSIZE: 0x1260,
  BLKRAGET: 0x1263,
  BLKSECTGET: 0x1267,
  BLKSSZGET: 0x1268,
  BLKIOMIN: 0x1278,
  BLKIOOPT: 0x1279,
  BLKALIGNOFF: 0x127a,
  BLKPBSZGET: 0x127b,
  BLKDISCARD: 0x1277,
  BLKDISCARDZEROES: 0x127c,
  BLKSECDISCARD: 0x127d,
  BLKROTATIONAL: 0x127e,
  BLKZEROOUT: 0x127f,
  BLKBSZGET: 0x80081270,
  BLKBSZSET: 0x40081271,
  BLKGETSIZE64: 0x80081272,
  BLKGETDISKSEQ: 0x80081280,
  RTC_RD_TIME: 0x80247009,
  RTC_SET_TIME: 0x4024700a,
  RNDGETENTCNT: 0x80045200,
  KDGKBTYPE: 0x4b33,
  KDGKBMODE: 0x4b44,
  KDGETMODE: 0x4b3b,
  KDGETLED: 0x4b31,
  VT_OPENQRY: 0x5600,
  VT_GETMODE: 0x5601,
  VT_SETMODE: 0x5602,
  VT_GETSTATE: 0x5603,
  RNDADDTOENTCNT: 0x40045201,
  RNDADDENTROPY: 0x40085203,
  LOOP_SET_STATUS64: 0x4c04,
  LOOP_GET_STATUS64: 0x4c05,
  LOOP_CONFIGURE: 0x4c0a,
  TUNSETIFF: 0x400454ca,
  TUNGETFEATURES: 0x800454cf,
  TUNGETIFF: 0x800454d2,
  TUNGETSNDBUF: 0x800454d3,
  TUNSETSNDBUF: 0x400454d4,
  TUNGETVNETHDRSZ: 0x800454d7,
  TUNSETVNETHDRSZ: 0x400454d8,
  FIOSETOWN: 0x8901,
  SIOCSPGRP: 0x8902,
  FIOGETOWN: 0x8903,
  SIOCGPGRP: 0x8904,
  SIOCATMARK: 0x8905,
  SIOCGSTAMP_OLD: 0x8906,
  SIOCGSTAMPNS_OLD: 0x8907,
  SIOCGSTAMP_NEW: 0x80108906,
  SIOCGSTAMPNS_NEW: 0x80108907,
  SIOCGIFNAME: 0x8910,
  SIOCGIFFLAGS: 0x8913,
  SIOCSIFFLAGS: 0x8914,
  SIOCGIFADDR: 0x8915,
  SIOCSIFADDR: 0x8916,
  SIOCGIFDSTADDR: 0x8917,
  SIOCSIFDSTADDR: 0x8918,
  SIOCGIFBRDADDR: 0x8919,
  SIOCSIFBRDADDR: 0x891a,
  SIOCGIFNETMASK: 0x891b,
  SIOCSIFNETMASK: 0x891c,
  SIOCGIFMETRIC: 0x891d,
  SIOCSIFMETRIC: 0x891e,
  SIOCGIFMTU: 0x8921,
  SIOCSIFMTU: 0x8922,
  SIOCSIFNAME: 0x8923,
  SIOCSIFHWADDR: 0x8924,
  SIOCGIFHWADDR: 0x8927,
  SIOCADDMULTI: 0x8931,
  SIOCDELMULTI: 0x8932,
  SIOCGIFINDEX: 0x8933,
  SIOCSIFPFLAGS: 0x8934,
  SIOCGIFPFLAGS: 0x8935,
  SIOCGIFTXQLEN: 0x8942,
  SIOCSIFTXQLEN: 0x8943,
  SIOCGMIIPHY: 0x8947,
  SIOCGMIIREG: 0x8948,
  SIOCSMIIREG: 0x8949,
  SIOCOUTQNSD: 0x894b,
  SIOCDARP: 0x8953,
  SIOCGARP: 0x8954,
  SIOCSARP: 0x8955,
  SIOCGIFMAP: 0x8970,
};

/** Requests whose structure has a pointer in it, at that offset: struct ifconf, ifr_data of struct ifreq, rt_dev of struct rtentry. */
const WITH_POINTER: Record<string, { request: number; size: number; pointer: number }> = {
  SIOCGIFCONF: { request: 0x8912, size: 16, pointer: 8 },
  SIOCETHTOOL: { request: 0x8946, size: 40, pointer: 16 },
  SIOCADDRT: { request: 0x890b, size: 120, pointer: 88 },
  SIOCDELRT: { request: 0x890c, size: 120, pointer: 88 },
};

/** Requests whose argument is a value, or that have none. */
const VALUE: FlagTable = {
  TCSBRK: 0x5409,
  TCXONC: 0x540a,
  TCFLSH: 0x540b,
  TIOCEXCL: 0x540c,
  TIOCNXCL: 0x540d,
  TIOCSCTTY: 0x540e,
  TIOCCONS: 0x541d,
  TIOCNOTTY: 0x5422,
  TCSBRKP: 0x5425,
  TIOCSBRK: 0x5427,
  TIOCCBRK: 0x5428,
  TIOCSIG: 0x40045436,
  TIOCVHANGUP: 0x5437,
  TIOCGPTPEER: 0x5441,
  FIONCLEX: 0x5450,
  FIOCLEX: 0x5451,
  TIOCMIWAIT: 0x545c,
  FICLONE: 0x40049409,
  BLKFLSBUF: 0x1261,
  BLKRRPART: 0x125f,
  BLKRASET: 0x1262,
  KDSETMODE: 0x4b3a,
  KIOCSOUND: 0x4b2f,
  KDMKTONE: 0x4b30,
  KDSETLED: 0x4b32,
  KDSKBMODE: 0x4b45,
  VT_ACTIVATE: 0x5606,
  VT_WAITACTIVE: 0x5607,
  NS_GET_USERNS: 0xb701,
  NS_GET_PARENT: 0xb702,
  NS_GET_NSTYPE: 0xb703,
  RNDZAPENTCNT: 0x5204,
  RNDCLEARPOOL: 0x5206,
  RNDRESEEDCRNG: 0x5207,
  LOOP_SET_FD: 0x4c00,
  LOOP_CLR_FD: 0x4c01,
  LOOP_CHANGE_FD: 0x4c06,
  LOOP_SET_CAPACITY: 0x4c07,
  LOOP_SET_DIRECT_IO: 0x4c08,
  LOOP_SET_BLOCK_SIZE: 0x4c09,
  LOOP_CTL_ADD: 0x4c80,
  LOOP_CTL_REMOVE: 0x4c81,
  LOOP_CTL_GET_FREE: 0x4c82,
  TUNSETNOCSUM: 0x400454c8,
  TUNSETDEBUG: 0x400454c9,
  TUNSETPERSIST: 0x400454cb,
  TUNSETOWNER: 0x400454cc,
  TUNSETGROUP: 0x400454ce,
  TUNSETOFFLOAD: 0x400454d0,
  EVIOCRMFF: 0x40044581,
  EVIOCGRAB: 0x40044590,
  EVIOCREVOKE: 0x40044591,
  SIOCUNIXFILE: 0x89e0,
};

/** Those of them that have none. */
const NO_ARGUMENT =
  ' TIOCEXCL TIOCNXCL TIOCCONS TIOCNOTTY TIOCSBRK TIOCCBRK TIOCVHANGUP FIONCLEX FIOCLEX BLKFLSBUF BLKRRPART ' +
  'NS_GET_USERNS NS_GET_PARENT NS_GET_NSTYPE RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG LOOP_CLR_FD LOOP_SET_CAPACITY ' +
  'LOOP_CTL_GET_FREE SIOCUNIXFILE ';

/**
 * Requests of a sandboxed guest: those about terminals and descriptors that reach no further. Not, for instance, TIOCSTI,
 * which types for the user, and those that change a file for which a descriptor to read it is enough.
 */
export const ALLOWED_IN_SANDBOX: ReadonlySet<number> = new Set(
  (
    'TCGETS TCSETS TCSETSW TCSETSF TCGETA TCSETA TCSETAW TCSETAF TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCGWINSZ TIOCSWINSZ ' +
    'TIOCMGET FIONREAD TIOCPKT FIONBIO TIOCGETD TIOCGSID TCGETS2 TCSETS2 TCSETSW2 TCSETSF2 TIOCGPTN TIOCSPTLCK TIOCGDEV ' +
    'TIOCGPKT TIOCGPTLCK TIOCGEXCL FIOASYNC FIOQSIZE FIGETBSZ FS_IOC_GETFLAGS FS_IOC_GETVERSION FS_IOC_FIEMAP ' +
    'FS_IOC_FSGETXATTR FS_IOC_GETFSLABEL FS_IOC_GETFSUUID RNDGETENTCNT TCSBRK TCXONC TCFLSH TIOCEXCL TIOCNXCL ' +
    'TIOCNOTTY TCSBRKP TIOCSBRK TIOCCBRK FIONCLEX FIOCLEX FICLONE'
  )
    .split(' ')
    .map((name) => POINTER[name] ?? VALUE[name]),
);

/** _IOC_DIR and _IOC_SIZE of asm-generic/ioctl.h. */
const direction = (request: number): number => request >>> 30;
const payload = (request: number): number => (request >>> 16) & 0x3fff;

/** linux/input.h: all requests of this type have structures without pointers, but for one. */
const EVDEV = 0x45;
const EVIOCSFF = 0x40304580;
const typeOf = (request: number): number => (request >>> 8) & 0xff;
const POINTER_SIZE = 8;

type Kind = 'pointer' | 'value' | 'with-pointer' | 'unknown';

/** Kinds by number, made from the tables when the first ioctl comes. */
let kinds: Map<number, Kind> | undefined;

function kindOf(request: number): Kind {
  if (kinds === undefined) {
    kinds = new Map();
    for (const name in POINTER) kinds.set(POINTER[name], 'pointer');
    for (const name in VALUE) kinds.set(VALUE[name], 'value');
    for (const name in WITH_POINTER) kinds.set(WITH_POINTER[name].request, 'with-pointer');
  }
  const known = kinds.get(request);
  if (known !== undefined) return known;
  if (direction(request) === 0 || payload(request) === 0) return 'unknown';
  const isKnownType = typeOf(request) === EVDEV && request !== EVIOCSFF;
  return isKnownType || payload(request) < POINTER_SIZE ? 'pointer' : 'unknown';
}

function ioctl(task: Task, fd: number, request: number, arg: Int): Int {
  const kind = kindOf(request);
  // 32-bit programs have other structures of pointers.
  switch (kind === 'with-pointer' && task.process.abi.wordSize !== POINTER_SIZE ? 'unknown' : kind) {
    case 'pointer':
      return hostCall(task, 'ioctl', fd, request, ptr(task, toAddress(arg)));
    case 'value':
      return task.host.syscall('ioctl', fd, request, arg);
    case 'with-pointer':
      return withPointer(task, fd, request, toAddress(arg));
    default:
      if (!isOpen(task, fd)) return -EBADF;
      reportUnimplemented(`ioctl request ${hexText(request)} is not implemented`);
      return -ENOTTY;
  }
}

/** The structure is copied, with the host's address in the place of the guest's. */
function withPointer(task: Task, fd: number, request: number, address: number): Int {
  const { size, pointer } = Object.values(WITH_POINTER).find((entry) => entry.request === request)!;
  const at = stage(size);
  if (!fetch(task, at, address, size)) return -EFAULT;
  const inner = stagedUint64(at + pointer);
  setPointer(at + pointer, ptr(task, inner));
  const result = hostCall(task, 'ioctl', fd, request, task.host.stagingPointer(at));
  if (result < 0) return result;
  setPointer(at + pointer, inner);
  return deliver(task, address, at, size) ? result : -EFAULT;
}

const request: Codec<number> = {
  pass: Pass.value,
  decode: (_task, raw) => toUint32(raw),
  print: (_p, raw) => requestText(toUint32(raw)),
};

export function requestText(request: number): string {
  const pointed = Object.keys(WITH_POINTER).find((key) => WITH_POINTER[key].request === request);
  const name = pointed ?? choiceName(POINTER, request) ?? choiceName(VALUE, request);
  if (name !== undefined) return name;
  if (direction(request) === 0 && payload(request) === 0) return hexText(request);
  const directions = flagNames({ _IOC_WRITE: 1, _IOC_READ: 2 }, direction(request), '_IOC_NONE');
  return `_IOC(${directions}, ${hexText((request >> 8) & 255)}, ${hexText(request & 255)}, ${hexText(payload(request))})`;
}

const SPEEDS = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
const FAST_SPEEDS = [
  0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
  3500000, 4000000,
];

/** strace's short form of struct termios: speed, and the flags that matter to a user at the terminal. */
function termiosText(p: Printing, raw: Int): string {
  const data = peek(p.task, raw, 36);
  if (data === undefined) return addressText(raw);
  const words = new DataView(data.buffer);
  const [output, control, local] = [4, 8, 12].map((at) => words.getUint32(at, true));
  const code = control & 0o17;
  const speed = control & 0o10000 ? FAST_SPEEDS[code] : SPEEDS[code];
  const flag = (bit: number, name: string): string => `${bit === 0 ? '-' : ''}${name}`;
  return (
    `{B${speed} ${flag(output & 1, 'opost')} ${flag(local & 1, 'isig')} ${flag(local & 2, 'icanon')} ` +
    `${flag(local & 8, 'echo')} ...}`
  );
}

const argument: Codec<Int> = {
  pass: Pass.value,
  late: true,
  decode: (_task, raw) => raw,
  print: (p, raw) => {
    const number = toUint32(p.argument('request'));
    if (kindOf(number) === 'value') {
      return NO_ARGUMENT.includes(` ${choiceName(VALUE, number)} `) ? undefined : String(toInt32(raw));
    }
    if (raw === 0 || (p.result !== undefined && p.result < 0)) return addressText(raw);
    if (IFREQ.test(requestText(number))) return interfaceText(p, raw);
    const name = choiceName(POINTER, number);
    if (name === 'TIOCGWINSZ' || name === 'TIOCSWINSZ') return structText(p, WINSIZE, raw);
    if (name?.startsWith('TCGETS') || name?.startsWith('TCSETS')) return termiosText(p, raw);
    if (payload(number) === 4 || (payload(number) === 0 && INTEGERS.includes(` ${name} `))) return integerText(p, raw);
    return addressText(raw);
  },
};

/** Requests with a struct ifreq, which begins with an interface's name. */
const IFREQ = /^(SIOC[GSAD]\w*(IF|MULTI)(?!CONF)|TUN[SG]ETIFF|SIOCETHTOOL)/;

function interfaceText(p: Printing, raw: Int): string {
  const data = peek(p.task, raw, IFNAMSIZ);
  if (data === undefined) return addressText(raw);
  const end = data.indexOf(0);
  return `{ifr_name=${quoted(end < 0 ? data : data.subarray(0, end))}, ...}`;
}
const IFNAMSIZ = 16;

/** Old-style requests that point to an int. */
const INTEGERS =
  ' TIOCGPGRP TIOCSPGRP TIOCOUTQ TIOCMGET TIOCMBIS TIOCMBIC TIOCMSET FIONREAD TIOCPKT FIONBIO TIOCSETD TIOCGETD TIOCGSID ' +
  'FIOASYNC FIGETBSZ FIOSETOWN SIOCSPGRP FIOGETOWN SIOCGPGRP SIOCATMARK ';

function integerText(p: Printing, raw: Int): string {
  const data = peek(p.task, raw, 4);
  return data === undefined ? addressText(raw) : `[${new DataView(data.buffer).getInt32(0, true)}]`;
}

export const ioctlRows = (): Row[] => [
  syscall(
    'ioctl',
    { fd, request, arg: argument },
    (task, { fd, request, arg }) => ioctl(task, fd, request, arg),
    partial(
      'terminals, files, network interfaces and routes, tun, block and loop devices, clocks, evdev, random, and requests of less than eight ' +
        'bytes; others may contain pointers and give ENOTTY',
    ),
    restarts('sa'),
  ),
];
