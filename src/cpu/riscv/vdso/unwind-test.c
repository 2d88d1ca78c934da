/*
 * Unwinds from a signal handler that returns to vdso.S's __vdso_rt_sigreturn,
 * then returns through it. Linked with vdso.S and run by any riscv64 Linux;
 * prints "ok" when the frames and a callee-saved register come out right.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unwind.h>

void trampoline(int, siginfo_t *, void *);
static unsigned long interrupted, outer;
static int found, restored;

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *previous) {
  int before_instruction;
  unsigned long ip = _Unwind_GetIPInfo(context, &before_instruction);
  if (ip == interrupted && before_instruction && _Unwind_GetGR(context, 21) == 0x5555) found = 1;
  /* The frame behind the interrupted function has the register as it was before. */
  else if (found == 1 && !restored) restored = _Unwind_GetGR(context, 21) == outer;
  return _URC_NO_REASON;
}

__attribute__((noinline, used)) void handler(int signo, siginfo_t *info, void *context) {
  interrupted = ((ucontext_t *)context)->uc_mcontext.__gregs[0];
  _Unwind_Backtrace(step, 0);
}

/* What the kernel does: enter the handler with sp at the frame and ra at the vDSO's function. */
__asm__(".text\n.globl trampoline\ntrampoline:\n  addi sp, a2, -128\n  la ra, __vdso_rt_sigreturn\n  tail handler\n");

__attribute__((noinline)) static void raise_signal(void) {
  register long number __asm__("a7") = 172;
  register long first __asm__("a0");
  register long second __asm__("a1") = SIGUSR1;
  __asm__ volatile("ecall" : "=r"(first) : "r"(number));
  number = 129;
  __asm__ volatile("li s5, 0x5555\n\tecall\n\tnop" : "+r"(first) : "r"(number), "r"(second) : "s5", "memory");
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = trampoline;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, 0);
  __asm__ volatile("mv %0, s5" : "=r"(outer));
  raise_signal();
  puts(found && restored ? "ok" : "lost");
  return 0;
}
