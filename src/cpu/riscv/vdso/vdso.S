/*
 * The vDSO of riscv64 Linux: vdso(7), symbol version LINUX_4.15.
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
	li	a7, \number
	ecall
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	.text
	.option	norvc

	system_call __vdso_clock_gettime, 113
	system_call __vdso_clock_getres, 114
	system_call __vdso_gettimeofday, 169
	system_call __vdso_getcpu, 168
	system_call __vdso_riscv_hwprobe, 258
	system_call __vdso_flush_icache, 259

/*
 * A signal handler returns to __vdso_rt_sigreturn with sp at struct
 * rt_sigframe: 128 bytes of siginfo_t, then struct ucontext, whose registers
 * lie 176 bytes in: pc, x1 to x31, f0 to f31, 8 bytes each.
 *
 * The unwind table describes this frame: the interrupted sp is the CFA, the
 * interrupted pc is in column 64, the alternate frame return column of the
 * RISC-V DWARF specification, because x1 has a value of its own there.
 * Registers are given relative to sp, since the CFA may be on another stack.
 */
	.equ	REGISTERS, 128 + 176

	/* DW_CFA_expression: register \column was saved at sp + \offset. */
	.macro	saved column, offset
	.cfi_escape 0x10, \column, 3, 0x72, ((\offset) & 0x7f) | 0x80, (\offset) >> 7
	.endm

	.macro	saved_from column, last, offset
	saved	\column, \offset
	.if	\last - \column
	saved_from "(\column + 1)", \last, "(\offset + 8)"
	.endif
	.endm

	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column 64
	/* DW_CFA_def_cfa_expression: the word at sp + offset of x2. */
	.cfi_escape 0x0f, 4, 0x72, ((REGISTERS + 16) & 0x7f) | 0x80, (REGISTERS + 16) >> 7, 0x06
	saved	64, REGISTERS
	saved	1, "(REGISTERS + 8)"
	saved_from 3, 31, "(REGISTERS + 24)"
	saved_from 32, 63, "(REGISTERS + 256)"
	/* Unwinders look up the address before a return address: the table has to begin before the function. */
	nop
	.globl	__vdso_rt_sigreturn
	.type	__vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
	li	a7, 139
	ecall
	.cfi_endproc
	.size	__vdso_rt_sigreturn, . - __vdso_rt_sigreturn

	.section .note.GNU-stack, "", @progbits
