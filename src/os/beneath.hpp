// Paths resolved beneath a directory: no absolute path, `..` or symlink leaves it, whoever renames what meanwhile.
//
// Two resolvers answer alike. `openat2` asks the kernel (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS). `Walk` opens one
// component at a time without following symlinks, expands those itself (at most 40), and takes `..` by popping a stack
// of the directories it came through, never by asking the kernel for "..". Auto picks openat2 where the kernel has it
// and no seccomp filter forbids it.
//
// Always: a path that leaves answers kEscape (never EXDEV); the empty path ENOENT; one of PATH_MAX or more bytes
// ENAMETOOLONG. Paths must hold no NUL.
// Cost: openat2 one call; Walk one to three per component, and one open descriptor per level of depth, of which it
// holds at most kMaxWalkDepth (ENAMETOOLONG beyond; the only place where the two resolvers differ, besides a granted
// /proc, whose magic links are ELOOP to one and an escape to the other). Those are charged to the resolution's account
// (EMFILE), but for the one that is the answer, which is the caller's to account for. A walk looks at `stop` at each
// component (kInterrupted).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "os/descriptors.hpp"
#include "os/fd.hpp"
#include "os/sys_result.hpp"

namespace vitrine::os {

enum class Resolver : uint8_t { Auto, Openat2, Walk };

inline constexpr int kMaxSymlinks = 40;
inline constexpr size_t kMaxWalkDepth = 512;

/// How paths are resolved, on whose account, and until when.
struct Resolution {
  Resolver resolver = Resolver::Auto;
  std::shared_ptr<DescriptorAccount> account = nullptr;
  const std::atomic<bool>* stop = nullptr;
};

/// Opens `path` beneath the directory `dir` with open(2)'s `flags` (O_CLOEXEC is added). `mode` is for O_CREAT.
SysResult<FileDescriptor> open_beneath(int dir, const std::string& path, int flags, mode_t mode = 0,
                                       const Resolution& resolution = {});

/// The directory that holds the last component of a path, and that component, for the calls that act on a name.
struct Parent {
  int dir() const { return owned.valid() ? owned.get() : borrowed; }

  FileDescriptor owned;  // none if the path has one component: then `borrowed` is the directory the path started from
  int borrowed = -1;
  std::string name;             // without slashes; may be "." or "..", which has been checked to stay beneath
  bool trailing_slash = false;  // the path said that `name` is a directory
  bool is_dots() const { return name == "." || name == ".."; }
  /// The name as the path had it, with one slash at the end if it had any there. Only for calls that never follow the
  /// last component (mkdirat, unlinkat, renameat, symlinkat and linkat's target): others would follow a symlink
  /// "name/".
  std::string name_with_slash() const { return trailing_slash ? name + '/' : name; }
};

SysResult<Parent> resolve_parent(int dir, const std::string& path, const Resolution& resolution = {});

/// Whether openat2 can be used here; tried once.
bool have_openat2();

}  // namespace vitrine::os
