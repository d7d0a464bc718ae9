#include "api/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/result.hpp"
#include "os/signals.hpp"

namespace vitrine {

Config::Config() : impl_(std::make_unique<Impl>()) {}
Config::Config(const Config& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(const Config& other) {
  if (this != &other) impl_ = std::make_unique<Impl>(*other.impl_);
  return *this;
}
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

#define OPTION(type, name, default_value, effect, summary) \
  Config& Config::name(type value) {                       \
    impl_->options.name = value;                           \
    return *this;                                          \
  }                                                        \
  type Config::name() const {                              \
    return impl_->options.name;                            \
  }
#include <vitrine/config.def>
#undef OPTION

Result<> Config::feature(std::string_view name, bool on) {
  auto feature = wasm::find_feature(name);
  if (!feature) return fail(fmt::format("there is no WebAssembly feature '{}'", name));
  if (on && !wasm::info(*feature).implemented) {
    return fail(fmt::format("the feature '{}' is not implemented in this version", name), ErrorKind::Unsupported);
  }
  impl_->features.set(*feature, on);
  return {};
}

std::vector<std::pair<std::string, bool>> Config::features() const {
  std::vector<std::pair<std::string, bool>> all;
  for (size_t i = 0; i < wasm::kFeatureCount; ++i) {
    all.emplace_back(wasm::kFeatures[i].key, impl_->features.has(static_cast<wasm::Feature>(i)));
  }
  return all;
}

Config& Config::cache(std::optional<CacheConfig> cache) {
  impl_->cache = std::move(cache);
  return *this;
}
const std::optional<CacheConfig>& Config::cache() const {
  return impl_->cache;
}
Config& Config::progress(std::function<void(size_t, size_t)> callback) {
  impl_->progress = std::move(callback);
  return *this;
}
const std::function<void(size_t, size_t)>& Config::progress() const {
  return impl_->progress;
}
Config& Config::warning(std::function<void(const std::string&)> callback) {
  impl_->warning = std::move(callback);
  return *this;
}
const std::function<void(const std::string&)>& Config::warning() const {
  return impl_->warning;
}

namespace {

constexpr const char* kCpuLevels[] = {
#define CPU_LEVEL(name, word) word,
#include <vitrine/cpu_levels.def>
#undef CPU_LEVEL
};

/// What code of the level may use, compiled where `host` are the features of the CPU.
uint32_t cpu_features_of(CpuLevel level, uint32_t host) {
  using Info = abi::CpuFeatureInfo;
  switch (level) {
    case CpuLevel::Host:
      return host;
    case CpuLevel::Baseline:
      return abi::cpu_features_up_to(Info::Required);
    case CpuLevel::Avx:
      return abi::cpu_features_up_to(Info::Avx);
    case CpuLevel::Avx2:
      return abi::cpu_features_up_to(Info::Avx2);
    case CpuLevel::Avx512:
      return abi::cpu_features_up_to(Info::Avx512);
  }
  return host;
}

}  // namespace

const char* name_of(CpuLevel level) {
  return kCpuLevels[static_cast<size_t>(level)];
}

namespace api {

abi::CodegenSettings codegen_settings(const Config& config, uint32_t host_cpu_features) {
  abi::CodegenSettings s;
#define TAKE_Code(name) s.name = config.name();
#define TAKE_Cpu(name)
#define TAKE_Host(name)
#define OPTION(type, name, default_value, effect, summary) TAKE_##effect(name)
#include <vitrine/config.def>
#undef OPTION
#undef TAKE_Host
#undef TAKE_Cpu
#undef TAKE_Code
  // Levels 1 and 2 are the same code, and explicit checks rely on no guard: images of one serve the other.
  if (s.opt_level == 1) s.opt_level = 2;
  if (!s.signals_based_traps) s.memory_guard_size = 0;
  s.cpu_features = cpu_features_of(config.cpu_level(), host_cpu_features);
  return s;
}

constexpr uint32_t kMaxBacktrace = 10000;

Result<> check_config(const Config& config) {
  if (config.opt_level() > 2) return fail(fmt::format("opt_level {} is not 0, 1 or 2", config.opt_level()));
  if (const auto level = static_cast<size_t>(config.cpu_level()); level >= std::size(kCpuLevels)) {
    return fail(fmt::format("cpu_level {} is none of {}", level, fmt::join(kCpuLevels, ", ")));
  }
  if (config.max_wasm_stack() < 16 * 1024) {
    return fail(
        fmt::format("Config::max_wasm_stack is {} bytes, and the least that works is 16384", config.max_wasm_stack()));
  }
  if (config.cache() && !config.cache()->directory.starts_with('/')) {
    return fail(fmt::format("the cache's directory \"{}\" is no absolute path", config.cache()->directory));
  }
  if (config.cancel_signal() != 0 && !os::can_interrupt(config.cancel_signal())) {
    return fail(
        fmt::format("cancel_signal {} is none of the standard signals, or one that cannot be caught or means a fault",
                    config.cancel_signal()));
  }
  if (config.max_backtrace_frames() > kMaxBacktrace) {
    return fail(fmt::format("Config::max_backtrace_frames is {}, and the most is {}", config.max_backtrace_frames(),
                            kMaxBacktrace));
  }
  if (config.max_wasm_stack() > (1ull << 30)) return fail("Config::max_wasm_stack is over 1 GiB");
  if (std::max({config.memory_reservation(), config.memory_guard_size(), config.memory_reservation_for_growth()}) >
      (1ull << 40)) {
    return fail(
        "Config::memory_reservation, Config::memory_reservation_for_growth or Config::memory_guard_size is over 1 TiB");
  }
  return {};
}

}  // namespace api
}  // namespace vitrine
