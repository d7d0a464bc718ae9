#include "wasm/opcode.hpp"

#include <unordered_map>

namespace vitrine::wasm {

std::optional<Op> find_op(std::string_view mnemonic) {
  static const auto* const table = [] {
    auto* map = new std::unordered_map<std::string_view, Op>();
    map->reserve(kOpCount);
    for (size_t i = 0; i < kOpCount; ++i) map->emplace(kOps[i].mnemonic, static_cast<Op>(i));
    return map;
  }();
  auto it = table->find(mnemonic);
  if (it == table->end()) return std::nullopt;
  return it->second;
}

}  // namespace vitrine::wasm
