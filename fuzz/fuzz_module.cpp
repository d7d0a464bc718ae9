// Any bytes as a module: reader, validator and compiler (which verifies its IR and its register allocation in this
// build), and what compiled code does when it is optimised against when it is not.
#include <fmt/format.h>

#include <cstdlib>

#include "execution.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

using namespace vitrine;

namespace {

Engine make_engine(uint8_t level) {
  Config config;
  config.opt_level(level).consume_fuel(true).nan_canonicalization(true).parallel_compilation(false);
  return *Engine::make(config);
}

[[noreturn]] void stop(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Engine fast = make_engine(0), optimizing = make_engine(2);
  std::span<const uint8_t> bytes(data, size);
  // Text has a target of its own.
  auto module = wasm::read_module(bytes);
  bool valid = false;
  if (module) valid = wasm::validate_module(*module, {}).has_value();
  if (!wasm::is_module(bytes)) {
    if (valid) stop("bytes without the magic number were accepted");
    return 0;
  }
  auto a = Module::compile(fast, bytes);
  auto b = Module::compile(optimizing, bytes);
  if (!valid) {
    if (a || b) stop("an invalid module was compiled");
    return 0;
  }
  // What is valid is compiled, or is over a limit.
  for (auto* compiled : {&a, &b}) {
    if (!*compiled && compiled->error().kind() != ErrorKind::Limit) {
      stop(fmt::format("a valid module was refused: {}", compiled->error().message()));
    }
  }
  if (!a || !b) return 0;
  auto x = fuzz::trace_any(fast, *a, 20000);
  auto y = fuzz::trace_any(optimizing, *b, 20000);
  if (x.has_value() != y.has_value()) {
    stop(fmt::format("instantiated in one mode only: {}", x ? y.error().message() : x.error().message()));
  }
  if (!x) return 0;
  if (auto found = fuzz::difference(*x, *y)) stop(fmt::format("opt-level 0 and 2 differ: {}", *found));
  return 0;
}
