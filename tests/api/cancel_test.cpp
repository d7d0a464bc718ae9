// Cancelling a store from another thread: whatever it runs ends, and soon.
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kWat = R"((module
  (import "h" "started" (func $started))
  (import "h" "wait" (func $wait))
  (import "h" "busy" (func $busy))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 2000)
  (table $t 1 20000000 funcref)
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "loop") (call $started) (loop $l (br $l)))
  (func (export "calls") (local i32) (call $started) (loop $l (local.set 0 (call $leaf (local.get 0))) (br $l)))
  (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "recursion") (call $started) (loop $l (call $deep (i32.const 1000)) (br $l)))
  (func (export "host") (call $started) (loop $l (call $started) (br $l)))
  (func (export "busy") (call $started) (loop $l (call $busy) (br $l)))
  (func (export "clock") (call $started)
    (loop $l (br_if $l (i32.eqz (call $clock (i32.const 1) (i64.const 1) (i32.const 8))))))
  (func (export "write") (i32.store (i32.const 4) (i32.const 100)) (call $started)
    (loop $l (br_if $l (i32.eqz (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))
  (func (export "blocked") (call $started) (loop $l (call $wait) (br $l)))
  (func (export "small_fill") (call $started)
    (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000)) (br $l)))
  (func (export "fill") (drop (memory.grow (i32.const 1023))) (call $started)
    (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br $l)))
  (func (export "copy") (drop (memory.grow (i32.const 1023))) (call $started)
    (loop $l (memory.copy (i32.const 0) (i32.const 1) (i32.const 0x3ffffff)) (br $l)))
  (func (export "table") (drop (table.grow $t (ref.null func) (i32.const 9999999))) (call $started)
    (loop $l (table.fill $t (i32.const 0) (ref.null func) (i32.const 10000000)) (br $l)))
  (func (export "trap") (call $started) unreachable)
  (func (export "id") (param i32) (result i32) (local.get 0))))";

class Cancel : public ::testing::Test {
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "ThreadSanitizer keeps signals back until the next call of the C library, and guests make none";
#endif
  }
};

constexpr const char* kKinds[] = {"loop",  "calls",   "recursion",  "host", "busy", "clock",
                                  "write", "blocked", "small_fill", "fill", "copy", "table"};

/// A store with a guest that says when it has started, and a host function that waits until the store is cancelled.
class Victim {
 public:
  explicit Victim(const Module& m) : module(m), store(module.engine()), linker(module.engine()) {
    unwrap(linker.func("h", "started", [this] { started_ = true; }));
    unwrap(linker.func("h", "wait", [this] {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [this] { return is_woken_; });
    }));
    unwrap(linker.func("h", "busy", [] {
      const auto until = Clock::now() + 20us;
      while (Clock::now() < until) {
      }
    }));
    WasiConfig config;
    config.out = WasiStream::writer([](std::span<const uint8_t> text) -> Result<size_t> { return text.size(); });
    unwrap(Wasi::define(linker));
    unwrap(unwrap(Wasi::make(config)).attach(store));
    wake_ = store.on_cancel([this] {
      {
        std::lock_guard lock(mutex_);
        is_woken_ = true;
      }
      woken_.notify_all();
    });
    instance.emplace(unwrap(linker.instantiate(store, module)));
  }
  Result<> run(const char* name) { return unwrap(instance->typed<void()>(name))(); }
  void wait_until_started() const {
    while (!started_) std::this_thread::yield();
  }

  Module module;
  Store store;
  Linker linker;
  std::optional<Instance> instance;

 private:
  std::atomic<bool> started_{false};
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_woken_ = false;
  CancelCallback wake_;
};

void expect_dead(Victim& victim) {
  EXPECT_TRUE(victim.store.cancelled());
  auto later = unwrap(victim.instance->typed<int32_t(int32_t)>("id"))(1);
  expect_trap(later, TrapCode::Interrupt);
  auto instance = victim.linker.instantiate(victim.store, victim.module);
  expect_trap(instance, TrapCode::Interrupt);
}

/// How long it took from `cancel` to the end of the call.
Clock::duration cancel_once(const Module& module, const char* kind, std::chrono::microseconds after = 0us) {
  Victim victim(module);
  CancelHandle handle = victim.store.canceller();
  Clock::time_point ended;
  std::thread thread([&] {
    auto result = victim.run(kind);
    ended = Clock::now();
    expect_trap(result, TrapCode::Interrupt);
  });
  if (after == 0us) {
    victim.wait_until_started();
  } else {
    std::this_thread::sleep_for(after);
  }
  const auto begun = Clock::now();
  handle.cancel();
  thread.join();
  EXPECT_TRUE(handle.cancelled());
  expect_dead(victim);
  return ended - begun;
}

TEST_F(Cancel, EndsEveryKindOfWork) {
  for (uint8_t level : {0, 2}) {
    Engine engine = make_engine(Config().opt_level(level));
    Module module = compile(engine, kWat);
    for (const char* kind : kKinds) {
      SCOPED_TRACE(kind);
      for (int i = 0; i < 5; ++i) cancel_once(module, kind);
    }
  }
}

// At any moment of a guest's life: before it, on its way in, in a prologue, on its way out.
TEST_F(Cancel, AtAnyMoment) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  for (int i = 0; i < 200; ++i) {
    for (const char* kind : {"calls", "recursion", "host"})
      cancel_once(module, kind, std::chrono::microseconds(1 + i * 5 % 300));
  }
}

TEST_F(Cancel, WhileCallsComeAndGo) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  for (int i = 0; i < 200; ++i) {
    Victim victim(module);
    CancelHandle handle = victim.store.canceller();
    std::thread thread([&] {
      auto id = unwrap(victim.instance->typed<int32_t(int32_t)>("id"));
      while (id(1)) {
      }
    });
    std::this_thread::sleep_for(std::chrono::microseconds(i * 3));
    handle.cancel();
    thread.join();
    expect_dead(victim);
  }
}

TEST_F(Cancel, AStoreThatIsIdle) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  Victim fresh(module);
  fresh.store.cancel();
  expect_dead(fresh);
  Victim used(module);
  EXPECT_TRUE(unwrap(used.instance->typed<int32_t(int32_t)>("id"))(1));
  used.store.cancel();
  used.store.cancel();
  expect_dead(used);
  int woken = 0;
  auto late = used.store.on_cancel([&] { ++woken; });
  EXPECT_EQ(woken, 1) << "who comes late is called at once";
}

TEST_F(Cancel, TheThreadMayHaveEndedOrBeAnother) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  Victim victim(module);
  auto id = unwrap(victim.instance->typed<int32_t(int32_t)>("id"));
  std::thread([&] { EXPECT_TRUE(id(1)); }).join();
  std::thread([&] { EXPECT_TRUE(id(2)); }).join();
  victim.store.cancel();
  expect_dead(victim);

  Victim moved(module);
  CancelHandle handle = moved.store.canceller();
  EXPECT_TRUE(unwrap(moved.instance->typed<int32_t(int32_t)>("id"))(1));
  std::thread thread([&] { EXPECT_FALSE(moved.run("loop")); });
  moved.wait_until_started();
  handle.cancel();
  thread.join();
  expect_dead(moved);
}

// A host function lets another thread call the store's guests, and waits: who runs one changes to and fro.
TEST_F(Cancel, TheThreadThatRunsTheGuestIsMeant) {
  enum class When { InTheOther, OtherIsBack, OtherHasEnded };
  Engine engine = make_engine(Config().epoch_interruption(true));
  Module module = compile(engine, R"((module
    (import "h" "lend" (func $lend))
    (import "h" "started" (func $started))
    (func $loop (export "loop") (call $started) (loop $l (br $l)))
    (func (export "id") (param i32) (result i32) (local.get 0))
    (func (export "lends") (call $lend) (call $loop))))");
  for (When when : {When::InTheOther, When::OtherIsBack, When::OtherHasEnded}) {
    SCOPED_TRACE(static_cast<int>(when));
    Store store(engine);
    store.set_epoch_deadline(1);
    Linker linker(engine);
    std::optional<Instance> instance;
    std::atomic<bool> started{false}, ended{false}, is_back{false};
    std::thread other;
    unwrap(linker.func("h", "started", [&] { started = true; }));
    unwrap(linker.func("h", "lend", [&] {
      other = std::thread([&] {
        if (when == When::InTheOther) {
          expect_trap(unwrap(instance->typed<void()>("loop"))(), TrapCode::Interrupt);
        } else {
          EXPECT_TRUE(unwrap(instance->typed<int32_t(int32_t)>("id"))(1));
        }
        is_back = true;
        while (when == When::OtherIsBack && !ended) std::this_thread::yield();
      });
      if (when == When::OtherIsBack) {
        while (!is_back) std::this_thread::yield();
      } else {
        other.join();
      }
    }));
    instance.emplace(unwrap(linker.instantiate(store, module)));
    std::thread thread([&] {
      expect_trap(unwrap(instance->typed<void()>("lends"))(), TrapCode::Interrupt);
      ended = true;
    });
    while (!started) std::this_thread::yield();
    store.cancel();
    const auto until = Clock::now() + 20s;
    while (!ended && Clock::now() < until) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(ended);
    engine.increment_epoch();  // so that the test ends, whatever happens
    thread.join();
    if (other.joinable()) other.join();
  }
}

TEST_F(Cancel, TheHandleMayOutliveTheStore) {
  Engine engine = make_engine();
  std::optional<Victim> victim(std::in_place, compile(engine, kWat));
  CancelHandle handle = victim->store.canceller();
  victim.reset();
  victim.emplace(compile(engine, kWat));  // mostly where the other was
  handle.cancel();
  EXPECT_TRUE(handle.cancelled());
  EXPECT_FALSE(victim->store.cancelled());
  EXPECT_EQ(unwrap(unwrap(victim->instance->typed<int32_t(int32_t)>("id"))(3)), 3);
}

// The signals reach the thread while it is in a guest of another store, which goes on.
TEST_F(Cancel, AnotherStoresGuestOnTheSameThreadGoesOn) {
  Engine engine = make_engine();
  Store inner(engine);
  auto counts = unwrap(Instance::make(inner, compile(engine, R"((module
    (func (export "count") (param i32) (result i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))))"),
                                      {}));
  auto count = unwrap(counts.typed<int32_t(int32_t)>("count"));
  Store outer(engine);
  Linker linker(engine);
  std::atomic<bool> started{false};
  Result<int32_t> counted = 1;
  unwrap(linker.func("h", "host", [&] {
    started = true;
    counted = count(200'000'000);
  }));
  auto instance = unwrap(linker.instantiate(outer, compile(engine, R"((module (import "h" "host" (func $host))
    (func (export "run") (call $host) (loop $l (br $l)))))")));
  std::thread thread([&] { EXPECT_FALSE(unwrap(instance.typed<void()>("run"))()); });
  while (!started) std::this_thread::yield();
  outer.cancel();
  thread.join();
  EXPECT_EQ(unwrap(std::move(counted)), 0);
  EXPECT_FALSE(inner.cancelled());
}

TEST_F(Cancel, OnlyTheStoreThatIsMeant) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  Victim other(module);
  std::atomic<bool> other_ended{false};
  std::thread thread([&] {
    (void)other.run("calls");
    other_ended = true;
  });
  other.wait_until_started();
  for (int i = 0; i < 20; ++i) cancel_once(module, "loop");
  EXPECT_FALSE(other_ended);
  other.store.cancel();
  thread.join();
}

TEST_F(Cancel, AfterATime) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  const auto begun = Clock::now();
  unwrap(victim.store.cancel_after(20ms));
  auto result = victim.run("loop");
  ASSERT_FALSE(result);
  expect_trap(result.error(), TrapCode::Interrupt);
  EXPECT_GE(Clock::now() - begun, 20ms);
  expect_dead(victim);
}

TEST_F(Cancel, ADeadlineIsSetAnewOrCalledOff) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  auto id = unwrap(victim.instance->typed<int32_t(int32_t)>("id"));
  unwrap(victim.store.cancel_after(5ms));
  unwrap(victim.store.cancel_after(1h));
  std::this_thread::sleep_for(30ms);
  EXPECT_TRUE(id(1));
  unwrap(victim.store.cancel_after(5ms));
  unwrap(victim.store.cancel_after(std::nullopt));
  std::this_thread::sleep_for(30ms);
  EXPECT_TRUE(id(1));
  // The first request's time is not the second's.
  for (int i = 0; i < 300; ++i) {
    Store store(engine);
    unwrap(store.cancel_after(std::chrono::microseconds(i)));
    std::this_thread::sleep_for(150us);
    unwrap(store.cancel_after(std::nullopt));
    const bool was_cancelled = store.cancelled();
    std::this_thread::sleep_for(200us);
    EXPECT_EQ(store.cancelled(), was_cancelled);
  }
  unwrap(victim.store.cancel_after(5ms));
  expect_trap(victim.run("loop"), TrapCode::Interrupt);
}

// Of a thing that was registered, nothing is left when its holder has gone.
TEST_F(Cancel, WhatIsRegisteredGoesWithItsHolder) {
  Engine engine = make_engine();
  Store store(engine);
  int called = 0;
  auto captured = std::make_shared<int>(1);
  {
    auto first = store.on_cancel([&, captured] { ++called; });
    auto second = std::move(first);
    EXPECT_EQ(captured.use_count(), 2);
  }
  EXPECT_EQ(captured.use_count(), 1);
  auto third = store.on_cancel([&] { called += 10; });
  store.cancel();
  EXPECT_EQ(called, 10);

  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 5000; ++i) {
    Store gone(engine);
    unwrap(gone.cancel_after(1h));
  }
  EXPECT_LT(mallinfo2().uordblks, before + 100'000);
}

TEST_F(Cancel, AHandleKeepsNothingOpen) {
  const auto open_descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  Engine engine = make_engine();
  const auto before = open_descriptors();
  std::optional<CancelHandle> handle;
  {
    TemporaryFolder folder;
    WasiConfig config;
    config.directories.push_back({folder.path(), "/"});
    config.listen.push_back("127.0.0.1:0");
    Store store(engine);
    unwrap(unwrap(Wasi::make(config)).attach(store));
    handle = store.canceller();
  }
  EXPECT_EQ(open_descriptors(), before);
}

struct CallsAtItsEnd {
  std::function<void()> call;
  ~CallsAtItsEnd() {
    if (call) call();
  }
};

TEST_F(Cancel, AGuestCalledByTheDestructorOfAThreadLocalObject) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  Victim victim(module);
  CancelHandle handle = victim.store.canceller();
  std::thread thread([&] {
    static thread_local CallsAtItsEnd at_end;  // made first, so it goes last
    at_end.call = [&] { expect_trap(victim.run("loop"), TrapCode::Interrupt); };
    Victim other(module);
    EXPECT_TRUE(unwrap(other.instance->typed<int32_t(int32_t)>("id"))(1));
  });
  victim.wait_until_started();
  handle.cancel();
  thread.join();
}

// Whatever the functions do that are called: the guest ends.
TEST_F(Cancel, AWakeMayThrow) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  for (bool by_timer : {false, true}) {
    Victim victim(module);
    std::atomic<int> called{0};
    auto first = victim.store.on_cancel([&] { ++called; });
    auto thrower = victim.store.on_cancel([] { throw 1; });
    auto last = victim.store.on_cancel([&] { ++called; });
    CancelHandle handle = victim.store.canceller();
    if (by_timer) unwrap(victim.store.cancel_after(20ms));
    std::thread thread([&] { EXPECT_FALSE(victim.run("loop")); });
    if (!by_timer) {
      victim.wait_until_started();
      handle.cancel();
    }
    thread.join();
    for (int i = 0; i < 1000 && called < 2; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(called, 2);
  }
}

TEST_F(Cancel, AThreadThatBlocksAllSignals) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  CancelHandle handle = victim.store.canceller();
  std::thread thread([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    EXPECT_FALSE(victim.run("loop"));
  });
  victim.wait_until_started();
  handle.cancel();
  thread.join();
}

TEST_F(Cancel, TheBacktraceSaysWhere) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  unwrap(victim.store.cancel_after(10ms));
  auto result = victim.run("loop");
  ASSERT_FALSE(result);
  ASSERT_NE(result.error().trap(), nullptr);
  EXPECT_EQ(result.error().trap()->frames().size(), 1u);
}

// A guest whose host functions are so short, or take so long, that no signal ever finds the guest itself, is left when
// the next one comes back.
TEST_F(Cancel, NoHostFunctionComesBack) {
  const char* wat = R"((module
    (import "h" "cancel" (func $cancel))
    (memory 1 10)
    (global $after (export "after") (mut i32) (i32.const 0))
    (func (export "host") (call $cancel) (global.set $after (i32.const 1)))
    (func (export "grow") (drop (memory.grow (i32.const 1))) (global.set $after (i32.const 1)))
    (func (export "epoch") (global.set $after (i32.const 1)))))";
  for (bool signals : {true, false}) {
    Engine engine = make_engine(Config().signals_based_traps(signals).epoch_interruption(true));
    Module module = compile(engine, wat);
    for (const char* kind : {"host", "grow", "epoch"}) {
      SCOPED_TRACE(kind);
      Store store(engine);
      store.set_epoch_deadline(kind == std::string("epoch") ? 0 : 1);
      store.limiter({.may_grow = [&](const Context&, const Growth& growth) -> Result<bool> {
        if (growth.current != 0) store.cancel();
        return true;
      }});
      store.epoch_callback([&](const Context&) -> Result<EpochDecision> {
        store.cancel();
        return EpochDecision::go_on(1);
      });
      Linker linker(engine);
      unwrap(linker.func("h", "cancel", [&] { store.cancel(); }));
      Instance instance = unwrap(linker.instantiate(store, module));
      auto result = unwrap(instance.typed<void()>(kind))();
      expect_trap(result, TrapCode::Interrupt);
      EXPECT_EQ(result.error().trap()->frames().size(), 1u);
      EXPECT_EQ(unwrap(unwrap(instance.global("after")).get()).i32(), 0);
    }
  }
}

// What the host function says itself counts.
TEST_F(Cancel, AHostFunctionMayFailWhenItIsCancelled) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  unwrap(linker.func("h", "cancel", [&]() -> Result<> {
    store.cancel();
    return std::unexpected(Error("my own reason", ErrorKind::Host));
  }));
  Instance instance = unwrap(linker.instantiate(
      store, compile(engine, R"((module (import "h" "cancel" (func $cancel)) (func (export "f") (call $cancel))))")));
  auto result = unwrap(instance.typed<void()>("f"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "my own reason");
}

std::atomic<int> foreign_calls{0};

TEST_F(Cancel, AForeignHandlerOfTheSignalIsCalledToo) {
  const int number = SIGUSR2;
  struct sigaction action{};
  action.sa_handler = [](int) { ++foreign_calls; };
  sigaction(number, &action, nullptr);
  Engine engine = make_engine(Config().cancel_signal(static_cast<uint32_t>(number)));
  cancel_once(compile(engine, kWat), "loop");
  EXPECT_GT(foreign_calls, 0);
  const int before = foreign_calls;
  raise(number);
  EXPECT_EQ(foreign_calls, before + 1);
}

TEST_F(Cancel, WithoutSignalsByTheEpochCheck) {
  Engine engine = make_engine(Config().signals_based_traps(false).epoch_interruption(true));
  Module module = compile(engine, kWat);
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    Victim victim(module);
    victim.store.set_epoch_deadline(UINT64_MAX);
    CancelHandle handle = victim.store.canceller();
    std::thread thread([&] { EXPECT_FALSE(victim.run(kind)); });
    victim.wait_until_started();
    handle.cancel();
    thread.join();
    expect_dead(victim);
  }
}

// Who lets a guest go on at its deadline is not asked any more.
TEST_F(Cancel, NoEpochCallbackKeepsAGuestAlive) {
  Engine engine = make_engine(Config().signals_based_traps(false).epoch_interruption(true));
  Victim victim(compile(engine, kWat));
  victim.store.epoch_callback([](const Context&) -> EpochDecision { return EpochDecision::go_on(0); });
  victim.store.set_epoch_deadline(0);
  CancelHandle handle = victim.store.canceller();
  std::thread thread([&] { EXPECT_FALSE(victim.run("loop")); });
  victim.wait_until_started();
  handle.cancel();
  thread.join();
  expect_dead(victim);
}

// The child has no timer thread and other thread numbers; neither may matter.
TEST_F(Cancel, WorksInAChildOfFork) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  cancel_once(module, "loop");
  std::atomic<bool> stop{false};
  Victim trapping(module);
  std::thread busy([&] {  // keeps the parent's handlers running
    while (!stop) (void)trapping.run("trap");
  });
  trapping.wait_until_started();
  for (int i = 0; i < 5; ++i) {
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      Victim victim(module);
      (void)victim.store.cancel_after(5ms);
      bool ok = !victim.run("loop");
      {
        Module another = compile(engine, "(module (func (export \"f\")))");
      }
      _exit(ok ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  stop = true;
  busy.join();
}

// What the parent's timer was to do, the child's does.
TEST_F(Cancel, ADeadlineHoldsInAChildOfFork) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  unwrap(victim.store.cancel_after(100ms));
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(victim.run("loop") ? 1 : 0);
  }
  EXPECT_FALSE(victim.run("loop"));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

void expect_success(pid_t child) {
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// A store that was idle at a fork, and whose guest's host function lets another thread call it in the child.
TEST_F(Cancel, TheGuestOfAChildOfForkIsMeant) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own locks are not made for threads in a child of fork";
#endif
  Engine engine = make_engine();
  Module module = compile(engine, R"((module
    (import "h" "lend" (func $lend))
    (func (export "id") (param i32) (result i32) (local.get 0))
    (func (export "lends") (call $lend) (loop $l (br $l)))))");
  Store store(engine);
  Linker linker(engine);
  std::optional<Instance> instance;
  unwrap(linker.func("h", "lend", [&] {
    std::thread([&] { (void)unwrap(instance->typed<int32_t(int32_t)>("id"))(1); }).join();
    unwrap(store.cancel_after(50ms));
  }));
  instance.emplace(unwrap(linker.instantiate(store, module)));
  EXPECT_TRUE(unwrap(instance->typed<int32_t(int32_t)>("id"))(1));
  const CancelHandle handle = store.canceller();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(unwrap(instance->typed<void()>("lends"))() ? 1 : 0);
  }
  expect_success(child);
}

// What another thread was running when the process forked does not run in the child, and nobody is to be woken for it.
TEST_F(Cancel, WakesNobodyInAChildOfFork) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  std::atomic<int> woken{0};
  const CancelCallback wake = victim.store.on_cancel([&] { ++woken; });
  std::thread thread([&] {
    unwrap(victim.store.cancel_after(2s));
    EXPECT_FALSE(victim.run("loop"));
  });
  victim.wait_until_started();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    const int at_fork = woken;
    std::this_thread::sleep_for(2500ms);
    _exit(woken != at_fork);
  }
  thread.join();
  while (woken == 0) std::this_thread::yield();  // the guest is ended before they are called
  EXPECT_EQ(woken, 1);
  expect_success(child);
}

// Nor is waited for what another thread was calling at that moment. What it had not called yet, the child calls.
TEST_F(Cancel, ACallbackCutOffByAForkMayGo) {
  Engine engine = make_engine();
  Victim victim(compile(engine, kWat));
  std::atomic<bool> running{false}, may_end{false};
  std::atomic<int> woken{0};
  const CancelCallback later = victim.store.on_cancel([&] { ++woken; });
  std::optional<CancelCallback> cut = victim.store.on_cancel([&] {
    running = true;
    while (!may_end) std::this_thread::yield();
  });
  std::thread thread([handle = victim.store.canceller()] { handle.cancel(); });
  while (!running) std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    cut.reset();
    while (woken != 1) std::this_thread::yield();
    const CancelCallback at_once = victim.store.on_cancel([&] { ++woken; });
    _exit(woken == 2 ? 0 : 1);
  }
  may_end = true;
  thread.join();
  EXPECT_EQ(woken, 1);
  expect_success(child);
}

// -- functions that are called when cancelled

// Whoever ends one waits for it.
TEST_F(Cancel, ACallbackEndsWhenItHasBeenCalled) {
  Engine engine = make_engine();
  Store store(engine);
  std::atomic<bool> running{false}, done{false};
  std::optional<CancelCallback> wake = store.on_cancel([&] {
    running = true;
    std::this_thread::sleep_for(20ms);
    done = true;
  });
  std::thread thread([handle = store.canceller()] { handle.cancel(); });
  while (!running) std::this_thread::yield();
  wake.reset();
  EXPECT_TRUE(done);
  thread.join();
}

TEST_F(Cancel, ACallbackMayEndItselfAndOthers) {
  for (int victim = 0; victim < 5; ++victim) {
    Engine engine = make_engine();
    Store store(engine);
    std::optional<CancelCallback> wakes[5];
    int called[5] = {};
    // The last one is called first.
    for (int i = 0; i < 5; ++i)
      wakes[i] = store.on_cancel([&, i] {
        ++called[i];
        if (i == 4) wakes[victim].reset();
      });
    store.cancel();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(called[i], i != victim || i == 4) << i << " of " << victim;
  }
}

TEST_F(Cancel, ACallbackMayCancelAgain) {
  Engine engine = make_engine();
  Store store(engine);
  int calls = 0;
  const CancelCallback wake = store.on_cancel([&, handle = store.canceller()] {
    handle.cancel();
    ++calls;
  });
  store.cancel();
  EXPECT_EQ(calls, 1);
}

// The store is gone, and the function lets go of all that is left of it.
TEST_F(Cancel, ACallbackMayLetGoOfEverything) {
  struct Session {
    std::optional<CancelHandle> handle;
    CancelCallback wake;
  };
  Engine engine = make_engine();
  auto session = std::make_unique<Session>();
  bool called = false;
  {
    Store store(engine);
    session->handle = store.canceller();
    session->wake = store.on_cancel([&] {
      session.reset();
      called = true;
    });
  }
  session->handle->cancel();
  EXPECT_TRUE(called);
  EXPECT_FALSE(session);
  {
    // It holds itself.
    Store store(engine);
    auto own = std::make_shared<CancelCallback>();
    *own = store.on_cancel([own, &called] { called = false; });
    own.reset();
    store.cancel();
  }
  EXPECT_FALSE(called);
}

TEST_F(Cancel, NeedsNoThreadInAHostFunction) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(2);  // no limit holds for root
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_NPROC, &none) != 0) _exit(3);
    Engine engine = make_engine();
    Store store(engine);
    Linker linker(engine);
    unwrap(linker.func("h", "cancel", [&] { store.cancel(); }));
    Instance instance = unwrap(linker.instantiate(store, compile(engine, R"((module (import "h" "cancel" (func $cancel))
          (func (export "f") (call $cancel) (loop $l (br $l)))))")));
    _exit(unwrap(instance.typed<void()>("f"))() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// Prints how long it takes, and asserts nothing of it: VITRINE_CANCEL_TRIES=10000 api_test
// --gtest_filter=Cancel.Latency*
void print_latency(std::span<const char* const> kinds, int tries) {
  if (const char* wanted = std::getenv("VITRINE_CANCEL_TRIES")) tries = std::atoi(wanted);
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  for (const char* kind : kinds) {
    std::vector<double> times;
    for (int i = 0; i < tries; ++i) {
      times.push_back(std::chrono::duration<double, std::micro>(cancel_once(module, kind)).count());
    }
    std::ranges::sort(times);
    const auto at = [&](double part) { return times[static_cast<size_t>(part * static_cast<double>(tries - 1))]; };
    std::printf("%-10s median %8.1f us, 99th percentile %8.1f us, most %8.1f us\n", kind, at(0.5), at(0.99), at(1));
  }
}

TEST_F(Cancel, Latency) {
  print_latency(kKinds, 20);
}

// In these hardly a signal finds the guest: the host functions come back to the store's flag.
TEST_F(Cancel, LatencyInHostFunctions) {
  constexpr const char* kHost[] = {"host", "busy"};
  print_latency(kHost, 1000);
}

}  // namespace
}  // namespace vitrine::testing
