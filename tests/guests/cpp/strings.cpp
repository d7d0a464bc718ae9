// Strings: searching, converting, regular expressions, views, wide characters.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <limits>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::literals;

static std::string replace_all(std::string s, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = s.find(from, at)) != s.npos; at += to.size()) s.replace(at, from.size(), to);
  return s;
}

int main() {
  std::string s = "the rain in spain stays mainly in the plain";
  std::cout << s.find("ain") << ' ' << s.rfind("ain") << ' ' << s.find_first_of("xyz") << ' '
            << s.find_last_not_of("nial") << ' ' << s.find("none") + 1 << '\n';
  std::cout << replace_all(s, "ain", "AIN") << '\n' << s.substr(12, 5) << s.compare(0, 3, "tho") << '\n';
  std::string grown;
  for (int i = 0; i < 10000; ++i) grown += static_cast<char>('a' + i % 26), grown.append(i % 3, '.');
  size_t hash = 0;
  for (char c : grown) hash = hash * 131 + static_cast<unsigned char>(c);
  std::cout << grown.size() << ' ' << hash << '\n';
  std::string_view view = "  trim me  "sv;
  view.remove_prefix(view.find_first_not_of(' '));
  view.remove_suffix(view.size() - view.find_last_not_of(' ') - 1);
  std::cout << '[' << view << "] " << view.starts_with("trim") << view.ends_with("you") << '\n';
  std::cout << std::stoi("-42") + std::stol("100") << ' ' << std::stod("2.5e-3") << ' '
            << std::stoull("18446744073709551615") << ' ' << std::stoi("ff", nullptr, 16) << ' ' << std::to_string(1.5)
            << std::to_string(INT64_MIN) << '\n';
  char buffer[64];
  for (double d : {0.1, 1e300, 123456.789, -0.0}) {
    auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, d);
    std::cout << std::string_view(buffer, end) << ' ';
  }
  int value = 0;
  std::string_view digits = "12345abc", many = "99999999999";
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  std::cout << value << *parsed.ptr << ' '
            << (std::from_chars(many.data(), many.data() + many.size(), value).ec == std::errc::result_out_of_range)
            << '\n';

  std::regex date(R"((\d{4})-(\d{2})-(\d{2}))"), word(R"(\b[a-z]*ai[a-z]*\b)");
  std::smatch match;
  std::string text = "from 2024-02-29 to 2025-12-31, not 1-2-3";
  for (auto it = text.cbegin(); std::regex_search(it, text.cend(), match, date); it = match.suffix().first)
    std::cout << match[3] << '.' << match[2] << '.' << match[1] << ' ';
  for (std::sregex_iterator it(s.begin(), s.end(), word), end; it != end; ++it) std::cout << it->str() << ' ';
  std::cout << std::regex_replace(text, date, "$2/$3") << '\n';
  std::wstring wide = L"größer";
  std::u16string u16 = u"日本";
  std::cout << wide.size() << u16.size() << u8"é"s.size() << ' ' << static_cast<int>(wide[2]) << '\n';
  using namespace std::chrono;
  auto day = sys_days{year{2024} / February / 29};
  std::cout << day.time_since_epoch().count() << ' ' << duration_cast<minutes>(25h + 90s).count() << ' '
            << weekday{day}.c_encoding() << '\n';
  auto start = steady_clock::now();
  std::cout << (steady_clock::now() >= start) << '\n';
}
