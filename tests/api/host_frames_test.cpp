// How host functions may leave: by throwing, by ending their thread, and (not) by a jump.
#include <pthread.h>
#include <unistd.h>
#include <csetjmp>
#include <cstdio>
#include <stdexcept>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

constexpr const char* kWat = R"((module
  (import "h" "host" (func $host (param i32) (result i32)))
  (func $inner (param i32) (result i32) (i32.add (call $host (local.get 0)) (i32.const 1)))
  (func (export "call_host") (param i32) (result i32) (i32.add (call $inner (local.get 0)) (i32.const 1)))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $host (i32.const 0)))
      (else (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))
  (func (export "call_twice") (param i32) (result i32) (drop (call $inner (local.get 0))) (call $host (i32.const 2)))
  (func (export "id") (param i32) (result i32) (local.get 0))
  (func (export "trap") (result i32) unreachable)))";

struct Guest {
  template <class F>
  explicit Guest(F host) : linker(engine) {
    unwrap(linker.func("h", "host", std::move(host)));
    make();
  }
  Guest(RawHostFunc raw, void* env) : linker(engine) {
    unwrap(linker.func_raw("h", "host", {{ValKind::I32}, {ValKind::I32}}, raw, env, nullptr));
    make();
  }
  void make() { instance.emplace(unwrap(linker.instantiate(store, compile(engine, kWat)))); }
  Result<int32_t> call(const char* name, int32_t value) {
    return unwrap(instance->typed<int32_t(int32_t)>(name))(value);
  }
  Engine engine = make_engine();
  Store store{engine};
  Linker linker;
  std::optional<Instance> instance;
};

TEST(HostFrames, ARawFunctionMayThrow) {
  Guest guest(
      [](void*, CallerContext*, RawVal* values) -> int32_t {
        if (values[0].i32 == 0) throw std::runtime_error("from raw");
        return 0;
      },
      nullptr);
  EXPECT_EQ(unwrap(guest.call("call_host", 5)), 7);
  EXPECT_THROW((void)guest.call("call_host", 0), std::runtime_error);
  EXPECT_EQ(unwrap(guest.call("call_host", 5)), 7);

  // The same for one that is made in the store.
  Func func = unwrap(Func::make_raw(
      guest.store, {{}, {}}, [](void*, CallerContext*, RawVal*) -> int32_t { throw std::runtime_error("raw"); },
      nullptr, nullptr));
  EXPECT_THROW((void)func.call({}), std::runtime_error);
}

/// Sets a flag when it goes, so that one sees that a frame was unwound.
struct Flag {
  bool& flag;
  ~Flag() { flag = true; }
};

// The thread ends inside of a host function, two guests deep. Every host frame is unwound, those outside of the guests
// as well, and the store can be used by others.
void ends_its_thread(void (*end)()) {
  bool inside = false, between = false, outside = false;
  Guest* self = nullptr;
  Guest guest([&](int32_t depth) -> int32_t {
    if (depth > 0) {
      Flag flag{between};
      return unwrap(self->call("call_host", depth - 1));
    }
    Flag flag{inside};
    end();
    return 0;
  });
  self = &guest;
  struct Context {
    Guest& guest;
    bool& outside;
  } context{guest, outside};
  auto body = [](void* raw) -> void* {
    auto& c = *static_cast<Context*>(raw);
    Flag flag{c.outside};
    (void)c.guest.call("call_host", 1);
    ADD_FAILURE() << "the thread went on";
    return nullptr;
  };
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, nullptr, body, &context), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  EXPECT_TRUE(inside);
  EXPECT_TRUE(between);
  EXPECT_TRUE(outside);
  EXPECT_EQ(unwrap(guest.call("id", 3)), 3);
}

TEST(HostFrames, AHostFunctionMayEndItsThread) {
  ends_its_thread([] { pthread_exit(nullptr); });
}

TEST(HostFrames, AThreadMayBeCancelledInAHostFunction) {
  ends_its_thread([] {
    pthread_cancel(pthread_self());
    pthread_testcancel();
  });
}

// A jump over guest frames is what the host may not do. It is seen where the outer guest would go on.
jmp_buf jump;

__attribute__((noinline)) void come_back_by_jump(Guest& guest) {
  if (setjmp(jump) == 0) (void)guest.call("call_host", 0);
}

__attribute__((noinline)) void call_from_below(Guest& guest) {
  volatile char room[4096];
  room[0] = 0;
  EXPECT_TRUE(guest.call("id", 1));
  EXPECT_EQ(room[0], 0);
}

TEST(HostFramesDeathTest, AJumpOverGuestFramesEndsTheProcess) {
  auto jumps = [](bool traps) {
    Guest* self = nullptr;
    Guest guest([&](int32_t depth) -> int32_t {
      if (depth == 0) longjmp(jump, 1);
      if (depth == 2) std::fputs("the guest went on\n", stderr);
      come_back_by_jump(*self);
      if (traps) throw std::runtime_error("leaves");
      return 1;
    });
    self = &guest;
    (void)guest.call("call_twice", 1);
  };
  EXPECT_DEATH(jumps(false), "^vitrine: a host function left guest frames behind");
  EXPECT_DEATH(jumps(true), "^vitrine: a host function left guest frames behind");
}

TEST(HostFramesDeathTest, AJumpOutOfAllGuestsIsSeenByTheNextCall) {
  auto jumps = [] {
    Guest guest([](int32_t) -> int32_t { longjmp(jump, 1); });
    come_back_by_jump(guest);
    (void)guest.call("id", 1);
  };
  EXPECT_DEATH(jumps(), "left guest frames behind");
}

// The activation's words are not touched by the second call, which begins between them and the guest frames that are
// gone.
TEST(HostFramesDeathTest, AJumpIsSeenByACallFromADeeperFrameToo) {
  auto jumps = [] {
    Guest guest([](int32_t) -> int32_t { longjmp(jump, 1); });
    if (setjmp(jump) == 0) (void)guest.call("deep", 1000);
    call_from_below(guest);
  };
  EXPECT_DEATH(jumps(), "left guest frames behind");
}

}  // namespace
}  // namespace vitrine::testing
