#include "os/beneath.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace vitrine::os {
namespace {

namespace fs = std::filesystem;

// A folder `root` with something of everything in it, and beside it `outside`, which nothing may reach.
class Tree : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/vitrine-beneath-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    base = name;
    root_path = base + "/root";
    fs::create_directories(root_path + "/a/b/c");
    fs::create_directory(base + "/outside");
    touch(base + "/outside/secret");
    touch(root_path + "/file");
    touch(root_path + "/a/file");
    touch(root_path + "/a/b/c/deep");
    link("a", "to_a");
    link("file", "to_file");
    link("a/", "to_a_slash");
    link("file/", "to_file_slash");
    link("to_a/b", "to_b");
    link("../file", "a/up");
    link("b/../../to_a/b/c", "a/zigzag");
    link("loop2", "loop1");
    link("loop1", "loop2");
    link("loop", "loop");
    link("missing", "dangling");
    link("a/missing", "a_dangling");
    link("missing/x", "deep_dangling");
    link("missing/", "dangling_slash");
    link("..", "dotdot");
    link(".", "dot");
    link("../outside/secret", "escape");
    link("../root/file", "round_trip");
    link("../../outside", "a/escape_dir");
    link("..", "a/up_one");
    link("../..", "a/up_two");
    link(root_path + "/file", "absolute");
    link("/", "absolute_root");
    link("/etc", "a/etc");
    link("dotdot/root/file", "via_dotdot");
    link("file/..", "through_file");
    link("././a/./b/", "dotted");
    // chains: `chain40` needs exactly 40 expansions to reach "file", `chain41` one more
    link("file", "chain1");
    for (int i = 2; i <= 41; ++i) link("chain" + std::to_string(i - 1), "chain" + std::to_string(i));
    root = FileDescriptor(::open(root_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(root);
  }
  void TearDown() override { fs::remove_all(base); }

  void touch(const std::string& path) { FileDescriptor(::open(path.c_str(), O_CREAT | O_WRONLY, 0644)); }
  void link(const std::string& target, const std::string& path) {
    ASSERT_EQ(::symlink(target.c_str(), (root_path + "/" + path).c_str()), 0) << path;
  }

  // What an open came to, as text: the error, or which file it was. What was created is removed again.
  std::string outcome(const std::string& path, int flags, Resolver resolver) {
    auto fd = open_beneath(root.get(), path, flags, 0644, {resolver});
    if (!fd) return fd.error() == kEscape ? "escape" : std::string("error ") + std::to_string(fd.error().code);
    char name[PATH_MAX];
    std::string self = "/proc/self/fd/" + std::to_string(fd->get());
    ssize_t n = ::readlink(self.c_str(), name, sizeof name);
    std::string where(name, n > 0 ? static_cast<size_t>(n) : 0);
    EXPECT_TRUE(where.starts_with(root_path)) << path << " led to " << where;
    struct stat st;
    EXPECT_EQ(::fstat(fd->get(), &st), 0);
    bool created = (flags & O_CREAT) && where.ends_with("new");
    if (created) ::unlink(where.c_str());
    return where +
           (S_ISLNK(st.st_mode)   ? " (link)"
            : S_ISDIR(st.st_mode) ? " (directory)"
                                  : " (file)") +
           (::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC ? "" : " without O_CLOEXEC");
  }

  std::string base, root_path;
  FileDescriptor root;
};

const std::vector<std::string> kNames = {"a",
                                         "b",
                                         "c",
                                         "file",
                                         "deep",
                                         "to_a",
                                         "to_file",
                                         "to_a_slash",
                                         "to_b",
                                         "up",
                                         "zigzag",
                                         "to_file_slash",
                                         "loop1",
                                         "loop",
                                         "dangling",
                                         "a_dangling",
                                         "dotdot",
                                         "dot",
                                         "escape",
                                         "round_trip",
                                         "escape_dir",
                                         "up_one",
                                         "up_two",
                                         "absolute",
                                         "etc",
                                         "missing",
                                         "new",
                                         "via_dotdot",
                                         "absolute_root",
                                         "through_file",
                                         "dotted",
                                         "..",
                                         "..",
                                         "..",
                                         ".",
                                         ".",
                                         "chain39",
                                         "chain40",
                                         "chain41",
                                         "deep_dangling",
                                         "dangling_slash"};

const int kFlags[] = {O_RDONLY,
                      O_PATH,
                      O_PATH | O_NOFOLLOW,
                      O_RDONLY | O_NOFOLLOW,
                      O_RDONLY | O_DIRECTORY,
                      O_PATH | O_DIRECTORY,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                      O_WRONLY,
                      O_RDWR | O_NOFOLLOW,
                      O_RDWR | O_CREAT | O_NONBLOCK,
                      O_WRONLY | O_CREAT | O_NOFOLLOW,
                      O_WRONLY | O_CREAT | O_EXCL};

TEST_F(Tree, BothResolversAgree) {
  if (!have_openat2()) GTEST_SKIP() << "no openat2 on this system";
  std::mt19937 random(20);
  std::vector<std::string> paths = {"/",   "/file", "//",    ".",       "..",     "./",
                                    "../", "a/..",  "a/../", "a/../..", "file/.", ""};
  for (const auto& one : kNames) {
    paths.push_back(one);
    paths.push_back(one + "/");
    paths.push_back(one + "/new");
    paths.push_back(one + "//new/");
    paths.push_back(one + "/..");
    paths.push_back(one + "/.");
  }
  for (int i = 0; i < 1200; ++i) {
    std::string path;
    for (size_t n = 1 + random() % 5; n > 0; --n) {
      path += kNames[random() % kNames.size()];
      if (n > 1 || random() % 4 == 0) path += random() % 5 == 0 ? "//" : "/";
    }
    paths.push_back(path);
  }
  paths.push_back(std::string(255, 'x'));
  paths.push_back(std::string(256, 'x'));
  paths.push_back(std::string(256, 'x') + "/y");
  std::string long_path;
  while (long_path.size() < 4094) long_path += "./";
  paths.push_back(long_path);
  paths.push_back(long_path + "./");
  size_t opened = 0, escaped = 0, refused = 0;
  for (const auto& path : paths) {
    for (int flags : kFlags) {
      auto kernel = outcome(path, flags, Resolver::Openat2);
      auto walk = outcome(path, flags, Resolver::Walk);
      EXPECT_EQ(kernel, walk) << "path \"" << path << "\" flags " << std::oct << flags;
      ++(kernel == "escape" ? escaped : kernel.starts_with("error") ? refused : opened);
    }
  }
  // The generator has to reach all three, or the comparison says nothing.
  EXPECT_GT(opened, 500u);
  EXPECT_GT(escaped, 500u);
  EXPECT_GT(refused, 500u);
}

TEST_F(Tree, BothResolversAgreeAsAnUnprivilegedUser) {
  if (!have_openat2() || ::geteuid() != 0) GTEST_SKIP() << "needs openat2 and root (to become nobody)";
  ::chmod(base.c_str(), 0755);
  ::mkdir((root_path + "/locked").c_str(), 0700);
  touch(root_path + "/locked/x");
  ::mkdir((root_path + "/listed").c_str(), 0744);
  touch(root_path + "/listed/x");
  ::chmod((root_path + "/file").c_str(), 0600);
  // Put back at the end; no other thread runs meanwhile.
  ASSERT_EQ(::seteuid(65534), 0);
  for (std::string path : {"locked", "locked/", "locked/.", "locked/..", "locked/../file", "locked/x", "listed",
                           "listed/.", "listed/..", "listed/x", "listed/x/..", "file", "a/file", "new", "locked/new"}) {
    for (int flags : kFlags) {
      EXPECT_EQ(outcome(path, flags, Resolver::Openat2), outcome(path, flags, Resolver::Walk))
          << "path \"" << path << "\" flags " << std::oct << flags;
    }
  }
  ASSERT_EQ(::seteuid(0), 0);
}

class TreeBoth : public Tree, public testing::WithParamInterface<Resolver> {
 protected:
  void SetUp() override {
    if (GetParam() == Resolver::Openat2 && !have_openat2()) GTEST_SKIP() << "no openat2 on this system";
    Tree::SetUp();
  }
  std::string open(const std::string& path, int flags = O_PATH) {
    auto text = outcome(path, flags, GetParam());
    return text.starts_with(root_path) ? text.substr(root_path.size()) : text;
  }
};

TEST_P(TreeBoth, Answers) {
  std::string enoent = "error " + std::to_string(ENOENT), eloop = "error " + std::to_string(ELOOP),
              enotdir = "error " + std::to_string(ENOTDIR);
  EXPECT_EQ(open("a/../file"), "/file (file)");
  EXPECT_EQ(open("a/b/c/../../../to_a/file"), "/a/file (file)");
  EXPECT_EQ(open("a/../../root/file"), "escape");
  EXPECT_EQ(open(".."), "escape");
  EXPECT_EQ(open("a/.."), " (directory)");
  EXPECT_EQ(open("/file"), "escape");
  EXPECT_EQ(open("absolute"), "escape");
  EXPECT_EQ(open("absolute", O_PATH | O_NOFOLLOW), "/absolute (link)");
  EXPECT_EQ(open("round_trip"), "escape");
  EXPECT_EQ(open("a/escape_dir/secret"), "escape");
  EXPECT_EQ(open("a/etc/passwd"), "escape");
  EXPECT_EQ(open("a/zigzag/deep"), "/a/b/c/deep (file)");
  EXPECT_EQ(open("chain40"), "/file (file)");
  EXPECT_EQ(open("chain41"), eloop);
  EXPECT_EQ(open("loop"), eloop);
  EXPECT_EQ(open("loop1/x"), eloop);
  EXPECT_EQ(open("dangling"), enoent);
  EXPECT_EQ(open("file/"), enotdir);
  EXPECT_EQ(open("file/.."), enotdir);
  EXPECT_EQ(open("to_file_slash"), enotdir);
  EXPECT_EQ(open("to_a", O_PATH | O_NOFOLLOW), "/to_a (link)");
  EXPECT_EQ(open("to_a/", O_PATH | O_NOFOLLOW), "/a (directory)");
  EXPECT_EQ(open("to_file", O_RDONLY | O_NOFOLLOW), eloop);
  EXPECT_EQ(open(""), enoent);
}

TEST_P(TreeBoth, Parents) {
  auto parent = [&](const std::string& path) { return resolve_parent(root.get(), path, {GetParam()}); };
  auto one = parent("name");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->dir(), root.get());
  EXPECT_EQ(one->name, "name");
  EXPECT_FALSE(one->trailing_slash);
  auto slashes = parent("a//name///");
  ASSERT_TRUE(slashes);
  EXPECT_NE(slashes->dir(), root.get());
  EXPECT_EQ(slashes->name, "name");
  EXPECT_TRUE(slashes->trailing_slash);
  EXPECT_EQ(slashes->name_with_slash(), "name/");
}

TEST_P(TreeBoth, ParentErrors) {
  auto error = [&](const std::string& path) {
    auto parent = resolve_parent(root.get(), path, {GetParam()});
    return parent ? 0 : parent.error().code;
  };
  EXPECT_EQ(error(""), ENOENT);
  EXPECT_EQ(error("/"), kEscape.code);
  EXPECT_EQ(error("/x"), kEscape.code);
  EXPECT_EQ(error(".."), kEscape.code);
  EXPECT_EQ(error("../"), kEscape.code);
  EXPECT_EQ(error("../x"), kEscape.code);
  EXPECT_EQ(error("a/up_two/x"), kEscape.code);
  EXPECT_EQ(error("escape/x"), kEscape.code);
  EXPECT_EQ(error("missing/x"), ENOENT);
  EXPECT_EQ(error("file/x"), ENOTDIR);
  EXPECT_EQ(error("a/.."), 0);
  EXPECT_EQ(error("a/."), 0);
  EXPECT_EQ(error("escape"), 0) << "the last component is not followed";
}

TEST_P(TreeBoth, DepthIsBounded) {
  std::string path;
  FileDescriptor here(::dup(root.get()));
  for (int i = 0; i < 700; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), "d", 0755), 0);
    here = FileDescriptor(::openat(here.get(), "d", O_PATH | O_DIRECTORY));
    path += "d/";
  }
  auto deep = open_beneath(root.get(), path, O_PATH, 0, {GetParam()});
  if (GetParam() == Resolver::Walk) {
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().code, ENAMETOOLONG);
  } else {
    EXPECT_TRUE(deep);
  }
}

// A thread turns `door` from a directory into a symlink to the outside and back, as fast as it can; whatever is opened
// through it must be the inside.
TEST_P(TreeBoth, RacingSymlinkNeverLeadsOut) {
  ASSERT_EQ(::mkdir((root_path + "/door").c_str(), 0755), 0);
  touch(root_path + "/door/secret");
  ASSERT_EQ(::symlink("../outside", (root_path + "/evil").c_str()), 0);
  struct stat outside;
  ASSERT_EQ(::stat((base + "/outside/secret").c_str(), &outside), 0);
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) {
      ::renameat2(root.get(), "door", root.get(), "evil", RENAME_EXCHANGE);
    }
  });
  size_t inside = 0, refused = 0;
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  while (std::chrono::steady_clock::now() < end) {
    for (std::string path : {"door/secret", "a/../door/secret", "door/../door/secret"}) {
      auto fd = open_beneath(root.get(), path, O_RDONLY, 0, {GetParam()});
      if (!fd) {
        ++refused;
        continue;
      }
      struct stat st;
      ASSERT_EQ(::fstat(fd->get(), &st), 0);
      ASSERT_FALSE(st.st_ino == outside.st_ino && st.st_dev == outside.st_dev) << path;
      ++inside;
    }
  }
  stop = true;
  swapper.join();
  EXPECT_GT(inside, 0u);
  EXPECT_GT(refused, 0u);
}

TEST_F(Tree, AWalkIsChargedAndCanBeStopped) {
  std::string path = "0";
  ASSERT_EQ(::mkdirat(root.get(), "0", 0755), 0);
  for (int i = 1; i < 20; ++i) ASSERT_EQ(::mkdirat(root.get(), (path += "/x").c_str(), 0755), 0);
  Resolution few{.resolver = Resolver::Walk, .account = DescriptorAccount::open(10, 0)};
  EXPECT_EQ(open_beneath(root.get(), path, O_PATH, 0, few).error().code, EMFILE);
  EXPECT_EQ(few.account->held(), 0u);
  Resolution enough{.resolver = Resolver::Walk, .account = DescriptorAccount::open(30, 0)};
  EXPECT_TRUE(open_beneath(root.get(), path, O_PATH, 0, enough));
  std::atomic<bool> stop = true;
  EXPECT_EQ(open_beneath(root.get(), path, O_PATH, 0, {.resolver = Resolver::Walk, .stop = &stop}).error(),
            kInterrupted);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, TreeBoth, testing::Values(Resolver::Openat2, Resolver::Walk),
                         [](const auto& info) { return info.param == Resolver::Walk ? "Walk" : "Openat2"; });

TEST(FileDescriptor, ClosesAndMoves) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  {
    FileDescriptor read(pipe[0]);
    FileDescriptor other = std::move(read);
    EXPECT_FALSE(read.valid());
    EXPECT_EQ(other.get(), pipe[0]);
    other = FileDescriptor(pipe[1]);
    EXPECT_EQ(::fcntl(pipe[0], F_GETFD), -1);
    EXPECT_NE(::fcntl(pipe[1], F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(pipe[1], F_GETFD), -1);
}

}  // namespace
}  // namespace vitrine::os
