#include "wasm/body_scan.hpp"

#include <array>

#include "wasm/immediates.hpp"

namespace vitrine::wasm {
namespace {

constexpr uint32_t kNoLoop = ~0u;

/// Walks bytes without ever leaving them: past the end everything reads as zero.
struct Cursor {
  const uint8_t* pos;
  const uint8_t* end;

  bool at_end() const { return pos >= end; }
  uint8_t byte() { return pos < end ? *pos++ : 0; }
  void skip(size_t n) { pos += n < static_cast<size_t>(end - pos) ? n : static_cast<size_t>(end - pos); }
  void skip_leb() {
    while (pos < end && (*pos++ & 0x80) != 0) {
    }
  }
  uint32_t leb() {
    uint32_t result = 0;
    for (unsigned shift = 0; pos < end; shift += 7) {
      uint8_t b = *pos++;
      if (shift < 32) result |= static_cast<uint32_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) break;
    }
    return result;
  }
  /// A value type or heap type: a typed reference has a second number.
  void skip_type() {
    uint8_t first = pos < end ? *pos : 0;
    skip_leb();
    if (first == 0x63 || first == 0x64) skip_leb();
  }
};

void skip_immediates(Cursor& c, Imm imm) {
  if (const unsigned numbers = numbers_of(imm); numbers != kNotNumbers) {
    for (unsigned n = 0; n < numbers; ++n) c.skip_leb();
    return;
  }
  switch (imm) {
    case Imm::BlockType:
      c.skip_type();
      break;
    case Imm::LabelTable:
      for (uint32_t n = c.leb(); n > 0 && !c.at_end(); --n) c.skip_leb();
      c.skip_leb();
      break;
    case Imm::MemArg:
    case Imm::MemArgLane: {
      uint32_t flags = c.leb();
      if (flags & 0x40) c.skip_leb();
      c.skip_leb();
      if (imm == Imm::MemArgLane) c.skip(1);
      break;
    }
    case Imm::F32:
      c.skip(4);
      break;
    case Imm::F64:
      c.skip(8);
      break;
    case Imm::V128:
    case Imm::Lanes16:
      c.skip(16);
      break;
    case Imm::SelectTypes:
      for (uint32_t n = c.leb(); n > 0 && !c.at_end(); --n) c.skip_type();
      break;
    case Imm::BrOnCast:
      c.skip(1);
      c.skip_leb();
      c.skip_leb();
      c.skip_leb();
      break;
    case Imm::TryTable:
      c.skip_type();
      for (uint32_t n = c.leb(); n > 0 && !c.at_end(); --n) {
        if (c.byte() <= 1) c.skip_leb();
        c.skip_leb();
      }
      break;
    case Imm::Lane:
    case Imm::ZeroByte:
      c.skip(1);
      break;
    default:  // numbers alone
      break;
  }
}

/// How the operators with one byte are skipped, where that needs no look at anything: most of them.
enum class Skip : uint8_t { Nothing, Leb, TwoLebs, MemArg, BlockType, Look };
using SkipTable = std::array<Skip, 256>;

/// For a scan that wants to see the operators `seen`, and those whose immediates are of no simple form.
template <size_t N>
constexpr SkipTable make_skip_table(const Op (&seen)[N]) {
  SkipTable skips{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Op op = kOneByteOps[byte];
    Skip& skip = skips[byte];
    skip = Skip::Look;
    if (op == Op::Illegal || is_prefix(static_cast<uint8_t>(byte))) continue;
    const Imm imm = info(op).imm;
    constexpr Skip kNumbers[] = {Skip::Nothing, Skip::Leb, Skip::TwoLebs};
    if (const unsigned numbers = numbers_of(imm); numbers != kNotNumbers) {
      skip = kNumbers[numbers];
    } else if (imm == Imm::MemArg) {
      skip = Skip::MemArg;
    } else if (imm == Imm::BlockType) {
      skip = Skip::BlockType;
    }
    for (Op wanted : seen) {
      if (op == wanted) skip = Skip::Look;
    }
  }
  return skips;
}

constexpr SkipTable kBodySkips = make_skip_table(
    {Op::Block, Op::Loop, Op::If, Op::Try, Op::TryTable, Op::End, Op::Delegate, Op::LocalSet, Op::LocalTee});
constexpr SkipTable kTailCallSkips = make_skip_table({Op::ReturnCall, Op::ReturnCallIndirect, Op::ReturnCallRef});
constexpr SkipTable kCallSkips = make_skip_table({Op::Call, Op::ReturnCall, Op::ReturnCallIndirect, Op::ReturnCallRef});

/// Goes past operators that the scan does not want to see; `pos` is left at one of the others, or at the end.
void skip_plain(Cursor& c, const SkipTable& skips) {
  while (c.pos < c.end) {
    Skip skip = skips[*c.pos];
    if (skip == Skip::Nothing) {
      ++c.pos;
      continue;
    }
    if (skip == Skip::Look) return;
    const uint8_t* at = c.pos++;
    switch (skip) {
      case Skip::BlockType:
        c.skip_type();
        break;
      case Skip::MemArg:
        if (c.pos < c.end && *c.pos >= 0x40) {  // the number of a memory, or something malformed
          c.pos = at;
          return;
        }
        [[fallthrough]];
      case Skip::TwoLebs:
        c.skip_leb();
        [[fallthrough]];
      default:
        c.skip_leb();
        break;
    }
  }
}

void skip_local_declarations(Cursor& c) {
  for (uint32_t n = c.leb(); n > 0 && !c.at_end(); --n) {
    c.skip_leb();
    c.skip_type();
  }
}

}  // namespace

void scan_body(std::span<const uint8_t> body, BodyScan& out) {
  out.loops.clear();
  out.sets.clear();
  out.open.clear();
  Cursor c{body.data(), body.data() + body.size()};
  skip_local_declarations(c);
  auto sets = [&] { return static_cast<uint32_t>(out.sets.size()); };
  for (skip_plain(c, kBodySkips); !c.at_end(); skip_plain(c, kBodySkips)) {
    const uint8_t* at = c.pos;
    uint8_t byte = c.byte();
    Op op = is_prefix(byte) ? find_op(byte, c.leb()) : kOneByteOps[byte];
    switch (op) {
      case Op::Illegal:
        c.pos = c.end;
        continue;
      case Op::LocalSet:
      case Op::LocalTee:
        out.sets.push_back(c.leb());
        continue;
      case Op::Loop:
        out.open.push_back(static_cast<uint32_t>(out.loops.size()));
        out.loops.push_back({static_cast<uint32_t>(at - body.data()), sets(), ~0u});
        break;
      case Op::Block:
      case Op::If:
      case Op::Try:
      case Op::TryTable:
        out.open.push_back(kNoLoop);
        break;
      case Op::Delegate:
      case Op::End:
        if (out.open.empty()) break;
        if (out.open.back() != kNoLoop) out.loops[out.open.back()].last_set = sets();
        out.open.pop_back();
        break;
      default:
        break;
    }
    skip_immediates(c, info(op).imm);
  }
  // What an invalid body left open ends here.
  for (BodyScan::Loop& loop : out.loops) loop.last_set = loop.last_set == ~0u ? sets() : loop.last_set;
}

void scan_calls(std::span<const uint8_t> body, bool callees, CallScan& out) {
  const SkipTable& skips = callees ? kCallSkips : kTailCallSkips;
  out.callees.clear();
  out.has_tail_calls = false;
  Cursor c{body.data(), body.data() + body.size()};
  skip_local_declarations(c);
  for (skip_plain(c, skips); !c.at_end(); skip_plain(c, skips)) {
    uint8_t byte = c.byte();
    Op op = is_prefix(byte) ? find_op(byte, c.leb()) : kOneByteOps[byte];
    switch (op) {
      case Op::Illegal:
        return;
      case Op::ReturnCall:
        out.has_tail_calls = true;
        [[fallthrough]];
      case Op::Call:
        out.callees.push_back(c.leb());
        continue;
      case Op::ReturnCallIndirect:
      case Op::ReturnCallRef:
        out.has_tail_calls = true;
        break;
      default:
        break;
    }
    skip_immediates(c, info(op).imm);
  }
}

}  // namespace vitrine::wasm
