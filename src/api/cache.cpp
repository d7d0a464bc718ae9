#include "api/cache.hpp"

// The hash alone: what OpenSSL has instead of these functions brings all of the library along.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/casts.hpp"

namespace vitrine::api {

namespace fs = std::filesystem;

CodeCache::CodeCache(std::string directory, uint64_t size_limit)
    : directory_(std::move(directory)), size_limit_(size_limit) {}

std::string CodeCache::key(std::initializer_list<std::span<const uint8_t>> parts) {
  SHA256_CTX state;
  SHA256_Init(&state);
  for (auto part : parts) {
    // Lengths are hashed, too, so that no two lists of parts run together into the same bytes.
    uint64_t size = part.size();
    SHA256_Update(&state, &size, sizeof size);
    SHA256_Update(&state, part.data(), part.size());
  }
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256_Final(digest, &state);
  std::string hex;
  for (uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string CodeCache::path(const std::string& key) const {
  return directory_ + "/" + key + ".cwasm";
}

namespace {

/// Whether it is this user's, or root's, who may have filled a cache for all.
bool has_our_owner(const struct stat& st) {
  return st.st_uid == geteuid() || st.st_uid == 0;
}
bool others_may_write(const struct stat& st) {
  return (st.st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

}  // namespace

os::FileDescriptor CodeCache::open(const std::string& key) const {
  // O_NONBLOCK: somebody may have put a pipe there.
  os::FileDescriptor file(::open(path(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return {};
  struct stat entry, directory;
  // Who may write to the directory can replace what is in it.
  auto is_ours = [](const struct stat& st) { return has_our_owner(st) && !others_may_write(st); };
  if (fstat(file.get(), &entry) != 0 || !S_ISREG(entry.st_mode) || !is_ours(entry)) return {};
  if (stat(directory_.c_str(), &directory) != 0 || !is_ours(directory)) return {};
  return file;
}

void CodeCache::touch(const std::string& key) const {
  utimensat(AT_FDCWD, path(key).c_str(), nullptr, 0);
}

void CodeCache::remove(const std::string& key) const {
  if (mark() == Mark::Ours) unlink(path(key).c_str());
}

namespace {

/// The mark of a cache's directory, in the form that backup programs know (bford.info/cachedir).
constexpr std::string_view kMarkName = "CACHEDIR.TAG";
constexpr std::string_view kMark =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory is a code cache of Vitrine, which deletes what it put here. See \"vitrine --help\".\n";

constexpr size_t kKeyDigits = 64, kTemporaryDigits = 16;

/// Takes `count` characters that satisfy `accept` off the front of `text`; count 0: as many as there are, at least one.
bool take(std::string_view& text, bool (*accept)(char), size_t count = 0) {
  size_t n = 0;
  while (n < text.size() && (count == 0 || n < count) && accept(text[n])) ++n;
  text.remove_prefix(n);
  return count ? n == count : n > 0;
}

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char c) {
  return is_decimal(c) || (c >= 'a' && c <= 'f');
}
bool is_dot(char c) {
  return c == '.';
}

bool is_entry(std::string_view name) {
  return take(name, is_hexadecimal, kKeyDigits) && name == ".cwasm";
}

/// Names of CodeCache::write's temporary files: `.KEY.PID.SERIAL.tmp`.
bool is_temporary(std::string_view name) {
  return take(name, is_dot, 1) && take(name, is_hexadecimal, kTemporaryDigits) && take(name, is_dot, 1) &&
         take(name, is_decimal) && take(name, is_dot, 1) && take(name, is_decimal) && name == ".tmp";
}

Result<> write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(std::strerror(n < 0 ? errno : ENOSPC), ErrorKind::Io);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

CodeCache::Mark CodeCache::mark() const {
  os::FileDescriptor file(
      ::open(fmt::format("{}/{}", directory_, kMarkName).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return errno == ENOENT ? Mark::None : Mark::Foreign;
  char found[kMark.size()];
  ssize_t n = read(file.get(), found, sizeof found);
  return n >= 0 && std::string_view(found, static_cast<size_t>(n)) == kMark ? Mark::Ours : Mark::Foreign;
}

Result<> CodeCache::write(const std::string& key, const std::string& to, std::span<const uint8_t> bytes) const {
  static std::atomic<unsigned> serial{0};
  std::string temporary =
      fmt::format("{}/.{}.{}.{}.tmp", directory_, key.substr(0, kTemporaryDigits), getpid(), serial++);
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return fail(std::strerror(errno), ErrorKind::Io);
  auto written = write_all(fd, bytes);
  if (close(fd) != 0 && written) written = fail(std::strerror(errno), ErrorKind::Io);
  if (written && rename(temporary.c_str(), to.c_str()) != 0) written = fail(std::strerror(errno), ErrorKind::Io);
  if (!written) unlink(temporary.c_str());
  return written;
}

Result<> CodeCache::claim(const std::string& key) const {
  std::error_code error;
  if (fs::create_directories(directory_, error)) fs::permissions(directory_, fs::perms::owner_all, error);
  if (error) return fail(error.message(), ErrorKind::Io);
  if (struct stat st; stat(directory_.c_str(), &st) == 0) {
    if (!has_our_owner(st)) return fail("it is another user's", ErrorKind::Io);
    if (others_may_write(st)) {
      return fail("others than its owner may write to it, so that what is in it cannot be trusted (chmod go-w)",
                  ErrorKind::Io);
    }
  }
  switch (mark()) {
    case Mark::Ours:
      return {};
    case Mark::Foreign:
      return fail(fmt::format("its {} says that it is another program's", kMarkName), ErrorKind::Io);
    case Mark::None:
      break;
  }
  // Empty, or a cache of a version that marked none: then there is nothing in it but what a cache makes.
  for (fs::directory_iterator it(directory_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (!is_entry(name) && !is_temporary(name) && name != kMarkName) {
      return fail(fmt::format("\"{}\" is in it, which is not the cache's: a cache wants a directory of its own", name),
                  ErrorKind::Io);
    }
  }
  if (error) return fail(error.message(), ErrorKind::Io);
  return write(key, fmt::format("{}/{}", directory_, kMarkName), bytes_of(kMark));
}

Result<> CodeCache::put(const std::string& key, std::span<const uint8_t> image) const {
  if (image.size() > size_limit_) return {};
  auto written = claim(key);
  if (written) written = write(key, path(key), image);
  if (!written) {
    return fail(fmt::format("the code cache {} cannot be written: {}; free some room, or set another "
                            "directory with Config::cache",
                            directory_, written.error().message()),
                ErrorKind::Io);
  }
  evict();
  return {};
}

void CodeCache::evict() const {
  struct Entry {
    fs::file_time_type used;
    uint64_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  uint64_t total = 0;
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator it(directory_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (!is_entry(name) && !is_temporary(name)) continue;
    std::error_code gone;  // another process may be evicting, too
    if (it->symlink_status(gone).type() != fs::file_type::regular) continue;
    auto used = it->last_write_time(gone);
    auto size = it->file_size(gone);
    if (gone) continue;
    if (is_temporary(name)) {
      // Left behind by a process that died while writing.
      if (now - used > std::chrono::hours(1)) fs::remove(it->path(), gone);
      continue;
    }
    total += size;
    entries.push_back({used, size, it->path()});
  }
  if (total <= size_limit_) return;
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& e : entries) {
    if (total <= size_limit_ / 10 * 7) return;
    std::error_code gone;
    fs::remove(e.path, gone);
    total -= e.size;
  }
}

}  // namespace vitrine::api
