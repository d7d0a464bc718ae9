// Recursion: deep, mutual, and branching.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned ackermann(unsigned m, unsigned n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
static int is_odd(unsigned n);
__attribute__((noinline)) static int is_even(unsigned n) { return n == 0 ? 1 : is_odd(n - 1); }
__attribute__((noinline)) static int is_odd(unsigned n) { return n == 0 ? 0 : is_even(n - 1); }
static unsigned moves;
static void hanoi(int n, int from, int to, int via) {
  if (!n) return;
  hanoi(n - 1, from, via, to);
  moves++;
  hanoi(n - 1, via, to, from);
}
static unsigned queens(unsigned all, unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  unsigned count = 0;
  for (unsigned open = all & ~(columns | left | right); open; open &= open - 1) {
    unsigned bit = open & -open;
    count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}
__attribute__((noinline)) static long depth(int n, volatile long* above) {
  volatile long here = n;
  return n ? depth(n - 1, &here) + (above ? *above - here : 0) : 0;
}
static int permutations;
static void permute(char* s, int k, int n) {
  if (k == n) {
    if (++permutations % 1000 == 0) printf("%s ", s);
    return;
  }
  for (int i = k; i < n; i++) {
    char t = s[k];
    s[k] = s[i], s[i] = t;
    permute(s, k + 1, n);
    t = s[k];
    s[k] = s[i], s[i] = t;
  }
}
static int solve(char* g) {  // sudoku
  char* p = strchr(g, '.');
  if (!p) return 1;
  int at = (int)(p - g), row = at / 9, column = at % 9;
  for (char c = '1'; c <= '9'; c++) {
    int ok = 1;
    for (int i = 0; i < 9 && ok; i++) ok = g[row * 9 + i] != c && g[i * 9 + column] != c && g[(row / 3 * 3 + i / 3) * 9 + column / 3 * 3 + i % 3] != c;
    if (!ok) continue;
    *p = c;
    if (solve(g)) return 1;
  }
  *p = '.';
  return 0;
}

int main(void) {
  printf("ackermann %u %u\n", ackermann(2, 9), ackermann(3, 6));
  printf("even %d odd %d\n", is_even(1000), is_odd(777));
  hanoi(16, 0, 2, 1);
  printf("hanoi %u\n", moves);
  for (unsigned n = 4; n <= 9; n++) printf("queens %u: %u\n", n, queens((1u << n) - 1, 0, 0, 0));
  printf("depth %ld\n", depth(1000, 0));
  char letters[] = "abcdefg";
  permute(letters, 0, 7);
  printf("%d\n", permutations);
  char grid[] = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";
  printf("%d\n", solve(grid));
  for (int i = 0; i < 9; i++) printf("%.9s\n", grid + 9 * i);
  return 0;
}
