// Memory and branches: Conway's game of life on a torus.
#include "bench.h"
enum { W = 128, H = 128 };
static uint8_t grid[2][H][W];
uint64_t bench(uint32_t n) {
  uint32_t seed = 11;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) grid[0][y][x] = xorshift(&seed) & 1;
  for (uint32_t g = 0; g < n; g++) {
    uint8_t(*from)[W] = grid[g & 1], (*to)[W] = grid[~g & 1];
    for (int y = 0; y < H; y++) {
      int up = (y + H - 1) % H, down = (y + 1) % H;
      for (int x = 0; x < W; x++) {
        int l = (x + W - 1) % W, r = (x + 1) % W;
        int c = from[up][l] + from[up][x] + from[up][r] + from[y][l] + from[y][r] + from[down][l] + from[down][x] + from[down][r];
        to[y][x] = c == 3 || (c == 2 && from[y][x]);
      }
    }
  }
  uint64_t sum = 0;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) sum = sum * 3 + grid[n & 1][y][x];
  return sum;
}
