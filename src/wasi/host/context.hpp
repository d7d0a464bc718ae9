// The host of one guest: its grants made usable. Every face of WASI (p1 and its successors) is built on this and on
// nothing else, so what is not granted here cannot be reached through any of them.
//
// One guest thread uses it; `interrupt` and `denials` may be used from any thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/clock.hpp"
#include "wasi/host/denials.hpp"
#include "wasi/host/directory.hpp"
#include "wasi/host/grants.hpp"
#include "wasi/host/interrupt.hpp"
#include "wasi/host/socket.hpp"
#include "wasi/host/stream.hpp"

namespace vitrine::wasi::host {

class Context {
 public:
  /// Fails if an argument or variable holds a NUL, or a variable's name an '='.
  static Result<std::shared_ptr<Context>> make(Grants grants);

  const std::vector<std::string>& args() const { return args_; }
  const std::vector<std::pair<std::string, std::string>>& env() const { return env_; }
  const std::shared_ptr<Stream>& stdio(int fd) const { return stdio_[fd]; }
  size_t directory_count() const { return directories_.size(); }
  /// A handle of its own to the `i`th granted directory.
  os::SysResult<Directory> directory(size_t i) const;
  size_t socket_count() const { return sockets_.size(); }
  os::SysResult<Socket> socket(size_t i) const;

  os::SysResult<uint64_t> clock_now(os::Clock clock) const;
  os::SysResult<uint64_t> clock_resolution(os::Clock clock) const;
  /// Whether the guest may wait for this clock: a sleep tells the time as well as a look at the clock does.
  os::SysResult<> allow_sleep(os::Clock clock) const;
  os::SysResult<> random(std::span<uint8_t> to);

  uint32_t max_open_files() const { return max_open_files_; }
  /// Ends the guest at its next blocking call, or the one it is in. Any thread; also from a signal handler.
  void interrupt() noexcept { interrupt_.raise(); }
  Interrupt& interrupt_token() { return interrupt_; }
  Denials& denials() { return *denials_; }

 private:
  struct Granted {
    os::FileDescriptor fd;
    std::shared_ptr<const DirectoryGrant> grant;
  };
  Context() = default;
  const ClockGrant& grant_of(os::Clock clock) const {
    return clock == os::Clock::Realtime ? wall_clock_ : monotonic_clock_;
  }

  std::vector<std::string> args_;
  std::vector<std::pair<std::string, std::string>> env_;
  std::shared_ptr<Stream> stdio_[3];
  std::vector<Granted> directories_;
  std::vector<os::FileDescriptor> sockets_;
  ClockGrant wall_clock_;
  ClockGrant monotonic_clock_;
  RandomGrant random_;  // `seed` is the state of the generator
  uint32_t max_open_files_ = 0;
  Interrupt interrupt_;
  std::shared_ptr<Denials> denials_ = std::make_shared<Denials>();
};

}  // namespace vitrine::wasi::host
