// WASI through the public API: what is granted is there, and nothing else is.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "testing.hpp"

namespace vitrine::testing {
namespace {

/// A guest whose export "run" answers the errno of one WASI call made with constants.
std::string guest(std::string_view import, std::string_view params, std::string_view call) {
  return "(module (import \"wasi_snapshot_preview1\" \"" + std::string(import) + "\" (func $f (param " +
         std::string(params) + ") (result i32))) (memory (export \"memory\") 1) (func (export \"run\") (result i32) " +
         "(call $f " + std::string(call) + "))" +
         "(data (i32.const 1000) \"hello, world\\n\") (data (i32.const 100) \"\\e8\\03\\00\\00\\0d\\00\\00\\00\")" +
         "(data (i32.const 2000) \"file.txt\"))";
}

struct Guest {
  explicit Guest(const WasiConfig& config, const std::string& wat)
      : engine(make_engine()), store(engine), linker(engine), wasi(unwrap(Wasi::make(config))) {
    unwrap(Wasi::define(linker));
    unwrap(wasi.attach(store));
    instance = unwrap(linker.instantiate(store, compile(engine, wat)));
  }
  int32_t run() { return unwrap(unwrap(instance->typed<int32_t()>("run"))()); }
  std::span<uint8_t> memory() { return unwrap(instance->memory("memory")).data(); }
  uint32_t word(size_t at) {
    uint32_t v;
    std::memcpy(&v, memory().data() + at, 4);
    return v;
  }
  Engine engine;
  Store store;
  Linker linker;
  Wasi wasi;
  std::optional<Instance> instance;
};

constexpr int32_t kBadf = 8, kNotCapable = 76, kRofs = 69, kPerm = 63, kAcces = 2;

const std::string kWrite =
    guest("fd_write", "i32 i32 i32 i32", "(i32.const 1) (i32.const 100) (i32.const 1) (i32.const 200)");

TEST(Wasi, StdoutIsCaptured) {
  WasiConfig config;
  config.out = WasiStream::buffer();
  Guest g(config, kWrite);
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(config.out.contents(), "hello, world\nhello, world\n");
  EXPECT_EQ(config.err.contents(), "");
  EXPECT_EQ(g.word(200), 13u);
}

TEST(Wasi, NothingIsInheritedByDefault) {
  Guest env({}, guest("environ_sizes_get", "i32 i32", "(i32.const 8) (i32.const 12)"));
  EXPECT_EQ(env.run(), 0);
  EXPECT_EQ(env.word(8), 0u);
  Guest args({}, guest("args_sizes_get", "i32 i32", "(i32.const 8) (i32.const 12)"));
  EXPECT_EQ(args.run(), 0);
  EXPECT_EQ(args.word(8), 0u);
  Guest prestat({}, guest("fd_prestat_get", "i32 i32", "(i32.const 3) (i32.const 8)"));
  EXPECT_EQ(prestat.run(), kBadf);
}

TEST(Wasi, ArgumentsAndEnvironment) {
  WasiConfig config;
  config.args = {"prog", "a", "bc"};
  config.env = {{"K", "v"}, {"LONG", "value"}};
  Guest args(config, guest("args_get", "i32 i32", "(i32.const 8) (i32.const 64)"));
  EXPECT_EQ(args.run(), 0);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(args.memory().data()) + 64, 10), std::string("prog\0a\0bc\0", 10));
  Guest env(config, guest("environ_get", "i32 i32", "(i32.const 8) (i32.const 64)"));
  EXPECT_EQ(env.run(), 0);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(env.memory().data()) + 64, 4), std::string("K=v\0", 4));
}

std::string open_file(int oflags, const char* rights) {
  return guest("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32",
               "(i32.const 3) (i32.const 0) (i32.const 2000) (i32.const 8) (i32.const " + std::to_string(oflags) +
                   ") (i64.const " + rights + ") (i64.const 0) (i32.const 0) (i32.const 300)");
}

TEST(Wasi, DirectoriesAreReadOnlyUnlessSaid) {
  TemporaryFolder folder;
  const uint8_t text[] = {'x'};
  WasiConfig config;
  config.directories.push_back({folder.path(), "/data"});
  EXPECT_EQ(config.directories[0].access, WasiAccess::ReadOnly);
  constexpr int kCreate = 1;
  Guest create(config, open_file(kCreate, "0x42"));
  int32_t refused = create.run();
  EXPECT_TRUE(refused == kNotCapable || refused == kRofs || refused == kPerm || refused == kAcces) << refused;
  EXPECT_FALSE(std::filesystem::exists(folder / "file.txt"));
  ASSERT_FALSE(create.wasi.denials().empty());
  EXPECT_CONTAINS(create.wasi.denials()[0].subject, "file.txt");
  write_file(folder / "file.txt", text);
  EXPECT_EQ(Guest(config, open_file(0, "2")).run(), 0);
  config.directories[0].access = WasiAccess::ReadWrite;
  std::filesystem::remove(folder / "file.txt");
  EXPECT_EQ(Guest(config, open_file(kCreate, "0x42")).run(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "file.txt"));
}

TEST(Wasi, WhatCannotBeGrantedIsNamed) {
  WasiConfig config;
  config.directories.push_back({"/no/such/folder", "/data"});
  EXPECT_CONTAINS(message_of(Wasi::make(config)), "/no/such/folder");
}

TEST(Wasi, TheStreamsCountAsOpenFiles) {
  WasiConfig config;
  config.max_open_files = 2;
  EXPECT_EQ(message_of(Wasi::make(config)),
            "3 streams, 0 directories and 0 sockets are granted, more than max_open_files, which is 2");
  config.max_open_files = 3;
  EXPECT_TRUE(Wasi::make(config).has_value());
}

TEST(Wasi, ExitEndsTheGuest) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  Wasi wasi = unwrap(Wasi::make({}));
  unwrap(Wasi::define(linker));
  unwrap(wasi.attach(store));
  Module module = compile(engine, R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 42)) (unreachable))))");
  auto result = unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("_start"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Exit);
  EXPECT_EQ(result.error().exit_status(), 42);
}

TEST(Wasi, StdinFromText) {
  WasiConfig config;
  config.in = WasiStream::text("typed");
  Guest g(config, guest("fd_read", "i32 i32 i32 i32", "(i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)"));
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.word(200), 5u);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(g.memory().data()) + 1000, 5), "typed");
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.word(200), 0u);
}

TEST(Wasi, ACapturedStreamIsBounded) {
  WasiConfig config;
  config.out = WasiStream::buffer(20);
  Guest g(config, kWrite);
  EXPECT_EQ(g.run(), 0);
  int32_t second = g.run();
  EXPECT_LE(config.out.contents().size(), 20u);
  EXPECT_TRUE(second != 0 || g.word(200) == 7);
}

const std::string kRead =
    guest("fd_read", "i32 i32 i32 i32", "(i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)");

TEST(Wasi, BelongsToTheStore) {
  Engine engine = make_engine();
  Linker linker(engine);
  unwrap(Wasi::define(linker));
  Module module = compile(engine, kWrite);
  WasiConfig configs[2];
  std::vector<Store> stores;
  std::vector<TypedFunc<int32_t()>> runs;
  for (auto& config : configs) {
    config.out = WasiStream::buffer();
    stores.emplace_back(engine);
    unwrap(unwrap(Wasi::make(config)).attach(stores.back()));
    runs.push_back(unwrap(unwrap(linker.instantiate(stores.back(), module)).typed<int32_t()>("run")));
  }
  EXPECT_EQ(unwrap(runs[0]()), 0);
  EXPECT_EQ(unwrap(runs[1]()), 0);
  EXPECT_EQ(unwrap(runs[1]()), 0);
  EXPECT_EQ(configs[0].out.contents(), "hello, world\n");
  EXPECT_EQ(configs[1].out.contents(), "hello, world\nhello, world\n");

  Store without(engine);
  auto run = unwrap(unwrap(linker.instantiate(without, module)).typed<int32_t()>("run"));
  EXPECT_CONTAINS(message_of(run()), "fd_write was called in a store without a WASI context");
  // A guest is one store's, and a store has one guest.
  Wasi wasi = unwrap(Wasi::make({}));
  EXPECT_CONTAINS(message_of(wasi.attach(stores[0])), "has a WASI context already");
  unwrap(wasi.attach(without));
  EXPECT_EQ(unwrap(run()), 0);
  Store other(engine);
  EXPECT_CONTAINS(message_of(wasi.attach(other)), "another store's");
}

TEST(Wasi, StreamsOfTheEmbedders) {
  WasiConfig config;
  std::string written;
  config.out = WasiStream::writer([&](std::span<const uint8_t> from) -> Result<size_t> {
    written.append(from.begin(), from.end());
    return from.size();
  });
  EXPECT_EQ(Guest(config, kWrite).run(), 0);
  EXPECT_EQ(written, "hello, world\n");
  config.out = WasiStream::writer(
      [](std::span<const uint8_t>) -> Result<size_t> { return std::unexpected(Error("no more paper")); });
  constexpr int32_t kIo = 29;
  EXPECT_EQ(Guest(config, kWrite).run(), kIo);
  config.out = WasiStream::writer([](std::span<const uint8_t>) -> Result<size_t> { throw std::string("thrown"); });
  EXPECT_THROW(Guest(config, kWrite).run(), std::string);

  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  config.out = WasiStream::owned(fds[1]);
  EXPECT_EQ(Guest(config, kWrite).run(), 0);
  config.out = WasiStream();
  char buffer[20];
  EXPECT_EQ(::read(fds[0], buffer, sizeof buffer), 13);
  EXPECT_EQ(::read(fds[0], buffer, sizeof buffer), 0) << "closed with the stream";
  ::close(fds[0]);
}

TEST(Wasi, MemoryMayMoveWhileTheHostReads) {
  Config config;
  config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(0);
  Engine engine = unwrap(Engine::make(config));
  Store store(engine);
  Linker linker(engine);
  unwrap(Wasi::define(linker));
  std::optional<Instance> instance;
  WasiConfig grants;
  grants.in = WasiStream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    auto memory = unwrap(instance->memory("memory"));
    const uint8_t* before = memory.data().data();
    for (int i = 0; i < 20 && memory.data().data() == before; ++i) unwrap(memory.grow(50));
    EXPECT_NE(memory.data().data(), before);
    std::memcpy(to.data(), "late", 4);
    return 4;
  });
  Wasi wasi = unwrap(Wasi::make(grants));
  unwrap(wasi.attach(store));
  instance = unwrap(linker.instantiate(store, compile(engine, kRead)));
  EXPECT_EQ(unwrap(unwrap(instance->typed<int32_t()>("run"))()), 0);
  auto bytes = unwrap(instance->memory("memory")).data();
  EXPECT_EQ(std::string(reinterpret_cast<char*>(bytes.data()) + 1000, 4), "late");
  EXPECT_EQ(bytes[200], 4);
}

TEST(Wasi, AStreamMayEnterItsGuestAgain) {
  TemporaryFolder folder;
  const uint8_t text[] = {'x'};
  write_file(folder / "file.txt", text);
  WasiConfig config;
  config.directories.push_back({folder.path(), "/data"});
  std::optional<TypedFunc<int32_t()>> open;
  config.in = WasiStream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    // The table of its descriptors grows and moves.
    for (int i = 0; i < 100; ++i) EXPECT_EQ(unwrap((*open)()), 0);
    to[0] = 'x';
    return 1;
  });
  Guest reads(config, kRead);
  open = unwrap(
      unwrap(reads.linker.instantiate(reads.store, compile(reads.engine, open_file(0, "2")))).typed<int32_t()>("run"));
  EXPECT_EQ(reads.run(), 0);
  EXPECT_EQ(reads.word(200), 1u);
}

TEST(Wasi, WhatTrapsHasATrapAlsoWithoutFrames) {
  Engine engine = make_engine(Config().max_backtrace_frames(0));
  Store store(engine);
  Linker linker(engine);
  unwrap(Wasi::define(linker));
  unwrap(unwrap(Wasi::make({})).attach(store));
  Instance instance = unwrap(linker.instantiate(
      store, compile(engine, guest("fd_read", "i32 i32 i32 i32",
                                   "(i32.const 0) (i32.const 0x7ffffff0) (i32.const 1) (i32.const 200)"))));
  auto result = unwrap(instance.typed<int32_t()>("run"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Trap);
  ASSERT_NE(result.error().trap(), nullptr);
  EXPECT_EQ(result.error().trap()->frames().size(), 0u);
}

TEST(Wasi, GuestsShareAReader) {
  constexpr int kAll = 20'000;
  Engine engine = make_engine();
  Linker linker(engine);
  unwrap(Wasi::define(linker));
  Module module = compile(engine, R"((module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "\40\00\00\00\08")
    (func (export "count") (result i32) (local $n i32)
      (loop $l
        (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32)) (then unreachable))
        (local.set $n (i32.add (local.get $n) (i32.load (i32.const 32))))
        (br_if $l (i32.load (i32.const 32))))
      (local.get $n))))");
  std::atomic<int> given = 0, got = 0;
  auto in = WasiStream::reader([&](std::span<uint8_t> to) -> Result<size_t> {
    if (given.fetch_add(1) >= kAll) return 0;
    to[0] = 'x';
    return 1;
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        WasiConfig config;
        config.in = in;
        Store store(engine);
        unwrap(unwrap(Wasi::make(config)).attach(store));
        unwrap(store.cancel_after(std::chrono::seconds(60)));
        Instance instance = unwrap(linker.instantiate(store, module));
        got += unwrap(unwrap(instance.typed<int32_t()>("count"))());
      });
    }
  }
  EXPECT_EQ(got, kAll);
}

TEST(Wasi, ACancelledStoreWaitsForNothing) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  WasiConfig config;
  config.in = WasiStream::owned(fds[0]);
  Guest g(config, kRead);
  auto run = unwrap(g.instance->typed<int32_t()>("run"));
  CancelHandle handle = g.store.canceller();
  std::chrono::steady_clock::time_point cancelled;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    cancelled = std::chrono::steady_clock::now();
    handle.cancel();
  });
  auto result = run();
  auto ended = std::chrono::steady_clock::now();
  other.join();
  // As in a loop of the guest's own.
  expect_trap(result, TrapCode::Interrupt);
  EXPECT_EQ(result.error().message(), "wasm trap: interrupt");
  EXPECT_EQ(result.error().trap()->frames().size(), 1u);
  EXPECT_LT(ended - cancelled, std::chrono::seconds(1));
  ::close(fds[1]);
}

TEST(Wasi, RightsAreApart) {
  TemporaryFolder folder;
  WasiConfig config;
  config.directories.push_back({folder.path(), "/data", WasiAccess::CreateFiles | WasiAccess::WriteFiles});
  EXPECT_EQ(Guest(config, open_file(/*create*/ 1, "0x40")).run(), 0);
  Guest read(config, open_file(0, "2"));
  EXPECT_EQ(read.run(), kPerm);
  ASSERT_EQ(read.wasi.denials().size(), 1u);
  WasiDenial denial = read.wasi.denials()[0];
  EXPECT_EQ(denial.reason, WasiDenial::Reason::MissingRight);
  EXPECT_EQ(denial.verb, WasiVerb::OpenForReading);
  EXPECT_EQ(denial.subject, "/data/file.txt");
  EXPECT_EQ(denial.missing, WasiAccess::ReadFiles);
  EXPECT_EQ(denial.host, folder.path());
  EXPECT_EQ(to_string(denial), "open for reading \"/data/file.txt\"");
  Guest unlink(config, guest("path_unlink_file", "i32 i32 i32", "(i32.const 3) (i32.const 2000) (i32.const 8)"));
  EXPECT_EQ(unlink.run(), kPerm);
  EXPECT_TRUE(std::filesystem::exists(folder / "file.txt"));
}

TEST(Wasi, UsesAreCounted) {
  WasiConfig config;
  Guest g(config, kWrite);
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.run(), 0);
  auto usage = g.wasi.usage();
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_EQ(usage[0].grant, "stdout");
  EXPECT_EQ(usage[0].verb, WasiVerb::Write);
  EXPECT_EQ(usage[0].uses, 2u);
  EXPECT_EQ(usage[0].bytes, 26u);
}

// Guests that open all they can: each gets a part, and the host keeps its own.
TEST(Wasi, DenialsAreSaid) {
  WasiDenial denial{
      .reason = WasiDenial::Reason::MissingRight, .verb = WasiVerb::CreateSymlink, .subject = "s", .host = "/h"};
  EXPECT_EQ(to_string(denial), "create symlink \"s\"");
  EXPECT_EQ(to_string(WasiDenial{.verb = WasiVerb::ReadClock, .subject = "the wall clock"}), "read the wall clock");
}

TEST(Wasi, DescriptorsAreShared) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 400;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  TemporaryFolder folder;
  const uint8_t text[] = {'x'};
  write_file(folder / "file.txt", text);
  WasiConfig config;
  config.directories.push_back({folder.path(), "/data"});
  const std::string open = open_file(0, "2");
  std::vector<std::unique_ptr<Guest>> guests;
  std::vector<int> opened;
  constexpr int32_t kMfile = 33;
  for (int i = 0; i < 4; ++i) {
    guests.push_back(std::make_unique<Guest>(config, open));
    int32_t last = 0;
    int n = 0;
    for (; n < 1000 && (last = guests.back()->run()) == 0; ++n) {
    }
    EXPECT_EQ(last, kMfile);
    opened.push_back(n);
    auto denials = guests.back()->wasi.denials();
    ASSERT_FALSE(denials.empty());
    EXPECT_EQ(denials[0].reason, WasiDenial::Reason::Limit);
    EXPECT_CONTAINS(to_string(denials[0]), "/data/file.txt");
  }
  EXPECT_GE(opened[0], 100);
  for (int n : opened) EXPECT_GE(n, 8);
  // A guest and a module more, and files of the host's.
  Guest another(config, open);
  EXPECT_EQ(another.run(), 0);
  std::vector<std::ifstream> files(60);
  for (auto& file : files) {
    file.open(folder / "file.txt");
    EXPECT_TRUE(file.is_open());
  }
  guests.clear();
  int n = 0;
  while (n < 1000 && another.run() == 0) ++n;
  EXPECT_GE(n, opened[0] - 10) << "what the others had came back";
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace vitrine::testing
