// A JSON reader and writer over stdin.
//! stdin: {"name": "vitrine", "tags": ["a", "b\u00e9\n", ""], "nested": {"deep": [[[[1, -2.5e3, 0.1]]]], "null": null}, "yes": true, "no": false, "big": 12345678901234567890, "empty": [{}, []]}
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUL, BOOL, NUMBER, STRING, ARRAY, OBJECT };
struct value { enum kind kind; double number; char* text; struct value** items; char** keys; int count; };
static const char* p;
static int depth, deepest, made;

static void fail(const char* what) {
  printf("error: %s at \"%.10s\"\n", what, p);
  exit(1);
}
static void space(void) { while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') p++; }
static char* string(void) {
  if (*p++ != '"') fail("expected a string");
  char* out = malloc(strlen(p) + 1);
  int n = 0;
  while (*p != '"') {
    if (!*p) fail("unterminated string");
    if (*p != '\\') { out[n++] = *p++; continue; }
    p++;
    switch (*p++) {
      case 'n': out[n++] = '\n'; break;
      case 't': out[n++] = '\t'; break;
      case '"': out[n++] = '"'; break;
      case '\\': out[n++] = '\\'; break;
      case 'u': {
        unsigned c = 0;
        for (int i = 0; i < 4; i++) { char h = *p++; c = c * 16 + (unsigned)(h <= '9' ? h - '0' : (h | 32) - 'a' + 10); }
        if (c < 0x80) out[n++] = (char)c;
        else if (c < 0x800) out[n++] = (char)(0xc0 | c >> 6), out[n++] = (char)(0x80 | (c & 63));
        else out[n++] = (char)(0xe0 | c >> 12), out[n++] = (char)(0x80 | (c >> 6 & 63)), out[n++] = (char)(0x80 | (c & 63));
        break;
      }
      default: fail("bad escape");
    }
  }
  p++;
  out[n] = 0;
  return realloc(out, (size_t)n + 1);
}
static struct value* value(void) {
  struct value* v = calloc(1, sizeof *v);
  made++;
  if (++depth > deepest) deepest = depth;
  space();
  if (*p == '{' || *p == '[') {
    int object = *p++ == '{';
    char close = object ? '}' : ']';
    v->kind = object ? OBJECT : ARRAY;
    for (space(); *p != close;) {
      v->items = realloc(v->items, sizeof *v->items * (size_t)(v->count + 1));
      if (object) {
        v->keys = realloc(v->keys, sizeof *v->keys * (size_t)(v->count + 1));
        space();
        v->keys[v->count] = string();
        space();
        if (*p++ != ':') fail("expected a colon");
      }
      v->items[v->count++] = value();
      space();
      if (*p == ',') p++;
      else if (*p != close) fail("expected a comma");
    }
    p++;
  } else if (*p == '"') {
    v->kind = STRING, v->text = string();
  } else if (!strncmp(p, "true", 4)) {
    v->kind = BOOL, v->number = 1, p += 4;
  } else if (!strncmp(p, "false", 5)) {
    v->kind = BOOL, p += 5;
  } else if (!strncmp(p, "null", 4)) {
    p += 4;
  } else {
    char* end;
    v->kind = NUMBER, v->number = strtod(p, &end);
    if (end == p) fail("expected a value");
    p = end;
  }
  depth--;
  return v;
}
static void print(const struct value* v, int indent) {
  switch (v->kind) {
    case NUL: printf("null"); break;
    case BOOL: printf(v->number ? "true" : "false"); break;
    case NUMBER: printf("%.17g", v->number); break;
    case STRING:
      putchar('"');
      for (const char* c = v->text; *c; c++) *c == '\n' ? printf("\\n") : *c == '"' ? printf("\\\"") : putchar(*c);
      putchar('"');
      break;
    default:
      printf(v->kind == OBJECT ? "{" : "[");
      for (int i = 0; i < v->count; i++) {
        printf("%s\n%*s", i ? "," : "", indent + 2, "");
        if (v->kind == OBJECT) printf("\"%s\": ", v->keys[i]);
        print(v->items[i], indent + 2);
      }
      if (v->count) printf("\n%*s", indent, "");
      printf(v->kind == OBJECT ? "}" : "]");
  }
}
static void drop(struct value* v) {
  for (int i = 0; i < v->count; i++) {
    drop(v->items[i]);
    if (v->keys) free(v->keys[i]);
  }
  free(v->items), free(v->keys), free(v->text), free(v);
}

int main(void) {
  static char input[1 << 16];
  size_t n = fread(input, 1, sizeof input - 1, stdin);
  printf("%zu bytes\n", n);
  p = input;
  struct value* v = value();
  print(v, 0);
  printf("\n%d values, %d deep\n", made, deepest);
  drop(v);
  char* big = malloc(200000);  // deep and wide
  int at = 0;
  for (int i = 0; i < 500; i++) big[at++] = '[';
  for (int i = 0; i < 20000; i++) at += sprintf(big + at, "%d,", i);
  big[at - 1] = ']';
  for (int i = 1; i < 500; i++) big[at++] = ']';
  big[at] = 0;
  p = big, made = deepest = 0;
  v = value();
  printf("%d values, %d deep\n", made, deepest);
  drop(v);
  free(big);
  p = "{\"a\": [1, 2 3]}";
  value();
  return 0;
}
//! exit: 1
