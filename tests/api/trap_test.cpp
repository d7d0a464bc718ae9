// Traps: their codes, messages and backtraces; stack overflow; that a world goes on after one.
#include <unistd.h>
#include <csetjmp>
#include <csignal>

#include <cmath>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr const char* kTraps = R"((module $m
  (memory 1) (table $t 4 funcref) (elem (table $t) (i32.const 1) func $typed)
  (type $v (func)) (type $i (func (result i32)))
  (func $typed (result i32) (i32.const 1))
  (func (export "unreachable") (unreachable))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32) (i64.store offset=8 (local.get 0) (i64.const 1)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "rem64") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1)))
  (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "indirect") (param i32) (result i32) (call_indirect $t (type $i) (local.get 0)))
  (func (export "wrong") (call_indirect $t (type $v) (i32.const 1)))
  (func (export "table") (param i32) (drop (table.get $t (local.get 0))))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "copy") (param i32) (table.copy $t $t (i32.const 0) (local.get 0) (i32.const 2)))
  (func $forever (export "forever") (call $forever) (call $forever))
  (func (export "ok") (result i32) (i32.const 7))))";

class EveryMode : public ::testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  Config config() const {
    return Config()
        .opt_level(static_cast<uint8_t>(std::get<0>(GetParam())))
        .signals_based_traps(std::get<1>(GetParam()));
  }
};

TEST_P(EveryMode, CodesAndMessages) {
  World w(kTraps, config());
  auto check = [&](const char* name, std::vector<Val> args, TrapCode code, const char* message) {
    auto result = unwrap(w.instance.func(name)).call(args);
    ASSERT_FALSE(result) << name;
    expect_trap(result, code);
    EXPECT_CONTAINS(result.error().message(), message);
    // Nothing is broken.
    EXPECT_EQ(unwrap(w.typed<int32_t()>("ok")()), 7);
  };
  check("unreachable", {}, TrapCode::Unreachable, "unreachable");
  check("load", {Val(65533)}, TrapCode::MemoryOutOfBounds, "out of bounds memory access");
  check("load", {Val(-1)}, TrapCode::MemoryOutOfBounds, "out of bounds memory access");
  check("store", {Val(65528)}, TrapCode::MemoryOutOfBounds, "out of bounds memory access");
  check("div", {Val(1), Val(0)}, TrapCode::IntegerDivisionByZero, "integer divide by zero");
  check("div", {Val(INT32_MIN), Val(-1)}, TrapCode::IntegerOverflow, "integer overflow");
  check("rem64", {Val(int64_t{1}), Val(int64_t{0})}, TrapCode::IntegerDivisionByZero, "integer divide by zero");
  check("trunc", {Val(1e300)}, TrapCode::IntegerOverflow, "integer overflow");
  check("trunc", {Val(double{NAN})}, TrapCode::BadConversionToInteger, "invalid conversion to integer");
  check("indirect", {Val(0)}, TrapCode::IndirectCallToNull, "uninitialized element");
  check("indirect", {Val(4)}, TrapCode::TableOutOfBounds, "undefined element");
  check("indirect", {Val(-1)}, TrapCode::TableOutOfBounds, "undefined element");
  check("wrong", {}, TrapCode::BadSignature, "indirect call type mismatch");
  check("table", {Val(4)}, TrapCode::TableOutOfBounds, "out of bounds table access");
  check("fill", {Val(65530), Val(7)}, TrapCode::MemoryOutOfBounds, "out of bounds memory access");
  check("copy", {Val(3)}, TrapCode::TableOutOfBounds, "out of bounds table access");
  check("forever", {}, TrapCode::StackOverflow, "call stack exhausted");
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t)>("load")(65532)), 0);
  EXPECT_EQ(unwrap(w.typed<int32_t(int32_t, int32_t)>("div")(-7, 2)), -3);
}

TEST_P(EveryMode, BacktracesNameFunctionsAndOffsets) {
  World w(R"((module $shop
    (memory 1)
    (func $inner (param i32) (result i32) (i32.load (local.get 0)))
    (func $middle (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
    (func $outer (export "outer") (param i32) (result i32) (i32.mul (call $middle (local.get 0)) (i32.const 3)))))",
          config());
  auto result = w.typed<int32_t(int32_t)>("outer")(-4);
  ASSERT_FALSE(result);
  ASSERT_NE(result.error().trap(), nullptr);
  const auto& frames = result.error().trap()->frames();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].function_name, "inner");
  EXPECT_EQ(frames[1].function_name, "middle");
  EXPECT_EQ(frames[2].function_name, "outer");
  for (const Frame& f : frames) EXPECT_EQ(f.module_name, "shop");
  EXPECT_EQ(frames[0].function_index, 0u);
  EXPECT_EQ(frames[2].function_index, 2u);
  // Each offset is that of the load or call in its function; bodies lie one behind the other.
  EXPECT_GT(frames[0].module_offset, 8u);
  EXPECT_LT(frames[0].module_offset, frames[1].module_offset);
  EXPECT_LT(frames[1].module_offset, frames[2].module_offset);
  std::string text = result.error().trap()->backtrace();
  EXPECT_TRUE(text.starts_with("error while executing at wasm backtrace:\n    0: ")) << text;
  EXPECT_CONTAINS(text, " - shop!inner\n    1: ");
}

TEST_P(EveryMode, StackOverflowThroughTheHost) {
  Engine engine = make_engine(config());
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "again", [](Caller& caller) -> Result<> {
    auto r = caller.func("f")->call({});
    if (!r) return std::unexpected(std::move(r).error());
    return {};
  }));
  Module module = compile(engine, R"((module (import "h" "again" (func $again)) (func (export "f") (call $again))))");
  Instance instance = unwrap(linker.instantiate(store, module));
  for (int i = 0; i < 3; ++i) expect_trap(unwrap(instance.typed<void()>("f"))(), TrapCode::StackOverflow);
}

INSTANTIATE_TEST_SUITE_P(All, EveryMode, ::testing::Combine(::testing::Values(0, 2), ::testing::Values(true, false)),
                         [](const auto& info) {
                           return "opt" + std::to_string(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "_signals" : "_checks");
                         });

// Without signals the process's handlers stay as they are, and no guest runs into one: a process of its own, as other
// tests have had them installed.
TEST(SignalFreeDeathTest, TrapsComeByCalls) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto handlers = [] {
    std::vector<void (*)(int)> all;
    for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
      struct sigaction now{};
      sigaction(signal, nullptr, &now);
      all.push_back(now.sa_handler);
    }
    return all;
  };
  auto run = [&] {
    auto before = handlers();  // a sanitizer has some
    for (uint8_t level : {0, 2}) {
      World w(kTraps, Config().opt_level(level).signals_based_traps(false));
      auto ends = [&](const char* name, std::vector<Val> args, TrapCode code) {
        for (int round = 0; round < 3; ++round) {
          auto result = unwrap(w.instance.func(name)).call(args);
          if (result || result.error().trap()->code() != code) std::_Exit(1);
          if (result.error().trap()->frames()[0].module_name != "m") std::_Exit(2);
        }
      };
      ends("unreachable", {}, TrapCode::Unreachable);
      ends("load", {Val(65533)}, TrapCode::MemoryOutOfBounds);
      ends("store", {Val(-1)}, TrapCode::MemoryOutOfBounds);
      ends("div", {Val(1), Val(0)}, TrapCode::IntegerDivisionByZero);
      ends("div", {Val(INT32_MIN), Val(-1)}, TrapCode::IntegerOverflow);
      ends("rem64", {Val(int64_t{1}), Val(int64_t{0})}, TrapCode::IntegerDivisionByZero);
      ends("trunc", {Val(1e300)}, TrapCode::IntegerOverflow);
      ends("trunc", {Val(double{NAN})}, TrapCode::BadConversionToInteger);
      ends("indirect", {Val(0)}, TrapCode::IndirectCallToNull);
      ends("indirect", {Val(4)}, TrapCode::TableOutOfBounds);
      ends("wrong", {}, TrapCode::BadSignature);
      ends("table", {Val(4)}, TrapCode::TableOutOfBounds);
      ends("fill", {Val(65530), Val(7)}, TrapCode::MemoryOutOfBounds);
      ends("copy", {Val(3)}, TrapCode::TableOutOfBounds);
      ends("forever", {}, TrapCode::StackOverflow);
      World fuel("(module $m (func (export \"spin\") (loop (br 0))))",
                 Config().opt_level(level).signals_based_traps(false).consume_fuel(true));
      unwrap(fuel.store.set_fuel(1000));
      if (fuel.typed<void()>("spin")().error().trap()->code() != TrapCode::OutOfFuel) std::_Exit(3);
    }
    if (handlers() != before) std::_Exit(4);
    std::_Exit(0);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

// The embedder's own handler, installed first, gets the faults that are no traps.
volatile sig_atomic_t faults_seen = 0;

TEST(SignalsDeathTest, FaultsOfTheHostGoToTheEmbeddersHandler) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto run = [] {
    static sigjmp_buf back;
    volatile uintptr_t nowhere = 64;
    struct sigaction own{};
    own.sa_sigaction = [](int, siginfo_t* info, void*) {
      faults_seen = faults_seen + (info->si_addr == reinterpret_cast<void*>(64) ? 1 : 100);
      siglongjmp(back, 1);
    };
    own.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &own, nullptr);
    signal(SIGFPE, SIG_IGN);
    World w(kTraps);
    for (int round = 0; round < 3; ++round) {
      expect_trap(w.typed<int32_t(int32_t)>("load")(-1), TrapCode::MemoryOutOfBounds);
      if (sigsetjmp(back, 1) == 0) *reinterpret_cast<volatile int*>(nowhere) = 1;
    }
    kill(getpid(), SIGFPE);  // sent, and ignored: nothing of ours may end the process
    std::_Exit(faults_seen == 3 && !::testing::Test::HasFailure() ? 0 : 1);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

TEST(Trap, ExactOffsetOfAnUnreachable) {
  // Header 8; type section 8..; the body's `unreachable` is the last byte but one.
  constexpr uint8_t kModule[] = {0, 'a', 's', 'm', 1, 0, 0,   0, 1, 4,  1, 0x60, 0, 0, 3, 2,
                                 1, 0,   7,   5,   1, 1, 'f', 0, 0, 10, 5, 1,    3, 0, 0, 0x0b};
  Engine engine = make_engine();
  Store store(engine);
  Instance instance =
      unwrap(Instance::make(store, unwrap(Module::compile(engine, std::span<const uint8_t>(kModule))), {}));
  auto result = unwrap(instance.func("f")).call({});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().trap()->frames().size(), 1u);
  EXPECT_EQ(result.error().trap()->frames()[0].module_offset, sizeof kModule - 2);
  EXPECT_EQ(result.error().trap()->backtrace(),
            "error while executing at wasm backtrace:\n    0:     0x1e - <unknown>!<wasm function 0>");
}

TEST(Trap, FramesWithoutANameAreNumbered) {
  World w(R"((module (func (unreachable)) (func (export "f") (call 0) (call 0))))", Config().opt_level(0));
  auto result = w.typed<void()>("f")();
  ASSERT_FALSE(result);
  EXPECT_CONTAINS(result.error().trap()->backtrace(), "<unknown>!<wasm function 0>");
}

TEST(Trap, BacktracesAreBounded) {
  World w(kTraps, Config().max_backtrace_frames(5));
  auto result = w.typed<void()>("forever")();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().trap()->frames().size(), 5u);
  World none(kTraps, Config().max_backtrace_frames(0));
  auto bare = none.typed<void()>("forever")();
  expect_trap(bare, TrapCode::StackOverflow);
  EXPECT_TRUE(bare.error().trap()->frames().empty());
  EXPECT_EQ(bare.error().trap()->backtrace(), "");
}

TEST(Trap, FramesOfSeveralModules) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  Module lib = compile(engine, R"((module $lib (func $crash (export "crash") (unreachable))))");
  Module app =
      compile(engine, R"((module $app (import "lib" "crash" (func $c)) (func $main (export "main") (call $c))))");
  unwrap(linker.instance("lib", unwrap(linker.instantiate(store, lib))));
  auto result = unwrap(unwrap(linker.instantiate(store, app)).typed<void()>("main"))();
  ASSERT_FALSE(result);
  std::string text = result.error().trap()->backtrace();
  EXPECT_CONTAINS(text, "lib!crash");
  EXPECT_CONTAINS(text, "app!main");
}

TEST(Trap, OfTheStartFunctionIsTheInstantiationsError) {
  Engine engine = make_engine();
  Store store(engine);
  auto instance = Instance::make(store, compile(engine, "(module $s (func $go (unreachable)) (start $go))"), {});
  ASSERT_FALSE(instance);
  expect_trap(instance.error(), TrapCode::Unreachable);
  EXPECT_CONTAINS(instance.error().trap()->backtrace(), "s!go");
}

TEST(Trap, ASegmentThatDoesNotFit) {
  Engine engine = make_engine();
  Store store(engine);
  auto data = Instance::make(store, compile(engine, R"((module (memory 1) (data (i32.const 65535) "ab")))"), {});
  expect_trap(data, TrapCode::MemoryOutOfBounds);
  auto elem =
      Instance::make(store, compile(engine, R"((module (table 1 funcref) (func $f) (elem (i32.const 1) $f)))"), {});
  expect_trap(elem, TrapCode::TableOutOfBounds);
}

TEST(Trap, AHostErrorCarriesTheGuestsBacktrace) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "f", []() -> Result<> { return fail("the printer is on fire", ErrorKind::Host); }));
  Module module = compile(engine, R"((module $m (import "h" "f" (func $f)) (func $main (export "main") (call $f))))");
  auto result = unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("main"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Host);
  EXPECT_CONTAINS(result.error().message(), "printer");
  ASSERT_NE(result.error().trap(), nullptr);
  EXPECT_FALSE(result.error().trap()->code().has_value());
  EXPECT_CONTAINS(result.error().trap()->backtrace(), "m!main");
}

TEST(Trap, AnExitIsNoTrap) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "exit", [](int32_t n) -> Result<> { return std::unexpected(Error::exit(n)); }));
  Module module = compile(engine, R"((module (import "h" "exit" (func $e (param i32)))
    (func (export "main") (call $e (i32.const 3)) (unreachable))))");
  auto result = unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("main"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Exit);
  EXPECT_EQ(result.error().exit_status(), 3);
}

TEST(Trap, TheFrameThatOverflowsIsAtTheBeginningOfItsBody) {
  World w("(module (func $f (export \"f\") (call $f) (call $f)))");
  auto done = w.typed<void()>("f")();
  ASSERT_FALSE(done);
  auto frames = done.error().trap()->frames();
  ASSERT_GE(frames.size(), 2u);
  EXPECT_GT(frames[0].module_offset, 0u);
  EXPECT_LT(frames[0].module_offset, frames[1].module_offset);
}

TEST(Trap, ASmallStackOverflowsSooner) {
  constexpr const char* kDepth = R"((module (global $n (export "n") (mut i32) (i32.const 0))
    (func $f (export "f") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $f) (global.set $n (global.get $n)))))";
  auto depth = [&](uint64_t stack) {
    World w(kDepth, Config().max_wasm_stack(stack));
    expect_trap(w.typed<void()>("f")(), TrapCode::StackOverflow);
    return unwrap(unwrap(w.instance.global("n")).get()).i32();
  };
  int32_t small = depth(32 * 1024), large = depth(512 * 1024);
  EXPECT_GT(small, 100);
  EXPECT_GT(large, small * 10);
}

TEST(Trap, EnumeratorsHaveTheirNames) {
  EXPECT_STREQ(name_of(TrapCode::StackOverflow), "StackOverflow");
  EXPECT_STREQ(name_of(TrapCode::CastFailure), "CastFailure");
  EXPECT_STREQ(name_of(ErrorKind::Malformed), "Malformed");
  EXPECT_STREQ(name_of(ErrorKind::Host), "Host");
  EXPECT_STREQ(name_of(WasiVerb::Open), "Open");
  EXPECT_STREQ(name_of(WasiVerb::LookForVariables), "LookForVariables");
}

TEST(Trap, ThousandsInARow) {
  World w(kTraps);
  auto load = w.typed<int32_t(int32_t)>("load");
  for (int i = 0; i < 5000; ++i) ASSERT_FALSE(load(-1).has_value());
  EXPECT_EQ(unwrap(load(0)), 0);
}

}  // namespace
}  // namespace vitrine::testing
