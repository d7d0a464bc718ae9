// Stacks: a guest never writes below the one it runs on, wherever the host enters it.
#include <ucontext.h>

#include <cstring>
#include <functional>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

/// Runs a function on memory of its own, with a pattern below it that nobody may write.
class Coroutine {
 public:
  explicit Coroutine(size_t size) : memory_(kBelow + size, kPattern), size_(size) {}
  void* low() { return memory_.data() + kBelow; }
  size_t size() const { return size_; }
  void run(std::function<void()> f) {
    f_ = std::move(f);
    getcontext(&inside_);
    inside_.uc_stack.ss_sp = low();
    inside_.uc_stack.ss_size = size_;
    inside_.uc_link = &outside_;
    const auto self = reinterpret_cast<uintptr_t>(this);
    makecontext(&inside_, reinterpret_cast<void (*)()>(enter), 2, static_cast<uint32_t>(self),
                static_cast<uint32_t>(self >> 32));
    swapcontext(&outside_, &inside_);
  }
  bool is_intact_below() const {
    for (size_t i = 0; i < kBelow; ++i) {
      if (memory_[i] != kPattern) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kBelow = 4 << 20;
  static constexpr uint8_t kPattern = 0xa5;
  static void enter(uint32_t low, uint32_t high) { reinterpret_cast<Coroutine*>(uintptr_t{high} << 32 | low)->f_(); }
  std::vector<uint8_t> memory_;
  size_t size_;
  std::function<void()> f_;
  ucontext_t inside_{}, outside_{};
};

constexpr const char* kWat = R"((module
  (import "h" "host" (func $host))
  (func $recurse (export "recurse") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $recurse (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "call_host") (call $host))))";

struct Guest {
  explicit Guest(std::function<void()> host) : linker(engine) {
    unwrap(linker.func("h", "host", [host] { host(); }));
    instance.emplace(unwrap(linker.instantiate(store, compile(engine, kWat))));
  }
  Result<int32_t> recurse(int32_t depth) { return unwrap(instance->typed<int32_t(int32_t)>("recurse"))(depth); }
  Result<> call_host() { return unwrap(instance->typed<void()>("call_host"))(); }
  Engine engine = make_engine();
  Store store{engine};
  Linker linker;
  std::optional<Instance> instance;
};

TEST(Stack, AGuestOnACoroutineGetsItsLimit) {
  for (size_t size : {64u << 10, 256u << 10, 1u << 20}) {
    Guest guest([] {});
    Coroutine coroutine(size);
    Stack stack(coroutine.low(), coroutine.size());
    coroutine.run([&] {
      EXPECT_EQ(unwrap(guest.recurse(20)), 20);
      auto result = guest.recurse(1'000'000);
      ASSERT_FALSE(result);
      expect_trap(result.error(), TrapCode::StackOverflow);
      EXPECT_EQ(unwrap(guest.recurse(20)), 20);
    });
    EXPECT_TRUE(coroutine.is_intact_below()) << size;
    EXPECT_EQ(unwrap(guest.recurse(1000)), 1000) << "back on the thread's own";
  }
}

// What is handed over on the stack may be as large as a small stack: of vectors, 32 KiB.
TEST(Stack, ManyVectorsAreHandedOverInsideOfIt) {
  std::string vectors, gets;
  for (int n = 0; n < 1000; ++n) {
    vectors += " v128";
    gets += "(local.get " + std::to_string(n) + ")";
  }
  const std::string text = "(module (func (export \"f\") (param" + vectors + ") (result" + vectors + ") " + gets + "))";
  for (bool signals : {true, false}) {
    World w(text, Config().signals_based_traps(signals));
    Func f = unwrap(w.instance.func("f"));
    std::vector<Val> args;
    for (int n = 0; n < 1000; ++n) args.emplace_back(V128::splat(n));
    for (size_t size : {24u << 10, 40u << 10, 48u << 10, 64u << 10, 512u << 10}) {
      Coroutine coroutine(size);
      Stack stack(coroutine.low(), coroutine.size());
      coroutine.run([&] {
        auto results = f.call(args);
        if (size >= 512u << 10) {
          EXPECT_EQ(unwrap(std::move(results)).back().v128(), V128::splat(999));
        } else if (!results) {
          expect_trap(results.error(), TrapCode::StackOverflow);
        }
      });
      EXPECT_TRUE(coroutine.is_intact_below()) << size;
    }
    EXPECT_EQ(unwrap(f.call(args)).front().v128(), V128::splat(0)) << "the thread's own has room";
  }
}

// The outer guest's limit lies above the coroutine (it would stop the inner guest at once) or far below it (it would not
// stop it at all).
TEST(Stack, AHostFunctionMayReenterOnACoroutine) {
  auto reenter = [](Coroutine& coroutine) {
    Stack stack(coroutine.low(), coroutine.size());
    Guest* self = nullptr;
    int entered = 0;
    Guest guest([&] {
      coroutine.run([&] {
        ++entered;
        EXPECT_EQ(unwrap(self->recurse(20)), 20);
        auto result = self->recurse(1'000'000);
        ASSERT_FALSE(result);
        expect_trap(result.error(), TrapCode::StackOverflow);
      });
      // The outer guest's own limit is back.
      EXPECT_EQ(unwrap(self->recurse(2000)), 2000);
      auto result = self->recurse(1'000'000);
      ASSERT_FALSE(result);
      expect_trap(result.error(), TrapCode::StackOverflow);
    });
    self = &guest;
    unwrap(guest.call_host());
    EXPECT_EQ(entered, 1);
    EXPECT_TRUE(coroutine.is_intact_below()) << coroutine.size();
  };
  for (size_t size : {64u << 10, 1u << 20}) {
    Coroutine coroutine(size);
    reenter(coroutine);
    std::thread([&] { reenter(coroutine); }).join();  // its stack is newer, and so lower
  }
}

TEST(Stack, AnUnknownStackIsRefused) {
  Coroutine coroutine(1 << 20);
  Guest* self = nullptr;
  auto expect_refusal = [&] {
    coroutine.run([&] {
      auto result = self->recurse(1'000'000);
      ASSERT_FALSE(result);
      EXPECT_NE(result.error().message().find("stack whose bounds are not known"), std::string::npos)
          << result.error().message();
    });
  };
  Guest guest(expect_refusal);
  self = &guest;
  expect_refusal();
  unwrap(guest.call_host());
  EXPECT_TRUE(coroutine.is_intact_below());
  {
    Stack stack(coroutine.low(), coroutine.size());
    coroutine.run([&] { EXPECT_EQ(unwrap(guest.recurse(1)), 1); });
  }
  expect_refusal();  // it was for as long as it lived
  EXPECT_EQ(unwrap(guest.recurse(1)), 1);
}

}  // namespace
}  // namespace vitrine::testing
