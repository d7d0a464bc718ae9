// An interpreter loop: a stack machine's bytecode with a switch.
#include "bench.h"
enum { PUSH, ADD, SUB, MUL, XOR, DUP, SWAP, LOAD, STORE, JNZ, DEC, SHR, HALT };
static const int32_t program[] = {
    PUSH, 1,  STORE, 0,                                       // acc = 1
    PUSH, 200, STORE, 1,                                      // i = 200
    LOAD, 0,  PUSH,  31, MUL, LOAD, 1, ADD, DUP, PUSH, 7, SHR, XOR, STORE, 0,
    LOAD, 1,  DEC,   DUP, STORE, 1, JNZ, 8,
    LOAD, 0,  HALT};
static int32_t run(int32_t start) {
  int32_t stack[32], vars[4] = {start, 0, 0, 0}, *sp = stack;
  for (const int32_t* pc = program;;) {
    switch (*pc++) {
      case PUSH: *sp++ = *pc++; break;
      case ADD: sp--; sp[-1] += sp[0]; break;
      case SUB: sp--; sp[-1] -= sp[0]; break;
      case MUL: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] * (uint32_t)sp[0]); break;
      case XOR: sp--; sp[-1] ^= sp[0]; break;
      case DUP: sp[0] = sp[-1]; sp++; break;
      case SWAP: { int32_t t = sp[-1]; sp[-1] = sp[-2]; sp[-2] = t; break; }
      case LOAD: *sp++ = vars[*pc++]; break;
      case STORE: vars[*pc++] = *--sp; break;
      case JNZ: { int32_t target = *pc++; if (*--sp) pc = program + target; break; }
      case DEC: sp[-1]--; break;
      case SHR: sp--; sp[-1] = (int32_t)((uint32_t)sp[-1] >> sp[0]); break;
      case HALT: return sp[-1];
    }
  }
}
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++) sum = sum * 31 + (uint32_t)run((int32_t)i);
  return sum;
}
