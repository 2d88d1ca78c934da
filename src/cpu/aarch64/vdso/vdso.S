/*
 * The vDSO of arm64 Linux: vdso(7), symbol version LINUX_2.6.39.
 *
 * Every function makes the system call that it stands for: the emulator
 * answers those itself, so there is no clock page to read. Results are the
 * kernel's, failures negative errno values, as callers of a vDSO expect.
 *
 * scripts/build-vdso.ts assembles this file into vdso-image.ts.
 */

	.macro	system_call name, number
	.globl	\name
	.type	\name, @function
	.balign	4
\name:
	.cfi_startproc
	mov	x8, #\number
	svc	#0
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text

	system_call __kernel_clock_gettime, 113
	system_call __kernel_clock_getres, 114
	system_call __kernel_gettimeofday, 169

/*
 * A signal handler returns here with sp at struct rt_sigframe: 128 bytes of
 * siginfo_t, then struct ucontext, whose registers lie 184 bytes in: x0 to x30,
 * sp, pc, 8 bytes each. Behind the frame is a frame record, which x29 points at
 * while the handler runs.
 *
 * Unwinders know this sequence of instructions and look at the frame
 * themselves; for those that do not, the table says that x29 and x30 are in the
 * frame record, as Linux's says.
 */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa	x29, 0
	.cfi_offset	x29, 0
	.cfi_offset	x30, 8
	/* Unwinders look up the address before a return address: the table has to begin before the function. */
	nop
	.globl	__kernel_rt_sigreturn
	.type	__kernel_rt_sigreturn, @function
__kernel_rt_sigreturn:
	mov	x8, #139
	svc	#0
	.cfi_endproc
	.size	__kernel_rt_sigreturn, . - __kernel_rt_sigreturn

	.section .note.GNU-stack, "", @progbits
