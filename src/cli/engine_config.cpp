#include "cli/engine_config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <type_traits>

#include "base/closest.hpp"
#include "base/result.hpp"
#include "cli/report.hpp"
#include "cli/toml.hpp"

namespace vitrine::cli {

namespace {

std::optional<std::string> home_directory(const char* variable, const char* below_home) {
  const char* given = std::getenv(variable);
  if (given && *given == '/') return std::string(given) + "/vitrine";
  const char* home = std::getenv("HOME");
  if (!home || *home != '/') return std::nullopt;
  return std::string(home) + below_home + "/vitrine";
}

/// Keys of Wasmtime's [cache] that mean nothing to this cache: it compresses nothing and has no worker.
constexpr std::string_view kIdleCacheKeys[] = {"worker-event-queue-size",
                                               "baseline-compression-level",
                                               "optimized-compression-level",
                                               "optimized-compression-usage-counter-threshold",
                                               "cleanup-interval",
                                               "optimizing-compression-task-timeout",
                                               "allowed-clock-drift-for-files-from-future",
                                               "file-count-soft-limit",
                                               "file-count-limit-percent-if-deleting",
                                               "files-total-size-limit-percent-if-deleting"};

Result<CacheConfig> cache_config(const GroupOptions& groups) {
  CacheConfig cache;
  if (auto directory = home_directory("XDG_CACHE_HOME", "/.cache")) cache.directory = *directory + "/modules";
  auto file = groups.text(Group::Codegen, "cache-config");
  if (!file) {
    auto standard = home_directory("XDG_CONFIG_HOME", "/.config");
    if (standard && access((*standard + "/config.toml").c_str(), R_OK) == 0) file = *standard + "/config.toml";
  }
  if (file) {
    auto parsed = TRY(read_toml(*file));
    for (auto&& [key, value] : parsed) {
      if (key.str() != "cache" || !value.is_table())
        return fail(fmt::format("{}: '{}' is not the table [cache]; --config FILE takes the keys of option groups",
                                *file, key.str()));
    }
    std::string idle;
    for (auto&& [key, value] : parsed["cache"].as_table() ? *parsed["cache"].as_table() : toml::table()) {
      auto text = value.value<std::string>();
      if (key.str() == "directory") {
        if (!text || !text->starts_with('/'))
          return fail(fmt::format("{}: cache.directory must be an absolute path", *file));
        cache.directory = *text;
      } else if (key.str() == "files-total-size-soft-limit") {
        std::optional<uint64_t> size;
        if (text) {
          size = parse_bytes(*text);
        } else if (auto n = value.value<int64_t>().value_or(-1); n >= 0) {
          size = static_cast<uint64_t>(n);
        }
        if (!size) return fail(fmt::format("{}: cache.files-total-size-soft-limit is no size like \"512Mi\"", *file));
        cache.size_limit = size.value_or(0);
      } else if (std::ranges::find(kIdleCacheKeys, key.str()) != std::end(kIdleCacheKeys)) {
        idle += fmt::format("{}{}", idle.empty() ? "" : ", ", key.str());
      } else {
        constexpr std::string_view kKeys[] = {"directory", "files-total-size-soft-limit"};
        return fail(
            fmt::format("{}: there is no key '{}' in [cache]{}", *file, key.str(), did_you_mean(key.str(), kKeys)));
      }
    }
    if (!idle.empty()) warn(fmt::format("{}: this version's cache has no use for {}", *file, idle));
  }
  return cache;
}

/// The level of that word, which is one of those that the key takes.
CpuLevel cpu_level_of(std::string_view word) {
  constexpr std::pair<std::string_view, CpuLevel> kLevels[] = {
#define CPU_LEVEL(name, word) {word, CpuLevel::name},
#include <vitrine/cpu_levels.def>
#undef CPU_LEVEL
  };
  return std::ranges::find(kLevels, word, &std::pair<std::string_view, CpuLevel>::first)->second;
}

/// Tells `config` what a key says that sets an option as it is, if it was given.
template <class T>
Result<> take(const GroupOptions& groups, Group group, std::string_view key, Config& config,
              Config& (Config::*option)(T)) {
  if constexpr (std::is_same_v<T, bool>) {
    if (auto on = groups.flag(group, key)) (config.*option)(*on);
  } else if constexpr (std::is_same_v<T, CpuLevel>) {
    if (auto level = groups.text(group, key)) (config.*option)(cpu_level_of(*level));
  } else if (auto n = groups.number(group, key)) {
    if (*n > std::numeric_limits<T>::max()) {
      return fail(fmt::format("-{} {}: {} is over {}", letter_of(group), key, *n, std::numeric_limits<T>::max()));
    }
    (config.*option)(static_cast<T>(*n));
  }
  return {};
}

/// Inlining is part of optimising: asking for it goes along with that, or is refused.
Result<> check_inlining(bool wanted, bool optimised) {
  if (wanted == optimised) return {};
  return fail(optimised ? "-C inlining=n is not possible at opt-level 1 and 2; -O opt-level=0 compiles without inlining"
                        : "-C inlining=y is not possible at opt-level 0",
              ErrorKind::Unsupported);
}

}  // namespace

Result<Config> make_config(const CommonOptions& options, bool with_cache) {
  const GroupOptions& g = options.groups;
  Config config;
  if (auto level = g.text(Group::Optimize, "opt-level"))
    config.opt_level(*level == "s" ? 2 : static_cast<uint8_t>((*level)[0] - '0'));
  if (g.text(Group::Codegen, "compiler") == "winch") {
    if (auto level = g.text(Group::Optimize, "opt-level"); level && *level != "0")
      return fail(
          fmt::format("-C compiler=winch compiles as -O opt-level=0 does, and -O opt-level={} was given", *level));
    config.opt_level(0);
  }
  if (auto inlining = g.flag(Group::Codegen, "inlining")) TRY(check_inlining(*inlining, config.opt_level() != 0));
  config.single_pass_regalloc(g.text(Group::Optimize, "regalloc-algorithm") == "single-pass");
  // Old names win over new ones, as they do in Wasmtime: they come later.
#define KEY(group, key, kind, value, state, help)
#define SETS(group, key, option) TRY(take(g, Group::group, key, config, &Config::option));
#include "cli/options.def"
#undef SETS
#undef KEY
  // As in Wasmtime: who names a target does not mean this very machine.
  if (!options.target.empty() && !g.text(Group::Codegen, "cpu-level")) config.cpu_level(CpuLevel::Baseline);
  if (auto forced = g.flag(Group::Optimize, "static-memory-forced")) config.memory_may_move(!*forced);
  config.consume_fuel(g.number(Group::Wasm, "fuel").has_value());
  // A timeout needs no check in the guest where a signal may end it.
  if (g.duration(Group::Wasm, "timeout") && !config.signals_based_traps()) config.epoch_interruption(true);
  for (auto& [name, on] : g.features()) TRY(config.feature(name, on));
  config.perf_map(options.profile == "perfmap");
  if (g.flag_or(Group::Codegen, "cache", with_cache)) {
    CacheConfig cache = TRY(cache_config(g));
    if (!cache.directory.empty()) config.cache(std::move(cache));
  }
  config.warning([](const std::string& message) { warn(message); });
  return config;
}

StoreLimits store_limits(const CommonOptions& options) {
  const GroupOptions& g = options.groups;
  StoreLimits limits;
  limits.memory_bytes = g.number(Group::Wasm, "max-memory-size");
  limits.table_elements = g.number(Group::Wasm, "max-table-elements");
  if (auto n = g.number(Group::Wasm, "max-instances")) limits.instances = *n;
  if (auto n = g.number(Group::Wasm, "max-memories")) limits.memories = *n;
  if (auto n = g.number(Group::Wasm, "max-tables")) limits.tables = *n;
  limits.trap_on_grow_failure = g.flag_or(Group::Wasm, "trap-on-grow-failure", false);
  return limits;
}

}  // namespace vitrine::cli
