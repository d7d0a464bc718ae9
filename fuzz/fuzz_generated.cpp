// Bytes as choices of the module generator: every input is a valid module, compiled in several ways whose results have
// to be equal. The first byte chooses what the plain fast mode is compared with.
#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "execution.hpp"
#include "module_generator.hpp"

using namespace vitrine;

namespace {

[[noreturn]] void stop(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

Engine make_engine(Config config) {
  config.parallel_compilation(false);
  config.relaxed_simd_deterministic(true);
  return *Engine::make(config);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Engine fast = make_engine(Config().opt_level(0));
  static const std::array<Engine, 4> others = {
      make_engine(Config().opt_level(2)), make_engine(Config().opt_level(2).signals_based_traps(false)),
      make_engine(Config().opt_level(2).consume_fuel(true).epoch_interruption(true)),
      make_engine(Config().opt_level(2).single_pass_regalloc(true))};
  if (size == 0) return 0;
  const Engine& other = others[data[0] % others.size()];
  auto bytes = fuzz::generate_module(std::span(data + 1, size - 1), {.relaxed_simd = true});
  auto a = Module::compile(fast, bytes);
  if (!a) stop(fmt::format("a generated module was refused: {}", a.error().message()));
  auto b = Module::compile(other, bytes);
  if (!b) stop(fmt::format("a generated module was refused: {}", b.error().message()));
  auto x = fuzz::trace_generated(fast, *a);
  auto y = fuzz::trace_generated(other, *b);
  if (!x) stop(x.error().message());
  if (!y) stop(y.error().message());
  if (auto found = fuzz::difference(*x, *y)) stop(fmt::format("the two ways differ: {}", *found));
  return 0;
}
