// The host of one guest: its grants made usable. Every face of WASI (p1 and its successors) is built on this and on
// nothing else, so what is not granted here cannot be reached through any of them.
//
// One guest thread uses it; `interrupt`, `denials` and `usage` may be used from any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/clock.hpp"
#include "wasi/host/directory.hpp"
#include "wasi/host/granted_stream.hpp"
#include "wasi/host/grants.hpp"
#include "wasi/host/oversight.hpp"
#include "wasi/host/socket.hpp"

namespace vitrine::wasi::host {

class Context {
 public:
  /// Fails if an argument or variable holds a NUL, or a variable's name an '=', or if the process has not as many
  /// descriptors left as the grants take.
  static Result<std::shared_ptr<Context>> make(Grants grants);

  const std::vector<std::string>& args() const { return args_; }
  const std::vector<std::pair<std::string, std::string>>& env() const { return env_; }
  // What was granted, as handles that any face may hold.
  const std::shared_ptr<GrantedStream>& stdio(int i) const { return stdio_[i]; }
  const std::vector<std::shared_ptr<Directory>>& directories() const { return directories_; }
  const std::vector<std::shared_ptr<Socket>>& sockets() const { return sockets_; }

  os::SysResult<uint64_t> clock_now(os::Clock clock) const;
  os::SysResult<uint64_t> clock_resolution(os::Clock clock) const;
  /// Counts a wait for this clock. A sleep tells the time as well as a look at the clock does.
  os::SysResult<> use_sleep(os::Clock clock) const;
  os::SysResult<> random(std::span<uint8_t> to);

  uint32_t max_open_files() const { return max_open_files_; }
  /// Ends the guest at its next blocking call, or the one it is in. Any thread; also from a signal handler.
  void interrupt() noexcept { oversight_->interrupt.raise(); }
  Interrupt& interrupt_token() { return oversight_->interrupt; }
  Denials& denials() { return oversight_->denials; }
  const os::DescriptorAccount& descriptors() const { return *oversight_->descriptors; }
  /// What the guest has done with each of its grants. Any thread.
  std::vector<WasiUse> usage() const;

 private:
  struct Clock {
    ClockGrant from;
    std::shared_ptr<const Grant> grant;
  };
  Context() = default;
  const Clock& of(os::Clock clock) const { return clock == os::Clock::Realtime ? wall_clock_ : monotonic_clock_; }
  std::shared_ptr<const Grant> grant(VerbSet allowed, std::string name);
  void seeded(std::span<uint8_t> to);

  std::shared_ptr<Oversight> oversight_ = std::make_shared<Oversight>();
  std::vector<std::string> args_;
  std::vector<std::pair<std::string, std::string>> env_;
  std::shared_ptr<GrantedStream> stdio_[3];
  std::vector<std::shared_ptr<Directory>> directories_;
  std::vector<std::shared_ptr<Socket>> sockets_;
  Clock wall_clock_;
  Clock monotonic_clock_;
  RandomGrant random_;  // `seed` is the state of the generator
  std::shared_ptr<const Grant> random_grant_;
  std::vector<std::shared_ptr<const Grant>> grants_;  // all of them
  uint32_t max_open_files_ = 0;
};

}  // namespace vitrine::wasi::host
