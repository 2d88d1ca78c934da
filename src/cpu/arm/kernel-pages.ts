/**
 * What the kernel maps into a process of 32-bit arm: the helpers that programs for older processors call at fixed
 * addresses (Documentation/arch/arm/kernel_user_helpers.rst), and what signal handlers return to. Offsets are
 * within the page.
 */

/** Where the page with the helpers is. */
export const VECTORS = 0xffff_0000;

type Code = readonly (readonly [offset: number, words: readonly number[]])[];

/** The helpers at 0xf60, 0xfa0, 0xfc0 and 0xfe0; two of them are further up, since there is no room. 0xffc: how many. */
const HELPERS: Code = [
  [
    0xe00,
    [
      0xe92d00f0, // push {r4, r5, r6, r7}
      0xe1c040d0, // ldrd r4, [r0]
      0xe1c160d0, // ldrd r6, [r1]
      0xf57ff05b, // dmb ish
      0xe1b20f9f, // ldrexd r0, [r2]
      0xe1500004, // cmp r0, r4
      0x01510005, // cmpeq r1, r5
      0x1a000009, // bne e48
      0xe1a23f96, // strexd r3, r6, [r2]
      0xe3530000, // cmp r3, #0
      0x1afffff8, // bne e10
      0xf57ff05b, // dmb ish
      0xe3a00000, // mov r0, #0
      0xe3700000, // cmn r0, #0
      0xe8bd00f0, // pop {r4, r5, r6, r7}
      0xe2903000, // adds r3, r0, #0
      0xe1500000, // cmp r0, r0
      0xe12fff1e, // bx lr
      0xf57ff01f, // clrex
      0xe3a00001, // mov r0, #1
      0xe3700001, // cmn r0, #1
      0xe8bd00f0, // pop {r4, r5, r6, r7}
      0xe12fff1e, // bx lr
    ],
  ],
  [
    0xe80,
    [
      0xf57ff05b, // dmb ish
      0xe1923f9f, // ldrex r3, [r2]
      0xe1530000, // cmp r3, r0
      0x1a000006, // bne eac
      0xe1823f91, // strex r3, r1, [r2]
      0xe3530000, // cmp r3, #0
      0x1afffff9, // bne e84
      0xf57ff05b, // dmb ish
      0xe3a00000, // mov r0, #0
      0xe3500000, // cmp r0, #0
      0xe12fff1e, // bx lr
      0xf57ff01f, // clrex
      0xe0530000, // subs r0, r3, r0
      0x03a00001, // moveq r0, #1
      0xe3700000, // cmn r0, #0
      0xe12fff1e, // bx lr
    ],
  ],
  [
    0xf60,
    [
      0xeaffffa6, // b e00
    ],
  ],
  [
    0xfa0,
    [
      0xf57ff05b, // dmb ish
      0xe12fff1e, // bx lr
    ],
  ],
  [
    0xfc0,
    [
      0xeaffffae, // b e80
    ],
  ],
  [
    0xfe0,
    [
      0xee1d0f70, // mrc 15, 0, r0, cr13, cr0, {3}
      0xe12fff1e, // bx lr
    ],
  ],
  [
    0xffc,
    [
      0x00000005, // version
    ],
  ],
];

/** sigreturn and rt_sigreturn. */
const RETURNS: Code = [
  [
    0x000,
    [
      0xe3a07077, // mov r7, #119
      0xef000000, // svc 0x00000000
      0xe3a070ad, // mov r7, #173
      0xef000000, // svc 0x00000000
    ],
  ],
];
export const RT_SIGRETURN_OFFSET = 8;

function page(code: Code): Uint8Array {
  const words = new Uint32Array(1024);
  for (const [offset, part] of code) words.set(part, offset / 4);
  return new Uint8Array(words.buffer);
}
export const helpersPage = (): Uint8Array => page(HELPERS);
export const signalPage = (): Uint8Array => page(RETURNS);
