#include "wasi/host/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "wasi/host/helpers.hpp"
#include "wasi/host/truncate.hpp"

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 takes the string in a moved `expected` for uninitialised on the path where there is none.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace vitrine::wasi::host {
namespace {

constexpr ptrdiff_t kMaxTargetSlashes = 256;

FileType entry_type(unsigned char d_type);
int open_flags(const OpenOptions& options);
std::string join(std::string_view base, std::string_view path);

}  // namespace

Directory::Directory(os::LeasedDescriptor fd, std::shared_ptr<const DirectoryGrant> grant, std::string path)
    : fd_(std::move(fd)), grant_(std::move(grant)), path_(std::move(path)) {}

os::SysResult<Opened> Directory::open(const std::string& path, const OpenOptions& options) const {
  TRY(may_open(path, options));
  int flags = open_flags(options);
  // Programs open directories for reading as well, to list them: who may read no file may still do that.
  bool no_file = options.mode.read && !grant_->allows(Verb::OpenForReading);
  auto fd = options.truncate ? truncate_at(path, flags)
                             : open_at(Verb::Open, path, no_file ? flags | O_DIRECTORY : flags, 0666);
  if (no_file && !fd && fd.error().code == ENOTDIR) TRY(use(Verb::OpenForReading, path));
  if (!fd) return std::unexpected(fd.error());
  struct stat st;
  if (::fstat(fd->fd.get(), &st) != 0) return os::last_error();
  auto inside = join(path_, path);
  // Only messages use it; a guest that opens "." of "." of ... must not make it grow.
  if (inside.size() > PATH_MAX) inside = "...";
  if (S_ISDIR(st.st_mode)) return std::make_shared<Directory>(std::move(*fd), grant_, std::move(inside));
  return std::make_shared<File>(std::move(*fd), file_type(st.st_mode), options.mode, grant_,
                                join(grant_->guest(), inside));
}

os::SysResult<> Directory::refuse_open(const std::string& path, uint64_t limit) const {
  (void)refuse_more(Verb::Open, path, limit);
  return os::sys_fail(EMFILE);
}

os::SysResult<> Directory::may_open(const std::string& path, const OpenOptions& options) const {
  // First what the guest means to do: who creates a file opens it for writing as well.
  Verb verbs[4];
  size_t count = 0;
  if (options.create) verbs[count++] = Verb::CreateFile;
  if (options.mode.write) verbs[count++] = Verb::OpenForWriting;
  if (options.truncate) verbs[count++] = Verb::Truncate;
  // What is only to be read may be a directory.
  if (options.mode.read && (count > 0 || grant_->allows(Verb::OpenForReading))) verbs[count++] = Verb::OpenForReading;
  if (count == 0) verbs[count++] = Verb::Open;
  // All or nothing, and a refusal names all that is missing.
  const std::span all(verbs, count);
  const auto refused = std::ranges::find_if_not(all, [&](Verb verb) { return grant_->allows(verb); });
  if (refused == all.end()) {
    for (Verb verb : all) (void)grant_->try_use(verb);
    return {};
  }
  Access missing = Access::None;
  for (Verb verb : all) missing = missing | (right_of(verb) - grant_->access);
  return grant_->refuse(
      {.reason = Denial::Reason::MissingRight, .verb = *refused, .subject = full_path(path), .missing = missing});
}

os::SysResult<FileStat> Directory::stat_at(const std::string& path, Follow follow) const {
  TRY(use(Verb::Stat, path));
  struct stat st;
  // The common case in one call: a plain name that is no symlink, or one that is not to be followed.
  if (path.find('/') == std::string::npos && path != ".." && !path.empty()) {
    if (::fstatat(fd_.fd.get(), path.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return os::last_error();
    if (follow == Follow::No || !S_ISLNK(st.st_mode)) return file_stat(st);
  }
  auto fd = TRY(open_at(Verb::Stat, path, O_PATH | (follow == Follow::No ? O_NOFOLLOW : 0)));
  if (::fstat(fd.fd.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> Directory::set_times_at(const std::string& path, Follow follow, SetTime accessed,
                                        SetTime modified) const {
  timespec times[2] = {to_timespec(accessed), to_timespec(modified)};
  if (!grant_->allows(Verb::SetTimes) && !grant_->allows(Verb::SetDirectoryTimes)) return use(Verb::SetTimes, path);
  auto fd = TRY(open_at(Verb::SetTimes, path, O_PATH | (follow == Follow::No ? O_NOFOLLOW : 0)));
  struct stat st;
  if (::fstat(fd.fd.get(), &st) != 0) return os::last_error();
  TRY(use(S_ISDIR(st.st_mode) ? Verb::SetDirectoryTimes : Verb::SetTimes, path));
  if (::utimensat(fd.fd.get(), "", times, AT_EMPTY_PATH) == 0) return {};
  if (errno != EINVAL) return os::last_error();
  // Before Linux 5.8 an O_PATH descriptor could only be named through /proc.
  auto self = fmt::format("/proc/self/fd/{}", fd.fd.get());
  if (::utimensat(AT_FDCWD, self.c_str(), times, 0) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::create_directory(const std::string& path) const {
  TRY(use(Verb::CreateDirectory, path));
  auto place = TRY(parent_of(Verb::CreateDirectory, path));
  if (::mkdirat(place.parent.dir(), place.parent.name_with_slash().c_str(), 0777) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::remove_directory(const std::string& path) const {
  TRY(use(Verb::RemoveDirectory, path));
  auto place = TRY(parent_of(Verb::RemoveDirectory, path));
  if (::unlinkat(place.parent.dir(), place.parent.name_with_slash().c_str(), AT_REMOVEDIR) != 0) {
    return os::last_error();
  }
  return {};
}

os::SysResult<> Directory::unlink_file(const std::string& path) const {
  TRY(use(Verb::Unlink, path));
  auto place = TRY(parent_of(Verb::Unlink, path));
  struct stat st;
  // A large file takes long to free, and nothing but its name tells the helper which it is.
  if (::fstatat(place.parent.dir(), place.parent.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      st.st_size > kLargeChange) {
    auto shared = std::make_shared<Place>(std::move(place));
    return on_helper(grant_->interrupt(), st.st_dev, [self = shared_from_this(), shared]() -> os::SysResult<> {
      const auto& parent = shared->parent;
      if (::unlinkat(parent.dir(), parent.name_with_slash().c_str(), 0) != 0) return os::last_error();
      return {};
    });
  }
  if (::unlinkat(place.parent.dir(), place.parent.name_with_slash().c_str(), 0) != 0) return os::last_error();
  return {};
}

os::SysResult<std::string> Directory::read_link(const std::string& path) const {
  TRY(use(Verb::ReadLink, path));
  auto [lease, parent] = TRY(parent_of(Verb::ReadLink, path));
  if (parent.trailing_slash || parent.is_dots()) {
    // The path names what the symlink leads to, which is a directory if it is anything.
    TRY(open_at(Verb::ReadLink, path, O_PATH | O_DIRECTORY));
    return os::sys_fail(EINVAL);
  }
  char target[PATH_MAX];
  ssize_t n = ::readlinkat(parent.dir(), parent.name.c_str(), target, sizeof target);
  if (n < 0) return os::last_error();
  return std::string(target, static_cast<size_t>(n));
}

os::SysResult<> Directory::symlink(const std::string& target, const std::string& path) const {
  TRY(use(Verb::CreateSymlink, path));
  if (target.starts_with('/')) {
    return grant_->refuse({.reason = Denial::Reason::LeadsOut,
                           .verb = Verb::CreateSymlink,
                           .subject = full_path(path),
                           .target = target});
  }
  // The kernel follows forty of them in one call, which cannot be interrupted.
  if (std::ranges::count(target, '/') > kMaxTargetSlashes) return os::sys_fail(ENAMETOOLONG);
  auto [lease, parent] = TRY(parent_of(Verb::CreateSymlink, path));
  if (::symlinkat(target.c_str(), parent.dir(), parent.name_with_slash().c_str()) != 0) return os::last_error();
  return {};
}

os::SysResult<> Directory::link(const std::string& path, const Directory& to, const std::string& new_path) const {
  TRY(no_more_rights(Verb::Link, path, to, new_path));
  if (!to.grant_->try_use(Verb::Link)) {
    return refuse_rename(*to.grant_, Verb::Link, Access::CreateFiles, path, to, new_path);
  }
  // Each grant that has a part in it counts it.
  if (to.grant_ != grant_) TRY(use(Verb::Link, path));
  auto from = TRY(parent_of(Verb::Link, path));
  auto target = TRY(to.parent_of(Verb::Link, new_path));
  if (from.parent.trailing_slash || from.parent.is_dots()) {
    TRY(open_at(Verb::Link, path, O_PATH | O_DIRECTORY));
    return os::sys_fail(EPERM);  // a directory, which has one name
  }
  if (::linkat(from.parent.dir(), from.parent.name.c_str(), target.parent.dir(),
               target.parent.name_with_slash().c_str(), 0) != 0) {
    return os::last_error();
  }
  return {};
}

// A rename removes a name here and creates one there, where it may remove another; which rights that takes depends on
// whether it is a file that is renamed or a directory.
os::SysResult<> Directory::rename(const std::string& path, const Directory& to, const std::string& new_path) const {
  constexpr Access kCreate = Access::CreateFiles | Access::CreateDirectories;
  constexpr Access kRemove = Access::RemoveFiles | Access::RemoveDirectories;
  if ((grant_->access & kRemove) == Access::None) {
    return refuse_rename(*grant_, Verb::Rename, Access::RemoveFiles, path, to, new_path);
  }
  if ((to.grant_->access & kCreate) == Access::None) {
    return refuse_rename(*to.grant_, Verb::Rename, Access::CreateFiles, path, to, new_path);
  }
  Access lacks = (kRemove - grant_->access) | ((kCreate | kRemove) - to.grant_->access);
  auto from = TRY(parent_of(Verb::Rename, path));
  auto target = TRY(to.parent_of(Verb::Rename, new_path));
  Verb verb = Verb::Rename;
  unsigned flags = 0;
  if (lacks != Access::None) [[unlikely]] {
    struct stat st;
    if (::fstatat(from.parent.dir(), from.parent.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return os::last_error();
    bool directory = S_ISDIR(st.st_mode);
    if (directory) verb = Verb::RenameDirectory;
    Access create = directory ? Access::CreateDirectories : Access::CreateFiles;
    Access remove = directory ? Access::RemoveDirectories : Access::RemoveFiles;
    if ((remove - grant_->access) != Access::None) return refuse_rename(*grant_, verb, remove, path, to, new_path);
    if ((create - to.grant_->access) != Access::None) {
      return refuse_rename(*to.grant_, verb, create, path, to, new_path);
    }
    if ((remove - to.grant_->access) != Access::None) flags = RENAME_NOREPLACE;
  }
  TRY(no_more_rights(verb, path, to, new_path));
  TRY(use(verb, path));
  // To another grant, what it gets is something new.
  if (to.grant_ != grant_) {
    TRY(to.use(verb == Verb::RenameDirectory ? Verb::CreateDirectory : Verb::CreateFile, new_path));
  }
  if (::renameat2(from.parent.dir(), from.parent.name_with_slash().c_str(), target.parent.dir(),
                  target.parent.name_with_slash().c_str(), flags) == 0) {
    return {};
  }
  // Where the file system knows no RENAME_NOREPLACE (EINVAL), nothing can be renamed without the right to replace.
  if (flags == RENAME_NOREPLACE && (errno == EEXIST || errno == EINVAL)) {
    Access remove = verb == Verb::Rename ? Access::RemoveFiles : Access::RemoveDirectories;
    return refuse_rename(*to.grant_, verb, remove, path, to, new_path);
  }
  return os::last_error();
}

os::SysResult<Listing> Directory::list(size_t max_bytes) const {
  TRY(use(Verb::List, "."));
  auto lease = TRY(one_more(Verb::List, "."));
  // A fresh open file: the position of a listing is the kernel's, and ours must start at the top.
  int fd = ::openat(fd_.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(seen(os::SysError{errno}, Verb::List, "."));
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
    if (grant_->interrupt().raised()) return os::sys_fail(os::kInterrupted);
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (!entry) break;
    std::string_view name = entry->d_name;
    if (name == "." || name == ".." || !is_utf8(name)) continue;
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
  TRY(use(Verb::Stat, "."));
  struct stat st;
  if (::fstat(fd_.fd.get(), &st) != 0) return os::last_error();
  return file_stat(st);
}

os::SysResult<> Directory::set_times(SetTime accessed, SetTime modified) const {
  return set_times_at(".", Follow::No, accessed, modified);
}

os::SysResult<> Directory::sync() const {
  TRY(use(Verb::Sync, "."));
  return on_helper(grant_->interrupt(), device_of(fd_.fd.get()), [self = shared_from_this()]() -> os::SysResult<> {
    if (::fsync(self->fd_.fd.get()) != 0) return os::last_error();
    return {};
  });
}

os::SysResult<> Directory::sync_data() const {
  TRY(use(Verb::Sync, "."));
  return on_helper(grant_->interrupt(), device_of(fd_.fd.get()), [self = shared_from_this()]() -> os::SysResult<> {
    if (::fdatasync(self->fd_.fd.get()) != 0) return os::last_error();
    return {};
  });
}

os::SysResult<> Directory::use(Verb verb, const std::string& path) const {
  return host::use(*grant_, verb, 0, [&] { return full_path(path); });
}

os::SysResult<> Directory::refuse_rename(const DirectoryGrant& lacking, Verb verb, Access missing,
                                         const std::string& path, const Directory& to,
                                         const std::string& new_path) const {
  return lacking.refuse({.reason = Denial::Reason::MissingRight,
                         .verb = verb,
                         .subject = full_path(path),
                         .target = to.full_path(new_path),
                         .missing = missing});
}

// What can be done with a file must not come from the name that it is reached by: a second name, or a new one, in
// another grant would otherwise be a way round the first.
os::SysResult<> Directory::no_more_rights(Verb verb, const std::string& path, const Directory& to,
                                          const std::string& new_path) const {
  Access more = to.grant_->access - grant_->access;
  if (more == Access::None) return {};
  return grant_->refuse({.reason = Denial::Reason::AcrossGrants,
                         .verb = verb,
                         .subject = full_path(path),
                         .target = to.full_path(new_path),
                         .missing = more});
}

os::SysResult<os::LeasedDescriptor> Directory::open_at(Verb verb, const std::string& path, int flags,
                                                       mode_t mode) const {
  auto lease = TRY(one_more(verb, path));
  auto fd = os::open_beneath(fd_.fd.get(), path, flags, mode, grant_->resolution);
  if (!fd) return std::unexpected(seen(fd.error(), verb, path));
  return os::LeasedDescriptor{std::move(lease), std::move(*fd)};
}

// By O_TRUNC and not by ftruncate: some file systems decide by it what they allow.
os::SysResult<os::LeasedDescriptor> Directory::truncate_at(const std::string& path, int flags) const {
  if (grant_->interrupt().raised()) return os::sys_fail(os::kInterrupted);
  struct stat st{};
  if (auto found = open_at(Verb::Truncate, path, O_PATH | (flags & O_NOFOLLOW))) {
    if (::fstat(found->fd.get(), &st) != 0) return os::last_error();
  } else if (found.error().code != ENOENT) {
    return std::unexpected(found.error());
  }
  // If another one takes its place now, what is lost is time.
  if (!S_ISREG(st.st_mode) || st.st_size <= kLargeChange) return open_at(Verb::Truncate, path, flags, 0666);
  auto opened = std::make_shared<os::LeasedDescriptor>();
  TRY(on_helper(grant_->interrupt(), st.st_dev, [self = shared_from_this(), opened, path, flags]() -> os::SysResult<> {
    *opened = TRY(self->open_at(Verb::Truncate, path, flags, 0666));
    return {};
  }));
  return std::move(*opened);
}

os::SysResult<Directory::Place> Directory::parent_of(Verb verb, const std::string& path) const {
  os::DescriptorLease lease;
  if (path.find('/') != std::string::npos || path == "..") lease = TRY(one_more(verb, path));
  auto parent = os::resolve_parent(fd_.fd.get(), path, grant_->resolution);
  if (!parent) return std::unexpected(seen(parent.error(), verb, path));
  return Place{std::move(lease), std::move(*parent)};
}

os::SysResult<os::DescriptorLease> Directory::one_more(Verb verb, const std::string& path) const {
  auto lease = os::DescriptorLease::take(grant_->resolution.account);
  if (!lease) return std::unexpected(seen(os::SysError{EMFILE}, verb, path));
  return lease;
}

/// Records an error that is a refusal.
os::SysError Directory::seen(os::SysError error, Verb verb, const std::string& path) const {
  if (error == os::kEscape) {
    (void)grant_->refuse(
        {.reason = Denial::Reason::LeadsOut, .verb = verb, .subject = path.starts_with('/') ? path : full_path(path)});
  } else if (error.code == EMFILE || error.code == ENFILE) {
    (void)refuse_more(verb, path, grant_->resolution.account->limit());
  }
  return error;
}

os::SysResult<> Directory::refuse_more(Verb verb, const std::string& path, uint64_t limit) const {
  return grant_->refuse({.reason = Denial::Reason::Limit, .verb = verb, .subject = full_path(path), .limit = limit});
}

std::string Directory::full_path(const std::string& path) const {
  return join(grant_->guest(), path == "." ? path_ : join(path_, path));
}

Listing::Entry Listing::operator[](size_t i) const {
  const auto& e = entries_[i];
  return {.inode = e.inode, .type = e.type, .name = std::string_view(names_[e.block]).substr(e.offset, e.length)};
}

void Listing::add(uint64_t inode, FileType type, std::string_view name) {
  if (names_.empty() || names_.back().size() + name.size() > kBlock) names_.emplace_back();
  entries_.push_back({.inode = inode,
                      .block = static_cast<uint32_t>(names_.size() - 1),
                      .offset = static_cast<uint16_t>(names_.back().size()),
                      .length = static_cast<uint16_t>(name.size()),
                      .type = type});
  names_.back().append(name);
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
