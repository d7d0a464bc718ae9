// Which operator of the module a piece of code comes from: one entry per change, sorted by place, in two or three bytes
// each instead of twelve (large modules have tens of millions).
//
// Entries stand in chunks of at most kEntriesPerChunk. A chunk says where it begins in the text and in the bytes; its
// entries are differences, in LEB128:
//   (offset - last offset) * 2 + (inline site differs), zigzag(srcloc - last srcloc), [zigzag(site - last site)]
// with last offset, srcloc and site at the chunk's offset, 0 and 0. A chunk's inline sites are counted from its
// `sites`, so that chunks of different functions can be made apart and put together later.
//
// Costs: finding is a binary search over chunks and a walk through one. A reader expects nothing of the bytes: damaged
// ones give wrong entries or none.
#pragma once

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

/// Appends the map of a function to its tables: entries by increasing offsets.
void encode_addresses(std::span<const AddressEntry> entries, std::vector<AddressChunk>& chunks,
                      std::vector<uint8_t>& bytes);

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
