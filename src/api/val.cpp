#include <vitrine/val.hpp>

#include <fmt/format.h>

namespace vitrine {

const char* name_of(ValKind kind) {
  switch (kind) {
    case ValKind::I32:
      return "i32";
    case ValKind::I64:
      return "i64";
    case ValKind::F32:
      return "f32";
    case ValKind::F64:
      return "f64";
    case ValKind::V128:
      return "v128";
    case ValKind::FuncRef:
      return "funcref";
    case ValKind::ExternRef:
      return "externref";
  }
  return "?";
}

namespace {

std::string list(const std::vector<ValKind>& kinds) {
  std::string s = "(";
  for (size_t i = 0; i < kinds.size(); i++) {
    if (i) s += ", ";
    s += name_of(kinds[i]);
  }
  return s + ")";
}

std::string limits(uint64_t min, const std::optional<uint64_t>& max) {
  return max ? fmt::format("{}..{}", min, *max) : fmt::format("{}..", min);
}

}  // namespace

std::string to_string(const FuncType& type) {
  return list(type.params) + " -> " + list(type.results);
}

std::string to_string(const ExternType& type) {
  if (auto* f = std::get_if<FuncType>(&type)) return "func " + to_string(*f);
  if (auto* g = std::get_if<GlobalType>(&type)) {
    return fmt::format("global {}{}", g->is_mutable ? "mut " : "", name_of(g->kind));
  }
  if (auto* m = std::get_if<MemoryType>(&type)) {
    return fmt::format("memory {}{} pages", m->is_64 ? "i64 " : "", limits(m->min, m->max));
  }
  auto& t = std::get<TableType>(type);
  return fmt::format("table {}{} {}", t.is_64 ? "i64 " : "", limits(t.min, t.max), name_of(t.element));
}

}  // namespace vitrine
