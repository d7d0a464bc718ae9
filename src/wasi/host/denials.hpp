// What the guest asked for and was refused, for the one who runs it.
//
// Bounded: a guest may be refused a million times, and only the first kMaxDenials different ones are kept.
#pragma once

#include <vitrine/wasi_grants.hpp>

#include <cstdint>
#include <mutex>
#include <vector>

#include "os/fork.hpp"

namespace vitrine::wasi::host {

using Denial = WasiDenial;

class Denials {
 public:
  static constexpr size_t kMaxDenials = 64;

  void record(Denial denial);
  std::vector<Denial> all() const;
  /// How many were refused in all, the ones not kept included.
  uint64_t count() const;
  /// How many of them are not among those kept.
  uint64_t unlisted() const;

 private:
  mutable os::ForkSafe<std::mutex> mutex_;
  std::vector<Denial> kept_;
  uint64_t count_ = 0;
  uint64_t unlisted_ = 0;
};

}  // namespace vitrine::wasi::host
