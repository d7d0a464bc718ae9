// What translation needs to know of a module besides the module itself, computed once and shared by all threads: how
// each memory and table is accessed, which globals are constants, and whether tail calls may leave the instance.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "abi/settings.hpp"
#include "abi/vmcontext.hpp"
#include "compiler/ir/func.hpp"
#include "wasm/module.hpp"

namespace vitrine::translate {

/// Alias regions of the IR that translate builds: accesses of different regions never meet.
enum Region : uint8_t {
  kAnyRegion = 0,
  kMemoryRegion = 1,          // the first linear memory that the module defines
  kTableRegion = 2,           // elements of tables
  kGlobalRegion = 3,          // mutable globals
  kContextRegion = 4,         // what the runtime changes: sizes, bases that move, fuel, epoch
  kFuncRefRegion = 5,         // VMFuncRefs and what they point to: never written by compiled code
  kImportedMemoryRegion = 6,  // imported memories, which may be one and the same; never one that the module defines
  kMoreMemoriesRegion = 7,    // further memories that the module defines, a region each, from here on
};

/// Flags of loads from the context and what hangs on it: the address is good wherever it is computed.
inline constexpr uint8_t kMapped = ir::kMapped;
/// And what is there never changes while a function runs.
inline constexpr uint8_t kFixed = ir::kReadonly | ir::kMapped;

/// The IR type of a value: references are words of the host.
constexpr ir::Type ir_type(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::I32:
      return ir::Type::I32;
    case wasm::ValType::I64:
    case wasm::ValType::Ref:
      return ir::Type::I64;
    case wasm::ValType::F32:
      return ir::Type::F32;
    case wasm::ValType::F64:
      return ir::Type::F64;
    case wasm::ValType::V128:
      return ir::Type::V128;
    default:
      return ir::Type::None;
  }
}

/// How a function of this type is called: parameter 0 is the callee's context.
ir::Signature signature_of(const wasm::FuncType& type);

/// Where something of the instance is in its context.
struct Place {
  uint32_t offset = 0;       // of the thing itself, or of a pointer to it
  bool is_indirect = false;  // it is a pointer
};

struct MemoryPlan {
  Place place;  // of the VMMemory
  uint8_t region = kMemoryRegion;
  bool is_64 = false;          // addresses are i64
  bool guarded = false;        // a 4 GiB reservation with guard: small offsets need no check
  bool base_is_fixed = false;  // the memory never moves
  uint8_t page_size_log2 = 16;
  uint64_t min_bytes = 0;  // it is never smaller (saturated)
};

struct TablePlan {
  Place place;  // of the VMTable
  bool is_64 = false;
  bool fixed = false;  // its size is `min` for ever, and its elements stay where they are
  uint64_t min = 0;
};

struct GlobalPlan {
  Place place;  // of the value
  ir::Type type = ir::Type::None;
  bool is_mutable = false;
  std::optional<uint64_t> constant;  // its bits, where the initialiser is a constant and nothing may change it
};

struct ModuleEnv {
  /// `has_tail_calls`: some body has a tail call that may leave the instance (see `scan_calls`).
  ModuleEnv(const wasm::Module& module, const abi::VMLayout& layout, const abi::CodegenSettings& settings,
            bool has_tail_calls);

  const wasm::Module& module;
  const abi::VMLayout& layout;
  const abi::CodegenSettings& settings;
  bool has_tail_calls;
  std::vector<MemoryPlan> memories;
  std::vector<TablePlan> tables;
  std::vector<GlobalPlan> globals;
};

}  // namespace vitrine::translate
