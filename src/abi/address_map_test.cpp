#include "abi/address_map.hpp"

#include <gtest/gtest.h>

namespace vitrine::abi {
namespace {

struct Encoded {
  std::vector<AddressChunk> chunks;
  std::vector<uint8_t> bytes;
  explicit Encoded(std::span<const AddressEntry> entries) { encode_addresses(entries, chunks, bytes); }
};

std::vector<AddressEntry> sample(uint32_t count) {
  std::vector<AddressEntry> entries;
  uint32_t random = 7;
  for (uint32_t i = 0, offset = 3; i < count; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    entries.push_back({offset, i % 50 == 49 ? 0 : 0x8000 + random % 9'000, i % 7 < 3 ? i % 11 : 0});
    offset += i % 31 == 0 ? 70'000 : 1 + random % 20;
  }
  return entries;
}

TEST(AddressMap, RoundTrip) {
  for (uint32_t count : {0u, 1u, 63u, 64u, 65u, 1'000u}) {
    auto entries = sample(count);
    Encoded encoded(entries);
    AddressMap map(encoded.chunks, encoded.bytes);
    EXPECT_EQ(map.decode(), entries);
    for (size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(map.find(entries[i].offset), entries[i]);
      if (i > 0) {
        EXPECT_EQ(map.find(entries[i].offset - 1), entries[i - 1]);
      }
    }
    EXPECT_EQ(map.find(2), std::nullopt);
    if (count > 0) {
      EXPECT_EQ(map.find(~0u), entries.back());
    }
  }
}

TEST(AddressMap, IsSmall) {
  std::vector<AddressEntry> entries;
  for (uint32_t i = 0; i < 10'000; ++i) entries.push_back({i * 5, 1'000'000 + i * 3, 0});
  Encoded encoded(entries);
  EXPECT_LT(encoded.bytes.size() + encoded.chunks.size() * sizeof(AddressChunk), 10'000 * 5 / 2u);
}

TEST(AddressMap, DamagedBytesAreHarmless) {
  Encoded encoded(sample(200));
  for (auto& byte : encoded.bytes) byte |= 0x80;
  encoded.chunks[1].position = 1 << 30;
  AddressMap map(encoded.chunks, encoded.bytes);
  EXPECT_LE(map.decode().size(), encoded.bytes.size());
  (void)map.find(5'000);
  EXPECT_EQ(AddressMap(encoded.chunks, {}).decode().size(), 0u);
}

}  // namespace
}  // namespace vitrine::abi
