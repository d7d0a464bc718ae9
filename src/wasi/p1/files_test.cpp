#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>

#include "os/descriptors.hpp"
#include "wasi/p1/guest_fixture.hpp"

namespace vitrine::wasi::p1 {
namespace {

using Files = Guest;

TEST_F(Files, Stdio) {
  EXPECT_EQ(read(0, 3), "hel");
  EXPECT_EQ(read(0, 100), "lo");
  EXPECT_EQ(read(0, 100), "");
  EXPECT_EQ(write(0, "x"), "badf");
  EXPECT_EQ(write(1, "to stdout"), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 9u);
  EXPECT_EQ(read(1, 1), "<badf>");
  EXPECT_EQ(out->contents(), "to stdout");
  EXPECT_EQ(write(2, "more than eight"), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 8u) << "what fits";
  EXPECT_EQ(write(2, "x"), "nospc");
  EXPECT_EQ(seek(1, 0, 1), "spipe");
  EXPECT_EQ(call("fd_tell", {0, kOut}), "spipe");
  EXPECT_EQ(call("fd_pread", {0, iovec({{2048, 1}}), 1, 0, kOut}), "spipe");
  EXPECT_EQ(call("fd_filestat_get", {1, kOut}), "success");
  EXPECT_EQ(text(kOut, 64), std::string(64, '\0'));
  EXPECT_EQ(call("fd_fdstat_get", {1, kOut}), "success");
  EXPECT_EQ(get<uint8_t>(kOut), filetype::kUnknown);
  EXPECT_EQ(get<uint64_t>(kOut + 8) & (rights::kFdSeek | rights::kFdTell | rights::kFdRead), 0u);
  EXPECT_NE(get<uint64_t>(kOut + 8) & rights::kFdWrite, 0u);
  EXPECT_EQ(call("fd_advise", {1, 0, 0, 0}), "badf");
  EXPECT_EQ(call("fd_filestat_set_size", {1, 0}), "badf");
  EXPECT_EQ(call("fd_filestat_set_times", {1, 0, 0, 0}), "badf");
  EXPECT_EQ(call("fd_prestat_get", {1, kOut}), "badf");
  EXPECT_EQ(call("fd_prestat_dir_name", {1, kOut, 10}), "notdir");
  EXPECT_EQ(call("fd_close", {1}), "success");
  EXPECT_EQ(write(1, "x"), "badf");
  EXPECT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(opened, 5u) << "stdio's numbers are not used again";
}

TEST_F(Files, ScatterAndGather) {
  ASSERT_EQ(open(kRw, "new", oflags::kCreat), "success");
  uint32_t fd = opened;
  auto parts = iovec({{string("one "), 4}, {0, 0}, {string("two"), 3}});
  EXPECT_EQ(call("fd_write", {fd, parts, 3, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 7u);
  EXPECT_EQ(read_host("rw/new"), "one two");
  EXPECT_EQ(seek(fd, 0, 0), "0");
  EXPECT_EQ(call("fd_read", {fd, iovec({{4096, 2}, {5000, 3}, {6000, 100}}), 3, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 7u);
  EXPECT_EQ(text(4096, 2) + text(5000, 3) + text(6000, 2), "one two");
  EXPECT_EQ(call("fd_write", {fd, 0, 0, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 0u);
  // More parts than the system takes at once: as many as fit.
  std::string many;
  uint32_t x = string("x");
  for (int i = 0; i < 3000; ++i) {
    uint32_t one[2] = {x, 1};
    many.append(reinterpret_cast<const char*>(one), 8);
  }
  EXPECT_EQ(call("fd_write", {fd, string(many), 3000, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 1024u);
  // No more of them is looked at than is used, however many there are; the array is inside all the same.
  many.resize(1024 * 8);
  many.append(8, '\xff');
  EXPECT_EQ(call("fd_write", {fd, string(many), 1025, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 1024u);
  constexpr size_t kAll = size_t{1} << 32;
  void* pages = ::mmap(nullptr, kAll, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(call_function(*state, GuestMemory({static_cast<uint8_t*>(pages), kAll}), Abi::Preview1, "fd_write",
                          {fd, 64, (1u << 29) - 8, 0}),
            "success");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
  ::munmap(pages, kAll);
}

TEST_F(Files, SeekAndTell) {
  ASSERT_EQ(open(kRw, "file"), "success");
  uint32_t fd = opened;
  EXPECT_EQ(read(fd, 4), "0123");
  EXPECT_EQ(call("fd_tell", {fd, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 4u);
  EXPECT_EQ(seek(fd, 2, 1), "6");
  EXPECT_EQ(read(fd, 2), "67");
  EXPECT_EQ(seek(fd, -1, 2), "9");
  EXPECT_EQ(seek(fd, -1, 0), "inval");
  EXPECT_EQ(seek(fd, -100, 1), "inval");
  EXPECT_EQ(seek(fd, INT64_MAX, 1), "inval");
  EXPECT_EQ(seek(fd, 0, 3), "inval");
  EXPECT_EQ(seek(fd, 0, 1), "9") << "a failed seek moves nothing";
  EXPECT_EQ(seek(fd, 1000, 0), "1000");
  EXPECT_EQ(read(fd, 1), "");
  EXPECT_EQ(seek(kRw, 0, 0), "badf");
  EXPECT_EQ(call("fd_tell", {kRw, kOut}), "badf");
  EXPECT_EQ(seek(99, 0, 0), "badf");
  // The older numbering of `whence`.
  EXPECT_EQ(call(Abi::Unstable, "fd_seek", {fd, 3, 2, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 3u);
  EXPECT_EQ(call(Abi::Unstable, "fd_seek", {fd, 2, 0, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 5u);
  EXPECT_EQ(call(Abi::Unstable, "fd_seek", {fd, 0, 1, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut), 10u);
}

TEST_F(Files, PositionedTransferLeavesThePositionAlone) {
  ASSERT_EQ(open(kRw, "file"), "success");
  uint32_t fd = opened;
  EXPECT_EQ(call("fd_pread", {fd, iovec({{4096, 3}}), 1, 5, kOut}), "success");
  EXPECT_EQ(text(4096, 3), "567");
  EXPECT_EQ(call("fd_pwrite", {fd, iovec({{string("AB"), 2}}), 1, 8, kOut}), "success");
  EXPECT_EQ(read(fd, 100), "01234567AB");
  EXPECT_EQ(call("fd_pread", {fd, iovec({{4096, 3}}), 1, uint64_t{1} << 63, kOut}), "inval");
  EXPECT_EQ(call("fd_pwrite", {fd, iovec({{4096, 3}}), 1, ~uint64_t{0}, kOut}), "inval");
  EXPECT_EQ(call("fd_pread", {kRw, iovec({{4096, 3}}), 1, 0, kOut}), "badf");
  EXPECT_EQ(call("fd_pwrite", {99, iovec({{4096, 3}}), 1, 0, kOut}), "badf");
}

TEST_F(Files, Append) {
  ASSERT_EQ(open(kRw, "file", 0, kReadWrite, fdflags::kAppend), "success");
  uint32_t fd = opened;
  EXPECT_EQ(write(fd, "ab"), "success");
  EXPECT_EQ(seek(fd, 0, 1), "12");
  EXPECT_EQ(seek(fd, 0, 0), "0");
  EXPECT_EQ(write(fd, "cd"), "success");
  EXPECT_EQ(call("fd_pwrite", {fd, iovec({{string("ef"), 2}}), 1, 0, kOut}), "success");
  EXPECT_EQ(read_host("rw/file"), "0123456789abcdef");
  EXPECT_EQ(call("fd_fdstat_get", {fd, kOut}), "success");
  EXPECT_EQ(get<uint16_t>(kOut + 2), fdflags::kAppend);
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, 0}), "success");
  EXPECT_EQ(seek(fd, 0, 0), "0");
  EXPECT_EQ(write(fd, "X"), "success");
  EXPECT_EQ(read_host("rw/file"), "X123456789abcdef");
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, fdflags::kAppend | fdflags::kNonblock}), "success");
  EXPECT_EQ(call("fd_fdstat_get", {fd, kOut}), "success");
  EXPECT_EQ(get<uint16_t>(kOut + 2), fdflags::kAppend | fdflags::kNonblock);
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, fdflags::kSync}), "inval");
  EXPECT_EQ(call("fd_fdstat_set_flags", {fd, 32}), "inval");
  EXPECT_EQ(call("fd_fdstat_set_flags", {kRw, 0}), "badf");
}

TEST_F(Files, AccessIsFixedWhenOpened) {
  ASSERT_EQ(open(kRw, "file", 0, rights::kFdRead), "success");
  EXPECT_EQ(write(opened, "x"), "badf");
  EXPECT_EQ(call("fd_filestat_set_size", {opened, 0}), "badf");
  EXPECT_EQ(call("fd_allocate", {opened, 0, 100}), "badf");
  ASSERT_EQ(open(kRw, "file", 0, rights::kFdWrite), "success");
  EXPECT_EQ(read(opened, 1), "<badf>");
  ASSERT_EQ(open(kRw, "file", 0, 0), "success");
  EXPECT_EQ(read(opened, 1), "<badf>");
  EXPECT_EQ(write(opened, "x"), "badf");
  EXPECT_EQ(call("fd_filestat_get", {opened, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 32), 10u);
  EXPECT_EQ(read(kRw, 1), "<isdir>");
  EXPECT_EQ(write(kRw, "x"), "badf");
  EXPECT_EQ(call("fd_fdstat_set_rights", {kRw, 0, 0}), "notsup");
  EXPECT_EQ(call("fd_fdstat_set_rights", {99, 0, 0}), "badf");
}

TEST_F(Files, OpenFlags) {
  EXPECT_EQ(open(kRw, "missing"), "noent");
  EXPECT_EQ(open(kRw, "file", oflags::kCreat), "success");
  EXPECT_EQ(open(kRw, "file", oflags::kCreat | oflags::kExcl), "exist");
  EXPECT_EQ(open(kRw, "file", oflags::kDirectory, 0), "notdir");
  EXPECT_EQ(open(kRw, "dir", oflags::kDirectory, 0), "success");
  EXPECT_EQ(open(kRw, "dir", 0, rights::kFdWrite), "isdir");
  for (uint32_t flag : {oflags::kCreat, oflags::kExcl, oflags::kTrunc}) {
    EXPECT_EQ(open(kRw, "dir", oflags::kDirectory | flag, 0), "inval");
  }
  EXPECT_EQ(open(kRw, "file", 16), "inval");
  EXPECT_EQ(open(kRw, "file", 0, 0, 32), "inval");
  EXPECT_EQ(open(kRw, "file", 0, 0, 0, 2), "inval");
  EXPECT_EQ(open(kRw, "file", oflags::kTrunc, rights::kFdWrite), "success");
  EXPECT_EQ(read_host("rw/file"), "");
  EXPECT_EQ(open(kRw, "fresh", oflags::kCreat | oflags::kExcl, 0), "success");
  EXPECT_TRUE(exists("rw/fresh"));
  EXPECT_EQ(open(opened, "x"), "notdir");
  EXPECT_EQ(open(0, "x"), "notdir");
  EXPECT_EQ(open(99, "x"), "badf");
  EXPECT_EQ(open(kRw, "file", 0, kReadWrite, fdflags::kSync), "success");
  EXPECT_EQ(call("fd_fdstat_get", {opened, kOut}), "success");
  EXPECT_EQ(get<uint16_t>(kOut + 2), fdflags::kSync);
  EXPECT_EQ(call("fd_fdstat_set_flags", {opened, fdflags::kSync}), "success") << "as it is";
}

TEST_F(Files, Symlinks) {
  EXPECT_EQ(open(kRw, "link"), "success");
  EXPECT_EQ(open(kRw, "link", 0, 0, 0, 0), "loop");
  EXPECT_EQ(open(kRw, "link", oflags::kDirectory, 0, 0, 0), "notdir");
  EXPECT_EQ(symlink("nowhere", kRw, "dangling"), "success");
  EXPECT_EQ(open(kRw, "dangling"), "noent");
  EXPECT_EQ(open(kRw, "dangling", oflags::kCreat), "success");
  EXPECT_TRUE(exists("rw/nowhere")) << "created where the symlink leads";
  EXPECT_EQ(symlink("loop", kRw, "loop"), "success");
  EXPECT_EQ(open(kRw, "loop"), "loop");
  EXPECT_EQ(stat(kRw, "loop", 1), "loop");
  EXPECT_EQ(stat(kRw, "loop"), "success");
  EXPECT_EQ(get<uint8_t>(kOut + 16), filetype::kSymbolicLink);
  EXPECT_EQ(get<uint64_t>(kOut + 32), 4u);
  EXPECT_EQ(symlink("x", kRw, "loop"), "exist");
  EXPECT_EQ(symlink("x", kRw, "slash/"), "noent");
  EXPECT_EQ(symlink("", kRw, "empty"), "noent");
  // What is read is what was written, as much as fits.
  EXPECT_EQ(call("path_readlink", {kRw, string("dangling"), 8, 4096, 100, kOut}), "success");
  EXPECT_EQ(text(4096, get<uint32_t>(kOut)), "nowhere");
  EXPECT_EQ(call("path_readlink", {kRw, string("dangling"), 8, 4096, 3, kOut}), "success");
  EXPECT_EQ(text(4096, get<uint32_t>(kOut)), "now");
  EXPECT_EQ(call("path_readlink", {kRw, string("file"), 4, 4096, 3, kOut}), "inval");
  EXPECT_EQ(call("path_readlink", {kRw, string("file/"), 5, 4096, 3, kOut}), "notdir");
  EXPECT_EQ(call("path_readlink", {kRw, string("dir/"), 4, 4096, 3, kOut}), "inval");
}

TEST_F(Files, Escapes) {
  for (std::string path : {"../outside/secret", "out/secret", "abs", "dir/../../outside/secret", "/etc/passwd",
                           "dir/../../rw/file", "link/../../outside", "..", "../", "out/../rw/file"}) {
    auto expected = path.starts_with("link/") ? "notdir" : "perm";
    EXPECT_EQ(open(kRw, path), expected) << path;
    EXPECT_EQ(open(kRw, path, oflags::kCreat), expected) << path;
    EXPECT_EQ(stat(kRw, path, 1), expected) << path;
    EXPECT_EQ(call("path_filestat_set_times", {kRw, 1, string(path), path.size(), 0, 0, 2}), expected) << path;
  }
  for (std::string path : {"../outside/new", "out/new", "/tmp/new", "dir/../../outside/new"}) {
    EXPECT_EQ(path_call("path_create_directory", kRw, path), "perm") << path;
    EXPECT_EQ(path_call("path_remove_directory", kRw, path), "perm") << path;
    EXPECT_EQ(path_call("path_unlink_file", kRw, path), "perm") << path;
    EXPECT_EQ(rename(kRw, "file", kRw, path), "perm") << path;
    EXPECT_EQ(rename(kRw, path, kRw, "stolen"), "perm") << path;
    EXPECT_EQ(link(kRw, "file", kRw, path), "perm") << path;
    EXPECT_EQ(link(kRw, path, kRw, "stolen"), "perm") << path;
    EXPECT_EQ(symlink("x", kRw, path), "perm") << path;
    EXPECT_EQ(call("path_readlink", {kRw, string(path), path.size(), 4096, 100, kOut}), "perm") << path;
  }
  EXPECT_EQ(symlink("/etc/passwd", kRw, "new"), "perm");
  EXPECT_EQ(open(kRw, "out", 0, 0, 0, 0), "loop") << "not followed, so not an escape";
  EXPECT_EQ(stat(kRw, "out/"), "perm") << "a slash at the end follows";
  EXPECT_EQ(open(kRw, "out/", 0, 0, 0, 0), "perm");
  EXPECT_EQ(link(kRw, "abs", kRw, "abs2"), "success") << "another name of the symlink";
  EXPECT_EQ(open(kRw, "abs2"), "perm");
  EXPECT_EQ(read_host("outside/secret"), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator(base + "/outside"), {}), 1);
  EXPECT_FALSE(exists("rw/stolen"));
  EXPECT_TRUE(exists("rw/file"));
  auto denials = context->denials().all();
  ASSERT_FALSE(denials.empty());
  EXPECT_EQ(denials[0].reason, host::Denial::Reason::LeadsOut);
  EXPECT_EQ(denials[0].subject, "/rw/../outside/secret");
  EXPECT_EQ(denials[0].guest, "/rw");
  EXPECT_EQ(to_string(denials[0]), "\"/rw/../outside/secret\" leads out of the granted directory \"/rw\"");
  EXPECT_LE(denials.size(), host::Denials::kMaxDenials);
  EXPECT_GT(context->denials().count(), denials.size());
}

TEST_F(Files, TrailingSlashes) {
  EXPECT_EQ(open(kRw, "file/"), "notdir");
  EXPECT_EQ(open(kRw, "dir/", 0, 0), "success");
  EXPECT_EQ(open(kRw, "dir//", oflags::kDirectory, 0), "success");
  EXPECT_EQ(open(kRw, "new/", oflags::kCreat), "isdir");
  EXPECT_EQ(stat(kRw, "file/"), "notdir");
  EXPECT_EQ(stat(kRw, "dir/"), "success");
  EXPECT_EQ(path_call("path_unlink_file", kRw, "file/"), "notdir");
  EXPECT_EQ(path_call("path_unlink_file", kRw, "dir/"), "isdir");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "file/"), "notdir");
  EXPECT_EQ(path_call("path_create_directory", kRw, "made//"), "success");
  EXPECT_EQ(rename(kRw, "made/", kRw, "renamed/"), "success");
  EXPECT_EQ(rename(kRw, "file/", kRw, "x"), "notdir");
  EXPECT_EQ(rename(kRw, "file", kRw, "x/"), "notdir");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "renamed/"), "success");
  EXPECT_EQ(link(kRw, "file", kRw, "x/"), "noent");
  EXPECT_EQ(link(kRw, "file/", kRw, "x"), "notdir");
  EXPECT_EQ(link(kRw, "dir/", kRw, "x"), "perm");
  // The root of a grant, by its names.
  EXPECT_EQ(path_call("path_remove_directory", kRw, "."), "inval");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "./"), "inval");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "dir/.."), "notempty");
  EXPECT_EQ(path_call("path_unlink_file", kRw, "."), "isdir");
  EXPECT_EQ(path_call("path_create_directory", kRw, "."), "exist");
  EXPECT_EQ(rename(kRw, ".", kRw, "x"), "busy");
  EXPECT_EQ(rename(kRw, "dir", kRw, "."), "busy");
  EXPECT_EQ(link(kRw, ".", kRw, "x"), "perm");
  EXPECT_EQ(open(kRw, ".", 0, 0), "success");
  EXPECT_EQ(open(kRw, "dir/..", 0, 0), "success");
}

TEST_F(Files, RenameAndLink) {
  EXPECT_EQ(path_call("path_create_directory", kRw, "full"), "success");
  EXPECT_EQ(open(kRw, "full/x", oflags::kCreat), "success");
  EXPECT_EQ(rename(kRw, "dir", kRw, "full"), "notempty");
  EXPECT_EQ(rename(kRw, "file", kRw, "dir"), "isdir");
  EXPECT_EQ(rename(kRw, "dir", kRw, "file"), "notdir");
  EXPECT_EQ(rename(kRw, "full", kRw, "dir"), "success");
  EXPECT_TRUE(exists("rw/dir/x"));
  EXPECT_EQ(rename(kRw, "missing", kRw, "y"), "noent");
  EXPECT_EQ(path_call("path_remove_directory", kRw, "dir"), "notempty");
  EXPECT_EQ(link(kRw, "file", kRw, "second"), "success");
  EXPECT_EQ(stat(kRw, "second"), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 24), 2u);
  EXPECT_EQ(link(kRw, "file", kRw, "second"), "exist");
  EXPECT_EQ(link(kRw, "file", kRw, "file"), "exist");
  EXPECT_EQ(link(kRw, "dir", kRw, "x"), "perm");
  EXPECT_EQ(link(kRw, "link", kRw, "x", 1), "inval");
  EXPECT_EQ(link(kRw, "file", kRw, "x", 2), "inval");
  EXPECT_EQ(path_call("path_unlink_file", kRw, "dir"), "isdir");
  EXPECT_EQ(path_call("path_unlink_file", kRw, "second"), "success");
}

TEST_F(Files, Filestat) {
  EXPECT_EQ(call("path_filestat_set_times", {kRw, 0, string("file"), 4, 1000, 2000, 5}), "success");
  EXPECT_EQ(stat(kRw, "file"), "success");
  struct stat st;
  ASSERT_EQ(::stat((base + "/rw/file").c_str(), &st), 0);
  EXPECT_EQ(get<uint64_t>(kOut), st.st_dev);
  EXPECT_EQ(get<uint64_t>(kOut + 8), st.st_ino);
  EXPECT_EQ(get<uint8_t>(kOut + 16), filetype::kRegularFile);
  EXPECT_EQ(get<uint64_t>(kOut + 24), 1u);
  EXPECT_EQ(get<uint64_t>(kOut + 32), 10u);
  EXPECT_EQ(get<uint64_t>(kOut + 40), 1000u);
  EXPECT_EQ(get<uint64_t>(kOut + 48), 2000u);
  EXPECT_EQ(get<uint64_t>(kOut + 56), static_cast<uint64_t>(st.st_ctim.tv_sec) * 1'000'000'000 + st.st_ctim.tv_nsec);
  // The older layout is shorter, and its link count has 32 bits.
  EXPECT_EQ(call(Abi::Unstable, "path_filestat_get", {kRw, 0, string("file"), 4, kOut}), "success");
  EXPECT_EQ(get<uint8_t>(kOut + 16), filetype::kRegularFile);
  EXPECT_EQ(get<uint32_t>(kOut + 20), 1u);
  EXPECT_EQ(get<uint64_t>(kOut + 24), 10u);
  EXPECT_EQ(get<uint64_t>(kOut + 40), 2000u);
  EXPECT_EQ(open(kRw, "file"), "success");
  uint32_t fd = opened;
  EXPECT_EQ(call("fd_filestat_set_times", {fd, 0, 3000, 4}), "success");
  EXPECT_EQ(call(Abi::Unstable, "fd_filestat_get", {fd, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 40), 3000u);
  EXPECT_EQ(get<uint64_t>(kOut + 32), 1000u) << "left alone";
  EXPECT_EQ(call("fd_filestat_set_times", {fd, 0, 0, 10}), "success");
  EXPECT_EQ(call("fd_filestat_get", {fd, kOut}), "success");
  EXPECT_GT(get<uint64_t>(kOut + 40), 1'700'000'000'000'000'000u);
  for (uint64_t flags : {3, 12, 15, 16}) EXPECT_EQ(call("fd_filestat_set_times", {fd, 0, 0, flags}), "inval");
  EXPECT_EQ(call("fd_filestat_set_times", {kRw, 0, 5000, 4}), "success");
  EXPECT_EQ(call("fd_filestat_get", {kRw, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 48), 5000u);
  EXPECT_EQ(get<uint8_t>(kOut + 16), filetype::kDirectory);
  // Symlinks, followed and not.
  EXPECT_EQ(call("path_filestat_set_times", {kRw, 0, string("link"), 4, 0, 7000, 4}), "success");
  EXPECT_EQ(stat(kRw, "link"), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 48), 7000u);
  EXPECT_EQ(stat(kRw, "link", 1), "success");
  EXPECT_NE(get<uint64_t>(kOut + 48), 7000u);
  EXPECT_EQ(call("path_filestat_set_times", {kRw, 1, string("link"), 4, 0, 8000, 4}), "success");
  EXPECT_EQ(stat(kRw, "file"), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 48), 8000u);
  // A file from before 1970 can be asked about.
  timespec old[2] = {{-1000, 0}, {-1000, 0}};
  ::utimensat(AT_FDCWD, (base + "/rw/file").c_str(), old, 0);
  EXPECT_EQ(stat(kRw, "file"), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 48), 0u);
}

TEST_F(Files, SizeAndAllocation) {
  ASSERT_EQ(open(kRw, "file"), "success");
  uint32_t fd = opened;
  EXPECT_EQ(call("fd_filestat_set_size", {fd, 3}), "success");
  EXPECT_EQ(read_host("rw/file"), "012");
  EXPECT_EQ(call("fd_filestat_set_size", {fd, 6}), "success");
  EXPECT_EQ(read_host("rw/file"), std::string("012\0\0\0", 6));
  EXPECT_EQ(call("fd_filestat_set_size", {fd, uint64_t{1} << 63}), "fbig");
  EXPECT_NE(call("fd_filestat_set_size", {fd, INT64_MAX}), "success");
  auto allocated = call("fd_allocate", {fd, 0, 100});
  EXPECT_TRUE(allocated == "success" || allocated == "notsup") << allocated;
  if (allocated == "success") {
    EXPECT_EQ(read_host("rw/file").size(), 100u);
  }
  EXPECT_EQ(call("fd_allocate", {fd, 0, 0}), "inval");
  EXPECT_EQ(call("fd_allocate", {fd, ~uint64_t{0}, 1}), "fbig");
  EXPECT_EQ(call("fd_allocate", {kRw, 0, 1}), "badf");
  EXPECT_EQ(call("fd_advise", {fd, 0, 10, 3}), "success");
  EXPECT_EQ(call("fd_advise", {fd, 0, 10, 6}), "inval");
  EXPECT_EQ(call("fd_advise", {fd, ~uint64_t{0}, 10, 0}), "inval");
  EXPECT_EQ(call("fd_advise", {kRw, 0, 10, 0}), "badf");
  EXPECT_EQ(call("fd_sync", {fd}), "success");
  EXPECT_EQ(call("fd_datasync", {fd}), "success");
  EXPECT_EQ(call("fd_sync", {kRw}), "success");
  EXPECT_EQ(call("fd_datasync", {99}), "badf");
}

TEST_F(Files, Numbers) {
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(opened, 5u);
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(opened, 6u);
  ASSERT_EQ(open(kRw, "link"), "success");
  EXPECT_EQ(opened, 7u);
  EXPECT_EQ(call("fd_close", {6}), "success");
  EXPECT_EQ(call("fd_close", {5}), "success");
  EXPECT_EQ(call("fd_close", {5}), "badf");
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(opened, 5u) << "the lowest free number";
  EXPECT_EQ(read(5, 3), "012");
  EXPECT_EQ(call("fd_renumber", {5, 6}), "badf") << "6 is not open";
  EXPECT_EQ(call("fd_renumber", {6, 5}), "badf");
  EXPECT_EQ(call("fd_renumber", {5, 7}), "success");
  EXPECT_EQ(read(7, 3), "345") << "the handle moved, with its position";
  EXPECT_EQ(read(5, 1), "<badf>");
  EXPECT_EQ(call("fd_renumber", {7, 7}), "success");
  EXPECT_EQ(read(7, 1), "6");
  EXPECT_EQ(call("fd_renumber", {7, kRo}), "success") << "over a preopen";
  EXPECT_EQ(read(kRo, 1), "7");
  EXPECT_EQ(call("fd_prestat_get", {kRo, kOut}), "badf");
  EXPECT_EQ(call("fd_renumber", {kRo, 1}), "success") << "over stdout";
  EXPECT_EQ(read(1, 1), "8");
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(opened, 4u);
}

TEST_F(Files, Preopens) {
  EXPECT_EQ(call("fd_prestat_get", {3, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 0u);
  EXPECT_EQ(get<uint32_t>(kOut + 4), 3u);
  EXPECT_EQ(call("fd_prestat_dir_name", {3, 4096, 3}), "success");
  EXPECT_EQ(text(4096, 4), std::string("/rw\0", 4)) << "without a NUL of its own";
  EXPECT_EQ(call("fd_prestat_dir_name", {4, 4096, 100}), "success");
  EXPECT_EQ(text(4096, 3), "/ro");
  EXPECT_EQ(call("fd_prestat_dir_name", {3, 4096, 2}), "nametoolong");
  EXPECT_EQ(call("fd_prestat_get", {5, kOut}), "badf");
  EXPECT_EQ(call("fd_prestat_dir_name", {5, 4096, 2}), "badf");
  ASSERT_EQ(open(kRw, "dir", 0, 0), "success");
  EXPECT_EQ(call("fd_prestat_get", {opened, kOut}), "badf") << "opened, not granted";
  EXPECT_EQ(call("fd_prestat_dir_name", {opened, 4096, 10}), "notdir");
  EXPECT_EQ(call("fd_fdstat_get", {3, kOut}), "success");
  EXPECT_EQ(get<uint8_t>(kOut), filetype::kDirectory);
  EXPECT_EQ(get<uint64_t>(kOut + 8) & (rights::kFdSeek | rights::kFdFilestatSetSize), 0u);
  EXPECT_NE(get<uint64_t>(kOut + 16) & rights::kFdWrite, 0u);
}

class Listing : public Guest {
 protected:
  struct Entry {
    uint64_t next, inode;
    std::string name;
    uint8_t type;
  };
  /// Lists `fd` from `cookie` with a buffer of `size` bytes, as a C library does.
  std::vector<Entry> list(uint32_t fd, uint32_t size, uint64_t cookie = 0, size_t limit = 10000) {
    std::vector<Entry> entries;
    while (entries.size() < limit) {
      EXPECT_EQ(call("fd_readdir", {fd, 8192, size, cookie, kOut}), "success");
      uint32_t used = get<uint32_t>(kOut);
      size_t before = entries.size();
      for (uint32_t at = 0; at + 24 <= used;) {
        uint32_t length = get<uint32_t>(8192 + at + 16);
        if (at + 24 + length > used) break;
        entries.push_back({get<uint64_t>(8192 + at), get<uint64_t>(8192 + at + 8), text(8192 + at + 24, length),
                           get<uint8_t>(8192 + at + 20)});
        cookie = entries.back().next;
        at += 24 + length;
      }
      if (used < size) return entries;
      if (entries.size() == before) {
        ADD_FAILURE() << "no progress with a buffer of " << size;
        return entries;
      }
    }
    return entries;
  }
};

TEST_F(Listing, IsTheSameWithAnyBuffer) {
  for (int i = 0; i < 300; ++i) write_host("rw/dir/entry-" + std::to_string(i), "");
  ::symlink("x", (base + "/rw/dir/a-link").c_str());
  fs::create_directory(base + "/rw/dir/a-dir");
  ASSERT_EQ(open(kRw, "dir", oflags::kDirectory, 0), "success");
  uint32_t fd = opened;
  auto all = list(fd, 60000);
  ASSERT_EQ(all.size(), 304u);
  EXPECT_EQ(all[0].name, ".");
  EXPECT_EQ(all[1].name, "..");
  struct stat st;
  ASSERT_EQ(::stat((base + "/rw/dir").c_str(), &st), 0);
  EXPECT_EQ(all[0].inode, st.st_ino);
  ASSERT_EQ(::stat((base + "/rw").c_str(), &st), 0);
  EXPECT_EQ(all[1].inode, st.st_ino);
  for (const auto& entry : all) {
    ASSERT_EQ(::lstat((base + "/rw/dir/" + entry.name).c_str(), &st), 0) << entry.name;
    EXPECT_EQ(entry.inode, st.st_ino) << entry.name;
    EXPECT_EQ(entry.type, S_ISDIR(st.st_mode)   ? filetype::kDirectory
                          : S_ISLNK(st.st_mode) ? filetype::kSymbolicLink
                                                : filetype::kRegularFile);
  }
  for (uint32_t size : {34u, 40u, 61u, 100u, 4096u}) {
    auto pieces = list(fd, size);
    ASSERT_EQ(pieces.size(), all.size()) << size;
    for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(pieces[i].name, all[i].name);
  }
  // From every cookie, exactly what follows; and that stays so while the directory changes.
  write_host("rw/dir/late", "");
  fs::remove(base + "/rw/dir/entry-7");
  for (size_t i = 0; i < all.size(); i += 37) {
    auto rest = list(fd, 60000, all[i].next);
    ASSERT_EQ(rest.size(), all.size() - i - 1);
    if (!rest.empty()) {
      EXPECT_EQ(rest[0].name, all[i + 1].name);
    }
  }
  auto fresh = list(fd, 60000);
  EXPECT_EQ(fresh.size(), 304u);
  EXPECT_TRUE(std::ranges::any_of(fresh, [](const auto& e) { return e.name == "late"; }));
  EXPECT_FALSE(std::ranges::any_of(fresh, [](const auto& e) { return e.name == "entry-7"; }));
}

TEST_F(Listing, TinyBuffersAndErrors) {
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 0, 0, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 0u);
  for (uint32_t size : {1u, 10u, 24u}) {
    EXPECT_EQ(call("fd_readdir", {kRw, 8192, size, 0, kOut}), "success");
    EXPECT_EQ(get<uint32_t>(kOut), size) << "cut off: there is more";
  }
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, 1'000'000, kOut}), "success");
  EXPECT_EQ(get<uint32_t>(kOut), 0u);
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, ~uint64_t{0}, kOut}), "success");
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(call("fd_readdir", {opened, 8192, 1000, 0, kOut}), "notdir");
  EXPECT_EQ(call("fd_readdir", {99, 8192, 1000, 0, kOut}), "badf");
  // The root of a grant does not tell what is above it, by whatever path it was opened.
  struct stat st;
  ASSERT_EQ(::stat((base + "/rw").c_str(), &st), 0);
  EXPECT_EQ(list(kRw, 4096)[1].inode, st.st_ino);
  ASSERT_EQ(open(kRw, "dir/..", 0, 0), "success");
  EXPECT_EQ(list(opened, 4096)[1].inode, st.st_ino);
  EXPECT_EQ(list(kRo, 4096).size(), 8u) << "a read-only directory can be listed";
}

TEST_F(Listing, NamesThatNoGuestCanSayAreLeftOut) {
  write_host("rw/dir/bad\xff", "");
  write_host("rw/dir/good", "");
  ASSERT_EQ(open(kRw, "dir", 0, 0), "success");
  auto all = list(opened, 4096);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].name, "good");
}

class NoFiles : public Guest {
  void configure(host::Grants& grants) override {
    grants.max_open_files = 5;
    grants.directories.pop_back();
  }
};

// The three streams count, and what is granted.
TEST_F(NoFiles, TheLimitIsOfAllThatIsOpen) {
  ASSERT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(open(kRw, "file"), "mfile");
  host::Grants grants;
  grants.max_open_files = 2;
  auto few = P1State::make(*host::Context::make(std::move(grants)));
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().message(),
            "3 streams, 0 directories and 0 sockets are granted, more than max_open_files, which is 2");
}

class FewFiles : public Guest {
  void configure(host::Grants& grants) override { grants.max_open_files = 7; }
};

TEST_F(FewFiles, AreCapped) {
  EXPECT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(open(kRw, "file"), "success");
  EXPECT_EQ(open(kRw, "dir/fresh", oflags::kCreat), "mfile");
  EXPECT_FALSE(exists("rw/dir/fresh"));
  auto denials = context->denials().all();
  ASSERT_EQ(denials.size(), 1u);
  EXPECT_EQ(denials[0].subject, "/rw/dir/fresh");
  EXPECT_EQ(denials[0].guest, "/rw");
  EXPECT_EQ(denials[0].host, base + "/rw");
  EXPECT_EQ(denials[0].access, host::Access::ReadWrite);
  EXPECT_EQ(to_string(denials[0]), "open \"/rw/dir/fresh\": no more than 7 open files and sockets are the guest's");
  EXPECT_EQ(call("fd_close", {5}), "success");
  EXPECT_EQ(open(kRw, "fresh", oflags::kCreat), "success");
}

// What others hold is not there for this guest, nor for what a call of its needs for a moment.
class NoneLeft : public Guest {
 protected:
  void SetUp() override {
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 400;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    Guest::SetUp();
    while (auto account = os::DescriptorAccount::open(1, 1)) others.push_back(std::move(account));
  }
  void TearDown() override {
    Guest::TearDown();
    ::setrlimit(RLIMIT_NOFILE, &before);
  }
  void configure(host::Grants& grants) override {
    os::FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un any{.sun_family = AF_UNIX, .sun_path = {}};
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof(sa_family_t)), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    grants.sockets.push_back({std::move(listener), "a socket"});
  }
  rlimit before{};
  std::vector<std::shared_ptr<os::DescriptorAccount>> others;
};

TEST_F(NoneLeft, EveryDescriptorIsCounted) {
  EXPECT_EQ(call("fd_fdstat_set_flags", {5, fdflags::kNonblock}), "success");
  ASSERT_EQ(open(kRw, "file"), "success");
  uint32_t first = opened;
  while (open(kRw, "file") == "success") {
  }
  EXPECT_EQ(open(kRw, "file"), "mfile");
  EXPECT_EQ(stat(kRw, "file"), "success") << "which takes none";
  EXPECT_EQ(stat(kRw, "link", lookupflags::kSymlinkFollow), "mfile");
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, 0, kOut}), "mfile");
  EXPECT_EQ(path_call("path_create_directory", kRw, "dir/new"), "mfile");
  EXPECT_EQ(call("sock_accept", {5, 0, kOut}), "mfile");
  EXPECT_EQ(path_call("path_create_directory", kRw, "new"), "success");
  EXPECT_FALSE(exists("rw/dir/new"));
  auto denials = context->denials().all();
  ASSERT_EQ(denials.size(), 5u);
  for (const auto& denial : denials) EXPECT_EQ(denial.reason, host::Denial::Reason::Limit) << to_string(denial);
  EXPECT_EQ(call("fd_close", {first}), "success");
  EXPECT_EQ(call("fd_readdir", {kRw, 8192, 1000, 0, kOut}), "success");
  EXPECT_EQ(path_call("path_create_directory", kRw, "dir/new"), "success");
  EXPECT_EQ(open(kRw, "file"), "success");
  // Another guest has no room at all.
  host::Grants grants;
  ASSERT_TRUE(grants.add_directory(base + "/rw", "/", host::Access::ReadOnly));
  auto made = host::Context::make(std::move(grants));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), ErrorKind::Limit);
}

TEST_F(Files, SpecialFiles) {
  ASSERT_EQ(::mkfifo((base + "/rw/fifo").c_str(), 0644), 0);
  EXPECT_EQ(open(kRw, "fifo", 0, rights::kFdWrite), "nxio") << "no reader; must not hang";
  ASSERT_EQ(open(kRw, "fifo", 0, rights::kFdRead, fdflags::kNonblock), "success");
  uint32_t reader = opened;
  EXPECT_EQ(read(reader, 10), "") << "no writer";
  ASSERT_EQ(open(kRw, "fifo", 0, rights::kFdWrite), "success");
  uint32_t writer = opened;
  EXPECT_EQ(read(reader, 10), "<again>");
  EXPECT_EQ(write(writer, "through"), "success");
  EXPECT_EQ(read(reader, 100), "through");
  EXPECT_EQ(seek(reader, 0, 1), "spipe");
  EXPECT_EQ(call("fd_fdstat_get", {reader, kOut}), "success");
  EXPECT_EQ(get<uint64_t>(kOut + 8) & rights::kFdSeek, 0u);
  EXPECT_EQ(call("fd_close", {reader}), "success");
  EXPECT_EQ(write(writer, "x"), "pipe") << "and no signal";
}

TEST_F(Files, OnlyFilesAreTruncatedWhenTheyAreOpened) {
  ASSERT_EQ(::mkfifo((base + "/rw/fifo").c_str(), 0644), 0);
  EXPECT_EQ(open(kRw, "fifo", oflags::kTrunc, rights::kFdWrite), "nxio") << "no reader; must not hang";
  ASSERT_EQ(open(kRw, "fifo", 0, rights::kFdRead, fdflags::kNonblock), "success");
  const uint32_t reader = opened;
  ASSERT_EQ(open(kRw, "fifo", oflags::kTrunc, rights::kFdWrite), "success");
  EXPECT_EQ(write(opened, "through"), "success");
  EXPECT_EQ(read(reader, 100), "through");
  EXPECT_EQ(open(kRw, "dir", oflags::kTrunc, rights::kFdWrite), "isdir");
  EXPECT_EQ(open(kRw, "missing", oflags::kTrunc, rights::kFdWrite), "noent");
  EXPECT_EQ(open(kRw, "new", oflags::kTrunc | oflags::kCreat, rights::kFdWrite), "success");
  EXPECT_EQ(open(kRw, "file", oflags::kTrunc | oflags::kCreat | oflags::kExcl, rights::kFdWrite), "exist");
  EXPECT_EQ(read_host("rw/file"), "0123456789");
}

/// By default the signal would end the process.
TEST_F(Files, TheLimitOnTheSizeOfFilesIsAnError) {
  ASSERT_EQ(open(kRw, "file"), "success");
  auto run = [&] {
    rlimit limit{.rlim_cur = 100, .rlim_max = 100};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::_Exit(2);
    int wrong = 0;
    for (uint64_t size : {1000, 50 << 20}) wrong += call("fd_filestat_set_size", {opened, size}) != "fbig";
    wrong += write(opened, std::string(100, 'x')) != "success";
    wrong += write(opened, "x") != "fbig";
    std::_Exit(wrong);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace vitrine::wasi::p1
