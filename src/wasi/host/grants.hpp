// Everything a guest may reach, as values. What is not in here does not exist for it.
//
// A default-made `Grants` grants nothing: no arguments, no variables, streams that read as empty and forget, no
// directory, no clock, no random source.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/beneath.hpp"
#include "os/fd.hpp"
#include "wasi/host/gate.hpp"
#include "wasi/host/stream.hpp"

namespace vitrine::wasi::host {

/// The right to one directory and what is beneath it. Every handle opened through it points here, so it has the same
/// rights.
struct DirectoryGrant : Grant {
  DirectoryGrant(std::string guest, std::string host, Access access, os::Resolver resolver,
                 std::shared_ptr<Oversight> oversight);

  const std::string& guest() const { return name(); }  // the name the guest knows it by
  const std::string host;                              // where it is, for messages only: the descriptor is what counts
  const Access access;
  const os::Resolution resolution;
  uint64_t root_device = 0;  // which directory it is, to know it again when a path comes back to it
  uint64_t root_inode = 0;

  /// Records what the grant does not allow `denial.verb` for, with what is known of the grant, and answers EPERM.
  os::SysResult<> refuse(Denial denial) const;
  /// Likewise, of what the guest calls `path`: a right is missing.
  os::SysResult<> refuse(Verb verb, std::string path) const;
};

/// Uses a directory's grant. `path` answers what the guest calls that which the verb is about; asked only where it is
/// refused.
template <class Path>
[[gnu::always_inline]] inline os::SysResult<> use(const DirectoryGrant& grant, Verb verb, uint64_t bytes, Path&& path) {
  if (grant.try_use(verb, bytes)) [[likely]]
    return {};
  return grant.refuse(verb, path());
}

struct DirectoryToGrant {
  os::FileDescriptor fd;
  std::string guest;
  std::string host;
  Access access;
};

struct SocketToGrant {
  os::FileDescriptor fd;  // listening or connected
  std::string address;
};

struct ClockGrant {
  enum class Source : uint8_t { Denied, System, Fixed };
  Source source = Source::Denied;
  uint64_t fixed_ns = 0;
};

struct RandomGrant {
  enum class Source : uint8_t { Denied, System, Seeded };
  Source source = Source::Denied;
  uint64_t seed = 0;
};

struct Grants {
  std::vector<std::string> args;  // args[0] is the program's name
  std::vector<std::pair<std::string, std::string>> env;
  std::shared_ptr<Stream> stdio[3] = {Stream::none(), Stream::none(), Stream::none()};
  std::vector<DirectoryToGrant> directories;
  std::vector<SocketToGrant> sockets;
  ClockGrant wall_clock;
  ClockGrant monotonic_clock;
  RandomGrant random;
  uint32_t max_open_files = 4096;  // of the guest; less if the process may not have as many, see os/descriptors.hpp
  os::Resolver resolver = os::Resolver::Auto;

  /// Opens the host directory `host` and grants it as `guest`.
  Result<> add_directory(const std::string& host, std::string guest, Access access);
  void inherit_stdio();
  /// The system's clocks and random source: what a command line program takes for granted.
  void grant_clocks_and_random();
};

}  // namespace vitrine::wasi::host
