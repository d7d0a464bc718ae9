#include "os/beneath.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/result.hpp"
#include "os/beneath_walk.hpp"

namespace vitrine::os {
namespace {

SysResult<FileDescriptor> open_by_openat2(int dir, const std::string& path, int flags, mode_t mode,
                                          const Resolution& resolution);

}  // namespace

SysResult<FileDescriptor> open_beneath(int dir, const std::string& path, int flags, mode_t mode,
                                       const Resolution& resolution) {
  if (path.empty()) return sys_fail(ENOENT);
  if (path.size() >= PATH_MAX) return sys_fail(ENAMETOOLONG);
  if (path.front() == '/') return sys_fail(kEscape);
  flags |= O_CLOEXEC;
  bool walk = resolution.resolver == Resolver::Walk || (resolution.resolver == Resolver::Auto && !have_openat2());
  return walk ? walk_beneath(dir, path, flags, mode, resolution) : open_by_openat2(dir, path, flags, mode, resolution);
}

SysResult<Parent> resolve_parent(int dir, const std::string& path, const Resolution& resolution) {
  if (path.empty()) return sys_fail(ENOENT);
  if (path.size() >= PATH_MAX) return sys_fail(ENAMETOOLONG);
  if (path.front() == '/') return sys_fail(kEscape);
  size_t end = path.find_last_not_of('/') + 1;
  size_t slash = path.rfind('/', end - 1);
  size_t begin = slash == std::string::npos ? 0 : slash + 1;
  Parent parent{.borrowed = dir, .name = path.substr(begin, end - begin), .trailing_slash = end != path.size()};
  // ".." names the parent of the directory before it: whether that is still beneath is for the resolver to say.
  if (parent.name == "..") TRY(open_beneath(dir, path, O_PATH | O_DIRECTORY, 0, resolution));
  if (begin > 0) {
    parent.owned = TRY(open_beneath(dir, path.substr(0, begin), O_PATH | O_DIRECTORY, 0, resolution));
  }
  return parent;
}

bool have_openat2() {
  static const bool have = open_by_openat2(AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0, {}).has_value();
  return have;
}

namespace {

SysResult<FileDescriptor> open_by_openat2(int dir, const std::string& path, int flags, mode_t mode,
                                          const Resolution& resolution) {
  open_how how{};
  how.flags = static_cast<uint64_t>(static_cast<uint32_t>(flags));
  how.mode = flags & O_CREAT ? mode & 07777 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed or mounted while a ".." was resolved, anywhere in the system. The kernel cannot tell
  // whether it mattered; after this many tries on a busy system the walk answers, which needs no such luck.
  for (int tries = 0; tries < 64; ++tries) {
    long fd = ::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how);
    if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
    if (errno == EXDEV) return sys_fail(kEscape);
    if (errno != EAGAIN && errno != EINTR) return last_error();
  }
  return walk_beneath(dir, path, flags, mode, resolution);
}

}  // namespace
}  // namespace vitrine::os
