// WASI: what of the host a guest may reach. By default that is no file, variable, argument, stream or address, but the
// clocks and random bytes: see WasiConfig.
//
//   auto defined = Wasi::define(linker);      // the functions, once for any number of stores
//   if (!defined) return std::unexpected(std::move(defined).error());
//
//   WasiConfig config;
//   config.args = {"app", "--fast"};
//   config.inherit_stdio();
//   config.directories.push_back({"/srv/data", "/data", WasiAccess::ReadOnly});
//   auto wasi = Wasi::make(config);
//   if (!wasi) return std::unexpected(std::move(wasi).error());
//   auto attached = wasi->attach(store);      // the grants of the guest in this store
//   if (!attached) return std::unexpected(std::move(attached).error());
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/export.hpp"
#include "vitrine/linker.hpp"
#include "vitrine/wasi_grants.hpp"

namespace vitrine {

/// A stream of bytes for a guest to read from or write to. Cheap to copy (shared); several guests may have the same.
class VITRINE_API WasiStream {
 public:
  /// Reads as empty; takes what is written and forgets it.
  WasiStream();
  /// This process's descriptor `fd`, which stays open and is never changed: others may have the same open file.
  static WasiStream inherited(int fd);
  /// The open file `fd`, which is closed with the stream.
  static WasiStream owned(int fd);
  /// Reads as `text`.
  static WasiStream text(std::string text);
  /// Keeps what is written; beyond `limit` bytes it is a full disk.
  static WasiStream buffer(size_t limit = 64u << 20);
  /// Reads what `read` fills in: it answers how many bytes, 0 at the end; an error is an input/output error to the
  /// guest. Called while the guest waits, on its thread, and may itself wait: then it has to come back when the guest
  /// is to end. An exception ends the guest. Guests of several threads that share the stream also call it at once.
  static WasiStream reader(std::function<Result<size_t>(std::span<uint8_t>)> read);
  /// Likewise, gives what is written to `write`, at most 64 KiB at once, which answers how much it took.
  static WasiStream writer(std::function<Result<size_t>(std::span<const uint8_t>)> write);

  /// What a buffer holds so far. Any thread.
  std::string contents() const;

 private:
  friend class Wasi;
  struct Impl;
  explicit WasiStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

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
  WasiStream in, out, err;  ///< by default empty, and forgotten
  std::vector<WasiDirectory> directories;
  std::vector<std::string> listen;  ///< "HOST:PORT": listening TCP sockets that are granted, after the directories
  bool clocks = true;  ///< the system's wall clock and monotonic clock, and sleeping: granted unless withheld
  bool random = true;  ///< the system's random source: likewise
  /// The most files and sockets it may have open, its three standard streams and what it is granted among them; less if
  /// the process may not have as many: it shares what the process may have with other guests, of which the host keeps a
  /// quarter.
  uint32_t max_open_files = 4096;
  /// Grants this process's standard input, output and error.
  void inherit_stdio() {
    in = WasiStream::inherited(0);
    out = WasiStream::inherited(1);
    err = WasiStream::inherited(2);
  }
};

/// The host side of one guest. Cheap to copy (shared).
class VITRINE_API Wasi {
 public:
  /// Also `wasi_unstable`, the module name that came before.
  enum class Names : uint8_t { Preview1, WithUnstable };

  /// Defines the functions of WASI 0.1 (`wasi_snapshot_preview1`) in a linker. They work for the guest of whichever
  /// store they are called in; in a store without one, a call ends with an error that says so.
  [[nodiscard]] static Result<> define(Linker& linker, Names names = Names::WithUnstable);
  /// Opens what is granted; fails with the path or address that cannot be, or if the process has no descriptors left.
  [[nodiscard]] static Result<Wasi> make(const WasiConfig& config);
  /// Makes this the guest of a store, whose `cancel` ends its waits. Fails if it is another's, or the store has one.
  [[nodiscard]] Result<> attach(const Context& store) const;
  /// Ends the guest at its next blocking call or the one it is in. Any thread, also a signal handler.
  void interrupt() const;
  /// What was refused so far: the first 64 different ones. Any thread.
  std::vector<WasiDenial> denials() const;
  /// How many refusals are not among them.
  uint64_t unlisted_denials() const;
  /// What was done with each grant so far, by verb. Any thread.
  std::vector<WasiUse> usage() const;

 private:
  struct Impl;
  explicit Wasi(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace vitrine
