#include "compiler/x64/insts.hpp"

#include <fmt/format.h>

#include "compiler/x64/regs.hpp"

namespace vitrine::x64 {

CC cc_of(ir::IntCC cc) {
  static constexpr CC kCodes[] = {CC::E, CC::Ne, CC::L, CC::Ge, CC::G, CC::Le, CC::B, CC::Ae, CC::A, CC::Be};
  return kCodes[static_cast<uint8_t>(cc)];
}

namespace {

const char* op_name(uint16_t op) {
  return info(static_cast<MOp>(op)).text;
}

// An instruction without a condition has cc 0, which no lowering uses (the overflow flag is only read inside of
// expansions).
const char* cc_name(uint8_t cc) {
  static constexpr const char* kNames[] = {nullptr, "no", "b",  "ae", "e",  "ne", "be", "a",    "s",
                                           "ns",    "p",  "np", "l",  "ge", "le", "g",  "e&np", "ne|p"};
  return kNames[cc];
}

}  // namespace

const mach::Printing kPrinting = {op_name, cc_name, name_of};

std::string verify_flags(const mach::VCode& code) {
  for (uint32_t b = 0; b < code.blocks.size(); ++b) {
    bool defined = false;
    for (uint32_t i = code.blocks[b].first_inst; i < code.blocks[b].end_inst; ++i) {
      const auto op = static_cast<MOp>(code.insts[i].op);
      if (info(op).flags == FlagsEffect::Writes) {
        // A flags writer right before a reader is a comparison; constants stand above it.
        defined = op != MOp::MovImm && op != MOp::Call && op != MOp::CallInd;
      } else if (info(op).flags == FlagsEffect::Reads && !defined) {
        return fmt::format("{} at instruction {} of block{} reads flags that nothing set", info(op).text, i, b);
      }
    }
  }
  return {};
}

}  // namespace vitrine::x64
