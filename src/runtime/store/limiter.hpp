// What a host decides while its guests run: whether a memory or table may grow, and what happens at an epoch's
// deadline.
//
// All of it is called on the guest's stack with the guest left, as a host function is: it may enter the store again,
// may block (which is how an asynchronous host makes a growth wait), and may throw.
#pragma once

#include <vitrine/limits.hpp>

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

class Store;

struct Limiter {
  /// Asked before every growth and every new memory or table, after the store's limits. False refuses: the guest sees
  /// -1. An error ends the guest's call, with itself as the cause. None: everything is allowed.
  std::function<Result<bool>(const Growth&)> may_grow;
  /// Told of a growth that did not happen, whoever stopped it: the type, the limits, `may_grow` or the system; and of
  /// all that an instance should have begun with, if one of it stops.
  std::function<void(const Growth&, const Error&)> grow_failed;
};

/// Why a growth did not happen.
struct GrowthFailure {
  Error error;
  bool ends_guest = false;  // in place of answering -1, because the limiter said so
};

/// An error ends the guest's call with itself as the cause.
using EpochCallback = std::function<Result<EpochDecision>(Store&)>;
/// Answers when the guest may go on: switches to another coroutine, or waits. Nobody else enters the store meanwhile.
using YieldHook = std::function<Result<>(Store&)>;

}  // namespace vitrine::runtime
