// Classes: virtual and multiple inheritance, run-time type information, lifetimes, smart pointers, templates.
#include <any>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <typeinfo>
#include <variant>
#include <vector>

struct shape {
  static inline int alive = 0;
  shape() { alive++; }
  virtual ~shape() { alive--; }
  virtual double area() const = 0;
  virtual std::string name() const { return "shape"; }
};
struct named {
  std::string label;
  explicit named(std::string l) : label(std::move(l)) {}
  virtual ~named() = default;
  virtual std::string who() const { return "named " + label; }
};
struct circle : shape, named {
  double r;
  explicit circle(double r) : named("circle"), r(r) {}
  double area() const override { return 3.25 * r * r; }
  std::string name() const override { return label; }
  std::string who() const override { return "a circle"; }
};
struct square : virtual shape {
  double a;
  explicit square(double a) : a(a) {}
  double area() const override { return a * a; }
};
struct solid : virtual shape {
  int weight = 7;
};
struct block : square, solid {
  block() : square(4) {}
  double area() const override { return 6 * square::area() + weight; }
};

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <int N>
struct fibonacci {
  static constexpr long long value = fibonacci<N - 1>::value + fibonacci<N - 2>::value;
};
template <>
struct fibonacci<0> {
  static constexpr long long value = 0;
};
template <>
struct fibonacci<1> {
  static constexpr long long value = 1;
};
template <class... T>
auto sum(T... t) {
  return (t + ... + 0);
}

struct noisy {
  std::string name;
  explicit noisy(std::string n) : name(std::move(n)) { std::cout << '+' << name; }
  noisy(const noisy& o) : name(o.name + "'") { std::cout << '=' << name; }
  noisy(noisy&& o) noexcept : name(std::move(o.name)) { o.name = "moved", std::cout << '>' << name; }
  noisy& operator=(noisy&& o) noexcept {
    name = std::move(o.name), o.name = "moved";
    std::cout << '<' << name;
    return *this;
  }
  ~noisy() { std::cout << '-' << name; }
};
static noisy statically("static");
struct tree {
  int key;
  std::unique_ptr<tree> left, right;
  static void insert(std::unique_ptr<tree>& t, int key) {
    if (!t)
      t = std::make_unique<tree>(tree{key, nullptr, nullptr});
    else
      insert(key < t->key ? t->left : t->right, key);
  }
  int height() const { return 1 + std::max(left ? left->height() : 0, right ? right->height() : 0); }
};

int main() {
  std::cout << '\n';
  {
    std::vector<std::unique_ptr<shape>> shapes;
    shapes.push_back(std::make_unique<circle>(2));
    shapes.push_back(std::make_unique<square>(3));
    shapes.push_back(std::make_unique<block>());
    for (auto& s : shapes) {
      const shape& thing = *s;
      std::cout << s->name() << ' ' << s->area();
      if (auto* n = dynamic_cast<named*>(s.get())) std::cout << ' ' << n->who();
      if (auto* w = dynamic_cast<solid*>(s.get())) std::cout << " weighs " << w->weight;
      std::cout << (typeid(thing) == typeid(square) ? " exactly a square" : "") << '\n';
    }
    std::cout << shape::alive << " alive\n";
  }
  std::cout << shape::alive << " alive\n";
  {
    noisy a("a"), b = a, c = std::move(a);
    std::vector<noisy> v;
    v.reserve(2);
    v.emplace_back("v"), v.push_back(b);
    v.erase(v.begin());
  }
  std::cout << '\n';
  auto shared = std::make_shared<noisy>("shared");
  std::weak_ptr<noisy> weak = shared;
  auto second = shared;
  std::cout << ' ' << shared.use_count() << ' ' << weak.expired();
  shared.reset(), second = nullptr;
  std::cout << ' ' << weak.expired() << '\n';

  std::vector<std::variant<int, double, std::string>> things{1, 2.5, "three"};
  for (auto& t : things)
    std::visit(overloaded{[](int i) { std::cout << "int " << i; }, [](double d) { std::cout << " double " << d; },
                          [](const std::string& s) { std::cout << " string " << s << '\n'; }},
               t);
  std::optional<std::string> maybe;
  std::cout << maybe.value_or("nothing") << ' ';
  maybe = "something";
  std::any any = *maybe;
  std::cout << *std::any_cast<std::string>(&any) << ' ' << (std::any_cast<int>(&any) == nullptr) << '\n';
  auto [x, y, z] = std::tuple_cat(std::tuple(1), std::pair(2.5, std::string("z")));
  std::cout << x << y << z << ' ' << fibonacci<50>::value << ' ' << sum(1, 2.5, 3L) << '\n';
  int calls = 0;
  std::function<int(int)> counted = [&calls](int n) { return calls++, n * 2; };
  std::function<int(int)> composed = [f = counted](int n) { return f(f(n)) + 1; };
  std::cout << composed(5) << ' ' << calls << ' ' << std::bind(std::minus<>(), std::placeholders::_2, 10)(0, 3) << '\n';
  int (shape::*none)() = nullptr;
  double (shape::*method)() const = &shape::area;
  circle round(1);
  std::cout << (round.*method)() << ' ' << (none == nullptr) << '\n';
  std::unique_ptr<tree> root;
  unsigned seed = 1;
  for (int i = 0; i < 1000; ++i) tree::insert(root, static_cast<int>((seed = seed * 1664525 + 1013904223) >> 12));
  std::cout << root->height() << '\n';
}
