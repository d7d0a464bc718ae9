#include "wasm/types.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vitrine::wasm {

namespace {

constexpr const char* kHeapNames[] = {"func", "extern", "any",    "eq",       "i31",  "struct", "array",
                                      "exn",  "cont",   "nofunc", "noextern", "none", "noexn",  "nocont"};
constexpr const char* kNullRefNames[] = {"funcref",       "externref", "anyref",     "eqref",      "i31ref",
                                         "structref",     "arrayref",  "exnref",     "contref",    "nullfuncref",
                                         "nullexternref", "nullref",   "nullexnref", "nullcontref"};

}  // namespace

std::string to_string(HeapType type) {
  if (type.is_concrete()) return fmt::format("{}", type.type_index());
  return kHeapNames[type.abstract()];
}

std::string to_string(ValType type) {
  switch (type.kind()) {
    case ValType::Bottom:
      return "bottom";
    case ValType::I32:
      return "i32";
    case ValType::I64:
      return "i64";
    case ValType::F32:
      return "f32";
    case ValType::F64:
      return "f64";
    case ValType::V128:
      return "v128";
    case ValType::I8:
      return "i8";
    case ValType::I16:
      return "i16";
    case ValType::Ref:
      break;
  }
  if (type.is_nullable() && !type.heap().is_concrete()) return kNullRefNames[type.heap().abstract()];
  return fmt::format("(ref {}{})", type.is_nullable() ? "null " : "", to_string(type.heap()));
}

std::string to_string(std::span<const ValType> types) {
  std::string text = "[";
  for (ValType type : types) {
    if (text.size() > 1) text += ' ';
    text += to_string(type);
  }
  return text + "]";
}

std::string to_string(const FuncType& type) {
  return fmt::format("{} -> {}", to_string(type.params), to_string(type.results));
}

bool operator==(const FuncType& a, const FuncType& b) {
  return std::ranges::equal(a.params, b.params) && std::ranges::equal(a.results, b.results);
}

const char* to_string(ExternKind kind) {
  constexpr const char* kNames[] = {"function", "table", "memory", "global", "tag"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace vitrine::wasm
