// Sorting four ways, and searching in the result.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5000 };
struct record { int key, order; char name[12]; };
static unsigned seed = 42;
static unsigned rnd(void) { return (seed = seed * 1103515245 + 12345) >> 8; }
static int by_key(const void* a, const void* b) {
  int x = ((const struct record*)a)->key, y = ((const struct record*)b)->key;
  return (x > y) - (x < y);
}
static int by_name(const void* a, const void* b) { return strcmp(((const struct record*)a)->name, ((const struct record*)b)->name); }

static void merge_sort(struct record* a, struct record* scratch, int n) {
  if (n < 2) return;
  int m = n / 2;
  merge_sort(a, scratch, m), merge_sort(a + m, scratch, n - m);
  memcpy(scratch, a, (size_t)n * sizeof *a);
  for (int i = 0, j = m, k = 0; k < n; k++) a[k] = j >= n || (i < m && scratch[i].key <= scratch[j].key) ? scratch[i++] : scratch[j++];
}
static void radix_sort(unsigned* a, unsigned* scratch, int n) {
  for (int shift = 0; shift < 32; shift += 8) {
    int count[257] = {0};
    for (int i = 0; i < n; i++) count[(a[i] >> shift & 255) + 1]++;
    for (int i = 0; i < 256; i++) count[i + 1] += count[i];
    for (int i = 0; i < n; i++) scratch[count[a[i] >> shift & 255]++] = a[i];
    memcpy(a, scratch, (size_t)n * sizeof *a);
  }
}
static void shell_sort(unsigned* a, int n) {
  for (int gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
    for (int i = gap; i < n; i++) {
      unsigned v = a[i];
      int j = i;
      for (; j >= gap && a[j - gap] > v; j -= gap) a[j] = a[j - gap];
      a[j] = v;
    }
}

int main(void) {
  static struct record a[N], b[N], scratch[N];
  static unsigned u[N], v[N], w[N];
  for (int i = 0; i < N; i++) {
    a[i].key = (int)(rnd() % 700) - 350;
    a[i].order = i;
    snprintf(a[i].name, sizeof a[i].name, "n%06u", rnd() % 1000000);
    u[i] = rnd() << 8 ^ rnd();
  }
  memcpy(b, a, sizeof a);
  merge_sort(a, scratch, N);
  int stable = 1;
  for (int i = 1; i < N; i++) stable &= a[i - 1].key < a[i].key || (a[i - 1].key == a[i].key && a[i - 1].order < a[i].order);
  printf("merge sort %s: %d..%d\n", stable ? "stable" : "WRONG", a[0].key, a[N - 1].key);
  qsort(b, N, sizeof *b, by_key);
  for (int i = 0; i < N; i++)
    if (a[i].key != b[i].key) return printf("qsort differs at %d\n", i), 1;
  struct record probe = {.key = 17};
  struct record* found = bsearch(&probe, b, N, sizeof *b, by_key);
  printf("bsearch finds %d\n", found ? found->key : -1);
  probe.key = 1000;
  printf("bsearch finds nothing: %d\n", bsearch(&probe, b, N, sizeof *b, by_key) == 0);
  qsort(b, N, sizeof *b, by_name);
  printf("by name: %s .. %s .. %s\n", b[0].name, b[N / 2].name, b[N - 1].name);
  memcpy(v, u, sizeof u);
  radix_sort(u, w, N), shell_sort(v, N);
  printf("radix and shell agree: %d; %u %u %u\n", !memcmp(u, v, sizeof u), u[0], u[N / 2], u[N - 1]);
  return 0;
}
