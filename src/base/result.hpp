// Errors as values: the public `Result<T>` and `Error`, and `TRY`, which unwraps or returns the error to the caller.
//
// Three kinds of failure are never mixed: bad input or a refused request is a `Result`; a limit is a `Result` that
// names the limit and the option that raises it; a bug of our own is an assertion (base/assert.hpp).
#pragma once

#include <vitrine/result.hpp>

#define TRY(expr)                                                             \
  ({                                                                          \
    auto&& try_result_ = (expr);                                              \
    if (!try_result_) return std::unexpected(std::move(try_result_).error()); \
    *std::move(try_result_);                                                  \
  })

#define TRY_IN(expr, context)                                                             \
  ({                                                                                      \
    auto&& try_result_ = (expr);                                                          \
    if (!try_result_) return std::unexpected(std::move(try_result_).error().in(context)); \
    *std::move(try_result_);                                                              \
  })
