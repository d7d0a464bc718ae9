// LZ77 with Huffman codes over a generated text: what goes in comes out.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 200000, WINDOW = 4096, SYMBOLS = 512 };
static uint8_t text[SIZE], back[SIZE + 300];
static uint16_t tokens[SIZE * 2];
static int head[1 << 15], previous[SIZE];

static int compress(void) {
  int n = 0;
  memset(head, -1, sizeof head);
  for (int i = 0; i < SIZE;) {
    int best = 0, where = 0;
    if (i + 3 < SIZE) {
      unsigned h = (text[i] * 2654435761u ^ text[i + 1] * 40503u ^ text[i + 2] * 65599u) >> 7 & 0x7fff;
      int tries = 32;
      for (int j = head[h]; j >= 0 && i - j < WINDOW && tries--; j = previous[j]) {
        int k = 0;
        while (k < 255 && i + k < SIZE && text[j + k] == text[i + k]) k++;
        if (k > best) best = k, where = i - j;
      }
      previous[i] = head[h], head[h] = i;
    }
    if (best >= 4) {
      tokens[n++] = (uint16_t)(256 + best), tokens[n++] = (uint16_t)where;
      for (int k = 1; k < best && i + k + 3 < SIZE; k++) {
        unsigned h = (text[i + k] * 2654435761u ^ text[i + k + 1] * 40503u ^ text[i + k + 2] * 65599u) >> 7 & 0x7fff;
        previous[i + k] = head[h], head[h] = i + k;
      }
      i += best;
    } else {
      tokens[n++] = text[i++];
    }
  }
  return n;
}

struct node { uint32_t weight; int left, right; };
static struct node nodes[2 * SYMBOLS];
static uint32_t codes[SYMBOLS];
static int lengths[SYMBOLS], heap[2 * SYMBOLS], heap_size;
static int before(int a, int b) { return nodes[a].weight != nodes[b].weight ? nodes[a].weight < nodes[b].weight : a < b; }
static void push(int v) {
  int i = heap_size++;
  for (; i && before(v, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
  heap[i] = v;
}
static int pop(void) {
  int top = heap[0], v = heap[--heap_size], i = 0;
  for (int c; (c = 2 * i + 1) < heap_size; i = c) {
    if (c + 1 < heap_size && before(heap[c + 1], heap[c])) c++;
    if (!before(heap[c], v)) break;
    heap[i] = heap[c];
  }
  heap[i] = v;
  return top;
}
static void assign(int v, uint32_t code, int length) {
  if (nodes[v].left < 0) {
    codes[v] = code, lengths[v] = length ? length : 1;
    return;
  }
  assign(nodes[v].left, code << 1, length + 1), assign(nodes[v].right, code << 1 | 1, length + 1);
}

int main(void) {
  static const char* words[] = {"glass", "case", "sealed", "light", "through", "the", "of", "and", "window", "museum", "a", "behind", "shown", "rare", "bird"};
  uint32_t seed = 77;
  for (int i = 0; i < SIZE;) {
    seed = seed * 1664525 + 1013904223;
    const char* w = words[(seed >> 16) % 15];
    while (*w && i < SIZE) text[i++] = (uint8_t)*w++;
    if (i < SIZE) text[i++] = seed >> 28 == 3 ? '\n' : ' ';
  }
  int n = compress();
  for (int i = 0; i < SYMBOLS; i++) nodes[i] = (struct node){0, -1, -1};
  for (int i = 0; i < n; i++) {
    nodes[tokens[i]].weight++;
    if (tokens[i] >= 256) i++;
  }
  int next = SYMBOLS;
  for (int i = 0; i < SYMBOLS; i++)
    if (nodes[i].weight) push(i);
  while (heap_size > 1) {
    int a = pop(), b = pop();
    nodes[next] = (struct node){nodes[a].weight + nodes[b].weight, a, b};
    push(next++);
  }
  int root = pop();
  assign(root, 0, 0);
  uint8_t* bits = calloc(SIZE, 1);
  uint32_t at = 0;
  for (int i = 0; i < n; i++) {
    int s = tokens[i];
    for (int k = lengths[s] - 1; k >= 0; k--, at++) bits[at >> 3] |= (uint8_t)((codes[s] >> k & 1) << (at & 7));
    if (s >= 256) {
      i++;
      for (int k = 11; k >= 0; k--, at++) bits[at >> 3] |= (uint8_t)((tokens[i] >> k & 1) << (at & 7));
    }
  }
  printf("%d bytes, %d tokens, %u bits\n", SIZE, n, at);
  int out = 0;
  for (uint32_t in = 0; in < at;) {
    int v = root;
    while (nodes[v].left >= 0) v = bits[in >> 3] >> (in & 7) & 1 ? nodes[v].right : nodes[v].left, in++;
    if (v < 256) {
      back[out++] = (uint8_t)v;
    } else {
      int distance = 0;
      for (int k = 0; k < 12; k++, in++) distance = distance << 1 | (bits[in >> 3] >> (in & 7) & 1);
      for (int k = 256; k < v; k++, out++) back[out] = back[out - distance];
    }
  }
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < (at + 7) / 8; i++) hash = (hash ^ bits[i]) * 16777619u;
  printf("%s, %08x\n", out == SIZE && !memcmp(text, back, SIZE) ? "round trip" : "DAMAGED", hash);
  return 0;
}
