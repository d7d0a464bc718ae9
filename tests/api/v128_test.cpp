// Vectors in both directions: the type itself, typed and untyped calls, host functions, globals, and what is refused.
#include <algorithm>
#include <cstring>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr V128 kCounting = V128::of<uint8_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
// Nothing of it may be lost or reordered on the way: no two bytes are equal.
constexpr V128 kBits = V128::of<uint64_t>({0x8f12'3456'789a'bcde, 0xf0e1'd2c3'b4a5'9687});
// Signalling NaNs stay what they are: nobody computes with the lanes.
constexpr V128 kNans = V128::of<uint32_t>({0x7fa0'0001, 0xffa0'0002, 0x7fc0'0003, 0xff80'0000});

TEST(V128Type, IsItsBytes) {
  static_assert(V128() == V128::splat<int32_t>(0));
  static_assert(V128::of<int32_t>({1, 2, 3, 4}).bytes ==
                std::array<uint8_t, 16>{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0});
  static_assert(kCounting.lanes<uint16_t>()[7] == 0x0f0e && kCounting.lanes<uint64_t>()[0] == 0x0706'0504'0302'0100);
  static_assert(V128::splat<uint8_t>(0xff).lanes<int64_t>() == std::array<int64_t, 2>{-1, -1});
  static_assert(V128::of<double>({1.5, -2}).lanes<double>()[1] == -2);
  static_assert(V128::splat(1.0f) == V128::splat<uint32_t>(0x3f80'0000));
  static_assert(V128::splat(1.0f) != V128::splat(2.0f));
  static_assert(kNans == kNans && V128::splat(0.0f) != V128::splat(-0.0f), "by bits");
  static_assert(V128Lane<int8_t> && V128Lane<long long> && !V128Lane<bool> && !V128Lane<__int128> &&
                !V128Lane<long double> && !V128Lane<const int>);
}

TEST(V128Type, IsAKindOfVal) {
  Val v = kBits;
  EXPECT_EQ(v.kind(), ValKind::V128);
  EXPECT_EQ(v.v128(), kBits);
  EXPECT_FALSE(v.is_ref());
  EXPECT_FALSE(v.is_null());
  EXPECT_EQ(Val::null(ValKind::V128).v128(), V128());
  Val copy = v;
  Val moved = std::move(v);
  EXPECT_EQ(copy.v128(), kBits);
  EXPECT_EQ(moved.v128(), kBits);
  EXPECT_EQ(Val::from_raw(ValKind::V128, moved.raw()).v128(), kBits);
  EXPECT_STREQ(name_of(ValKind::V128), "v128");

  Engine engine = make_engine();
  Store store(engine);
  EXPECT_EQ(store.from_raw(ValKind::V128, unwrap(store.to_raw(kBits))).v128(), kBits);
}

TEST(V128Call, TypedAndUntypedKeepEveryBit) {
  World w(R"((module
    (func (export "same") (param v128) (result v128) (local.get 0))
    (func (export "pick") (param v128 i32 v128) (result v128)
      (select (result v128) (local.get 0) (local.get 2) (local.get 1)))
    (func (export "zero") (result v128) (local v128) (local.get 0))
    (func (export "mix") (param i32 v128 f64 v128 i64) (result v128 i64 f64 v128 i32)
      (local.get 3) (local.get 4) (local.get 2) (local.get 1) (local.get 0))))");
  auto same = w.typed<V128(V128)>("same");
  for (const V128& v : {V128(), kCounting, kBits, kNans}) {
    EXPECT_EQ(unwrap(same(v)), v);
    EXPECT_EQ(unwrap(same.func().call({v}))[0].v128(), v);
  }
  auto pick = w.typed<V128(V128, int32_t, V128)>("pick");
  EXPECT_EQ(unwrap(pick(kBits, 1, kNans)), kBits);
  EXPECT_EQ(unwrap(pick(kBits, 0, kNans)), kNans);
  EXPECT_EQ(unwrap(w.typed<V128()>("zero")()), V128());
  using Results = std::tuple<V128, int64_t, double, V128, int32_t>;
  EXPECT_EQ(unwrap(w.typed<Results(int32_t, V128, double, V128, int64_t)>("mix")(1, kBits, 2.5, kNans, 3)),
            Results(kNans, 3, 2.5, kBits, 1));
  auto mix = unwrap(unwrap(w.instance.func("mix")).call({1, kBits, 2.5, kNans, int64_t{3}}));
  ASSERT_EQ(mix.size(), 5u);
  EXPECT_EQ(mix[0].v128(), kNans);
  EXPECT_EQ(mix[3].v128(), kBits);
  EXPECT_EQ(mix[4].i32(), 1);
  // Into values that are there, of whatever kind.
  std::vector<Val> results(5, ExternRef::make(w.store, 1));
  unwrap(unwrap(w.instance.func("mix")).call(std::vector<Val>{1, kBits, 2.5, kNans, int64_t{3}}, results));
  EXPECT_EQ(results[0].kind(), ValKind::V128);
  EXPECT_EQ(results[0].v128(), kNans);
  EXPECT_EQ(results[1].i64(), 3);

  RawVal raw{.v128 = {}};
  std::memcpy(&raw, &kBits, 16);
  unwrap(unwrap(w.instance.func("same")).call_raw(&raw));
  EXPECT_EQ(std::memcmp(&raw, &kBits, 16), 0);
}

V128 numbered(int i) {
  return V128::of<uint32_t>({uint32_t(i), ~uint32_t(i), uint32_t(i) << 24, 0x5555'5555u + uint32_t(i)});
}

// More than there are registers for, with words in between that make the stack's slots uneven.
TEST(V128Call, ManyArgumentsAndResultsGoOverTheStack) {
  constexpr int kCount = 41;
  auto is_vector = [](int i) { return i % 3 != 1; };
  std::string params, body;
  for (int i = 0; i < kCount; ++i) {
    params += is_vector(i) ? " v128" : " i32";
    body += "(local.get " + std::to_string(i) + ")";
  }
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  FuncType type;
  for (int i = 0; i < kCount; ++i) type.params.emplace_back(is_vector(i) ? ValKind::V128 : ValKind::I32);
  type.results = type.params;
  unwrap(linker.func_dynamic("h", "echo", type,
                             [](Caller&, std::span<const Val> params, std::span<Val> results) -> Result<> {
                               std::ranges::copy(params, results.begin());
                               return {};
                             }));
  const std::string signature = "(param" + params + ") (result" + params + ")";
  Module module = compile(engine, "(module (import \"h\" \"echo\" (func $echo " + signature + "))" +  //
                                      "(func $self (export \"self\") " + signature + body + ")" +     //
                                      "(func (export \"inner\") " + signature + body + "(call $self))" +
                                      "(func (export \"host\") " + signature + body + "(call $echo)))");
  Instance instance = unwrap(linker.instantiate(store, module));
  std::vector<Val> args;
  for (int i = 0; i < kCount; ++i) args.push_back(is_vector(i) ? Val(numbered(i)) : Val(int32_t{i}));
  for (const char* name : {"self", "inner", "host"}) {
    auto results = unwrap(unwrap(instance.func(name)).call(args));
    ASSERT_EQ(results.size(), args.size());
    for (int i = 0; i < kCount; ++i) {
      if (is_vector(i)) {
        EXPECT_EQ(results[i].v128(), numbered(i)) << name << " " << i;
      } else {
        EXPECT_EQ(results[i].i32(), i) << name;
      }
    }
  }
}

TEST(V128Host, EveryShape) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  auto add = [](V128 v, int32_t n) {
    auto lanes = v.lanes<int32_t>();
    for (int32_t& lane : lanes) lane += n;
    return V128::of<int32_t>(lanes);
  };
  unwrap(linker.func("h", "add", add));
  unwrap(linker.func("h", "tuple",
                     [](const V128& v, int32_t n) { return std::tuple<V128, int32_t, V128>(v, n, V128::splat(n)); }));
  unwrap(linker.func("h", "result", [](Caller&, int64_t n, V128 v) -> Result<V128> {
    if (n < 0) return fail("negative", ErrorKind::Host);
    return v;
  }));
  V128 seen;
  unwrap(linker.func("h", "take", [&](V128 v) noexcept { seen = v; }));
  unwrap(linker.func_dynamic("h", "dynamic", {{ValKind::V128, ValKind::I32}, {ValKind::I32, ValKind::V128}},
                             [](Caller&, std::span<const Val> params, std::span<Val> results) -> Result<> {
                               EXPECT_EQ(results[1].v128(), V128());
                               results[0] = params[1];
                               results[1] = params[0];
                               return {};
                             }));
  Module module = compile(engine, R"((module
    (import "h" "add" (func $add (param v128 i32) (result v128)))
    (import "h" "tuple" (func $tuple (param v128 i32) (result v128 i32 v128)))
    (import "h" "result" (func $result (param i64 v128) (result v128)))
    (import "h" "take" (func $take (param v128)))
    (import "h" "dynamic" (func $dynamic (param v128 i32) (result i32 v128)))
    (func (export "add") (param v128 i32) (result v128)
      (call $add (call $add (local.get 0) (local.get 1)) (local.get 1)))
    (func (export "tuple") (param v128 i32) (result v128 i32 v128) (call $tuple (local.get 0) (local.get 1)))
    (func (export "result") (param i64 v128) (result v128) (call $result (local.get 0) (local.get 1)))
    (func (export "take") (param v128) (call $take (local.get 0)))
    (func (export "dynamic") (param v128 i32) (result i32 v128) (call $dynamic (local.get 0) (local.get 1)))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  EXPECT_EQ(unwrap(unwrap(instance.typed<V128(V128, int32_t)>("add"))(V128::of<int32_t>({1, 2, 3, -4}), 10)),
            V128::of<int32_t>({21, 22, 23, 16}));
  using Tuple = std::tuple<V128, int32_t, V128>;
  EXPECT_EQ(unwrap(unwrap(instance.typed<Tuple(V128, int32_t)>("tuple"))(kBits, 7)),
            Tuple(kBits, 7, V128::splat<int32_t>(7)));
  auto result = unwrap(instance.typed<V128(int64_t, V128)>("result"));
  EXPECT_EQ(unwrap(result(1, kNans)), kNans);
  EXPECT_EQ(message_of(result(-1, kNans)), "negative");
  unwrap(unwrap(instance.typed<void(V128)>("take"))(kBits));
  EXPECT_EQ(seen, kBits);
  EXPECT_EQ(unwrap(unwrap(instance.typed<std::tuple<int32_t, V128>(V128, int32_t)>("dynamic"))(kBits, 5)),
            (std::tuple<int32_t, V128>(5, kBits)));
  // Called by the host there is no guest in between.
  Func wrapped = unwrap(Func::wrap(store, add));
  EXPECT_EQ(to_string(unwrap(wrapped.type())), "(v128, i32) -> (v128)");
  EXPECT_EQ(unwrap(wrapped.call({V128::splat<int32_t>(1), 1}))[0].v128(), V128::splat<int32_t>(2));
  EXPECT_EQ(unwrap(unwrap(wrapped.typed<V128(V128, int32_t)>())(V128::splat<int32_t>(1), 2)), V128::splat<int32_t>(3));
  RawHostFunc swap = [](void*, CallerContext*, RawVal* values) {
    std::swap(values[0], values[1]);
    return 0;
  };
  Func raw = unwrap(
      Func::make_raw(store, {{ValKind::V128, ValKind::V128}, {ValKind::V128, ValKind::V128}}, swap, nullptr, nullptr));
  auto swapped = unwrap(raw.call({kBits, kNans}));
  EXPECT_EQ(swapped[0].v128(), kNans);
  EXPECT_EQ(swapped[1].v128(), kBits);
}

TEST(V128Host, ResultsOfAnotherKindAreRefused) {
  Engine engine = make_engine();
  Store store(engine);
  auto answers = [&](const Val& v) {
    return Func::make(store, {{}, {ValKind::V128}},
                      [v](Caller&, std::span<const Val>, std::span<Val> results) -> Result<> {
                        results[0] = v;
                        return {};
                      });
  };
  EXPECT_EQ(unwrap(unwrap(answers(kBits)).call({}))[0].v128(), kBits);
  for (const Val& v : {Val(1), Val(int64_t{1}), Val(1.0f), Val(1.0), Val(ExternRef::make(store, 1))}) {
    const std::string message = message_of(unwrap(answers(v)).call({}));
    EXPECT_CONTAINS(message, "result 1 of a host function");
    EXPECT_CONTAINS(message, "expected v128, found " + (v.is_ref() ? "(ref extern)" : std::string(name_of(v.kind()))));
  }
}

// Kept in memory over a call, a vector still gives the lane that is asked for.
TEST(V128Call, LanesOfWhatIsSpilled) {
  for (uint8_t level : {0, 2}) {
    World w(R"((module (memory 1)
      (func (export "shuffled") (param v128 v128) (result v128)
        (drop (memory.grow (i32.const 0)))
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 24 25 26 27 (local.get 0) (local.get 1)))
      (func (export "replaced") (param v128 v128) (result v128)
        (drop (memory.grow (i32.const 0)))
        (f32x4.replace_lane 1 (local.get 0) (f32x4.extract_lane 3 (local.get 1))))))",
            Config().opt_level(level));
    const V128 x = V128::of<int32_t>({1, 2, 3, 4}), y = V128::of<int32_t>({5, 6, 7, 8});
    EXPECT_EQ(unwrap(w.typed<V128(V128, V128)>("shuffled")(x, y)), V128::of<int32_t>({1, 2, 3, 7}));
    EXPECT_EQ(unwrap(w.typed<V128(V128, V128)>("replaced")(x, y)), V128::of<int32_t>({1, 8, 3, 4}));
  }
}

// What a relaxed operation answers is the same wherever it is asked, also where the compiler knows the operands.
TEST(V128Call, ARelaxedSwizzleMakesOneChoice) {
  for (uint8_t level : {0, 2}) {
    World w(R"((module
      (func (export "any") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
      (func (export "known") (param v128) (result v128)
        (i8x16.relaxed_swizzle (local.get 0) (v128.const i8x16 16 17 0x7f 0x80 0xff 31 15 0 1 2 3 4 5 6 7 8)))))",
            Config().opt_level(level));
    const V128 numbers = V128::of<uint8_t>({16, 17, 0x7f, 0x80, 0xff, 31, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_EQ(unwrap(w.typed<V128(V128)>("known")(kCounting)),
              unwrap(w.typed<V128(V128, V128)>("any")(kCounting, numbers)));
  }
}

TEST(V128Call, OtherKindsAreRefused) {
  World w(R"((module (func (export "f") (param i32 v128)) (func (export "g") (param i64))))");
  Func f = unwrap(w.instance.func("f"));
  EXPECT_TRUE(f.call({1, kBits}).has_value());
  EXPECT_CONTAINS(message_of(f.call({1, 2})), "in argument 2 of a function (i32, v128) -> ()");
  EXPECT_CONTAINS(message_of(f.call({1, 2})), "expected v128, found i32");
  EXPECT_CONTAINS(message_of(f.call({1, Val::null(ValKind::FuncRef)})), "expected v128");
  EXPECT_CONTAINS(message_of(unwrap(w.instance.func("g")).call({kBits})), "expected i64, found v128");
  EXPECT_CONTAINS(message_of(w.instance.typed<void(int32_t, int64_t)>("f")),
                  "the function is (i32, v128) -> (), and (i32, i64) -> () was asked for");
  EXPECT_CONTAINS(message_of(w.instance.typed<void(V128)>("g")),
                  "the function is (i64) -> (), and (v128) -> () was asked for");
}

TEST(V128Call, GoesThroughTables) {
  World w(R"((module (type $t (func (param v128 v128) (result v128))) (table (export "t") 4 funcref)
    (elem (i32.const 1) $first $second)
    (func $first (type $t) (local.get 0)) (func $second (type $t) (local.get 1))
    (func (export "f") (param i32 v128 v128) (result v128)
      (call_indirect (type $t) (local.get 1) (local.get 2) (local.get 0)))))");
  auto f = w.typed<V128(int32_t, V128, V128)>("f");
  EXPECT_EQ(unwrap(f(1, kBits, kNans)), kBits);
  EXPECT_EQ(unwrap(f(2, kBits, kNans)), kNans);
  Table table = unwrap(w.instance.table("t"));
  auto either = [](V128 a, V128 b) {
    V128 both;
    for (size_t i = 0; i < 16; ++i) both.bytes[i] = a.bytes[i] | b.bytes[i];
    return both;
  };
  unwrap(table.set(3, unwrap(Func::wrap(w.store, either)).as_val()));
  EXPECT_EQ(unwrap(f(3, kBits, kCounting)), either(kBits, kCounting));
  EXPECT_CONTAINS(message_of(Table::make(w.store, {ValKind::V128, 1, std::nullopt, false}, kBits)),
                  "a table holds references");
  EXPECT_CONTAINS(message_of(table.set(0, kBits)), "v128");
}

TEST(V128Global, OfTheHost) {
  Engine engine = make_engine();
  Store store(engine);
  Global global = unwrap(Global::make(store, {ValKind::V128, true}, kBits));
  EXPECT_EQ(unwrap(global.get()).v128(), kBits);
  EXPECT_EQ(to_string(ExternType(unwrap(global.type()))), "global mut v128");
  unwrap(global.set(kNans));
  EXPECT_EQ(unwrap(global.get()).v128(), kNans);
  EXPECT_CONTAINS(message_of(global.set(1)), "expected v128, found i32");
  EXPECT_CONTAINS(message_of(Global::make(store, {ValKind::V128, false}, 1.5)), "expected v128, found f64");
  EXPECT_CONTAINS(message_of(Global::make(store, {ValKind::I64, false}, kBits)), "expected i64, found v128");
  EXPECT_EQ(unwrap(global.get()).v128(), kNans);
  Global constant = unwrap(Global::make(store, {ValKind::V128, false}, kBits));
  EXPECT_CONTAINS(message_of(constant.set(kNans)), "immutable");
}

TEST(V128Global, BeginsAsItsModuleSays) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  Global host = unwrap(Global::make(store, {ValKind::V128, false}, kBits));
  Global shared = unwrap(Global::make(store, {ValKind::V128, true}, kCounting));
  unwrap(linker.define("h", "constant", host));
  unwrap(linker.define("h", "shared", shared));
  // Words before and between them: each has to lie where it is aligned.
  Module module = compile(engine, R"((module
    (import "h" "constant" (global $constant v128)) (import "h" "shared" (global $shared (mut v128)))
    (global (export "word") i32 (i32.const 7))
    (global $a (export "a") v128 (v128.const i32x4 1 -2 0x80000000 4))
    (global (mut i64) (i64.const -1))
    (global $b (export "b") (mut v128) (v128.const f32x4 1.5 -0 inf nan:0x200001))
    (global (export "c") v128 (global.get $constant))
    (global (export "d") (mut v128) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
    (export "again" (global $shared))
    (func (export "a_of") (result v128) (global.get $a))
    (func (export "set") (param v128) (global.set $b (local.get 0)))
    (func (export "swap") (param v128) (result v128) (global.get $shared) (global.set $shared (local.get 0)))))");
  EXPECT_EQ(to_string(module.imports()[1].type), "global mut v128");
  Instance instance = unwrap(linker.instantiate(store, module));
  auto global = [&](const char* name) { return unwrap(unwrap(instance.global(name)).get()).v128(); };
  EXPECT_EQ(unwrap(unwrap(instance.global("word")).get()).i32(), 7);
  EXPECT_EQ(global("a"), V128::of<int32_t>({1, -2, INT32_MIN, 4}));
  EXPECT_EQ(global("b"), V128::of<uint32_t>({0x3fc0'0000, 0x8000'0000, 0x7f80'0000, 0x7fa0'0001}));
  EXPECT_EQ(global("c"), kBits);
  EXPECT_EQ(global("d"), kCounting);
  EXPECT_EQ(unwrap(unwrap(instance.typed<V128()>("a_of"))()), global("a"));
  unwrap(unwrap(instance.typed<void(V128)>("set"))(kNans));
  EXPECT_EQ(global("b"), kNans);
  EXPECT_EQ(global("c"), kBits);
  // An imported one is the host's.
  auto swap = unwrap(instance.typed<V128(V128)>("swap"));
  EXPECT_EQ(unwrap(swap(kNans)), kCounting);
  EXPECT_EQ(unwrap(shared.get()).v128(), kNans);
  unwrap(shared.set(kBits));
  EXPECT_EQ(unwrap(swap(V128())), kBits);
  EXPECT_EQ(unwrap(instance.global("again")), shared);
}

TEST(V128Global, ImportsAreOfTheSameType) {
  Engine engine = make_engine();
  Store store(engine);
  Module module = compile(engine, R"((module (import "h" "g" (global (mut v128)))))");
  auto import = [&](const GlobalType& type, const Val& value) {
    return message_of(Instance::make(store, module, std::vector<Extern>{unwrap(Global::make(store, type, value))}));
  };
  EXPECT_EQ(import({ValKind::V128, true}, kBits), "no error");
  EXPECT_CONTAINS(import({ValKind::V128, false}, kBits), "global mut v128");
  EXPECT_CONTAINS(import({ValKind::I64, true}, int64_t{1}), "global mut v128");
  // What is missing may be zero.
  Linker linker(engine);
  unwrap(linker.unknown_imports_default(store, module));
  EXPECT_TRUE(linker.instantiate(store, module).has_value());
}

TEST(V128Global, SurvivesInAnImage) {
  Engine engine = make_engine();
  auto image = unwrap(compile(engine, R"((module (global (export "g") v128 (v128.const i64x2 0x123456789abcdef0 -2))
    (func (export "same") (param v128) (result v128) (local.get 0))))")
                          .serialize());
  Module module = unwrap(Module::deserialize(engine, image));
  Store store(engine);
  Instance instance = unwrap(Instance::make(store, module, {}));
  EXPECT_EQ(unwrap(unwrap(instance.global("g")).get()).v128(), V128::of<int64_t>({0x1234'5678'9abc'def0, -2}));
  EXPECT_EQ(unwrap(unwrap(instance.typed<V128(V128)>("same"))(kBits)), kBits);
}

TEST(V128Feature, IsRefusedWhereItIsOff) {
  Config config;
  unwrap(config.feature("simd", false));
  Engine engine = make_engine(config);
  for (const char* wat :
       {"(module (func (param v128)))", "(module (func (result v128) (unreachable)))", "(module (func (local v128)))",
        "(module (import \"h\" \"g\" (global v128)))", "(module (func (drop (v128.const i64x2 1 2))))"}) {
    auto refused = Module::compile(engine, wat);
    ASSERT_FALSE(refused.has_value()) << wat;
    EXPECT_EQ(refused.error().kind(), ErrorKind::Unsupported) << wat;
    EXPECT_CONTAINS(refused.error().message(), "needs the feature 'simd', which is off; turn it on with -W simd");
  }
}

TEST(V128Operators, ComputeInGuests) {
  World w(R"((module (memory (export "memory") 1)
    (func (export "add") (param v128 v128) (result v128) (i32x4.add (local.get 0) (local.get 1)))
    (func (export "mul") (param v128 v128) (result v128) (f64x2.mul (local.get 0) (local.get 1)))
    (func (export "constant") (result v128) (v128.const i64x2 0x123456789abcdef0 -2))
    (func (export "copy") (param i32 i32) (v128.store (local.get 1) (v128.load (local.get 0))))))");
  EXPECT_EQ(unwrap(w.typed<V128(V128, V128)>("add")(V128::of<int32_t>({1, 2, 3, INT32_MAX}), V128::splat<int32_t>(1))),
            V128::of<int32_t>({2, 3, 4, INT32_MIN}));
  EXPECT_EQ(unwrap(w.typed<V128(V128, V128)>("mul")(V128::of<double>({1.5, -2}), V128::splat(3.0))),
            V128::of<double>({4.5, -6}));
  EXPECT_EQ(unwrap(w.typed<V128()>("constant")()), V128::of<int64_t>({0x1234'5678'9abc'def0, -2}));
  Memory memory = unwrap(w.instance.memory("memory"));
  unwrap(memory.write(65520, kBits.bytes));
  unwrap(w.typed<void(int32_t, int32_t)>("copy")(65520, 3));
  V128 copied;
  unwrap(memory.read(3, copied.bytes));
  EXPECT_EQ(copied, kBits);
  expect_trap(w.typed<void(int32_t, int32_t)>("copy")(65521, 3), TrapCode::MemoryOutOfBounds);
}

}  // namespace
}  // namespace vitrine::testing
