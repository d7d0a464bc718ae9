#include "wasi/host/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.hpp"

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the string in a moved `expected` for uninitialised on the path where there is none.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace vitrine::wasi::host {
namespace {

FileType entry_type(unsigned char d_type);
int open_flags(const OpenOptions& options);
std::string join(std::string_view base, std::string_view path);

}  // namespace

Directory::Directory(os::FileDescriptor fd, std::shared_ptr<const DirectoryGrant> grant, std::string path)
    : fd_(std::move(fd)), grant_(std::move(grant)), path_(std::move(path)) {}

os::SysResult<Opened> Directory::open(const std::string& path, const OpenOptions& options) const {
  if (options.mode.write) TRY(allow_write("open for writing", path));
  if (options.create) TRY(allow_write("create", path));
  if (options.truncate) TRY(allow_write("truncate", path));
  auto fd = TRY(open_at(path, open_flags(options), 0666));
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return os::last_error();
  auto inside = join(path_, path);
  // Only messages use it; a guest that opens "." of "." of ... must not make it grow.
  if (inside.size() > PATH_MAX) inside = "...";
  if (S_ISDIR(st.st_mode)) return Directory(std::move(fd), grant_, std::move(inside));
  return File(std::move(fd), file_type(st.st_mode), options.mode, grant_, join(grant_->guest, inside));
}

os::SysResult<FileStat> Directory::stat_at(const std::string& path, Follow follow) const {
  struct stat st;
  // The common case in one call: a plain name that is no symlink, or one that is not to be followed.
  if (path.find('/') == std::string::npos && path != ".." && !path.empty()) {
    if (::fstatat(fd_.get(), path.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return os::last_error();
    if (follow == Follow::No || !S_ISLNK(st.st_mode)) return file_stat(st);
  }
  auto fd = TRY(open_at(path, O_PATH | (follow == Follow::No ? O_NOFOLLOW : 0)));
  if (::fstat(fd.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> Directory::set_times_at(const std::string& path, Follow follow, SetTime accessed,
                                        SetTime modified) const {
  TRY(allow_write("set the times of", path));
  timespec times[2] = {to_timespec(accessed), to_timespec(modified)};
  auto fd = TRY(open_at(path, O_PATH | (follow == Follow::No ? O_NOFOLLOW : 0)));
  if (::utimensat(fd.get(), "", times, AT_EMPTY_PATH) == 0) return {};
  if (errno != EINVAL) return os::last_error();
  // Before Linux 5.8 an O_PATH descriptor could only be named through /proc.
  auto self = fmt::format("/proc/self/fd/{}", fd.get());
  if (::utimensat(AT_FDCWD, self.c_str(), times, 0) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::create_directory(const std::string& path) const {
  TRY(allow_write("create directory", path));
  auto parent = TRY(parent_of(path));
  if (::mkdirat(parent.dir(), parent.name_with_slash().c_str(), 0777) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::remove_directory(const std::string& path) const {
  TRY(allow_write("remove directory", path));
  auto parent = TRY(parent_of(path));
  if (::unlinkat(parent.dir(), parent.name_with_slash().c_str(), AT_REMOVEDIR) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::unlink_file(const std::string& path) const {
  TRY(allow_write("unlink", path));
  auto parent = TRY(parent_of(path));
  if (::unlinkat(parent.dir(), parent.name_with_slash().c_str(), 0) != 0) return os::last_error();
  return {};
}

os::SysResult<std::string> Directory::read_link(const std::string& path) const {
  auto parent = TRY(parent_of(path));
  if (parent.trailing_slash || parent.is_dots()) {
    // The path names what the symlink leads to, which is a directory if it is anything.
    TRY(open_at(path, O_PATH | O_DIRECTORY));
    return os::sys_fail(EINVAL);
  }
  char target[PATH_MAX];
  ssize_t n = ::readlinkat(parent.dir(), parent.name.c_str(), target, sizeof target);
  if (n < 0) return os::last_error();
  return std::string(target, static_cast<size_t>(n));
}

os::SysResult<> Directory::symlink(const std::string& target, const std::string& path) const {
  TRY(allow_write("create symlink", path));
  if (target.starts_with('/')) {
    grant_->denials->record({Denial::Kind::Escape,
                             fmt::format("create symlink \"{}\" to the absolute path \"{}\"", full_path(path), target),
                             "use a relative target"});
    return os::sys_fail(EPERM);
  }
  auto parent = TRY(parent_of(path));
  if (::symlinkat(target.c_str(), parent.dir(), parent.name_with_slash().c_str()) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::link(const std::string& path, const Directory& to, const std::string& new_path) const {
  TRY(allow_pair("hard link", path, to, new_path));
  auto from = TRY(parent_of(path));
  auto target = TRY(to.parent_of(new_path));
  if (from.trailing_slash || from.is_dots()) {
    TRY(open_at(path, O_PATH | O_DIRECTORY));
    return os::sys_fail(EPERM);  // a directory, which has one name
  }
  if (::linkat(from.dir(), from.name.c_str(), target.dir(), target.name_with_slash().c_str(), 0) != 0) {
    return os::last_error();
  }
  return {};
}

os::SysResult<> Directory::rename(const std::string& path, const Directory& to, const std::string& new_path) const {
  TRY(allow_pair("rename", path, to, new_path));
  auto from = TRY(parent_of(path));
  auto target = TRY(to.parent_of(new_path));
  if (::renameat(from.dir(), from.name_with_slash().c_str(), target.dir(), target.name_with_slash().c_str()) != 0) {
    return os::last_error();
  }
  return {};
}

os::SysResult<Listing> Directory::list(size_t max_bytes) const {
  // A fresh open file: the position of a listing is the kernel's, and ours must start at the top.
  int fd = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return os::last_error();
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd), ::closedir);
  if (!dir) {
    int error = errno;
    ::close(fd);
    return os::sys_fail(error);
  }
  Listing listing;
  struct stat st;
  if (::fstat(fd, &st) != 0) return os::last_error();
  listing.add(st.st_ino, FileType::Directory, ".");
  // What is above the grant is not the guest's to know: its root is its own parent, as "/" is.
  bool is_root = st.st_dev == grant_->root_device && st.st_ino == grant_->root_inode;
  if (!is_root && ::fstatat(fd, "..", &st, 0) != 0) return os::last_error();
  listing.add(st.st_ino, FileType::Directory, "..");
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (!entry) break;
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileType type = entry_type(entry->d_type);
    if (entry->d_type == DT_UNKNOWN && ::fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
      type = file_type(st.st_mode);
    }
    listing.add(entry->d_ino, type, name);
    if (listing.bytes() > max_bytes) return os::sys_fail(ENOMEM);
  }
  if (errno != 0) return os::last_error();
  return listing;
}

os::SysResult<FileStat> Directory::stat() const {
  struct stat st;
  if (::fstat(fd_.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> Directory::set_times(SetTime accessed, SetTime modified) const {
  return set_times_at(".", Follow::No, accessed, modified);
}

os::SysResult<> Directory::sync() const {
  if (::fsync(fd_.get()) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::sync_data() const {
  if (::fdatasync(fd_.get()) != 0) return os::last_error();
  return {};
}

os::SysResult<> require_write(const DirectoryGrant& grant, std::string_view verb, std::string_view path) {
  if (grant.access == Access::ReadWrite) return {};
  grant.denials->record({Denial::Kind::ReadOnly, fmt::format("{} \"{}\"", verb, path),
                         fmt::format("--dir {}::{}::rw", grant.host, grant.guest)});
  return os::sys_fail(EPERM);
}

os::SysResult<> Directory::allow_write(std::string_view verb, const std::string& path) const {
  if (!is_read_only()) return {};
  return require_write(*grant_, verb, full_path(path));
}

// Both sides of a rename or link must be writable: a name that leaves a read-only directory, or a second name by which
// a file of one could be written, would be a way round the grant.
os::SysResult<> Directory::allow_pair(std::string_view verb, const std::string& path, const Directory& to,
                                      const std::string& new_path) const {
  if (!is_read_only() && !to.is_read_only()) return {};
  if (grant_->access != to.grant_->access) {
    const auto& lacking = is_read_only() ? *grant_ : *to.grant_;
    grant_->denials->record({Denial::Kind::AcrossGrants,
                             fmt::format("{} \"{}\" to \"{}\"", verb, full_path(path), to.full_path(new_path)),
                             fmt::format("--dir {}::{}::rw", lacking.host, lacking.guest)});
    return os::sys_fail(EPERM);
  }
  return allow_write(verb, path);
}

os::SysResult<os::FileDescriptor> Directory::open_at(const std::string& path, int flags, mode_t mode) const {
  auto fd = os::open_beneath(fd_.get(), path, flags, mode, grant_->resolver);
  if (!fd) return std::unexpected(seen(fd.error(), path));
  return fd;
}

os::SysResult<os::Parent> Directory::parent_of(const std::string& path) const {
  auto parent = os::resolve_parent(fd_.get(), path, grant_->resolver);
  if (!parent) return std::unexpected(seen(parent.error(), path));
  return parent;
}

os::SysError Directory::seen(os::SysError error, const std::string& path) const {
  if (error == os::kEscape) {
    grant_->denials->record({Denial::Kind::Escape,
                             fmt::format("\"{}\" leads out of the granted directory \"{}\"",
                                         path.starts_with('/') ? path : full_path(path), grant_->guest),
                             "grant the directory it leads to with --dir HOST::GUEST"});
  }
  return error;
}

std::string Directory::full_path(const std::string& path) const {
  return join(grant_->guest, join(path_, path));
}

Listing::Entry Listing::operator[](size_t i) const {
  const auto& e = entries_[i];
  return {.inode = e.inode, .type = e.type, .name = std::string_view(names_).substr(e.name, e.length)};
}

void Listing::add(uint64_t inode, FileType type, std::string_view name) {
  entries_.push_back({.inode = inode,
                      .name = static_cast<uint32_t>(names_.size()),
                      .length = static_cast<uint16_t>(name.size()),
                      .type = type});
  names_.append(name);
}

namespace {

int open_flags(const OpenOptions& options) {
  // O_NONBLOCK: opening a pipe must not wait for its other end (it changes nothing for files). O_NOCTTY: a guest's
  // terminal never becomes the host's controlling one.
  int flags = O_NONBLOCK | O_NOCTTY;
  flags |= options.mode.write ? (options.mode.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (options.mode.append) flags |= O_APPEND;
  if (options.create) flags |= O_CREAT;
  if (options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  if (options.directory) flags |= O_DIRECTORY;
  if (options.mode.sync) flags |= O_SYNC;
  if (options.mode.data_sync) flags |= O_DSYNC;
  if (options.follow == Follow::No) flags |= O_NOFOLLOW;
  return flags;
}

FileType entry_type(unsigned char d_type) {
  return file_type(DTTOIF(d_type));
}

std::string join(std::string_view base, std::string_view path) {
  if (base.empty()) return std::string(path);
  if (path.empty()) return std::string(base);
  return fmt::format("{}{}{}", base, base.ends_with('/') ? "" : "/", path);
}

}  // namespace
}  // namespace vitrine::wasi::host
