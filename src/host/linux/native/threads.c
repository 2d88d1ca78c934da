/*
 * The kernel threads of guest threads. Part of stub.c, which includes it after fork.c.
 *
 * A worker that waits for a guest thread to run has no kernel thread: its own has ended, and its stack, registers and
 * TLS wait in memory. Whoever creates a guest thread makes the kernel thread, as clone(2) does, and that goes on where
 * the worker's former one stopped. So a guest thread has an ID that no thread had before, inherits from its creator
 * what clone(2) says (affinity, nice value, name, credentials), and has used no time.
 *
 * Always true: a sleeping worker has STUB_INSIDE set, so that nobody waits for it.
 */

enum {
  NR_SIGALTSTACK = 131,
  NR_ARCH_PRCTL = 158,
  NR_SET_ROBUST_LIST = 273,
  NR_GET_ROBUST_LIST = 274,
  ARCH_GET_FS_ = 0x1003,
  CLONE_SETTLS_ = 0x80000,
  CLONE_PARENT_SETTID_ = 0x100000,
  CLONE_CHILD_CLEARTID_ = 0x200000,
  CLONE_CHILD_SETTID_ = 0x1000000,
};

LOCAL void give_up_thread(volatile u32 *state, u32 idle, volatile i64 *stack);
LOCAL i64 make_thread(i64 flags, i64 stack, i64 parent_tid, i64 child_tid, i64 tls);

/*
 * give_up_thread: from the store to `state` on, the stack belongs to the thread that make_thread makes; that returns
 * from give_up_thread. make_thread itself returns the new thread's ID or -errno.
 */
__asm__(
    ".text\n"
    ".hidden give_up_thread, make_thread\n"
    ".globl give_up_thread, make_thread\n"
    "give_up_thread:\n"
    "  push %rbx\n"
    "  push %rbp\n"
    "  push %r12\n"
    "  push %r13\n"
    "  push %r14\n"
    "  push %r15\n"
    "  mov %rsp, (%rdx)\n"
    "  mov %esi, (%rdi)\n"
    "  mov $60, %eax\n" /* exit */
    "  xor %edi, %edi\n"
    "  syscall\n"
    "  hlt\n"

    "make_thread:\n"
    "  mov %rcx, %r10\n"
    "  mov $56, %eax\n" /* clone */
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jz 1f\n"
    "  ret\n"
    "1: pop %r15\n"
    "  pop %r14\n"
    "  pop %r13\n"
    "  pop %r12\n"
    "  pop %rbp\n"
    "  pop %rbx\n"
    "  ret\n");

/*
 * For a worker whose guest thread has ended: returns when tsemu_wake has made another kernel thread for it. `state` is
 * the host address of a cell that becomes `idle` when tsemu_wake may do so; `clear_tid` what the kernel is to clear when
 * the thread has ended, or 0. All signals must be blocked, and are then.
 */
double tsemu_sleep(double state, double idle, double clear_tid) {
  u64 alternate_stack[3], robust_list = 0, robust_size = 0;
  i64 tid_address = 0;
  sys4(NR_SIGALTSTACK, 0, (i64)alternate_stack, 0, 0);
  /* The kernel is to leave glibc's memory of a thread alone that only seems to end. */
  sys4(NR_GET_ROBUST_LIST, 0, (i64)&robust_list, (i64)&robust_size, 0);
  sys4(NR_SET_ROBUST_LIST, 0, (i64)robust_size, 0, 0);
  sys4(NR_PRCTL, PR_GET_TID_ADDRESS_, (i64)&tid_address, 0, 0);
  sys4(NR_SET_TID_ADDRESS, number(clear_tid), 0, 0, 0);
  CELL64(STUB_SLEEP_TID) = tid_address;
  sys4(NR_ARCH_PRCTL, ARCH_GET_FS_, (i64)(block + STUB_SLEEP_TLS), 0, 0);
  __atomic_store_n(&CELL32(STUB_INSIDE), 1, __ATOMIC_SEQ_CST);
  starting = 0;

  give_up_thread((volatile u32 *)number(state), (u32)idle, &CELL64(STUB_SLEEP_STACK));

  CELL32(STUB_TID) = (u32)sys4(NR_GETTID, 0, 0, 0, 0);
  sys4(NR_SIGALTSTACK, (i64)alternate_stack, 0, 0, 0);
  sys4(NR_SET_ROBUST_LIST, (i64)robust_list, (i64)robust_size, 0, 0);
  __atomic_store_n(&CELL32(STUB_INSIDE), 0, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&gate, __ATOMIC_SEQ_CST)) stop_at_gate();
  return 0;
}

/*
 * Makes a kernel thread for the sleeping worker whose thread memory is at `memory`: its ID or -errno. `flags` are those of
 * clone(2) but for CLONE_SETTLS and CLONE_*TID; `parent_tid` is where the ID is stored before the thread runs, or 0.
 */
double tsemu_wake(double memory, double flags, double parent_tid) {
  char *other = (char *)number(memory);
  i64 tid_address = *(volatile i64 *)(other + STUB_SLEEP_TID);
  i64 all_flags = number(flags) | CLONE_SETTLS_;
  if (parent_tid != 0) all_flags |= CLONE_PARENT_SETTID_;
  if (tid_address) all_flags |= CLONE_CHILD_SETTID_ | CLONE_CHILD_CLEARTID_;
  /* A thread is made with its creator's mask: it is to begin with all signals blocked. */
  u64 all = ALL_SIGNALS, mask;
  sys4(NR_RT_SIGPROCMASK, 2 /* SIG_SETMASK */, (i64)&all, (i64)&mask, 8);
  i64 tid = make_thread(all_flags, *(volatile i64 *)(other + STUB_SLEEP_STACK), number(parent_tid), tid_address,
                        *(volatile i64 *)(other + STUB_SLEEP_TLS));
  sys4(NR_RT_SIGPROCMASK, 2, (i64)&mask, 0, 8);
  return (double)tid;
}
