// The public face of WASI over the host layer.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <vitrine/wasi.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/result.hpp"
#include "wasi/p1/definitions.hpp"
#include "wasi/p1/state.hpp"

namespace vitrine {

namespace host = wasi::host;
namespace p1 = wasi::p1;

struct WasiStream::Impl {
  std::shared_ptr<host::Stream> stream;
};

struct Wasi::Impl {
  std::shared_ptr<host::Context> context;
  std::shared_ptr<p1::P1State> p1;
  std::atomic<bool> attached = false;
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

WasiStream::WasiStream() : impl_(std::make_shared<Impl>(host::Stream::none())) {}

WasiStream WasiStream::inherited(int fd) {
  return WasiStream(std::make_shared<Impl>(host::Stream::inherit(fd)));
}

WasiStream WasiStream::owned(int fd) {
  return WasiStream(std::make_shared<Impl>(host::Stream::from_fd(os::FileDescriptor(fd))));
}

WasiStream WasiStream::text(std::string text) {
  return WasiStream(std::make_shared<Impl>(host::Stream::input(std::move(text))));
}

WasiStream WasiStream::buffer(size_t limit) {
  return WasiStream(std::make_shared<Impl>(host::Stream::output(limit)));
}

WasiStream WasiStream::reader(std::function<Result<size_t>(std::span<uint8_t>)> read) {
  return WasiStream(std::make_shared<Impl>(host::Stream::reader(std::move(read))));
}

WasiStream WasiStream::writer(std::function<Result<size_t>(std::span<const uint8_t>)> write) {
  return WasiStream(std::make_shared<Impl>(host::Stream::writer(std::move(write))));
}

std::string WasiStream::contents() const {
  return impl_->stream->contents();
}

Result<> Wasi::define(Linker& linker, Names names) {
  TRY(p1::define(linker, p1::Abi::Preview1));
  if (names == Names::WithUnstable) TRY(p1::define(linker, p1::Abi::Unstable));
  return {};
}

Result<Wasi> Wasi::make(const WasiConfig& config) {
  host::Grants grants;
  grants.args = config.args;
  grants.env = config.env;
  for (const WasiDirectory& d : config.directories) TRY(grants.add_directory(d.host, d.guest, d.access));
  for (const std::string& address : config.listen) grants.sockets.push_back({TRY(listen_on(address)), address});
  grants.stdio[0] = config.in.impl_->stream;
  grants.stdio[1] = config.out.impl_->stream;
  grants.stdio[2] = config.err.impl_->stream;
  grants.max_open_files = config.max_open_files;
  if (config.clocks) grants.wall_clock.source = grants.monotonic_clock.source = host::ClockGrant::Source::System;
  if (config.random) grants.random.source = host::RandomGrant::Source::System;

  auto impl = std::make_shared<Impl>();
  impl->context = TRY(host::Context::make(std::move(grants)));
  impl->p1 = TRY(p1::P1State::make(impl->context));
  return Wasi(std::move(impl));
}

Result<> Wasi::attach(const Context& store) const {
  if (store.data(&p1::kStoreKey)) return fail("the store has a WASI context already");
  if (impl_->attached.exchange(true)) return fail("this WASI context is another store's: each takes one of its own");
  struct Attached {
    std::shared_ptr<Impl> wasi;
    CancelCallback interrupts;
  };
  auto attached =
      std::make_shared<Attached>(impl_, store.on_cancel([context = impl_->context.get()] { context->interrupt(); }));
  store.set_data(&p1::kStoreKey, std::shared_ptr<p1::P1State>(attached, impl_->p1.get()));
  return {};
}

void Wasi::interrupt() const {
  impl_->context->interrupt();
}

std::vector<WasiDenial> Wasi::denials() const {
  return impl_->context->denials().all();
}

uint64_t Wasi::unlisted_denials() const {
  return impl_->context->denials().unlisted();
}

std::vector<WasiUse> Wasi::usage() const {
  return impl_->context->usage();
}

}  // namespace vitrine
