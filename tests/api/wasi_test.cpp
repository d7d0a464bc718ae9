// WASI through the public API: what is granted is there, and nothing else is.
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
    unwrap(wasi.add_to(linker));
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
  config.stdout_captured = true;
  Guest g(config, kWrite);
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.wasi.captured_stdout(), "hello, world\nhello, world\n");
  EXPECT_EQ(g.wasi.captured_stderr(), "");
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
  EXPECT_CONTAINS(create.wasi.denials()[0].what, "file.txt");
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

TEST(Wasi, ExitEndsTheGuest) {
  Engine engine = make_engine();
  Store store(engine);
  Linker linker(engine);
  Wasi wasi = unwrap(Wasi::make({}));
  unwrap(wasi.add_to(linker));
  Module module = compile(engine, R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 42)) (unreachable))))");
  auto result = unwrap(unwrap(linker.instantiate(store, module)).typed<void()>("_start"))();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::Exit);
  EXPECT_EQ(result.error().exit_status(), 42);
}

TEST(Wasi, StdinFromText) {
  WasiConfig config;
  config.stdin_text = "typed";
  Guest g(config, guest("fd_read", "i32 i32 i32 i32", "(i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)"));
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.word(200), 5u);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(g.memory().data()) + 1000, 5), "typed");
  EXPECT_EQ(g.run(), 0);
  EXPECT_EQ(g.word(200), 0u);
}

TEST(Wasi, ACapturedStreamIsBounded) {
  WasiConfig config;
  config.stdout_captured = true;
  config.capture_limit = 20;
  Guest g(config, kWrite);
  EXPECT_EQ(g.run(), 0);
  int32_t second = g.run();
  EXPECT_LE(g.wasi.captured_stdout().size(), 20u);
  EXPECT_TRUE(second != 0 || g.word(200) == 7);
}

}  // namespace
}  // namespace vitrine::testing
