// What a Config holds: the options of config.def, the language features, and where to keep compiled code.
#pragma once

#include <vitrine/config.hpp>

#include "abi/settings.hpp"
#include "wasm/features.hpp"

namespace vitrine {

struct Config::Impl {
  struct Options {
#define OPTION(type, name, default_value, effect, summary) type name = default_value;
#include <vitrine/config.def>
#undef OPTION
  } options;
  wasm::Features features;
  std::optional<CacheConfig> cache;
  std::function<void(size_t, size_t)> progress;
  std::function<void(const std::string&)> warning;
};

namespace api {

/// The part of the options that changes code.
abi::CodegenSettings codegen_settings(const Config& config, uint32_t host_cpu_features);
/// Fails for combinations that cannot be.
Result<> check_config(const Config& config);

}  // namespace api
}  // namespace vitrine
