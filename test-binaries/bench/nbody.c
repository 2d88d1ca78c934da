/* Bodies that attract each other: square roots, divisions, many live doubles. */
#include "bench.h"
#include <math.h>

struct body {
  double x, y, z, vx, vy, vz, mass;
};
enum { BODIES = 7 };

static double energy(const struct body *b) {
  double e = 0;
  for (int i = 0; i < BODIES; i++) {
    e += 0.5 * b[i].mass * (b[i].vx * b[i].vx + b[i].vy * b[i].vy + b[i].vz * b[i].vz);
    for (int j = i + 1; j < BODIES; j++) {
      double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
      e -= b[i].mass * b[j].mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

int main(int argc, char **argv) {
  long steps = size_argument(argc, argv, 1550000);
  struct body b[BODIES];
  for (int i = 0; i < BODIES; i++) {
    double angle = i * 0.9, distance = i ? 2.0 + 3.0 * i : 0;
    b[i] = (struct body){distance * cos(angle), distance * sin(angle), 0.1 * i, -sin(angle) * (i ? 1 / sqrt(distance) : 0),
                         cos(angle) * (i ? 1 / sqrt(distance) : 0), 0, i ? 1e-4 * i : 1};
  }
  printf("%.6f\n", energy(b));
  for (long s = 0; s < steps; s++) {
    for (int i = 0; i < BODIES; i++) {
      for (int j = i + 1; j < BODIES; j++) {
        double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
        double square = dx * dx + dy * dy + dz * dz, pull = 0.01 / (square * sqrt(square));
        b[i].vx -= dx * b[j].mass * pull, b[i].vy -= dy * b[j].mass * pull, b[i].vz -= dz * b[j].mass * pull;
        b[j].vx += dx * b[i].mass * pull, b[j].vy += dy * b[i].mass * pull, b[j].vz += dz * b[i].mass * pull;
      }
    }
    for (int i = 0; i < BODIES; i++) b[i].x += 0.01 * b[i].vx, b[i].y += 0.01 * b[i].vy, b[i].z += 0.01 * b[i].vz;
  }
  printf("%.6f\n", energy(b));
  return 0;
}
