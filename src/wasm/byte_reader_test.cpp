#include "wasm/byte_reader.hpp"

#include <gtest/gtest.h>

#include "wasm/module_bytes.hpp"

namespace vitrine::wasm {
namespace {

template <class Read>
std::string error_of(const Bytes& bytes, Read read) {
  ByteReader r(bytes);
  read(r);
  return r.ok() ? "" : r.take_error().message();
}
#define EXPECT_READS(bytes, call, value) \
  do {                                   \
    Bytes b = bytes;                     \
    ByteReader r(b);                     \
    EXPECT_EQ(r.call(), value);          \
    EXPECT_TRUE(r.ok() && r.at_end());   \
  } while (0)
#define EXPECT_FAILS(bytes, call, message) \
  EXPECT_EQ(error_of(bytes, [](ByteReader& r) { EXPECT_EQ(r.call(), 0); }), message)

TEST(ByteReader, UnsignedLeb) {
  EXPECT_READS((Bytes{0x7f}), u32, 127u);
  EXPECT_READS((Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}), u32, 0xffff'ffffu);
  EXPECT_READS((Bytes{0x80, 0x80, 0x80, 0x80, 0x00}), u32, 0u);
  EXPECT_READS((Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), u64, UINT64_MAX);
  EXPECT_FAILS((Bytes{0xff, 0xff, 0xff, 0xff, 0x1f}), u32, "integer too large, at offset 0x4");
  EXPECT_FAILS((Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), u32, "integer representation too long, at offset 0x5");
  EXPECT_FAILS((Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}), u64,
               "integer too large, at offset 0x9");
  EXPECT_FAILS((Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}), u64,
               "integer representation too long, at offset 0xa");
  EXPECT_FAILS((Bytes{0x80}), u32, "unexpected end of section or function, at offset 0x1");
  EXPECT_FAILS((Bytes{}), u64, "unexpected end of section or function, at offset 0x0");
}

TEST(ByteReader, SignedLeb) {
  EXPECT_READS((Bytes{0x40}), s32, -64);
  EXPECT_READS((Bytes{0x3f}), s64, 63);
  EXPECT_READS((Bytes{0xc0, 0xbb, 0x78}), s32, -123456);
  EXPECT_READS((Bytes{0x80, 0x80, 0x80, 0x80, 0x78}), s32, INT32_MIN);
  EXPECT_READS((Bytes{0xff, 0xff, 0xff, 0xff, 0x07}), s32, INT32_MAX);
  EXPECT_READS((Bytes{0xff, 0xff, 0xff, 0xff, 0x7f}), s32, -1);
  EXPECT_READS((Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}), s33, int64_t{0xffff'ffff});
  EXPECT_READS((Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}), s64, INT64_MIN);
  EXPECT_FAILS((Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}), s32, "integer too large, at offset 0x4");
  EXPECT_FAILS((Bytes{0x80, 0x80, 0x80, 0x80, 0x70}), s32, "integer too large, at offset 0x4");
  EXPECT_FAILS((Bytes{0xff, 0xff, 0xff, 0xff, 0x1f}), s33, "integer too large, at offset 0x4");
  EXPECT_FAILS((Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), s64,
               "integer too large, at offset 0x9");
  EXPECT_FAILS((Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), s32, "integer representation too long, at offset 0x5");
}

TEST(ByteReader, TheFirstErrorStays) {
  Bytes bytes = {0x80, 0x80, 0x80, 0x80, 0x80, 1, 2, 3};
  ByteReader r(bytes, 0x10);
  r.u32();
  EXPECT_EQ(r.u8(), 0);
  EXPECT_EQ(r.word64(), 0u);
  EXPECT_EQ(r.name(), "");
  r.fail("another");
  EXPECT_EQ(r.take_error().message(), "integer representation too long, at offset 0x15");
}

TEST(ByteReader, CountsAreBoundedByBytesAndLimits) {
  Bytes bytes = {5, 0, 0, 0, 0, 0};
  ByteReader fits(bytes);
  EXPECT_EQ(fits.count(5, "types"), 5u);
  ByteReader over(bytes);
  over.count(4, "types");
  EXPECT_EQ(over.error_kind(), ErrorKind::Limit);
  EXPECT_EQ(over.take_error().message(), "too many types: 5, the limit is 4, at offset 0x0");
  Bytes huge = {0xff, 0xff, 0xff, 0xff, 0x0f};
  ByteReader lies(huge);
  EXPECT_EQ(lies.count(UINT32_MAX, "types"), 0u);
  EXPECT_EQ(lies.error_kind(), ErrorKind::Malformed);
}

TEST(ByteReader, SubReadersKeepModuleOffsets) {
  Bytes bytes = {1, 2, 3, 4};
  ByteReader r(bytes, 100);
  r.u8();
  ByteReader sub = r.sub(2);
  EXPECT_EQ(r.offset(), 103u);
  sub.word32();
  r.fail_with(sub);
  EXPECT_EQ(r.take_error().message(), "unexpected end of section or function, at offset 0x67");
}

}  // namespace
}  // namespace vitrine::wasm
