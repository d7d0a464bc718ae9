// The functions that name files beneath a directory.

#include <algorithm>

#include "base/result.hpp"
#include "wasi/p1/lookup.hpp"

namespace vitrine::wasi::p1 {
namespace {

Answer<host::Follow> follow_of(uint32_t flags) {
  if (flags & ~lookupflags::kAll) return fail(Errno::Inval);
  return flags & lookupflags::kSymlinkFollow ? host::Follow::Yes : host::Follow::No;
}

/// The directory and the path that most of these begin with.
struct Place {
  const host::Directory& directory;
  std::string path;
};
Answer<Place> place_at(Call& c, uint32_t fd, uint32_t path, uint32_t path_len) {
  auto text = TRY(c.memory.path(path, path_len));
  auto* directory = TRY(directory_at(c, fd));
  return Place{*directory->directory, std::move(text)};
}

Answer<> filestat_get(Call& c, Abi abi, uint32_t fd, uint32_t flags, uint32_t path, uint32_t path_len, uint32_t buf) {
  auto place = TRY(place_at(c, fd, path, path_len));
  return put_filestat(c, abi, buf, TRY(place.directory.stat_at(place.path, TRY(follow_of(flags)))));
}

}  // namespace

Answer<> path_open(Call& c, I32 fd, I32 dirflags, I32 path, I32 path_len, I32 oflags, I64 rights_base,
                   I64 /*rights_inheriting*/, I32 fdflags, I32 opened_fd) {
  auto to = TRY(c.memory.slot<uint32_t>(opened_fd));
  auto place = TRY(place_at(c, fd, path, path_len));
  auto follow = TRY(follow_of(dirflags));
  if (oflags & ~oflags::kAll || fdflags & ~fdflags::kAll) return fail(Errno::Inval);
  if ((oflags & oflags::kDirectory) && (oflags & (oflags::kCreat | oflags::kExcl | oflags::kTrunc))) {
    return fail(Errno::Inval);
  }
  host::OpenOptions options{.mode = {.read = (rights_base & rights::kFdRead) != 0,
                                     .write = (rights_base & rights::kFdWrite) != 0,
                                     .append = (fdflags & fdflags::kAppend) != 0,
                                     .sync = (fdflags & (fdflags::kSync | fdflags::kRsync)) != 0,
                                     .data_sync = (fdflags & fdflags::kDsync) != 0},
                            .create = (oflags & oflags::kCreat) != 0,
                            .exclusive = (oflags & oflags::kExcl) != 0,
                            .truncate = (oflags & oflags::kTrunc) != 0,
                            .directory = (oflags & oflags::kDirectory) != 0,
                            .follow = follow};
  // Before the file comes into being, not after.
  if (c.state.fds().is_full()) TRY(place.directory.refuse_open(place.path, c.state.context().max_open_files()));
  auto opened = TRY(place.directory.open(place.path, options));
  Descriptor descriptor;
  if (auto* file = std::get_if<std::shared_ptr<host::File>>(&opened)) {
    descriptor = OpenFile{std::move(*file), (fdflags & fdflags::kNonblock) != 0};
  } else {
    descriptor = OpenDirectory{std::get<std::shared_ptr<host::Directory>>(std::move(opened)), {}, {}};
  }
  to.store(TRY(c.state.fds().insert(std::move(descriptor))));
  return {};
}

Answer<> path_create_directory(Call& c, I32 fd, I32 path, I32 path_len) {
  auto place = TRY(place_at(c, fd, path, path_len));
  TRY(place.directory.create_directory(place.path));
  return {};
}

Answer<> path_remove_directory(Call& c, I32 fd, I32 path, I32 path_len) {
  auto place = TRY(place_at(c, fd, path, path_len));
  TRY(place.directory.remove_directory(place.path));
  return {};
}

Answer<> path_unlink_file(Call& c, I32 fd, I32 path, I32 path_len) {
  auto place = TRY(place_at(c, fd, path, path_len));
  TRY(place.directory.unlink_file(place.path));
  return {};
}

Answer<> path_filestat_get(Call& c, I32 fd, I32 flags, I32 path, I32 path_len, I32 buf) {
  return filestat_get(c, Abi::Preview1, fd, flags, path, path_len, buf);
}

Answer<> unstable_path_filestat_get(Call& c, I32 fd, I32 flags, I32 path, I32 path_len, I32 buf) {
  return filestat_get(c, Abi::Unstable, fd, flags, path, path_len, buf);
}

Answer<> path_filestat_set_times(Call& c, I32 fd, I32 flags, I32 path, I32 path_len, I64 accessed, I64 modified,
                                 I32 fst_flags) {
  auto place = TRY(place_at(c, fd, path, path_len));
  auto times = TRY(times_of(accessed, modified, fst_flags));
  TRY(place.directory.set_times_at(place.path, TRY(follow_of(flags)), times.accessed, times.modified));
  return {};
}

Answer<> path_link(Call& c, I32 old_fd, I32 old_flags, I32 old_path, I32 old_path_len, I32 new_fd, I32 new_path,
                   I32 new_path_len) {
  auto from = TRY(place_at(c, old_fd, old_path, old_path_len));
  auto to = TRY(place_at(c, new_fd, new_path, new_path_len));
  if (TRY(follow_of(old_flags)) == host::Follow::Yes) return fail(Errno::Inval);
  TRY(from.directory.link(from.path, to.directory, to.path));
  return {};
}

Answer<> path_rename(Call& c, I32 fd, I32 old_path, I32 old_path_len, I32 new_fd, I32 new_path, I32 new_path_len) {
  auto from = TRY(place_at(c, fd, old_path, old_path_len));
  auto to = TRY(place_at(c, new_fd, new_path, new_path_len));
  TRY(from.directory.rename(from.path, to.directory, to.path));
  return {};
}

Answer<> path_symlink(Call& c, I32 old_path, I32 old_path_len, I32 fd, I32 new_path, I32 new_path_len) {
  auto target = TRY(c.memory.path(old_path, old_path_len));
  auto place = TRY(place_at(c, fd, new_path, new_path_len));
  TRY(place.directory.symlink(target, place.path));
  return {};
}

Answer<> path_readlink(Call& c, I32 fd, I32 path, I32 path_len, I32 buf, I32 buf_len, I32 bufused) {
  TRY(c.memory.range(buf, buf_len));
  auto used = TRY(c.memory.slot<uint32_t>(bufused));
  auto place = TRY(place_at(c, fd, path, path_len));
  auto target = TRY(place.directory.read_link(place.path));
  auto to = TRY(c.memory.range(buf, buf_len));
  size_t n = std::min(target.size(), to.size());  // as readlink: what does not fit is cut off
  std::copy_n(target.begin(), n, to.begin());
  used.store(static_cast<uint32_t>(n));
  return {};
}

}  // namespace vitrine::wasi::p1
