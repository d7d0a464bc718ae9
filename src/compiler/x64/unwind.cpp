// DWARF call frame information. For each function, by its prologue `push rbp; mov rbp, rsp`:
//   at its start    CFA = rsp + 8,  return address at CFA - 8
//   after the push  CFA = rsp + 16, rbp at CFA - 16
//   after the move  CFA = rbp + 16, callee-saved registers where the frame has them (they are being pushed: nothing
//                   unwinds from between those pushes; the check of the stack, which may trap, is behind them)
// The epilogue is not described: nothing unwinds from it (traps and calls happen only while the frame stands).
#include "compiler/x64/unwind.hpp"

#include <bit>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace vitrine::x64 {

namespace {

enum : uint8_t {
  kAdvanceLoc = 0x40,
  kOffset = 0x80,
  kDefCfa = 0x0c,
  kDefCfaOffset = 0x0e,
  kDefCfaRegister = 0x0d,
  kDwarfRbp = 6,
  kDwarfRsp = 7,
  kDwarfReturnAddress = 16,
  kPcrelSdata4 = 0x1b,
};

void pad_entry(ByteWriter& out, size_t start) {
  while ((out.size() - start) % 8 != 4) out.u8(0);  // the length field's 4 bytes are not counted in the length
  const auto length = static_cast<uint32_t>(out.size() - start);
  std::memcpy(out.bytes().data() + start - 4, &length, 4);
  VITRINE_DCHECK(length + 4 <= kMaxUnwindBytes);
}

}  // namespace

std::vector<uint8_t> make_eh_frame(std::span<const abi::FrameEntry> frames, int64_t text_distance) {
  ByteWriter out;
  // The common information entry
  out.u32(0);
  size_t start = out.size();
  out.u32(0);  // this is a CIE
  out.u8(1);   // version
  out.raw("zR", 3);
  out.uleb(1);   // code alignment
  out.sleb(-8);  // data alignment
  out.uleb(kDwarfReturnAddress);
  out.uleb(1);  // augmentation data: how FDEs refer to code
  out.u8(kPcrelSdata4);
  out.u8(kDefCfa);
  out.uleb(kDwarfRsp);
  out.uleb(8);
  out.u8(kOffset | kDwarfReturnAddress);
  out.uleb(1);
  pad_entry(out, start);

  for (const abi::FrameEntry& f : frames) {
    out.u32(0);
    start = out.size();
    out.u32(static_cast<uint32_t>(start));  // back to the CIE, at 0
    const auto place = static_cast<int64_t>(out.size());
    out.u32(static_cast<uint32_t>(text_distance + f.offset - place));
    out.u32(f.size);
    out.uleb(0);  // no augmentation data
    out.u8(kAdvanceLoc | 1);
    out.u8(kDefCfaOffset);
    out.uleb(16);
    out.u8(kOffset | kDwarfRbp);
    out.uleb(2);
    out.u8(kAdvanceLoc | 3);
    out.u8(kDefCfaRegister);
    out.uleb(kDwarfRbp);
    // The frame's first word below rbp is at CFA - 24. Of the registers that functions save, rbx and r12 to r15, DWARF
    // has its own number for the first alone, and that is the hardware's.
    uint64_t word = 3 + f.saved_below / 8;
    for (uint32_t saved = f.saved; saved; saved &= saved - 1) {
      out.u8(static_cast<uint8_t>(kOffset | std::countr_zero(saved)));
      out.uleb(word++);
    }
    pad_entry(out, start);
  }
  out.u32(0);
  return out.take();
}

}  // namespace vitrine::x64
