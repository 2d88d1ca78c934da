// C++ as programs are written in it: virtual calls on a tree of expressions, exceptions, containers, strings.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Undefined : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Variables = std::map<std::string, long>;

struct Expression {
  virtual ~Expression() = default;
  virtual long value(const Variables &variables) const = 0;
  virtual std::string text() const = 0;
};
using Owned = std::unique_ptr<Expression>;

struct Constant : Expression {
  explicit Constant(long number) : number(number) {}
  long value(const Variables &) const override { return number; }
  std::string text() const override { return std::to_string(number); }
  long number;
};

struct Variable : Expression {
  explicit Variable(std::string name) : name(std::move(name)) {}
  long value(const Variables &variables) const override {
    auto found = variables.find(name);
    if (found == variables.end()) throw Undefined(name);
    return found->second;
  }
  std::string text() const override { return name; }
  std::string name;
};

struct Binary : Expression {
  Binary(Owned left, Owned right) : left(std::move(left)), right(std::move(right)) {}
  long value(const Variables &variables) const override {
    long a = left->value(variables), b = right->value(variables);
    return apply(a, b);
  }
  std::string text() const override { return "(" + left->text() + sign() + right->text() + ")"; }
  virtual long apply(long a, long b) const = 0;
  virtual const char *sign() const = 0;
  Owned left, right;
};
struct Sum : Binary {
  using Binary::Binary;
  long apply(long a, long b) const override { return long(unsigned(a) + unsigned(b)); }
  const char *sign() const override { return "+"; }
};
struct Product : Binary {
  using Binary::Binary;
  long apply(long a, long b) const override { return long(unsigned(a) * unsigned(b)); }
  const char *sign() const override { return "*"; }
};
struct Quotient : Binary {
  using Binary::Binary;
  long apply(long a, long b) const override {
    if (b == 0) throw std::domain_error("division by zero");
    return a / b;
  }
  const char *sign() const override { return "/"; }
};

unsigned state = 12345;
unsigned draw(unsigned below) { return (state = state * 1103515245 + 12345) / 65536 % below; }

Owned grow(int depth) {
  if (depth == 0) {
    if (draw(2) == 0) return std::make_unique<Constant>(draw(100));
    return std::make_unique<Variable>(std::string(1, char('a' + draw(5))));
  }
  Owned left = grow(depth - 1), right = grow(depth - 1);
  switch (draw(5)) {
  case 0: case 1: return std::make_unique<Product>(std::move(left), std::move(right));
  case 2: return std::make_unique<Quotient>(std::move(left), std::move(right));
  default: return std::make_unique<Sum>(std::move(left), std::move(right));
  }
}

} // namespace

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 40000;
  std::vector<Owned> trees;
  for (int i = 0; i < 40; i++) trees.push_back(grow(6));
  unsigned long sum = 0, thrown = 0, undefined = 0;
  std::unordered_map<std::string, unsigned> seen;
  std::vector<std::string> texts;
  for (long round = 0; round < rounds; round++) {
    Variables variables{{"a", round}, {"b", round % 7}, {"c", 3}, {"d", -round}};
    if (round % 50 != 0) variables["e"] = round & 15;
    const Expression &tree = *trees[round % trees.size()];
    for (int again = 0; again < 4; again++) {
      try {
        sum = sum * 31 + unsigned(tree.value(variables));
      } catch (const Undefined &name) {
        undefined += name.what()[0];
      } catch (const std::domain_error &) {
        thrown++;
      }
      variables["c"]++;
    }
    if (round % 8 == 0) {
      std::string text = tree.text();
      if (seen[text.substr(0, 20)]++ == 0) texts.push_back(text);
    }
  }
  std::sort(texts.begin(), texts.end(), [](const std::string &a, const std::string &b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  std::printf("%lx %lu %lu %zu %s\n", sum, thrown, undefined, texts.size(), texts.front().substr(0, 30).c_str());
}
