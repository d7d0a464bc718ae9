// How growing a memory or table ends.
#pragma once

#include <vitrine/limits.hpp>

#include <expected>
#include <functional>
#include <utility>

#include "base/result.hpp"

namespace vitrine::runtime {

/// Asked before every growth and every new memory or table, after the limits: whether it may be. An error ends the
/// guest that asked, where a refusal answers it -1.
using Limiter = std::function<Result<bool>(const Growth&)>;
/// Told of every growth that did not happen.
using GrowthObserver = std::function<void(const Growth&, const Error& why)>;

struct GrowthFailure {
  GrowthFailure(Error e, bool ends = false) : error(std::move(e)), ends_guest(ends) {}  // NOLINT: an Error is one
  Error error;
  bool ends_guest;  // the limiter failed
};

template <class T = void>
using Grown = std::expected<T, GrowthFailure>;

}  // namespace vitrine::runtime
