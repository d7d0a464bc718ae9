// Every plain encoding against AsmJit's own.
#include "compiler/x64/emit_plain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace vitrine::x64 {
namespace {

namespace x86 = asmjit::x86;
namespace Inst = asmjit::x86::Inst;
using asmjit::Imm;

constexpr int32_t kDisps[] = {0, 1, -1, 127, 128, -128, -129, 0x12345, INT32_MAX, INT32_MIN};
constexpr int64_t kImms[] = {
    0,      1,       2,         -1,        31,          63,          127,         128,           -128,      -129,
    0x7fff, 0x12345, INT32_MAX, INT32_MIN, 0xffff'ffff, 0x8000'0000, 0xffff'ff80, 0x1'0000'0000, INT64_MAX, INT64_MIN};

x86::Gp gp(unsigned size, unsigned n) {
  if (size == 8) return x86::gpq(n);
  if (size == 4) return x86::gpd(n);
  if (size == 2) return x86::gpw(n);
  return x86::gpb_lo(n);
}

class Plain : public testing::Test {
 protected:
  Plain() {
    EXPECT_EQ(code_.init(asmjit::Environment(asmjit::Arch::kX64)), asmjit::kErrorOk);
    EXPECT_EQ(code_.attach(&a_), asmjit::kErrorOk);
  }

  /// Whether the form is known here; then its bytes are compared.
  template <class... Ops>
  bool known(asmjit::InstId id, const Ops&... ops) {
    uint8_t buffer[64];
    std::ranges::fill(buffer, uint8_t{0xcc});
    const uint8_t* end = plain::encode(buffer, id, ops...);
    if (!end) return false;
    const auto bytes = static_cast<size_t>(end - buffer);
    EXPECT_LE(bytes, plain::kMaxBytes);
    EXPECT_TRUE(std::all_of(buffer + plain::kMaxBytes, std::end(buffer), [](uint8_t b) { return b == 0xcc; }));
    a_.setOffset(0);
    const asmjit::Error error = a_.emit(id, ops...);
    const std::vector<uint8_t> ours(buffer, buffer + bytes), theirs(a_.bufferData(), a_.bufferData() + a_.offset());
    if (error != asmjit::kErrorOk || ours != theirs) {
      ++different_;
      if (different_ > 20) return true;
      asmjit::String text;
      asmjit::InstAPI::instIdToString(asmjit::Arch::kX64, id, text);
      for (const asmjit::Operand& op : {asmjit::Operand(ops)...}) {
        text.append(' ');
        asmjit::Formatter::formatOperand(text, asmjit::FormatFlags::kNone, nullptr, asmjit::Arch::kX64, op);
      }
      ADD_FAILURE() << text.data() << ": ours " << testing::PrintToString(ours) << ", AsmJit's "
                    << (error ? asmjit::DebugUtils::errorAsString(error) : testing::PrintToString(theirs));
    }
    ++compared_;
    return true;
  }

  /// All addresses of `size` bytes: every base and index, every scale, displacements at each limit.
  template <class F>
  static void each_address(unsigned size, F f) {
    for (unsigned base = 0; base < 16; ++base) {
      for (int32_t disp : kDisps) f(x86::ptr(x86::gpq(base), disp, size));
      for (unsigned index = 0; index < 16; ++index) {
        if (index == 4) continue;
        for (unsigned shift = 0; shift < 4; ++shift) {
          for (int32_t disp : {0, 8, -1000}) f(x86::ptr(x86::gpq(base), x86::gpq(index), shift, disp, size));
        }
      }
    }
  }

  static bool is_rm_of_register(plain::Kind kind) {
    return kind == plain::Kind::RegRm || kind == plain::Kind::Movsxd || kind == plain::Kind::Lea ||
           kind == plain::Kind::Extend;
  }

  asmjit::CodeHolder code_;
  x86::Assembler a_;
  size_t compared_ = 0, different_ = 0;
};

TEST_F(Plain, RegistersAreAsmJits) {
  for (asmjit::InstId id = 1; id < Inst::_kIdCount; ++id) {
    const plain::Kind kind = plain::kForms[id].kind;
    if (kind == plain::Kind::Other) continue;
    for (unsigned size : {1u, 2u, 4u, 8u}) {
      for (unsigned x = 0; x < 16; ++x) {
        known(id, gp(size, x));
        for (unsigned y = 0; y < 16; ++y) {
          if (kind == plain::Kind::Extend) {
            if (size < 4) continue;
            known(id, gp(size, x), gp(1, y));
            known(id, gp(size, x), gp(2, y));
          } else if (kind == plain::Kind::Movsxd) {
            if (size == 8) known(id, gp(8, x), gp(4, y));
          } else if (kind == plain::Kind::Shift) {
            known(id, gp(size, x), x86::cl);
          } else {
            known(id, gp(size, x), gp(size, y));
          }
        }
      }
    }
  }
  EXPECT_GT(compared_, 15'000u);
}

TEST_F(Plain, ImmediatesAreAsmJits) {
  for (asmjit::InstId id = 1; id < Inst::_kIdCount; ++id) {
    const plain::Kind kind = plain::kForms[id].kind;
    if (kind == plain::Kind::Other) continue;
    for (unsigned size : {4u, 8u}) {
      for (int64_t value : kImms) {
        if (kind == plain::Kind::Shift && (value < 0 || value >= size * 8)) continue;
        for (unsigned x = 0; x < 16; ++x) {
          known(id, gp(size, x), Imm(value));
          for (int32_t disp : kDisps) known(id, x86::ptr(x86::gpq(x), disp, size), Imm(value));
        }
      }
    }
  }
  EXPECT_GT(compared_, 20'000u);
}

TEST_F(Plain, AddressesAreAsmJits) {
  for (asmjit::InstId id = 1; id < Inst::_kIdCount; ++id) {
    const plain::Kind kind = plain::kForms[id].kind;
    if (kind == plain::Kind::Other || (kind == plain::Kind::RegRm && id != Inst::kIdImul && id != Inst::kIdCmovb))
      continue;
    for (unsigned size : {1u, 2u, 4u, 8u}) {
      if (size < 4 && is_rm_of_register(kind)) continue;
      for (unsigned x : {0u, 1u, 4u, 5u, 7u, 8u, 12u, 15u}) {
        if (kind == plain::Kind::Movsxd) {
          if (size == 8) each_address(4, [&](const x86::Mem& m) { known(id, gp(8, x), m); });
        } else if (kind == plain::Kind::Extend) {
          for (unsigned from : {1u, 2u}) each_address(from, [&](const x86::Mem& m) { known(id, gp(size, x), m); });
        } else {
          each_address(size, [&](const x86::Mem& m) {
            known(id, gp(size, x), m);
            known(id, m, gp(size, x));
          });
        }
      }
    }
  }
  EXPECT_GT(compared_, 500'000u);
}

TEST_F(Plain, MostCodeIsKnown) {
  for (unsigned size : {4u, 8u}) {
    const x86::Mem m = x86::ptr(x86::rbp, -16, size);
    EXPECT_TRUE(known(Inst::kIdMov, gp(size, 1), gp(size, 9)));
    EXPECT_TRUE(known(Inst::kIdMov, gp(size, 1), m));
    EXPECT_TRUE(known(Inst::kIdMov, m, gp(size, 1)));
    EXPECT_TRUE(known(Inst::kIdMov, gp(size, 1), Imm(7)));
    EXPECT_TRUE(known(Inst::kIdMov, m, Imm(7)));
    EXPECT_TRUE(known(Inst::kIdAdd, gp(size, 1), m));
    EXPECT_TRUE(known(Inst::kIdXor, gp(size, 1), gp(size, 2)));
    EXPECT_TRUE(known(Inst::kIdCmp, gp(size, 0), Imm(1000)));
    EXPECT_TRUE(known(Inst::kIdTest, gp(size, 3), gp(size, 3)));
    EXPECT_TRUE(known(Inst::kIdShl, gp(size, 3), Imm(4)));
    EXPECT_TRUE(known(Inst::kIdLea, gp(size, 3), x86::ptr(x86::rax, x86::r9, 2, 4)));
  }
  EXPECT_TRUE(known(Inst::kIdPush, x86::r12));
  EXPECT_TRUE(known(Inst::kIdSete, x86::sil));
}

// What is not encoded here is left to AsmJit, and not encoded wrongly.
TEST_F(Plain, TheRestIsNot) {
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(x86::rip, 0, 8)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(uint64_t{0x1000}, 8)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(x86::ecx, 0, 8)));
  EXPECT_FALSE(known(Inst::kIdAdd, x86::rax, Imm(INT64_MAX)));
  EXPECT_FALSE(known(Inst::kIdDiv, x86::edx, x86::eax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdVmovsd, x86::xmm0, x86::ptr(x86::rax, 0, 8)));
}

}  // namespace
}  // namespace vitrine::x64
