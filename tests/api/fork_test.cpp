// A child of fork goes on with the engine, whatever other threads of its parent were doing.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

class Fork : public ::testing::Test {
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizers' own locks are not made for a fork beside other threads";
#endif
  }
};

constexpr const char* kWat = R"((module
  (memory 1) (table 1 funcref)
  (func (export "id") (param i32) (result i32) (local.get 0))))";

/// A module with types that no other one of these has.
std::string with_own_types(unsigned number) {
  std::string params;
  for (int bit = 0; bit < 8; ++bit) params += number >> bit & 1 ? " i32" : " i64";
  return "(module (memory 1) (table 1 funcref) (func (export \"f\") (param" + params + ")))";
}

bool can_work(const Engine& engine, const Module& module) {
  Store store(engine);
  Instance instance = unwrap(Instance::make(store, module, {}));
  auto answer = unwrap(instance.typed<int32_t(int32_t)>("id"))(7);
  return answer && *answer == 7;
}

TEST_F(Fork, BesideThreadsThatMakeAndDropModules) {
  Engine engine = make_engine();
  Module module = compile(engine, kWat);
  std::atomic<bool> stop{false};
  std::atomic<unsigned> made{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = t; !stop; i += 2, ++made) {
        Module own = compile(engine, with_own_types(i));
        for (int n = 0; n < 4; ++n) {
          Store store(engine);
          (void)unwrap(Instance::make(store, own, {}));
        }
      }
    });
  }
  while (made < 10) std::this_thread::yield();
  for (int i = 0; i < 200 && !HasFailure(); ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      bool ok = can_work(engine, module) && can_work(engine, compile(engine, kWat));
      Engine own = make_engine();
      ok = ok && can_work(own, compile(own, kWat));
      _exit(ok ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "fork " << i << ": status " << status;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace vitrine::testing
