// What compiled code and runtime share in memory: the context of an instance and what hangs on it.
//
// Compiled code has the VMContext of its instance in a pinned register. A VMContext is one flat allocation: the header
// below, then arrays whose offsets `VMLayout` computes from the module. Every offset that compiled code uses comes from
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vitrine::wasm {
struct Module;
}

namespace vitrine::abi {

struct VMContext;

/// A value in the untyped call convention. i32 in the low 4 bytes (upper 12 bytes unspecified), floats as bits,
/// references as pointers (funcref: VMFuncRef* or null; externref: opaque word or 0).
union alignas(16) ValRaw {
  int32_t i32;
  int64_t i64;
  uint32_t f32_bits;
  uint64_t f64_bits;
  uint64_t ref;
  uint8_t v128[16];
};

/// A linear memory as code sees it. `base` never changes while a memory may not move (a full 4 GiB reservation).
struct VMMemory {
  uint8_t* base;
  uint64_t size;  // bytes
};

/// A table as code sees it: `base[i]` is a VMFuncRef* or an externref word, 0 for null.
struct VMTable {
  uint64_t* base;
  uint64_t size;  // elements
};

/// Storage of a global: 16 bytes, as ValRaw.
using VMGlobal = ValRaw;

/// Host entry into compiled code, compiled per signature: takes the arguments from `values`, calls `code` with
/// `callee`, stores the results to `values`. Answers 1, or 0 after a trap unwound to here (details in the VMStore).
using ArrayCall = int32_t (*)(VMContext* callee, const void* code, ValRaw* values, struct VMStore* store);

/// A function as a first-class value. `code` has the Wasm convention of the signature whose engine-wide number is
/// `type_id`.
struct VMFuncRef {
  const void* code;
  VMContext* context;
  ArrayCall array_call;
  uint32_t type_id;
  // 1: `context` is a VMHostContext; `code` and `array_call` are null until a module has the signature.
  uint32_t is_host;
};

/// An imported function: what a direct call of it loads.
struct VMFuncImport {
  const void* code;
  VMContext* context;
  VMFuncRef* funcref;
};

/// A call from the host into compiled code that has not returned; a list, innermost first. Written by the array-call
/// trampoline's caller; `entry_sp` by the trampoline itself.
struct VMActivation {
  VMActivation* previous;
  uintptr_t entry_sp;  // rsp to restore when a trap unwinds to the trampoline
  uintptr_t entry_fp;  // frame pointer of the trampoline: where a walk of wasm frames ends
  uintptr_t exit_fp;   // frame pointer of the last wasm frame when host code was entered last; 0: it was not yet
  uintptr_t exit_pc;   // and its pc (a return address)
};

/// Displays have this many entries at least: a cast to a type of a lower depth needs no look at how many there are.
inline constexpr uint32_t kLeastDisplay = 8;

/// A type of the engine, by its number: type `t` is one of `super`, whose depth is known when code is compiled, if
/// `types[t].supertypes[depth of super] == super`.
struct VMType {
  const uint32_t* supertypes;  // by depth, the type itself last, then no type's number; how many, at index -1
  const void* description;     // runtime's EngineType
};

/// What all instances of a store share.
struct VMStore {
  uintptr_t stack_limit;            // rsp below this is a stack overflow
  int64_t fuel;                     // fuel consumed minus fuel granted, plus one: exhausted when > 0
  uint64_t epoch_deadline;          // interrupted when *epoch >= this
  const uint64_t* epoch;            // the engine's counter (atomic; written by other threads)
  VMActivation* activation;         // innermost, or null
  void* host_store;                 // runtime's Store
  const VMType* types;              // the engine's, by number; never moves
  void (*unwind)(struct VMStore*);  // leaves the guest, after a host function said so; does not return
  uint32_t is_cancelled;            // 1: whoever comes back to a guest leaves it (atomic; written by other threads)
};

/// Functions of the host behind a function import: called by the wasm-to-host trampoline with the arguments in
/// `values`, where it leaves the results. Answers 0, or nonzero to unwind (the trap or error is in the store).
using HostCall = int32_t (*)(void* env, VMContext* caller, ValRaw* values);

/// The context of a host function: begins like a VMContext as far as trampolines look.
struct VMHostContext {
  VMStore* store;
  HostCall call;
  void* env;
  VMFuncRef funcref;
};

/// The header of every instance's context.
struct VMContext {
  VMStore* store;
  const void* const* builtins;   // by Builtin
  const void* const* functions;  // code address by module function index: calls that may be redirected go through it
  const uint32_t* type_ids;      // engine-wide signature number by module type index
  void* instance;                // runtime's Instance
};
static_assert(offsetof(VMContext, store) == 0 && offsetof(VMHostContext, store) == 0);
static_assert(offsetof(VMStore, stack_limit) == 0, "the prologue loads it without a displacement");

enum class Builtin : uint32_t {
#define BUILTIN(name, ...) name,
#include "abi/builtins.def"
#undef BUILTIN
  kCount
};

/// Where a module's things are in its VMContext. Computed in one place from the declarations; indices are those of the
/// module's index spaces, imports first. What is defined stands in the context itself, what is imported elsewhere, with
/// a pointer to it in the context. A shared memory belongs to no instance: there is a pointer to it in any case.
class VMLayout {
 public:
  explicit VMLayout(const wasm::Module& module);

  /// Whether `memory(i)` is a pointer.
  bool memory_is_indirect(uint32_t i) const { return memory_slots_[i].is_indirect; }
  bool table_is_imported(uint32_t i) const { return i < imported_tables_; }
  bool global_is_imported(uint32_t i) const { return i < imported_globals_; }
  bool function_is_imported(uint32_t i) const { return i < imported_functions_; }

  /// Offset of a VMMemory* (imported or shared) or of a VMMemory.
  uint32_t memory(uint32_t i) const { return memory_slots_[i].offset; }
  /// Offset of a VMTable* (imported) or of a VMTable (defined); likewise for globals.
  uint32_t table(uint32_t i) const;
  uint32_t global(uint32_t i) const;
  /// Offset of the VMFuncImport of imported function `i`.
  uint32_t function_import(uint32_t i) const;
  /// Offset of the VMFuncRef of defined function `i` of the module (imported ones use the import's own funcref
  /// pointer). Only functions that may become values have one: those that occur outside of bodies.
  uint32_t funcref(uint32_t i) const;
  bool has_funcref(uint32_t i) const;
  /// The VMFuncRefs stand together from `funcrefs()` on, in function order.
  uint32_t funcrefs() const { return funcrefs_; }
  uint32_t funcref_count() const { return funcref_count_; }
  /// Size of the whole context, bytes.
  uint32_t size() const { return size_; }

 private:
  // Which functions have a VMFuncRef: bit f % 64 of word f / 64, and how many bits are set in the words before.
  struct Rank {
    uint64_t bits;
    uint32_t before;
  };
  struct MemorySlot {
    uint32_t offset;
    bool is_indirect;
  };
  uint32_t imported_functions_, imported_tables_, imported_globals_;
  uint32_t imported_table_slots_, tables_, imported_global_slots_, globals_;
  std::vector<MemorySlot> memory_slots_;
  uint32_t function_imports_, funcrefs_, funcref_count_, size_;
  std::vector<Rank> ranks_;
};

}  // namespace vitrine::abi
