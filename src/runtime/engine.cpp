#include "runtime/engine.hpp"

#include "runtime/trap/handler.hpp"

namespace vitrine::runtime {

Engine::Engine(const EngineOptions& options) : options_(options), memories_(options.kept_reservations) {
  if (options_.settings.signals_based_traps) install_trap_handler();
}

}  // namespace vitrine::runtime
