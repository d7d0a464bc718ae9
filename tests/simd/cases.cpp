#include "cases.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>

#include "text/wat_parser.hpp"

namespace vitrine::simd {
namespace {

constexpr unsigned kPressed = 20;
constexpr std::string_view kParams =
    "(param $a v128) (param $b v128) (param $c v128) (param $x i64) (param $in i32) (param $out i32)";

std::vector<uint64_t> int_values(unsigned bits) {
  std::vector<uint64_t> values = {0, 1, 2, 3, 7, 0x55, 0x7f, 0x80, 0xff};
  auto add = [&](uint64_t v) { values.push_back(bits == 64 ? v : v & ((1ull << bits) - 1)); };
  for (uint64_t v : {~0ull, ~1ull, ~0ull - 0x7f, ~0ull - 0x80}) add(v);
  for (unsigned b = 8; b <= bits; b += b) {
    uint64_t top = 1ull << (b - 1);
    for (uint64_t v : {top, top - 1, top + 1, top * 2, top * 2 - 1, 0 - top, 0 - top - 1, 0 - top + 1}) add(v);
  }
  for (uint64_t v : {0x0123'4567'89ab'cdefull, 0x5555'5555'5555'5555ull, 0xaaaa'aaaa'aaaa'aaaaull,
                     0xdead'beef'cafe'babeull, 0x8000'0000'7fff'ffffull, 0x0000'0001'0000'0001ull})
    add(v);
  std::ranges::sort(values);
  auto rest = std::ranges::unique(values);
  values.erase(rest.begin(), rest.end());
  return values;
}

std::vector<uint64_t> float_values(bool wide) {
  const double kDoubles[] = {0.0,
                             1.0,
                             0.5,
                             1.5,
                             2.5,
                             3.5,
                             0.1,
                             4.0,
                             0.49999999999999994,
                             0.49999997,
                             0.99999994,
                             0.9999999999999999,
                             127.0,
                             128.5,
                             32768.0,
                             16777215.0,
                             16777217.0,
                             2147483520.0,
                             2147483647.0,
                             2147483647.5,
                             2147483648.0,
                             2147483648.5,
                             2147483649.0,
                             2147483904.0,
                             4294967040.0,
                             4294967295.0,
                             4294967295.5,
                             4294967296.0,
                             4294967297.0,
                             8388607.5,
                             8388608.0,
                             8388609.0,
                             4503599627370495.5,
                             4503599627370496.0,
                             4503599627370497.0,
                             9007199254740993.0,
                             9223372036854775808.0,
                             18446744073709551616.0,
                             3.4028234663852886e38,
                             3.4028235677973366e38,  // half-way from the greatest float to where infinity would be
                             1.1754943508222875e-38,
                             1.401298464324817e-45,
                             7.006492321624085e-46,  // half of the least float
                             1e300,
                             1e-300,
                             1.7976931348623157e308,
                             2.2250738585072014e-308,
                             5e-324,
                             INFINITY};
  std::vector<uint64_t> values;
  for (double d : kDoubles) {
    for (double s : {d, -d}) {
      values.push_back(wide ? std::bit_cast<uint64_t>(s) : std::bit_cast<uint32_t>(static_cast<float>(s)));
    }
  }
  if (wide) {
    for (uint64_t v : {0x7ff8'0000'0000'0000ull, 0xfff8'0000'0000'0000ull, 0x7ff4'0000'0000'0001ull,
                       0xfff0'0000'1234'5678ull, 0x7ff8'0000'0000'0001ull, 0xffff'ffff'ffff'ffffull,
                       0x000f'ffff'ffff'ffffull, 0x800f'ffff'ffff'ffffull, 0x3690'0000'0000'0000ull})
      values.push_back(v);
  } else {
    for (uint64_t v : {0x7fc0'0000ull, 0xffc0'0000ull, 0x7fa0'0001ull, 0xff81'2345ull, 0x7fc0'0001ull, 0xffff'ffffull,
                       0x007f'ffffull, 0x807f'ffffull})
      values.push_back(v);
  }
  std::ranges::sort(values);
  auto rest = std::ranges::unique(values);
  values.erase(rest.begin(), rest.end());
  return values;
}

void put_lane(V128& v, unsigned size, size_t lane, uint64_t bits) {
  std::memcpy(v.data() + lane * size, &bits, size);
}

bool is_shift(Op op) {
  return wasm::info(op).mnemonic.find(".sh") != std::string_view::npos;
}

char scalar_of(Op op) {
  const wasm::Sig& sig = wasm::info(op).sig;
  for (uint8_t i = 0; i < sig.operand_count; ++i) {
    if (sig.operands[i] != 'v') return sig.operands[i];
  }
  return 0;
}
unsigned vectors_of(Op op) {
  const wasm::Sig& sig = wasm::info(op).sig;
  return static_cast<unsigned>(std::count(sig.operands, sig.operands + sig.operand_count, 'v'));
}

std::vector<uint64_t> scalar_values(Op op) {
  if (is_shift(op)) {
    std::vector<uint64_t> counts;
    const unsigned bits = 8 * lane_bytes(operand_shape(op));
    for (uint64_t n = 0; n <= 2 * bits + 1; ++n) counts.push_back(n);
    for (int64_t n : {-1, -2, -8, -31, -32, -33, -64, -65, INT32_MIN, INT32_MAX, 255, 256, 257, 1000, 65536})
      counts.push_back(static_cast<uint32_t>(n));
    return counts;
  }
  switch (scalar_of(op)) {
    case 'i':
      return int_values(32);
    case 'l':
      return int_values(64);
    case 'f':
      return float_values(false);
    default:
      return float_values(true);
  }
}

V128 boundary_vector(Shape shape, uint64_t& state) {
  const auto& values = boundary_values(shape);
  V128 v{};
  const unsigned size = lane_bytes(shape);
  for (size_t i = 0; i < 16 / size; ++i) put_lane(v, size, i, values[next_random(state) % values.size()]);
  return v;
}

}  // namespace

uint64_t next_random(uint64_t& state) {
  state += 0x9e37'79b9'7f4a'7c15;
  uint64_t x = state;
  x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
  return x ^ x >> 31;
}

V128 random_vector(Shape shape, uint64_t& state) {
  V128 v;
  for (uint8_t& b : v) b = static_cast<uint8_t>(next_random(state) >> 24);
  // Floats of exponents near each other, so that they do not only swallow each other.
  for (size_t i = 0; shape == Shape::F32x4 && i < 4; ++i) {
    if (next_random(state) % 4)
      put_lane(v, 4, i, 0x3e00'0000 + next_random(state) % 0x0300'0000 + (next_random(state) & 1) * 0x8000'0000);
  }
  for (size_t i = 0; shape == Shape::F64x2 && i < 2; ++i) {
    if (next_random(state) % 4)
      put_lane(v, 8, i, (0x3fd0ull << 48) + (next_random(state) >> 11) + (next_random(state) << 63));
  }
  return v;
}

const std::vector<uint64_t>& boundary_values(Shape shape) {
  static const std::vector<uint64_t> kAll[] = {int_values(8),  int_values(16),      int_values(32),
                                               int_values(64), float_values(false), float_values(true)};
  return kAll[static_cast<size_t>(shape)];
}

std::string Operation::name() const {
  const wasm::OpInfo& info = wasm::info(op);
  std::string text(info.mnemonic);
  if (info.imm == wasm::Imm::Lane || info.imm == wasm::Imm::MemArgLane) text += fmt::format(" {}", lanes[0]);
  if (info.imm == wasm::Imm::Lanes16) text += fmt::format(" {}", fmt::join(lanes, " "));
  return text;
}

const std::vector<Operation>& operations() {
  static const auto kAll = [] {
    std::vector<Operation> all;
    for (size_t i = 0; i < wasm::kOpCount; ++i) {
      const wasm::OpInfo& info = wasm::kOps[i];
      if (info.prefix != 0xfd) continue;
      if (info.imm == wasm::Imm::None) all.push_back({static_cast<Op>(i)});
      if (info.imm == wasm::Imm::Lane) {
        for (uint8_t lane = 0; lane < info.aux; ++lane) all.push_back({static_cast<Op>(i), {lane}});
      }
    }
    return all;
  }();
  return kAll;
}

std::vector<Record> records_of(Op op) {
  const Shape shape = operand_shape(op);
  const unsigned size = lane_bytes(shape), lanes = 16 / size, vectors = vectors_of(op);
  const auto& values = boundary_values(shape);
  uint64_t state = static_cast<uint64_t>(op);
  std::vector<Record> records;
  // Tuple number n goes to lane n % lanes of record n / lanes.
  auto fill = [&](size_t tuples, auto value_of) {
    const size_t first = records.size();
    records.resize(first + (tuples + lanes - 1) / lanes);
    for (size_t n = 0; n < tuples; ++n) {
      for (unsigned k = 0; k < vectors; ++k) put_lane(records[first + n / lanes].v[k], size, n % lanes, value_of(n, k));
    }
  };
  if (scalar_of(op)) {
    for (uint64_t x : scalar_values(op)) {
      for (int i = 0; i < 4; ++i) {
        Record r;
        for (V128& v : r.v) v = i % 2 ? boundary_vector(shape, state) : random_vector(shape, state);
        r.x = x;
        records.push_back(r);
      }
    }
    return records;
  }
  if (shape == Shape::I8x16 && vectors == 1) fill(256, [](size_t n, unsigned) { return n; });
  if (shape == Shape::I8x16 && vectors == 2) fill(65536, [](size_t n, unsigned k) { return n >> 8 * k; });
  if (vectors == 1) fill(values.size(), [&](size_t n, unsigned) { return values[n]; });
  if (vectors == 2 && shape != Shape::I8x16) {
    fill(values.size() * values.size(),
         [&](size_t n, unsigned k) { return values[k ? n % values.size() : n / values.size()]; });
  }
  if (vectors == 3) {
    // Every third or so of the values in each place.
    const size_t some = std::min<size_t>(values.size(), 17), step = values.size() / some;
    fill(some * some * some, [&](size_t n, unsigned k) {
      for (unsigned i = 0; i < k; ++i) n /= some;
      return values[n % some * step];
    });
  }
  for (int i = 0; i < 160; ++i) {
    Record r;
    for (V128& v : r.v) v = i % 2 ? boundary_vector(shape, state) : random_vector(shape, state);
    if (i % 8 == 6) r.v[1] = r.v[0];
    if (i == 0) r = {};
    if (i == 2) {
      for (V128& v : r.v) v.fill(0xff);
    }
    if (i >= 20 && i < 36) {  // one byte of all is not zero, or zero
      for (V128& v : r.v) v.fill(i % 4 < 2 ? 0 : 0xff);
      r.v[0][static_cast<size_t>(i - 20)] ^= i % 2 ? 0x80 : 1;
    }
    records.push_back(r);
  }
  return records;
}

std::vector<Record> thinned(const std::vector<Record>& from, size_t count) {
  if (from.size() <= count) return from;
  std::vector<Record> some;
  for (size_t i = 0; i < count; ++i) some.push_back(from[i * from.size() / count + (i * 7 % (from.size() / count))]);
  return some;
}

Operands operands_of(const Operation& operation, const Record& record) {
  return {.v = record.v, .x = record.x, .lanes = operation.lanes, .memory = record.v[0]};
}

const char* name_of(Form form) {
  constexpr const char* kNames[] = {
      "params", "first from memory", "second from memory", "third from memory", "scalar from memory", "same",
      "live",   "pressure",          "across a call"};
  static_assert(std::size(kNames) == static_cast<size_t>(Form::kCount));
  return kNames[static_cast<size_t>(form)];
}

bool applies(Form form, Op op) {
  switch (form) {
    case Form::Memory0:
      return vectors_of(op) >= 1;
    case Form::Memory1:
      return vectors_of(op) >= 2;
    case Form::Memory2:
      return vectors_of(op) >= 3;
    case Form::MemoryX:
      return scalar_of(op) != 0;
    case Form::Same:
      return vectors_of(op) >= 2;
    default:
      return true;
  }
}

// -- ways

const std::vector<Way>& ways() {
  static const auto kAll = [] {
    std::vector<Way> all;
    struct Level {
      CpuLevel level;
      bool here;
    };
    __builtin_cpu_init();
    const bool avx = __builtin_cpu_supports("avx"),
               avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"),
               avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    for (auto [level, here] : {Level{CpuLevel::Host, true},
                               {CpuLevel::Baseline, true},
                               {CpuLevel::Avx, avx},
                               {CpuLevel::Avx2, avx2},
                               {CpuLevel::Avx512, avx512}}) {
      if (!here) {
        std::printf("skipped: level %s, which this CPU does not have\n", vitrine::name_of(level));
        continue;
      }
      for (uint8_t opt : {0, 2}) {
        for (bool signals : {true, false}) {
          Config config;
          config.opt_level(opt).signals_based_traps(signals).parallel_compilation(false);
          config.cpu_level(level);
          all.push_back({fmt::format("{}_opt{}{}", vitrine::name_of(level), opt, signals ? "" : "_checks"), config});
        }
      }
    }
    return all;
  }();
  return kAll;
}

// -- text

std::string const_text(const V128& v) {
  return fmt::format("(v128.const i8x16 {})", fmt::join(v, " "));
}

std::string scalar_const(char type, uint64_t bits) {
  switch (type) {
    case 'i':
      return fmt::format("(i32.const {})", static_cast<int32_t>(bits));
    case 'l':
      return fmt::format("(i64.const {})", static_cast<int64_t>(bits));
    case 'f':
      return fmt::format("(f32.reinterpret_i32 (i32.const {}))", static_cast<int32_t>(bits));
    default:
      return fmt::format("(f64.reinterpret_i64 (i64.const {}))", static_cast<int64_t>(bits));
  }
}

std::string written(const Operation& operation, const std::vector<std::string>& operands) {
  std::string text = "(" + operation.name();
  for (const std::string& o : operands) text += " " + o;
  return text + ")";
}

std::string store_result(char type, const std::string& value, unsigned offset) {
  const char* op = type == 'v'   ? "v128.store"
                   : type == 'i' ? "i32.store"
                   : type == 'l' ? "i64.store"
                   : type == 'f' ? "f32.store"
                                 : "f64.store";
  return fmt::format("({} offset={} (local.get $out) {})", op, offset, value);
}

std::vector<std::string> param_texts(Op op) {
  std::vector<std::string> operands;
  const wasm::Sig& sig = wasm::info(op).sig;
  char next = 'a';
  for (uint8_t i = 0; i < sig.operand_count; ++i) {
    switch (sig.operands[i]) {
      case 'v':
        operands.push_back(fmt::format("(local.get ${})", next++));
        break;
      case 'i':
        operands.push_back("(i32.wrap_i64 (local.get $x))");
        break;
      case 'l':
        operands.push_back("(local.get $x)");
        break;
      case 'f':
        operands.push_back("(f32.reinterpret_i32 (i32.wrap_i64 (local.get $x)))");
        break;
      default:
        operands.push_back("(f64.reinterpret_i64 (local.get $x))");
    }
  }
  return operands;
}

uint32_t Kit::add(std::string name, std::string_view body, std::string_view locals) {
  functions_ += fmt::format("(func $f{} (type $t) {} {} {})\n", names_.size(), kParams, locals, body);
  names_.push_back(std::move(name));
  return static_cast<uint32_t>(names_.size() - 1);
}

uint32_t Kit::add_operation(std::string name, const Operation& operation, const std::vector<std::string>& operands) {
  return add(std::move(name), store_result(wasm::info(operation.op).sig.results[0], written(operation, operands)));
}

uint32_t Kit::add_form(const Operation& operation, Form form) {
  const wasm::Sig& sig = wasm::info(operation.op).sig;
  const char result = sig.results[0];
  std::string name = fmt::format("{}, {}", operation.name(), name_of(form));
  std::vector<std::string> operands = param_texts(operation.op);
  auto vector_operand = [&](unsigned k) -> std::string& {
    for (uint8_t i = 0; i < sig.operand_count; ++i) {
      if (sig.operands[i] == 'v' && k-- == 0) return operands[i];
    }
    std::abort();
  };
  switch (form) {
    case Form::Params:
    case Form::kCount:
      break;
    case Form::Memory0:
      vector_operand(0) = "(v128.load (local.get $in))";
      break;
    case Form::Memory1:
      vector_operand(1) = "(v128.load offset=16 (local.get $in))";
      break;
    case Form::Memory2:
      vector_operand(2) = "(v128.load offset=32 align=1 (local.get $in))";
      break;
    case Form::MemoryX:
      for (uint8_t i = 0; i < sig.operand_count; ++i) {
        if (sig.operands[i] == 'v') continue;
        const char t = sig.operands[i];
        operands[i] = fmt::format("({}.load offset=48 (local.get $in))", t == 'i'   ? "i32"
                                                                         : t == 'l' ? "i64"
                                                                         : t == 'f' ? "f32"
                                                                                    : "f64");
      }
      break;
    case Form::Same:
      for (unsigned k = 1; k < vectors_of(operation.op); ++k) vector_operand(k) = "(local.get $a)";
      break;
    case Form::Live:
    case Form::AcrossCall: {
      const char* type = result == 'v'   ? "v128"
                         : result == 'i' ? "i32"
                         : result == 'l' ? "i64"
                         : result == 'f' ? "f32"
                                         : "f64";
      const std::string call = form == Form::AcrossCall ? "(call_indirect (type $nothing) (i32.const 0))" : "";
      std::string body = call + "(local.set $r " + written(operation, operands) + ")" + call;
      body += store_result(result, "(local.get $r)");
      for (unsigned k = 0; k < 3; ++k)
        body += store_result('v', fmt::format("(local.get ${:c})", 'a' + k), 16 + 16 * k);
      return add(std::move(name), body, fmt::format("(local $r {})", type));
    }
    case Form::Pressure: {
      std::string body, locals = "(local", sum = "(local.get $p0)";
      for (unsigned k = 0; k < kPressed; ++k) {
        locals += " v128";
        body += fmt::format("(local.set {} (v128.load offset={} (i32.const 0)))", 6 + k, Running::kPressure + 16 * k);
        if (k) sum = fmt::format("(v128.xor {} (local.get {}))", sum, 6 + k);
      }
      sum.replace(sum.find("$p0"), 3, "6");
      body += store_result(result, written(operation, operands)) + store_result('v', sum, 16) +
              store_result('v', "(local.get $a)", 32) + store_result('v', "(local.get $b)", 48);
      return add(std::move(name), body, locals + ")");
    }
  }
  return add_operation(std::move(name), operation, operands);
}

std::string Kit::text() const {
  constexpr std::string_view kWalk = R"(
(type $t (func (param v128 v128 v128 i64 i32 i32)))
(type $nothing (func))
(memory (export "memory") 16 16)
(func $nothing (type $nothing))
(func (export "drive") (param $f i32) (param $n i32) (param $in i32) (param $out i32)
  (loop $next
    (call_indirect (type $t) (v128.load (local.get $in)) (v128.load offset=16 (local.get $in))
      (v128.load offset=32 (local.get $in)) (i64.load offset=48 (local.get $in))
      (local.get $in) (local.get $out) (local.get $f))
    (local.set $in (i32.add (local.get $in) (i32.const 64)))
    (local.set $out (i32.add (local.get $out) (i32.const 64)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
(func (export "once") (param $f i32) (param $in i32) (param $at i32) (param $out i32)
  (call_indirect (type $t) (v128.load (local.get $in)) (v128.load offset=16 (local.get $in))
    (v128.load offset=32 (local.get $in)) (i64.load offset=48 (local.get $in))
    (local.get $at) (local.get $out) (local.get $f)))
)";
  std::string text = "(module";
  text += kWalk;
  text += fields_ + functions_;
  text += fmt::format("(table {} funcref) (elem (i32.const 0) $nothing", names_.size() + 1);
  for (size_t i = 0; i < names_.size(); ++i) text += fmt::format(" $f{}", i);
  return text + "))";
}

// -- running

namespace {

template <class T>
T must(Result<T> result, std::string_view what) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", std::string(what).c_str(), result.error().message().c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

struct Running::Ours {
  Engine engine;
  Store store{engine};
  std::optional<Module> module{};
  std::optional<Instance> instance{};
  std::optional<Memory> memory{};
  std::optional<TypedFunc<void(int32_t, int32_t, int32_t, int32_t)>> drive{}, once{};
  uint8_t* at(uint32_t address) { return memory->data().data() + address; }
};

struct Running::V8 {
  FILE *to, *from;
  pid_t process;
  Out out;
  std::array<uint8_t, 64> tail;
  void send(const void* bytes, size_t n) {
    if (std::fwrite(bytes, 1, n, to) != n) std::abort();
  }
  void send(uint32_t word) { send(&word, 4); }
  void receive(void* bytes, size_t n) {
    std::fflush(to);
    if (std::fread(bytes, 1, n, from) != n) std::abort();
  }
  V8() {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) std::abort();
    process = fork();
    if (process == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      execlp("node", "node", "--experimental-wasm-relaxed-simd", VITRINE_SIMD_FOLDER "/v8_server.js", nullptr);
      _exit(1);
    }
    close(in[0]);
    close(out[1]);
    to = fdopen(in[1], "wb");
    from = fdopen(out[0], "rb");
  }
  ~V8() {
    std::fclose(to);
    std::fclose(from);
    waitpid(process, nullptr, 0);
  }
};

bool in_v8() {
  static const bool kIn = std::getenv("VITRINE_SIMD_V8") != nullptr;
  return kIn;
}

Running::Running(const Kit& kit, const Config& config) {
  uint64_t state = 1;
  std::array<V128, kPressed> pressed;
  for (V128& v : pressed) {
    v = random_vector(Shape::I8x16, state);
    for (size_t i = 0; i < 16; ++i) sum_[i] ^= v[i];
  }
  if (in_v8()) {
    v8_ = std::make_unique<V8>();
    auto wasm = text::parse_wat(kit.text(), wasm::Features::all());
    if (!wasm) {
      std::fprintf(stderr, "%s\n", wasm.error().message().c_str());
      std::abort();
    }
    v8_->send("M", 1);
    v8_->send(static_cast<uint32_t>(wasm->size()));
    v8_->send(wasm->data(), wasm->size());
    v8_->send("P", 1);
    v8_->send(&pressed, sizeof pressed);
    return;
  }
  ours_ = std::make_unique<Ours>(must(Engine::make(config), "engine"));
  Ours& o = *ours_;
  o.module = must(Module::compile(o.engine, std::string_view(kit.text())), "module");
  o.instance = must(Instance::make(o.store, *o.module, {}), "instance");
  o.memory = must(o.instance->memory("memory"), "memory");
  o.drive = must(o.instance->typed<void(int32_t, int32_t, int32_t, int32_t)>("drive"), "drive");
  o.once = must(o.instance->typed<void(int32_t, int32_t, int32_t, int32_t)>("once"), "once");
  std::memcpy(o.at(kPressure), &pressed, sizeof pressed);
}
Running::~Running() = default;

std::vector<Out> Running::drive(uint32_t f, std::span<const Record> records) {
  if (records.empty() || records.size() > kMostRecords) std::abort();
  std::vector<Out> out(records.size());
  if (v8_) {
    v8_->send("D", 1);
    v8_->send(f + 1);
    v8_->send(static_cast<uint32_t>(records.size()));
    v8_->send(records.data(), records.size_bytes());
    v8_->receive(out.data(), 64 * out.size());
    return out;
  }
  std::memcpy(ours_->at(kIn), records.data(), records.size_bytes());
  std::memset(ours_->at(kOut), 0, 64 * records.size());
  must((*ours_->drive)(static_cast<int32_t>(f + 1), static_cast<int32_t>(records.size()), kIn, kOut), "drive");
  std::memcpy(out.data(), ours_->at(kOut), 64 * out.size());
  return out;
}

Ended Running::once(uint32_t f, const Record& record, uint32_t at) {
  if (v8_) {
    v8_->send("O", 1);
    v8_->send(f + 1);
    v8_->send(at);
    v8_->send(&record, sizeof record);
    v8_->send(v8_->tail.data(), 64);
    uint8_t status;
    v8_->receive(&status, 1);
    v8_->receive(&v8_->out, 64);
    v8_->receive(v8_->tail.data(), 64);
    return {static_cast<Ended::Kind>(status), "in V8"};
  }
  std::memcpy(ours_->at(kIn), &record, sizeof record);
  std::memset(ours_->at(kOut), 0, 64);
  auto result = (*ours_->once)(static_cast<int32_t>(f + 1), kIn, static_cast<int32_t>(at), kOut);
  if (result) return {};
  const Trap* trap = result.error().trap();
  return {trap && trap->code() == TrapCode::MemoryOutOfBounds ? Ended::OutOfBounds : Ended::Otherwise,
          result.error().message()};
}

Out Running::out() const {
  if (v8_) return v8_->out;
  Out out;
  std::memcpy(&out, ours_->at(kOut), sizeof out);
  return out;
}

std::span<uint8_t, 64> Running::tail() const {
  return std::span<uint8_t, 64>(v8_ ? v8_->tail.data() : ours_->at(kMemorySize - 64), 64);
}

}  // namespace vitrine::simd
