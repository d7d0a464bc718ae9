// Who may hold how many of this process's descriptors.
//
// The system counts descriptors per process, so a guest that opens all it can would starve its host and its neighbours.
// An account is one guest's part. It has a few that are its own from the start; what it takes beyond comes out of what
// the guests share, and it may hold no more of that than it leaves free. So one guest alone gets half of it, n greedy
// ones an n+1th part each, and there is always something left for the next to come. A quarter of what the process may
// have (at least kHostMinimum) is never a guest's.
//
// Any thread. Lock-free, so that a child of fork finds it whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "os/fd.hpp"

namespace vitrine::os {

class DescriptorAccount {
 public:
  static constexpr size_t kHostMinimum = 64;

  /// An account of at most `most` descriptors, of which `own` are set aside now; null if there are not so many left.
  static std::shared_ptr<DescriptorAccount> open(uint32_t most, uint32_t own);
  ~DescriptorAccount();
  DescriptorAccount(const DescriptorAccount&) = delete;
  DescriptorAccount& operator=(const DescriptorAccount&) = delete;

  /// Takes one more, if it may have it.
  bool take();
  void give_back();
  uint32_t held() const { return held_.load(std::memory_order_relaxed); }
  /// How many it could hold at the moment.
  uint64_t limit() const;

 private:
  DescriptorAccount(uint32_t most, uint32_t own) : most_(most), own_(own) {}

  const uint32_t most_, own_;
  std::atomic<uint32_t> held_ = 0;  // what is beyond own_ has been taken out of what is shared
};

/// One descriptor's place in an account, given back with the holder.
class DescriptorLease {
 public:
  DescriptorLease() = default;
  /// Empty if the account may have no more.
  static DescriptorLease take(const std::shared_ptr<DescriptorAccount>& account);
  DescriptorLease(DescriptorLease&& other) noexcept = default;
  DescriptorLease& operator=(DescriptorLease&& other) noexcept {
    reset();
    account_ = std::move(other.account_);
    return *this;
  }
  ~DescriptorLease() { reset(); }
  explicit operator bool() const { return account_ != nullptr; }
  void reset() {
    if (account_) account_->give_back();
    account_.reset();
  }

 private:
  explicit DescriptorLease(std::shared_ptr<DescriptorAccount> account) : account_(std::move(account)) {}
  std::shared_ptr<DescriptorAccount> account_;
};

/// An open descriptor with its place. The descriptor is closed before the place is free.
struct LeasedDescriptor {
  DescriptorLease lease;
  FileDescriptor fd;
};

/// How many descriptors all guests together may hold: the process's limit without the host's part.
size_t guest_descriptor_limit();
/// Raises the process's limit to what the system lets it have.
void raise_open_file_limit();

}  // namespace vitrine::os
