// Every container of the standard library, filled, changed and walked.
#include <algorithm>
#include <array>
#include <bitset>
#include <deque>
#include <forward_list>
#include <iostream>
#include <list>
#include <map>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

template <class C>
static void show(const char* name, const C& c) {
  std::cout << name << ':';
  for (const auto& e : c) std::cout << ' ' << e;
  std::cout << '\n';
}

int main() {
  std::vector<int> v;
  for (int i = 0; i < 20; ++i) v.push_back(i * 37 % 23);
  v.insert(v.begin() + 5, {100, 101, 102});
  v.erase(v.begin() + 1, v.begin() + 3);
  std::erase_if(v, [](int x) { return x % 5 == 0; });
  show("vector", v);
  std::vector<std::vector<std::string>> nested(3, {"a", "bb"});
  nested[1].emplace_back(30, 'x');
  nested.resize(5);
  for (auto& row : nested) std::cout << row.size() << (row.empty() ? "" : row.back()) << ' ';
  std::cout << '\n';
  std::vector<bool> bits(70);
  for (size_t i = 0; i < bits.size(); i += 3) bits[i] = !bits[i];
  std::cout << std::count(bits.begin(), bits.end(), true) << '\n';

  std::deque<int> d;
  for (int i = 0; i < 1000; ++i) i % 3 ? d.push_back(i) : d.push_front(-i);
  std::cout << d.front() << ' ' << d.back() << ' ' << d[500] << ' ' << d.size() << '\n';
  std::list<int> l(v.begin(), v.end()), other{7, 8, 9};
  l.splice(std::next(l.begin(), 2), other);
  l.sort();
  l.unique();
  l.reverse();
  show("list", l);
  std::forward_list<std::string> f{"one", "two", "three"};
  f.push_front("zero");
  f.remove("two");
  show("forward_list", f);

  std::map<std::string, int> m;
  for (const char* w : {"pear", "apple", "fig", "apple", "kiwi", "fig", "apple"}) m[w]++;
  for (const auto& [key, value] : m) std::cout << key << '=' << value << ' ';
  std::cout << m.lower_bound("g")->first << ' ' << m.count("plum") << '\n';
  auto node = m.extract("fig");
  node.key() = "zebra";
  m.insert(std::move(node));
  std::cout << m.rbegin()->first << ' ' << m.try_emplace("apple", 9).second << '\n';
  std::multimap<int, char> mm{{2, 'b'}, {1, 'a'}, {2, 'c'}};
  for (auto [a, b] = mm.equal_range(2); a != b; ++a) std::cout << a->second;
  std::set<int, std::greater<>> s(v.begin(), v.end());
  show(" set", s);
  std::multiset<int> ms{3, 1, 3, 2, 3};
  std::cout << ms.count(3) << '\n';

  std::unordered_map<int, long long> squares;
  for (int i = 0; i < 5000; ++i) squares[i * 7919] = static_cast<long long>(i) * i;
  long long sum = 0;
  for (int i = 0; i < 5000; i += 17) sum += squares.at(i * 7919);
  for (int i = 0; i < 5000; i += 2) squares.erase(i * 7919);
  std::cout << sum << ' ' << squares.size() << ' ' << squares.contains(7919) << squares.contains(0) << '\n';
  std::unordered_set<std::string> words;
  for (int i = 0; i < 1000; ++i) words.insert("w" + std::to_string(i % 321));
  std::cout << words.size() << '\n';

  std::priority_queue<std::pair<int, std::string>> pq;
  for (auto p : {std::pair{3, "c"}, {9, "z"}, {5, "m"}, {1, "a"}}) pq.emplace(p.first, p.second);
  for (; !pq.empty(); pq.pop()) std::cout << pq.top().first << pq.top().second << ' ';
  std::stack<int> st;
  std::queue<int> q;
  for (int i = 0; i < 5; ++i) st.push(i), q.push(i);
  std::cout << st.top() << q.front() << '\n';
  std::bitset<100> b("1011001");
  b <<= 60;
  b.flip(3);
  std::cout << b.count() << ' ' << b.test(60) << ' ' << (b >> 58).to_string().substr(85) << '\n';
  std::array<int, 6> a{5, 2, 9, 1, 7, 3};
  std::ranges::sort(a);
  show("array", a);
}
