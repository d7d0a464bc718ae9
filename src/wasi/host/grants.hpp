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
#include "wasi/host/denials.hpp"
#include "wasi/host/stream.hpp"

namespace vitrine::wasi::host {

enum class Access : uint8_t { ReadOnly, ReadWrite };

/// The right to one directory and what is beneath it. Every handle opened through it points here, so it has the same
/// rights.
struct DirectoryGrant {
  std::string guest;  // the name the guest knows it by
  std::string host;   // where it is, for messages only: the descriptor is what counts
  Access access = Access::ReadOnly;
  os::Resolver resolver = os::Resolver::Auto;
  uint64_t root_device = 0;  // which directory it is, to know it again when a path comes back to it
  uint64_t root_inode = 0;
  std::shared_ptr<Denials> denials;  // never null once the context is made
};

struct DirectoryToGrant {
  os::FileDescriptor fd;
  std::string guest;
  std::string host;
  Access access;
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
  std::vector<os::FileDescriptor> sockets;  // listening or connected
  ClockGrant wall_clock;
  ClockGrant monotonic_clock;
  RandomGrant random;
  uint32_t max_open_files = 4096;  // of the guest; less if the process itself may have fewer
  os::Resolver resolver = os::Resolver::Auto;

  /// Opens the host directory `host` and grants it as `guest`.
  Result<> add_directory(const std::string& host, std::string guest, Access access);
  void inherit_stdio();
  /// The system's clocks and random source: what a command line program takes for granted.
  void grant_clocks_and_random();
};

}  // namespace vitrine::wasi::host
