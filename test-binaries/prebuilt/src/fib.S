/*
 * The Fibonacci number N by plain recursion, N the first argument (27 without), as a decimal number. Each call to
 * fib with n < 2 runs 4 instructions, any other 17; there are fib(N + 1) of the first and fib(N + 1) - 1 of the second,
 * so 21 fib(N + 1) - 17 in all: a measure of calls and returns.
 */
	.text
	.globl	_start
_start:
	li	a0, 27
	ld	t0, 0(sp)
	li	t1, 2
	blt	t0, t1, 2f
	ld	t0, 16(sp)
	li	a0, 0
	li	t2, 10
1:	lbu	t1, 0(t0)
	beqz	t1, 2f
	mul	a0, a0, t2
	addi	t1, t1, -48
	add	a0, a0, t1
	addi	t0, t0, 1
	j	1b
2:	call	fib

	addi	sp, sp, -32
	addi	a1, sp, 31
	li	t0, '\n'
	sb	t0, 0(a1)
	li	t1, 10
3:	remu	t0, a0, t1
	divu	a0, a0, t1
	addi	t0, t0, '0'
	addi	a1, a1, -1
	sb	t0, 0(a1)
	bnez	a0, 3b
	li	a7, 64
	li	a0, 1
	addi	a2, sp, 32
	sub	a2, a2, a1
	ecall
	li	a7, 93
	li	a0, 0
	ecall

fib:	li	t0, 2
	bge	a0, t0, 1f
	nop
	ret
1:	addi	sp, sp, -16
	sd	ra, 0(sp)
	sd	s0, 8(sp)
	mv	s0, a0
	addi	a0, s0, -1
	jal	fib
	addi	t0, s0, -2
	mv	s0, a0
	mv	a0, t0
	jal	fib
	add	a0, a0, s0
	ld	s0, 8(sp)
	ld	ra, 0(sp)
	addi	sp, sp, 16
	ret
