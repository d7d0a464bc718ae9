#include "wasi/host/stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "wasi/host/denials.hpp"

namespace vitrine::wasi::host {
namespace {

enum class Blocking : uint8_t { Yes, No };

struct Reader {
  explicit Reader(std::shared_ptr<Stream> s) : stream(std::move(s)) {}
  /// What was read, or the error number in angle brackets.
  std::string read(size_t n, Blocking blocking = Blocking::Yes) {
    std::string buffer(n, '\0');
    iovec part{buffer.data(), n};
    auto got = until_done(Direction::In, blocking, [&] {
      EXPECT_TRUE(stream->prepare());
      return stream->read({&part, 1}, interrupt);
    });
    if (!got) return "<" + std::to_string(got.error().code) + ">";
    buffer.resize(*got);
    return buffer;
  }
  std::string write(std::string_view text, Blocking blocking = Blocking::Yes) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    auto put = until_done(Direction::Out, blocking, [&] { return stream->write({&part, 1}, interrupt); });
    return put ? std::to_string(*put) : "<" + std::to_string(put.error().code) + ">";
  }
  template <class Attempt>
  os::SysResult<size_t> until_done(Direction direction, Blocking blocking, Attempt attempt) {
    for (;;) {
      auto n = attempt();
      if (n || n.error().code != EAGAIN || blocking == Blocking::No) return n;
      if (auto waited = stream->wait(direction, interrupt); !waited) return std::unexpected(waited.error());
    }
  }
  std::shared_ptr<Stream> stream;
  Interrupt interrupt;
};

std::string error(int code) {
  return "<" + std::to_string(code) + ">";
}

TEST(Stream, Memory) {
  Reader none(Stream::none());
  EXPECT_EQ(none.read(10), "");
  EXPECT_EQ(none.write("gone"), "4");
  Reader input(Stream::input("text"));
  EXPECT_EQ(input.read(3), "tex");
  EXPECT_EQ(input.stream->available(), 1u);
  EXPECT_EQ(input.read(3), "t");
  EXPECT_EQ(input.write("x"), error(EBADF));
  Reader output(Stream::output(5));
  EXPECT_EQ(output.write("abc"), "3");
  EXPECT_EQ(output.write("defg"), "2");
  EXPECT_EQ(output.write("h"), error(ENOSPC));
  EXPECT_EQ(output.stream->contents(), "abcde");
  EXPECT_EQ(output.stream->poll_fd(), -1);
}

TEST(Stream, Functions) {
  std::vector<std::string> texts = {"one", "", "three"};
  std::string got;
  Reader in(Stream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    if (texts.empty()) return std::unexpected(Error("no more"));
    auto text = texts.front();
    texts.erase(texts.begin());
    std::ranges::copy(text, to.begin());
    return text.size();
  }));
  EXPECT_EQ(in.read(2), "on");
  EXPECT_EQ(in.stream->available(), 1u);
  EXPECT_EQ(in.read(2, Blocking::No), "e");
  EXPECT_EQ(in.read(10), "") << "the end, so far";
  EXPECT_EQ(in.read(10), "three");
  EXPECT_EQ(in.stream->prepare().error().code, EIO);
  EXPECT_EQ(in.write("x"), error(EBADF));
  Reader out(Stream::writer([&](std::span<const uint8_t> from) -> Result<size_t> {
    if (from.empty()) return std::unexpected(Error("nothing"));
    got.append(from.begin(), from.end());
    return from.size();
  }));
  EXPECT_EQ(out.write("text"), "4");
  EXPECT_EQ(out.write(""), error(EIO));
  EXPECT_EQ(got, "text");
  size_t taken = std::stoul(out.write(std::string(10'000'000, 'x')));
  EXPECT_LE(taken, 64u * 1024) << "no buffer is as large as a guest chooses";
  EXPECT_GT(taken, 0u);
  EXPECT_EQ(in.stream->poll_fd(), -1);
}

TEST(Stream, WhatOneTakesTheOtherAsksForAgain) {
  int calls = 0;
  auto stream = Stream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    ++calls;
    to[0] = 'x';
    return 1;
  });
  Interrupt interrupt;
  char byte;
  iovec part{&byte, 1};
  ASSERT_TRUE(stream->prepare());
  EXPECT_EQ(stream->read({&part, 1}, interrupt), os::SysResult<size_t>(1)) << "another guest's";
  EXPECT_EQ(stream->read({&part, 1}, interrupt).error().code, EAGAIN);
  ASSERT_TRUE(stream->wait(Direction::In, interrupt));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(stream->read({&part, 1}, interrupt), os::SysResult<size_t>(1));
  interrupt.raise();
  EXPECT_EQ(stream->wait(Direction::In, interrupt).error(), os::kInterrupted);
  EXPECT_EQ(calls, 2);
}

TEST(Stream, NothingDeliveredMeanwhileIsLost) {
  std::shared_ptr<Stream> stream;
  int calls = 0;
  stream = Stream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    to[0] = static_cast<uint8_t>('a' + calls);
    if (++calls == 1) {
      EXPECT_TRUE(stream->prepare()) << "as another guest's thread would";
    }
    return 1;
  });
  Reader in(stream);
  EXPECT_EQ(in.read(2), "ba");
}

TEST(Stream, FilesAreNeverWaitedFor) {
  char name[] = "/tmp/vitrine-stream-XXXXXX";
  os::FileDescriptor file(::mkstemp(name));
  ::unlink(name);
  Reader stream(Stream::inherit(file.get()));
  EXPECT_EQ(stream.write("0123"), "4");
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 4) << "the position is shared, as a child process would share it";
  ::lseek(file.get(), 1, SEEK_SET);
  EXPECT_EQ(stream.read(10), "123");
  EXPECT_EQ(stream.stream->poll_fd(), -1);
  EXPECT_FALSE(stream.stream->is_terminal());
}

TEST(Stream, Devices) {
  for (const char* device : {"/dev/null", "/dev/zero"}) {
    os::FileDescriptor fd(::open(device, O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(fd);
    Reader stream(Stream::inherit(fd.get()));
    EXPECT_EQ(stream.write(std::string(50'000, 'x')), "50000") << device;
    EXPECT_EQ(stream.read(4), device == std::string_view("/dev/null") ? std::string() : std::string(4, '\0')) << device;
    EXPECT_EQ(stream.read(1, Blocking::No).size(), device == std::string_view("/dev/null") ? 0u : 1u) << device;
  }
}

// A terminal, whose other end the test holds.
struct Terminal {
  Terminal() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) return;
    slave = os::FileDescriptor(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    ::tcgetattr(slave.get(), &settings);
    ::cfmakeraw(&settings);
    ::tcsetattr(slave.get(), TCSANOW, &settings);
  }
  os::FileDescriptor master, slave;
};

TEST(Stream, Terminals) {
  Terminal terminal;
  if (!terminal.slave) GTEST_SKIP() << "no pseudo-terminals here";
  int flags = ::fcntl(terminal.slave.get(), F_GETFL);
  Reader stream(Stream::inherit(terminal.slave.get()));
  EXPECT_TRUE(stream.stream->is_terminal());
  EXPECT_EQ(stream.read(10, Blocking::No), error(EAGAIN));
  ASSERT_EQ(::write(terminal.master.get(), "line", 4), 4);
  EXPECT_EQ(stream.read(10), "line");
  EXPECT_EQ(stream.write("out"), "3");
  char buffer[10];
  EXPECT_EQ(::read(terminal.master.get(), buffer, sizeof buffer), 3);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    stream.interrupt.raise();
  });
  EXPECT_EQ(stream.read(10), error(os::kInterrupted.code));
  later.join();
  EXPECT_EQ(::fcntl(terminal.slave.get(), F_GETFL), flags) << "others have this open file, too";
}

TEST(Stream, SharedPipesKeepTheirFlags) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  os::FileDescriptor read(fds[0]), write(fds[1]);
  Reader in(Stream::inherit(read.get())), out(Stream::inherit(write.get()));
  EXPECT_EQ(in.read(1, Blocking::No), error(EAGAIN));
  EXPECT_EQ(out.write("ab"), "2");
  EXPECT_EQ(in.stream->available(), 2u);
  EXPECT_EQ(in.read(10), "ab");
  std::string big(1 << 20, 'x');
  size_t taken = std::stoul(out.write(big, Blocking::No));
  EXPECT_GT(taken, 0u);
  EXPECT_LT(taken, big.size());
  EXPECT_EQ(out.write("x", Blocking::No), error(EAGAIN));
  EXPECT_FALSE(::fcntl(read.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_FALSE(::fcntl(write.get(), F_GETFL) & O_NONBLOCK);
  write.reset();
  while (in.read(65536) != "") {
  }
}

TEST(Stream, Sockets) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  os::FileDescriptor peer(fds[1]);
  Reader stream(Stream::from_fd(os::FileDescriptor(fds[0])));
  EXPECT_EQ(stream.write("ping"), "4");
  ASSERT_EQ(::send(peer.get(), "pong", 4, 0), 4);
  EXPECT_EQ(stream.read(10), "pong");
  peer.reset();
  EXPECT_EQ(stream.write("x"), error(EPIPE)) << "and no signal";
}

TEST(Stream, ASignalThatIsNoLongerIgnoredEndsNobody) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  auto before = ::signal(SIGPIPE, SIG_IGN);
  Reader out(Stream::from_fd(os::FileDescriptor(fds[1])));
  ::signal(SIGPIPE, SIG_DFL);
  ::close(fds[0]);
  EXPECT_EQ(out.write("x"), error(EPIPE));
  ::signal(SIGPIPE, before);
}

TEST(Interrupt, StaysRaised) {
  Interrupt interrupt;
  EXPECT_TRUE(interrupt.sleep_until(0));
  interrupt.raise();
  interrupt.raise();
  EXPECT_TRUE(interrupt.raised());
  EXPECT_EQ(interrupt.sleep_until(std::nullopt).error(), os::kInterrupted);
  EXPECT_EQ(interrupt.sleep_until(0).error(), os::kInterrupted);
}

TEST(Denials, AreBoundedAndDistinct) {
  Denials denials;
  for (int i = 0; i < 1000; ++i) denials.record({.subject = std::to_string(i % 500)});
  EXPECT_EQ(denials.all().size(), Denials::kMaxDenials);
  EXPECT_EQ(denials.count(), 1000u);
  EXPECT_EQ(denials.unlisted(), 1000u - 2 * Denials::kMaxDenials);
  EXPECT_EQ(denials.all()[1].subject, "1");
}

// How many descriptors a guest may have changes all the time.
TEST(Denials, OfOneLimitAreOne) {
  Denials denials;
  for (uint64_t limit = 10; limit < 100; ++limit) {
    denials.record({.reason = Denial::Reason::Limit, .subject = "a", .limit = limit});
    denials.record({.reason = Denial::Reason::Limit, .subject = "b", .limit = limit + 1});
  }
  ASSERT_EQ(denials.all().size(), 2u);
  EXPECT_EQ(denials.all()[0].limit, 99u);
  EXPECT_EQ(denials.all()[1].limit, 100u);
}

/// Forks while other threads do `work`, and does it in the child too.
template <class Work>
void fork_beside(Work work) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers' own locks are not made for a fork beside other threads";
#endif
  std::atomic<int> done{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&](const std::stop_token& stop) {
      for (; !stop.stop_requested(); ++done) work();
    });
  }
  while (done < 4) std::this_thread::yield();
  for (int i = 0; i < 20 && !testing::Test::HasFailure(); ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(10);
      work();
      ::_exit(0);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

TEST(Stream, OfSeveralThreadsGoesOnInAChildOfFork) {
  Reader output(Stream::output());
  const std::string text(1 << 16, 'x');
  for (int i = 0; i < 16; ++i) ASSERT_EQ(output.write(text), "65536");
  fork_beside([&] { (void)output.stream->contents(); });
}

TEST(Denials, OfSeveralThreadsGoOnInAChildOfFork) {
  Denials denials;
  for (size_t i = 0; i < Denials::kMaxDenials; ++i) {
    Denial denial;
    denial.subject = std::string(1000, 'x') + std::to_string(i);
    denials.record(std::move(denial));
  }
  fork_beside([&] { (void)denials.all(); });
}

}  // namespace
}  // namespace vitrine::wasi::host
