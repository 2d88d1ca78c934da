/** Signal numbers, dispositions and flags of the asm-generic ABI; x86-64, riscv64, aarch64 and arm share them. */

export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGSEGV = 11;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGWINCH = 28;
export const SIGSYS = 31;

export const SIG_DFL = 0n;
export const SIG_IGN = 1n;

export const SA_NOCLDSTOP = 1n;
export const SA_NOCLDWAIT = 2n;
export const SA_SIGINFO = 4n;
export const SA_ONSTACK = 0x0800_0000n;
export const SA_RESTART = 0x1000_0000n;
export const SA_NODEFER = 0x4000_0000n;
export const SA_RESETHAND = 0x8000_0000n;

/** si_code values, asm-generic/siginfo.h. */
export const SI_KERNEL = 0x80;
export const ILL_ILLOPC = 1;
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;

/** The bit of signal `signo` in a mask. */
export const bit = (signo: number): bigint => 1n << BigInt(signo - 1);

const set = (...signals: number[]): bigint => signals.reduce((mask, signo) => mask | bit(signo), 0n);

/** Signals whose default action is to be ignored, or to stop the process (signal(7)). */
export const DEFAULT_IGNORED = set(SIGCHLD, SIGCONT, SIGURG, SIGWINCH);
export const DEFAULT_STOPS = set(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
/** Signals that cannot be blocked, caught or ignored. */
export const UNCATCHABLE = set(SIGKILL, SIGSTOP);
/** Signals of faults, which the kernel delivers before all others. */
export const SYNCHRONOUS = set(SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS);
