// String functions, and text handled a byte and a code point at a time.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int decode(const unsigned char** p) {
  unsigned c = *(*p)++;
  int more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : 3;
  if (more) c &= 0x3fu >> more;
  while (more--) c = c << 6 | (*(*p)++ & 63);
  return (int)c;
}
static int distance(const char* a, const char* b) {
  int n = (int)strlen(a), m = (int)strlen(b), row[64];
  for (int j = 0; j <= m; j++) row[j] = j;
  for (int i = 1; i <= n; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= m; j++) {
      int up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
      if (up + 1 < best) best = up + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best, diagonal = up;
    }
  }
  return row[m];
}
static int match(const char* p, const char* s) {  // glob
  for (; *p; p++, s++) {
    if (*p == '*') {
      for (;; s++) {
        if (match(p + 1, s)) return 1;
        if (!*s) return 0;
      }
    }
    if (!*s || (*p != '?' && *p != *s)) return 0;
  }
  return !*s;
}

int main(void) {
  char line[] = "the quick, brown;fox  jumps,over the lazy dog";
  for (char* save = 0, *t = strtok_r(line, " ,;", &save); t; t = strtok_r(0, " ,;", &save)) printf("<%s>", t);
  puts("");
  const char* hay = "abracadabra abracadabra";
  printf("%td %td %td %td\n", strstr(hay, "cad") - hay, strchr(hay, 'd') - hay, strrchr(hay, 'd') - hay, strpbrk(hay, "xyzd") - hay);
  printf("%zu %zu %d %d %d\n", strspn(hay, "abr"), strcspn(hay, "d"), strcmp("abc", "abd") < 0, strncmp("abcx", "abcy", 3), strcasecmp("HeLLo", "hEllO"));
  char buffer[64] = "0123456789";
  memmove(buffer + 2, buffer, 8);
  puts(buffer);
  memmove(buffer, buffer + 3, 7);
  puts(buffer);
  memset(buffer + 1, '-', 3);
  strncat(buffer, "tail of it", 4);
  puts(buffer);
  printf("%d %d %d\n", memcmp("\x80", "\x7f", 1) > 0, memchr("haystack", 's', 8) != 0, memchr("haystack", 'z', 8) == 0);
  const unsigned char utf8[] = "naïve — 日本語 😀";
  for (const unsigned char* p = utf8; *p;) printf("U+%04X ", decode(&p));
  puts("");
  printf("%d %d %d %d\n", distance("kitten", "sitting"), distance("flaw", "lawn"), distance("", "abc"), distance("intention", "execution"));
  printf("%d %d %d %d %d\n", match("*.c", "main.c"), match("m??n*", "main.cpp"), match("*a*b*c*", "xxaxxbxxc"), match("*.h", "main.c"), match("", ""));
  int kinds[6] = {0};
  for (int c = 0; c < 128; c++) kinds[0] += !!isalpha(c), kinds[1] += !!isdigit(c), kinds[2] += !!isspace(c), kinds[3] += !!ispunct(c), kinds[4] += !!isprint(c), kinds[5] += toupper(c) != c;
  for (int i = 0; i < 6; i++) printf("%d ", kinds[i]);
  puts("");
  char* copy = strdup("reverse me");
  for (size_t i = 0, n = strlen(copy); i < n / 2; i++) {
    char t = copy[i];
    copy[i] = copy[n - 1 - i], copy[n - 1 - i] = t;
  }
  puts(copy);
  free(copy);
  const char* base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char* plain = "Many hands make light work.";
  for (size_t i = 0, n = strlen(plain); i < n; i += 3) {
    unsigned v = (unsigned)(unsigned char)plain[i] << 16 | (i + 1 < n ? (unsigned)(unsigned char)plain[i + 1] << 8 : 0) | (i + 2 < n ? (unsigned char)plain[i + 2] : 0);
    printf("%c%c%c%c", base64[v >> 18], base64[v >> 12 & 63], i + 1 < n ? base64[v >> 6 & 63] : '=', i + 2 < n ? base64[v & 63] : '=');
  }
  puts("");
  return 0;
}
