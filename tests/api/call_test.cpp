// Calls in both directions: typed and untyped, host functions of every shape, exceptions and errors through guests.
#include <cmath>
#include <stdexcept>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

TEST(Call, TypedValuesKeepEveryBit) {
  World w(R"((module
    (func (export "i32") (param i32) (result i32) (local.get 0))
    (func (export "i64") (param i64) (result i64) (local.get 0))
    (func (export "f32") (param f32) (result f32) (local.get 0))
    (func (export "f64") (param f64) (result f64) (local.get 0))
    (func (export "all") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
      (local.get 3) (local.get 2) (local.get 1) (local.get 0))))");
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("i32")(-5)), -5);
  EXPECT_EQ(unwrap(w.typed<uint32_t(uint32_t)>("i32")(0xffff'fff0u)), 0xffff'fff0u);
  EXPECT_EQ(unwrap(w.typed<int64_t(int64_t)>("i64")(INT64_MIN)), INT64_MIN);
  EXPECT_EQ(unwrap(w.typed<uint64_t(uint64_t)>("i64")(UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(unwrap(w.typed<float(float)>("f32")(1.25f)), 1.25f);
  EXPECT_TRUE(std::signbit(unwrap(w.typed<double(double)>("f64")(-0.0))));
  auto [d, f, l, i] = unwrap(
      w.typed<std::tuple<double, float, int64_t, int32_t>(int32_t, int64_t, float, double)>("all")(1, 2, 3.5f, 4.5));
  EXPECT_EQ(d, 4.5);
  EXPECT_EQ(f, 3.5f);
  EXPECT_EQ(l, 2);
  EXPECT_EQ(i, 1);
  Val nan = unwrap(unwrap(w.instance.func("f32")).call({Val::f32_from_bits(0x7fa0'1234)}))[0];
  EXPECT_EQ(nan.f32_bits(), 0x7fa0'1234u);
}

TEST(Call, ManyArgumentsAndResults) {
  std::string params, results, body;
  for (int i = 0; i < 40; ++i) {
    const char* kinds[] = {"i32", "i64", "f32", "f64"};
    params += std::string(" ") + kinds[i % 4];
    body += "(local.get " + std::to_string(i) + ")";
  }
  World w("(module (func (export \"f\") (param" + params + ") (result" + params + ")" + body + "))");
  std::vector<Val> args;
  for (int i = 0; i < 40; ++i) {
    switch (i % 4) {
      case 0:
        args.emplace_back(int32_t{i});
        break;
      case 1:
        args.emplace_back(int64_t{i} << 33);
        break;
      case 2:
        args.emplace_back(static_cast<float>(i));
        break;
      default:
        args.emplace_back(static_cast<double>(i) / 3);
    }
  }
  auto back = unwrap(unwrap(w.instance.func("f")).call(args));
  ASSERT_EQ(back.size(), 40u);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(back[i].kind(), args[i].kind());
    EXPECT_EQ(back[i].raw().i64, args[i].raw().i64) << i;
  }
}

TEST(Call, WrongCallsAreRefused) {
  World w(R"((module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                     (memory (export "mem") 1)))");
  Func add = unwrap(w.instance.func("add"));
  EXPECT_CONTAINS(message_of(add.call({Val(1)})), "the function has 2 arguments, and 1 was given");
  EXPECT_CONTAINS(message_of(add.call({Val(1), Val(2.0)})), "f64");
  EXPECT_CONTAINS(message_of(w.instance.typed<int64_t(int32_t, int32_t)>("add")), "(i32, i32) -> (i32)");
  EXPECT_CONTAINS(message_of(w.instance.func("ad")), "add");
  EXPECT_CONTAINS(message_of(w.instance.func("mem")), "memory");
  EXPECT_CONTAINS(message_of(w.instance.memory("add")), "func");
  EXPECT_FALSE(w.instance.get("nothing").has_value());
}

TEST(HostFunction, EveryShape) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  std::vector<std::string> seen;
  unwrap(linker.func("h", "nothing", [&] { seen.push_back("nothing"); }));
  unwrap(linker.func("h", "args", [&](int32_t a, int64_t b, float c, double d) {
    seen.push_back(std::to_string(a) + " " + std::to_string(b) + " " + std::to_string(c) + " " + std::to_string(d));
  }));
  unwrap(linker.func("h", "unsigned", [](uint32_t a, uint64_t b) -> uint64_t { return a + b; }));
  unwrap(linker.func("h", "tuple", [](int32_t a) { return std::tuple<int32_t, double>(a + 1, a + 0.5); }));
  unwrap(linker.func("h", "result", [](int32_t a) -> Result<int32_t> {
    if (a < 0) return fail("negative", ErrorKind::Host);
    return a * 2;
  }));
  unwrap(linker.func("h", "caller", [&](Caller& caller, int32_t at) {
    seen.push_back(std::string(reinterpret_cast<char*>(caller.memory().data()) + at, 5));
  }));
  unwrap(linker.func("h", "mutable", [count = 0]() mutable { return ++count; }));
  unwrap(linker.func_dynamic("h", "dynamic", {{ValKind::I32, ValKind::F64}, {ValKind::F64, ValKind::I32}},
                             [](Caller&, std::span<const Val> params, std::span<Val> results) -> Result<> {
                               results[0] = params[1];
                               results[1] = params[0];
                               return {};
                             }));
  Module module = compile(engine, R"((module
    (import "h" "nothing" (func $nothing))
    (import "h" "args" (func $args (param i32 i64 f32 f64)))
    (import "h" "unsigned" (func $unsigned (param i32 i64) (result i64)))
    (import "h" "tuple" (func $tuple (param i32) (result i32 f64)))
    (import "h" "result" (func $result (param i32) (result i32)))
    (import "h" "caller" (func $caller (param i32)))
    (import "h" "mutable" (func $mutable (result i32)))
    (import "h" "dynamic" (func $dynamic (param i32 f64) (result f64 i32)))
    (memory (export "memory") 1) (data (i32.const 100) "hello")
    (func (export "nothing") (call $nothing))
    (func (export "args") (call $args (i32.const -1) (i64.const -2) (f32.const 1.5) (f64.const 2.5)))
    (func (export "unsigned") (result i64) (call $unsigned (i32.const -1) (i64.const 1)))
    (func (export "tuple") (param i32) (result i32 f64) (call $tuple (local.get 0)))
    (func (export "result") (param i32) (result i32) (call $result (local.get 0)))
    (func (export "caller") (call $caller (i32.const 100)))
    (func (export "mutable") (result i32) (drop (call $mutable)) (call $mutable))
    (func (export "dynamic") (result f64 i32) (call $dynamic (i32.const 3) (f64.const 4.5)))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  unwrap(unwrap(instance.typed<void()>("nothing"))());
  unwrap(unwrap(instance.typed<void()>("args"))());
  unwrap(unwrap(instance.typed<void()>("caller"))());
  EXPECT_EQ(seen, (std::vector<std::string>{"nothing", "-1 -2 1.500000 2.500000", "hello"}));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int64_t()>("unsigned"))()), 0x1'0000'0000);
  EXPECT_EQ(unwrap(unwrap(instance.typed<std::tuple<int32_t, double>(int32_t)>("tuple"))(7)), std::make_tuple(8, 7.5));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t)>("result"))(21)), 42);
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("mutable"))()), 2);
  EXPECT_EQ(unwrap(unwrap(instance.typed<std::tuple<double, int32_t>()>("dynamic"))()), std::make_tuple(4.5, 3));
  auto failed = unwrap(instance.typed<int32_t(int32_t)>("result"))(-1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::Host);
  EXPECT_CONTAINS(failed.error().message(), "negative");
  // The world is whole after an error.
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t(int32_t)>("result"))(1)), 2);
}

TEST(HostFunction, AWrongResultOfADynamicOneIsAnError) {
  Engine engine = make_engine();
  Store store(engine);
  Func f = unwrap(
      Func::make(store, {{}, {ValKind::I32}}, [](Caller&, std::span<const Val>, std::span<Val> results) -> Result<> {
        results[0] = Val(1.0);
        return {};
      }));
  EXPECT_CONTAINS(message_of(f.call({})), "f64");
}

TEST(HostFunction, CanBeCalledWithoutAGuest) {
  Engine engine = make_engine();
  Store store(engine);
  Func add = unwrap(Func::wrap(store, [](int32_t a, int32_t b) { return a + b; }));
  EXPECT_EQ(to_string(unwrap(add.type())), "(i32, i32) -> (i32)");
  EXPECT_EQ(unwrap(unwrap(add.typed<int32_t(int32_t, int32_t)>())(20, 22)), 42);
  EXPECT_EQ(unwrap(add.call({Val(1), Val(2)}))[0].i32(), 3);
}

TEST(HostFunction, LongLongIsAnI64) {
  Engine engine = make_engine();
  Store store(engine);
  Func negate =
      unwrap(Func::wrap(store, [](long long a, const unsigned long long& b) { return -a + (b ? 0ll : 1ll); }));
  EXPECT_EQ(to_string(unwrap(negate.type())), "(i64, i64) -> (i64)");
  EXPECT_EQ(unwrap(negate.call({5ll, 1ull}))[0].i64(), -5);
  EXPECT_EQ(unwrap(unwrap(negate.typed<long long(long long, unsigned long long)>())(7, 1)), -7);
}

struct Boom : std::runtime_error {
  Boom() : std::runtime_error("boom") {}
};

TEST(HostFunction, ExceptionsCrossTheGuest) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  int destroyed = 0;
  struct Counts {
    int* n;
    ~Counts() { ++*n; }
  };
  unwrap(linker.func("h", "throw", [&](int32_t depth) -> void {
    Counts counts{&destroyed};
    if (depth == 0) throw Boom();
  }));
  Module module = compile(engine, R"((module
    (import "h" "throw" (func $throw (param i32)))
    (func $down (export "down") (param i32)
      (call $throw (local.get 0))
      (call $down (i32.sub (local.get 0) (i32.const 1))))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  auto down = unwrap(instance.typed<void(int32_t)>("down"));
  for (int round = 0; round < 3; ++round) {
    bool caught = false;
    try {
      (void)down(10);
    } catch (const Boom& b) {
      caught = std::string(b.what()) == "boom";
    }
    EXPECT_TRUE(caught);
  }
  EXPECT_EQ(destroyed, 33);
}

TEST(Nesting, HostGuestHostGuest) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "again", [](Caller& caller, int32_t n) -> Result<int32_t> {
    auto f = caller.func("f");
    if (!f) return fail("the guest has no f");
    auto typed = f->typed<int32_t(int32_t)>();
    if (!typed) return std::unexpected(std::move(typed).error());
    return (*typed)(n - 1);
  }));
  Module module = compile(engine, R"((module (import "h" "again" (func $again (param i32) (result i32)))
    (func (export "f") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
      (if (i32.eq (local.get 0) (i32.const 1000)) (then (unreachable)))
      (i32.add (call $again (local.get 0)) (i32.const 2)))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  auto f = unwrap(instance.typed<int32_t(int32_t)>("f"));
  EXPECT_EQ(unwrap(f(50)), 101);
}

TEST(Nesting, ATrapInTheInnerGuestIsTheOuterOnesToo) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  std::string seen;
  unwrap(linker.func("h", "call", [&](Caller& caller) -> Result<> {
    auto inner = caller.func("inner")->call({});
    if (inner) return fail("it should have trapped");
    seen = inner.error().message();
    return std::unexpected(std::move(inner).error());
  }));
  unwrap(linker.func("h", "swallow", [&](Caller& caller) { (void)caller.func("inner")->call({}); }));
  Module module = compile(engine, R"((module $m (import "h" "call" (func $call)) (import "h" "swallow" (func $swallow))
    (func $inner (export "inner") (unreachable))
    (func $outer (export "outer") (call $call))
    (func (export "survives") (result i32) (call $swallow) (i32.const 5))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  auto outer = unwrap(instance.typed<void()>("outer"))();
  expect_trap(outer, TrapCode::Unreachable);
  EXPECT_CONTAINS(seen, "unreachable");
  ASSERT_TRUE(outer.error().trap());
  EXPECT_CONTAINS(outer.error().trap()->backtrace(), "m!inner");
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("survives"))()), 5);
}

// Compiled code relies on the upper half of an i32's register being zero: an address is computed from it. Whatever the
// host hands in has to be cut off at the border.
TEST(Call, GarbageInTheUpperHalfOfAnI32StaysOutside) {
  constexpr int64_t kGarbage = 0x7fff'fff0'0000'0000;
  for (uint8_t level : {0, 2}) {
    Engine engine = make_engine(Config().opt_level(level));
    Store store(engine);
    Linker linker(engine);
    RawHostFunc raw = [](void*, CallerContext*, RawVal* values) -> int32_t {
      values[0].i64 = kGarbage | 8;
      values[1].i64 = kGarbage | 16;
      return 0;
    };
    unwrap(linker.func_raw("h", "raw", {{}, {ValKind::I32, ValKind::I32}}, raw, nullptr, nullptr));
    Global global =
        unwrap(Global::make(store, {ValKind::I32, true}, Val::from_raw(ValKind::I32, RawVal{.i64 = kGarbage | 8})));
    unwrap(linker.define("h", "g", global));
    Module module = compile(engine, R"((module (import "h" "raw" (func $raw (result i32 i32)))
      (import "h" "g" (global $g (mut i32)))
      (memory (export "m") 1) (data (i32.const 8) "\01") (data (i32.const 16) "\02")
      (func (export "param") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "many") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.load (local.get 8)))
      (func (export "result") (result i32) (local i32 i32)
        (call $raw) (local.set 0) (local.set 1) (i32.add (i32.load (local.get 0)) (i32.load (local.get 1))))
      (func (export "global") (result i32) (i32.load (global.get $g)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "back") (param i32) (result i32) (local.get 0))))");
    Instance instance = unwrap(linker.instantiate(store, module));
    Val dirty = Val::from_raw(ValKind::I32, RawVal{.i64 = kGarbage | 8});
    EXPECT_EQ(unwrap(unwrap(instance.func("param")).call({dirty}))[0].i32(), 1);
    EXPECT_EQ(unwrap(unwrap(instance.func("many")).call(std::vector<Val>(9, dirty)))[0].i32(), 1);
    EXPECT_EQ(unwrap(unwrap(instance.func("result")).call({}))[0].i32(), 3);
    EXPECT_EQ(unwrap(unwrap(instance.func("global")).call({}))[0].i32(), 1);
    unwrap(global.set(Val::from_raw(ValKind::I32, RawVal{.i64 = kGarbage | 16})));
    EXPECT_EQ(unwrap(unwrap(instance.func("global")).call({}))[0].i32(), 2);
    EXPECT_EQ(unwrap(unwrap(instance.func("back")).call({dirty}))[0].raw().i64, 8);
    EXPECT_EQ(unwrap(unwrap(instance.func("grow")).call({dirty}))[0].i32(), 1);
  }
}

TEST(Call, ReferencesGoRound) {
  World w(R"((module (table (export "t") 4 externref)
    (type $f (func (result i32)))
    (func $one (export "one") (result i32) (i32.const 1))
    (func (export "extern") (param externref) (result externref) (local.get 0))
    (func (export "get") (result funcref) (ref.func $one))
    (func (export "null") (param funcref) (result i32) (ref.is_null (local.get 0)))
    (elem declare func $one)))");
  Val word = unwrap(unwrap(w.instance.func("extern")).call({ExternRef::make(w.store, 12345)}))[0];
  EXPECT_FALSE(word.is_null());
  EXPECT_EQ(*word.externref()->get<int>(), 12345);
  EXPECT_TRUE(unwrap(unwrap(w.instance.func("extern")).call({Val::null(ValKind::ExternRef)}))[0].is_null());
  Val f = unwrap(unwrap(w.instance.func("get")).call({}))[0];
  auto func = Func::from_val(w.store, f);
  ASSERT_TRUE(func.has_value());
  EXPECT_EQ(unwrap(func->call({}))[0].i32(), 1);
  EXPECT_EQ(unwrap(unwrap(w.instance.func("null")).call({f}))[0].i32(), 0);
  EXPECT_EQ(unwrap(unwrap(w.instance.func("null")).call({Val::null(ValKind::FuncRef)}))[0].i32(), 1);
}

TEST(Call, TheCallersMemoryIsTheOneItExports) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "f", [](Caller& caller) {
    return caller.memory().empty() ? -1 : static_cast<int32_t>(caller.memory()[0]);
  }));
  auto seen = [&](const std::string& memories) {
    Module module = compile(engine, "(module (import \"h\" \"f\" (func $f (result i32)))" + memories +
                                        "(func (export \"g\") (result i32) (call $f)))");
    return unwrap(unwrap(unwrap(linker.instantiate(store, module)).typed<int32_t()>("g"))());
  };
  EXPECT_EQ(seen(""), -1);
  EXPECT_EQ(seen("(memory 1) (data (i32.const 0) \"\\07\")"), 7);
  EXPECT_EQ(seen("(memory $a (export \"other\") 1) (memory $b (export \"memory\") 1)"
                 "(data (memory $a) (i32.const 0) \"\\07\") (data (memory $b) (i32.const 0) \"\\08\")"),
            8);
}

TEST(Call, DataOfTheStoreIsFoundByTheCaller) {
  static const int kKey = 0;
  Engine engine = make_engine();
  Store store(engine);
  store.set_data(&kKey, std::make_shared<int>(77));
  int seen = 0;
  Linker linker(engine);
  unwrap(linker.func("h", "look", [&](Caller& c) { seen = *static_cast<int*>(c.data(&kKey)); }));
  Module module = compile(engine, R"((module (import "h" "look" (func $look)) (func (export "f") (call $look))))");
  unwrap(unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("f"))());
  EXPECT_EQ(seen, 77);
  EXPECT_EQ(store.data(&seen), nullptr);
}

}  // namespace
}  // namespace vitrine::testing
