// Sorting: quicksort and heapsort of integers, written out.
#include "bench.h"
static void quick(int32_t* a, int lo, int hi) {
  while (lo < hi) {
    int32_t pivot = a[(lo + hi) >> 1];
    int i = lo, j = hi;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) {
        int32_t t = a[i];
        a[i++] = a[j];
        a[j--] = t;
      }
    }
    if (j - lo < hi - i) {
      quick(a, lo, j);
      lo = i;
    } else {
      quick(a, i, hi);
      hi = j;
    }
  }
}
static void heap(int32_t* a, int n) {
  for (int start = n / 2 - 1, end = n; end > 1;) {
    int root;
    if (start >= 0) {
      root = start--;
    } else {
      int32_t t = a[--end];
      a[end] = a[0];
      a[0] = t;
      root = 0;
    }
    for (int child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && a[child] < a[child + 1]) child++;
      if (a[root] >= a[child]) break;
      int32_t t = a[root];
      a[root] = a[child];
      a[child] = t;
    }
  }
}
uint64_t bench(uint32_t n) {
  static int32_t a[20000];
  uint32_t seed = 5;
  uint64_t sum = 0;
  for (uint32_t round = 0; round < n; round++) {
    for (int i = 0; i < 20000; i++) a[i] = (int32_t)xorshift(&seed);
    if (round & 1) heap(a, 20000);
    else quick(a, 0, 19999);
    sum = sum * 31 + (uint32_t)a[100] + (uint32_t)a[19900];
  }
  return sum;
}
