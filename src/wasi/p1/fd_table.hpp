// The guest's descriptors: numbers to handles.
//
// 0, 1 and 2 are the stdio streams; what the guest opens gets the lowest free number above them.
// Cost: lookup is an index, open and close O(log n).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "wasi/host/directory.hpp"
#include "wasi/host/file.hpp"
#include "wasi/host/granted_stream.hpp"
#include "wasi/host/socket.hpp"
#include "wasi/p1/answer.hpp"

namespace vitrine::wasi::p1 {

// Handles of the host layer, with what of them is this guest's. Whether a call may block is the descriptor's.
struct Stdio {
  std::shared_ptr<host::GrantedStream> stream;
  bool writes;  // stdout or stderr
  bool nonblock = false;
};

struct OpenFile {
  std::shared_ptr<host::File> file;
  bool nonblock = false;
};

struct OpenDirectory {
  std::shared_ptr<host::Directory> directory;
  std::optional<std::string> preopen_name;  // of a directory that was granted, not opened
  // What fd_readdir is listing. A cookie is a position in it, so resuming is exact whatever changed meanwhile; cookie 0
  // takes a new one.
  std::optional<host::Listing> listing;
};

struct OpenSocket {
  std::shared_ptr<host::Socket> socket;
  bool nonblock = false;
};

using Descriptor = std::variant<std::monostate, Stdio, OpenFile, OpenDirectory, OpenSocket>;

class FdTable {
 public:
  explicit FdTable(uint32_t max_open) : max_open_(max_open) {}

  /// The handle at `fd`; BadF if there is none.
  Answer<Descriptor*> get(uint32_t fd) {
    if (fd >= slots_.size() || std::holds_alternative<std::monostate>(slots_[fd])) return fail(Errno::BadF);
    return &slots_[fd];
  }
  /// MFile at the limit.
  Answer<uint32_t> insert(Descriptor descriptor);
  bool is_full() const { return open_ >= max_open_; }
  Answer<> close(uint32_t fd);
  /// Moves `from` to `to`, which is closed. Both must be open.
  Answer<> renumber(uint32_t from, uint32_t to);

  std::vector<Descriptor>& all() { return slots_; }

 private:
  void release(uint32_t fd);

  std::vector<Descriptor> slots_;
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> free_;  // numbers above 2 that were closed
  uint32_t open_ = 0;
  uint32_t max_open_;
};

}  // namespace vitrine::wasi::p1
