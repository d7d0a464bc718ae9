#include "runtime/types/type_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace vitrine::runtime {

namespace {

std::string limits_in_words(const wasm::Limits& limits) {
  std::string text = limits.is_64 ? "i64 " : "";
  text += fmt::format("{}", limits.min);
  if (limits.max) text += fmt::format("..{}", *limits.max);
  if (limits.is_shared) text += " shared";
  return text;
}

}  // namespace

std::string in_words(const TypeRegistry& types, wasm::ValType type, int depth) {
  if (!type.is_ref() || !type.heap().is_concrete()) return wasm::to_string(type);
  return fmt::format("(ref {}{})", type.is_nullable() ? "null " : "",
                     in_words(types, types.get(type.heap().type_index()), depth - 1));
}

std::string in_words(const TypeRegistry& types, const EngineType& type, int depth) {
  if (type.kind == wasm::CompositeKind::Struct) return "struct ...";
  if (type.kind == wasm::CompositeKind::Array) return "array ...";
  if (depth < 0) return "func ...";
  auto words = [&](std::span<const wasm::ValType> list) {
    std::vector<std::string> all;
    for (wasm::ValType t : list) all.push_back(in_words(types, t, depth));
    return all;
  };
  return "func " + function_in_words(words(type.params), words(type.results));
}

std::string function_in_words(std::span<const std::string> params, std::span<const std::string> results) {
  return fmt::format("({}) -> ({})", fmt::join(params, ", "), fmt::join(results, ", "));
}

std::string table_in_words(const wasm::Limits& limits, std::string_view element) {
  return fmt::format("table {} {}", limits_in_words(limits), element);
}

std::string memory_in_words(const wasm::MemoryType& type) {
  std::string page =
      type.page_size_log2 == 16 ? "" : fmt::format(" of pages of {} bytes", uint64_t{1} << type.page_size_log2);
  return fmt::format("memory {}{}", limits_in_words(type.limits), page);
}

std::string global_in_words(bool is_mutable, std::string_view type) {
  return fmt::format("global {}{}", is_mutable ? "mut " : "", type);
}

}  // namespace vitrine::runtime
