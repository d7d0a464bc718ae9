// From options to the library's own: an engine's configuration, with the code cache, and a store's limits.
#pragma once

#include <vitrine/vitrine.hpp>

#include "cli/arguments.hpp"

namespace vitrine::cli {

/// The engine's configuration; `with_cache` is the subcommand's default for -C cache.
Result<Config> make_config(const CommonOptions& options, bool with_cache);
StoreLimits store_limits(const CommonOptions& options);

}  // namespace vitrine::cli
