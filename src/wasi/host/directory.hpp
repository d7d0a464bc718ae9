// An open directory, and every verb that names something beneath it.
//
// Always: each verb that changes anything asks `require_write` before it touches the system, so a read-only grant
// cannot be got round; handles opened through a directory carry its grant. Paths are guest paths without NUL; the
// resolver keeps them beneath. Refusals are recorded in the grant's denials.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "os/fd.hpp"
#include "os/sys_result.hpp"
#include "wasi/host/file.hpp"
#include "wasi/host/grants.hpp"
#include "wasi/host/stat.hpp"

namespace vitrine::wasi::host {

struct OpenOptions {
  FileMode mode;
  bool create = false;
  bool exclusive = false;
  bool truncate = false;
  bool directory = false;
  Follow follow = Follow::No;
};

/// The entries of a directory as they were at one moment, "." and ".." first.
class Listing {
 public:
  struct Entry {
    uint64_t inode;
    FileType type;
    std::string_view name;  // lives as long as the listing
  };
  size_t size() const { return entries_.size(); }
  Entry operator[](size_t i) const;
  /// What it costs to keep.
  size_t bytes() const { return names_.size() + entries_.size() * sizeof(Packed); }
  void add(uint64_t inode, FileType type, std::string_view name);

 private:
  struct Packed {
    uint64_t inode;
    uint32_t name;  // offset in names_
    uint16_t length;
    FileType type;
  };
  std::vector<Packed> entries_;
  std::string names_;
};

class Directory;
using Opened = std::variant<File, Directory>;

class Directory {
 public:
  /// `path` is the directory's own, relative to the grant ("" is the grant itself); for messages only.
  Directory(os::FileDescriptor fd, std::shared_ptr<const DirectoryGrant> grant, std::string path = {});

  os::SysResult<Opened> open(const std::string& path, const OpenOptions& options) const;
  os::SysResult<FileStat> stat_at(const std::string& path, Follow follow) const;
  os::SysResult<> set_times_at(const std::string& path, Follow follow, SetTime accessed, SetTime modified) const;
  os::SysResult<> create_directory(const std::string& path) const;
  os::SysResult<> remove_directory(const std::string& path) const;
  os::SysResult<> unlink_file(const std::string& path) const;
  os::SysResult<std::string> read_link(const std::string& path) const;
  /// Makes `path` a symlink to `target`. A target that starts with a slash leads out wherever it is read: EPERM.
  os::SysResult<> symlink(const std::string& target, const std::string& path) const;
  /// Does not follow a symlink at `path`: the new name is another name of the symlink.
  os::SysResult<> link(const std::string& path, const Directory& to, const std::string& new_path) const;
  os::SysResult<> rename(const std::string& path, const Directory& to, const std::string& new_path) const;

  /// ENOMEM if keeping the listing took more than `max_bytes`.
  os::SysResult<Listing> list(size_t max_bytes) const;
  os::SysResult<FileStat> stat() const;
  os::SysResult<> set_times(SetTime accessed, SetTime modified) const;
  os::SysResult<> sync() const;
  os::SysResult<> sync_data() const;

  const DirectoryGrant& grant() const { return *grant_; }
  bool is_read_only() const { return grant_->access == Access::ReadOnly; }

 private:
  os::SysResult<> allow_write(std::string_view verb, const std::string& path) const;
  os::SysResult<> allow_pair(std::string_view verb, const std::string& path, const Directory& to,
                             const std::string& new_path) const;
  os::SysResult<os::FileDescriptor> open_at(const std::string& path, int flags, mode_t mode = 0) const;
  os::SysResult<os::Parent> parent_of(const std::string& path) const;
  os::SysError seen(os::SysError error, const std::string& path) const;
  std::string full_path(const std::string& path) const;

  os::FileDescriptor fd_;
  std::shared_ptr<const DirectoryGrant> grant_;
  std::string path_;
};

/// The one gate of every change: EPERM, and a denial that names `path` (as the guest knows it), unless the grant is
/// read-write.
os::SysResult<> require_write(const DirectoryGrant& grant, std::string_view verb, std::string_view path);

}  // namespace vitrine::wasi::host
