// Values of 128 bits in control flow: blocks, loops, tables of branches, calls of every kind, many of them at once.
#include <array>
#include <bit>
#include <cstring>

#include "checks.hpp"

namespace vitrine::simd {
namespace {

class SimdControl : public EveryWay {
 protected:
  void SetUp() override {
    if (in_v8()) GTEST_SKIP() << "these use our own interface";
    EveryWay::SetUp();
  }
  /// A module of text, instantiated.
  struct World {
    World(std::string_view wat, const Config& config) : engine(unwrap(Engine::make(config))), store(engine) {
      module.emplace(unwrap(Module::compile(engine, wat)));
      instance.emplace(unwrap(Instance::make(store, *module, {})));
    }
    std::vector<Val> call(std::string_view name, std::initializer_list<Val> args) {
      return unwrap(unwrap(instance->func(name)).call(args));
    }
    template <class T>
    static T unwrap(Result<T> r) {
      if (!r) {
        ADD_FAILURE() << r.error().message();
        std::abort();
      }
      return std::move(*r);
    }
    Engine engine;
    Store store;
    std::optional<Module> module;
    std::optional<Instance> instance;
  };
  static V128 pattern(uint8_t n) {
    V128 v;
    for (size_t i = 0; i < 16; ++i) v[i] = static_cast<uint8_t>(n * 17 + i * 3);
    return v;
  }
  static V128 plus(V128 a, const V128& b) {
    for (size_t i = 0; i < 16; ++i) a[i] = static_cast<uint8_t>(a[i] + b[i]);
    return a;
  }
  static V128 exclusive(V128 a, const V128& b) {
    for (size_t i = 0; i < 16; ++i) a[i] ^= b[i];
    return a;
  }
};
VITRINE_EVERY_WAY(SimdControl);

TEST_P(SimdControl, SelectsBlocksAndTables) {
  World w(R"((module
    (func (export "select") (param v128 v128 i32) (result v128) (select (local.get 0) (local.get 1) (local.get 2)))
    (func (export "select_t") (param v128 v128 i32) (result v128)
      (select (result v128) (local.get 0) (local.get 1) (i32.lt_s (local.get 2) (i32.const 3))))
    (func (export "table") (param v128 v128 i32) (result v128 i32)
      (block $d (result v128)
        (block $c (result v128)
          (block $b (result v128)
            (block $a (result v128)
              (br_table $a $b $c $d (i8x16.add (local.get 0) (local.get 1)) (local.get 2)))
            (return (v128.not) (i32.const 10)))
          (return (v128.xor (local.get 0)) (i32.const 11)))
        (i8x16.sub (local.get 1)))
      (i32.const 12))
    (func (export "if") (param v128 v128 i32) (result v128)
      (if (param v128) (result v128) (local.get 0) (local.get 2)
        (then (i8x16.add (local.get 1)))
        (else (drop) (local.get 1))))
    (func (export "params") (param v128 v128) (result v128 v128)
      (local.get 0) (local.get 1)
      (block (param v128 v128) (result v128 v128)
        (local.set 0) (local.set 1) (local.get 0) (local.get 1))))
  )",
          way().config);
  const V128 a = pattern(1), b = pattern(9);
  for (int32_t n : {0, 1, 2, 3, 5, -1}) {
    EXPECT_EQ(w.call("select", {vec(a), vec(b), n})[0].v128().bytes, n ? a : b);
    EXPECT_EQ(w.call("select_t", {vec(a), vec(b), n})[0].v128().bytes, n < 3 ? a : b);
    auto t = w.call("table", {vec(a), vec(b), n});
    const V128 sum = plus(a, b);
    V128 expected = sum;
    int32_t which = 12;
    if (n == 0) {
      for (uint8_t& x : expected) x = static_cast<uint8_t>(~x);
      which = 10;
    } else if (n == 1) {
      expected = exclusive(sum, a);
      which = 11;
    } else if (n == 2) {
      expected = a;
    }
    EXPECT_EQ(t[0].v128().bytes, expected) << n;
    EXPECT_EQ(t[1].i32(), which);
    EXPECT_EQ(w.call("if", {vec(a), vec(b), n})[0].v128().bytes, n ? plus(a, b) : b);
  }
  auto exchanged = w.call("params", {vec(a), vec(b)});
  EXPECT_EQ(exchanged[0].v128().bytes, b);
  EXPECT_EQ(exchanged[1].v128().bytes, a);
}

TEST_P(SimdControl, Loops) {
  World w(R"((module
    (memory (export "memory") 1)
    ;; Fibonacci numbers in lanes: two vectors change places.
    (func (export "fibonacci") (param i32) (result v128)
      (local v128 v128)
      (local.set 2 (i64x2.splat (i64.const 1)))
      (block $done
        (loop $next
          (br_if $done (i32.eqz (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (local.get 2)
          (local.set 2 (i64x2.add (local.get 1) (local.get 2)))
          (local.set 1)
          (br $next)))
      (local.get 1))
    (func (export "params") (param v128 v128 i32) (result v128)
      (local.get 0) (local.get 1)
      (loop $next (param v128 v128) (result v128)
        (local.set 0) (local.set 1)
        (local.get 0)
        (i8x16.add (local.get 0) (local.get 1))
        (local.set 2 (i32.sub (local.get 2) (i32.const 1)))
        (br_if $next (i32.gt_s (local.get 2) (i32.const 0)))
        (v128.xor)))
    ;; The constant and the splat do not change in the loop.
    (func (export "sum") (param i32 i32) (result v128)
      (local v128)
      (loop $next
        (local.set 2 (i32x4.add (local.get 2)
          (i32x4.mul (i32x4.splat (local.get 1)) (i32x4.add (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4)))))
        (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 2))
    (func (export "copy") (param i32 i32 i32)
      (loop $next
        (v128.store (local.get 0) (v128.load (local.get 1)))
        (local.set 0 (i32.add (local.get 0) (i32.const 16)))
        (local.set 1 (i32.add (local.get 1) (i32.const 16)))
        (br_if $next (i32.gt_s (local.tee 2 (i32.sub (local.get 2) (i32.const 16))) (i32.const 0))))))
  )",
          way().config);
  uint64_t x = 0, y = 1;
  for (int32_t n = 0; n < 30; ++n) {
    V128 expected;
    for (size_t i : {0, 8}) std::memcpy(expected.data() + i, &x, 8);
    EXPECT_EQ(w.call("fibonacci", {n})[0].v128().bytes, expected) << n;
    uint64_t next = x + y;
    x = y;
    y = next;
  }
  for (int32_t n : {1, 2, 3, 7}) {
    V128 a = pattern(1), b = pattern(2);
    for (int32_t k = 0; k < n; ++k) {
      V128 sum = plus(b, a);
      a = b;
      b = sum;
    }
    EXPECT_EQ(w.call("params", {vec(pattern(1)), vec(pattern(2)), n})[0].v128().bytes, exclusive(a, b)) << n;
  }
  std::array<int32_t, 4> sum{};
  for (int32_t n = 10; n > 0; --n) {
    for (int32_t k = 0; k < 4; ++k) sum[static_cast<size_t>(k)] += 7 * (n + 1 + k);
  }
  EXPECT_EQ(w.call("sum", {10, 7})[0].v128().bytes, std::bit_cast<V128>(sum));
  auto memory = World::unwrap(w.instance->memory("memory"));
  for (size_t i = 0; i < 1000; ++i) memory.data()[5 + i] = static_cast<uint8_t>(i * 7);
  w.call("copy", {3001, 5, 992});
  EXPECT_EQ(std::memcmp(memory.data().data() + 3001, memory.data().data() + 5, 992), 0);
}

TEST_P(SimdControl, Calls) {
  World w(R"((module
    (type $binary (func (param v128 v128) (result v128)))
    (type $mixed (func (param i32 v128 f32 v128 i64 v128 f64) (result v128 i64 v128 f64)))
    (table funcref (elem $add $xor $keep))
    (global $g (export "global") (mut v128) (v128.const i32x4 1 2 3 4))
    (func $add (type $binary) (i8x16.add (local.get 0) (local.get 1)))
    (func $xor (type $binary) (v128.xor (local.get 0) (local.get 1)))
    (func $keep (type $binary) (global.set $g (local.get 1)) (local.get 0))
    (func $mixed (type $mixed)
      (v128.xor (local.get 1) (local.get 5)) (i64.add (local.get 4) (i64.extend_i32_s (local.get 0)))
      (local.get 3) (f64.add (local.get 6) (f64.promote_f32 (local.get 2))))
    (func (export "indirect") (param v128 v128 i32) (result v128)
      (call_indirect (type $binary) (local.get 0) (local.get 1) (local.get 2)))
    (func (export "tail") (param v128 v128 i32) (result v128)
      (return_call_indirect (type $binary) (local.get 1) (local.get 0) (local.get 2)))
    (func $down (export "down") (param v128 v128 i32) (result v128)
      (if (result v128) (i32.eqz (local.get 2))
        (then (local.get 0))
        (else (return_call $down (local.get 1) (i8x16.add (local.get 0) (local.get 1)) (i32.sub (local.get 2) (i32.const 1))))))
    (func $deep (export "deep") (param v128 v128 i32) (result v128)
      (if (result v128) (i32.eqz (local.get 2))
        (then (local.get 0))
        (else (v128.xor (local.get 1)
          (call $deep (local.get 1) (i8x16.add (local.get 0) (local.get 1)) (i32.sub (local.get 2) (i32.const 1)))))))
    (func (export "mixed") (type $mixed)
      (call $mixed (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
    (func (export "swap") (param v128) (result v128) (global.get $g) (global.set $g (local.get 0))))
  )",
          way().config);
  const V128 a = pattern(3), b = pattern(8), c = pattern(12);
  EXPECT_EQ(w.call("indirect", {vec(a), vec(b), 0})[0].v128().bytes, plus(a, b));
  EXPECT_EQ(w.call("indirect", {vec(a), vec(b), 1})[0].v128().bytes, exclusive(a, b));
  EXPECT_EQ(w.call("tail", {vec(a), vec(b), 2})[0].v128().bytes, b);
  EXPECT_EQ(World::unwrap(World::unwrap(w.instance->global("global")).get()).v128().bytes, a);
  EXPECT_EQ(w.call("swap", {vec(c)})[0].v128().bytes, a);
  EXPECT_EQ(World::unwrap(World::unwrap(w.instance->global("global")).get()).v128().bytes, c);
  for (int32_t n : {0, 1, 2, 5, 1000}) {
    V128 x = a, y = b;
    std::vector<V128> outer;
    for (int32_t k = 0; k < n; ++k) {
      outer.push_back(y);
      V128 sum = plus(x, y);
      x = y;
      y = sum;
    }
    EXPECT_EQ(w.call("down", {vec(a), vec(b), n})[0].v128().bytes, x) << n;
    for (size_t k = outer.size(); k-- > 0;) x = exclusive(outer[k], x);
    EXPECT_EQ(w.call("deep", {vec(a), vec(b), n})[0].v128().bytes, x) << n;
  }
  auto mixed = w.call("mixed", {3, vec(a), 1.5f, vec(b), int64_t{40}, vec(c), 2.25});
  EXPECT_EQ(mixed[0].v128().bytes, exclusive(a, c));
  EXPECT_EQ(mixed[1].i64(), 43);
  EXPECT_EQ(mixed[2].v128().bytes, b);
  EXPECT_EQ(mixed[3].f64(), 3.75);
}

// As many as there are, in both directions, over a call and over a tail call; some of them floats and integers.
TEST_P(SimdControl, HundredParams) {
  for (unsigned n : {1u, 5u, 17u, 100u}) {
    std::string params, results, gets, backwards, types;
    for (unsigned i = 0; i < n; ++i) {
      const bool odd = i % 7 == 3;
      types += odd ? " i64" : " v128";
      gets += fmt::format(" (local.get {})", i);
      results = (odd ? " i64" : " v128") + results;
      backwards = fmt::format(" (local.get {})", i) + backwards;
    }
    World w(fmt::format(R"((module
      (type $t (func (param{0}) (result{1})))
      (table funcref (elem $reverse))
      (func $reverse (type $t) {3})
      (func (export "call") (type $t) (call $reverse {2}))
      (func (export "indirect") (type $t) (call_indirect (type $t) {2} (i32.const 0)))
      (func (export "tail") (type $t) (return_call $reverse {2})))
    )",
                        types, results, gets, backwards),
            way().config);
    std::vector<Val> args;
    for (unsigned i = 0; i < n; ++i) {
      if (i % 7 == 3) {
        args.push_back(int64_t{i} * 1'000'000'007);
      } else {
        args.push_back(vec(pattern(static_cast<uint8_t>(i))));
      }
    }
    for (const char* name : {"call", "indirect", "tail"}) {
      auto got = World::unwrap(World::unwrap(w.instance->func(name)).call(args));
      ASSERT_EQ(got.size(), n);
      for (unsigned i = 0; i < n; ++i) {
        const Val& expected = args[n - 1 - i];
        if (expected.kind() == ValKind::V128) {
          EXPECT_EQ(got[i].v128().bytes, expected.v128().bytes) << name << " " << n << " " << i;
        } else {
          EXPECT_EQ(got[i].i64(), expected.i64()) << name << " " << n << " " << i;
        }
      }
    }
  }
}

// Vectors go to a host function and come back; what is alive in the guest stays as it is.
TEST_P(SimdControl, HostFunctions) {
  auto engine = World::unwrap(Engine::make(way().config));
  Store store(engine);
  auto f = World::unwrap(
      Func::make(store, FuncType{{ValKind::V128, ValKind::I32, ValKind::V128}, {ValKind::V128, ValKind::F64}},
                 [](Caller&, std::span<const Val> params, std::span<Val> results) -> Result<> {
                   results[0] = vec(plus(params[0].v128().bytes, params[2].v128().bytes));
                   results[1] = Val(double(params[1].i32()));
                   return {};
                 }));
  auto module = World::unwrap(Module::compile(engine, std::string_view(R"((module
    (import "env" "f" (func $f (param v128 i32 v128) (result v128 f64)))
    (func (export "g") (param v128 v128) (result v128 f64 v128)
      (local v128 v128)
      (local.set 2 (v128.not (local.get 0)))
      (local.set 3 (i8x16.add (local.get 1) (local.get 1)))
      (call $f (local.get 0) (i32.const 42) (local.get 1))
      (v128.xor (v128.xor (local.get 2) (local.get 3)) (local.get 0))))
  )")));
  auto instance = World::unwrap(Instance::make(store, module, std::array{Extern(f)}));
  const V128 a = pattern(5), b = pattern(11);
  auto got = World::unwrap(World::unwrap(instance.func("g")).call({vec(a), vec(b)}));
  EXPECT_EQ(got[0].v128().bytes, plus(a, b));
  EXPECT_EQ(got[1].f64(), 42.0);
  V128 ones;
  ones.fill(0xff);
  EXPECT_EQ(got[2].v128().bytes, exclusive(ones, plus(b, b)));
}

}  // namespace
}  // namespace vitrine::simd
