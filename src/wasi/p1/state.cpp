#include "wasi/p1/state.hpp"

#include <fmt/core.h>

namespace vitrine::wasi::p1 {

Result<std::shared_ptr<P1State>> P1State::make(std::shared_ptr<host::Context> context) {
  std::shared_ptr<P1State> state(new P1State(std::move(context)));
  auto& grants = *state->context_;
  auto insert = [&](Descriptor descriptor) -> Result<> {
    if (state->fds_.insert(std::move(descriptor))) return {};
    return vitrine::fail(
        fmt::format("3 streams, {} directories and {} sockets are granted, more than max_open_files, which is {}",
                    grants.directories().size(), grants.sockets().size(), grants.max_open_files()),
        ErrorKind::Limit);
  };
  for (int i = 0; i < 3; ++i) TRY(insert(Stdio{grants.stdio(i), /*writes=*/i > 0}));
  for (const auto& directory : grants.directories()) {
    TRY(insert(OpenDirectory{directory, directory->grant().guest(), {}}));
  }
  for (const auto& socket : grants.sockets()) TRY(insert(OpenSocket{socket}));
  return state;
}

}  // namespace vitrine::wasi::p1
