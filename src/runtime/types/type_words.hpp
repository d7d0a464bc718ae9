// Types in words, for the messages of the runtime and of the API: "(ref null func (i32) -> (i64))", "memory 1..4". All
// in terms of the engine.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/types/type_registry.hpp"
#include "wasm/types.hpp"

namespace vitrine::runtime {

/// Types that a defined type names are spelt out `depth` deep, as they may be circular: "(ref func ...)".
std::string in_words(const TypeRegistry& types, wasm::ValType type, int depth = 1);
/// "func (i32) -> ()".
std::string in_words(const TypeRegistry& types, const EngineType& type, int depth = 1);

// -- of parts that are words already

/// "(i32, i64) -> (f32)".
std::string function_in_words(std::span<const std::string> params, std::span<const std::string> results);
/// "table 1..4 funcref".
std::string table_in_words(const wasm::Limits& limits, std::string_view element);
/// "memory i64 1 of pages of 1 bytes".
std::string memory_in_words(const wasm::MemoryType& type);
/// "global mut i64".
std::string global_in_words(bool is_mutable, std::string_view type);

}  // namespace vitrine::runtime
