//! dir: /tmp
//! stdin: 12 3.75 word 0x1f  rest of the line
// Streams: formatting, parsing, strings, files.
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

// A stream buffer over a C file: Debian's libc++ for WASI has no file streams.
class file_buffer : public std::streambuf {
 public:
  file_buffer(const char* path, const char* mode) : file_(std::fopen(path, mode)) {
    setp(buffer_, buffer_ + sizeof buffer_);
  }
  ~file_buffer() override {
    sync();
    if (file_) std::fclose(file_);
  }
  bool is_open() const { return file_ != nullptr; }

 protected:
  int sync() override {
    size_t n = static_cast<size_t>(pptr() - pbase());
    bool ok = n == 0 || std::fwrite(buffer_, 1, n, file_) == n;
    setp(buffer_, buffer_ + sizeof buffer_);
    return ok ? 0 : -1;
  }
  int_type overflow(int_type c) override {
    if (sync()) return traits_type::eof();
    *pptr() = traits_type::to_char_type(c);
    pbump(1);
    return c;
  }
  int_type underflow() override {
    size_t n = std::fread(buffer_, 1, sizeof buffer_, file_);
    if (n == 0) return traits_type::eof();
    setg(buffer_, buffer_, buffer_ + n);
    return traits_type::to_int_type(*gptr());
  }

 private:
  std::FILE* file_;
  char buffer_[100];
};

struct point {
  double x, y;
  friend std::ostream& operator<<(std::ostream& os, const point& p) { return os << '(' << p.x << ", " << p.y << ')'; }
  friend std::istream& operator>>(std::istream& is, point& p) {
    char c;
    return is >> c >> p.x >> c >> p.y >> c;
  }
};

int main() {
  int i;
  double d;
  std::string word, rest;
  unsigned hex;
  std::cin >> i >> d >> word >> std::hex >> hex >> std::dec;
  std::getline(std::cin >> std::ws, rest);
  std::cout << i << '|' << d << '|' << word << '|' << hex << '|' << rest << '\n';

  std::cout << std::setw(8) << 42 << '|' << std::left << std::setw(8) << 42 << '|' << std::right << std::setfill('0')
            << std::setw(8) << 42 << std::setfill(' ') << '\n';
  std::cout << std::hex << std::showbase << 255 << ' ' << std::uppercase << 0xbeef << ' ' << std::oct << 8 << std::dec
            << std::nouppercase << std::noshowbase << '\n';
  std::cout << std::fixed << std::setprecision(3) << 3.14159 << ' ' << std::scientific << 31415.9 << ' '
            << std::defaultfloat << std::setprecision(6) << 1e-7 << ' ' << 100000.0 << ' ' << 1e6 << '\n';
  std::cout << std::boolalpha << true << ' ' << std::showpos << 5 << ' ' << -5 << std::noshowpos << ' ' << std::internal
            << std::setw(8) << -42 << '\n';
  std::cout << std::setprecision(17) << 0.1 << ' ' << 1.0 / 3 << ' ' << std::numeric_limits<double>::max()
            << std::setprecision(6) << '\n';
  std::cout << 'c' << "string" << std::string(3, 'z') << static_cast<const void*>(nullptr) << ' '
            << std::quoted("a \"quoted\" one") << '\n';

  std::istringstream in("1 2 3 x 4");
  int n, sum = 0;
  while (in >> n) sum += n;
  std::cout << sum << ' ' << in.fail() << in.eof();
  in.clear();
  std::string bad;
  in >> bad >> n;
  std::cout << ' ' << bad << n << in.eof() << '\n';
  point p{}, q{1.5, -2};
  std::stringstream(" ( 3.25 , 1e2 ) ") >> p;
  std::cout << p << q << '\n';

  {
    file_buffer buffer("/tmp/numbers.txt", "w");
    std::ostream out(&buffer);
    for (int k = 0; k < 2000; ++k) out << k << ' ' << k * k << '\n';
    std::cout << out.good() << '\n';
  }
  file_buffer read("/tmp/numbers.txt", "r");
  std::istream file(&read);
  long long a, b, total = 0;
  int lines = 0;
  for (; file >> a >> b; ++lines) total += b - a;
  std::cout << lines << ' ' << total << ' ' << file.eof() << '\n';
  file_buffer none("/tmp/none", "r");
  std::cout << none.is_open() << '\n';
  std::ostringstream copy;
  std::vector<int> v{1, 2, 3};
  std::copy(v.begin(), v.end(), std::ostream_iterator<int>(copy, ";"));
  std::cout << copy.str() << std::endl;
  std::cerr << "to standard error\n";
}
