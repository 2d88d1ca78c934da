/** siginfo_t: the same 128 bytes on every 64-bit generic ABI (asm-generic/siginfo.h), and how strace prints it. */
import { signalName } from './sigset.ts';
import { type Fields, struct } from './struct.ts';
import { hexText } from './text.ts';

const SI_CODES: Record<number, string> = {
  0: 'SI_USER',
  128: 'SI_KERNEL',
  [-1]: 'SI_QUEUE',
  [-2]: 'SI_TIMER',
  [-3]: 'SI_MESGQ',
  [-4]: 'SI_ASYNCIO',
  [-5]: 'SI_SIGIO',
  [-6]: 'SI_TKILL',
};
/** Names of positive codes by signal, from 1 on. */
const CODES: Record<number, string> = {
  4: 'ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC ILL_BADSTK',
  5: 'TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT',
  7: 'BUS_ADRALN BUS_ADRERR BUS_OBJERR',
  8: 'FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV FPE_FLTSUB',
  11: 'SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR',
  17: 'CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED',
};
const FAULTS = [4, 5, 7, 8, 11];
const SIGCHLD = 17;

const codeName = (signo: number, code: number): string =>
  SI_CODES[code] ?? CODES[signo]?.split(' ')[code - 1] ?? String(code);

const signed = (value: Fields[string]): number => Number(value) | 0;

/** The members after si_code, which depend on where the signal comes from. */
function origin(signo: number, code: number, f: Fields, data: DataView): string {
  const sender = `si_pid=${signed(f.a)}, si_uid=${Number(f.b)}`;
  const value = `si_int=${data.getInt32(24, true)}, si_ptr=${hexText(f.value)}`;
  if (code === 0 || code === -6) return `, ${sender}`;
  if (code === -2) return `, si_timerid=${hexText(signed(f.a))}, si_overrun=${signed(f.b)}, ${value}`;
  if (code < 0) return `, ${sender}, ${value}`;
  if (FAULTS.includes(signo) && code !== 0x80) return `, si_addr=${f.address === 0 ? 'NULL' : hexText(f.address)}`;
  if (signo === SIGCHLD) {
    const status = data.getInt32(24, true);
    const text = code === 1 ? String(status) : signalName(status & 0x7f);
    return `, ${sender}, si_status=${text}, si_utime=${data.getBigInt64(32, true)}, si_stime=${data.getBigInt64(40, true)}`;
  }
  return '';
}

/** `a` and `b` are si_pid and si_uid, or si_timerid and si_overrun; `address` overlays both. */
export const SIGINFO = struct(
  'siginfo',
  'signo:i32 error:i32 code:i32 pad:i32 a:u32 b:u32 value:u64 rest:u8[96]',
  undefined,
  (f, data) => {
    const [signo, code] = [signed(f.signo), signed(f.code)];
    const fields = { ...f, address: data.getBigUint64(16, true) };
    if (fields.address === 0n) Object.assign(fields, { address: 0 });
    return `{si_signo=${signalName(signo)}, si_code=${codeName(signo, code)}${origin(signo, code, fields, data)}}`;
  },
);
