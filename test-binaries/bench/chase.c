/* Following pointers: a random cycle through memory that outgrows the caches, and a binary search tree. */
#include "bench.h"

struct node {
  struct node *left, *right;
  uint64_t key;
};

int main(int argc, char **argv) {
  long steps = size_argument(argc, argv, 30000000);
  enum { CELLS = 1 << 19, NODES = 60000 };
  struct cell {
    struct cell *next;
    uint64_t value;
  } *cells = malloc(sizeof(struct cell) * CELLS);
  uint32_t *order = malloc(4 * CELLS);
  for (uint32_t i = 0; i < CELLS; i++) order[i] = i;
  for (uint32_t i = CELLS - 1; i > 0; i--) {
    uint32_t j = (uint32_t)(random64() % i), t = order[i];
    order[i] = order[j];
    order[j] = t;
  }
  for (uint32_t i = 0; i < CELLS; i++) {
    cells[order[i]].next = &cells[order[(i + 1) % CELLS]];
    cells[order[i]].value = random64();
  }
  uint64_t sum = 0;
  struct cell *c = cells;
  for (long i = 0; i < steps; i++) {
    sum = sum * 3 + c->value;
    c = c->next;
  }
  struct node *nodes = calloc(NODES, sizeof *nodes), *root = nodes;
  root->key = random64();
  for (long i = 1; i < NODES; i++) {
    nodes[i].key = random64();
    struct node **p = &root;
    while (*p) p = nodes[i].key < (*p)->key ? &(*p)->left : &(*p)->right;
    *p = &nodes[i];
  }
  for (long i = 0; i < steps / 10; i++) {
    uint64_t key = random64();
    struct node *n = root;
    long depth = 0;
    while (n) {
      n = key < n->key ? n->left : n->right;
      depth++;
    }
    sum += (uint64_t)depth;
  }
  printf("%016lx\n", (unsigned long)sum);
  return 0;
}
