#include "wasi/host/grants.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <cstring>

namespace vitrine::wasi::host {

DirectoryGrant::DirectoryGrant(std::string guest, std::string host_name, Access allowed, os::Resolver resolver,
                               std::shared_ptr<Oversight> oversight)
    : Grant(VerbSet::of(allowed), std::move(guest), std::move(oversight)),
      host(std::move(host_name)),
      access(allowed),
      resolution{
          .resolver = resolver, .account = this->oversight().descriptors, .stop = &this->oversight().interrupt.flag()} {
}

os::SysResult<> DirectoryGrant::refuse(Denial denial) const {
  denial.access = access;
  denial.host = host;
  denial.guest = guest();
  oversight().denials.record(std::move(denial));
  return os::sys_fail(EPERM);
}

os::SysResult<> DirectoryGrant::refuse(Verb verb, std::string path) const {
  return refuse({.reason = Denial::Reason::MissingRight,
                 .verb = verb,
                 .subject = std::move(path),
                 .missing = right_of(verb) - access});
}

Result<> Grants::add_directory(const std::string& host, std::string guest, Access access) {
  os::FileDescriptor fd(::open(host.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A directory that may be entered but not listed can be granted all the same.
  if (!fd && errno == EACCES) fd = os::FileDescriptor(::open(host.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(fmt::format("cannot grant directory \"{}\": {}", host, std::strerror(errno)), ErrorKind::Io);
  directories.push_back({std::move(fd), std::move(guest), host, access});
  return {};
}

void Grants::inherit_stdio() {
  for (int fd = 0; fd < 3; ++fd) stdio[fd] = Stream::inherit(fd);
}

void Grants::grant_clocks_and_random() {
  wall_clock.source = monotonic_clock.source = ClockGrant::Source::System;
  random.source = RandomGrant::Source::System;
}

}  // namespace vitrine::wasi::host
