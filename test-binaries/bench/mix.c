/*
 * What embedded processors are usually measured with: a linked list that is searched, reversed and merge-sorted, small
 * matrices of integers, a state machine that reads numbers, and a CRC-16 over what they find. All of it stays in the
 * first-level cache.
 */
#include "bench.h"

#define NOINLINE __attribute__((noinline))

static NOINLINE uint16_t crc16(uint16_t crc, uint16_t data) {
  for (int bit = 0; bit < 16; bit++, data >>= 1) crc = (uint16_t)(crc >> 1 ^ (((data ^ crc) & 1) ? 0xa001 : 0));
  return crc;
}

enum { NODES = 120, ORDER = 12 };
struct node {
  struct node *next;
  struct item {
    int16_t key, value;
  } * item;
};
static struct node nodes[NODES];
static struct item items[NODES];

typedef int compare(const struct item *, const struct item *);
static NOINLINE int by_key(const struct item *a, const struct item *b) { return a->key - b->key; }
static NOINLINE int by_value(const struct item *a, const struct item *b) {
  return a->value != b->value ? a->value - b->value : a->key - b->key;
}

static NOINLINE struct node *find(struct node *list, int16_t value) {
  while (list && list->item->value != value) list = list->next;
  return list;
}
static NOINLINE struct node *reverse(struct node *list) {
  struct node *done = NULL;
  while (list) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}
/* Merges runs of 1, 2, 4, … until there is one. */
static NOINLINE struct node *sort(struct node *list, compare *order) {
  for (int run = 1;; run *= 2) {
    struct node *rest = list, **tail = &list;
    int merges = 0;
    while (rest) {
      struct node *left = rest, *right = rest;
      int left_size = 0, right_size = run;
      while (left_size < run && right) left_size++, right = right->next;
      merges++;
      while (left_size > 0 || (right_size > 0 && right)) {
        struct node **from = left_size == 0                                          ? &right
                             : right_size == 0 || !right                             ? &left
                             : order(left->item, right->item) <= 0 ? &left
                                                                                     : &right;
        if (from == &left) left_size--;
        else right_size--;
        *tail = *from;
        tail = &(*tail)->next;
        *from = (*from)->next;
      }
      rest = right;
    }
    *tail = NULL;
    if (merges <= 1) return list;
  }
}

static NOINLINE uint16_t use_list(int seed, uint16_t crc) {
  for (int i = 0; i < NODES; i++) {
    items[i] = (struct item){.key = (int16_t)i, .value = (int16_t)((i * 73 + seed * 31) & 127)};
    nodes[i] = (struct node){.next = i + 1 < NODES ? &nodes[i + 1] : NULL, .item = &items[i]};
  }
  struct node *list = nodes;
  int found = 0;
  for (int16_t value = 0; value < 40; value++) {
    struct node *node = find(list, (int16_t)(value * 3));
    if (node) found += node->item->key;
    list = reverse(list);
  }
  list = sort(list, by_value);
  crc = crc16(crc, (uint16_t)list->item->key);
  list = sort(list, by_key);
  return crc16(crc, (uint16_t)(found + list->next->item->value));
}

static NOINLINE uint16_t use_matrix(int seed, uint16_t crc) {
  static int16_t a[ORDER][ORDER], b[ORDER][ORDER];
  static int32_t c[ORDER][ORDER];
  for (int i = 0; i < ORDER; i++)
    for (int k = 0; k < ORDER; k++) a[i][k] = (int16_t)(seed + i * k), b[i][k] = (int16_t)(seed - i + k);
  for (int i = 0; i < ORDER; i++)
    for (int k = 0; k < ORDER; k++) {
      int32_t sum = 0, bits = 0;
      for (int j = 0; j < ORDER; j++) {
        int32_t product = a[i][j] * b[j][k];
        sum += product;
        bits += (product >> 2 & 15) * (product >> 5 & 127);
      }
      c[i][k] = sum ^ bits;
    }
  int32_t last = 0, rising = 0;
  for (int i = 0; i < ORDER; i++)
    for (int k = 0; k < ORDER; k++) {
      rising += c[i][k] > last ? 10 : 1;
      last = c[i][k];
    }
  return crc16(crc, (uint16_t)(rising ^ last));
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCALE, INVALID, STATES };
static NOINLINE enum state read_number(const char **text, unsigned *transitions) {
  enum state state = START;
  const char *p = *text;
  for (; *p && *p != ','; p++) {
    char c = *p;
    int digit = c >= '0' && c <= '9';
    switch (state) {
    case START: state = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
    case SIGN: state = digit ? INTEGER : c == '.' ? POINT : INVALID; break;
    case INTEGER: state = digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID; break;
    case POINT: case FRACTION: state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
    case EXPONENT: state = digit ? SCALE : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID; break;
    case EXPONENT_SIGN: case SCALE: state = digit ? SCALE : INVALID; break;
    default: break;
    }
    transitions[state]++;
    if (state == INVALID) {
      while (p[1] && p[1] != ',') p++;
    }
  }
  *text = *p ? p + 1 : p;
  return state;
}
static NOINLINE uint16_t use_states(int seed, uint16_t crc) {
  static char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,"
                       "-T.T++Tq,1T3.4e4z,34.0e-T^";
  unsigned transitions[STATES] = {0}, ends[STATES] = {0};
  char *changed = &text[seed % (int)(sizeof text - 1)];
  char before = *changed;
  if (before != ',') *changed = (char)(before ^ 3);
  for (const char *p = text; *p;) ends[read_number(&p, transitions)]++;
  *changed = before;
  for (int i = 0; i < STATES; i++) crc = crc16(crc16(crc, (uint16_t)transitions[i]), (uint16_t)ends[i]);
  return crc;
}

int main(int argc, char **argv) {
  long rounds = size_argument(argc, argv, 86000);
  uint16_t crc = 0;
  for (long i = 0; i < rounds; i++) crc = use_states((int)i, use_matrix((int)i, use_list((int)i, crc)));
  printf("%04x\n", crc);
  return 0;
}
