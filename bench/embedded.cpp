// Vitrine, through its public API, as a program that embeds it would use it.
#include <barrier>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine.hpp"
#include "vitrine/vitrine.hpp"

namespace vitrine::bench {
namespace {

template <class T>
T take(Result<T> result) {
  if (!result) die(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Embedded : public Engine {
 public:
  Embedded() : engine_(take(vitrine::Engine::make(Config()))) {}

  void load(const std::string& path) override {
    kernel_.reset();
    store_.emplace(engine_);
    Linker linker(engine_);
    take(Wasi::define(linker));
    take(take(Wasi::make(WasiConfig())).attach(*store_));
    Instance instance = take(linker.instantiate(*store_, take(Module::compile(engine_, read_file(path)))));
    if (instance.get("_initialize")) take(take(instance.typed<void()>("_initialize"))());
    kernel_.emplace(take(instance.typed<uint64_t(uint32_t)>("bench")));
  }
  uint64_t call(uint32_t n) override { return take((*kernel_)(n)); }

  double compile(std::span<const uint8_t> wasm, int opt_level, bool parallel) override {
    Config config;
    config.opt_level(static_cast<uint8_t>(opt_level)).parallel_compilation(parallel);
    vitrine::Engine engine = take(vitrine::Engine::make(config));
    uint64_t start = now();
    Module module = take(Module::compile(engine, wasm));
    return static_cast<double>(now() - start);
  }

  InstantiateTimes instantiate(const std::string& path, uint32_t count) override {
    Module module = take(Module::compile(engine_, read_file(path)));
    Linker linker(engine_);
    std::vector<double> inner, cycle;
    for (uint32_t i = 0; i < count; ++i) {
      uint64_t start = now();
      {
        Store store(engine_);
        uint64_t made = now();
        take(linker.instantiate(store, module));
        inner.push_back(static_cast<double>(now() - made));
      }
      cycle.push_back(static_cast<double>(now() - start));
    }
    return {median(inner), median(cycle)};
  }

  double instantiations_per_second(uint32_t threads, uint32_t count) override {
    constexpr int kFunctions = 8;
    std::string wat = "(module";
    Linker linker(engine_);
    for (int i = 0; i < kFunctions; ++i) {
      const std::string name = "f" + std::to_string(i);
      take(linker.func("env", name, [](int32_t x, int64_t y) { return x + y; }));
      wat += " (import \"env\" \"" + name + "\" (func (param i32 i64) (result i64)))";
    }
    wat += " (memory 1) (data (i32.const 8) \"contents\"))";
    const Module module = take(Module::compile(engine_, wat));
    auto cycles = [&](uint32_t n) {
      for (uint32_t i = 0; i < n; ++i) {
        Store store(engine_);
        take(linker.instantiate(store, module));
      }
    };
    cycles(100);
    std::barrier ready(threads + 1);
    std::vector<std::jthread> workers;
    for (uint32_t i = 0; i < threads; ++i) {
      workers.emplace_back([&] {
        cycles(100);
        ready.arrive_and_wait();
        cycles(count);
      });
    }
    ready.arrive_and_wait();
    const uint64_t start = now();
    workers.clear();
    return 1e9 * threads * count / static_cast<double>(now() - start);
  }

  double host_to_guest(const std::string& path, uint32_t count) override {
    Store store(engine_);
    auto add = take(probes(store, path).typed<int32_t(int32_t, int32_t)>("add"));
    int32_t sum = 0;
    uint64_t start = now();
    for (uint32_t i = 0; i < count; ++i) sum = take(add(sum, 1));
    uint64_t end = now();
    if (sum != static_cast<int32_t>(count)) die("add answers wrong sums");
    return static_cast<double>(end - start) / count;
  }

  double dynamic_call(const std::string& path, uint32_t count) override {
    Store store(engine_);
    Func add = take(probes(store, path).func("add"));
    int32_t sum = 0;
    Val result[1];
    uint64_t start = now();
    for (uint32_t i = 0; i < count; ++i) {
      const Val arguments[] = {sum, int32_t{1}};
      take(add.call(arguments, result));
      sum = result[0].i32();
    }
    uint64_t end = now();
    if (sum != static_cast<int32_t>(count)) die("add answers wrong sums");
    return static_cast<double>(end - start) / count;
  }

  double guest_to_host(const std::string& path, uint32_t count) override {
    Store store(engine_);
    auto ticks = take(probes(store, path).typed<int32_t(int32_t)>("ticks"));
    uint64_t start = now();
    int32_t sum = take(ticks(static_cast<int32_t>(count)));
    uint64_t end = now();
    if (sum != static_cast<int32_t>(count)) die("ticks answers wrong sums");
    return static_cast<double>(end - start) / count;
  }

 private:
  Instance probes(Store& store, const std::string& path) {
    Linker linker(engine_);
    take(linker.func("env", "tick", [](int32_t x) { return x + 1; }));
    return take(linker.instantiate(store, take(Module::compile(engine_, read_file(path)))));
  }

  vitrine::Engine engine_;
  std::optional<Store> store_;
  std::optional<TypedFunc<uint64_t(uint32_t)>> kernel_;
};

}  // namespace

std::unique_ptr<Engine> make_vitrine() {
  return std::make_unique<Embedded>();
}

}  // namespace vitrine::bench
