#include <vitrine/engine.hpp>

#include <fmt/format.h>

#include "abi/image.hpp"
#include "api/config.hpp"
#include "api/impl.hpp"
#include "base/hash.hpp"
#include "base/result.hpp"
#include "compiler/compiler.hpp"
#include "compiler/targets/targets.hpp"
#include "runtime/entry/handler.hpp"

namespace vitrine {

const char* version() {
  return VITRINE_VERSION;
}

Result<Engine> Engine::make(const Config& config) {
  TRY(api::check_config(config));
  const uint32_t cpu = TRY(compiler::host_target().host_cpu_features());
  auto impl = std::make_shared<EngineImpl>();
  impl->config = config;
  impl->features = config.impl_->features;
  runtime::EngineOptions options;
  options.settings = api::codegen_settings(config, cpu);
  options.host_cpu_features = cpu;
  options.max_backtrace = config.max_backtrace_frames();
  options.memory_init_cow = config.memory_init_cow();
  options.memory_growth = {config.memory_may_move(), config.memory_reservation_for_growth()};
  options.perf_map = config.perf_map();
  options.cancel_signal = static_cast<int>(config.cancel_signal());
  impl->runtime = std::make_shared<runtime::Engine>(options);
  if (const int signal = impl->runtime->cancel_signal(); signal != 0 && !runtime::install_trap_handler(signal)) {
    return fail(fmt::format("the system refuses a handler for cancel_signal {}", signal));
  }
  if (config.cache()) impl->cache.emplace(config.cache()->directory, config.cache()->size_limit);
  if (config.parallel_compilation()) impl->workers.emplace(default_workers());
  auto shards = std::make_shared<const EngineImpl::Shards>(impl);
  impl->shards_owner = shards;
  impl->shards = shards.get();
  return Engine(std::shared_ptr<EngineImpl>(shards, impl.get()));
}

void Engine::increment_epoch() const {
  impl_->runtime->increment_epoch();
}
const Config& Engine::config() const {
  return impl_->config;
}
bool Engine::is_precompiled(std::span<const uint8_t> bytes) {
  return abi::ImageView::looks_like_image(bytes) && !abi::ImageView::is_foreign(bytes);
}

uint64_t Engine::compatibility_hash() const {
  uint64_t h = 0;
  for (char c : compiler::settings_key(impl_->features, impl_->runtime->settings())) {
    h = hash_mix(h, static_cast<uint8_t>(c));
  }
  return h;
}

}  // namespace vitrine
