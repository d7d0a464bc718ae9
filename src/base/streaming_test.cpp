#include "base/streaming.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace vitrine {
namespace {

std::vector<uint8_t> pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i / 256);
  return bytes;
}

TEST(Streaming, FillsWhatMemsetFills) {
  for (size_t at : {0, 1, 15, 16, 63, 64, 65}) {
    for (size_t size : {0, 1, 63, 64, 65, 127, 128, 1000}) {
      auto bytes = pattern(1200), expected = bytes;
      fill_streaming(bytes.data() + at, 0xa5, size);
      std::memset(expected.data() + at, 0xa5, size);
      ASSERT_EQ(bytes, expected) << at << " " << size;
    }
  }
}

TEST(Streaming, CopiesWhatMemmoveCopies) {
  for (size_t to : {0, 1, 15, 64, 100, 1250}) {
    for (size_t from : {100, 101, 116, 163, 164, 165, 228, 1400}) {  // not below `to`, or far enough
      for (size_t size : {0, 1, 63, 64, 65, 127, 128, 1000}) {
        auto bytes = pattern(2400), expected = bytes;
        copy_streaming(bytes.data() + to, bytes.data() + from, size);
        std::memmove(expected.data() + to, expected.data() + from, size);
        ASSERT_EQ(bytes, expected) << to << " " << from << " " << size;
      }
    }
  }
}

}  // namespace
}  // namespace vitrine
