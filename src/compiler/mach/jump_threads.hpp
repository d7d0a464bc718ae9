// Jump threading in allocated code: a block that only jumps, without edits, is what it jumps to. (Most are blocks on
// edges whose values happened to be in their places.)
#pragma once

#include <vector>

#include "compiler/mach/vcode.hpp"

namespace vitrine::mach {

class JumpThreads {  // keeps its memory from function to function
 public:
  void find(const VCode& code, const regalloc::Output& allocation);
  /// Where a jump to `block` ends up.
  uint32_t target(uint32_t block) {
    while (alias_[block] != block) {
      alias_[block] = alias_[alias_[block]];
      block = alias_[block];
    }
    return block;
  }
  /// No code need be emitted for `block`.
  bool is_gone(uint32_t block) const { return alias_[block] != block; }
  /// The number of the first edit that belongs to `block` or comes after it.
  size_t first_edit(uint32_t block) const { return first_edit_[block]; }

 private:
  std::vector<uint32_t> alias_;  // by block: itself, or where a jump to it leads
  std::vector<uint32_t> first_edit_;
};

}  // namespace vitrine::mach
