/* qsort, bsearch, search trees, hash tables. */
#include "suite.h"
#include <search.h>

static int comparisons;
static int compare_ints(const void *a, const void *b) {
  comparisons++;
  int x = *(const int *)a, y = *(const int *)b;
  return x < y ? -1 : x > y;
}
struct record {
  char key[24];
  double weight;
  int order;
};
static int compare_records(const void *a, const void *b, void *context) {
  const struct record *x = a, *y = b;
  (*(long *)context)++;
  int c = strcmp(x->key, y->key);
  return c ? c : x->order - y->order;
}
static int compare_strings(const void *a, const void *b) { return strcmp(a, b); }
static uint64_t tree_hash;
static void visit(const void *node, VISIT which, int depth) {
  if (which != postorder && which != leaf) return;
  const char *key = *(const char *const *)node;
  tree_hash = hash_bytes(tree_hash, key, strlen(key));
  (void)depth;
}

int main(void) {
  enum { COUNT = 20000 };
  static int numbers[COUNT];
  for (int i = 0; i < COUNT; i++) numbers[i] = (int)(random64() >> 40) % 50000;
  qsort(numbers, COUNT, sizeof *numbers, compare_ints);
  for (int i = 1; i < COUNT; i++) EXPECT(numbers[i - 1] <= numbers[i]);
  CHECK(comparisons > COUNT && comparisons < COUNT * 20);
  int found = 0;
  for (int key = 0; key < 50000; key++) found += bsearch(&key, numbers, COUNT, sizeof *numbers, compare_ints) != NULL;
  printf("%d %d %d, %d distinct\n", numbers[0], numbers[COUNT / 2], numbers[COUNT - 1], found);

  enum { RECORDS = 3000 };
  struct record *records = calloc(RECORDS, sizeof *records);
  for (int i = 0; i < RECORDS; i++) {
    snprintf(records[i].key, sizeof records[i].key, "key-%lu", (unsigned long)(random64() % 2000));
    records[i].weight = i * 0.5;
    records[i].order = i;
  }
  long calls = 0;
  qsort_r(records, RECORDS, sizeof *records, compare_records, &calls);
  uint64_t hash = 0;
  for (int i = 0; i < RECORDS; i++) hash = hash_bytes(hash, &records[i].order, sizeof records[i].order);
  printf("records %016lx %s %s\n", (unsigned long)hash, records[0].key, records[RECORDS - 1].key);

  void *tree = NULL;
  int distinct = 0;
  for (int i = 0; i < RECORDS; i++) {
    char **node = tsearch(records[i].key, &tree, compare_strings);
    distinct += *node == records[i].key;
  }
  twalk(tree, visit);
  printf("tree %d %016lx\n", distinct, (unsigned long)tree_hash);
  CHECK(tfind("key-99999", &tree, compare_strings) == NULL);
  CHECK(hcreate(5000));
  for (int i = 0; i < RECORDS; i++) hsearch((ENTRY){records[i].key, &records[i]}, ENTER);
  CHECK(hsearch((ENTRY){records[7].key, NULL}, FIND) != NULL);
  CHECK(hsearch((ENTRY){(char *)"absent", NULL}, FIND) == NULL);
  return finish();
}
