// For tests: does in software those AVX-512 instructions that lowering uses, where the CPU has none and says so by
// SIGILL. So code for a CPU with AVX-512 is run on any; of 128 bits, unmasked, without broadcast.
//
// Encodings: Intel SDM volume 2, 2.7 (EVEX).
#pragma once

#include <ucontext.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

namespace vitrine::x64::testing {

class Avx512Emulation {
 public:
  /// Does the instruction at the pc and steps over it; false: it is none of these.
  static bool step(ucontext_t& context) { return Avx512Emulation(context).run(); }

 private:
  template <class T>
  using Lanes = std::array<T, 16 / sizeof(T)>;
  using Bytes = Lanes<uint8_t>;

  explicit Avx512Emulation(ucontext_t& context)
      : context_(context), at_(reinterpret_cast<const uint8_t*>(context.uc_mcontext.gregs[REG_RIP])) {}

  Bytes get(unsigned reg) const {
    Bytes bytes;
    std::memcpy(bytes.data(), &context_.uc_mcontext.fpregs->_xmm[reg], 16);
    return bytes;
  }
  template <class T>
  Lanes<T> lanes(unsigned reg) const {
    return std::bit_cast<Lanes<T>>(get(reg));
  }
  template <class T>
  void set(unsigned reg, const Lanes<T>& value) {
    std::memcpy(&context_.uc_mcontext.fpregs->_xmm[reg], value.data(), 16);
  }
  uint64_t gpr(unsigned n) const {
    constexpr int kRegs[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                             REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return static_cast<uint64_t>(context_.uc_mcontext.gregs[kRegs[n]]);
  }
  int32_t word(const uint8_t* p) const {
    int32_t value;
    std::memcpy(&value, p, 4);
    return value;
  }

  /// The register or memory operand; `end` is what of the instruction stands behind it. `immediate`: bytes that follow.
  Bytes operand(const uint8_t* modrm, unsigned b, unsigned x, unsigned immediate, const uint8_t** end) const {
    const unsigned mod = *modrm >> 6, rm = *modrm & 7;
    if (mod == 3) {
      *end = modrm + 1;
      return get(rm | b << 3);
    }
    const uint8_t* p = modrm + 1;
    uint64_t address = 0;
    if (rm == 4) {
      const uint8_t sib = *p++;
      const unsigned index = (sib >> 3 & 7) | x << 3, base = (sib & 7) | b << 3;
      if (index != 4) address += gpr(index) << (sib >> 6);
      if ((sib & 7) == 5 && mod == 0) {
        address += static_cast<uint64_t>(int64_t{word(p)});
        p += 4;
      } else {
        address += gpr(base);
      }
    } else if (rm == 5 && mod == 0) {
      address = reinterpret_cast<uint64_t>(p + 4 + immediate) + static_cast<uint64_t>(int64_t{word(p)});
      p += 4;
    } else {
      address = gpr(rm | b << 3);
    }
    if (mod == 1) address += static_cast<uint64_t>(int64_t{static_cast<int8_t>(*p++)} * 16);  // in units of the access
    if (mod == 2) {
      address += static_cast<uint64_t>(int64_t{word(p)});
      p += 4;
    }
    *end = p;
    Bytes bytes;
    std::memcpy(bytes.data(), reinterpret_cast<const void*>(address), 16);
    return bytes;
  }

  template <class F>
  static uint32_t to_u32(F x) {
    // Out of range, NaN among it, is all ones.
    const F whole = std::trunc(x);
    if (!(whole > F(-1) && whole < F(4294967296.0))) return ~0u;
    return static_cast<uint32_t>(static_cast<int64_t>(whole));
  }

  bool run() {
    if (at_[0] != 0x62) return false;
    const unsigned p0 = at_[1], p1 = at_[2], p2 = at_[3], opcode = at_[4];
    const unsigned map = p0 & 7, pp = p1 & 3, w = p1 >> 7;
    if ((p2 & 0x77) != 0 || (p0 & 0x10) == 0 || (p2 & 8) == 0) return false;  // longer, masked, or registers above 15
    const uint8_t* modrm = at_ + 5;
    const unsigned r = ~p0 >> 7 & 1, x = ~p0 >> 6 & 1, b = ~p0 >> 5 & 1, v = ~p1 >> 3 & 15;
    const unsigned d = (*modrm >> 3 & 7) | r << 3, key = map << 12 | pp << 10 | w << 9 | opcode;
    const bool has_imm = map == 3 || opcode == 0x72;
    const uint8_t* end;
    const Bytes source = operand(modrm, b, x, has_imm, &end);
    const unsigned imm = has_imm ? *end++ : 0;
    const auto s64 = std::bit_cast<Lanes<uint64_t>>(source);
    constexpr unsigned k0f = 1 << 12, k38 = 2 << 12, k3a = 3 << 12, k66 = 1 << 10, kF2 = 3 << 10, kW = 1 << 9;
    switch (key) {
      case k3a | k66 | 0x25: {  // vpternlogd
        const auto first = lanes<uint64_t>(d), second = lanes<uint64_t>(v);
        Lanes<uint64_t> result{};
        for (unsigned n = 0; n < 2; ++n) {
          for (unsigned bit = 0; bit < 64; ++bit) {
            const unsigned row =
                static_cast<unsigned>((first[n] >> bit & 1) << 2 | (second[n] >> bit & 1) << 1 | (s64[n] >> bit & 1));
            result[n] |= uint64_t{imm >> row & 1} << bit;
          }
        }
        set<uint64_t>(d, result);
        break;
      }
      case k0f | k66 | kW | 0x72: {  // vpsraq by a number
        if ((*modrm >> 3 & 7) != 4) return false;
        set<uint64_t>(v, arithmetic(s64, imm));
        break;
      }
      case k0f | k66 | kW | 0xe2:  // vpsraq
        set<uint64_t>(d, arithmetic(lanes<uint64_t>(v), s64[0]));
        break;
      case k38 | k66 | kW | 0x40: {  // vpmullq
        const auto first = lanes<uint64_t>(v);
        set<uint64_t>(d, {first[0] * s64[0], first[1] * s64[1]});
        break;
      }
      case k38 | k66 | kW | 0x1f: {  // vpabsq
        auto magnitude = [](uint64_t n) { return n >> 63 ? 0 - n : n; };
        set<uint64_t>(d, {magnitude(s64[0]), magnitude(s64[1])});
        break;
      }
      case k0f | kF2 | 0x7a: {  // vcvtudq2ps
        const auto from = std::bit_cast<Lanes<uint32_t>>(source);
        Lanes<float> result;
        for (unsigned n = 0; n < 4; ++n) result[n] = static_cast<float>(from[n]);
        set<float>(d, result);
        break;
      }
      case k0f | 0x78: {  // vcvttps2udq
        const auto from = std::bit_cast<Lanes<float>>(source);
        Lanes<uint32_t> result;
        for (unsigned n = 0; n < 4; ++n) result[n] = to_u32(from[n]);
        set<uint32_t>(d, result);
        break;
      }
      case k0f | kW | 0x78: {  // vcvttpd2udq
        const auto from = std::bit_cast<Lanes<double>>(source);
        set<uint32_t>(d, {to_u32(from[0]), to_u32(from[1]), 0, 0});
        break;
      }
      case k38 | k66 | 0x75: {  // vpermi2b
        const Bytes numbers = get(d), first = get(v);
        Bytes result;
        for (unsigned n = 0; n < 16; ++n)
          result[n] = numbers[n] & 16 ? source[numbers[n] & 15] : first[numbers[n] & 15];
        set<uint8_t>(d, result);
        break;
      }
      default:
        return false;
    }
    context_.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(end);
    return true;
  }
  static Lanes<uint64_t> arithmetic(const Lanes<uint64_t>& from, uint64_t count) {
    const uint64_t n = count > 63 ? 63 : count;
    auto shifted = [&](uint64_t bits) { return static_cast<uint64_t>(static_cast<int64_t>(bits) >> n); };
    return {shifted(from[0]), shifted(from[1])};
  }

  ucontext_t& context_;
  const uint8_t* at_;
};

}  // namespace vitrine::x64::testing
