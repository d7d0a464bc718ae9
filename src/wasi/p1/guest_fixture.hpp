// A guest for tests: memory, a context over temporary directories, and calls by name. No WebAssembly is involved.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "wasi/host/context.hpp"
#include "wasi/p1/abi.hpp"
#include "wasi/p1/functions.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine::wasi::p1 {

namespace fs = std::filesystem;

/// What a call came to: an errno by name ("success", "noent"), "trap: ..." or "exit: N".
inline std::string call_function(P1State& state, GuestMemory&& memory, Abi abi, std::string_view name,
                                 const std::vector<uint64_t>& args) {
  for (const P1Function& function : p1_functions(abi)) {
    if (function.name != name) continue;
    EXPECT_EQ(function.params.size(), args.size()) << name;
    std::vector<RawVal> values(args.size());
    std::ranges::transform(args, values.begin(), [](uint64_t arg) { return RawVal{.i64 = static_cast<int64_t>(arg)}; });
    const Answer<> answer = function.call(state, memory, values.data());
    if (answer) return function.has_result ? name_of(Errno::Success) : "";
    switch (answer.error().kind()) {
      case CallError::Kind::Trap:
        return "trap: " + *memory.take_trap();
      case CallError::Kind::Interrupt:
        return "trap: interrupt";
      case CallError::Kind::Exit:
        return "exit: " + std::to_string(answer.error().exit_status());
      case CallError::Kind::Errno:
        return name_of(answer.error().error());
    }
  }
  ADD_FAILURE() << "no function " << name;
  return "";
}

class Guest : public testing::Test {
 protected:
  static constexpr uint32_t kMemorySize = 1u << 20;
  static constexpr uint32_t kOut = 1024;  // where results go, by habit
  static constexpr uint64_t kReadWrite = rights::kFdRead | rights::kFdWrite;

  // Two folders: `rw` granted as "/rw" (descriptor 3), `ro` granted read-only as "/ro" (descriptor 4). `outside` is
  // not.
  void SetUp() override {
    char name[] = "/tmp/vitrine-p1-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    base = name;
    for (const char* folder : {"/rw", "/ro", "/outside", "/ro/dir", "/ro/empty", "/rw/dir"})
      fs::create_directory(base + folder);
    write_host("outside/secret", "secret");
    for (const char* folder : {"rw", "ro"}) {
      write_host(std::string(folder) + "/file", "0123456789");
      ::symlink("file", (base + "/" + folder + "/link").c_str());
      ::symlink("../outside", (base + "/" + folder + "/out").c_str());
      ::symlink((base + "/outside/secret").c_str(), (base + "/" + folder + "/abs").c_str());
    }
    make();
  }
  void TearDown() override {
    state.reset();
    context.reset();
    fs::remove_all(base);
  }

  virtual void configure(host::Grants&) {}

  void make() {
    host::Grants grants;
    grants.args = {"prog", "one", ""};
    grants.env = {{"A", "1"}, {"EMPTY", ""}};
    grants.stdio[0] = host::Stream::input("hello");
    grants.stdio[1] = out = host::Stream::output();
    grants.stdio[2] = host::Stream::output(8);
    ASSERT_TRUE(grants.add_directory(base + "/rw", "/rw", host::Access::ReadWrite));
    ASSERT_TRUE(grants.add_directory(base + "/ro", "/ro", host::Access::ReadOnly));
    grants.grant_clocks_and_random();
    configure(grants);
    auto made = host::Context::make(std::move(grants));
    ASSERT_TRUE(made) << made.error().message();
    context = *made;
    auto p1 = P1State::make(context);
    ASSERT_TRUE(p1) << p1.error().message();
    state = *p1;
  }

  std::string call(std::string_view name, std::initializer_list<uint64_t> args) {
    return call(Abi::Preview1, name, args);
  }
  std::string call(Abi abi, std::string_view name, std::initializer_list<uint64_t> args) {
    return call_function(*state, GuestMemory(memory), abi, name, args);
  }

  template <class T>
  T get(uint32_t at) const {
    T value;
    std::memcpy(&value, memory.data() + at, sizeof value);
    return value;
  }
  template <class T>
  void put(uint32_t at, T value) {
    std::memcpy(memory.data() + at, &value, sizeof value);
  }
  std::string text(uint32_t at, size_t n) const { return {reinterpret_cast<const char*>(memory.data()) + at, n}; }
  /// Puts `text` into fresh memory.
  uint32_t string(std::string_view text) {
    next = (next + 7) & ~7u;
    uint32_t at = next;
    if (at + text.size() > kMemorySize) at = next = 64 * 1024;
    std::memcpy(memory.data() + at, text.data(), text.size());
    next = at + static_cast<uint32_t>(text.size());
    return at;
  }
  uint32_t iovec(std::initializer_list<std::pair<uint32_t, uint32_t>> parts) {
    std::string bytes;
    for (auto [at, size] : parts) {
      bytes.append(reinterpret_cast<const char*>(&at), 4);
      bytes.append(reinterpret_cast<const char*>(&size), 4);
    }
    return string(bytes);
  }

  // The calls that tests need all the time.
  std::string open(uint32_t dir, std::string_view path, uint32_t oflags = 0, uint64_t rights = kReadWrite,
                   uint32_t fdflags = 0, uint32_t lookup = lookupflags::kSymlinkFollow) {
    auto result = call("path_open", {dir, lookup, string(path), path.size(), oflags, rights, 0, fdflags, kOut});
    opened = result == "success" ? get<uint32_t>(kOut) : ~0u;
    return result;
  }
  std::string write(uint32_t fd, std::string_view what) {
    auto result = call("fd_write", {fd, iovec({{string(what), static_cast<uint32_t>(what.size())}}), 1, kOut});
    return result;
  }
  /// What was read, or the errno in angle brackets.
  std::string read(uint32_t fd, uint32_t n) {
    auto result = call("fd_read", {fd, iovec({{2048, n}}), 1, kOut});
    return result == "success" ? text(2048, get<uint32_t>(kOut)) : "<" + result + ">";
  }
  std::string seek(uint32_t fd, int64_t offset, uint32_t whence) {
    auto result = call("fd_seek", {fd, static_cast<uint64_t>(offset), whence, kOut});
    return result == "success" ? std::to_string(get<uint64_t>(kOut)) : result;
  }
  std::string path_call(std::string_view name, uint32_t dir, std::string_view path) {
    return call(name, {dir, string(path), path.size()});
  }
  std::string rename(uint32_t from, std::string_view old_path, uint32_t to, std::string_view new_path) {
    return call("path_rename", {from, string(old_path), old_path.size(), to, string(new_path), new_path.size()});
  }
  std::string link(uint32_t from, std::string_view old_path, uint32_t to, std::string_view new_path,
                   uint32_t flags = 0) {
    return call("path_link", {from, flags, string(old_path), old_path.size(), to, string(new_path), new_path.size()});
  }
  std::string symlink(std::string_view target, uint32_t dir, std::string_view path) {
    return call("path_symlink", {string(target), target.size(), dir, string(path), path.size()});
  }
  std::string stat(uint32_t dir, std::string_view path, uint32_t flags = 0) {
    return call("path_filestat_get", {dir, flags, string(path), path.size(), kOut});
  }

  void write_host(const std::string& path, std::string_view what) { std::ofstream(base + "/" + path) << what; }
  std::string read_host(const std::string& path) {
    std::ifstream in(base + "/" + path);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  bool exists(const std::string& path) { return fs::exists(fs::symlink_status(base + "/" + path)); }

  std::string base;
  std::shared_ptr<host::Context> context;
  std::shared_ptr<P1State> state;
  std::shared_ptr<host::Stream> out;
  std::vector<uint8_t> memory = std::vector<uint8_t>(kMemorySize);
  uint32_t next = 64 * 1024;
  uint32_t opened = ~0u;
};

constexpr uint32_t kRw = 3, kRo = 4;

}  // namespace vitrine::wasi::p1
