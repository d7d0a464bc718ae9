// Whatever a guest has started ends when it is told to.
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

class Ends : public Guest {
 protected:
  static constexpr size_t kAll = size_t{1} << 31;
  // Many times what a piece may take and any reader of the results has to wait for; the calls below take seconds.
  static constexpr auto kSoon = std::chrono::milliseconds(100);

  void SetUp() override {
    Guest::SetUp();
    pages = static_cast<uint8_t*>(
        ::mmap(nullptr, kAll, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    ASSERT_NE(pages, MAP_FAILED);
    // One buffer that is nearly all of the memory, named by an iovec at 64.
    uint32_t buffer[2] = {4096, static_cast<uint32_t>(kAll - 4096)};
    std::memcpy(pages + 64, buffer, sizeof buffer);
  }
  void TearDown() override {
    ::munmap(pages, kAll);
    Guest::TearDown();
  }
  /// How long the call went on after it was interrupted. Goes on with another guest.
  std::chrono::nanoseconds end(std::string_view name, const std::vector<uint64_t>& args) {
    std::atomic<std::chrono::steady_clock::time_point> raised;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
      raised = std::chrono::steady_clock::now();
      context->interrupt();
    });
    EXPECT_EQ(call_function(*state, GuestMemory({pages, kAll}), Abi::Preview1, name, args), "trap: interrupt") << name;
    auto end = std::chrono::steady_clock::now();
    other.join();
    make();
    ::madvise(pages + 4096, kAll - 4096, MADV_DONTNEED);
    return end - raised.load();
  }
  uint8_t* pages = nullptr;
};

TEST_F(Ends, LargeTransfers) {
  write_host("rw/large", "");
  fs::resize_file(base + "/rw/large", kAll);
  ASSERT_EQ(open(kRw, "large"), "success");
  EXPECT_LT(end("fd_read", {opened, 64, 1, 0}), kSoon);
  ASSERT_EQ(open(kRw, "large"), "success");
  EXPECT_LT(end("fd_pread", {opened, 64, 1, 0, 0}), kSoon);
  EXPECT_LT(end("random_get", {4096, kAll - 4096}), kSoon);
  ASSERT_EQ(open(kRw, "zeros", oflags::kCreat), "success");
  EXPECT_LT(end("fd_write", {opened, 64, 1, 0}), kSoon);
  EXPECT_LT(fs::file_size(base + "/rw/zeros"), kAll / 4);
  ASSERT_EQ(open(kRw, "zeros"), "success");
  EXPECT_LT(end("fd_pwrite", {opened, 64, 1, 0, 0}), kSoon);
}

class EndsDeterministic : public Ends {
  void configure(host::Grants& grants) override { grants.random = {host::RandomGrant::Source::Seeded, 7}; }
};

TEST_F(EndsDeterministic, RandomBytes) {
  EXPECT_LT(end("random_get", {4096, kAll - 4096}), kSoon);
}

class EndsCaptured : public Ends {
  void configure(host::Grants& grants) override {
    grants.stdio[1] = host::Stream::output(kAll);
    os::FileDescriptor zeros(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    grants.stdio[0] = host::Stream::from_fd(std::move(zeros));
  }
};

TEST_F(EndsCaptured, Streams) {
  EXPECT_LT(end("fd_write", {1, 64, 1, 0}), kSoon);
  // A device that never ends: some of it.
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(call_function(*state, GuestMemory({pages, kAll}), Abi::Preview1, "fd_read", {0, 64, 1, 0}), "success");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kSoon);
}

TEST_F(Ends, WhatTheSystemDoes) {
  ASSERT_EQ(open(kRw, "file"), "success");
  context->interrupt();
  for (const char* name : {"fd_sync", "fd_datasync"}) EXPECT_EQ(call(name, {opened}), "trap: interrupt");
  EXPECT_EQ(call("fd_allocate", {opened, 0, 100}), "trap: interrupt");
  EXPECT_EQ(call("fd_filestat_set_size", {opened, 100}), "trap: interrupt");
  EXPECT_EQ(call("fd_sync", {kRw}), "trap: interrupt");
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, 0, kOut}), "trap: interrupt");
  auto listing = context->directories()[0]->list(1 << 20);
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error(), os::kInterrupted) << "while it is read from the system";
  EXPECT_EQ(open(kRw, "file", oflags::kTrunc), "trap: interrupt");
  EXPECT_EQ(read_host("rw/file"), "0123456789");
  make();
  ASSERT_EQ(open(kRw, "file", 0, kReadWrite, fdflags::kSync), "success");
  EXPECT_EQ(write(opened, "synced"), "success");
  EXPECT_EQ(read_host("rw/file"), "synced6789");
  // Emptied when it is opened, on the spot and by a helper.
  for (uint64_t size : {100, 20 << 20}) {
    ASSERT_EQ(call("fd_filestat_set_size", {opened, size}), "success");
    ASSERT_EQ(open(kRw, "file", oflags::kTrunc), "success");
    EXPECT_EQ(read_host("rw/file"), "");
  }
}

class EndsByWalk : public Ends {
  void configure(host::Grants& grants) override { grants.resolver = os::Resolver::Walk; }
};

TEST_F(EndsByWalk, APathOfManySymlinks) {
  // Each leads through the next twice and back: a walk of many thousand steps, if it is let.
  std::string target;
  for (int i = 0; i < 120; ++i) target += "dir/../";
  for (int i = 0; i < 38; ++i) {
    ASSERT_EQ(symlink(target + "hop" + std::to_string(i + 1), kRw, "hop" + std::to_string(i)), "success");
  }
  ASSERT_EQ(symlink("file", kRw, "hop38"), "success");
  ASSERT_EQ(open(kRw, "hop0"), "success");
  context->interrupt();
  EXPECT_EQ(open(kRw, "hop0"), "trap: interrupt");
  std::string longer;
  for (int i = 0; i < 200; ++i) longer += "dir/../";
  EXPECT_EQ(symlink(longer + "file", kRw, "too-long"), "nametoolong");
}

}  // namespace
}  // namespace vitrine::wasi::p1
