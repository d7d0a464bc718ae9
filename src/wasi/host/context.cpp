#include "wasi/host/context.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "os/random.hpp"
#include "wasi/host/pieces.hpp"

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

// What a guest may have open besides what it was granted, whatever others do, if there are as many left when it is
// made.
constexpr uint32_t kOwnDescriptors = 8;

}  // namespace

Result<std::shared_ptr<Context>> Context::make(Grants grants) {
  TRY(check_text(grants));
  std::shared_ptr<Context> context(new Context);
  context->args_ = std::move(grants.args);
  context->env_ = std::move(grants.env);
  context->max_open_files_ = grants.max_open_files;

  // Without a directory or a socket there is nothing to open anything with.
  auto granted = static_cast<uint32_t>(grants.directories.size() + grants.sockets.size());
  auto& descriptors = context->oversight_->descriptors;
  uint32_t most = std::max(grants.max_open_files, granted);
  if (granted) descriptors = os::DescriptorAccount::open(most, granted + kOwnDescriptors);
  if (!descriptors) descriptors = os::DescriptorAccount::open(most, granted);
  if (!descriptors) {
    return fail(fmt::format("this process has not {} descriptors left for another guest: all of them together may have "
                            "{}, by its limit of open files (RLIMIT_NOFILE)",
                            granted, os::guest_descriptor_limit()),
                ErrorKind::Limit);
  }

  constexpr VerbSet kInput = {Verb::Read, Verb::Poll, Verb::SetFlags, Verb::Stat};
  constexpr VerbSet kOutput = {Verb::Write, Verb::Poll, Verb::SetFlags, Verb::Stat};
  static constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};
  for (int i = 0; i < 3; ++i) {
    auto stream = grants.stdio[i] ? std::move(grants.stdio[i]) : Stream::none();
    context->stdio_[i] =
        std::make_shared<GrantedStream>(std::move(stream), context->grant(i == 0 ? kInput : kOutput, kNames[i]));
  }
  for (auto& directory : grants.directories) {
    struct stat st;
    if (::fstat(directory.fd.get(), &st) != 0 || !S_ISDIR(st.st_mode)) {
      return fail(fmt::format("cannot grant \"{}\": not an open directory", directory.host), ErrorKind::Io);
    }
    auto grant = std::make_shared<DirectoryGrant>(std::move(directory.guest), std::move(directory.host),
                                                  directory.access, grants.resolver, context->oversight_);
    grant->root_device = st.st_dev;
    grant->root_inode = st.st_ino;
    context->grants_.push_back(grant);
    context->directories_.push_back(std::make_shared<Directory>(
        os::LeasedDescriptor{os::DescriptorLease::take(context->oversight_->descriptors), std::move(directory.fd)},
        std::move(grant)));
  }
  constexpr VerbSet kSocket = {Verb::Accept,   Verb::Receive, Verb::Send, Verb::Shutdown,
                               Verb::SetFlags, Verb::Poll,    Verb::Stat};
  for (auto& socket : grants.sockets) {
    context->sockets_.push_back(std::make_shared<Socket>(
        os::LeasedDescriptor{os::DescriptorLease::take(context->oversight_->descriptors), std::move(socket.fd)},
        context->grant(kSocket, std::move(socket.address))));
  }
  constexpr VerbSet kClock = {Verb::ReadClock, Verb::ClockResolution, Verb::Sleep};
  auto clock = [&](const ClockGrant& from, const char* name) {
    return Clock{from, context->grant(from.source == ClockGrant::Source::Denied ? VerbSet() : kClock, name)};
  };
  context->wall_clock_ = clock(grants.wall_clock, "the wall clock");
  context->monotonic_clock_ = clock(grants.monotonic_clock, "the monotonic clock");
  context->random_ = grants.random;
  context->random_grant_ = context->grant(
      grants.random.source == RandomGrant::Source::Denied ? VerbSet() : VerbSet{Verb::Random}, "random bytes");
  return context;
}

std::shared_ptr<const Grant> Context::grant(VerbSet allowed, std::string name) {
  auto made = std::make_shared<const Grant>(allowed, std::move(name), oversight_);
  grants_.push_back(made);
  return made;
}

std::vector<WasiUse> Context::usage() const {
  std::vector<WasiUse> all;
  for (const auto& grant : grants_) {
    for (size_t i = 0; i < kVerbs; ++i) {
      auto verb = static_cast<Verb>(i);
      if (grant->uses(verb)) all.push_back({grant->name(), verb, grant->uses(verb), grant->bytes(verb)});
    }
  }
  return all;
}

os::SysResult<uint64_t> Context::clock_now(os::Clock clock) const {
  const auto& [from, grant] = of(clock);
  TRY(use(*grant, Verb::ReadClock));
  return from.source == ClockGrant::Source::Fixed ? from.fixed_ns : os::clock_now(clock);
}

os::SysResult<uint64_t> Context::clock_resolution(os::Clock clock) const {
  const auto& [from, grant] = of(clock);
  TRY(use(*grant, Verb::ClockResolution));
  return from.source == ClockGrant::Source::Fixed ? 1 : os::clock_resolution(clock);
}

os::SysResult<> Context::use_sleep(os::Clock clock) const {
  return use(*of(clock).grant, Verb::Sleep);
}

os::SysResult<> Context::random(std::span<uint8_t> to) {
  TRY(use(*random_grant_, Verb::Random, to.size()));
  // A guest may ask for all of its memory; an interrupt must not have to wait for that.
  PieceSize piece;
  while (!to.empty()) {
    if (interrupt_token().raised()) return os::sys_fail(os::kInterrupted);
    auto part = to.first(std::min(to.size(), piece.size()));
    to = to.subspan(part.size());
    bool measured = !to.empty();
    if (measured) piece.begin();
    if (random_.source == RandomGrant::Source::System) {
      TRY(os::random_bytes(part));
    } else {
      seeded(part);
    }
    if (measured) piece.end();
  }
  return {};
}

// splitmix64 (Steele, Lea and Flood, OOPSLA 2014)
void Context::seeded(std::span<uint8_t> to) {
  while (!to.empty()) {
    uint64_t z = random_.seed += 0x9e37'79b9'7f4a'7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebull;
    z ^= z >> 31;
    size_t n = std::min(to.size(), sizeof z);
    std::memcpy(to.data(), &z, n);
    to = to.subspan(n);
  }
}

}  // namespace vitrine::wasi::host
