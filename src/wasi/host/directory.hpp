// An open directory, and every verb that names something beneath it.
//
// A shared handle: whoever has one keeps it open. Always: each verb uses the grant before it touches the system, so
// what the grant does not allow cannot be got round; handles opened through a directory carry its grant. Where the
// right depends on what a name is, that is looked at first. Paths are guest paths without NUL; the resolver keeps them
// beneath. Refusals are recorded. A listing and a walk look at the interrupt; what waits for a disk runs on a helper.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "os/descriptors.hpp"
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

/// The entries of a directory as they were at one moment, "." and ".." first. Those with names that are no UTF-8 are
/// left out: no guest can name them.
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
  size_t bytes() const { return names_.size() * kBlock + entries_.size() * sizeof(Packed); }
  void add(uint64_t inode, FileType type, std::string_view name);

 private:
  struct Packed {
    uint64_t inode;
    uint32_t block;   // of names_
    uint16_t offset;  // in it
    uint16_t length;
    FileType type;
  };
  // In blocks, so that growing copies none of what is there: a listing of 256 MiB would take long to move.
  static constexpr size_t kBlock = 32 * 1024;
  std::deque<Packed> entries_;
  std::vector<std::string> names_;
};

class Directory;
using Opened = std::variant<std::shared_ptr<File>, std::shared_ptr<Directory>>;

class Directory : public std::enable_shared_from_this<Directory> {
 public:
  /// `path` is the directory's own, relative to the grant ("" is the grant itself); for messages only.
  Directory(os::LeasedDescriptor fd, std::shared_ptr<const DirectoryGrant> grant, std::string path = {});

  /// EMFILE, and a denial, if the guest may have no more descriptors.
  os::SysResult<Opened> open(const std::string& path, const OpenOptions& options) const;
  /// The same refusal, by who gives out numbers for what is opened and has `limit` of them, before anything is opened.
  os::SysResult<> refuse_open(const std::string& path, uint64_t limit) const;
  os::SysResult<FileStat> stat_at(const std::string& path, Follow follow) const;
  os::SysResult<> set_times_at(const std::string& path, Follow follow, SetTime accessed, SetTime modified) const;
  os::SysResult<> create_directory(const std::string& path) const;
  os::SysResult<> remove_directory(const std::string& path) const;
  os::SysResult<> unlink_file(const std::string& path) const;
  os::SysResult<std::string> read_link(const std::string& path) const;
  /// Makes `path` a symlink to `target`. A target that starts with a slash leads out wherever it is read: EPERM. Where
  /// one with ".." leads depends on where the symlink stands when it is read, so the resolver sees to that.
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

 private:
  struct Place {
    os::DescriptorLease lease;
    os::Parent parent;
  };
  os::SysResult<> use(Verb verb, const std::string& path) const;
  os::SysResult<> may_open(const std::string& path, const OpenOptions& options) const;
  os::SysResult<> refuse_rename(const DirectoryGrant& lacking, Verb verb, Access missing, const std::string& path,
                                const Directory& to, const std::string& new_path) const;
  os::SysResult<> no_more_rights(Verb verb, const std::string& path, const Directory& to,
                                 const std::string& new_path) const;
  os::SysResult<os::LeasedDescriptor> open_at(Verb verb, const std::string& path, int flags, mode_t mode = 0) const;
  os::SysResult<os::LeasedDescriptor> truncate_at(const std::string& path, int flags) const;
  os::SysResult<Place> parent_of(Verb verb, const std::string& path) const;
  os::SysResult<os::DescriptorLease> one_more(Verb verb, const std::string& path) const;
  os::SysResult<> refuse_more(Verb verb, const std::string& path, uint64_t limit) const;
  os::SysError seen(os::SysError error, Verb verb, const std::string& path) const;
  std::string full_path(const std::string& path) const;

  os::LeasedDescriptor fd_;
  std::shared_ptr<const DirectoryGrant> grant_;
  std::string path_;
};

}  // namespace vitrine::wasi::host
