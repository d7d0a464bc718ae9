// One guest of WASI 0.1: its context and its descriptors. Used by one thread at a time.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "wasi/host/context.hpp"
#include "wasi/p1/fd_table.hpp"

namespace vitrine::wasi::p1 {

class P1State {
 public:
  /// Gives the guest its descriptors: stdio, then the granted directories from 3, then the granted sockets (after the
  /// directories, because a C library stops looking for those at the first number that is none).
  static Result<std::shared_ptr<P1State>> make(std::shared_ptr<host::Context> context);

  host::Context& context() { return *context_; }
  const std::shared_ptr<host::Context>& shared_context() const { return context_; }
  FdTable& fds() { return fds_; }

 private:
  explicit P1State(std::shared_ptr<host::Context> context)
      : context_(std::move(context)), fds_(context_->max_open_files()) {}

  std::shared_ptr<host::Context> context_;
  FdTable fds_;
};

/// The largest sum of all listings that fd_readdir keeps; NoMem beyond.
inline constexpr size_t kMaxListingBytes = 256u << 20;

}  // namespace vitrine::wasi::p1
