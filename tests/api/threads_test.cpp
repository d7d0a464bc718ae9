// What may be shared by threads: engines, modules, linkers that are only read. Run under TSan by `ctest --preset tsan`.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int round = 0; round < 50; ++round) {
          Store store(engine);
          auto instance = linker.instantiate(store, module);
          auto work = instance->typed<int32_t(int32_t)>("work");
          auto result = (*work)(100);
          auto trap = (*instance->typed<int32_t(int32_t)>("trap"))(-1);
          if (result && *result == 700 && !trap && trap.error().kind() == ErrorKind::Trap) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 200);
  EXPECT_EQ(calls, 20'000);
}

// Everything of an engine goes when the last that uses it goes, on whatever thread and in whatever order that is.
TEST(Threads, StoresOutliveEverythingTheyCameFrom) {
  std::vector<std::unique_ptr<Store>> stores;
  std::vector<TypedFunc<int32_t(int32_t)>> functions;
  std::weak_ptr<int> kept;
  {
    Engine engine = make_engine();
    Linker linker(engine);
    auto owned = std::make_shared<int>(7);
    kept = owned;
    unwrap(linker.func("h", "add", [owned](int32_t a, int32_t b) { return a + b + *owned - 7; }));
    Module module = compile(engine, kModule);
    for (int t = 0; t < 8; ++t) {
      std::jthread([&] {
        // Some of them from another store's handle of the engine.
        const Engine& from = t % 3 == 2 ? stores.back()->engine() : engine;
        stores.push_back(std::make_unique<Store>(from));
        Instance instance = unwrap(linker.instantiate(*stores.back(), module));
        functions.push_back(unwrap(instance.typed<int32_t(int32_t)>("work")));
      }).join();
    }
  }
  for (auto& work : functions) EXPECT_EQ(unwrap(work(10)), 70);
  // A store made when only stores are left.
  Store last(stores.front()->engine());
  Module three = compile(last.engine(), "(module (func (export \"f\") (result i32) i32.const 3))");
  Instance instance = unwrap(Instance::make(last, three, {}));
  EXPECT_EQ(unwrap(unwrap(instance.typed<int32_t()>("f"))()), 3);
  std::jthread([&] { stores.clear(); }).join();
  EXPECT_TRUE(kept.expired());
}

TEST(Threads, CompileAtOnce) {
  Engine engine = make_engine();
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 10; ++i) {
          auto module = Module::compile(
              engine, "(module (func (export \"f\") (result i32) (i32.const " + std::to_string(t * 100 + i) + ")))");
          Store store(engine);
          auto instance = Instance::make(store, *module, {});
          auto value = (*instance->typed<int32_t()>("f"))();
          if (value && *value == t * 100 + i) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 40);
}

TEST(Threads, CompilationNeedsNone) {
  pid_t child = fork();
  if (child == 0) {
    // No gtest here: the exit status is the answer.
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(2);  // no limit holds for root
    rlimit none{0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) _exit(3);
    Engine engine = make_engine();
    std::string text = "(module";
    for (int i = 0; i < 100; ++i) text += "(func (result i32) (i32.const " + std::to_string(i) + "))";
    _exit(Module::compile(engine, text + ")") ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Threads, AChildProcessCompiles) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer lets no child of a process with threads start its own";
#endif
  Engine engine = make_engine();
  std::string text = "(module";
  for (int i = 0; i < 100; ++i) text += "(func (result i32) (i32.const " + std::to_string(i) + "))";
  text += ")";
  auto image = unwrap(compile(engine, text).serialize());
  pid_t child = fork();
  if (child == 0) {
    alarm(30);
    {
      auto module = Module::compile(engine, text);
      if (!module || *module->serialize() != image) _exit(1);
      engine = *Engine::make();
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Threads, AStoreMovesFromThreadToThread) {
  Engine engine = make_engine();
  Module module = compile(
      engine, R"((module (global $n (mut i32) (i32.const 0)) (func $deep (export "deep") (call $deep) (call $deep))
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))))");
  Store store(engine);
  Instance instance = unwrap(Instance::make(store, module, {}));
  for (int i = 1; i <= 5; ++i) {
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
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        Store store(engine);
        store.set_epoch_deadline(1);
        auto instance = Instance::make(store, module, {});
        ready.count_down();
        auto result = (*instance->typed<void()>("spin"))();
        if (!result && result.error().trap()->code() == TrapCode::Interrupt) ++interrupted;
      });
    }
    ready.wait();
    engine.increment_epoch();
  }
  EXPECT_EQ(interrupted, 3);
}

TEST(Threads, ModulesComeAndGoWhileOthersTrap) {
  // Traps look into the registry of code, names and exports of a module that nobody has asked for yet; meanwhile other
  // modules are registered and leave.
  constexpr const char* kTrapping = R"((module $shared (memory 1)
    (func $inner (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (unreachable)) (else (i32.load (local.get 0)))))
    (func $outer (export "outer") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))))";
  for (bool signals : {true, false}) {
    Engine engine = make_engine(Config().signals_based_traps(signals));
    Module shared = compile(engine, kTrapping);
    std::atomic<int> good{0};
    {
      std::latch start(4);
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
          start.arrive_and_wait();
          for (int round = 0; round < 20; ++round) {
            Module module = t % 2 ? shared : *Module::compile(engine, std::string_view(kTrapping));
            Store store(engine);
            auto instance = Instance::make(store, module, {});
            auto outer = instance->typed<int32_t(int32_t)>("outer");
            auto first = (*outer)(0), second = (*outer)(-1);
            if (!first && first.error().trap()->code() == TrapCode::Unreachable && !second &&
                second.error().trap()->code() == TrapCode::MemoryOutOfBounds &&
                second.error().trap()->frames().size() == 2 &&
                second.error().trap()->frames()[1].function_name == "outer")
              ++good;
          }
        });
      }
    }
    EXPECT_EQ(good, 80);
  }
}

TEST(Threads, MemoriesGrowAndMove) {
  for (uint64_t reservation : {uint64_t{0}, uint64_t{4} << 30}) {
    Engine engine = make_engine(Config().memory_reservation(reservation).memory_reservation_for_growth(1 << 20));
    Module module = compile(engine, R"((module (memory 1) (data (i32.const 3) "\09")
      (func (export "f") (param i32) (result i32)
        (loop (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (i32.const 1))
          (drop (memory.grow (i32.const 3)))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.add (i32.load8_u (i32.const 3)) (memory.size)))))");
    std::atomic<int> good{0};
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
          for (int round = 0; round < 20; ++round) {
            Store store(engine);
            auto instance = Instance::make(store, module, {});
            auto result = (*instance->typed<int32_t(int32_t)>("f"))(20);
            if (result && *result == 9 + 61) ++good;
          }
        });
      }
    }
    EXPECT_EQ(good, 80);
  }
}

TEST(Threads, ShareACodeCache) {
  TemporaryFolder folder;
  std::atomic<int> good{0}, warnings{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        // Room for a few entries only: they are evicted while others map them.
        Config config;
        config.cache(CacheConfig{folder / "cache", 100'000}).warning([&](const std::string&) { ++warnings; });
        Engine engine = make_engine(config);
        for (int i = 0; i < 20; ++i) {
          auto module = Module::compile(
              engine, "(module (func (export \"f\") (result i32) (i32.const " + std::to_string(i % 7) + ")))");
          Store store(engine);
          auto instance = Instance::make(store, *module, {});
          auto value = (*instance->typed<int32_t()>("f"))();
          if (value && *value == i % 7) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 80);
  EXPECT_EQ(warnings, 0);
}

TEST(Threads, ATinyStackIsExhaustedNotOverrun) {
  // Less than what is kept back for the host: a guest that calls anything is refused by a trap.
  for (bool signals : {true, false}) {
    World w(R"((module (func $deep (export "deep") (call $deep) (call $deep))))",
            Config().signals_based_traps(signals));
    struct Job {
      World& world;
      bool overflowed = false;
    } job{w};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 96 * 1024);
    pthread_t thread;
    auto body = [](void* raw) -> void* {
      auto& j = *static_cast<Job*>(raw);
      auto result = (*j.world.instance.typed<void()>("deep"))();
      j.overflowed = !result && result.error().trap()->code() == TrapCode::StackOverflow;
      return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, body, &job), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    EXPECT_TRUE(job.overflowed);
  }
}

}  // namespace
}  // namespace vitrine::testing
