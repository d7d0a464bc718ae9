// Generates modules from numbered seeds, compiles each in several ways, and compares what they do.
//
//   diff_run FROM TO DIRECTORY [SIZE]   seeds FROM to TO - 1; for each, DIRECTORY/SEED.wasm and DIRECTORY/SEED.trace
//                                       are written for another engine to be compared with
//   diff_run SEED                       one seed: writes SEED.wasm here and prints the trace
// Prints a line for every difference; the exit status is 1 if there was one.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "execution.hpp"
#include "module_generator.hpp"

using namespace vitrine;

namespace {

struct Way {
  const char* name;
  Engine engine;
};

Engine make_engine(const Config& config) {
  auto engine = Engine::make(config);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message());
    std::exit(2);
  }
  return *engine;
}

std::vector<Way> ways() {
  std::vector<Way> all;
  auto add = [&](const char* name, Config config) {
    config.relaxed_simd_deterministic(true);
    all.push_back({name, make_engine(config.parallel_compilation(false))});
  };
  add("opt-level=0", Config().opt_level(0));
  add("opt-level=2", Config().opt_level(2));
  add("opt-level=2, no signals", Config().opt_level(2).signals_based_traps(false));
  add("opt-level=0, no signals", Config().opt_level(0).signals_based_traps(false));
  add("opt-level=2, fuel and epochs", Config().opt_level(2).consume_fuel(true).epoch_interruption(true));
  add("opt-level=2, the least CPU", Config().opt_level(2).cpu_level(CpuLevel::Baseline));
  add("opt-level=2, single-pass", Config().opt_level(2).single_pass_regalloc(true));
  __builtin_cpu_init();  // code for more than this CPU has cannot be run
  if (__builtin_cpu_supports("avx")) add("opt-level=2, AVX", Config().opt_level(2).cpu_level(CpuLevel::Avx));
  if (__builtin_cpu_supports("avx2")) add("opt-level=0, AVX2", Config().opt_level(0).cpu_level(CpuLevel::Avx2));
  return all;
}

void write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// The trace of the first way; every other one that differs is reported.
std::optional<fuzz::Trace> compare(const std::vector<Way>& ways, const std::vector<uint8_t>& bytes,
                                   std::string_view seed, int& differences) {
  std::optional<fuzz::Trace> first;
  for (const Way& way : ways) {
    auto module = Module::compile(way.engine, bytes);
    if (!module) {
      fmt::print("seed {}: {}: refused: {}\n", seed, way.name, module.error().message());
      ++differences;
      continue;
    }
    auto trace = fuzz::trace_generated(way.engine, *module);
    if (!trace) {
      fmt::print("seed {}: {}: {}\n", seed, way.name, trace.error().message());
      ++differences;
      continue;
    }
    if (!first) {
      first = std::move(*trace);
    } else if (auto found = fuzz::difference(*first, *trace)) {
      fmt::print("seed {}: {} and {}: {}\n", seed, ways[0].name, way.name, *found);
      ++differences;
    }
  }
  return first;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4 && argc != 5) {
    fmt::print(stderr, "usage: diff_run FROM TO DIRECTORY [SIZE], or diff_run SEED\n");
    return 2;
  }
  uint64_t from = std::strtoull(argv[1], nullptr, 0);
  uint64_t to = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : from + 1;
  std::string directory = argc > 3 ? argv[3] : ".";
  size_t size = argc > 4 ? std::strtoull(argv[4], nullptr, 0) : 0;
  auto all = ways();
  int differences = 0;
  for (uint64_t seed = from; seed < to; ++seed) {
    auto entropy = fuzz::entropy_of_seed(seed, size ? size : 200 + seed % 8 * 300);
    // Once with what every engine can do, once with what V8 has only behind flags.
    auto bytes = fuzz::generate_module(entropy, {.tail_calls = true, .multi_memory = false, .memory64 = false});
    std::string base = fmt::format("{}/{}", directory, seed);
    write(base + ".wasm", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    auto trace = compare(all, bytes, std::to_string(seed), differences);
    std::string text;
    if (trace) {
      for (const std::string& line : trace->lines) text += line + "\n";
      if (!trace->comparable) text += "not comparable\n";
    }
    write(base + ".trace", text);
    if (argc == 2) fmt::print("{}", text);
    auto wide = fuzz::generate_module(entropy, {.relaxed_simd = true});
    if (wide == bytes) continue;
    write(base + "w.wasm", {reinterpret_cast<const char*>(wide.data()), wide.size()});
    compare(all, wide, fmt::format("{} (wide)", seed), differences);
  }
  return differences ? 1 : 0;
}
