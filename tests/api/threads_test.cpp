// What may be shared by threads: engines, modules, linkers that are only read. Run under TSan by `ctest --preset tsan`.
#include <atomic>
#include <latch>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr const char* kModule = R"((module (import "h" "add" (func $add (param i32 i32) (result i32)))
  (memory (export "m") 1) (data (i32.const 0) "\07") (global $n (mut i32) (i32.const 0))
  (func (export "work") (param i32) (result i32)
    (loop
      (global.set $n (call $add (global.get $n) (i32.load8_u (i32.const 0))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (global.get $n))
  (func (export "trap") (param i32) (result i32) (i32.load (local.get 0)))))";

TEST(Threads, StoresOfTheirOwnShareAModule) {
  Engine engine = make_engine();
  Linker linker(engine);
  std::atomic<int> calls{0};
  unwrap(linker.func("h", "add", [&](int32_t a, int32_t b) {
    calls.fetch_add(1, std::memory_order_relaxed);
    return a + b;
  }));
  Module module = compile(engine, kModule);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&] {
        for (int round = 0; round < 50; round++) {
          Store store(engine);
          auto instance = linker.instantiate(store, module);
          auto work = instance->typed<int32_t(int32_t)>("work");
          auto result = (*work)(100);
          auto trap = (*instance->typed<int32_t(int32_t)>("trap"))(-1);
          if (result && *result == 700 && !trap && trap.error().kind() == ErrorKind::Trap) good++;
        }
      });
    }
  }
  EXPECT_EQ(good, 200);
  EXPECT_EQ(calls, 20'000);
}

TEST(Threads, CompileAtOnce) {
  Engine engine = make_engine();
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; i++) {
          auto module = Module::compile(
              engine, "(module (func (export \"f\") (result i32) (i32.const " + std::to_string(t * 100 + i) + ")))");
          Store store(engine);
          auto instance = Instance::make(store, *module, {});
          auto value = (*instance->typed<int32_t()>("f"))();
          if (value && *value == t * 100 + i) good++;
        }
      });
    }
  }
  EXPECT_EQ(good, 40);
}

TEST(Threads, AStoreMovesFromThreadToThread) {
  Engine engine = make_engine();
  Module module = compile(
      engine, R"((module (global $n (mut i32) (i32.const 0)) (func $deep (export "deep") (call $deep) (call $deep))
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))");
  Store store(engine);
  Instance instance = unwrap(Instance::make(store, module, {}));
  for (int i = 1; i <= 5; i++) {
    int32_t value = 0;
    bool overflowed = false;
    std::jthread([&] {
      value = *(*instance.typed<int32_t()>("next"))();
      // The stack limit is that of the thread that calls.
      auto deep = (*instance.typed<void()>("deep"))();
      overflowed = !deep && deep.error().trap() && deep.error().trap()->code() == TrapCode::StackOverflow;
    }).join();
    EXPECT_EQ(value, i);
    EXPECT_TRUE(overflowed);
  }
}

TEST(Threads, EpochsReachAllStores) {
  Engine engine = make_engine(Config().epoch_interruption(true));
  Module module = compile(engine, R"((module (func (export "spin") (loop (br 0)))))");
  std::atomic<int> interrupted{0};
  {
    std::latch ready(3);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; t++) {
      threads.emplace_back([&] {
        Store store(engine);
        store.set_epoch_deadline(1);
        auto instance = Instance::make(store, module, {});
        ready.count_down();
        auto result = (*instance->typed<void()>("spin"))();
        if (!result && result.error().trap()->code() == TrapCode::Interrupt) interrupted++;
      });
    }
    ready.wait();
    engine.increment_epoch();
  }
  EXPECT_EQ(interrupted, 3);
}

}  // namespace
}  // namespace vitrine::testing
