// The component-wise resolver.
//
// Always: every directory in `stack_` was opened from the one below it (the first from the root) by one component that
// was neither ".." nor a symlink, so each was beneath the root when it was opened, and popping one is going to its
// parent as the path saw it. A component is opened with O_NOFOLLOW, so a symlink that appears in a race is an error,
// not a way out.

#include "os/beneath_walk.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "os/beneath.hpp"

namespace vitrine::os {
namespace {

class Walk {
 public:
  Walk(int root, const std::string& path, int flags, mode_t mode, const Resolution& resolution)
      : root_(root), rest_(path), flags_(flags), mode_(mode), resolution_(resolution) {}

  SysResult<FileDescriptor> run();

 private:
  struct Component {
    std::string name;
    bool last;     // nothing but slashes comes after it
    bool slashes;  // at least one slash comes after it
  };
  Component take();
  SysResult<> enter(const Component& c);
  SysResult<std::optional<FileDescriptor>> open_last(const Component& c);
  SysResult<> expand(const std::string& target, const Component& c);
  SysResult<FileDescriptor> open_here();
  SysResult<> check_search() const;
  int here() const { return stack_.empty() ? root_ : stack_.back().fd.get(); }

  int root_;
  std::vector<LeasedDescriptor> stack_;
  std::string rest_;  // what is left to resolve; symlinks put their target in front
  int links_ = 0;
  int flags_;
  mode_t mode_;
  const Resolution& resolution_;
};

/// The target of the symlink `name` in `dir`; EINVAL if it is something else. With an empty name, of `dir` itself.
SysResult<std::string> read_link(int dir, const char* name) {
  char target[PATH_MAX];
  ssize_t n = ::readlinkat(dir, name, target, sizeof target);
  if (n < 0) return last_error();
  if (n == sizeof target) return sys_fail(ENAMETOOLONG);
  return std::string(target, static_cast<size_t>(n));
}

}  // namespace

SysResult<FileDescriptor> walk_beneath(int dir, const std::string& path, int flags, mode_t mode,
                                       const Resolution& resolution) {
  return Walk(dir, path, flags, mode, resolution).run();
}

namespace {

SysResult<FileDescriptor> Walk::run() {
  for (;;) {
    if (resolution_.stop && resolution_.stop->load(std::memory_order_acquire)) return sys_fail(kInterrupted);
    Component c = take();
    if (c.name == ".") {
      TRY(check_search());
    } else if (c.name == "..") {
      TRY(check_search());
      if (stack_.empty()) return sys_fail(kEscape);
      stack_.pop_back();
    } else if (c.last) {
      if (auto fd = TRY(open_last(c))) return std::move(*fd);
      continue;
    } else {
      TRY(enter(c));
      continue;
    }
    if (c.last) return open_here();
  }
}

// The next component off the front of `rest_`. Neither paths nor symlink targets are empty, and neither starts with a
// slash here, so there always is one.
Walk::Component Walk::take() {
  size_t end = rest_.find('/');
  if (end == std::string::npos) end = rest_.size();
  size_t next = rest_.find_first_not_of('/', end);
  Component c{.name = rest_.substr(0, end), .last = next == std::string::npos, .slashes = end != rest_.size()};
  rest_.erase(0, c.last ? rest_.size() : next);
  return c;
}

// A component in the middle: a directory to enter or a symlink to expand.
SysResult<> Walk::enter(const Component& c) {
  FileDescriptor fd(::openat(here(), c.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return last_error();
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return last_error();
  if (S_ISLNK(st.st_mode)) return expand(TRY(read_link(fd.get(), "")), c);
  if (!S_ISDIR(st.st_mode)) return sys_fail(ENOTDIR);
  if (stack_.size() >= kMaxWalkDepth) return sys_fail(ENAMETOOLONG);
  DescriptorLease lease;
  if (resolution_.account) {
    lease = DescriptorLease::take(resolution_.account);
    if (!lease) return sys_fail(EMFILE);
  }
  stack_.push_back({std::move(lease), std::move(fd)});
  return {};
}

// The last component. None if it was a symlink, which has been expanded, so that there is a new last component.
SysResult<std::optional<FileDescriptor>> Walk::open_last(const Component& c) {
  if (c.slashes && (flags_ & O_CREAT)) {
    TRY(check_search());
    return sys_fail(EISDIR);  // as Linux has it, whether or not something of that name exists
  }
  bool exclusive = (flags_ & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  // A slash at the end of the path asks for what the symlink leads to, and so for every symlink on the way there.
  if (c.slashes) flags_ = (flags_ & ~O_NOFOLLOW) | O_DIRECTORY;
  bool follow = !(flags_ & O_NOFOLLOW) && !exclusive;
  for (int tries = 0; tries < kMaxSymlinks; ++tries) {
    if (follow) {
      if (auto target = read_link(here(), c.name.c_str())) {
        TRY(expand(*target, c));
        return std::nullopt;
      }
    }
    FileDescriptor fd(::openat(here(), c.name.c_str(), flags_ | O_NOFOLLOW, mode_));
    if (fd && follow && (flags_ & O_PATH)) {  // O_PATH | O_NOFOLLOW opens a symlink that has just come into being
      struct stat st;
      if (::fstat(fd.get(), &st) == 0 && S_ISLNK(st.st_mode)) continue;
    }
    if (fd) return fd;
    if (!(errno == ELOOP && follow) && errno != EINTR) return last_error();
  }
  return sys_fail(ELOOP);
}

SysResult<> Walk::expand(const std::string& target, const Component& c) {
  if (links_++ >= kMaxSymlinks) return sys_fail(ELOOP);
  if (target.empty()) return sys_fail(ENOENT);
  if (target.front() == '/') return sys_fail(kEscape);
  rest_ = target + (c.slashes ? "/" : "") + rest_;
  return {};
}

// The path ended in a directory of the stack ("." or ".." was last).
SysResult<FileDescriptor> Walk::open_here() {
  if (flags_ & O_CREAT) return sys_fail(flags_ & O_EXCL ? EEXIST : EISDIR);
  FileDescriptor fd(::openat(here(), ".", flags_));
  if (!fd) return last_error();
  return fd;
}

// "." and ".." need the permission to search the directory they are looked up in, like any name.
SysResult<> Walk::check_search() const {
  FileDescriptor fd(::openat(here(), ".", O_PATH | O_CLOEXEC));
  if (!fd) return last_error();
  return {};
}

}  // namespace
}  // namespace vitrine::os
