// The peer: Wasmtime's own library, loaded at run time and driven through its C ABI. Only the functions and layouts
// that are needed are declared here, from the ABI's description; none of its headers is used.
#include <dlfcn.h>

#include <cstring>

#include "engine.hpp"

namespace vitrine::bench {
namespace {

struct Opaque;
struct Bytes {  // wasm_byte_vec_t, and the vectors of pointers
  size_t size;
  void* data;
};
union alignas(8) Raw {  // wasmtime_val_raw_t: 16 bytes
  int32_t i32;
  int64_t i64;
  uint8_t bytes[16];
};
struct FuncHandle {  // wasmtime_func_t
  uint64_t store;
  void* object;
};
struct InstanceHandle {  // wasmtime_instance_t
  uint64_t store;
  size_t object;
};
struct ExternValue {  // wasmtime_extern_t; the kind of a function is 0
  uint8_t kind;
  union alignas(8) {
    FuncHandle func;
    uint8_t bytes[24];
  };
};
static_assert(sizeof(Raw) == 16 && sizeof(FuncHandle) == 16 && sizeof(InstanceHandle) == 16 &&
              sizeof(ExternValue) == 32);

using HostCallback = Opaque* (*)(void* env, Opaque* caller, Raw* values, size_t count);

// name, result, parameters
#define WASMTIME_FUNCTIONS(F)                                                                                \
  F(wasm_config_new, Opaque*, ())                                                                            \
  F(wasm_engine_new_with_config, Opaque*, (Opaque*))                                                         \
  F(wasm_engine_delete, void, (Opaque*))                                                                     \
  F(wasmtime_config_cranelift_opt_level_set, void, (Opaque*, uint8_t))                                       \
  F(wasmtime_config_parallel_compilation_set, void, (Opaque*, bool))                                         \
  F(wasmtime_module_new, Opaque*, (Opaque*, const uint8_t*, size_t, Opaque**))                               \
  F(wasmtime_module_delete, void, (Opaque*))                                                                 \
  F(wasmtime_store_new, Opaque*, (Opaque*, void*, void (*)(void*)))                                          \
  F(wasmtime_store_context, Opaque*, (Opaque*))                                                              \
  F(wasmtime_store_delete, void, (Opaque*))                                                                  \
  F(wasmtime_context_set_wasi, Opaque*, (Opaque*, Opaque*))                                                  \
  F(wasi_config_new, Opaque*, ())                                                                            \
  F(wasmtime_linker_new, Opaque*, (Opaque*))                                                                 \
  F(wasmtime_linker_delete, void, (Opaque*))                                                                 \
  F(wasmtime_linker_define_wasi, Opaque*, (Opaque*))                                                         \
  F(wasmtime_linker_define_func_unchecked, Opaque*,                                                          \
    (Opaque*, const char*, size_t, const char*, size_t, Opaque*, HostCallback, void*, void (*)(void*)))      \
  F(wasmtime_linker_instantiate, Opaque*, (Opaque*, Opaque*, Opaque*, InstanceHandle*, Opaque**))            \
  F(wasmtime_instance_export_get, bool, (Opaque*, const InstanceHandle*, const char*, size_t, ExternValue*)) \
  F(wasmtime_func_call_unchecked, Opaque*, (Opaque*, const FuncHandle*, Raw*, size_t, Opaque**))             \
  F(wasmtime_error_message, void, (Opaque*, Bytes*))                                                         \
  F(wasm_trap_message, void, (Opaque*, Bytes*))                                                              \
  F(wasm_valtype_new, Opaque*, (uint8_t))                                                                    \
  F(wasm_valtype_vec_new, void, (Bytes*, size_t, Opaque* const*))                                            \
  F(wasm_functype_new, Opaque*, (Bytes*, Bytes*))

struct Library {
#define F(name, result, parameters) result(*name) parameters;
  WASMTIME_FUNCTIONS(F)
#undef F
  explicit Library(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) die(dlerror());
#define F(name, result, parameters)                               \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #name)); \
  if (name == nullptr) die(path + " has no function " #name);
    WASMTIME_FUNCTIONS(F)
#undef F
  }
};

class Peer : public Engine {
 public:
  explicit Peer(const std::string& path) : lib_(path), engine_(make_engine(2, true)) {}

  void load(const std::string& path) override {
    store_ = lib_.wasmtime_store_new(engine_, nullptr, nullptr);  // the former one stays: a handful of kernels
    context_ = lib_.wasmtime_store_context(store_);
    check(lib_.wasmtime_context_set_wasi(context_, lib_.wasi_config_new()));
    Opaque* linker = lib_.wasmtime_linker_new(engine_);
    check(lib_.wasmtime_linker_define_wasi(linker));
    InstanceHandle instance = instantiate(linker, context_, module(engine_, read_file(path)));
    FuncHandle initialize;
    if (find(context_, instance, "_initialize", initialize)) {
      Raw none{};
      invoke(context_, initialize, &none);
    }
    kernel_ = func(context_, instance, "bench");
    lib_.wasmtime_linker_delete(linker);
  }
  uint64_t call(uint32_t n) override {
    Raw value{.i64 = static_cast<int64_t>(n)};
    invoke(context_, kernel_, &value);
    return static_cast<uint64_t>(value.i64);
  }

  double compile(std::span<const uint8_t> wasm, int opt_level, bool parallel) override {
    Opaque* engine = make_engine(opt_level, parallel);
    Opaque* compiled = nullptr;
    uint64_t start = now();
    check(lib_.wasmtime_module_new(engine, wasm.data(), wasm.size(), &compiled));
    uint64_t end = now();
    lib_.wasmtime_module_delete(compiled);
    lib_.wasm_engine_delete(engine);
    return static_cast<double>(end - start);
  }

  InstantiateTimes instantiate(const std::string& path, uint32_t count) override {
    Opaque* compiled = module(engine_, read_file(path));
    Opaque* linker = lib_.wasmtime_linker_new(engine_);
    std::vector<double> inner, cycle;
    for (uint32_t i = 0; i < count; ++i) {
      uint64_t start = now();
      Opaque* store = lib_.wasmtime_store_new(engine_, nullptr, nullptr);
      uint64_t made = now();
      instantiate(linker, lib_.wasmtime_store_context(store), compiled);
      inner.push_back(static_cast<double>(now() - made));
      lib_.wasmtime_store_delete(store);
      cycle.push_back(static_cast<double>(now() - start));
    }
    return {median(inner), median(cycle)};
  }

  double host_to_guest(const std::string& path, uint32_t count) override {
    Opaque* store = lib_.wasmtime_store_new(engine_, nullptr, nullptr);
    Opaque* context = lib_.wasmtime_store_context(store);
    FuncHandle add = func(context, probes(context, path), "add");
    int32_t sum = 0;
    uint64_t start = now();
    for (uint32_t i = 0; i < count; ++i) {
      Raw values[2] = {{.i64 = sum}, {.i64 = 1}};
      invoke(context, add, values, 2);
      sum = values[0].i32;
    }
    uint64_t end = now();
    if (sum != static_cast<int32_t>(count)) die("add answers wrong sums");
    lib_.wasmtime_store_delete(store);
    return static_cast<double>(end - start) / count;
  }

  double guest_to_host(const std::string& path, uint32_t count) override {
    Opaque* store = lib_.wasmtime_store_new(engine_, nullptr, nullptr);
    Opaque* context = lib_.wasmtime_store_context(store);
    FuncHandle ticks = func(context, probes(context, path), "ticks");
    Raw value{.i64 = static_cast<int64_t>(count)};
    uint64_t start = now();
    invoke(context, ticks, &value);
    uint64_t end = now();
    if (value.i32 != static_cast<int32_t>(count)) die("ticks answers wrong sums");
    lib_.wasmtime_store_delete(store);
    return static_cast<double>(end - start) / count;
  }

 private:
  static constexpr uint8_t kI32 = 0;  // wasm_valkind_t

  Opaque* make_engine(int opt_level, bool parallel) {
    Opaque* config = lib_.wasm_config_new();
    lib_.wasmtime_config_cranelift_opt_level_set(config, opt_level == 0 ? 0 : 1);
    lib_.wasmtime_config_parallel_compilation_set(config, parallel);
    return lib_.wasm_engine_new_with_config(config);
  }
  Opaque* module(Opaque* engine, const std::vector<uint8_t>& wasm) {
    Opaque* compiled = nullptr;
    check(lib_.wasmtime_module_new(engine, wasm.data(), wasm.size(), &compiled));
    return compiled;
  }
  InstanceHandle instantiate(Opaque* linker, Opaque* context, Opaque* compiled) {
    InstanceHandle instance;
    Opaque* trap = nullptr;
    check(lib_.wasmtime_linker_instantiate(linker, context, compiled, &instance, &trap));
    check_trap(trap);
    return instance;
  }
  InstanceHandle probes(Opaque* context, const std::string& path) {
    Opaque* linker = lib_.wasmtime_linker_new(engine_);
    HostCallback tick = [](void*, Opaque*, Raw* values, size_t) -> Opaque* {
      ++values[0].i32;
      return nullptr;
    };
    check(
        lib_.wasmtime_linker_define_func_unchecked(linker, "env", 3, "tick", 4, i32_to_i32(), tick, nullptr, nullptr));
    InstanceHandle instance = instantiate(linker, context, module(engine_, read_file(path)));
    lib_.wasmtime_linker_delete(linker);
    return instance;
  }
  Opaque* i32_to_i32() {
    Opaque* parameter = lib_.wasm_valtype_new(kI32);
    Opaque* result = lib_.wasm_valtype_new(kI32);
    Bytes parameters, results;
    lib_.wasm_valtype_vec_new(&parameters, 1, &parameter);
    lib_.wasm_valtype_vec_new(&results, 1, &result);
    return lib_.wasm_functype_new(&parameters, &results);
  }
  bool find(Opaque* context, const InstanceHandle& instance, const char* name, FuncHandle& found) {
    ExternValue value;
    if (!lib_.wasmtime_instance_export_get(context, &instance, name, std::strlen(name), &value)) return false;
    if (value.kind != 0) die(std::string(name) + " is no function");
    found = value.func;
    return true;
  }
  FuncHandle func(Opaque* context, const InstanceHandle& instance, const char* name) {
    FuncHandle found;
    if (!find(context, instance, name, found)) die(std::string("there is no export ") + name);
    return found;
  }
  void invoke(Opaque* context, const FuncHandle& f, Raw* values, size_t count = 1) {
    Opaque* trap = nullptr;
    check(lib_.wasmtime_func_call_unchecked(context, &f, values, count, &trap));
    check_trap(trap);
  }
  void check(Opaque* error) {
    if (error == nullptr) return;
    Bytes message;
    lib_.wasmtime_error_message(error, &message);
    die(std::string(static_cast<char*>(message.data), message.size));
  }
  void check_trap(Opaque* trap) {
    if (trap == nullptr) return;
    Bytes message;
    lib_.wasm_trap_message(trap, &message);
    die(std::string(static_cast<char*>(message.data), message.size));
  }

  Library lib_;
  Opaque* engine_;
  Opaque* store_ = nullptr;
  Opaque* context_ = nullptr;
  FuncHandle kernel_{};
};

}  // namespace

std::unique_ptr<Engine> make_wasmtime(const std::string& library) {
  return std::make_unique<Peer>(library);
}

}  // namespace vitrine::bench
