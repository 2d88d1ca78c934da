/* A bytecode interpreter: a loop around a dense switch, the compiler makes a jump table of it. It counts primes. */
#include "bench.h"

enum op { PUSH, LOAD, STORE, ADD, SUB, MUL, MOD, LESS, EQUAL, JUMP, JUMP_IF_NOT, DUP, DROP, PRINT, NOT, HALT };

static long run(const int32_t *code) {
  long stack[64], variables[8] = {0}, *sp = stack, executed = 0;
  for (const int32_t *pc = code;; executed++) {
    switch ((enum op)*pc++) {
    case PUSH: *sp++ = *pc++; break;
    case LOAD: *sp++ = variables[*pc++]; break;
    case STORE: variables[*pc++] = *--sp; break;
    case ADD: sp--; sp[-1] += *sp; break;
    case SUB: sp--; sp[-1] -= *sp; break;
    case MUL: sp--; sp[-1] *= *sp; break;
    case MOD: sp--; sp[-1] %= *sp; break;
    case LESS: sp--; sp[-1] = sp[-1] < *sp; break;
    case EQUAL: sp--; sp[-1] = sp[-1] == *sp; break;
    case JUMP: pc = code + *pc; break;
    case JUMP_IF_NOT: pc = *--sp ? pc + 1 : code + *pc; break;
    case DUP: *sp = sp[-1]; sp++; break;
    case DROP: sp--; break;
    case PRINT: printf("%ld\n", *--sp); break;
    case NOT: sp[-1] = !sp[-1]; break;
    case HALT: return executed;
    }
  }
}

int main(int argc, char **argv) {
  int32_t limit = (int32_t)size_argument(argc, argv, 500000);
  /* n = 2; while (n < limit) { d = 2; while (d * d < n + 1 && n % d) d++; if (n < d * d) count++; n++; } print count */
  int32_t code[] = {
      PUSH, 2, STORE, 0, PUSH, 0, STORE, 2,
      /* 8 */ LOAD, 0, PUSH, limit, LESS, JUMP_IF_NOT, 66,
      /* 15 */ PUSH, 2, STORE, 1,
      /* 19 */ LOAD, 1, DUP, MUL, LOAD, 0, PUSH, 1, ADD, LESS, JUMP_IF_NOT, 46,
      /* 31 */ LOAD, 0, LOAD, 1, MOD, JUMP_IF_NOT, 46,
      /* 38 */ LOAD, 1, PUSH, 1, ADD, STORE, 1, JUMP, 19 - 0,
      /* never reached; keeps the targets even */ HALT,
  };
  /* The rest is assembled with its own offsets, to keep the table above readable. */
  int32_t program[128];
  int n = 0;
  memcpy(program, code, sizeof code);
  n = (int)(sizeof code / sizeof *code) - 1;
  int after = n;
  static const int32_t tail[] = {LOAD, 0, LOAD, 1, DUP, MUL, LESS, JUMP_IF_NOT, -1, LOAD, 2, PUSH, 1, ADD, STORE, 2,
                                 LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 8, LOAD, 2, PRINT, HALT};
  memcpy(program + n, tail, sizeof tail);
  program[n + 8] = n + 16;
  program[14] = n + 25;
  program[30] = program[37] = after;
  printf("%ld\n", run(program));
  return 0;
}
