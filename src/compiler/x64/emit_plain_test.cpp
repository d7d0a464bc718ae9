// Every plain encoding against AsmJit's own.
#include "compiler/x64/emit_plain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

#include "compiler/x64/emit_asm.hpp"

namespace vitrine::x64 {
namespace {

using asmjit::Imm;

constexpr int32_t kDisps[] = {0, 1, -1, 127, 128, -128, -129, 0x12345, INT32_MAX, INT32_MIN};
constexpr int32_t kIndexedDisps[] = {0, 8, 127, 128, -128, -129, -1000, INT32_MAX};
constexpr int64_t kImms[] = {
    0,      1,       2,         -1,        31,          63,          127,         128,           -128,      -129,
    0x7fff, 0x12345, INT32_MAX, INT32_MIN, 0xffff'ffff, 0x8000'0000, 0xffff'ff80, 0x1'0000'0000, INT64_MAX, INT64_MIN};

x86::Gp sized(unsigned size, unsigned n) {
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
    longest_ = std::max(longest_, bytes);
    EXPECT_TRUE(std::all_of(buffer + plain::kRoom, std::end(buffer), [](uint8_t b) { return b == 0xcc; }));
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
          for (int32_t disp : kIndexedDisps) f(x86::ptr(x86::gpq(base), x86::gpq(index), shift, disp, size));
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
  size_t compared_ = 0, different_ = 0, longest_ = 0;
};

TEST_F(Plain, RegistersAreAsmJits) {
  for (asmjit::InstId id = 1; id < Inst::_kIdCount; ++id) {
    const plain::Kind kind = plain::kForms[id].kind;
    if (kind == plain::Kind::Other) continue;
    for (unsigned size : {1u, 2u, 4u, 8u}) {
      for (unsigned x = 0; x < 16; ++x) {
        known(id, sized(size, x));
        for (unsigned y = 0; y < 16; ++y) {
          if (kind == plain::Kind::Extend) {
            if (size < 4) continue;
            known(id, sized(size, x), sized(1, y));
            known(id, sized(size, x), sized(2, y));
          } else if (kind == plain::Kind::Movsxd) {
            if (size == 8) known(id, sized(8, x), sized(4, y));
          } else if (kind == plain::Kind::Shift) {
            known(id, sized(size, x), x86::cl);
          } else {
            known(id, sized(size, x), sized(size, y));
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
        if (kind == plain::Kind::Shift && (value < 0 || value > 255)) continue;
        for (unsigned x = 0; x < 16; ++x) {
          known(id, sized(size, x), Imm(value));
          for (int32_t disp : kDisps) known(id, x86::ptr(x86::gpq(x), disp, size), Imm(value));
          for (int32_t disp : kIndexedDisps)
            known(id, x86::ptr(x86::r12, x86::gpq(x ? x : 13), 3, disp, size), Imm(value));
        }
      }
    }
  }
  EXPECT_GT(compared_, 20'000u);
  EXPECT_EQ(longest_, plain::kLongest);
}

TEST_F(Plain, AddressesAreAsmJits) {
  for (asmjit::InstId id = 1; id < Inst::_kIdCount; ++id) {
    const plain::Kind kind = plain::kForms[id].kind;
    if (kind == plain::Kind::Other) continue;
    for (unsigned size : {1u, 2u, 4u, 8u}) {
      if (size < 4 && is_rm_of_register(kind)) continue;
      for (unsigned x : {0u, 1u, 4u, 5u, 7u, 8u, 12u, 15u}) {
        if (kind == plain::Kind::Movsxd) {
          if (size == 8) each_address(4, [&](const x86::Mem& m) { known(id, sized(8, x), m); });
        } else if (kind == plain::Kind::Extend) {
          for (unsigned from : {1u, 2u}) each_address(from, [&](const x86::Mem& m) { known(id, sized(size, x), m); });
        } else {
          each_address(size, [&](const x86::Mem& m) {
            known(id, sized(size, x), m);
            known(id, m, sized(size, x));
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
    EXPECT_TRUE(known(Inst::kIdMov, sized(size, 1), sized(size, 9)));
    EXPECT_TRUE(known(Inst::kIdMov, sized(size, 1), m));
    EXPECT_TRUE(known(Inst::kIdMov, m, sized(size, 1)));
    EXPECT_TRUE(known(Inst::kIdMov, sized(size, 1), Imm(7)));
    EXPECT_TRUE(known(Inst::kIdMov, m, Imm(7)));
    EXPECT_TRUE(known(Inst::kIdAdd, sized(size, 1), m));
    EXPECT_TRUE(known(Inst::kIdXor, sized(size, 1), sized(size, 2)));
    EXPECT_TRUE(known(Inst::kIdCmp, sized(size, 0), Imm(1000)));
    EXPECT_TRUE(known(Inst::kIdTest, sized(size, 3), sized(size, 3)));
    EXPECT_TRUE(known(Inst::kIdShl, sized(size, 3), Imm(4)));
    EXPECT_TRUE(known(Inst::kIdShl, sized(size, 3), x86::cl));
    EXPECT_TRUE(known(Inst::kIdLea, sized(size, 3), x86::ptr(x86::rax, x86::r9, 2, 4)));
    EXPECT_TRUE(known(Inst::kIdSub, m, sized(size, 3)));
    EXPECT_TRUE(known(Inst::kIdAnd, m, Imm(3)));
    EXPECT_TRUE(known(Inst::kIdMovzx, sized(size, 3), x86::ptr(x86::rbp, 0, 1)));
    EXPECT_TRUE(known(Inst::kIdMovsx, sized(size, 3), x86::ptr(x86::rbp, 0, 2)));
    EXPECT_TRUE(known(Inst::kIdMovzx, sized(size, 3), x86::sil));
    EXPECT_TRUE(known(Inst::kIdImul, sized(size, 3), m));
    EXPECT_TRUE(known(Inst::kIdCmovb, sized(size, 3), sized(size, 9)));
    EXPECT_TRUE(known(Inst::kIdNeg, sized(size, 3)));
    EXPECT_TRUE(known(Inst::kIdNot, sized(size, 3)));
  }
  EXPECT_TRUE(known(Inst::kIdMovsxd, x86::rax, x86::r9d));
  EXPECT_TRUE(known(Inst::kIdMovsxd, x86::rax, x86::ptr(x86::rbp, 0, 4)));
  EXPECT_TRUE(known(Inst::kIdPop, x86::r12));
  EXPECT_TRUE(known(Inst::kIdPush, x86::r12));
  EXPECT_TRUE(known(Inst::kIdSete, x86::sil));
}

// What is not encoded here is left to AsmJit, and not encoded wrongly.
TEST_F(Plain, TheRestIsNot) {
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(x86::rip, 0, 8)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(uint64_t{0x1000}, 8)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(x86::ecx, 0, 8)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ptr(x86::rax, x86::ecx, 0, 0, 8)));
  x86::Mem in_segment = x86::ptr(x86::rax, 0, 8);
  in_segment.setSegment(x86::fs);
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, in_segment));
  EXPECT_FALSE(known(Inst::kIdAdd, x86::rax, Imm(INT64_MAX)));
  EXPECT_FALSE(known(Inst::kIdAdd, x86::al, Imm(1)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::ptr(x86::rax, 0, 2), Imm(1)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::ptr(x86::rax, 0, 16), Imm(1)));
  EXPECT_FALSE(known(Inst::kIdImul, x86::rax));
  EXPECT_FALSE(known(Inst::kIdImul, x86::rax, Imm(3)));
  EXPECT_FALSE(known(Inst::kIdImul, x86::rax, x86::rcx, Imm(3)));
  EXPECT_FALSE(known(Inst::kIdTest, x86::rax, x86::ptr(x86::rax, 0, 8)));
  EXPECT_FALSE(known(Inst::kIdDiv, x86::edx, x86::eax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdVmovsd, x86::xmm0, x86::ptr(x86::rax, 0, 8)));
}

// What AsmJit refuses, or takes for something else, is left to it: a bug of lowering must not become other code.
TEST_F(Plain, OperandsThatDoNotGoTogetherAreNot) {
  EXPECT_FALSE(known(Inst::kIdMov, x86::rax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdMov, x86::eax, x86::rcx));
  EXPECT_FALSE(known(Inst::kIdAdd, x86::rax, x86::cl));
  EXPECT_FALSE(known(Inst::kIdTest, x86::rax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdImul, x86::rax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdImul, x86::al, x86::ptr(x86::rax, 0, 1)));
  EXPECT_FALSE(known(Inst::kIdImul, x86::ax, x86::cx));
  EXPECT_FALSE(known(Inst::kIdShl, x86::eax, x86::dl));
  EXPECT_FALSE(known(Inst::kIdShl, x86::eax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdMovzx, x86::eax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdMovzx, x86::eax, x86::ch));
  EXPECT_FALSE(known(Inst::kIdMovzx, x86::eax, x86::ptr(x86::rax, 0, 0)));
  EXPECT_FALSE(known(Inst::kIdMovzx, x86::eax, x86::ptr(x86::rax, 0, 4)));
  EXPECT_FALSE(known(Inst::kIdMovsxd, x86::eax, x86::ecx));
  EXPECT_FALSE(known(Inst::kIdMovsxd, x86::rax, x86::rcx));
  EXPECT_FALSE(known(Inst::kIdMov, x86::ah, x86::cl));
  EXPECT_FALSE(known(Inst::kIdMov, x86::cl, x86::ah));
  EXPECT_FALSE(known(Inst::kIdMov, x86::ah, x86::ptr(x86::rax, 0, 1)));
  EXPECT_FALSE(known(Inst::kIdMov, x86::ptr(x86::rax, 0, 1), x86::ah));
  EXPECT_FALSE(known(Inst::kIdSete, x86::ah));
}

// AsmJit grows its buffer by what it knows of its end, and most is written without it: plain instructions and others at
// every distance from the end of the buffer, each of the longest.
TEST_F(Plain, TheBufferGrows) {
  const x86::Mem m = x86::ptr(x86::r12, x86::r13, 3, 0x12345678, 8);
  for (unsigned phase = 0; phase < 16; ++phase) {
    Asm ours;
    ours.reset(0);
    a_.setOffset(0);
    for (unsigned n = 0; n < phase; ++n) {
      ours.e(Inst::kIdPush, x86::rax);
      a_.emit(Inst::kIdPush, x86::rax);
    }
    for (unsigned n = 0; n < 4000; ++n) {
      for (unsigned plain = 0; plain < n % 5; ++plain) {
        ours.e(Inst::kIdMov, m, Imm(0x12345678));
        a_.emit(Inst::kIdMov, m, Imm(0x12345678));
      }
      if (n % 3 == 0) {
        ours.jmp_symbol(n);
        a_.embed("\xe9\0\0\0", 5);
      }
      ours.e(Inst::kIdTest, m, Imm(0x12345678));
      a_.emit(Inst::kIdTest, m, Imm(0x12345678));
    }
    abi::CodeUnit unit;
    std::vector<abi::AddressEntry> places;
    ours.finish({}, {}, unit, places);
    const std::span theirs(a_.bufferData(), a_.offset());
    EXPECT_TRUE(std::ranges::equal(std::span(unit.text).first(theirs.size()), theirs)) << phase;
  }
}

}  // namespace
}  // namespace vitrine::x64
