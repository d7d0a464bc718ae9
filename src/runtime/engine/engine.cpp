#include "runtime/engine/engine.hpp"

#include "os/signals.hpp"

namespace vitrine::runtime {

Engine::Engine(const EngineOptions& options)
    : options_(options), allocator_(options.settings, options.memory_growth, options.kept_reservations) {}

Engine::~Engine() {
  timer_->end();
}

int Engine::cancel_signal() const {
  if (!options_.settings.signals_based_traps) return 0;
  return options_.cancel_signal != 0 ? options_.cancel_signal : os::kDefaultInterruptSignal;
}

}  // namespace vitrine::runtime
