// WASI: what of the host a guest may reach. Nothing is granted by default.
//
//   WasiConfig config;
//   config.args = {"app", "--fast"};
//   config.inherit_stdio();
//   config.directories.push_back({"/srv/data", "/data", WasiAccess::ReadOnly});
//   Wasi wasi = TRY(Wasi::make(config));
//   TRY(wasi.add_to(linker));
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/linker.hpp"

namespace vitrine {

enum class WasiAccess : uint8_t { ReadOnly, ReadWrite };

/// A directory of the host, and the name the guest knows it by.
struct WasiDirectory {
  std::string host;
  std::string guest;
  WasiAccess access = WasiAccess::ReadOnly;
};

/// The grants of one guest.
struct WasiConfig {
  std::vector<std::string> args;  ///< args[0] is the program's name
  std::vector<std::pair<std::string, std::string>> env;
  bool stdin_inherited = false, stdout_inherited = false, stderr_inherited = false;
  std::optional<std::string> stdin_text;                  ///< stdin reads as this, instead of the host's
  bool stdout_captured = false, stderr_captured = false;  ///< kept in memory, instead of going to the host's
  size_t capture_limit = 64u << 20;                       ///< beyond it a captured stream is a full disk
  std::vector<WasiDirectory> directories;
  std::vector<std::string> listen;  ///< "HOST:PORT": listening TCP sockets that are granted, after the directories
  bool clocks = true;               ///< the system's wall clock and monotonic clock
  bool random = true;               ///< the system's random source
  bool unstable = true;             ///< also provide the module name `wasi_unstable`
  void inherit_stdio() { stdin_inherited = stdout_inherited = stderr_inherited = true; }
};

/// Something the guest asked for and was refused.
struct WasiDenial {
  std::string what;        ///< `create "/data/x"`; of a hint, `the guest was granted no directory`
  std::string suggestion;  ///< the command line option that would have granted it, or empty
  bool certain = true;     ///< false: the guest only looked around
};

/// The host side of one guest. Cheap to copy (shared).
class VITRINE_API Wasi {
 public:
  /// Opens what is granted; fails with the path or address that cannot be.
  static Result<Wasi> make(const WasiConfig& config);
  /// Defines WASI 0.1 (`wasi_snapshot_preview1`, and `wasi_unstable` if configured).
  Result<void> add_to(Linker& linker) const;
  /// Ends the guest at its next blocking call or the one it is in. Any thread, also a signal handler.
  void interrupt() const;
  /// What the guest has written to a captured stream so far. Any thread.
  std::string captured_stdout() const;
  std::string captured_stderr() const;
  /// What was refused so far.
  std::vector<WasiDenial> denials() const;

 private:
  struct Impl;
  explicit Wasi(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace vitrine
