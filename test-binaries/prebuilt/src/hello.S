/* write(1, "Hello from riscv64\n"), exit(0). */
	.text
	.globl	_start
_start:
	li	a7, 64
	li	a0, 1
	la	a1, text
	li	a2, 19
	ecall
	li	a7, 93
	li	a0, 0
	ecall
	.section .rodata
text:	.ascii	"Hello from riscv64\n"
