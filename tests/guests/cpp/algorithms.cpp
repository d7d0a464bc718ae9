// Algorithms, ranges, numerics, random numbers.
#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <iostream>
#include <numeric>
#include <random>
#include <ranges>
#include <string>
#include <vector>

int main() {
  std::mt19937 random(12345);
  std::mt19937_64 wide(99);
  std::cout << random() << ' ' << wide() << '\n';
  std::vector<int> v(2000);
  for (int& x : v) x = static_cast<int>(random() % 10000);
  auto w = v;
  std::sort(v.begin(), v.end());
  std::stable_sort(w.begin(), w.end(), [](int a, int b) { return a / 10 < b / 10; });
  std::cout << std::is_sorted(v.begin(), v.end()) << ' ' << v[0] << ' ' << v[999] << ' ' << w[1000] << '\n';
  std::nth_element(w.begin(), w.begin() + 500, w.end());
  std::cout << (w[500] == v[500]) << ' ' << *std::lower_bound(v.begin(), v.end(), 5000) << ' '
            << std::binary_search(v.begin(), v.end(), 5001) << '\n';
  std::partial_sort(w.begin(), w.begin() + 5, w.end(), std::greater<>());
  for (int i = 0; i < 5; ++i) std::cout << w[static_cast<size_t>(i)] << ' ';
  v.erase(std::unique(v.begin(), v.end()), v.end());
  std::cout << v.size() << '\n';
  std::rotate(v.begin(), v.begin() + 100, v.end());
  auto middle = std::partition(v.begin(), v.end(), [](int x) { return x % 3 == 0; });
  std::cout << middle - v.begin() << ' ' << std::accumulate(v.begin(), middle, 0) << '\n';
  std::make_heap(v.begin(), v.end());
  std::pop_heap(v.begin(), v.end());
  std::cout << v.back() << ' ' << v.front() << '\n';

  std::vector<int> a(10), b(10);
  std::iota(a.begin(), a.end(), 1);
  std::iota(b.begin(), b.end(), 6);
  std::vector<int> both, either, scan(10);
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(either));
  std::inclusive_scan(a.begin(), a.end(), scan.begin());
  std::cout << both.size() << ' ' << either.size() << ' ' << scan.back() << ' '
            << std::inner_product(a.begin(), a.end(), b.begin(), 0) << ' '
            << std::transform_reduce(a.begin(), a.end(), 0LL, std::plus<>(),
                                     [](int x) { return static_cast<long long>(x) * x * x; })
            << '\n';
  std::string s = "abcd";
  int count = 0;
  do count += s[0] < s[3];
  while (std::next_permutation(s.begin(), s.end()));
  std::cout << count << ' ' << s << ' ' << std::gcd(462, 1071) << ' ' << std::lcm(21, 6) << ' ' << std::midpoint(3, 10)
            << '\n';

  auto squares = std::views::iota(1, 100) | std::views::filter([](int x) { return x % 7 == 3; }) |
                 std::views::transform([](int x) { return x * x; });
  for (int x : squares | std::views::drop(2) | std::views::take(4)) std::cout << x << ' ';
  std::cout << std::ranges::max(squares) << '\n';
  for (auto part : std::views::split(std::string_view("a,bc,,def"), ','))
    std::cout << '[' << std::string(part.begin(), part.end()) << ']';
  std::cout << '\n';

  std::vector<std::complex<double>> signal(256);
  for (size_t i = 0; i < 256; ++i) signal[i] = std::sin(i * 0.3) + 0.25 * std::cos(i * 1.7);
  std::function<void(std::vector<std::complex<double>>&)> fft = [&fft](std::vector<std::complex<double>>& x) {
    size_t n = x.size();
    if (n == 1) return;
    std::vector<std::complex<double>> even(n / 2), odd(n / 2);
    for (size_t i = 0; i < n / 2; ++i) even[i] = x[2 * i], odd[i] = x[2 * i + 1];
    fft(even), fft(odd);
    for (size_t i = 0; i < n / 2; ++i) {
      auto t = std::polar(1.0, -2 * M_PI * static_cast<double>(i) / static_cast<double>(n)) * odd[i];
      x[i] = even[i] + t, x[i + n / 2] = even[i] - t;
    }
  };
  fft(signal);
  size_t loudest = 0;
  for (size_t i = 0; i < 128; ++i)
    if (std::abs(signal[i]) > std::abs(signal[loudest])) loudest = i;
  std::cout.precision(9);
  std::cout << loudest << ' ' << std::abs(signal[loudest]) << ' ' << std::abs(signal[69]) << '\n';
  std::uniform_int_distribution<int> die(1, 6);
  int faces[7] = {};
  for (int i = 0; i < 6000; ++i) faces[die(random)]++;
  std::cout << std::accumulate(faces, faces + 7, 0) << ' ' << *std::min_element(faces + 1, faces + 7) << '\n';
}
