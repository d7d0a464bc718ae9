// The one gate: every use of anything granted goes through `use(grant, verb, bytes)`.
//
// A grant knows which verbs it allows, as bits, so that a use costs a test of a bit and an addition. It counts each
// verb and its bytes, and records what it refuses. Quotas and an audit log are to be users of this gate and of nothing
// else.
//
// A grant is used by one thread at a time, as its guest is; any thread may read what it counted.
#pragma once

#include <vitrine/wasi_grants.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "os/sys_result.hpp"
#include "wasi/host/oversight.hpp"

namespace vitrine::wasi::host {

using Verb = WasiVerb;
using Access = WasiAccess;

inline constexpr size_t kVerbs = 0
#define VERB(...) +1
#include "vitrine/wasi_verbs.def"
    ;

/// The right that a verb takes beneath a directory.
inline constexpr Access right_of(Verb verb) {
  constexpr Access kRights[] = {
#define VERB(name, words, right) Access::right,
#include "vitrine/wasi_verbs.def"
  };
  return kRights[static_cast<size_t>(verb)];
}

class VerbSet {
 public:
  constexpr VerbSet() = default;
  constexpr VerbSet(std::initializer_list<Verb> verbs) {
    for (Verb verb : verbs) bits_ |= bit(verb);
  }
  /// The verbs that `access` to a directory allows.
  static constexpr VerbSet of(Access access) {
    VerbSet set;
    for (size_t i = 0; i < kVerbs; ++i) {
      if ((right_of(static_cast<Verb>(i)) - access) == Access::None) set.bits_ |= bit(static_cast<Verb>(i));
    }
    return set;
  }
  constexpr bool has(Verb verb) const { return (bits_ & bit(verb)) != 0; }

 private:
  static_assert(kVerbs <= 64);
  static constexpr uint64_t bit(Verb verb) { return uint64_t{1} << static_cast<unsigned>(verb); }
  uint64_t bits_ = 0;
};

class Grant {
 public:
  /// `name` is what denials and counts call it.
  Grant(VerbSet allowed, std::string name, std::shared_ptr<Oversight> oversight)
      : allowed_(allowed), name_(std::move(name)), oversight_(std::move(oversight)) {}
  Grant(const Grant&) = delete;
  Grant& operator=(const Grant&) = delete;

  bool allows(Verb verb) const { return allowed_.has(verb); }
  /// Counts one more use of `bytes` bytes. False: it is refused, and nothing was counted.
  bool try_use(Verb verb, uint64_t bytes = 0) const {
    if (!allowed_.has(verb)) [[unlikely]]
      return false;
    Count& count = counts_[static_cast<size_t>(verb)];
    add(count.uses, 1);
    add(count.bytes, bytes);
    return true;
  }
  /// Of the bytes of the last use these were not needed: it was shorter than asked for.
  void give_back(Verb verb, uint64_t bytes) const { add(counts_[static_cast<size_t>(verb)].bytes, -bytes); }

  /// The use as it was counted so far.
  uint64_t uses(Verb verb) const { return counts_[static_cast<size_t>(verb)].uses.load(std::memory_order_relaxed); }
  uint64_t bytes(Verb verb) const { return counts_[static_cast<size_t>(verb)].bytes.load(std::memory_order_relaxed); }

  const std::string& name() const { return name_; }
  Oversight& oversight() const { return *oversight_; }
  const std::shared_ptr<Oversight>& shared_oversight() const { return oversight_; }
  Interrupt& interrupt() const { return oversight_->interrupt; }

 private:
  struct Count {
    std::atomic<uint64_t> uses = 0, bytes = 0;
  };
  // A load and a store, which no other thread's come between: an addition that locked the bus would cost more than all
  // the rest of a use.
  static void add(std::atomic<uint64_t>& to, uint64_t n) {
    to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  VerbSet allowed_;
  mutable std::array<Count, kVerbs> counts_;
  std::string name_;
  std::shared_ptr<Oversight> oversight_;
};

[[gnu::noinline, gnu::cold]] inline os::SysResult<> refuse(const Grant& grant, Verb verb) {
  grant.oversight().denials.record({.reason = WasiDenial::Reason::NotGranted, .verb = verb, .subject = grant.name()});
  return os::sys_fail(EPERM);
}
/// Uses a grant that is no directory's: EPERM, and a denial, if it does not allow the verb.
inline os::SysResult<> use(const Grant& grant, Verb verb, uint64_t bytes = 0) {
  if (grant.try_use(verb, bytes)) [[likely]]
    return {};
  return refuse(grant, verb);
}

}  // namespace vitrine::wasi::host
