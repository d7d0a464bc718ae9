#include "cli/disassembler.hpp"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include "base/assert.hpp"

namespace vitrine::cli {

std::vector<DisassembledInst> disassemble(std::span<const uint8_t> code, uint64_t address) {
  csh handle = 0;
  VITRINE_ASSERT(cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK);
  cs_insn* insn = cs_malloc(handle);
  std::vector<DisassembledInst> all;
  const uint8_t* at = code.data();
  size_t left = code.size();
  uint64_t pc = address;
  while (left) {
    const uint8_t* begin = at;
    uint64_t begin_pc = pc;
    if (cs_disasm_iter(handle, &at, &left, &pc, insn)) {
      std::string text = insn->op_str[0] ? fmt::format("{} {}", insn->mnemonic, insn->op_str) : insn->mnemonic;
      all.push_back({begin_pc, {begin, insn->size}, std::move(text)});
    } else {
      all.push_back({begin_pc, {begin, 1}, fmt::format(".byte {:#04x}", *begin)});
      at = begin + 1;
      left--;
      pc = begin_pc + 1;
    }
  }
  cs_free(insn, 1);
  cs_close(&handle);
  return all;
}

}  // namespace vitrine::cli
