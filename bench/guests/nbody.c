// Floating point: gravitation of five bodies.
#include <math.h>
#include "bench.h"
struct body { double x, y, z, vx, vy, vz, mass; };
uint64_t bench(uint32_t n) {
  struct body b[5] = {{0, 0, 0, 0, 0, 0, 39.47},
                      {4.84, -1.16, -0.10, 0.60, 2.81, -0.02, 0.037},
                      {8.34, 4.12, -0.40, -1.01, 1.82, 0.008, 0.011},
                      {12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017},
                      {15.37, -25.91, 0.17, 0.97, 0.59, -0.03, 0.002}};
  for (uint32_t step = 0; step < n * 1000; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
        double d2 = dx * dx + dy * dy + dz * dz, mag = 0.001 / (d2 * sqrt(d2));
        b[i].vx -= dx * b[j].mass * mag, b[i].vy -= dy * b[j].mass * mag, b[i].vz -= dz * b[j].mass * mag;
        b[j].vx += dx * b[i].mass * mag, b[j].vy += dy * b[i].mass * mag, b[j].vz += dz * b[i].mass * mag;
      }
    for (int i = 0; i < 5; i++) b[i].x += 0.001 * b[i].vx, b[i].y += 0.001 * b[i].vy, b[i].z += 0.001 * b[i].vz;
  }
  uint64_t bits;
  double e = b[0].x + b[1].y + b[2].z + b[3].vx + b[4].vy;
  memcpy(&bits, &e, 8);
  return bits;
}
