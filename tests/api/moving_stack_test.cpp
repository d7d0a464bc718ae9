// A guest that is suspended on a stack of its own by one thread, and goes on on another.
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

using namespace std::chrono_literals;

/// Runs a function on memory of its own; the function may suspend itself, and any thread may then resume it.
class Coroutine {
 public:
  explicit Coroutine(std::function<void()> f) : f_(std::move(f)) {
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = memory_.data();
    inside_.uc_stack.ss_size = memory_.size();
    inside_.uc_link = &outside_;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&inside_, reinterpret_cast<void (*)()>(enter), 2, static_cast<uint32_t>(self),
                static_cast<uint32_t>(self >> 32));
  }
  /// Until it suspends itself or ends.
  void resume() { swapcontext(&outside_, &inside_); }
  void suspend() { swapcontext(&inside_, &outside_); }

 private:
  static void enter(uint32_t low, uint32_t high) { reinterpret_cast<Coroutine*>(uintptr_t{high} << 32 | low)->f_(); }
  std::vector<uint8_t> memory_ = std::vector<uint8_t>(1 << 20);
  Stack stack_{memory_.data(), memory_.size()};
  std::function<void()> f_;
  ucontext_t inside_{}, outside_{};
};

/// A thread that does one thing, and is there until it goes.
class Thread {
 public:
  explicit Thread(std::function<void()> f)
      : thread_([this, f = std::move(f)] {
          f();
          done_ = true;
          done_.notify_all();
          may_end_.wait(false);
        }) {}
  ~Thread() {
    may_end_ = true;
    may_end_.notify_all();
  }
  void wait() const { done_.wait(false); }

 private:
  std::atomic<bool> done_{false}, may_end_{false};
  std::jthread thread_;
};

constexpr const char* kWat = R"((module
  (import "h" "suspend" (func $suspend))
  (import "h" "started" (func $started))
  (func (export "loop") (call $suspend) (call $started) (loop $l (br $l)))
  (func (export "yield") (call $started) (loop $l (br $l)))
  (func (export "id") (param i32) (result i32) (local.get 0))))";

class MovingStack : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers do not know of these stacks";
#endif
    unwrap(linker.func("h", "suspend", [this](Caller& caller) {
      coroutine->suspend();
      on_resumed(caller);
    }));
    unwrap(linker.func("h", "started", [this] { started = true; }));
    instance.emplace(unwrap(linker.instantiate(store, compile(engine, kWat))));
  }
  void run(const char* name) {
    coroutine.emplace([this, name] {
      result = unwrap(instance->typed<void()>(name))();
      ended = true;
    });
  }

  Engine engine = make_engine(Config().epoch_interruption(true));
  Store store{engine};
  Linker linker{engine};
  std::optional<Instance> instance;
  std::optional<Coroutine> coroutine;
  std::function<void(Caller&)> on_resumed = [](Caller&) {};
  std::atomic<bool> started{false}, ended{false};
  Result<> result;
};

TEST_F(MovingStack, ACancelledStoreIsNotEnteredByANewThread) {
  store.set_epoch_deadline(1);
  std::optional<Result<int32_t>> inner;
  on_resumed = [&](Caller&) { inner = unwrap(instance->typed<int32_t(int32_t)>("id"))(1); };
  run("loop");
  Thread first([&] { coroutine->resume(); });
  first.wait();
  store.cancel();
  std::thread([&] { coroutine->resume(); }).join();
  ASSERT_TRUE(inner.has_value());
  expect_trap(*inner, TrapCode::Interrupt);
  expect_trap(result, TrapCode::Interrupt);
}

// The thread that suspended it is none of the child's; the one that goes on with it is.
TEST_F(MovingStack, CancellingFindsTheGuestInAChildOfFork) {
  store.set_epoch_deadline(1);
  const CancelHandle handle = store.canceller();
  on_resumed = [](Caller& caller) { caller.goes_on_here(); };
  run("loop");
  Thread first([&] { coroutine->resume(); });
  first.wait();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    unwrap(store.cancel_after(100ms));
    coroutine->resume();
    _exit(ended && !result ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  handle.cancel();
  coroutine->resume();
}

TEST_F(MovingStack, CancellingFindsTheGuest) {
  for (bool by_yielding : {false, true}) {
    SCOPED_TRACE(by_yielding);
    started = ended = false;
    Store& victim = store;
    if (by_yielding) {
      victim.set_epoch_deadline(0);
      victim.epoch_callback([](const Context&) -> Result<EpochDecision> { return EpochDecision::yield(1); });
      victim.yield_hook([this](const Context&) -> Result<> {
        coroutine->suspend();
        started = true;
        return {};
      });
    } else {
      victim.set_epoch_deadline(1);
      on_resumed = [](Caller& caller) { caller.goes_on_here(); };
    }
    run(by_yielding ? "yield" : "loop");
    Thread first([&] { coroutine->resume(); });
    first.wait();
    started = false;
    std::thread second([&] { coroutine->resume(); });
    while (!started) std::this_thread::yield();
    std::this_thread::sleep_for(1ms);
    victim.cancel();
    for (int i = 0; i < 5000 && !ended; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(ended);
    engine.increment_epoch();  // so that the test ends, whatever happens
    second.join();
    expect_trap(result, TrapCode::Interrupt);
    store = Store(engine);
    instance.emplace(unwrap(linker.instantiate(store, compile(engine, kWat))));
  }
}

}  // namespace
}  // namespace vitrine::testing
