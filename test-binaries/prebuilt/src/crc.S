/*
 * The CRC-32 of N bytes 0, 1, 2, … (modulo 256), bit by bit; N is the first argument, a million without. Prints eight
 * hexadecimal digits. Runs 62 N instructions and a few: a measure of the cold tier.
 */
	.text
	.globl	_start
_start:
	li	s0, 1000000
	ld	t0, 0(sp)
	li	t1, 2
	blt	t0, t1, 3f
	/* The decimal argument. */
	ld	t0, 16(sp)
	li	s0, 0
	li	t2, 10
1:	lbu	t1, 0(t0)
	beqz	t1, 3f
	mul	s0, s0, t2
	addi	t1, t1, -48
	add	s0, s0, t1
	addi	t0, t0, 1
	j	1b

3:	li	a0, -1
	srli	a0, a0, 32
	li	a1, 0xedb88320
	li	s1, 0
	/* 6 + 8 * 7 = 62 instructions a byte. */
4:	xor	a0, a0, s1
	li	a2, 8
5:	andi	a3, a0, 1
	neg	a3, a3
	and	a3, a3, a1
	srli	a0, a0, 1
	xor	a0, a0, a3
	addi	a2, a2, -1
	bnez	a2, 5b
	addi	s1, s1, 1
	andi	s1, s1, 255
	addi	s0, s0, -1
	bnez	s0, 4b

	not	a0, a0
	addi	sp, sp, -16
	li	t1, 28
	mv	t2, sp
6:	srl	t0, a0, t1
	andi	t0, t0, 15
	li	t3, 10
	blt	t0, t3, 7f
	addi	t0, t0, 'a' - '0' - 10
7:	addi	t0, t0, '0'
	sb	t0, 0(t2)
	addi	t2, t2, 1
	addi	t1, t1, -4
	bgez	t1, 6b
	li	t0, '\n'
	sb	t0, 0(t2)
	li	a7, 64
	li	a0, 1
	mv	a1, sp
	li	a2, 9
	ecall
	li	a7, 93
	li	a0, 0
	ecall
