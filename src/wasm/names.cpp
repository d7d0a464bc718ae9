#include "wasm/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "wasm/byte_reader.hpp"

namespace vitrine::wasm {

namespace {

enum Subsection : uint8_t {
  kModule = 0,
  kFunctions = 1,
  kLocals = 2,
  kLabels = 3,
  kTypes = 4,
  kTables = 5,
  kMemories = 6,
  kGlobals = 7,
  kElems = 8,
  kDatas = 9,
  kFields = 10,
  kTags = 11
};

}  // namespace

Names Names::read(const Module& module) {
  Names names;
  const CustomSection* section = module.find_custom("name");
  if (section == nullptr) return names;
  ByteReader r(section->bytes);
  while (r.ok() && !r.at_end()) {
    uint8_t id = r.u8();
    auto bytes = r.bytes(r.length());
    if (!r.ok()) break;
    switch (id) {
      case kModule:
        names.module_ = ByteReader(bytes).name();
        break;
      case kFunctions:
        names.functions_ = read_map(bytes);
        break;
      case kLocals:
        names.read_locals(bytes);
        break;
      case kTypes:
        names.types_ = read_map(bytes);
        break;
      case kTables:
        names.tables_ = read_map(bytes);
        break;
      case kMemories:
        names.memories_ = read_map(bytes);
        break;
      case kGlobals:
        names.globals_ = read_map(bytes);
        break;
      case kElems:
        names.elems_ = read_map(bytes);
        break;
      case kDatas:
        names.datas_ = read_map(bytes);
        break;
      case kTags:
        names.tags_ = read_map(bytes);
        break;
      default:  // labels, fields and what is yet to come
        break;
    }
  }
  return names;
}

std::vector<Names::Entry> Names::read_map(std::span<const uint8_t> bytes) {
  std::vector<Entry> entries;
  ByteReader r(bytes);
  uint32_t n = r.u32();
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    uint32_t index = r.u32();
    std::string_view name = r.name();
    if (r.ok()) entries.push_back({index, name});
  }
  // Indices should increase; where they do not, sort, and the first of equals is meant.
  auto order = [](const Entry& e) { return std::pair(e.index, e.name.data()); };
  if (!std::ranges::is_sorted(entries, {}, order)) std::ranges::sort(entries, {}, order);
  return entries;
}

std::string_view Names::find(const std::vector<Entry>& entries, uint32_t index) {
  auto it = std::ranges::lower_bound(entries, index, {}, &Entry::index);
  return it != entries.end() && it->index == index ? it->name : std::string_view();
}

void Names::read_locals(std::span<const uint8_t> bytes) {
  ByteReader r(bytes);
  uint32_t n = r.u32();
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    uint32_t function = r.u32();
    const uint8_t* begin = r.pos();
    uint32_t locals = r.u32();
    for (uint32_t j = 0; j < locals && r.ok(); ++j) {
      r.u32();
      r.bytes(r.length());
    }
    if (r.ok()) locals_.push_back({function, {begin, r.pos()}});
  }
  auto order = [](const Locals& l) { return std::pair(l.function, l.bytes.data()); };
  if (!std::ranges::is_sorted(locals_, {}, order)) std::ranges::sort(locals_, {}, order);
}

std::string_view Names::local(uint32_t function, uint32_t index) const {
  auto it = std::ranges::lower_bound(locals_, function, {}, &Locals::function);
  if (it == locals_.end() || it->function != function) return {};
  ByteReader r(it->bytes);
  uint32_t n = r.u32();
  for (uint32_t i = 0; i < n && r.ok(); ++i) {
    uint32_t local = r.u32();
    std::string_view name = r.name();
    if (r.ok() && local == index) return name;
  }
  return {};
}

std::string describe_function(const Module& module, const Names& names, uint32_t index) {
  if (auto name = names.function(index); !name.empty()) return std::string(name);
  if (index < module.imported_functions) {
    for (const Import& import : module.imports) {
      if (import.kind == ExternKind::Func && import.index == index)
        return fmt::format("{}.{}", import.module, import.name);
    }
  }
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::Func && e.index == index) return std::string(e.name);
  }
  return fmt::format("function[{}]", index);
}

}  // namespace vitrine::wasm
