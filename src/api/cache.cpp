#include "api/cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace vitrine::api {

namespace fs = std::filesystem;

CodeCache::CodeCache(std::string directory, uint64_t size_limit)
    : directory_(std::move(directory)), size_limit_(size_limit) {}

std::string CodeCache::key(std::initializer_list<std::span<const uint8_t>> parts) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(ctx.get(), EVP_sha256(), nullptr);
  for (auto part : parts) {
    // Lengths are hashed, too, so that no two lists of parts run together into the same bytes.
    uint64_t size = part.size();
    EVP_DigestUpdate(ctx.get(), &size, sizeof size);
    EVP_DigestUpdate(ctx.get(), part.data(), part.size());
  }
  uint8_t digest[32];
  unsigned length = 0;
  EVP_DigestFinal_ex(ctx.get(), digest, &length);
  std::string hex;
  for (uint8_t byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string CodeCache::path(const std::string& key) const {
  return directory_ + "/" + key + ".cwasm";
}

os::FileDescriptor CodeCache::open(const std::string& key) const {
  // O_NONBLOCK: somebody may have put a pipe there.
  os::FileDescriptor file(::open(path(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) return {};
  struct stat entry, directory;
  const uid_t self = geteuid();
  // Root may have filled the cache for all. Who may write to the directory can replace what is in it.
  auto is_ours = [self](const struct stat& st) {
    return (st.st_uid == self || st.st_uid == 0) && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  };
  if (fstat(file.get(), &entry) != 0 || !S_ISREG(entry.st_mode) || !is_ours(entry)) return {};
  if (stat(directory_.c_str(), &directory) != 0 || !is_ours(directory)) return {};
  return file;
}

void CodeCache::touch(const std::string& key) const {
  utimensat(AT_FDCWD, path(key).c_str(), nullptr, 0);
}

void CodeCache::remove(const std::string& key) const {
  unlink(path(key).c_str());
}

namespace {

Result<void> write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(std::strerror(n < 0 ? errno : ENOSPC), ErrorKind::Io);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

Result<void> CodeCache::put(const std::string& key, std::span<const uint8_t> image) const {
  if (image.size() > size_limit_) return {};
  auto cannot = [&](std::string_view why) {
    return fail(fmt::format("the code cache {} cannot be written: {}; free some room, set another directory with "
                            "-C cache-config=FILE, or turn it off with -C cache=n",
                            directory_, why),
                ErrorKind::Io);
  };
  std::error_code error;
  if (fs::create_directories(directory_, error)) {
    fs::permissions(directory_, fs::perms::owner_all, error);
  }
  if (error) return cannot(error.message());
  if (struct stat st; stat(directory_.c_str(), &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH))) {
    return cannot("others than its owner may write to it, so that what is in it cannot be trusted (chmod go-w)");
  }

  static std::atomic<unsigned> serial{0};
  std::string temporary = fmt::format("{}/.{}.{}.{}.tmp", directory_, key.substr(0, 16), getpid(), serial++);
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot(std::strerror(errno));
  auto written = write_all(fd, image);
  if (close(fd) != 0 && written) written = fail(std::strerror(errno), ErrorKind::Io);
  if (written && rename(temporary.c_str(), path(key).c_str()) != 0) written = fail(std::strerror(errno), ErrorKind::Io);
  if (!written) {
    unlink(temporary.c_str());
    return cannot(written.error().message());
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
    std::error_code gone;  // another process may be evicting, too
    auto used = it->last_write_time(gone);
    auto size = it->file_size(gone);
    if (gone) continue;
    const std::string name = it->path().filename();
    if (name.ends_with(".tmp")) {
      // Left behind by a process that died while writing.
      if (now - used > std::chrono::hours(1)) fs::remove(it->path(), gone);
      continue;
    }
    if (!name.ends_with(".cwasm")) continue;
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
