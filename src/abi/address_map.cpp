#include "abi/address_map.hpp"

#include <algorithm>
#include <array>

#include "base/leb_reader.hpp"

namespace vitrine::abi {
namespace {

constexpr size_t kEntriesPerChunk = 64;

constexpr uint32_t zigzag(uint32_t difference) {
  return difference << 1 ^ (difference >> 31 ? ~0u : 0u);
}
constexpr uint32_t unzigzag(uint32_t v) {
  return v >> 1 ^ (v & 1 ? ~0u : 0u);
}

}  // namespace

void encode_addresses(std::span<const AddressEntry> entries, std::vector<AddressChunk>& chunks,
                      std::vector<uint8_t>& bytes) {
  constexpr size_t kMaxEntryBytes = 5 * 3;  // three numbers of at most 33 bits
  std::array<uint8_t, kEntriesPerChunk * kMaxEntryBytes> chunk;
  auto put = [](uint8_t* to, uint64_t v) {
    for (; v >= 0x80; v >>= 7) *to++ = static_cast<uint8_t>(v | 0x80);
    *to++ = static_cast<uint8_t>(v);
    return to;
  };
  for (size_t first = 0; first < entries.size(); first += kEntriesPerChunk) {
    AddressEntry last{entries[first].offset, 0, 0};
    uint8_t* to = chunk.data();
    for (const AddressEntry& e : entries.subspan(first, std::min(kEntriesPerChunk, entries.size() - first))) {
      bool other_site = e.inline_site != last.inline_site;
      to = put(to, uint64_t{e.offset - last.offset} * 2 + other_site);
      to = put(to, zigzag(e.srcloc - last.srcloc));
      if (other_site) to = put(to, zigzag(e.inline_site - last.inline_site));
      last = e;
    }
    chunks.push_back({entries[first].offset, static_cast<uint32_t>(bytes.size()), 0});
    bytes.insert(bytes.end(), chunk.data(), to);
  }
}

template <class F>
void AddressMap::walk(size_t c, F&& visit) const {
  size_t end = c + 1 < chunks_.size() ? chunks_[c + 1].position : bytes_.size();
  LebReader in{bytes_.first(std::min(end, bytes_.size())), chunks_[c].position};
  AddressEntry entry{chunks_[c].offset, 0, 0};
  while (!in.at_end()) {
    uint64_t first = in.get();
    entry.offset += static_cast<uint32_t>(first >> 1);
    entry.srcloc += unzigzag(in.get32());
    if (first & 1) entry.inline_site += unzigzag(in.get32());
    AddressEntry shown = entry;
    if (shown.inline_site) shown.inline_site += chunks_[c].sites;
    if (!visit(shown)) return;
  }
}

std::optional<AddressEntry> AddressMap::find(uint32_t offset) const {
  auto after = std::ranges::upper_bound(chunks_, offset, {}, &AddressChunk::offset);
  if (after == chunks_.begin()) return std::nullopt;
  std::optional<AddressEntry> found;
  walk(static_cast<size_t>(after - chunks_.begin()) - 1, [&](const AddressEntry& entry) {
    if (entry.offset > offset) return false;
    found = entry;
    return true;
  });
  return found;
}

std::vector<AddressEntry> AddressMap::decode() const {
  std::vector<AddressEntry> all;
  for (size_t c = 0; c < chunks_.size(); ++c) {
    walk(c, [&](const AddressEntry& entry) {
      all.push_back(entry);
      return true;
    });
  }
  return all;
}

}  // namespace vitrine::abi
