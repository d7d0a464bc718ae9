// Between vectors and scalars: lanes that are taken out and changed, stored or compared at once; vectors made of loads,
// of lanes of others, of the results of scalar operations. The rest of a register may hold anything.
#include <bit>
#include <cstring>
#include <functional>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

using Scalars = EveryWay;
VITRINE_EVERY_WAY(Scalars);

template <class T>
T lane(const V128& v, size_t i) {
  T t;
  std::memcpy(&t, v.data() + i * sizeof(T), sizeof(T));
  return t;
}
template <class T>
V128 with_lane(V128 v, size_t i, T t) {
  std::memcpy(v.data() + i * sizeof(T), &t, sizeof(T));
  return v;
}
template <class T>
V128 splat(T t) {
  V128 v;
  for (size_t i = 0; i < 16 / sizeof(T); ++i) v = with_lane(v, i, t);
  return v;
}

struct Case {
  char type;
  std::string text;
  std::function<V128(const Record&)> expected;
};
V128 scalar(uint64_t bits) {
  return with_lane(V128{}, 0, bits);
}

template <class N>
void narrow_lanes(std::vector<Case>& all, const std::string& shape, unsigned bits) {
  for (unsigned i = 0; i < 16 / sizeof(N); ++i) {
    using U = std::make_unsigned_t<N>;
    auto s = [i](const Record& r) { return static_cast<int32_t>(lane<N>(r.v[0], i)); };
    auto u = [i](const Record& r) { return static_cast<uint32_t>(lane<U>(r.v[0], i)); };
    const std::string es = fmt::format("({}.extract_lane_s {} (local.get $a))", shape, i),
                      eu = fmt::format("({}.extract_lane_u {} (local.get $a))", shape, i);
    auto i32 = [&](std::string text, auto f) {
      all.push_back({'i', std::move(text), [f](const Record& r) { return scalar(static_cast<uint32_t>(f(r))); }});
    };
    auto i64 = [&](std::string text, auto f) {
      all.push_back({'l', std::move(text), [f](const Record& r) { return scalar(static_cast<uint64_t>(f(r))); }});
    };
    i32(fmt::format("(i32.and {} (i32.const {}))", es, (1u << bits) - 1), u);
    i32(fmt::format("(i32.extend{}_s {})", bits, eu), s);
    i32(fmt::format("(i32.shr_u {} (i32.const {}))", es, bits),
        [=](const Record& r) { return static_cast<uint32_t>(s(r)) >> bits; });
    i32(fmt::format("(i32.shl {} (i32.const 24))", eu), [=](const Record& r) { return u(r) << 24; });
    i32(fmt::format("(i32.eqz {})", eu), [=](const Record& r) { return u(r) == 0; });
    i32(fmt::format("(i32.lt_s {} (i32.const 0))", es), [=](const Record& r) { return s(r) < 0; });
    i32(fmt::format("(if (result i32) {} (then (i32.const 3)) (else (i32.const 4)))", es),
        [=](const Record& r) { return s(r) ? 3 : 4; });
    i64(fmt::format("(i64.extend_i32_s {})", es), [=](const Record& r) { return int64_t{s(r)}; });
    i64(fmt::format("(i64.extend_i32_u {})", es), [=](const Record& r) { return static_cast<uint32_t>(s(r)); });
    i64(fmt::format("(i64.extend_i32_s {})", eu), [=](const Record& r) { return u(r); });
    i32(fmt::format("({}.extract_lane_s {} (v128.load offset=16 (local.get $in)))", shape, i),
        [i](const Record& r) { return lane<N>(r.v[1], i); });
    // What lies above the lane's bits in the scalar is cut off.
    all.push_back({'v', fmt::format("({}.replace_lane {} (local.get $b) (i32.wrap_i64 (local.get $x)))", shape, i),
                   [i](const Record& r) { return with_lane(r.v[1], i, static_cast<N>(r.x)); }});
    all.push_back({'v', fmt::format("({}.replace_lane {} (local.get $b) {})", shape, i, es),
                   [i](const Record& r) { return with_lane(r.v[1], i, lane<N>(r.v[0], i)); }});
    for (const char* sign : {"s", "u"}) {
      all.push_back({'v',
                     fmt::format("({}.replace_lane {} (local.get $b) (i32.load{}_{} offset=33 (local.get $in)))", shape,
                                 i, bits, sign),
                     [i](const Record& r) {
                       N n;
                       std::memcpy(&n, r.v[2].data() + 1, sizeof n);
                       return with_lane(r.v[1], i, n);
                     }});
    }
  }
  for (const char* sign : {"s", "u"}) {
    all.push_back({'v', fmt::format("({}.splat (i32.load{}_{} offset=33 (local.get $in)))", shape, bits, sign),
                   [](const Record& r) {
                     N n;
                     std::memcpy(&n, r.v[2].data() + 1, sizeof n);
                     return splat(n);
                   }});
  }
  all.push_back({'v', fmt::format("({}.splat (i32.add (i32.wrap_i64 (local.get $x)) (i32.const 12345)))", shape),
                 [](const Record& r) { return splat(static_cast<N>(r.x + 12345)); }});
}

std::vector<Case> cases() {
  std::vector<Case> all;
  narrow_lanes<int8_t>(all, "i8x16", 8);
  narrow_lanes<int16_t>(all, "i16x8", 16);
  auto add = [&](char type, std::string text, std::function<V128(const Record&)> f) {
    all.push_back({type, std::move(text), std::move(f)});
  };
  for (unsigned i = 0; i < 4; ++i) {
    add('l', fmt::format("(i64.extend_i32_u (i32x4.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(lane<uint32_t>(r.v[0], i)); });
    add('l', fmt::format("(i64.extend_i32_s (i32x4.extract_lane {} (v128.load offset=32 (local.get $in))))", i),
        [i](const Record& r) { return scalar(static_cast<uint64_t>(int64_t{lane<int32_t>(r.v[2], i)})); });
    add('i',
        fmt::format("(i32.add (i32x4.extract_lane {} (local.get $a)) (i32x4.extract_lane {} (local.get $b)))", i,
                    3 - i),
        [i](const Record& r) { return scalar(lane<uint32_t>(r.v[0], i) + lane<uint32_t>(r.v[1], 3 - i)); });
    add('i', fmt::format("(i32.reinterpret_f32 (f32x4.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(lane<uint32_t>(r.v[0], i)); });
    add('f', fmt::format("(f32.reinterpret_i32 (i32x4.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(lane<uint32_t>(r.v[0], i)); });
    add('f', fmt::format("(f32.neg (f32x4.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(lane<uint32_t>(r.v[0], i) ^ 0x8000'0000); });
    add('v',
        fmt::format("(f32x4.replace_lane {} (local.get $b) (f32.abs (f32x4.extract_lane {} (local.get $a))))", i,
                    3 - i),
        [i](const Record& r) { return with_lane(r.v[1], i, lane<uint32_t>(r.v[0], 3 - i) & 0x7fff'ffff); });
    add('v', fmt::format("(i32x4.replace_lane {} (local.get $b) (i32.load offset=35 (local.get $in)))", i),
        [i](const Record& r) {
          uint32_t n;
          std::memcpy(&n, r.v[2].data() + 3, 4);
          return with_lane(r.v[1], i, n);
        });
    add('v', fmt::format("(f32x4.replace_lane {} (local.get $b) (f32.load offset=35 (local.get $in)))", i),
        [i](const Record& r) {
          uint32_t n;
          std::memcpy(&n, r.v[2].data() + 3, 4);
          return with_lane(r.v[1], i, n);
        });
    for (unsigned k = 0; k < 4; ++k) {
      add('v', fmt::format("(f32x4.replace_lane {} (local.get $b) (f32x4.extract_lane {} (local.get $a)))", i, k),
          [=](const Record& r) { return with_lane(r.v[1], i, lane<uint32_t>(r.v[0], k)); });
      add('v', fmt::format("(i32x4.replace_lane {} (local.get $b) (i32x4.extract_lane {} (local.get $b)))", i, k),
          [=](const Record& r) { return with_lane(r.v[1], i, lane<uint32_t>(r.v[1], k)); });
      add('v', fmt::format("(f32x4.splat (f32x4.extract_lane {} (v128.xor (local.get $a) (local.get $b))))", k),
          [=](const Record& r) { return splat(lane<uint32_t>(r.v[0], k) ^ lane<uint32_t>(r.v[1], k)); });
    }
  }
  for (unsigned i = 0; i < 2; ++i) {
    add('i', fmt::format("(i32.wrap_i64 (i64x2.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(static_cast<uint32_t>(lane<uint64_t>(r.v[0], i))); });
    add('l', fmt::format("(i64.reinterpret_f64 (f64x2.extract_lane {} (local.get $a)))", i),
        [i](const Record& r) { return scalar(lane<uint64_t>(r.v[0], i)); });
    add('d', fmt::format("(f64.neg (f64x2.extract_lane {} (v128.load offset=16 (local.get $in))))", i),
        [i](const Record& r) { return scalar(lane<uint64_t>(r.v[1], i) ^ 1ull << 63); });
    add('v', fmt::format("(f64x2.replace_lane {} (local.get $b) (f64.load offset=37 (local.get $in)))", i),
        [i](const Record& r) {
          uint64_t n;
          std::memcpy(&n, r.v[2].data() + 5, 8);
          return with_lane(r.v[1], i, n);
        });
    for (unsigned k = 0; k < 2; ++k) {
      add('v', fmt::format("(f64x2.replace_lane {} (local.get $b) (f64x2.extract_lane {} (local.get $a)))", i, k),
          [=](const Record& r) { return with_lane(r.v[1], i, lane<uint64_t>(r.v[0], k)); });
      add('v', fmt::format("(i64x2.replace_lane {} (local.get $b) (i64x2.extract_lane {} (local.get $b)))", i, k),
          [=](const Record& r) { return with_lane(r.v[1], i, lane<uint64_t>(r.v[1], k)); });
    }
  }
  add('v', "(i64x2.splat (i64.extend_i32_s (i32.wrap_i64 (local.get $x))))",
      [](const Record& r) { return splat(static_cast<int64_t>(static_cast<int32_t>(r.x))); });
  add('v', "(i32x4.splat (i32.load offset=3 (local.get $in)))", [](const Record& r) {
    return splat([&] {
      uint32_t n;
      std::memcpy(&n, r.v[0].data() + 3, 4);
      return n;
    }());
  });
  add('v', "(i64x2.splat (i64.load offset=3 (local.get $in)))", [](const Record& r) {
    return splat([&] {
      uint64_t n;
      std::memcpy(&n, r.v[0].data() + 3, 8);
      return n;
    }());
  });
  add('v', "(f64x2.splat (f64.load offset=3 (local.get $in)))", [](const Record& r) {
    return splat([&] {
      uint64_t n;
      std::memcpy(&n, r.v[0].data() + 3, 8);
      return n;
    }());
  });
  add('v', "(f32x4.splat (f32.load offset=3 (local.get $in)))", [](const Record& r) {
    return splat([&] {
      uint32_t n;
      std::memcpy(&n, r.v[0].data() + 3, 4);
      return n;
    }());
  });
  // Vectors put together of scalars, from nothing and from something that does not matter.
  for (const char* from :
       {"(v128.const i64x2 0 0)", "(local.get $c)", "(i32x4.splat (i32x4.extract_lane 2 (local.get $a)))"}) {
    add('v',
        fmt::format("(i32x4.replace_lane 3 (i32x4.replace_lane 2 (i32x4.replace_lane 1 (i32x4.replace_lane 0 {} "
                    "(i32.const 7)) (i32x4.extract_lane 0 (local.get $a)))"
                    " (i32.wrap_i64 (local.get $x))) (i32x4.extract_lane 3 (local.get $b)))",
                    from),
        [](const Record& r) {
          return with_lane(with_lane(with_lane(splat(7), 1, lane<uint32_t>(r.v[0], 0)), 2, static_cast<uint32_t>(r.x)),
                           3, lane<uint32_t>(r.v[1], 3));
        });
    add('v',
        fmt::format("(f64x2.replace_lane 0 (f64x2.replace_lane 1 {} (f64x2.extract_lane 0 (local.get $a))) "
                    "(f64x2.extract_lane 1 (local.get $b)))",
                    from),
        [](const Record& r) { return with_lane(splat(lane<uint64_t>(r.v[1], 1)), 1, lane<uint64_t>(r.v[0], 0)); });
  }
  // Shifts whose count is computed.
  for (const auto& [shape, bits] : {std::pair{"i8x16", 8u}, {"i16x8", 16u}, {"i32x4", 32u}, {"i64x2", 64u}}) {
    for (const char* op : {"shl", "shr_s", "shr_u"}) {
      auto model = [shape, op](const Record& r, uint64_t x) {
        for (const Operation& o : operations()) {
          if (wasm::info(o.op).mnemonic == fmt::format("{}.{}", shape, op))
            return expect(o.op, {.v = r.v, .x = x}).deterministic();
        }
        std::abort();
      };
      auto add_count = [&](std::string count, auto f) {
        add('v', fmt::format("({}.{} (local.get $a) {})", shape, op, count),
            [=](const Record& r) { return model(r, f(r)); });
      };
      add_count(fmt::format("(i32.and (i32.wrap_i64 (local.get $x)) (i32.const {}))", bits - 1),
                [bits](const Record& r) { return r.x & (bits - 1); });
      add_count(fmt::format("(i32.and (i32.wrap_i64 (local.get $x)) (i32.const {}))", 2 * bits - 1),
                [bits](const Record& r) { return r.x & (2 * bits - 1); });
      add_count(fmt::format("(i32.sub (i32.const {}) (i32.wrap_i64 (local.get $x)))", bits),
                [bits](const Record& r) { return static_cast<uint32_t>(bits - r.x); });
      add_count("(i32.load8_u offset=48 (local.get $in))", [](const Record& r) { return r.x & 0xff; });
      add_count("(i32x4.extract_lane 1 (local.get $b))", [](const Record& r) { return lane<uint32_t>(r.v[1], 1); });
      add('v',
          fmt::format("(v128.xor ({0}.{1} (local.get $a) (i32.wrap_i64 (local.get $x))) ({0}.{1} (local.get $b) "
                      "(i32.wrap_i64 (local.get $x))))",
                      shape, op),
          [=](const Record& r) {
            V128 p = model(r, r.x), q = model({.v = {r.v[1]}}, r.x);
            for (size_t i = 0; i < 16; ++i) p[i] ^= q[i];
            return p;
          });
    }
  }
  return all;
}

TEST_P(Scalars, ToAndFro) {
  Kit kit;
  const auto all = cases();
  for (const Case& c : all) kit.add(c.text, store_result(c.type, c.text));
  Running running(kit, way().config);
  uint64_t state = 4;
  std::vector<Record> records;
  for (int i = 0; i < 24; ++i) {
    Record r;
    for (V128& v : r.v) v = random_vector(static_cast<Shape>(i % 6), state);
    if (i < 3) r.v[0].fill(i == 0 ? 0 : i == 1 ? 0xff : 0x80);
    r.x = i < 12 ? static_cast<uint64_t>(i * 7) : next_random(state);
    records.push_back(r);
  }
  for (uint32_t f = 0; f < all.size(); ++f) {
    auto got = running.drive(f, records);
    for (size_t i = 0; i < records.size(); ++i) {
      V128 expected = all[f].expected(records[i]);
      const size_t size = all[f].type == 'v' ? 16 : all[f].type == 'i' || all[f].type == 'f' ? 4 : 8;
      if (std::memcmp(expected.data(), got[i].v[0].data(), size) == 0) continue;
      Expected shape{.lane_bytes = 1, .count = static_cast<uint8_t>(size), .lanes = {}};
      differs(kit.name(f), records[i], hex(std::span(expected).first(size)), got[i].v[0], shape);
    }
  }
}

// A lane that goes to memory: as store8 and so on of the scalar, which writes only its bytes.
TEST_P(Scalars, LanesToMemory) {
  Kit kit;
  struct Function {
    unsigned lane, bytes;
  };
  std::vector<Function> functions;
  auto add = [&](const char* shape, const char* sign, unsigned bytes, std::initializer_list<const char*> stores) {
    for (unsigned i = 0; i < 16 / bytes; ++i) {
      for (const char* store : stores) {
        std::string text =
            fmt::format("({} offset=5 (local.get $out) ({}.extract_lane{} {} (local.get $a)))", store, shape, sign, i);
        kit.add(text, text);
        unsigned written = std::string_view(store).ends_with("8")    ? 1
                           : std::string_view(store).ends_with("16") ? 2
                                                                     : bytes;
        functions.push_back({i * bytes, written});
      }
    }
  };
  add("i8x16", "_s", 1, {"i32.store8"});
  add("i8x16", "_u", 1, {"i32.store8"});
  add("i16x8", "_s", 2, {"i32.store16", "i32.store8"});
  add("i16x8", "_u", 2, {"i32.store16", "i32.store8"});
  add("i32x4", "", 4, {"i32.store", "i32.store16", "i32.store8"});
  add("i64x2", "", 8, {"i64.store", "i64.store16", "i64.store8"});
  add("f32x4", "", 4, {"f32.store"});
  add("f64x2", "", 8, {"f64.store"});
  Running running(kit, way().config);
  uint64_t state = 8;
  for (uint32_t f = 0; f < functions.size(); ++f) {
    Record r;
    for (V128& v : r.v) v = random_vector(Shape::I8x16, state);
    ASSERT_EQ(running.once(f, r, 0).kind, Ended::Well);
    V128 expected{};
    std::memcpy(expected.data() + 5, r.v[0].data() + functions[f].lane, functions[f].bytes);
    EXPECT_EQ(hex(running.out().v[0]), hex(expected)) << way().name << ": " << kit.name(f) << " of " << hex(r.v[0]);
  }
}

}  // namespace
}  // namespace vitrine::simd
