#include "abi/stack_map.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/leb_reader.hpp"

namespace vitrine::abi {
void add_stack_map(std::vector<StackMap>& maps, std::vector<uint8_t>& bytes, uint32_t offset, const LiveRefs& refs) {
  VITRINE_ASSERT(maps.empty() || maps.back().offset < offset);
  ByteWriter encoded;
  encoded.uleb(refs.registers);
  encoded.uleb(refs.words.size());
  uint32_t next = 0;
  for (uint32_t word : refs.words) {
    VITRINE_ASSERT(word >= next);
    encoded.uleb(word - next);
    next = word + 1;
  }
  const std::vector<uint8_t> map = encoded.take();
  if (!maps.empty() && std::ranges::equal(std::span(bytes).subspan(maps.back().position), map)) {
    maps.push_back({offset, maps.back().position});
    return;
  }
  maps.push_back({offset, static_cast<uint32_t>(bytes.size())});
  bytes.insert(bytes.end(), map.begin(), map.end());
}

std::optional<LiveRefs> find_stack_map(std::span<const StackMap> maps, std::span<const uint8_t> bytes,
                                       uint32_t offset) {
  auto at = std::ranges::lower_bound(maps, offset, {}, &StackMap::offset);
  if (at == maps.end() || at->offset != offset) return std::nullopt;
  LebReader in{bytes, at->position};
  LiveRefs refs;
  refs.registers = in.get32();
  uint32_t next = 0;
  for (uint32_t left = in.get32(); left > 0 && !in.at_end(); --left) {
    refs.words.push_back(next + in.get32());
    next = refs.words.back() + 1;
  }
  return refs;
}

}  // namespace vitrine::abi
