// A compiled module, loaded: its image mapped, code executable, its declarations parsed, its types known to the engine.
//
// Invariants
//   - Pages of code are never writable: they are mapped readable and executable from a file or a sealed memfd.
//   - While it lives it stands in the code registry, so that any pc of its code finds it.
//   - Immutable; shared by stores and threads. What is derived on demand (names, exports by name) is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "abi/image.hpp"
#include "abi/trap.hpp"
#include "abi/vmcontext.hpp"
#include "base/lazy.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/pages.hpp"
#include "runtime/memory/reservation_cache.hpp"
#include "runtime/types/type_registry.hpp"
#include "wasm/kept_bytes.hpp"
#include "wasm/module.hpp"
#include "wasm/names.hpp"

namespace vitrine::runtime {

class Engine;
class Instance;
class CompiledModule;

/// Where a pc of compiled code comes from.
struct CodePosition {
  uint32_t function = 0;     // module function index of the code range
  uint32_t srcloc = 0;       // module offset of the operator; 0: unknown
  uint32_t inline_site = 0;  // of the image's inline table; 0: not inlined
};

/// Compiles a function at its first call (indirect_local_calls): answers its code. Set by whoever owns the policy.
struct LazyCompiler {
  const void* (*compile)(void* env, const CompiledModule& module, uint32_t function) = nullptr;
  void* env = nullptr;
};

class CompiledModule : public std::enable_shared_from_this<CompiledModule> {
 public:
  /// From freshly compiled or cached bytes, which are copied into a memfd. `verify_checksum` guards against damage on
  /// the way here; freshly compiled bytes do not need it.
  static Result<std::shared_ptr<const CompiledModule>> from_bytes(std::shared_ptr<Engine> engine,
                                                                  std::span<const uint8_t> image, bool verify_checksum);
  /// From a file, mapped and used in place. The file must not change afterwards.
  static Result<std::shared_ptr<const CompiledModule>> from_file(std::shared_ptr<Engine> engine,
                                                                 os::FileDescriptor file, bool verify_checksum);
  /// From the file of an image that was just compiled from `module`, of whose bytes it has those that were `kept`: the
  /// declarations are not read again.
  static Result<std::shared_ptr<const CompiledModule>> from_compiled(std::shared_ptr<Engine> engine,
                                                                     os::FileDescriptor file, wasm::Module module,
                                                                     const wasm::KeptBytes& kept);
  ~CompiledModule();

  Engine& engine() const { return *engine_; }
  const std::shared_ptr<Engine>& shared_engine() const { return engine_; }
  /// The image, as it would be written to a file.
  std::span<const uint8_t> bytes() const { return mapping_.bytes(); }
  const abi::ImageView& image() const { return image_; }
  /// Declarations only: bodies are empty, and so are the data segments that the memory images hold.
  const wasm::Module& module() const { return module_; }
  const abi::VMLayout& layout() const { return *layout_; }
  std::span<const TypeId> type_ids() const { return types_.ids(); }
  TypeId type_id_of_function(uint32_t function) const { return types_.ids()[module_.functions[function]]; }

  std::span<const uint8_t> text() const { return image_.text(); }
  /// Code of a defined function.
  const void* function_code(uint32_t function) const;
  /// Null if the type is no function type.
  abi::ArrayCall array_call(uint32_t type_index) const;
  const void* host_call(uint32_t type_index) const;
  /// What VMContext::functions points to, or null without indirect_local_calls.
  const void* const* functions() const { return functions_.empty() ? nullptr : functions_.data(); }
  /// The VMFuncRefs of an instance with their contexts still null; in slot order.
  std::span<const abi::VMFuncRef> funcref_template() const { return funcrefs_; }
  /// Initial contents of defined memory `memory` (an index of the module), if mapped.
  MemorySource memory_source(uint32_t memory) const;

  /// Index into module().exports.
  std::optional<uint32_t> find_export(std::string_view name) const;

  /// The memory that host functions see as the guest's: the one exported as "memory", else the first. None without any.
  std::optional<uint32_t> main_memory() const { return main_memory_; }

  /// Makes the unwinder of the C++ runtime know the code: an exception that nobody may catch (pthread_exit, the
  /// cancellation of a thread) is about to pass. Any thread.
  void let_unwinder_through() const;

  // What of these may run in a signal handler: all but `names`.
  bool contains(uintptr_t pc) const;
  /// The trap that the instruction at `pc` means; async-signal-safe.
  abi::TrapCode find_trap(uintptr_t pc) const;
  /// The function whose code has the pc, as an index of the module; none outside of functions (trampolines).
  std::optional<uint32_t> find_function(uintptr_t pc) const;
  /// Where code at `pc` comes from, none outside of functions.
  std::optional<CodePosition> find_position(uintptr_t pc) const;
  const wasm::Names& names() const;

  /// Before the module's first instance.
  void set_lazy_compiler(const LazyCompiler& compiler) const { lazy_compiler_ = compiler; }
  const LazyCompiler& lazy_compiler() const { return lazy_compiler_; }

 private:
  explicit CompiledModule(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
  static Result<std::shared_ptr<CompiledModule>> map(std::shared_ptr<Engine> engine, os::FileDescriptor file,
                                                     bool verify_checksum);
  Result<> prepare();

  std::shared_ptr<Engine> engine_;
  os::FileDescriptor file_;
  os::FileMapping mapping_;
  abi::ImageView image_;
  wasm::Module module_;
  std::optional<abi::VMLayout> layout_;
  TypeSet types_;
  std::optional<uint32_t> main_memory_;
  std::vector<const void*> functions_;
  std::vector<abi::VMFuncRef> funcrefs_;
  std::vector<uint32_t> by_offset_;  // indices into image().functions(), by increasing offset; empty: in order
  uint64_t first_source_ = 0;        // identity of the first memory image
  bool registered_ = false;
  mutable LazyCompiler lazy_compiler_;

  mutable std::once_flag unwinder_once_;
  mutable bool unwinder_knows_ = false;
  mutable Lazy<wasm::Names> names_;
  mutable Lazy<std::vector<uint32_t>> exports_by_name_;
};

}  // namespace vitrine::runtime
