#include "runtime/engine/engine.hpp"

namespace vitrine::runtime {

Engine::Engine(const EngineOptions& options)
    : options_(options), allocator_(options.settings, options.memory_growth, options.kept_reservations) {}

}  // namespace vitrine::runtime
