#include "wasi/host/context.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "os/random.hpp"

namespace vitrine::wasi::host {
namespace {

Result<> check_text(const Grants& grants) {
  for (const auto& arg : grants.args) {
    if (arg.contains('\0')) return fail(fmt::format("argument \"{}\" holds a NUL", arg.c_str()));
  }
  for (const auto& [name, value] : grants.env) {
    if (name.empty()) return fail("an environment variable has no name");
    if (name.contains('=')) return fail(fmt::format("the name of environment variable \"{}\" holds an '='", name));
    if (name.contains('\0') || value.contains('\0')) {
      return fail(fmt::format("environment variable \"{}\" holds a NUL", name.c_str()));
    }
  }
  return {};
}

os::FileDescriptor duplicate(const os::FileDescriptor& fd) {
  return os::FileDescriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

}  // namespace

Result<std::shared_ptr<Context>> Context::make(Grants grants) {
  TRY(check_text(grants));
  std::shared_ptr<Context> context(new Context);
  context->args_ = std::move(grants.args);
  context->env_ = std::move(grants.env);
  for (int i = 0; i < 3; ++i) context->stdio_[i] = grants.stdio[i] ? std::move(grants.stdio[i]) : Stream::none();
  for (auto& directory : grants.directories) {
    struct stat st;
    if (::fstat(directory.fd.get(), &st) != 0 || !S_ISDIR(st.st_mode)) {
      return fail(fmt::format("cannot grant \"{}\": not an open directory", directory.host), ErrorKind::Io);
    }
    auto grant = std::make_shared<DirectoryGrant>(DirectoryGrant{.guest = std::move(directory.guest),
                                                                 .host = std::move(directory.host),
                                                                 .access = directory.access,
                                                                 .resolver = grants.resolver,
                                                                 .root_device = st.st_dev,
                                                                 .root_inode = st.st_ino,
                                                                 .denials = context->denials_});
    context->directories_.push_back({std::move(directory.fd), std::move(grant)});
  }
  context->sockets_ = std::move(grants.sockets);
  context->wall_clock_ = grants.wall_clock;
  context->monotonic_clock_ = grants.monotonic_clock;
  context->random_ = grants.random;
  // The process keeps some descriptors for itself, so that a guest that opens all it can starves nobody but itself.
  constexpr size_t kReserved = 64;
  size_t limit = os::open_file_limit();
  limit = limit > 2 * kReserved ? limit - kReserved : limit / 2;
  context->max_open_files_ = static_cast<uint32_t>(std::min<size_t>(grants.max_open_files, limit));
  return context;
}

os::SysResult<Directory> Context::directory(size_t i) const {
  auto fd = duplicate(directories_[i].fd);
  if (!fd) return os::last_error();
  return Directory(std::move(fd), directories_[i].grant);
}

os::SysResult<Socket> Context::socket(size_t i) const {
  auto fd = duplicate(sockets_[i]);
  if (!fd) return os::last_error();
  return Socket(std::move(fd));
}

os::SysResult<uint64_t> Context::clock_now(os::Clock clock) const {
  const auto& grant = grant_of(clock);
  if (grant.source == ClockGrant::Source::System) [[likely]]
    return os::clock_now(clock);
  if (grant.source == ClockGrant::Source::Fixed) return grant.fixed_ns;
  denials_->record(
      {Denial::Kind::Clock, clock == os::Clock::Realtime ? "read the wall clock" : "read the monotonic clock", ""});
  return os::sys_fail(EPERM);
}

os::SysResult<uint64_t> Context::clock_resolution(os::Clock clock) const {
  const auto& grant = grant_of(clock);
  if (grant.source == ClockGrant::Source::System) return os::clock_resolution(clock);
  if (grant.source == ClockGrant::Source::Fixed) return 1;
  return os::sys_fail(EPERM);
}

os::SysResult<> Context::allow_sleep(os::Clock clock) const {
  if (grant_of(clock).source != ClockGrant::Source::Denied) [[likely]]
    return {};
  denials_->record({Denial::Kind::Clock,
                    clock == os::Clock::Realtime ? "wait for the wall clock" : "wait for the monotonic clock", ""});
  return os::sys_fail(EPERM);
}

os::SysResult<> Context::random(std::span<uint8_t> to) {
  switch (random_.source) {
    case RandomGrant::Source::System:
      // A guest may ask for all of its memory; an interrupt must not have to wait for that.
      while (!to.empty()) {
        if (interrupt_.raised()) return os::sys_fail(os::kInterrupted);
        auto piece = to.first(std::min<size_t>(to.size(), 1u << 20));
        TRY(os::random_bytes(piece));
        to = to.subspan(piece.size());
      }
      return {};
    case RandomGrant::Source::Seeded:
      while (!to.empty()) {  // splitmix64 (Steele, Lea and Flood, OOPSLA 2014)
        uint64_t z = random_.seed += 0x9e37'79b9'7f4a'7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebull;
        z ^= z >> 31;
        size_t n = std::min(to.size(), sizeof z);
        std::memcpy(to.data(), &z, n);
        to = to.subspan(n);
      }
      return {};
    case RandomGrant::Source::Denied:
      break;
  }
  denials_->record({Denial::Kind::Random, "ask for random bytes", ""});
  return os::sys_fail(EPERM);
}

}  // namespace vitrine::wasi::host
