/** Requests of ioctl(2) whose argument is a long, or has one in it, of 32-bit programs: see narrow.ts. */
import type { Int } from '../host/host.ts';
import { type Narrowing, type Pair, pairOf } from './narrow.ts';

/** Requests whose number has the size of a long in it, or that arm has a number of its own for: those of 64-bit programs. */
const REQUESTS: Readonly<Record<number, number>> = {
  /** FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION, FS_IOC_SETVERSION. */
  0x80046601: 0x80086601,
  0x40046602: 0x40086602,
  0x80047601: 0x80087601,
  0x40047602: 0x40087602,
  /** BLKBSZGET, BLKBSZSET, BLKGETSIZE64. */
  0x80041270: 0x80081270,
  0x40041271: 0x40081271,
  0x80041272: 0x80081272,
  /** FIOQSIZE. */
  0x545e: 0x5460,
};
const LONG = pairOf('value:u32', 'value:u64');
const SERIAL_START =
  'type:i32 line:i32 port:u32 irq:i32 flags:i32 fifo:i32 divisor:i32 base:i32 delay:u16 io:u8 char:u8 hub6:i32 wait:u16 wait2:u16';
const SERIAL = pairOf(
  `${SERIAL_START} memory:u32 shift:u16 high:u32 map:u32`,
  `${SERIAL_START} memory:u64 shift:u16 high:u32 map:u64`,
);
const GEOMETRY = 'heads:u8 sectors:u8 cylinders:u16';
const DISK = pairOf(`${GEOMETRY} start:u32`, `${GEOMETRY} start:u64`);
/** BLKGETSIZE, BLKRAGET, TIOCGSERIAL and HDIO_GETGEO. */
const ANSWERS: Readonly<Record<number, Pair>> = { 0x1260: LONG, 0x1263: LONG, 0x541e: SERIAL, 0x301: DISK };

export function narrowIoctl(c: Narrowing): Int[] {
  const request = REQUESTS[c.u(1)] ?? c.u(1);
  const answer = ANSWERS[request];
  return [c.u(0), request, answer === undefined ? c.u(2) : c.out(2, answer)];
}
