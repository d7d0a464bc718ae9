// What the guest asked for and was refused, for the one who runs it: which path or capability, and the option that
// would have granted it. Observed by the CLI when the guest has ended.
//
// Bounded: a guest may be refused a million times, and only the first kMaxDenials different ones are kept.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace vitrine::wasi::host {

struct Denial {
  enum class Kind : uint8_t {
    ReadOnly,       // a change below a directory that was granted read-only
    Escape,         // a path that leads out of the directory granted
    AcrossGrants,   // a rename or hard link between directories of different rights
    NoDirectories,  // the guest looked for its directories and has none. Programs look as they start: a hint, no proof
    NoVariables,    // the guest looked for its environment variables and has none: a hint likewise
    Limit,          // more of something than the context allows
    Clock,
    Random,
  };
  Kind kind;
  std::string what;        // what was asked for: `create "/data/x"`
  std::string suggestion;  // the option that would grant it, as the command line spells it; empty if there is none
  friend bool operator==(const Denial&, const Denial&) = default;
};

class Denials {
 public:
  static constexpr size_t kMaxDenials = 64;

  void record(Denial denial);
  std::vector<Denial> all() const;
  /// How many were refused in all, the ones not kept included.
  uint64_t count() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Denial> kept_;
  uint64_t count_ = 0;
};

}  // namespace vitrine::wasi::host
