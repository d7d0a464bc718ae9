#include "wasi/p1/state.hpp"

#include <fmt/core.h>

#include <cstring>

namespace vitrine::wasi::p1 {

Result<std::shared_ptr<P1State>> P1State::make(std::shared_ptr<host::Context> context) {
  std::shared_ptr<P1State> state(new P1State(std::move(context)));
  auto& grants = *state->context_;
  auto insert = [&](Descriptor descriptor) -> Result<> {
    if (state->fds_.insert(std::move(descriptor))) return {};
    return vitrine::fail(fmt::format("more directories and sockets are granted than the limit of {} open files",
                                     grants.max_open_files()),
                         ErrorKind::Limit);
  };
  for (int i = 0; i < 3; ++i) TRY(insert(Stdio{grants.stdio(i), /*writes=*/i > 0}));
  for (size_t i = 0; i < grants.directory_count(); ++i) {
    auto directory = grants.directory(i);
    if (!directory) {
      return vitrine::fail(fmt::format("cannot open a granted directory: {}", std::strerror(directory.error().code)),
                           ErrorKind::Io);
    }
    auto name = directory->grant().guest;
    TRY(insert(OpenDirectory{std::move(*directory), std::move(name), {}}));
  }
  for (size_t i = 0; i < grants.socket_count(); ++i) {
    auto socket = grants.socket(i);
    if (!socket) {
      return vitrine::fail(fmt::format("cannot use a granted socket: {}", std::strerror(socket.error().code)),
                           ErrorKind::Io);
    }
    TRY(insert(std::move(*socket)));
  }
  return state;
}

}  // namespace vitrine::wasi::p1
