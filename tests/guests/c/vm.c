// A small compiler and virtual machine: source text to bytecode to result.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, DIV, MOD, LT, EQ, JZ, JMP, CALL, RET, ARG, PRINT, POP, HALT };
static int code[4096], here, vars;
static char names[64][16], functions[16][16];
static int entry[16], function_count, parameter_count;
static char parameters[8][16];
static const char* s;

static void emit(int op) { code[here++] = op; }
static void skip(void) { while (isspace((unsigned char)*s)) s++; }
static int accept(const char* t) {
  skip();
  size_t n = strlen(t);
  if (strncmp(s, t, n) || (isalpha((unsigned char)*t) && isalnum((unsigned char)s[n]))) return 0;
  s += n;
  return 1;
}
static void need(const char* t) {
  if (!accept(t)) printf("expected %s at %.12s\n", t, s), exit(1);
}
static void name(char* out) {
  skip();
  int n = 0;
  while (isalnum((unsigned char)*s) && n < 15) out[n++] = *s++;
  out[n] = 0;
}
static int variable(const char* id) {
  for (int i = 0; i < vars; i++) if (!strcmp(names[i], id)) return i;
  strcpy(names[vars], id);
  return vars++;
}
static void expression(void);
static void primary(void) {
  skip();
  if (isdigit((unsigned char)*s)) {
    char* end;
    emit(PUSH), emit((int)strtol(s, &end, 10)), s = end;
  } else if (accept("(")) {
    expression(), need(")");
  } else if (accept("-")) {
    emit(PUSH), emit(0), primary(), emit(SUB);
  } else {
    char id[16];
    name(id);
    for (int i = 0; i < parameter_count; i++) if (!strcmp(parameters[i], id)) { emit(ARG), emit(i); return; }
    for (int i = 0; i < function_count; i++) {
      if (strcmp(functions[i], id)) continue;
      int count = 0;
      need("(");
      if (!accept(")")) {
        do expression(), count++; while (accept(","));
        need(")");
      }
      emit(CALL), emit(i), emit(count);
      return;
    }
    emit(LOAD), emit(variable(id));
  }
}
static void product(void) {
  primary();
  for (;;) {
    if (accept("*")) primary(), emit(MUL);
    else if (accept("/")) primary(), emit(DIV);
    else if (accept("%")) primary(), emit(MOD);
    else return;
  }
}
static void sum(void) {
  product();
  for (;;) {
    if (accept("+")) product(), emit(ADD);
    else if (accept("-")) product(), emit(SUB);
    else return;
  }
}
static void expression(void) {
  sum();
  if (accept("<")) sum(), emit(LT);
  else if (accept("==")) sum(), emit(EQ);
}
static void statement(void) {
  if (accept("{")) {
    while (!accept("}")) statement();
  } else if (accept("while")) {
    int start = here;
    expression(), emit(JZ);
    int hole = here++;
    statement(), emit(JMP), emit(start), code[hole] = here;
  } else if (accept("if")) {
    expression(), emit(JZ);
    int hole = here++;
    statement();
    if (accept("else")) {
      emit(JMP);
      int end = here++;
      code[hole] = here, statement(), hole = end;
    }
    code[hole] = here;
  } else if (accept("print")) {
    expression(), need(";"), emit(PRINT);
  } else if (accept("return")) {
    expression(), need(";"), emit(RET);
  } else if (accept("def")) {
    name(functions[function_count]), emit(JMP);
    int hole = here++;
    need("("), parameter_count = 0, entry[function_count++] = here;
    if (!accept(")")) {
      do name(parameters[parameter_count++]); while (accept(","));
      need(")");
    }
    statement(), emit(PUSH), emit(0), emit(RET), parameter_count = 0, code[hole] = here;
  } else {
    char id[16];
    name(id), need("="), expression(), need(";"), emit(STORE), emit(variable(id));
  }
}
static long steps;
static void run(void) {
  static int stack[10000];
  int sp = 0, fp = 0, globals[64] = {0};
  for (int pc = 0;; steps++) {
    switch (code[pc++]) {
      case PUSH: stack[sp++] = code[pc++]; break;
      case LOAD: stack[sp++] = globals[code[pc++]]; break;
      case STORE: globals[code[pc++]] = stack[--sp]; break;
      case ADD: sp--, stack[sp - 1] += stack[sp]; break;
      case SUB: sp--, stack[sp - 1] -= stack[sp]; break;
      case MUL: sp--, stack[sp - 1] *= stack[sp]; break;
      case DIV: sp--, stack[sp - 1] /= stack[sp]; break;
      case MOD: sp--, stack[sp - 1] %= stack[sp]; break;
      case LT: sp--, stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
      case EQ: sp--, stack[sp - 1] = stack[sp - 1] == stack[sp]; break;
      case JZ: pc = stack[--sp] ? pc + 1 : code[pc]; break;
      case JMP: pc = code[pc]; break;
      case CALL: {
        int f = code[pc++], count = code[pc++];
        stack[sp] = pc, stack[sp + 1] = fp, stack[sp + 2] = count;
        fp = sp, sp += 3, pc = entry[f];
        break;
      }
      case ARG: stack[sp] = stack[fp - stack[fp + 2] + code[pc++]], sp++; break;
      case RET: {
        int result = stack[--sp], count = stack[fp + 2];
        sp = fp - count, pc = stack[fp], fp = stack[fp + 1];
        stack[sp++] = result;
        break;
      }
      case PRINT: printf("%d\n", stack[--sp]); break;
      case HALT: return;
    }
  }
}

int main(void) {
  s = "def fib(n) { if n < 2 return n; return fib(n - 1) + fib(n - 2); }"
      "def gcd(a, b) { if b == 0 return a; return gcd(b, a % b); }"
      "def power(base, n) { if n == 0 return 1; if n % 2 == 0 return power(base * base, n / 2); return base * power(base, n - 1); }"
      "print fib(20); print gcd(1071, 462); print power(3, 13) - -1;"
      "i = 2; count = 0;"
      "while i < 2000 { d = 2; prime = 1; while d * d < i + 1 { if i % d == 0 { prime = 0; d = i; } else d = d + 1; } count = count + prime; i = i + 1; }"
      "print count;"
      "x = 27; n = 0; while 1 < x { if x % 2 == 0 x = x / 2; else x = 3 * x + 1; n = n + 1; } print n;";
  while (skip(), *s) statement();
  emit(HALT);
  printf("%d words of code\n", here);
  run();
  printf("%ld steps\n", steps);
  return 0;
}
