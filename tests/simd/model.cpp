#include "model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <type_traits>

namespace vitrine::simd {
namespace {

using Model = std::function<Expected(const Operands&)>;

template <class T>
constexpr size_t kLanes = 16 / sizeof(T);
template <class T>
using Lanes = std::array<T, kLanes<T>>;
template <class T>
using Unsigned = std::make_unsigned_t<T>;

template <class T>
Lanes<T> lanes(const V128& v) {
  return std::bit_cast<Lanes<T>>(v);
}

Lane exact(uint64_t bits) {
  return Lane({bits, Choice::Exact});
}

/// A result of `count` lanes of type T, each of which `lane(i)` answers as a T or as a Lane.
template <class T, class F>
Expected each(size_t count, F lane) {
  Expected e{.lane_bytes = sizeof(T), .count = static_cast<uint8_t>(count), .lanes = {}};
  for (size_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<decltype(lane(i)), Lane>) {
      e.lanes[i] = lane(i);
    } else {
      e.lanes[i] = exact(static_cast<Unsigned<T>>(static_cast<T>(lane(i))));
    }
  }
  return e;
}
template <class T, class F>
Expected each(F lane) {
  return each<T>(kLanes<T>, lane);
}

template <class T>
T saturated(int64_t v) {
  return static_cast<T>(
      std::clamp<int64_t>(v, std::numeric_limits<T>::min(), static_cast<int64_t>(std::numeric_limits<T>::max())));
}

// -- floats, as their bits

template <class U>
struct FloatOf;
template <>
struct FloatOf<uint32_t> {
  using Type = float;
  static constexpr uint32_t kSign = 0x8000'0000, kInfinity = 0x7f80'0000, kQuiet = 0x0040'0000;
};
template <>
struct FloatOf<uint64_t> {
  using Type = double;
  static constexpr uint64_t kSign = 1ull << 63, kInfinity = 0x7ff0'0000'0000'0000, kQuiet = 1ull << 51;
};
template <class U>
using Float = typename FloatOf<U>::Type;
template <class U>
constexpr U kSign = FloatOf<U>::kSign;
template <class U>
constexpr U kCanonical = FloatOf<U>::kInfinity | FloatOf<U>::kQuiet;

template <class U>
bool is_nan(U bits) {
  return (bits & ~kSign<U>) > FloatOf<U>::kInfinity;
}
template <class U>
bool is_canonical(U bits) {
  return (bits & ~kSign<U>) == kCanonical<U>;
}
template <class U>
bool is_arithmetic(U bits) {
  return is_nan(bits) && (bits & FloatOf<U>::kQuiet);
}
template <class U>
Float<U> value(U bits) {
  return std::bit_cast<Float<U>>(bits);
}
template <class U>
U bits_of(Float<U> f) {
  return std::bit_cast<U>(f);
}

/// A NaN as the specification's nans{inputs}, for a result of type R.
template <class R, class U>
Choice nan(std::initializer_list<U> inputs) {
  for (U i : inputs) {
    if (is_nan(i) && !is_canonical(i)) return {kCanonical<R>, Choice::ArithmeticNan};
  }
  return {kCanonical<R>, Choice::CanonicalNan};
}
/// An operation on values that are no NaNs, which may result in one.
template <class U, class F>
Choice arithmetic(std::initializer_list<U> inputs, F f) {
  for (U i : inputs) {
    if (is_nan(i)) return nan<U>(inputs);
  }
  Float<U> result = f();
  U bits = bits_of<U>(result);
  if (is_nan(bits)) return nan<U>(inputs);
  return {bits, Choice::Exact};
}

template <class U>
Choice minimum(U a, U b) {
  return arithmetic<U>({a, b}, [&] {
    if (value(a) == value(b)) return value<U>(a | b);  // -0 is below +0
    return value(a) < value(b) ? value(a) : value(b);
  });
}
template <class U>
Choice maximum(U a, U b) {
  return arithmetic<U>({a, b}, [&] {
    if (value(a) == value(b)) return value<U>(a & b);
    return value(a) > value(b) ? value(a) : value(b);
  });
}
template <class U>
Lane relaxed_minmax(U a, U b, Choice regular) {
  Lane lane(regular);
  bool zeros = ((a | b) & ~kSign<U>) == 0;
  if (is_nan(a) || is_nan(b) || zeros) {
    lane.add({a, Choice::Exact});
    lane.add({b, Choice::Exact});
  }
  return lane;
}
template <class U>
Lane madd(U a, U b, U c) {
  Lane lane(arithmetic<U>({a, b, c}, [&] {
    Float<U> product = value(a) * value(b);
    return product + value(c);
  }));
  lane.add(arithmetic<U>({a, b, c}, [&] { return std::fma(value(a), value(b), value(c)); }));
  return lane;
}

/// spec: trunc_sat, of a float with bits U to an integer T of 32 bits.
template <class T, class U>
T trunc_sat(U bits) {
  if (is_nan(bits)) return 0;
  Float<U> t = std::trunc(value(bits));
  double low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  if (static_cast<double>(t) < low) return std::numeric_limits<T>::min();
  if (static_cast<double>(t) > high) return std::numeric_limits<T>::max();
  return static_cast<T>(t);
}
template <class T, class U>
Lane relaxed_trunc(U bits) {
  Lane lane = exact(static_cast<uint32_t>(trunc_sat<T>(bits)));
  constexpr uint32_t kOther = std::is_signed_v<T> ? 0x8000'0000 : 0xffff'ffff;
  double t = is_nan(bits) ? 0 : std::trunc(static_cast<double>(value(bits)));
  bool outside = std::is_signed_v<T> ? t > 0x7fff'ffff : t < 0;
  if (is_nan(bits) || outside) lane.add({kOther, Choice::Exact});
  return lane;
}

// -- the table

class Table {
 public:
  Table() {
    of_shape<int8_t>("i8x16");
    of_shape<int16_t>("i16x8");
    of_shape<int32_t>("i32x4");
    of_shape<int64_t>("i64x2");
    of_float_shape<uint32_t>("f32x4");
    of_float_shape<uint64_t>("f64x2");
    widening<int8_t, int16_t>("i8x16", "i16x8");
    widening<int16_t, int32_t>("i16x8", "i32x4");
    widening<int32_t, int64_t>("i32x4", "i64x2");
    single_ones();
    conversions();
    memory();
    relaxed();
    for (size_t i = 0; i < wasm::kOpCount; ++i) {
      if (wasm::kOps[i].prefix != 0xfd) continue;
      auto at = models_.find(wasm::kOps[i].mnemonic);
      if (at != models_.end()) by_op_[i] = &at->second;
    }
  }
  const Model* find(wasm::Op op) const { return by_op_[static_cast<size_t>(op)]; }

 private:
  void add(std::string name, Model model) { models_[std::move(name)] = std::move(model); }
  template <class T, class F>
  void unary(std::string name, F f) {
    add(std::move(name), [f](const Operands& o) {
      auto a = lanes<T>(o.v[0]);
      return each<T>([&](size_t i) { return f(a[i]); });
    });
  }
  template <class T, class F>
  void binary(std::string name, F f) {
    add(std::move(name), [f](const Operands& o) {
      auto a = lanes<T>(o.v[0]), b = lanes<T>(o.v[1]);
      return each<T>([&](size_t i) { return f(a[i], b[i]); });
    });
  }
  template <class T, class F>
  void ternary(std::string name, F f) {
    add(std::move(name), [f](const Operands& o) {
      auto a = lanes<T>(o.v[0]), b = lanes<T>(o.v[1]), c = lanes<T>(o.v[2]);
      return each<T>([&](size_t i) { return f(a[i], b[i], c[i]); });
    });
  }
  /// All ones where f holds.
  template <class T, class F>
  void comparison(std::string name, F f) {
    using S = std::make_signed_t<T>;
    binary<T>(std::move(name), [f](T a, T b) { return static_cast<T>(f(a, b) ? S{-1} : S{0}); });
  }
  template <class R, class F>
  void scalar(std::string name, F f) {
    add(std::move(name), [f](const Operands& o) { return each<R>(1, [&](size_t) { return f(o); }); });
  }

  template <class T>
  void of_shape(const std::string& s) {
    using U = Unsigned<T>;
    using W = uint64_t;
    auto u = [](T v) { return static_cast<W>(static_cast<U>(v)); };
    auto w = [](T v) { return static_cast<int64_t>(v); };
    binary<T>(s + ".add", [=](T a, T b) { return static_cast<T>(u(a) + u(b)); });
    binary<T>(s + ".sub", [=](T a, T b) { return static_cast<T>(u(a) - u(b)); });
    binary<T>(s + ".mul", [=](T a, T b) { return static_cast<T>(u(a) * u(b)); });
    unary<T>(s + ".neg", [=](T a) { return static_cast<T>(0 - u(a)); });
    unary<T>(s + ".abs", [=](T a) { return static_cast<T>(a < 0 ? 0 - u(a) : u(a)); });
    unary<T>(s + ".popcnt", [=](T a) { return static_cast<T>(std::popcount(u(a))); });
    binary<T>(s + ".min_s", [](T a, T b) { return a < b ? a : b; });
    binary<T>(s + ".max_s", [](T a, T b) { return a > b ? a : b; });
    binary<T>(s + ".min_u", [=](T a, T b) { return u(a) < u(b) ? a : b; });
    binary<T>(s + ".max_u", [=](T a, T b) { return u(a) > u(b) ? a : b; });
    comparison<T>(s + ".eq", [](T a, T b) { return a == b; });
    comparison<T>(s + ".ne", [](T a, T b) { return a != b; });
    comparison<T>(s + ".lt_s", [](T a, T b) { return a < b; });
    comparison<T>(s + ".gt_s", [](T a, T b) { return a > b; });
    comparison<T>(s + ".le_s", [](T a, T b) { return a <= b; });
    comparison<T>(s + ".ge_s", [](T a, T b) { return a >= b; });
    comparison<T>(s + ".lt_u", [=](T a, T b) { return u(a) < u(b); });
    comparison<T>(s + ".gt_u", [=](T a, T b) { return u(a) > u(b); });
    comparison<T>(s + ".le_u", [=](T a, T b) { return u(a) <= u(b); });
    comparison<T>(s + ".ge_u", [=](T a, T b) { return u(a) >= u(b); });
    if constexpr (sizeof(T) <= 2) {
      binary<T>(s + ".add_sat_s", [=](T a, T b) { return saturated<T>(w(a) + w(b)); });
      binary<T>(s + ".sub_sat_s", [=](T a, T b) { return saturated<T>(w(a) - w(b)); });
      binary<T>(s + ".add_sat_u",
                [=](T a, T b) { return static_cast<T>(saturated<U>(static_cast<int64_t>(u(a) + u(b)))); });
      binary<T>(s + ".sub_sat_u",
                [=](T a, T b) { return static_cast<T>(saturated<U>(static_cast<int64_t>(u(a) - u(b)))); });
      binary<T>(s + ".avgr_u", [=](T a, T b) { return static_cast<T>((u(a) + u(b) + 1) / 2); });
    }
    auto shift = [&](const char* name, auto f) {
      add(s + name, [f](const Operands& o) {
        auto a = lanes<T>(o.v[0]);
        unsigned count = static_cast<uint32_t>(o.x) % (8 * sizeof(T));
        return each<T>([&](size_t i) { return static_cast<T>(f(a[i], count)); });
      });
    };
    shift(".shl", [=](T a, unsigned n) { return u(a) << n; });
    shift(".shr_u", [=](T a, unsigned n) { return u(a) >> n; });
    shift(".shr_s", [=](T a, unsigned n) { return w(a) >> n; });
    scalar<int32_t>(s + ".all_true", [](const Operands& o) {
      return std::ranges::all_of(lanes<T>(o.v[0]), [](T v) { return v != 0; }) ? 1 : 0;
    });
    scalar<int32_t>(s + ".bitmask", [](const Operands& o) {
      uint32_t mask = 0;
      auto a = lanes<T>(o.v[0]);
      for (size_t i = 0; i < a.size(); ++i) mask |= a[i] < 0 ? 1u << i : 0;
      return static_cast<int32_t>(mask);
    });
    add(s + ".splat", [](const Operands& o) { return each<T>([&](size_t) { return static_cast<T>(o.x); }); });
    add(s + ".replace_lane", [](const Operands& o) {
      auto a = lanes<T>(o.v[0]);
      a.at(o.lanes[0]) = static_cast<T>(o.x);
      return each<T>([&](size_t i) { return a[i]; });
    });
    using R = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
    scalar<R>(s + (sizeof(T) <= 2 ? ".extract_lane_s" : ".extract_lane"),
              [](const Operands& o) { return static_cast<R>(lanes<T>(o.v[0]).at(o.lanes[0])); });
    scalar<R>(s + ".extract_lane_u",
              [=](const Operands& o) { return static_cast<R>(u(lanes<T>(o.v[0]).at(o.lanes[0]))); });
    ternary<T>(s + ".relaxed_laneselect", [=](T a, T b, T m) {
      Lane lane = exact((u(a) & u(m)) | (u(b) & ~u(m)));
      lane.add({m < 0 ? u(a) : u(b), Choice::Exact});
      // The official tests let pblendvb, which knows bytes only, stand for this one as well.
      uint64_t bytes = 0;
      for (int k = 0; k < 16; k += 8) bytes |= ((u(m) >> k & 0x80 ? u(a) : u(b)) & 0xffull << k);
      if (sizeof(T) == 2) lane.add({bytes, Choice::Exact});
      return lane;
    });
  }

  template <class U>
  void of_float_shape(const std::string& s) {
    using S = std::make_signed_t<U>;
    using F = Float<U>;
    auto float_comparison = [&](const char* name, auto f) {
      comparison<U>(s + name, [f](U a, U b) { return f(value(a), value(b)); });
    };
    float_comparison(".eq", [](F a, F b) { return a == b; });
    float_comparison(".ne", [](F a, F b) { return !(a == b); });
    float_comparison(".lt", [](F a, F b) { return a < b; });
    float_comparison(".gt", [](F a, F b) { return a > b; });
    float_comparison(".le", [](F a, F b) { return a <= b; });
    float_comparison(".ge", [](F a, F b) { return a >= b; });
    unary<U>(s + ".abs", [](U a) { return a & ~kSign<U>; });
    unary<U>(s + ".neg", [](U a) { return a ^ kSign<U>; });
    auto float_unary = [&](const char* name, auto f) {
      unary<U>(s + name, [f](U a) { return Lane(arithmetic<U>({a}, [&] { return f(value(a)); })); });
    };
    float_unary(".sqrt", [](F a) { return std::sqrt(a); });
    float_unary(".ceil", [](F a) { return std::ceil(a); });
    float_unary(".floor", [](F a) { return std::floor(a); });
    float_unary(".trunc", [](F a) { return std::trunc(a); });
    float_unary(".nearest", [](F a) { return std::nearbyint(a); });
    auto float_binary = [&](const char* name, auto f) {
      binary<U>(s + name, [f](U a, U b) { return Lane(arithmetic<U>({a, b}, [&] { return f(value(a), value(b)); })); });
    };
    float_binary(".add", [](F a, F b) { return a + b; });
    float_binary(".sub", [](F a, F b) { return a - b; });
    float_binary(".mul", [](F a, F b) { return a * b; });
    float_binary(".div", [](F a, F b) { return a / b; });
    binary<U>(s + ".min", [](U a, U b) { return Lane(minimum(a, b)); });
    binary<U>(s + ".max", [](U a, U b) { return Lane(maximum(a, b)); });
    binary<U>(s + ".pmin", [](U a, U b) { return value(b) < value(a) ? b : a; });
    binary<U>(s + ".pmax", [](U a, U b) { return value(a) < value(b) ? b : a; });
    add(s + ".splat", [](const Operands& o) { return each<S>([&](size_t) { return static_cast<S>(o.x); }); });
    add(s + ".replace_lane", [](const Operands& o) {
      auto a = lanes<U>(o.v[0]);
      a.at(o.lanes[0]) = static_cast<U>(o.x);
      return each<U>([&](size_t i) { return a[i]; });
    });
    scalar<U>(s + ".extract_lane", [](const Operands& o) { return lanes<U>(o.v[0]).at(o.lanes[0]); });
    ternary<U>(s + ".relaxed_madd", [](U a, U b, U c) { return madd(a, b, c); });
    ternary<U>(s + ".relaxed_nmadd", [](U a, U b, U c) { return madd(a ^ kSign<U>, b, c); });
    binary<U>(s + ".relaxed_min", [](U a, U b) { return relaxed_minmax(a, b, minimum(a, b)); });
    binary<U>(s + ".relaxed_max", [](U a, U b) { return relaxed_minmax(a, b, maximum(a, b)); });
  }

  /// Between lanes of type N and those of type T, which are twice as wide.
  template <class N, class T>
  void widening(const std::string& narrow, const std::string& wide) {
    for (bool is_signed : {true, false}) {
      const std::string suffix = is_signed ? "_s" : "_u";
      auto extend = [is_signed](N v) {
        return is_signed ? static_cast<T>(v) : static_cast<T>(static_cast<Unsigned<N>>(v));
      };
      auto product = [extend](N a, N b) {
        return static_cast<T>(static_cast<uint64_t>(extend(a)) * static_cast<uint64_t>(extend(b)));
      };
      for (bool high : {false, true}) {
        const std::string half = high ? "high_" : "low_";
        const size_t from = high ? kLanes<T> : 0;
        add(wide + ".extend_" + half + narrow + suffix, [=](const Operands& o) {
          auto a = lanes<N>(o.v[0]);
          return each<T>([&](size_t i) { return extend(a[from + i]); });
        });
        add(wide + ".extmul_" + half + narrow + suffix, [=](const Operands& o) {
          auto a = lanes<N>(o.v[0]), b = lanes<N>(o.v[1]);
          return each<T>([&](size_t i) { return product(a[from + i], b[from + i]); });
        });
      }
      add(wide + ".extadd_pairwise_" + narrow + suffix, [=](const Operands& o) {
        auto a = lanes<N>(o.v[0]);
        return each<T>([&](size_t i) { return static_cast<T>(extend(a[2 * i]) + extend(a[2 * i + 1])); });
      });
      add(narrow + ".narrow_" + wide + suffix, [=](const Operands& o) {
        auto a = lanes<T>(o.v[0]), b = lanes<T>(o.v[1]);
        return each<N>([&](size_t i) {
          T v = i < kLanes<T> ? a[i] : b[i - kLanes<T>];
          return is_signed ? saturated<N>(v) : static_cast<N>(saturated_to_unsigned<N>(v));
        });
      });
    }
    add(wide + ".dot_" + narrow + "_s", [](const Operands& o) {
      auto a = lanes<N>(o.v[0]), b = lanes<N>(o.v[1]);
      return each<T>([&](size_t i) {
        int64_t low = int64_t{a[2 * i]} * b[2 * i], high = int64_t{a[2 * i + 1]} * b[2 * i + 1];
        return static_cast<T>(static_cast<uint64_t>(low) + static_cast<uint64_t>(high));
      });
    });
  }
  template <class N>
  static Unsigned<N> saturated_to_unsigned(int64_t v) {
    return static_cast<Unsigned<N>>(std::clamp<int64_t>(v, 0, std::numeric_limits<Unsigned<N>>::max()));
  }

  void single_ones() {
    add("v128.const", [](const Operands& o) { return each<uint8_t>([&](size_t i) { return o.lanes[i]; }); });
    add("i8x16.shuffle", [](const Operands& o) {
      return each<uint8_t>([&](size_t i) {
        uint8_t l = o.lanes[i];
        return l < 16 ? o.v[0][l] : o.v[1].at(l - 16);
      });
    });
    add("i8x16.swizzle", [](const Operands& o) {
      return each<uint8_t>([&](size_t i) { return o.v[1][i] < 16 ? o.v[0][o.v[1][i]] : uint8_t{0}; });
    });
    unary<uint8_t>("v128.not", [](uint8_t a) { return static_cast<uint8_t>(~a); });
    binary<uint8_t>("v128.and", [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a & b); });
    binary<uint8_t>("v128.andnot", [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a & ~b); });
    binary<uint8_t>("v128.or", [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a | b); });
    binary<uint8_t>("v128.xor", [](uint8_t a, uint8_t b) { return static_cast<uint8_t>(a ^ b); });
    ternary<uint8_t>("v128.bitselect",
                     [](uint8_t a, uint8_t b, uint8_t m) { return static_cast<uint8_t>((a & m) | (b & ~m)); });
    scalar<int32_t>("v128.any_true", [](const Operands& o) {
      return std::ranges::any_of(o.v[0], [](uint8_t b) { return b != 0; }) ? 1 : 0;
    });
    binary<int16_t>("i16x8.q15mulr_sat_s", [](int16_t a, int16_t b) { return q15mulr(a, b); });
  }
  static int16_t q15mulr(int16_t a, int16_t b) { return saturated<int16_t>((int32_t{a} * b + 0x4000) >> 15); }

  void conversions() {
    add("i32x4.trunc_sat_f32x4_s", truncation<uint32_t>([](uint32_t b) { return trunc_sat<int32_t>(b); }));
    add("i32x4.trunc_sat_f32x4_u", truncation<uint32_t>([](uint32_t b) { return trunc_sat<uint32_t>(b); }));
    add("i32x4.trunc_sat_f64x2_s_zero", truncation<uint64_t>([](uint64_t b) { return trunc_sat<int32_t>(b); }));
    add("i32x4.trunc_sat_f64x2_u_zero", truncation<uint64_t>([](uint64_t b) { return trunc_sat<uint32_t>(b); }));
    unary<int32_t>("f32x4.convert_i32x4_s", [](int32_t a) { return exact(bits_of<uint32_t>(static_cast<float>(a))); });
    unary<uint32_t>("f32x4.convert_i32x4_u",
                    [](uint32_t a) { return exact(bits_of<uint32_t>(static_cast<float>(a))); });
    add("f64x2.convert_low_i32x4_s", [](const Operands& o) {
      auto a = lanes<int32_t>(o.v[0]);
      return each<uint64_t>([&](size_t i) { return bits_of<uint64_t>(a[i]); });
    });
    add("f64x2.convert_low_i32x4_u", [](const Operands& o) {
      auto a = lanes<uint32_t>(o.v[0]);
      return each<uint64_t>([&](size_t i) { return bits_of<uint64_t>(a[i]); });
    });
    add("f64x2.promote_low_f32x4", [](const Operands& o) {
      auto a = lanes<uint32_t>(o.v[0]);
      return each<uint64_t>([&](size_t i) {
        if (is_nan(a[i])) return Lane(nan<uint64_t>({a[i]}));
        return exact(bits_of<uint64_t>(value(a[i])));
      });
    });
    add("f32x4.demote_f64x2_zero", [](const Operands& o) {
      auto a = lanes<uint64_t>(o.v[0]);
      return each<uint32_t>([&](size_t i) {
        if (i >= 2) return exact(0);
        if (is_nan(a[i])) return Lane(nan<uint32_t>({a[i]}));
        return exact(bits_of<uint32_t>(static_cast<float>(value(a[i]))));
      });
    });
  }
  /// From lanes of U to those of 32 bits, the rest of which is zero.
  template <class U, class F>
  static Model truncation(F f) {
    return [f](const Operands& o) {
      auto a = lanes<U>(o.v[0]);
      return each<uint32_t>([&](size_t i) {
        using R = decltype(f(a[0]));
        if (i >= a.size()) return R(exact_or(R{}, 0));
        return f(a[i]);
      });
    };
  }
  static Lane exact_or(Lane, uint32_t v) { return exact(v); }
  template <class T>
  static T exact_or(T, uint32_t v) {
    return static_cast<T>(v);
  }

  template <class N, class T>
  void extending_load(const std::string& name) {
    add("v128." + name, [](const Operands& o) {
      auto a = lanes<N>(o.memory);
      return each<T>([&](size_t i) { return static_cast<T>(a[i]); });
    });
  }
  template <class T>
  void lane_memory(const std::string& bits) {
    add("v128.load" + bits + "_splat",
        [](const Operands& o) { return each<T>([&](size_t) { return lanes<T>(o.memory)[0]; }); });
    add("v128.load" + bits + "_zero",
        [](const Operands& o) { return each<T>([&](size_t i) { return i == 0 ? lanes<T>(o.memory)[0] : T{0}; }); });
    add("v128.load" + bits + "_lane", [](const Operands& o) {
      auto a = lanes<T>(o.v[0]);
      a.at(o.lanes[0]) = lanes<T>(o.memory)[0];
      return each<T>([&](size_t i) { return a[i]; });
    });
    add("v128.store" + bits + "_lane",
        [](const Operands& o) { return each<T>(1, [&](size_t) { return lanes<T>(o.v[0]).at(o.lanes[0]); }); });
  }
  void memory() {
    add("v128.load", [](const Operands& o) { return each<uint8_t>([&](size_t i) { return o.memory[i]; }); });
    add("v128.store", [](const Operands& o) { return each<uint8_t>([&](size_t i) { return o.v[0][i]; }); });
    extending_load<int8_t, int16_t>("load8x8_s");
    extending_load<uint8_t, uint16_t>("load8x8_u");
    extending_load<int16_t, int32_t>("load16x4_s");
    extending_load<uint16_t, uint32_t>("load16x4_u");
    extending_load<int32_t, int64_t>("load32x2_s");
    extending_load<uint32_t, uint64_t>("load32x2_u");
    lane_memory<uint8_t>("8");
    lane_memory<uint16_t>("16");
    lane_memory<uint32_t>("32");
    lane_memory<uint64_t>("64");
  }

  void relaxed() {
    add("i8x16.relaxed_swizzle", [](const Operands& o) {
      return each<uint8_t>([&](size_t i) {
        uint8_t at = o.v[1][i];
        if (at < 16) return exact(o.v[0][at]);
        Lane lane = exact(0);
        if (at < 128) lane.add({o.v[0][at % 16], Choice::Exact});
        return lane;
      });
    });
    add("i32x4.relaxed_trunc_f32x4_s", truncation<uint32_t>([](uint32_t b) { return relaxed_trunc<int32_t>(b); }));
    add("i32x4.relaxed_trunc_f32x4_u", truncation<uint32_t>([](uint32_t b) { return relaxed_trunc<uint32_t>(b); }));
    add("i32x4.relaxed_trunc_f64x2_s_zero", truncation<uint64_t>([](uint64_t b) { return relaxed_trunc<int32_t>(b); }));
    add("i32x4.relaxed_trunc_f64x2_u_zero",
        truncation<uint64_t>([](uint64_t b) { return relaxed_trunc<uint32_t>(b); }));
    binary<int16_t>("i16x8.relaxed_q15mulr_s", [](int16_t a, int16_t b) {
      Lane lane = exact(static_cast<uint16_t>(q15mulr(a, b)));
      if (a == INT16_MIN && b == INT16_MIN) lane.add({0x8000, Choice::Exact});
      return lane;
    });
    // The text of 3.0 saturates the sum of two products, its interpreter wraps; with operands of seven bits, which is
    // what the instructions are for, no sum needs either.
    add("i16x8.relaxed_dot_i8x16_i7x16_s", [](const Operands& o) {
      auto a = lanes<int8_t>(o.v[0]), b = lanes<int8_t>(o.v[1]);
      return each<int16_t>([&](size_t i) {
        Lane lane;
        for (bool is_signed : {true, false}) {
          int32_t sum = term(a[2 * i], b[2 * i], is_signed) + term(a[2 * i + 1], b[2 * i + 1], is_signed);
          lane.add({static_cast<uint16_t>(saturated<int16_t>(sum)), Choice::Exact});
          lane.add({static_cast<uint16_t>(sum), Choice::Exact});
        }
        return lane;
      });
    });
    add("i32x4.relaxed_dot_i8x16_i7x16_add_s", [](const Operands& o) {
      auto a = lanes<int8_t>(o.v[0]), b = lanes<int8_t>(o.v[1]);
      auto c = lanes<uint32_t>(o.v[2]);
      return each<int32_t>([&](size_t i) {
        Lane lane;
        for (bool is_signed : {true, false}) {
          int32_t low = 0, high = 0;
          for (size_t k = 0; k < 2; ++k) {
            low += term(a[4 * i + k], b[4 * i + k], is_signed);
            high += term(a[4 * i + 2 + k], b[4 * i + 2 + k], is_signed);
          }
          int32_t sums[] = {saturated<int16_t>(low) + saturated<int16_t>(high), low + high,
                            static_cast<int16_t>(low) + static_cast<int16_t>(high)};
          for (int32_t s : sums) lane.add({c[i] + static_cast<uint32_t>(s), Choice::Exact});
        }
        return lane;
      });
    });
  }
  static int32_t term(int8_t a, int8_t b, bool is_signed) { return a * (is_signed ? b : static_cast<uint8_t>(b)); }

  std::map<std::string, Model, std::less<>> models_;  // some of no instruction: there is no i8x16.mul
  std::array<const Model*, wasm::kOpCount> by_op_{};
};

const Table& table() {
  static const Table kTable;
  return kTable;
}

uint64_t read(std::span<const uint8_t> bytes, size_t lane, unsigned size) {
  uint64_t v = 0;
  std::memcpy(&v, bytes.data() + lane * size, size);
  return v;
}

bool fits(const Choice& c, uint64_t bits, unsigned size) {
  if (c.kind == Choice::Exact) return bits == c.bits;
  if (size == 4) {
    auto narrow = static_cast<uint32_t>(bits);
    return c.kind == Choice::CanonicalNan ? is_canonical(narrow) : is_arithmetic(narrow);
  }
  return c.kind == Choice::CanonicalNan ? is_canonical(bits) : is_arithmetic(bits);
}

}  // namespace

bool Expected::allows(std::span<const uint8_t> got) const {
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = read(got, i, lane_bytes);
    if (std::ranges::none_of(lanes[i].choices(), [&](const Choice& c) { return fits(c, bits, lane_bytes); }))
      return false;
  }
  return true;
}

bool Expected::is_deterministic(std::span<const uint8_t> got) const {
  for (size_t i = 0; i < count; ++i) {
    if (read(got, i, lane_bytes) != lanes[i].deterministic().bits) return false;
  }
  return true;
}

bool Expected::is_exact() const {
  return std::ranges::all_of(std::span(lanes).first(count), [](const Lane& l) {
    return l.choices().size() == 1 && l.deterministic().kind == Choice::Exact;
  });
}

V128 Expected::deterministic() const {
  V128 v{};
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = lanes[i].deterministic().bits;
    std::memcpy(v.data() + i * lane_bytes, &bits, lane_bytes);
  }
  return v;
}

std::string Expected::text() const {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    if (i) out += ' ';
    bool first = true;
    for (const Choice& c : lanes[i].choices()) {
      if (!first) out += '|';
      first = false;
      if (c.kind == Choice::Exact) {
        out += fmt::format("{:0{}x}", c.bits, 2 * lane_bytes);
      } else {
        out += c.kind == Choice::CanonicalNan ? "canonical" : "arithmetic";
      }
    }
  }
  return out;
}

bool has_model(wasm::Op op) {
  return table().find(op) != nullptr;
}

Expected expect(wasm::Op op, const Operands& operands) {
  return (*table().find(op))(operands);
}

Shape operand_shape(wasm::Op op) {
  constexpr std::pair<std::string_view, Shape> kShapes[] = {{"i8x16", Shape::I8x16}, {"i16x8", Shape::I16x8},
                                                            {"i32x4", Shape::I32x4}, {"i64x2", Shape::I64x2},
                                                            {"f32x4", Shape::F32x4}, {"f64x2", Shape::F64x2}};
  std::string_view name = wasm::info(op).mnemonic;
  size_t dot = name.find('.');
  for (auto [text, shape] : kShapes) {
    if (name.find(text, dot) != name.npos) return shape;
  }
  for (auto [text, shape] : kShapes) {
    if (name.starts_with(text)) return shape;
  }
  return Shape::I8x16;
}

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (uint8_t b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

}  // namespace vitrine::simd
