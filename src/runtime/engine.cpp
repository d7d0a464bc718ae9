#include "runtime/engine.hpp"

#include "runtime/trap/handler.hpp"

namespace vitrine::runtime {

Engine::Engine(const EngineOptions& options) : options_(options), memories_(options.kept_reservations) {
  install_trap_handler();
}

}  // namespace vitrine::runtime
