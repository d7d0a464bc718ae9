// Allocation: binary trees built and freed.
#include "bench.h"
struct node { struct node *l, *r; };
static struct node* make(int depth) {
  struct node* t = malloc(sizeof *t);
  t->l = depth ? make(depth - 1) : 0;
  t->r = depth ? make(depth - 1) : 0;
  return t;
}
static uint32_t count(struct node* t) { return t->l ? 1 + count(t->l) + count(t->r) : 1; }
static void drop(struct node* t) {
  if (t->l) drop(t->l), drop(t->r);
  free(t);
}
uint64_t bench(uint32_t n) {
  uint64_t sum = 0;
  struct node* keep = make(14);
  for (uint32_t i = 0; i < n; i++) {
    struct node* t = make(10);
    sum += count(t);
    drop(t);
  }
  sum += count(keep);
  drop(keep);
  return sum;
}
