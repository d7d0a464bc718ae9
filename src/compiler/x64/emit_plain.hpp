// The encodings of what most code consists of: moves, arithmetic and comparisons of integers, in registers and memory.
// AsmJit's encoder serves every instruction there is and takes some hundred instructions for each; these take twenty.
// A form answers where its last byte ended, the bytes being AsmJit's (emit_plain_test.cpp compares them), or null where
// the instruction or its operands are not among those known here: then it is AsmJit's, to encode or to refuse. Source:
// Intel SDM, volume 2, chapter 2 and the instructions' own pages.
#pragma once

#include <asmjit/x86.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace vitrine::x64::plain {

namespace x86 = asmjit::x86;
namespace Inst = asmjit::x86::Inst;

/// The longest of these encodings, and how much may be written at `p`: more, as what stands behind an end does not count.
constexpr size_t kLongest = 12, kRoom = 16;

// A further kind needs its loops in the test, which go by it.
enum class Kind : uint8_t {
  Other,  // not known here
  Alu,    // code: 0 to 7, in bits 3 to 5 of its opcodes
  Mov,
  Test,
  RegRm,   // code: behind 0f; reads an rm of the register's size
  Extend,  // code: behind 0f; of a byte, and one more of two bytes
  Movsxd,
  Lea,
  Shift,  // code: the extension of its opcode
  Unary,  // code: the extension of opcode f7
  Setcc,  // code: behind 0f
  Push,
  Pop,
};
struct Form {
  Kind kind = Kind::Other;
  uint8_t code = 0;
};

constexpr std::array<Form, Inst::_kIdCount> make_forms() {
  std::array<Form, Inst::_kIdCount> f = {};
  constexpr asmjit::InstId kAlu[] = {Inst::kIdAdd, Inst::kIdOr,  Inst::kIdAdc, Inst::kIdSbb,
                                     Inst::kIdAnd, Inst::kIdSub, Inst::kIdXor, Inst::kIdCmp};
  for (uint8_t n = 0; n < 8; ++n) f[kAlu[n]] = {Kind::Alu, n};
  f[Inst::kIdMov] = {Kind::Mov, 0};
  f[Inst::kIdTest] = {Kind::Test, 0};
  f[Inst::kIdImul] = {Kind::RegRm, 0xaf};
  f[Inst::kIdMovzx] = {Kind::Extend, 0xb6};
  f[Inst::kIdMovsx] = {Kind::Extend, 0xbe};
  f[Inst::kIdMovsxd] = {Kind::Movsxd, 0};
  f[Inst::kIdLea] = {Kind::Lea, 0};
  f[Inst::kIdRol] = {Kind::Shift, 0};
  f[Inst::kIdRor] = {Kind::Shift, 1};
  f[Inst::kIdShl] = {Kind::Shift, 4};
  f[Inst::kIdShr] = {Kind::Shift, 5};
  f[Inst::kIdSar] = {Kind::Shift, 7};
  f[Inst::kIdNot] = {Kind::Unary, 2};
  f[Inst::kIdNeg] = {Kind::Unary, 3};
  f[Inst::kIdPush] = {Kind::Push, 0};
  f[Inst::kIdPop] = {Kind::Pop, 0};
  for (uint8_t cc = 0; cc < 16; ++cc) {
    f[Inst::cmovccFromCond(static_cast<x86::CondCode>(cc))] = {Kind::RegRm, static_cast<uint8_t>(0x40 + cc)};
    f[Inst::setccFromCond(static_cast<x86::CondCode>(cc))] = {Kind::Setcc, static_cast<uint8_t>(0x90 + cc)};
  }
  return f;
}
inline constexpr std::array<Form, Inst::_kIdCount> kForms = make_forms();

// -- parts of an instruction

/// Writes `bytes` of a number; what stands behind them does not count.
inline uint8_t* number(uint8_t* p, int64_t value, unsigned bytes) {
  std::memcpy(p, &value, 8);
  return p + bytes;
}

inline bool fits8(int64_t value) {
  return value == static_cast<int8_t>(value);
}

constexpr unsigned k0f = 0x100;  // in an opcode: 0f comes first

/// Prefixes and opcode. `rex` has the bits for the registers, and 0x40 where there must be such a prefix.
inline uint8_t* opening(uint8_t* p, unsigned size, unsigned rex, unsigned opcode) {
  *p = 0x66;
  p += size == 2;
  rex |= size == 8 ? 0x48 : 0;
  *p = static_cast<uint8_t>(0x40 | rex);
  p += rex != 0;
  *p = 0x0f;
  p += opcode >> 8;
  *p++ = static_cast<uint8_t>(opcode);
  return p;
}

/// `ah` to `bh`, which are none of ours.
inline bool is_high(const x86::Gp& r) {
  return r.isGpbHi();
}

/// `spl` to `dil` need a prefix to be told from `ah` to `bh`.
inline unsigned byte_rex(unsigned size, unsigned reg) {
  return size == 1 && reg >= 4 ? 0x40 : 0;
}

inline uint8_t* rm_reg(uint8_t* p, unsigned size, unsigned rex, unsigned opcode, unsigned reg, unsigned rm) {
  p = opening(p, size, rex | reg >> 3 << 2 | rm >> 3, opcode);
  *p++ = static_cast<uint8_t>(0xc0 | (reg & 7) << 3 | (rm & 7));
  return p;
}

/// Whether `rm_mem` can encode it: a 64-bit base, with or without an index.
inline bool is_plain(const x86::Mem& m) {
  return m.baseType() == asmjit::RegType::kX86_Gpq && !m.hasSegment() &&
         (m.indexType() == asmjit::RegType::kNone || (m.indexType() == asmjit::RegType::kX86_Gpq && m.indexId() != 4));
}

inline uint8_t* rm_mem(uint8_t* p, unsigned size, unsigned rex, unsigned opcode, unsigned reg, const x86::Mem& m) {
  const unsigned base = m.baseId();
  const int32_t disp = m.offsetLo32();
  const unsigned mod = disp == 0 && (base & 7) != 5 ? 0 : fits8(disp) ? 1 : 2;
  rex |= reg >> 3 << 2 | base >> 3;
  const unsigned modrm = mod << 6 | (reg & 7) << 3;
  if (m.indexType() != asmjit::RegType::kNone) {
    const unsigned index = m.indexId();
    p = opening(p, size, rex | index >> 3 << 1, opcode);
    *p++ = static_cast<uint8_t>(modrm | 4);
    *p++ = static_cast<uint8_t>(m.shift() << 6 | (index & 7) << 3 | (base & 7));
  } else {
    p = opening(p, size, rex, opcode);
    *p++ = static_cast<uint8_t>(modrm | (base & 7));
    *p = 0x24;
    p += (base & 7) == 4;
  }
  std::memcpy(p, &disp, 4);
  return p + (mod == 2 ? 4 : mod);
}

// -- forms: by operands

/// Of registers alike, the second of which is the source; the opcode is that for bytes.
inline uint8_t* both(uint8_t* p, const x86::Gp& a, const x86::Gp& b, unsigned opcode) {
  const unsigned size = a.size(), x = a.id(), y = b.id();
  if (b.size() != size || is_high(a) || is_high(b)) return nullptr;
  return rm_reg(p, size, byte_rex(size, x) | byte_rex(size, y), opcode | (size > 1), y, x);
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Gp& a, const x86::Gp& b) {
  const Form form = kForms[id];
  const unsigned size = a.size(), x = a.id(), y = b.id();
  switch (form.kind) {
    case Kind::Alu:
      return both(p, a, b, form.code << 3u);
    case Kind::Mov:
      return both(p, a, b, 0x88);
    case Kind::Test:
      return both(p, a, b, 0x84);
    case Kind::RegRm:
      if (size < 4 || b.size() != size) return nullptr;
      return rm_reg(p, size, 0, k0f | form.code, x, y);
    case Kind::Extend:
      if (size < 4 || !(b.isGpbLo() || b.isGpw())) return nullptr;
      return rm_reg(p, size, byte_rex(b.size(), y), k0f | form.code | b.size() >> 1, x, y);
    case Kind::Movsxd:
      if (size != 8 || !b.isGpd()) return nullptr;
      return rm_reg(p, size, 0, 0x63, x, y);
    case Kind::Shift:
      if (size < 4 || !b.isGpbLo() || y != x86::Gp::kIdCx) return nullptr;
      return rm_reg(p, size, 0, 0xd3, form.code, x);
    default:
      return nullptr;
  }
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Gp& a, const x86::Mem& m) {
  if (!is_plain(m) || is_high(a)) return nullptr;
  const Form form = kForms[id];
  const unsigned size = a.size(), x = a.id();
  const unsigned wide = size > 1;
  if (form.kind == Kind::Mov) return rm_mem(p, size, byte_rex(size, x), 0x8a | wide, x, m);
  if (form.kind == Kind::Alu) return rm_mem(p, size, byte_rex(size, x), form.code << 3u | 2 | wide, x, m);
  if (size < 4) return nullptr;
  switch (form.kind) {
    case Kind::Extend:
      if (m.size() != 1 && m.size() != 2) return nullptr;
      return rm_mem(p, size, 0, k0f | form.code | m.size() >> 1, x, m);
    case Kind::RegRm:
      return rm_mem(p, size, 0, k0f | form.code, x, m);
    case Kind::Movsxd:
      if (size != 8) return nullptr;
      return rm_mem(p, size, 0, 0x63, x, m);
    case Kind::Lea:
      return rm_mem(p, size, 0, 0x8d, x, m);
    default:
      return nullptr;
  }
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Mem& m, const x86::Gp& a) {
  if (!is_plain(m) || is_high(a)) return nullptr;
  const Form form = kForms[id];
  const unsigned size = a.size(), x = a.id();
  const unsigned wide = size > 1;
  switch (form.kind) {
    case Kind::Mov:
      return rm_mem(p, size, byte_rex(size, x), 0x88 | wide, x, m);
    case Kind::Alu:
      return rm_mem(p, size, byte_rex(size, x), form.code << 3u | wide, x, m);
    case Kind::Test:
      return rm_mem(p, size, byte_rex(size, x), 0x84 | wide, x, m);
    default:
      return nullptr;
  }
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Gp& a, const asmjit::Imm& imm) {
  const Form form = kForms[id];
  const unsigned size = a.size(), x = a.id();
  if (size < 4) return nullptr;
  const int64_t value = size == 4 ? imm.valueAs<int32_t>() : imm.value();
  const bool fits32 = value == static_cast<int32_t>(value);
  switch (form.kind) {
    case Kind::Alu:
      if (fits8(value)) return number(rm_reg(p, size, 0, 0x83, form.code, x), value, 1);
      if (!fits32) return nullptr;
      if (x == 0) return number(opening(p, size, 0, form.code << 3u | 5), value, 4);
      return number(rm_reg(p, size, 0, 0x81, form.code, x), value, 4);
    case Kind::Mov: {
      if (size == 8 && fits32) return number(rm_reg(p, 8, 0, 0xc7, 0, x), value, 4);
      return number(opening(p, size, x >> 3, 0xb8 | (x & 7)), value, size);
    }
    case Kind::Test:
      if (!fits32) return nullptr;
      if (x == 0) return number(opening(p, size, 0, 0xa9), value, 4);
      return number(rm_reg(p, size, 0, 0xf7, 0, x), value, 4);
    case Kind::Shift:
      if (value == 1) return rm_reg(p, size, 0, 0xd1, form.code, x);
      return number(rm_reg(p, size, 0, 0xc1, form.code, x), value, 1);
    default:
      return nullptr;
  }
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Mem& m, const asmjit::Imm& imm) {
  const Form form = kForms[id];
  const unsigned size = m.size();
  if ((size != 4 && size != 8) || !is_plain(m)) return nullptr;
  const int64_t value = size == 4 ? imm.valueAs<int32_t>() : imm.value();
  if (value != static_cast<int32_t>(value)) return nullptr;
  switch (form.kind) {
    case Kind::Alu:
      if (fits8(value)) return number(rm_mem(p, size, 0, 0x83, form.code, m), value, 1);
      return number(rm_mem(p, size, 0, 0x81, form.code, m), value, 4);
    case Kind::Mov:
      return number(rm_mem(p, size, 0, 0xc7, 0, m), value, 4);
    default:
      return nullptr;
  }
}

inline uint8_t* by_form(uint8_t* p, asmjit::InstId id, const x86::Gp& a) {
  const Form form = kForms[id];
  const unsigned size = a.size(), x = a.id();
  switch (form.kind) {
    case Kind::Unary:
      return size < 4 ? nullptr : rm_reg(p, size, 0, 0xf7, form.code, x);
    case Kind::Setcc:
      if (!a.isGpbLo()) return nullptr;
      return rm_reg(p, 1, byte_rex(1, x), k0f | form.code, 0, x);
    case Kind::Push:
    case Kind::Pop:
      if (size != 8) return nullptr;
      return opening(p, 4, x >> 3, (form.kind == Kind::Push ? 0x50 : 0x58) | (x & 7));
    default:
      return nullptr;
  }
}

/// All others.
template <class... Ops>
uint8_t* by_form(uint8_t*, asmjit::InstId, const Ops&...) {
  return nullptr;
}

/// AsmJit has a type for each size of register; one serves here.
template <class Op>
const auto& operand(const Op& op) {
  if constexpr (std::is_base_of_v<x86::Gp, Op>)
    return static_cast<const x86::Gp&>(op);
  else
    return op;
}

/// Writes the instruction at `p`, where there is room for kRoom bytes. Answers its end, or null: AsmJit has to encode it.
template <class... Ops>
uint8_t* encode(uint8_t* p, asmjit::InstId id, const Ops&... ops) {
  return by_form(p, id, operand(ops)...);
}

}  // namespace vitrine::x64::plain
