#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <span>
#include <thread>

#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

// Stdin and stdout are pipes whose other ends the test holds.
class Piped : public Guest {
 protected:
  void configure(host::Grants& grants) override {
    int in[2], out_pipe[2];
    ASSERT_EQ(::pipe(in), 0);
    ASSERT_EQ(::pipe(out_pipe), 0);
    grants.stdio[0] = host::Stream::from_fd(os::FileDescriptor(in[0]));
    grants.stdio[1] = host::Stream::from_fd(os::FileDescriptor(out_pipe[1]));
    to_guest = os::FileDescriptor(in[1]);
    from_guest = os::FileDescriptor(out_pipe[0]);
  }
  static constexpr uint32_t kSubs = 8192, kEvents = 32768;
  void subscribe_clock(int i, uint64_t userdata, uint32_t id, uint64_t timeout, uint16_t flags = 0) {
    uint32_t at = kSubs + static_cast<uint32_t>(i) * 48;
    put(at, userdata);
    put(at + 8, uint64_t{0});
    put(at + 16, uint64_t{id});
    put(at + 24, timeout);
    put(at + 32, uint64_t{0});
    put(at + 40, uint64_t{flags});
  }
  void subscribe_fd(int i, uint64_t userdata, uint8_t type, uint32_t fd) {
    uint32_t at = kSubs + static_cast<uint32_t>(i) * 48;
    put(at, userdata);
    put(at + 8, uint64_t{type});
    put(at + 16, uint64_t{fd});
  }
  std::string poll(uint32_t n) { return call("poll_oneoff", {kSubs, kEvents, n, kOut}); }
  uint32_t count() const { return get<uint32_t>(kOut); }
  struct Event {
    uint64_t userdata;
    Errno error;
    uint8_t type;
    uint64_t bytes;
    uint16_t flags;
  };
  Event event(uint32_t i) const {
    uint32_t at = kEvents + i * 32;
    return {get<uint64_t>(at), static_cast<Errno>(get<uint16_t>(at + 8)), get<uint8_t>(at + 10), get<uint64_t>(at + 16),
            get<uint16_t>(at + 24)};
  }
  /// Interrupts the guest a little after `work` has begun, and answers how long that took. Goes on with another guest.
  template <class Work>
  std::chrono::milliseconds interrupted(Work&& work) {
    auto begin = std::chrono::steady_clock::now();
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      context->interrupt();
    });
    work();
    other.join();
    const auto end = std::chrono::steady_clock::now();
    make();
    return std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
  }

  os::FileDescriptor to_guest, from_guest;
};

TEST_F(Piped, ASleep) {
  auto before = std::chrono::steady_clock::now();
  subscribe_clock(0, 77, clockid::kMonotonic, 20'000'000);
  EXPECT_EQ(poll(1), "success");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(20));
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(event(0).userdata, 77u);
  EXPECT_EQ(event(0).type, eventtype::kClock);
  EXPECT_EQ(event(0).error, Errno::Success);
  subscribe_clock(0, 78, clockid::kRealtime, 0);
  EXPECT_EQ(poll(1), "success");
  subscribe_clock(0, 79, clockid::kRealtime, 1, kSubclockAbstime);  // 1970
  EXPECT_EQ(poll(1), "success");
  ASSERT_EQ(call("clock_time_get", {clockid::kRealtime, 0, kOut}), "success");
  subscribe_clock(0, 79, clockid::kRealtime, get<uint64_t>(kOut) + 10'000'000, kSubclockAbstime);
  EXPECT_EQ(poll(1), "success");
  EXPECT_EQ(poll(0), "inval");
  subscribe_clock(0, 1, clockid::kProcessCputime, 1);
  EXPECT_EQ(poll(1), "inval");
  subscribe_clock(0, 1, clockid::kMonotonic, 1, 2);
  EXPECT_EQ(poll(1), "inval");
  subscribe_fd(0, 1, 3, 0);
  EXPECT_EQ(poll(1), "inval");
  EXPECT_EQ(poll(20'000), "inval");
}

class WithoutClocks : public Piped {
  void configure(host::Grants& grants) override {
    Piped::configure(grants);
    grants.wall_clock = grants.monotonic_clock = {};
  }
};

TEST_F(WithoutClocks, NobodySleeps) {
  auto before = std::chrono::steady_clock::now();
  for (uint32_t id : {clockid::kMonotonic, clockid::kRealtime}) {
    for (uint16_t flags : {uint16_t{0}, kSubclockAbstime}) {
      subscribe_clock(0, 1, id, 10'000'000'000, flags);
      EXPECT_EQ(poll(1), "perm") << "a lone clock " << id << " flags " << flags;
      subscribe_fd(1, 2, eventtype::kFdRead, 0);
      EXPECT_EQ(poll(2), "perm") << "with a descriptor";
    }
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_FALSE(context->denials().all().empty());
  subscribe_fd(0, 2, eventtype::kFdWrite, 1);
  EXPECT_EQ(poll(1), "success") << "descriptors need no clock";
}

TEST_F(Piped, TheOlderClockSubscription) {
  put(kSubs, uint64_t{5});
  put(kSubs + 8, uint64_t{0});
  put(kSubs + 16, uint64_t{123});  // an identifier
  put(kSubs + 24, uint64_t{clockid::kMonotonic});
  put(kSubs + 32, uint64_t{5'000'000});
  put(kSubs + 40, uint64_t{0});
  put(kSubs + 48, uint64_t{0});
  auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(call(Abi::Unstable, "poll_oneoff", {kSubs, kEvents, 1, kOut}), "success");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(5));
  EXPECT_EQ(event(0).userdata, 5u);
}

TEST_F(Piped, WhatIsReady) {
  ASSERT_EQ(open(kRw, "file"), "success");
  subscribe_clock(0, 1, clockid::kMonotonic, 10'000'000'000);
  subscribe_fd(1, 2, eventtype::kFdRead, 0);
  subscribe_fd(2, 3, eventtype::kFdWrite, 1);
  subscribe_fd(3, 4, eventtype::kFdRead, opened);
  subscribe_fd(4, 5, eventtype::kFdRead, 99);
  subscribe_fd(5, 6, eventtype::kFdWrite, 0);
  EXPECT_EQ(poll(6), "success");
  ASSERT_EQ(count(), 4u) << "in order, and only those";
  EXPECT_EQ(event(0).userdata, 3u);
  EXPECT_EQ(event(0).type, eventtype::kFdWrite);
  EXPECT_EQ(event(1).userdata, 4u);
  EXPECT_EQ(event(1).bytes, 10u);
  EXPECT_EQ(event(2).userdata, 5u);
  EXPECT_EQ(event(2).error, Errno::BadF);
  EXPECT_EQ(event(3).error, Errno::BadF) << "stdin cannot be written";

  ASSERT_EQ(::write(to_guest.get(), "abc", 3), 3);
  EXPECT_EQ(poll(2), "success");
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(event(0).userdata, 2u);
  EXPECT_EQ(event(0).bytes, 3u);
  EXPECT_EQ(event(0).flags, 0u);
  EXPECT_EQ(read(0, 10), "abc");
  subscribe_clock(0, 1, clockid::kMonotonic, 5'000'000);
  EXPECT_EQ(poll(2), "success");
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(event(0).userdata, 1u) << "time was up";
  to_guest.reset();
  subscribe_clock(0, 1, clockid::kMonotonic, 10'000'000'000);
  EXPECT_EQ(poll(2), "success");
  EXPECT_EQ(event(0).userdata, 2u);
  EXPECT_EQ(event(0).flags, kEventHangup);
  EXPECT_EQ(read(0, 10), "");
}

// The system takes no more than a process may have open: one of each descriptor does, however often it is named.
TEST_F(Piped, MoreThanAProcessMayHaveOpen) {
  constexpr uint32_t kMany = 150;
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few{.rlim_cur = 100, .rlim_max = before.rlim_max};
  for (uint32_t i = 0; i < kMany; ++i)
    subscribe_fd(static_cast<int>(i), i, i % 2 ? eventtype::kFdWrite : eventtype::kFdRead, i % 2);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const uint32_t events = kSubs + kMany * 48;
  EXPECT_EQ(call("poll_oneoff", {kSubs, events, kMany, kOut}), "success");
  EXPECT_EQ(count(), kMany / 2) << "stdout can be written";
  EXPECT_EQ(get<uint64_t>(events + 32), 3u);
  ASSERT_EQ(::write(to_guest.get(), "x", 1), 1);
  EXPECT_EQ(call("poll_oneoff", {kSubs, events, kMany, kOut}), "success");
  EXPECT_EQ(count(), kMany);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(Piped, NonblockingStdio) {
  EXPECT_EQ(call("fd_fdstat_set_flags", {0, fdflags::kNonblock}), "success");
  EXPECT_EQ(read(0, 10), "<again>");
  EXPECT_EQ(::fcntl(to_guest.get(), F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(::write(to_guest.get(), "x", 1), 1);
  EXPECT_EQ(read(0, 10), "x");
}

TEST_F(Piped, AReaderThatIsBehind) {
  std::string big(1'000'000, 'z');
  std::string got;
  std::thread reader([&] {
    char buffer[10'000];
    while (got.size() < 900'000) {
      ssize_t n = ::read(from_guest.get(), buffer, sizeof buffer);
      if (n <= 0) break;
      got.append(buffer, static_cast<size_t>(n));
    }
  });
  std::memset(memory.data() + 100'000, 'z', 900'000);
  EXPECT_EQ(call("fd_write", {1, iovec({{100'000, 400'000}, {500'000, 500'000}}), 2, kOut}), "success");
  EXPECT_EQ(count(), 900'000u) << "a blocking write is a whole one";
  reader.join();
  EXPECT_EQ(got.size(), 900'000u);
  from_guest.reset();
  EXPECT_EQ(write(1, "x"), "pipe") << "and no signal";
}

TEST_F(Piped, TooManyGrants) {
  host::Grants grants;
  grants.max_open_files = 3;
  ASSERT_TRUE(grants.add_directory(base, "/", host::Access::ReadOnly));
  auto made = host::Context::make(std::move(grants));
  ASSERT_TRUE(made);
  auto p1 = P1State::make(*made);
  ASSERT_FALSE(p1);
  EXPECT_EQ(p1.error().kind(), ErrorKind::Limit);
}

// A listening socket, a connected pair.
class Sockets : public Piped {
 protected:
  void configure(host::Grants& grants) override {
    Piped::configure(grants);
    os::FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    peer = os::FileDescriptor(pair[1]);
    grants.sockets.push_back({std::move(listener), "127.0.0.1"});
    grants.sockets.push_back({os::FileDescriptor(pair[0]), "a pair"});
  }
  os::FileDescriptor connect() {
    os::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  std::string send(uint32_t fd, std::string_view what) {
    return call("sock_send", {fd, iovec({{string(what), static_cast<uint32_t>(what.size())}}), 1, 0, kOut});
  }
  std::string receive(uint32_t fd, uint32_t n, uint32_t flags = 0) {
    auto result = call("sock_recv", {fd, iovec({{4096, n}}), 1, flags, kOut, kOut + 4});
    return result == "success" ? text(4096, count()) : "<" + result + ">";
  }
  static constexpr uint32_t kListener = 5, kPair = 6;
  sockaddr_in address{};
  os::FileDescriptor peer;
};

TEST_F(Sockets, AcceptSendReceive) {
  EXPECT_EQ(call("fd_fdstat_get", {kListener, kOut}), "success");
  EXPECT_EQ(get<uint8_t>(kOut), filetype::kSocketStream);
  EXPECT_EQ(call("fd_fdstat_set_flags", {kListener, fdflags::kNonblock}), "success");
  EXPECT_EQ(call("sock_accept", {kListener, 0, kOut}), "again");
  EXPECT_EQ(call("fd_fdstat_set_flags", {kListener, 0}), "success");
  auto client = connect();
  EXPECT_EQ(call("sock_accept", {kListener, fdflags::kNonblock, kOut}), "success");
  uint32_t connection = get<uint32_t>(kOut);
  EXPECT_EQ(connection, 7u);
  EXPECT_EQ(receive(connection, 10), "<again>");
  EXPECT_EQ(::send(client.get(), "question", 8, 0), 8);
  subscribe_fd(0, 9, eventtype::kFdRead, connection);
  EXPECT_EQ(poll(1), "success");
  EXPECT_EQ(event(0).bytes, 8u);
  EXPECT_EQ(receive(connection, 4, kRiPeek), "ques");
  EXPECT_EQ(receive(connection, 100), "question");
  EXPECT_EQ(send(connection, "answer"), "success");
  EXPECT_EQ(count(), 6u);
  EXPECT_EQ(write(connection, "s"), "success") << "fd_write works on sockets, too";
  char buffer[16];
  EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 7);
  EXPECT_EQ(call("sock_shutdown", {connection, kSdWr}), "success");
  EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 0);
  EXPECT_EQ(send(connection, "x"), "pipe");
  EXPECT_EQ(call("sock_shutdown", {connection, 0}), "inval");
  EXPECT_EQ(call("sock_shutdown", {connection, 4}), "inval");
  EXPECT_EQ(call("sock_accept", {kListener, fdflags::kAppend, kOut}), "inval");
  EXPECT_EQ(call("sock_accept", {connection, 0, kOut}), "inval");
  EXPECT_EQ(call("fd_filestat_get", {connection, kOut}), "success");
  EXPECT_EQ(get<uint8_t>(kOut + 16), filetype::kSocketStream);
}

// A connection of a listening socket is used by its grant.
TEST_F(Sockets, UsesAreCounted) {
  auto clients = {connect(), connect()};
  for (const auto& client : clients) {
    EXPECT_EQ(call("sock_accept", {kListener, 0, kOut}), "success");
    EXPECT_EQ(send(get<uint32_t>(kOut), "abc"), "success");
    char buffer[8];
    EXPECT_EQ(::recv(client.get(), buffer, sizeof buffer, 0), 3);
  }
  std::map<host::Verb, std::pair<uint64_t, uint64_t>> uses;
  for (const WasiUse& use : context->usage()) {
    if (use.grant == "127.0.0.1") uses[use.verb] = {use.uses, use.bytes};
  }
  using Count = std::pair<uint64_t, uint64_t>;
  EXPECT_EQ(uses[host::Verb::Accept], (Count{2, 0}));
  EXPECT_EQ(uses[host::Verb::Send], (Count{2, 6}));
}

// Two subscriptions of one descriptor are answered apart.
TEST_F(Sockets, AreReadyOneWayOrBoth) {
  subscribe_fd(0, 1, eventtype::kFdRead, kPair);
  subscribe_fd(1, 2, eventtype::kFdWrite, kPair);
  EXPECT_EQ(poll(2), "success");
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(event(0).type, eventtype::kFdWrite);
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  EXPECT_EQ(poll(2), "success");
  ASSERT_EQ(count(), 2u);
  EXPECT_EQ(event(0).bytes, 1u);
}

// What is refused for want of a number names the socket, as what is for want of a descriptor.
class FewSockets : public Sockets {
  void configure(host::Grants& grants) override {
    Sockets::configure(grants);
    grants.max_open_files = 7;
  }
};

TEST_F(FewSockets, ADenialNamesTheSocket) {
  EXPECT_EQ(call("sock_accept", {kListener, 0, kOut}), "mfile");
  auto denials = context->denials().all();
  ASSERT_EQ(denials.size(), 1u);
  EXPECT_EQ(denials[0].subject, "127.0.0.1");
  EXPECT_EQ(call("fd_fdstat_set_flags", {kListener, fdflags::kNonblock}), "success");
  EXPECT_EQ(call("fd_filestat_get", {kListener, kOut}), "success");
  std::vector<host::Verb> verbs;
  for (const auto& use : context->usage()) verbs.push_back(use.verb);
  EXPECT_EQ(verbs, (std::vector{host::Verb::Stat, host::Verb::SetFlags}));
}

TEST_F(Sockets, WaitForAll) {
  std::thread other([&] {
    EXPECT_EQ(::send(peer.get(), "one", 3, 0), 3);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(::send(peer.get(), "two", 3, 0), 3);
    peer.reset();
  });
  EXPECT_EQ(receive(kPair, 6, kRiWaitall), "onetwo");
  EXPECT_EQ(receive(kPair, 6, kRiWaitall), "") << "the end";
  other.join();
}

TEST_F(Sockets, OnlySocketsAreSockets) {
  for (uint32_t fd : {0u, 1u, kRw}) {
    EXPECT_EQ(call("sock_accept", {fd, 0, kOut}), "notsock");
    EXPECT_EQ(receive(fd, 1), "<notsock>");
    EXPECT_EQ(send(fd, "x"), "notsock");
    EXPECT_EQ(call("sock_shutdown", {fd, 1}), "notsock");
  }
  EXPECT_EQ(call("sock_shutdown", {99, 1}), "badf");
  EXPECT_EQ(send(99, "x"), "badf");
  EXPECT_EQ(open(kPair, "x"), "notdir");
  EXPECT_EQ(seek(kPair, 0, 0), "spipe");
  EXPECT_EQ(call("fd_prestat_get", {kListener, kOut}), "badf");
  EXPECT_EQ(call("sock_send", {kPair, iovec({{4096, 1}}), 1, 1, kOut}), "inval");
  EXPECT_EQ(receive(kPair, 1, 4), "<inval>");
}

TEST_F(Sockets, EveryBlockingCallCanBeInterrupted) {
  const std::string trap = "trap: interrupt";
  constexpr auto kSoon = std::chrono::milliseconds(2000);
  uint32_t buffer = iovec({{4096, 100'000}});
  subscribe_clock(0, 1, clockid::kMonotonic, UINT64_MAX);
  EXPECT_LT(interrupted([&] { EXPECT_EQ(poll(1), trap); }), kSoon);
  subscribe_fd(1, 2, eventtype::kFdRead, 0);
  EXPECT_LT(interrupted([&] { EXPECT_EQ(poll(2), trap); }), kSoon);
  EXPECT_LT(interrupted([&] { EXPECT_EQ(call("fd_read", {0, buffer, 1, kOut}), trap); }), kSoon);
  EXPECT_LT(interrupted([&] {
              std::string last = "success";
              for (int i = 0; i < 100 && last == "success"; ++i) last = call("fd_write", {1, buffer, 1, kOut});
              EXPECT_EQ(last, trap);
            }),
            kSoon)
      << "a full pipe";
  EXPECT_LT(interrupted([&] { EXPECT_EQ(call("sock_accept", {kListener, 0, kOut}), trap); }), kSoon);
  EXPECT_LT(interrupted([&] { EXPECT_EQ(call("sock_recv", {kPair, buffer, 1, 0, kOut, kOut + 4}), trap); }), kSoon);
  EXPECT_LT(interrupted([&] { EXPECT_EQ(call("sock_recv", {kPair, buffer, 1, kRiWaitall, kOut, kOut + 4}), trap); }),
            kSoon);
  EXPECT_LT(interrupted([&] {
              std::string last = "success";
              for (int i = 0; i < 100 && last == "success"; ++i) last = call("sock_send", {kPair, buffer, 1, 0, kOut});
              EXPECT_EQ(last, trap);
            }),
            kSoon);
  ASSERT_EQ(::mkfifo((base + "/rw/fifo").c_str(), 0644), 0);
  os::FileDescriptor writer(::open((base + "/rw/fifo").c_str(), O_RDWR));
  ASSERT_EQ(open(kRw, "fifo", 0, rights::kFdRead), "success");
  uint32_t fifo = opened;
  EXPECT_LT(interrupted([&] { EXPECT_EQ(call("fd_read", {fifo, buffer, 1, kOut}), trap); }), kSoon);
  context->interrupt();
  EXPECT_EQ(call("sched_yield", {}), trap);
  EXPECT_EQ(call("random_get", {4096, 100}), trap);
}

// A memory that has grown, and is somewhere else, after whatever the guest waited for.
class Moving : public Sockets {
 protected:
  void configure(host::Grants& grants) override {
    Sockets::configure(grants);
    grants.stdio[2] = host::Stream::writer([this](std::span<const uint8_t> bytes) -> Result<size_t> {
      may_move = true;
      return bytes.size();
    });
  }
  /// Calls while another thread, a little later, lets the memory move at the next look and then does `meanwhile`.
  template <class Meanwhile>
  std::string call_moving(std::string_view name, std::initializer_list<uint64_t> args, Meanwhile&& meanwhile) {
    may_move = false;
    has_moved = false;
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      may_move = true;
      meanwhile();
    });
    auto where = [](void* self) { return static_cast<Moving*>(self)->look(); };
    auto result = call_function(*state, GuestMemory(where, this), Abi::Preview1, name, args);
    other.join();
    EXPECT_TRUE(has_moved) << name;
    // Nothing was read or written where it was.
    EXPECT_TRUE(std::ranges::all_of(before, [](uint8_t byte) { return byte == 0xdd; })) << name;
    return result;
  }
  std::span<uint8_t> look() {
    if (may_move.exchange(false)) {
      before = memory;
      before.swap(memory);
      std::ranges::fill(before, 0xdd);
      has_moved = true;
    }
    return memory;
  }
  std::vector<uint8_t> before;
  std::atomic<bool> may_move = false;
  bool has_moved = false;
};

TEST_F(Moving, BuffersAreLookedUpAgainAfterEveryWait) {
  uint32_t buffer = iovec({{4096, 4}});
  EXPECT_EQ(call_moving("fd_read", {0, buffer, 1, kOut}, [&] { EXPECT_EQ(::write(to_guest.get(), "late", 4), 4); }),
            "success");
  EXPECT_EQ(text(4096, count()), "late");
  EXPECT_EQ(call_moving("sock_recv", {kPair, buffer, 1, 0, kOut, kOut + 4},
                        [&] { EXPECT_EQ(::send(peer.get(), "sent", 4, 0), 4); }),
            "success");
  EXPECT_EQ(text(4096, count()), "sent");
  EXPECT_EQ(call_moving("sock_recv", {kPair, buffer, 1, kRiWaitall, kOut, kOut + 4},
                        [&] { EXPECT_EQ(::send(peer.get(), "both", 4, 0), 4); }),
            "success");
  EXPECT_EQ(text(4096, count()), "both");
  // A function of the embedder's is as good as a wait.
  EXPECT_EQ(call_moving("fd_write", {2, buffer, 1, kOut}, [] {}), "success");
  EXPECT_EQ(count(), 4u);
  os::FileDescriptor client;
  EXPECT_EQ(call_moving("sock_accept", {kListener, 0, kOut}, [&] { client = connect(); }), "success");
  EXPECT_EQ(count(), 7u);
  // More than a pipe holds: the rest is written from where it is then.
  std::string big(200'000, 'x'), got;
  uint32_t bytes = iovec({{string(big), static_cast<uint32_t>(big.size())}});
  EXPECT_EQ(call_moving("fd_write", {1, bytes, 1, kOut},
                        [&] {
                          char part[4096];
                          while (got.size() < big.size()) {
                            ssize_t n = ::read(from_guest.get(), part, sizeof part);
                            if (n <= 0) break;
                            got.append(part, static_cast<size_t>(n));
                          }
                        }),
            "success");
  EXPECT_EQ(got, big);
  EXPECT_EQ(count(), big.size());
}

TEST_F(Moving, EventsAreWrittenWhereTheMemoryIsAfterTheWait) {
  subscribe_clock(0, 77, clockid::kMonotonic, 60'000'000);
  EXPECT_EQ(call_moving("poll_oneoff", {kSubs, kEvents, 1, kOut}, [] {}), "success");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(event(0).userdata, 77u);
  subscribe_clock(0, 1, clockid::kMonotonic, UINT64_MAX);
  subscribe_fd(1, 78, eventtype::kFdRead, 0);
  EXPECT_EQ(
      call_moving("poll_oneoff", {kSubs, kEvents, 2, kOut}, [&] { EXPECT_EQ(::write(to_guest.get(), "x", 1), 1); }),
      "success");
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(event(0).userdata, 78u);
}

}  // namespace
}  // namespace vitrine::wasi::p1
