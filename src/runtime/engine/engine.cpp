#include "runtime/engine/engine.hpp"

namespace vitrine::runtime {

Engine::Engine(const EngineOptions& options) : options_(options), memories_(options.kept_reservations) {}

}  // namespace vitrine::runtime
