#include <chrono>
#include <thread>

#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

TEST(Functions, AreAllThere) {
  EXPECT_EQ(p1_functions(Abi::Preview1).size(), 46u);
  EXPECT_EQ(p1_functions(Abi::Unstable).size(), 45u);
  std::map<std::string_view, std::string> signatures;
  for (const P1Function& f : p1_functions(Abi::Preview1)) {
    for (auto type : f.params) signatures[f.name] += type == WasmType::I32 ? "i" : "I";
    signatures[f.name] += f.has_result ? ":i" : ":";
  }
  EXPECT_EQ(signatures["fd_seek"], "iIii:i");
  EXPECT_EQ(signatures["path_open"], "iiiiiIIii:i");
  EXPECT_EQ(signatures["proc_exit"], "i:");
  EXPECT_EQ(signatures["sched_yield"], ":i");
  EXPECT_EQ(signatures["clock_time_get"], "iIi:i");
}

TEST(Errnos, MapBothWays) {
  EXPECT_EQ(to_errno({ENOENT}), Errno::NoEnt);
  EXPECT_EQ(to_errno({EXDEV}), Errno::XDev);
  EXPECT_EQ(to_errno({ENOTSUP}), Errno::NotSup);
  EXPECT_EQ(to_errno({EWOULDBLOCK}), Errno::Again);
  EXPECT_EQ(to_errno(os::kEscape), Errno::Perm);
  EXPECT_EQ(to_errno({99999}), Errno::Io);
  EXPECT_STREQ(name_of(Errno::NotCapable), "notcapable");
  EXPECT_EQ(static_cast<int>(Errno::NotCapable), 76);
}

using Process = Guest;

TEST_F(Process, Arguments) {
  EXPECT_EQ(call("args_sizes_get", {kOut, kOut + 4}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 3u);
  EXPECT_EQ(get<uint32_t>(kOut + 4), 10u);
  EXPECT_EQ(call("args_get", {kOut, 2000}), "success");
  EXPECT_EQ(text(2000, 10), std::string("prog\0one\0\0", 10));
  EXPECT_EQ(get<uint32_t>(kOut), 2000u);
  EXPECT_EQ(get<uint32_t>(kOut + 4), 2005u);
  EXPECT_EQ(get<uint32_t>(kOut + 8), 2009u);
}

TEST_F(Process, Environment) {
  EXPECT_EQ(call("environ_sizes_get", {kOut, kOut + 4}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 2u);
  EXPECT_EQ(get<uint32_t>(kOut + 4), 11u);
  EXPECT_EQ(call("environ_get", {kOut, 2000}), "success");
  EXPECT_EQ(text(2000, 11), std::string("A=1\0EMPTY=\0", 11));
  EXPECT_EQ(get<uint32_t>(kOut + 4), 2004u);
}

TEST_F(Process, Clocks) {
  EXPECT_EQ(call("clock_time_get", {clockid::kRealtime, 0, kOut}), "success");
  EXPECT_GT(get<uint64_t>(kOut), 1'700'000'000'000'000'000u);
  EXPECT_EQ(call("clock_time_get", {clockid::kMonotonic, 0, kOut}), "success");
  auto first = get<uint64_t>(kOut);
  EXPECT_EQ(call("clock_time_get", {clockid::kMonotonic, 0, kOut}), "success");
  EXPECT_GE(get<uint64_t>(kOut), first);
  EXPECT_EQ(call("clock_res_get", {clockid::kMonotonic, kOut}), "success");
  EXPECT_GT(get<uint64_t>(kOut), 0u);
  EXPECT_EQ(call("clock_time_get", {clockid::kProcessCputime, 0, kOut}), "badf");
  EXPECT_EQ(call("clock_res_get", {clockid::kThreadCputime, kOut}), "badf");
  EXPECT_EQ(call("clock_time_get", {4, 0, kOut}), "inval");
}

TEST_F(Process, Random) {
  EXPECT_EQ(call("random_get", {2000, 64}), "success");
  EXPECT_NE(text(2000, 64), std::string(64, '\0'));
  EXPECT_EQ(call("random_get", {2000, 0}), "success");
  EXPECT_EQ(call("random_get", {kMemorySize, 0}), "success");
}

TEST_F(Process, Exit) {
  EXPECT_EQ(call("proc_exit", {0}), "exit: 0");
  EXPECT_EQ(call("proc_exit", {125}), "exit: 125");
  EXPECT_EQ(call("proc_exit", {126}), "exit: 126") << "the caller decides";
  EXPECT_EQ(call("proc_exit", {0xffff'ffff}), "exit: 4294967295");
  EXPECT_EQ(call("proc_raise", {9}), "notsup");
  EXPECT_EQ(call("sched_yield", {}), "success");
}

// Nothing granted: nothing there.
class Nobody : public Guest {
  void configure(host::Grants& grants) override { grants = host::Grants(); }
};

TEST_F(Nobody, HasNothing) {
  EXPECT_EQ(call("args_sizes_get", {kOut, kOut + 4}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 0u);
  EXPECT_EQ(call("environ_sizes_get", {kOut, kOut + 4}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 0u);
  EXPECT_EQ(read(0, 10), "");
  EXPECT_EQ(write(1, "into nothing"), "success");
  EXPECT_EQ(call("clock_time_get", {clockid::kRealtime, 0, kOut}), "perm");
  EXPECT_EQ(call("clock_res_get", {clockid::kMonotonic, kOut}), "perm");
  EXPECT_EQ(call("random_get", {2000, 8}), "perm");
  EXPECT_EQ(text(2000, 8), std::string(8, '\0'));
  EXPECT_EQ(call("fd_prestat_get", {3, kOut}), "badf");
  EXPECT_EQ(open(3, "x"), "badf");
  auto denials = context->denials().all();
  std::vector<std::string> said;
  for (const auto& denial : denials) said.push_back(to_string(denial));
  EXPECT_EQ(said, (std::vector<std::string>{"the guest was granted no environment variable", "read the wall clock",
                                            "ask the resolution of the monotonic clock", "ask for random bytes",
                                            "the guest was granted no directory"}));
  EXPECT_FALSE(denials[0].certain);
  EXPECT_TRUE(denials[1].certain);
  EXPECT_EQ(denials[3].reason, host::Denial::Reason::NotGranted);
  EXPECT_EQ(denials[3].verb, host::Verb::Random);
  EXPECT_EQ(denials[4].verb, host::Verb::LookForDirectories);
}

class Deterministic : public Guest {
  void configure(host::Grants& grants) override {
    grants.wall_clock = {host::ClockGrant::Source::Fixed, 42};
    grants.random = {host::RandomGrant::Source::Seeded, 7};
  }
};

TEST_F(Deterministic, IsTheSameEachTime) {
  EXPECT_EQ(call("clock_time_get", {clockid::kRealtime, 0, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 42u);
  EXPECT_EQ(call("random_get", {2000, 21}), "success");
  auto first = text(2000, 21);
  make();
  EXPECT_EQ(call("random_get", {2000, 21}), "success");
  EXPECT_EQ(text(2000, 21), first);
}

TEST(Context, RefusesWhatNoProgramCanBeTold) {
  auto error = [](auto change) {
    host::Grants grants;
    change(grants);
    auto made = host::Context::make(std::move(grants));
    return made ? "" : made.error().message();
  };
  EXPECT_NE(error([](auto& g) { g.args.push_back(std::string("a\0b", 3)); }), "");
  EXPECT_NE(error([](auto& g) { g.env.push_back({"A=B", "c"}); }), "");
  EXPECT_NE(error([](auto& g) { g.env.push_back({"", "c"}); }), "");
  EXPECT_EQ(error([](auto& g) { g.env.push_back({"A", "b=c"}); }), "");
  host::Grants grants;
  auto added = grants.add_directory("/no/such/place", "/x", host::Access::ReadOnly);
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().message().find("/no/such/place"), std::string::npos);
}

// Every pointer of every function, out of bounds and misaligned: a trap, whatever else is asked for.
struct PointerCase {
  const char* function;
  std::vector<uint64_t> args;           // valid but for what the test replaces
  std::vector<std::pair<int, int>> at;  // which arguments are pointers, and their alignment
};

TEST_F(Process, BadPointersTrap) {
  uint32_t path = string("file"), fresh = string("fresh"), data = iovec({{4096, 8}});
  ASSERT_EQ(open(kRw, "file"), "success");
  uint64_t file = opened;
  std::vector<PointerCase> cases = {
      {"args_get", {kOut, 4096}, {{0, 4}, {1, 1}}},
      {"args_sizes_get", {kOut, kOut + 4}, {{0, 4}, {1, 4}}},
      {"environ_get", {kOut, 4096}, {{0, 4}, {1, 1}}},
      {"environ_sizes_get", {kOut, kOut + 4}, {{0, 4}, {1, 4}}},
      {"clock_res_get", {0, kOut}, {{1, 8}}},
      {"clock_time_get", {0, 0, kOut}, {{2, 8}}},
      {"fd_fdstat_get", {file, kOut}, {{1, 8}}},
      {"fd_filestat_get", {file, kOut}, {{1, 8}}},
      {"fd_pread", {file, data, 1, 0, kOut}, {{1, 4}, {4, 4}}},
      {"fd_prestat_get", {3, kOut}, {{1, 4}}},
      {"fd_prestat_dir_name", {3, kOut, 100}, {{1, 1}}},
      {"fd_pwrite", {file, data, 1, 0, kOut}, {{1, 4}, {4, 4}}},
      {"fd_read", {file, data, 1, kOut}, {{1, 4}, {3, 4}}},
      {"fd_readdir", {3, 4096, 100, 0, kOut}, {{1, 1}, {4, 4}}},
      {"fd_seek", {file, 0, 0, kOut}, {{3, 8}}},
      {"fd_tell", {file, kOut}, {{1, 8}}},
      {"fd_write", {file, data, 1, kOut}, {{1, 4}, {3, 4}}},
      {"path_create_directory", {3, fresh, 5}, {{1, 1}}},
      {"path_filestat_get", {3, 0, path, 4, kOut}, {{2, 1}, {4, 8}}},
      {"path_filestat_set_times", {3, 0, path, 4, 0, 0, 0}, {{2, 1}}},
      {"path_link", {3, 0, path, 4, 3, fresh, 5}, {{2, 1}, {5, 1}}},
      {"path_open", {3, 0, path, 4, 0, 0, 0, 0, kOut}, {{2, 1}, {8, 4}}},
      {"path_readlink", {3, string("link"), 4, 4096, 100, kOut}, {{1, 1}, {3, 1}, {5, 4}}},
      {"path_remove_directory", {3, fresh, 5}, {{1, 1}}},
      {"path_rename", {3, path, 4, 3, fresh, 5}, {{1, 1}, {4, 1}}},
      {"path_symlink", {path, 4, 3, fresh, 5}, {{0, 1}, {3, 1}}},
      {"path_unlink_file", {3, fresh, 5}, {{1, 1}}},
      {"poll_oneoff", {8192, 16384, 1, kOut}, {{0, 8}, {1, 8}, {3, 4}}},
      {"random_get", {4096, 8}, {{0, 1}}},
      {"sock_accept", {file, 0, kOut}, {{2, 4}}},
      {"sock_recv", {file, data, 1, 0, kOut, kOut + 4}, {{1, 4}, {4, 4}, {5, 2}}},
      {"sock_send", {file, data, 1, 0, kOut}, {{1, 4}, {4, 4}}},
  };
  for (const auto& test : cases) {
    for (auto [argument, align] : test.at) {
      auto with = [&](uint64_t pointer) {
        auto args = test.args;
        args[static_cast<size_t>(argument)] = pointer;
        return call_function(*state, GuestMemory(memory), Abi::Preview1, test.function, args);
      };
      for (uint64_t pointer : {uint64_t{0xffff'ffff} & ~uint64_t(align - 1), uint64_t{kMemorySize},
                               uint64_t{kMemorySize} - (align == 1 ? 1 : 0)}) {
        EXPECT_TRUE(with(pointer).starts_with("trap: out of bounds")) << test.function << " argument " << argument;
      }
      if (align > 1) {
        EXPECT_TRUE(with(kOut + 1).starts_with("trap: misaligned")) << test.function << " argument " << argument;
      }
    }
  }
  EXPECT_FALSE(exists("rw/fresh")) << "a call that traps has done nothing";
  EXPECT_EQ(read_host("rw/file"), "0123456789");
  // Lengths and counts that only overflow when added or multiplied, and a buffer inside a good array.
  EXPECT_TRUE(call("random_get", {kMemorySize - 8, 0xffff'ffff}).starts_with("trap: out of bounds"));
  EXPECT_TRUE(call("fd_write", {1, data, 0x2000'0001, kOut}).starts_with("trap: out of bounds"));
  EXPECT_TRUE(
      call("fd_write", {1, iovec({{4096, 8}, {kMemorySize - 4, 8}}), 2, kOut}).starts_with("trap: out of bounds"));
  EXPECT_TRUE(call("fd_write", {1, iovec({{8, 0xffff'fff8}}), 1, kOut}).starts_with("trap: out of bounds"));
  EXPECT_TRUE(call("poll_oneoff", {kMemorySize - 48, 8, 16384, kOut}).starts_with("trap: out of bounds"));
  EXPECT_EQ(out->contents(), "");
}

TEST_F(Process, PathsAreChecked) {
  EXPECT_EQ(path_call("path_create_directory", kRw, "bad\xff"), "ilseq");
  EXPECT_EQ(path_call("path_create_directory", kRw, std::string_view("a\0b", 3)), "inval");
  EXPECT_EQ(path_call("path_create_directory", kRw, ""), "noent");
  EXPECT_EQ(path_call("path_create_directory", kRw, std::string(5000, 'x')), "nametoolong");
  EXPECT_EQ(path_call("path_create_directory", kRw, std::string(256, 'x')), "nametoolong");
  EXPECT_EQ(path_call("path_create_directory", 1, "x"), "notdir");
  EXPECT_EQ(path_call("path_create_directory", 77, "x"), "badf");
  EXPECT_EQ(path_call("path_create_directory", kRw, "na\xc3\xafve"), "success");
}

}  // namespace
}  // namespace vitrine::wasi::p1
