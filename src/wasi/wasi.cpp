// The public face of WASI over the host layer.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <vitrine/wasi.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/result.hpp"
#include "wasi/p1/definitions.hpp"

namespace vitrine {

namespace host = wasi::host;
namespace p1 = wasi::p1;

struct Wasi::Impl {
  std::shared_ptr<host::Context> context;
  std::shared_ptr<p1::P1State> p1;
  bool unstable;
};

namespace {

std::string no_address(const std::string& text) {
  return fmt::format("'{}' is no address to listen on: expected an IP address and a port, as in 127.0.0.1:8080", text);
}

Result<os::FileDescriptor> listen_on(const std::string& address) {
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) return fail(no_address(address));
  std::string name = address.substr(0, colon), port = address.substr(colon + 1);
  // The resolver takes the lower 16 bits of whatever number it is given.
  uint16_t number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size())
    return fail(fmt::format("'{}' is no address to listen on: the port is no number from 0 to 65535", address));
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // No name: it would be every address of this machine, which should be said.
  if (name.empty() || getaddrinfo(name.c_str(), port.c_str(), &hints, &found) != 0) return fail(no_address(address));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  os::FileDescriptor fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  if (fd.valid()) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd.valid() || bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 || listen(fd.get(), 128) != 0) {
    return fail(fmt::format("cannot listen on {}: {}", address, std::strerror(errno)), ErrorKind::Io);
  }
  return fd;
}

}  // namespace

Result<Wasi> Wasi::make(const WasiConfig& config) {
  host::Grants grants;
  grants.args = config.args;
  grants.env = config.env;
  for (const WasiDirectory& d : config.directories) {
    TRY(grants.add_directory(d.host, d.guest,
                             d.access == WasiAccess::ReadWrite ? host::Access::ReadWrite : host::Access::ReadOnly));
  }
  for (const std::string& address : config.listen) grants.sockets.push_back(TRY(listen_on(address)));
  host::Grants standard;
  standard.inherit_stdio();
  standard.grant_clocks_and_random();
  const bool inherited[] = {config.stdin_inherited, config.stdout_inherited, config.stderr_inherited};
  for (int i = 0; i < 3; i++) {
    if (inherited[i]) grants.stdio[i] = standard.stdio[i];
  }
  if (config.stdin_text) grants.stdio[0] = host::Stream::input(*config.stdin_text);
  if (config.stdout_captured) grants.stdio[1] = host::Stream::output(config.capture_limit);
  if (config.stderr_captured) grants.stdio[2] = host::Stream::output(config.capture_limit);
  if (config.clocks) {
    grants.wall_clock = standard.wall_clock;
    grants.monotonic_clock = standard.monotonic_clock;
  }
  if (config.random) grants.random = standard.random;

  auto impl = std::make_shared<Impl>();
  impl->context = TRY(host::Context::make(std::move(grants)));
  impl->p1 = TRY(p1::P1State::make(impl->context));
  impl->unstable = config.unstable;
  return Wasi(std::move(impl));
}

Result<void> Wasi::add_to(Linker& linker) const {
  TRY(p1::add_to_linker(linker, impl_->p1, p1::Abi::Preview1));
  if (impl_->unstable) TRY(p1::add_to_linker(linker, impl_->p1, p1::Abi::Unstable));
  return {};
}

void Wasi::interrupt() const {
  impl_->context->interrupt();
}

std::string Wasi::captured_stdout() const {
  return impl_->context->stdio(1)->contents();
}
std::string Wasi::captured_stderr() const {
  return impl_->context->stdio(2)->contents();
}

std::vector<WasiDenial> Wasi::denials() const {
  std::vector<WasiDenial> all;
  for (const host::Denial& d : impl_->context->denials().all()) {
    bool hint = d.kind == host::Denial::Kind::NoDirectories || d.kind == host::Denial::Kind::NoVariables;
    all.push_back({d.what, d.suggestion, !hint});
  }
  return all;
}

}  // namespace vitrine
