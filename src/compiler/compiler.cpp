#include "compiler/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <numeric>
#include <optional>

#include "abi/image.hpp"
#include "base/large_buffer.hpp"
#include "compiler/image_assembler.hpp"
#include "compiler/inline_candidates.hpp"
#include "compiler/targets/targets.hpp"
#include "wasm/names.hpp"

namespace vitrine::compiler {
namespace {

/// Bodies from this size on are compiled first, largest first, so that none of them is the last one running alone.
constexpr size_t kLargeBody = 16 * 1024;

bool inlines(const abi::CodegenSettings& settings) {
  return settings.opt_level > 0 && !settings.indirect_local_calls;
}

class ModuleCompiler {
 public:
  ModuleCompiler(const translate::ModuleEnv& env, const wasm::Features& features, const CompileOptions& options,
                 const CallGraph& calls)
      : env_(env),
        features_(features),
        options_(options),
        memory_(FunctionCompiler::kMemory, workers_of(options.pool)),
        compilers_(workers_of(options.pool)),
        functions_(env.module.code.size()) {
    for (size_t w = 0; w < compilers_.size(); ++w) kept_.emplace_back(huge_page_memory());
    if (inlines(env.settings)) callees_.emplace(env.module, calls);
  }

  Result<wasm::KeptBytes> run(const abi::ImageMemory& memory);

 private:
  FunctionCompiler& compiler(unsigned worker) {
    if (!compilers_[worker]) {
      compilers_[worker] = std::make_unique<FunctionCompiler>(env_, features_, options_.dump,
                                                              callees_ ? callees_->provider() : opt::CalleeProvider(),
                                                              options_.piece_insts, memory_);
    }
    return *compilers_[worker];
  }
  void prepare_callees();
  void compile(uint32_t body, unsigned worker);
  void compile_functions();
  void compile_trampolines();
  Result<wasm::KeptBytes> assemble(const abi::ImageMemory& memory);

  struct TypeCode {
    abi::UnitView array_call, host_call;
  };

  const translate::ModuleEnv& env_;
  const wasm::Features& features_;
  const CompileOptions& options_;
  std::optional<InlineBodies> callees_;
  MemoryBudget memory_;
  std::vector<std::unique_ptr<FunctionCompiler>> compilers_;  // by worker
  std::deque<Arena> kept_;                                    // by worker: what the image is assembled from
  std::vector<abi::UnitView> functions_;                      // by body
  std::vector<TypeCode> types_;                               // by type; only at canonical function types
  std::atomic<size_t> done_ = 0;
  std::atomic<uint64_t> code_size_ = 0;  // of the functions so far, bytes
  // The first body with an error, and the errors of every thread.
  std::atomic<uint32_t> first_error_ = ~0u;
  struct BodyError {
    uint32_t body = ~0u;
    std::optional<Error> error;
  };
  std::vector<BodyError> errors_{compilers_.size()};
};

bool is_canonical_function_type(const wasm::Module& module, uint32_t type) {
  const wasm::TypeDef& def = module.types[type];
  return def.kind == wasm::CompositeKind::Func && def.canonical == type;
}

void ModuleCompiler::prepare_callees() {
  if (!callees_) return;
  auto candidates = callees_->candidates();
  parallel_for(options_.pool, candidates.size(), [&](size_t item, unsigned worker) {
    uint32_t body = candidates[item];
    if (const ir::Func* func = compiler(worker).optimize(env_.module.imported_functions + body)) {
      callees_->keep(body, *func);
    }
  });
}

void ModuleCompiler::compile(uint32_t body, unsigned worker) {
  // What comes after an error in the module is of no use any more, nor is anything of what no image can hold.
  if (body < first_error_.load(std::memory_order_relaxed) &&
      code_size_.load(std::memory_order_relaxed) <= options_.max_code_size) {
    FunctionCompiler& c = compiler(worker);
    // After an exception, too: others may wait for it.
    struct GiveBack {
      FunctionCompiler& c;
      ~GiveBack() { c.give_back(); }
    } give_back{c};
    auto compiled = c.compile(env_.module.imported_functions + body);
    if (compiled) {
      functions_[body] = abi::UnitView(**compiled).kept(kept_[worker]);
      code_size_.fetch_add(functions_[body].text.size(), std::memory_order_relaxed);
    } else {
      BodyError& mine = errors_[worker];
      if (body < mine.body) {
        mine.body = body;
        mine.error = std::move(compiled).error();
      }
      uint32_t first = first_error_.load(std::memory_order_relaxed);
      while (body < first && !first_error_.compare_exchange_weak(first, body, std::memory_order_relaxed)) {
      }
    }
    c.release();
  }
  size_t done = done_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (options_.progress && worker == 0) options_.progress(done, functions_.size());
}

void ModuleCompiler::compile_functions() {
  std::vector<uint32_t> order(functions_.size());
  std::iota(order.begin(), order.end(), 0);
  auto size = [&](uint32_t body) { return env_.module.code[body].bytes.size(); };
  auto small = std::stable_partition(order.begin(), order.end(), [&](uint32_t b) { return size(b) >= kLargeBody; });
  std::stable_sort(order.begin(), small, [&](uint32_t a, uint32_t b) { return size(a) > size(b); });
  // Giants first, one after the other on one thread: the other threads would only wait for each other.
  auto is_giant = [&](uint32_t body) { return FunctionCompiler::is_giant_body(env_.module.code[body]); };
  const size_t giants = static_cast<size_t>(std::find_if_not(order.begin(), small, is_giant) - order.begin());
  const size_t batches = giants > 0 ? 1 : 0;
  parallel_for(options_.pool, batches + order.size() - giants, [&](size_t item, unsigned worker) {
    if (item >= batches) return compile(order[giants + item - batches], worker);
    for (size_t i = 0; i < giants; ++i) compile(order[i], worker);
  });
  if (options_.progress && !functions_.empty()) options_.progress(functions_.size(), functions_.size());
}

void ModuleCompiler::compile_trampolines() {
  const wasm::Module& module = env_.module;
  types_.resize(module.types.size());
  parallel_for(options_.pool, types_.size(), [&](size_t type, unsigned worker) {
    if (!is_canonical_function_type(module, static_cast<uint32_t>(type))) return;
    ir::Signature signature = translate::signature_of(module.types[type].func);
    mach::Backend& backend = compiler(worker).backend();
    abi::CodeUnit unit;
    backend.array_call_trampoline(signature, unit);
    types_[type].array_call = abi::UnitView(unit).kept(kept_[worker]);
    backend.host_call_trampoline(signature, unit);
    types_[type].host_call = abi::UnitView(unit).kept(kept_[worker]);
  });
}

Result<wasm::KeptBytes> ModuleCompiler::assemble(const abi::ImageMemory& memory) {
  const wasm::Module& module = env_.module;
  ImageAssembler::Sizes sizes;
  for (const abi::UnitView& f : functions_) sizes.add(f);
  for (const TypeCode& t : types_) {
    sizes.add(t.array_call);
    sizes.add(t.host_call);
  }
  ImageAssembler assembler(host_target(), module.imported_functions);
  TRY(assembler.reserve(sizes));
  for (const abi::UnitView& f : functions_) assembler.add_function(f);
  abi::ImageContents contents;
  contents.settings = env_.settings;
  contents.module = &module;
  contents.trampolines.assign(module.types.size(), {abi::kNoTrampoline, abi::kNoTrampoline});
  for (size_t type = 0; type < types_.size(); ++type) {
    const wasm::TypeDef& def = module.types[type];
    if (def.kind != wasm::CompositeKind::Func) continue;
    if (def.canonical != type) {  // an equal type before it
      contents.trampolines[type] = contents.trampolines[def.canonical];
      continue;
    }
    contents.trampolines[type].array_call = assembler.add_trampoline(types_[type].array_call);
    contents.trampolines[type].host_call = assembler.add_trampoline(types_[type].host_call);
  }
  assembler.finish(contents);
  if (options_.symbols) {
    wasm::Names names = wasm::Names::read(module);
    contents.function_names.reserve(functions_.size());
    for (uint32_t i = 0; i < functions_.size(); ++i) {
      uint32_t index = module.imported_functions + i;
      std::string_view name = names.function(index);
      contents.function_names.push_back(name.empty() ? fmt::format("wasm[0]::function[{}]", index)
                                                     : fmt::format("wasm[0]::function[{}]::{}", index, name));
    }
  }
  return abi::write_image(contents, memory);
}

Result<wasm::KeptBytes> ModuleCompiler::run(const abi::ImageMemory& memory) {
  prepare_callees();
  compile_functions();
  callees_.reset();
  auto first = std::ranges::min_element(errors_, {}, &BodyError::body);
  if (first->error) return std::unexpected(std::move(*first->error));
  if (code_size_ > options_.max_code_size) {
    return fail(fmt::format("the module's code is longer than {} MiB", options_.max_code_size >> 20), ErrorKind::Limit);
  }
  compile_trampolines();
  return assemble(memory);
}

}  // namespace

Result<std::vector<uint8_t>> compile_module(const wasm::Module& module, std::span<const uint8_t> bytes,
                                            const wasm::Features& features, const abi::CodegenSettings& settings,
                                            const CompileOptions& options) {
  std::vector<uint8_t> image;
  TRY(compile_module(module, bytes, features, settings, options, abi::memory_in(image)));
  return image;
}

Result<wasm::KeptBytes> compile_module(const wasm::Module& module, std::span<const uint8_t> bytes,
                                       const wasm::Features& features, const abi::CodegenSettings& settings,
                                       const CompileOptions& options, const abi::ImageMemory& memory) {
  VITRINE_ASSERT(bytes.data() == module.bytes.data() && bytes.size() == module.bytes.size());
  abi::VMLayout layout(module);
  CallGraph calls(module, inlines(settings), options.pool);
  translate::ModuleEnv env(module, layout, settings, calls.has_tail_calls);
  return ModuleCompiler(env, features, options, calls).run(memory);
}

std::string settings_key(const wasm::Features& features, const abi::CodegenSettings& settings) {
  std::string key =
      fmt::format("vitrine-{} build={:016x} features={:x}", abi::image_version(), abi::build_hash(), features.bits());
  for_each_setting(settings,
                   [&](const char* name, uint64_t value, const char*) { key += fmt::format(" {}={}", name, value); });
  key += fmt::format(" cpu_features={:x}", settings.cpu_features);
  return key;
}

}  // namespace vitrine::compiler
