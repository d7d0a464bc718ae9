#include "abi/stack_map.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace vitrine::abi {
namespace {

/// Reads numbers; 0 from the end of the bytes on.
struct Cursor {
  std::span<const uint8_t> bytes;
  size_t at = 0;

  bool at_end() const { return at >= bytes.size(); }
  uint32_t get() {
    uint32_t v = 0;
    for (unsigned shift = 0; at < bytes.size() && shift < 32; shift += 7) {
      const uint8_t byte = bytes[at++];
      v |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return v;
  }
};

}  // namespace

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
  Cursor in{bytes, at->position};
  LiveRefs refs;
  refs.registers = in.get();
  uint32_t next = 0;
  for (uint32_t left = in.get(); left > 0 && !in.at_end(); --left) {
    refs.words.push_back(next + in.get());
    next = refs.words.back() + 1;
  }
  return refs;
}

}  // namespace vitrine::abi
