// Which operator of the module a piece of code comes from: one entry per change, sorted by place, in two or three bytes
// each instead of twelve (large modules have tens of millions).
//
// Entries stand in chunks of at most `kEntries`. A chunk says where it begins in the text and in the bytes; its entries
// are differences, in LEB128:
//   (offset - last offset) * 2 + (inline site differs), zigzag(srcloc - last srcloc), [zigzag(site - last site)]
// with last offset, srcloc and site at the chunk's offset, 0 and 0. A chunk's inline sites are counted from its
// `sites`, so that chunks of different functions can be made apart and put together later.
//
// Costs: finding is a binary search over chunks and a walk through one. A reader expects nothing of the bytes: damaged
// ones give wrong entries or none.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vitrine::abi {

/// Code from `offset` of `.text` on comes from the operator at `srcloc` of the module (0: none), inlined as
/// `inline_site` says (0: not).
struct AddressEntry {
  uint32_t offset;
  uint32_t srcloc;
  uint32_t inline_site;
  friend bool operator==(const AddressEntry&, const AddressEntry&) = default;
};

struct AddressChunk {
  uint32_t offset;    // of its first entry in `.text`
  uint32_t position;  // of its first byte
  uint32_t sites;     // added to the inline sites of its entries that have one
};

/// The map of a function or of an image, as bytes.
struct EncodedAddresses {
  static constexpr uint32_t kEntries = 64;

  std::vector<AddressChunk> chunks;
  std::vector<uint8_t> bytes;

  /// Appends the map of a function: entries by increasing offsets, with the members of an AddressEntry.
  template <class Entry>
  void encode(std::span<const Entry> entries);
  void encode(std::span<const AddressEntry> entries) { encode<AddressEntry>(entries); }
  /// Appends the map of a function that was encoded on its own and is now at `offset`, its inline sites behind `sites`
  /// others.
  void append(std::span<const AddressChunk> function_chunks, std::span<const uint8_t> function_bytes, uint32_t offset,
              uint32_t sites);
};

constexpr uint32_t zigzag(uint32_t difference) {
  return difference << 1 ^ (difference >> 31 ? ~0u : 0u);
}

template <class Entry>
void EncodedAddresses::encode(std::span<const Entry> entries) {
  constexpr size_t kMaxEntryBytes = 5 * 3;  // three numbers of at most 33 bits
  std::array<uint8_t, kEntries * kMaxEntryBytes> chunk;
  auto put = [](uint8_t* to, uint64_t v) {
    for (; v >= 0x80; v >>= 7) *to++ = static_cast<uint8_t>(v | 0x80);
    *to++ = static_cast<uint8_t>(v);
    return to;
  };
  for (size_t first = 0; first < entries.size(); first += kEntries) {
    Entry last{entries[first].offset, 0, 0};
    uint8_t* to = chunk.data();
    for (const Entry& e : entries.subspan(first, std::min<size_t>(kEntries, entries.size() - first))) {
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

class AddressMap {
 public:
  AddressMap() = default;
  AddressMap(std::span<const AddressChunk> chunks, std::span<const uint8_t> bytes) : chunks_(chunks), bytes_(bytes) {}

  std::span<const AddressChunk> chunks() const { return chunks_; }
  /// The last entry at or before `offset`.
  std::optional<AddressEntry> find(uint32_t offset) const;
  /// All entries.
  std::vector<AddressEntry> decode() const;

 private:
  /// Calls `visit` with the entries of chunk `c` until it answers false.
  template <class F>
  void walk(size_t c, F&& visit) const;

  std::span<const AddressChunk> chunks_;
  std::span<const uint8_t> bytes_;
};

}  // namespace vitrine::abi
