// std::bad_alloc where a call into a guest ends: it is thrown by the call or costs no more than the backtrace, the guest
// does not go on, and the store does.
#include <cstdlib>
#include <new>

#include "testing.hpp"

namespace {

// Of this thread: how many allocations succeed before one fails, or all from then on.
thread_local std::optional<uint64_t> good_ones;
thread_local bool all_fail = false;

bool fails() {
  if (!good_ones) return false;
  if (*good_ones > 0) {
    --*good_ones;
    return false;
  }
  if (!all_fail) good_ones.reset();
  return true;
}

}  // namespace

// The library's allocations come here as well; all forms that a sanitizer has of its own, since what one gives out the other
// would not take back. Not inlined: GCC takes one without the other for a mismatch.
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : std::malloc(std::max<size_t>(size, 1));
}
[[gnu::noinline]] void* operator new(size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace vitrine::testing {
namespace {

constexpr const char* kGuest = R"((module $m
  (import "host" "fails" (func $fails)) (import "host" "throws" (func $throws))
  (memory (export "memory") 1 2) (table $t 1 1 funcref)
  (func $a_function_with_a_name_that_is_no_short_string (export "fail") (call $fails))
  (func (export "throw") (call $throws))
  (func (export "trap") (unreachable))
  (func (export "memory.grow") (drop (memory.grow (i32.const 7))))
  (func (export "table.grow") (drop (table.grow $t (ref.null func) (i32.const 7))))
  (func (export "ok") (result i32) (i32.const 7))))";

struct Guest {
  Engine engine = make_engine();
  Linker linker{engine};
  Store store{engine};
  std::optional<Instance> instance;

  Guest() {
    check(linker.func("host", "fails", [](Caller&) -> Result<> {
      return std::unexpected(Error("an error with a message that is no short string", ErrorKind::Host));
    }));
    check(linker.func("host", "throws", [] { throw std::runtime_error("thrown"); }));
    store.limits({.trap_on_grow_failure = true});
    instance = unwrap(linker.instantiate(store, compile(engine, kGuest)));
  }
  static void check(Result<> ok) { ASSERT_TRUE(ok) << ok.error().message(); }
};

TEST(OutOfMemory, EndsTheCallWhereverItComes) {
  Guest g;
  for (const char* name : {"fail", "throw", "trap", "memory.grow", "table.grow"}) {
    const Func func = unwrap(g.instance->func(name));
    uint64_t n = 0, thrown = 0;
    for (bool failed = true; failed; ++n) {
      ASSERT_LT(n, 1000u);
      good_ones = n;
      try {
        const auto result = func.call(std::span<const Val>(), std::span<Val>());
        failed = !std::exchange(good_ones, std::nullopt).has_value();
        EXPECT_FALSE(result.has_value()) << name << ", allocation " << n;
      } catch (const std::bad_alloc&) {
        ++thrown;
      } catch (const std::runtime_error&) {
        failed = !std::exchange(good_ones, std::nullopt).has_value();
      }
      EXPECT_EQ(unwrap(unwrap(g.instance->typed<int32_t()>("ok"))()), 7) << name << ", allocation " << n;
    }
    EXPECT_GT(n, 3u) << name;
    EXPECT_GT(thrown, 0u) << name;
  }
}

// An exception crosses guests where there is no memory at all.
TEST(OutOfMemory, IsCarriedOverGuests) {
  Guest g;
  Func throws = unwrap(Func::wrap(g.store, [] {
    all_fail = true;
    good_ones = 0;
    throw 7;
  }));
  const Module module = compile(g.engine, R"((module (import "" "f" (func $f)) (func (export "f") (call $f))))");
  const Extern imports[] = {throws};
  auto guest = unwrap(unwrap(Instance::make(g.store, module, imports)).typed<void()>("f"));
  for (int i = 0; i < 100; ++i) {
    int thrown = 0;
    try {
      (void)guest();
    } catch (int number) {
      thrown = number;
    } catch (const std::bad_alloc&) {
      thrown = -1;
    }
    all_fail = false;
    good_ones.reset();
    EXPECT_NE(thrown, 0);
  }
  EXPECT_EQ(unwrap(unwrap(g.instance->typed<int32_t()>("ok"))()), 7);
}

}  // namespace
}  // namespace vitrine::testing
