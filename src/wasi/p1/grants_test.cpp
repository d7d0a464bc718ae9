// What a read-only grant and the walls between grants are worth: every verb that changes anything, from every side.

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

class ReadOnly : public Guest {
 protected:
  /// Everything about the folder that a guest could have changed.
  std::string snapshot(const std::string& folder) {
    std::string all;
    auto add = [&](const std::string& path) {
      struct stat st;
      if (::lstat(path.c_str(), &st) != 0) return;
      all += path + " " + std::to_string(st.st_mode) + " " + std::to_string(st.st_size) + " " +
             std::to_string(st.st_nlink) + " " + std::to_string(st.st_mtim.tv_sec) + "." +
             std::to_string(st.st_mtim.tv_nsec) + " " + std::to_string(st.st_ctim.tv_sec) + "." +
             std::to_string(st.st_ctim.tv_nsec) + "\n";
    };
    add(base + "/" + folder);
    for (const auto& entry : fs::recursive_directory_iterator(base + "/" + folder)) add(entry.path());
    return all;
  }
};

TEST_F(ReadOnly, NoVerbGetsRoundIt) {
  ASSERT_EQ(open(kRo, "dir", 0, 0), "success");
  uint32_t dir = opened;  // opened through the grant: the same rights
  ASSERT_EQ(open(kRo, ".", 0, 0), "success");
  uint32_t root = opened;
  ASSERT_EQ(open(kRo, "file", 0, rights::kFdRead), "success");
  uint32_t file = opened;
  auto before = snapshot("ro"), before_rw = snapshot("rw");

  struct Case {
    const char* what;
    std::function<std::string(uint32_t)> call;
  };
  uint32_t f = string("file"), n = string("new"), e = string("empty"), l = string("link");
  std::vector<Case> cases = {
      {"write", [&](uint32_t d) { return open(d, "file", 0, rights::kFdWrite); }},
      {"read and write", [&](uint32_t d) { return open(d, "file", 0, kReadWrite); }},
      {"write, by symlink", [&](uint32_t d) { return open(d, "link", 0, kReadWrite); }},
      {"append", [&](uint32_t d) { return open(d, "file", 0, rights::kFdWrite, fdflags::kAppend); }},
      {"truncate", [&](uint32_t d) { return open(d, "file", oflags::kTrunc, rights::kFdRead); }},
      {"truncate without rights", [&](uint32_t d) { return open(d, "file", oflags::kTrunc, 0); }},
      {"create", [&](uint32_t d) { return open(d, "new", oflags::kCreat, rights::kFdRead); }},
      {"create without rights", [&](uint32_t d) { return open(d, "new", oflags::kCreat, 0); }},
      {"create existing", [&](uint32_t d) { return open(d, "file", oflags::kCreat, rights::kFdRead); }},
      {"create exclusively", [&](uint32_t d) { return open(d, "new", oflags::kCreat | oflags::kExcl, 0); }},
      {"mkdir", [&](uint32_t d) { return call("path_create_directory", {d, n, 3}); }},
      {"rmdir", [&](uint32_t d) { return call("path_remove_directory", {d, e, 5}); }},
      {"unlink", [&](uint32_t d) { return call("path_unlink_file", {d, f, 4}); }},
      {"unlink symlink", [&](uint32_t d) { return call("path_unlink_file", {d, l, 4}); }},
      {"symlink", [&](uint32_t d) { return symlink("x", d, "new"); }},
      {"rename within", [&](uint32_t d) { return rename(d, "file", d, "new"); }},
      {"rename out", [&](uint32_t d) { return rename(d, "file", kRw, "stolen"); }},
      {"rename in", [&](uint32_t d) { return rename(kRw, "file", d, "new"); }},
      {"rename over", [&](uint32_t d) { return rename(kRw, "file", d, "file"); }},
      {"link within", [&](uint32_t d) { return link(d, "file", d, "new"); }},
      {"link out", [&](uint32_t d) { return link(d, "file", kRw, "stolen"); }},
      {"link in", [&](uint32_t d) { return link(kRw, "file", d, "new"); }},
      {"set times", [&](uint32_t d) { return call("path_filestat_set_times", {d, 0, f, 4, 1, 1, 5}); }},
      {"set times now", [&](uint32_t d) { return call("path_filestat_set_times", {d, 0, f, 4, 0, 0, 10}); }},
      {"set times, by symlink", [&](uint32_t d) { return call("path_filestat_set_times", {d, 1, l, 4, 1, 1, 5}); }},
      {"set times of nothing", [&](uint32_t d) { return call("path_filestat_set_times", {d, 0, f, 4, 0, 0, 0}); }},
      {"set times of the directory", [&](uint32_t d) { return call("fd_filestat_set_times", {d, 1, 1, 5}); }},
      {"set times of a file", [&](uint32_t) { return call("fd_filestat_set_times", {file, 1, 1, 5}); }},
      {"set size", [&](uint32_t) { return call("fd_filestat_set_size", {file, 0}); }},
      {"allocate", [&](uint32_t) { return call("fd_allocate", {file, 0, 100}); }},
  };
  for (uint32_t through : {kRo, dir, root}) {
    for (const auto& test : cases) {
      auto count = context->denials().count();
      EXPECT_EQ(test.call(through), "perm") << test.what << " through " << through;
      EXPECT_GT(context->denials().count(), count) << test.what << ": a refusal is recorded";
    }
  }
  EXPECT_EQ(write(file, "x"), "badf");
  EXPECT_EQ(call("fd_pwrite", {file, iovec({{4096, 1}}), 1, 0, kOut}), "badf");
  EXPECT_EQ(call("fd_fdstat_set_flags", {file, fdflags::kAppend}), "success");
  EXPECT_EQ(write(file, "x"), "badf");
  // Renumbering a read-only handle to a writable one's place does not change what it is.
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(call("fd_renumber", {root, opened}), "success");
  EXPECT_EQ(call("path_unlink_file", {opened, f, 4}), "perm");
  EXPECT_EQ(snapshot("ro"), before);
  EXPECT_EQ(snapshot("rw"), before_rw);
}

TEST_F(ReadOnly, CanBeRead) {
  ASSERT_EQ(open(kRo, "file", 0, rights::kFdRead), "success");
  uint32_t file = opened;
  EXPECT_EQ(read(file, 4), "0123");
  EXPECT_EQ(seek(file, 0, 2), "10");
  EXPECT_EQ(stat(kRo, "file"), "success");
  EXPECT_EQ(stat(kRo, "link", 1), "success");
  EXPECT_EQ(call("path_readlink", {kRo, string("link"), 4, 4096, 10, kOut}), "success");
  EXPECT_EQ(call("fd_advise", {file, 0, 0, 1}), "success");
  EXPECT_EQ(call("fd_sync", {file}), "success");
  EXPECT_EQ(context->denials().count(), 0u);
}

TEST_F(ReadOnly, DenialsSayWhatWouldHelp) {
  EXPECT_EQ(open(kRo, "sub/new", oflags::kCreat), "perm");
  EXPECT_EQ(rename(kRw, "file", kRo, "dir/x"), "perm");
  EXPECT_EQ(open(kRo, "sub/new", oflags::kCreat), "perm");
  auto denials = context->denials().all();
  ASSERT_EQ(denials.size(), 2u) << "each once";
  EXPECT_EQ(denials[0].reason, host::Denial::Reason::MissingRight);
  EXPECT_EQ(denials[0].verb, host::Verb::CreateFile);
  EXPECT_EQ(denials[0].subject, "/ro/sub/new");
  EXPECT_EQ(denials[0].missing, host::Access::CreateFiles | host::Access::WriteFiles) << "all that it takes";
  EXPECT_EQ(denials[0].access, host::Access::ReadOnly);
  EXPECT_EQ(denials[0].host, base + "/ro");
  EXPECT_EQ(denials[0].guest, "/ro");
  EXPECT_EQ(to_string(denials[0]), "create \"/ro/sub/new\"");
  EXPECT_EQ(denials[1].reason, host::Denial::Reason::MissingRight);
  EXPECT_EQ(denials[1].missing, host::Access::CreateFiles);
  EXPECT_EQ(denials[1].guest, "/ro");
  EXPECT_EQ(to_string(denials[1]), "rename \"/rw/file\" to \"/ro/dir/x\"");
}

class TwoWritable : public Guest {
  void configure(host::Grants& grants) override {
    ASSERT_TRUE(grants.add_directory(base + "/rw/dir", "/also", host::Access::ReadWrite));
  }
};

TEST_F(TwoWritable, MayExchangeFiles) {
  EXPECT_EQ(rename(kRw, "file", 5, "moved"), "success");
  EXPECT_EQ(link(5, "moved", kRw, "file"), "success");
  EXPECT_TRUE(exists("rw/dir/moved"));
  EXPECT_EQ(open(5, "../file"), "perm") << "each is a wall of its own";
}

// A grant for each right, which has all of them but this one.
class AllButOne : public Guest {
 protected:
  static constexpr uint32_t kFirst = 5;
  static constexpr host::Access kRights[] = {host::Access::ReadFiles,         host::Access::WriteFiles,
                                             host::Access::CreateFiles,       host::Access::RemoveFiles,
                                             host::Access::ReadDirectories,   host::Access::WriteDirectories,
                                             host::Access::CreateDirectories, host::Access::RemoveDirectories};
  void configure(host::Grants& grants) override {
    for (host::Access right : kRights) {
      ASSERT_TRUE(grants.add_directory(base + "/rw", "/part", host::Access::ReadWrite - right));
    }
  }
};

TEST_F(AllButOne, EachVerbTakesItsOwnRights) {
  using host::Access;
  struct Case {
    const char* what;
    Access needs;
    std::function<std::string(uint32_t)> call;
  };
  auto set_times = [&](uint32_t d, std::string_view path) {
    return call("path_filestat_set_times", {d, 0, string(path), path.size(), 1, 1, 5});
  };
  const std::vector<Case> cases = {
      {"open for reading", Access::ReadFiles, [&](uint32_t d) { return open(d, "file", 0, rights::kFdRead); }},
      {"read a symlink", Access::ReadFiles,
       [&](uint32_t d) { return call("path_readlink", {d, string("link"), 4, 4096, 10, kOut}); }},
      {"open for writing", Access::WriteFiles, [&](uint32_t d) { return open(d, "file", 0, rights::kFdWrite); }},
      {"truncate", Access::WriteFiles, [&](uint32_t d) { return open(d, "file", oflags::kTrunc, rights::kFdWrite); }},
      {"set times", Access::WriteFiles, [&](uint32_t d) { return set_times(d, "file"); }},
      {"create", Access::CreateFiles, [&](uint32_t d) { return open(d, "new", oflags::kCreat, 0); }},
      {"symlink", Access::CreateFiles, [&](uint32_t d) { return symlink("x", d, "new"); }},
      {"link", Access::CreateFiles, [&](uint32_t d) { return link(d, "file", d, "new"); }},
      {"unlink", Access::RemoveFiles, [&](uint32_t d) { return path_call("path_unlink_file", d, "file"); }},
      {"rename", Access::CreateFiles | Access::RemoveFiles, [&](uint32_t d) { return rename(d, "file", d, "new"); }},
      {"replace", Access::CreateFiles | Access::RemoveFiles, [&](uint32_t d) { return rename(d, "file", d, "link"); }},
      {"rename in", Access::CreateFiles, [&](uint32_t d) { return rename(kRw, "file", d, "new"); }},
      {"replace from elsewhere", Access::CreateFiles | Access::RemoveFiles,
       [&](uint32_t d) { return rename(kRw, "file", d, "link"); }},
      {"list", Access::ReadDirectories, [&](uint32_t d) { return call("fd_readdir", {d, 8192, 1000, 0, kOut}); }},
      {"set times of a directory", Access::WriteDirectories, [&](uint32_t d) { return set_times(d, "dir"); }},
      {"set times of the directory", Access::WriteDirectories,
       [&](uint32_t d) { return call("fd_filestat_set_times", {d, 1, 1, 5}); }},
      {"mkdir", Access::CreateDirectories, [&](uint32_t d) { return path_call("path_create_directory", d, "new"); }},
      {"rmdir", Access::RemoveDirectories, [&](uint32_t d) { return path_call("path_remove_directory", d, "dir"); }},
      {"rename a directory", Access::CreateDirectories | Access::RemoveDirectories,
       [&](uint32_t d) { return rename(d, "dir", d, "new"); }},
      {"replace a directory", Access::CreateDirectories | Access::RemoveDirectories,
       [&](uint32_t d) { return rename(kRw, "dir", d, "other"); }},
  };
  const std::string root = base + "/rw";
  auto put_things = [&] {
    for (const auto& entry : fs::directory_iterator(root)) fs::remove_all(entry.path());
    for (const char* folder : {"/dir", "/other"}) fs::create_directory(root + folder);
    write_host("rw/file", "0123456789");
    ::symlink("file", (root + "/link").c_str());
  };
  for (uint32_t i = 0; i < std::size(kRights); ++i) {
    for (const Case& test : cases) {
      put_things();
      const bool lacks = (test.needs & kRights[i]) != Access::None;
      const auto count = context->denials().count();
      EXPECT_EQ(test.call(kFirst + i), lacks ? "perm" : "success") << test.what << " without right " << i;
      EXPECT_EQ(context->denials().count() > count, lacks) << test.what << " without right " << i;
      if (opened != ~0u) call("fd_close", {std::exchange(opened, ~0u)});
    }
  }
}

using Uses = Guest;

TEST_F(Uses, AreCountedByVerbAndByte) {
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(write(opened, "abc"), "success");
  EXPECT_EQ(seek(opened, 0, 0), "0");
  EXPECT_EQ(read(opened, 100), "abc3456789");
  EXPECT_EQ(call("fd_pread", {opened, iovec({{4096, 4}}), 1, 8, kOut}), "success");
  EXPECT_EQ(stat(kRw, "file"), "success");
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, 0, kOut}), "success");
  std::map<host::Verb, std::pair<uint64_t, uint64_t>> uses;
  for (const WasiUse& use : context->usage()) {
    if (use.grant == "/rw") uses[use.verb] = {use.uses, use.bytes};
  }
  using Count = std::pair<uint64_t, uint64_t>;
  EXPECT_EQ(uses[host::Verb::OpenForReading], (Count{1, 0}));
  EXPECT_EQ(uses[host::Verb::OpenForWriting], (Count{1, 0}));
  EXPECT_EQ(uses[host::Verb::Write], (Count{1, 3}));
  EXPECT_EQ(uses[host::Verb::Seek], (Count{1, 0}));
  EXPECT_EQ(uses[host::Verb::Read], (Count{2, 12})) << "the bytes that there were";
  EXPECT_EQ(uses[host::Verb::Stat], (Count{1, 0}));
  EXPECT_EQ(uses[host::Verb::List], (Count{1, 0}));
}

class ByWalk : public Guest {
  void configure(host::Grants& grants) override { grants.resolver = os::Resolver::Walk; }
};

// Each grant counts its part in what concerns two.
TEST_F(TwoWritable, BothCountWhatTheyExchange) {
  auto uses = [this] {
    std::map<std::pair<std::string, host::Verb>, uint64_t> all;
    for (const auto& use : context->usage()) all[{use.grant, use.verb}] = use.uses;
    return all;
  };
  using V = host::Verb;
  EXPECT_EQ(link(kRw, "file", 5, "linked"), "success");
  EXPECT_EQ(rename(kRw, "file", 5, "moved"), "success");
  auto found = uses();
  EXPECT_EQ((found[{"/rw", V::Link}]), 1u);
  EXPECT_EQ((found[{"/also", V::Link}]), 1u);
  EXPECT_EQ((found[{"/rw", V::Rename}]), 1u);
  EXPECT_EQ((found[{"/also", V::CreateFile}]), 1u);
  EXPECT_EQ(rename(5, "moved", 5, "again"), "success");
  EXPECT_EQ(link(5, "again", 5, "twice"), "success");
  found = uses();
  EXPECT_EQ((found[{"/also", V::Rename}]), 1u);
  EXPECT_EQ((found[{"/also", V::CreateFile}]), 1u);
  EXPECT_EQ((found[{"/also", V::Link}]), 2u);
}

TEST_F(TwoWritable, FlagsAndLooksAtStreamsAreCounted) {
  EXPECT_EQ(call("fd_fdstat_set_flags", {1, fdflags::kNonblock}), "success");
  EXPECT_EQ(call("fd_filestat_get", {0, kOut}), "success");
  std::vector<std::string> found;
  for (const auto& use : context->usage()) {
    if (use.verb == host::Verb::SetFlags || use.verb == host::Verb::Stat) found.push_back(use.grant);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"stdin", "stdout"}));
}

TEST_F(ByWalk, TheFallbackServesAsWell) {
  EXPECT_EQ(open(kRw, "dir/../link"), "success");
  EXPECT_EQ(read(opened, 3), "012");
  EXPECT_EQ(open(kRw, "out/secret"), "perm");
  EXPECT_EQ(open(kRw, "abs"), "perm");
  EXPECT_EQ(path_call("path_create_directory", kRw, "dir/new"), "success");
  EXPECT_EQ(rename(kRw, "dir/new", kRw, "dir/../newer"), "success");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "newer/"), "success");
  EXPECT_EQ(open(kRo, "file", 0, kReadWrite), "perm");
}

// A thread of the host's swaps `rw/door` between a directory and a symlink that leads out, while the guest does
// everything it can to what is behind it. Nothing outside may change or be seen.
class Race : public Guest, public testing::WithParamInterface<os::Resolver> {
  void configure(host::Grants& grants) override { grants.resolver = GetParam(); }
};

TEST_P(Race, NothingLeavesByASwappedSymlink) {
  fs::create_directory(base + "/rw/door");
  ::symlink("../outside", (base + "/rw/evil").c_str());
  write_host("rw/door/secret", "inside");
  fs::create_directory(base + "/outside/folder");
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    auto door = base + "/rw/door", evil = base + "/rw/evil";
    while (!stop) ::renameat2(AT_FDCWD, door.c_str(), AT_FDCWD, evil.c_str(), RENAME_EXCHANGE);
  });
  size_t refused = 0, done = 0;
  auto note = [&](const std::string& result) { ++(result == "success" ? done : refused); };
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  while (std::chrono::steady_clock::now() < end) {
    if (open(kRw, "door/secret", 0, rights::kFdRead) == "success") {
      EXPECT_EQ(read(opened, 10), "inside");
      call("fd_close", {opened});
    }
    auto created = open(kRw, "door/created", oflags::kCreat);
    note(created);
    if (created == "success") call("fd_close", {opened});
    note(path_call("path_create_directory", kRw, "door/made"));
    note(path_call("path_remove_directory", kRw, "door/made"));
    note(path_call("path_remove_directory", kRw, "door/folder"));
    note(rename(kRw, "file", kRw, "door/moved"));
    note(rename(kRw, "door/moved", kRw, "file"));
    note(link(kRw, "file", kRw, "door/linked"));
    note(path_call("path_unlink_file", kRw, "door/linked"));
    note(symlink("x", kRw, "door/symlink"));
    note(path_call("path_unlink_file", kRw, "door/symlink"));
    note(call("path_filestat_set_times", {kRw, 1, string("door/created"), 12, 1, 1, 5}));
  }
  stop = true;
  swapper.join();
  EXPECT_GT(done, 0u);
  EXPECT_GT(refused, 0u);
  // The real outside, whichever name of the two leads there now.
  EXPECT_EQ(read_host("outside/secret"), "secret");
  EXPECT_TRUE(exists("outside/folder"));
  EXPECT_EQ(std::distance(fs::directory_iterator(base + "/outside"), {}), 2);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, Race, testing::Values(os::Resolver::Auto, os::Resolver::Walk),
                         [](const auto& info) { return info.param == os::Resolver::Walk ? "Walk" : "Auto"; });

}  // namespace
}  // namespace vitrine::wasi::p1
