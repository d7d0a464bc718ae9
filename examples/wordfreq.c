// Counts the words of a file and writes the most frequent ones, to standard output or to a second file.
//   wordfreq FILE [REPORT]
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  char* word;
  unsigned count;
  struct entry* next;
};

enum { BUCKETS = 1 << 12 };
static struct entry* table[BUCKETS];
static unsigned distinct;

static unsigned hash(const char* s) {
  unsigned h = 2166136261u;
  while (*s) h = (h ^ (unsigned char)*s++) * 16777619u;
  return h;
}

static void count(const char* word) {
  struct entry** slot = &table[hash(word) % BUCKETS];
  for (struct entry* e = *slot; e; e = e->next) {
    if (strcmp(e->word, word) == 0) {
      e->count++;
      return;
    }
  }
  struct entry* e = malloc(sizeof *e);
  *e = (struct entry){strdup(word), 1, *slot};
  *slot = e;
  distinct++;
}

static int by_count(const void* a, const void* b) {
  const struct entry* x = *(struct entry* const*)a;
  const struct entry* y = *(struct entry* const*)b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  return strcmp(x->word, y->word);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: wordfreq FILE [REPORT]\n");
    return 2;
  }
  FILE* in = fopen(argv[1], "r");
  if (!in) {
    fprintf(stderr, "wordfreq: cannot read %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  char word[64];
  size_t length = 0;
  for (int c; (c = getc(in)) != EOF || length;) {
    if (c != EOF && isalpha(c)) {
      if (length + 1 < sizeof word) word[length++] = (char)tolower(c);
    } else if (length) {
      word[length] = 0;
      count(word);
      length = 0;
    }
    if (c == EOF) break;
  }
  fclose(in);

  struct entry** all = malloc(distinct * sizeof *all + 1);
  unsigned n = 0;
  for (int i = 0; i < BUCKETS; i++)
    for (struct entry* e = table[i]; e; e = e->next) all[n++] = e;
  qsort(all, n, sizeof *all, by_count);

  FILE* out = stdout;
  if (argc > 2 && !(out = fopen(argv[2], "w"))) {
    fprintf(stderr, "wordfreq: cannot write %s: %s\n", argv[2], strerror(errno));
    return 1;
  }
  fprintf(out, "%u different words; the most frequent:\n", n);
  for (unsigned i = 0; i < n && i < 8; i++) fprintf(out, "%6u %s\n", all[i]->count, all[i]->word);
  return fclose(out) == 0 ? 0 : 1;
}
