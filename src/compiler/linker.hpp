// Puts compiled functions and trampolines together into the text of an image, with the tables that go with it.
//
// Functions stand in index order at multiples of 16, trampolines after them. Order and bytes depend on nothing but what
// is added. Cost: linear.
#pragma once

#include <span>
#include <vector>

#include "abi/image.hpp"
#include "compiler/linkable.hpp"
#include "compiler/x64/unwind.hpp"

namespace vitrine::compiler {

/// How far a relative reference goes, bytes.
inline constexpr uint64_t kMaxCodeSize = 0x7fff'ffff;

class Linker {
 public:
  /// `first_symbol`: the symbol of the function that is added first; the others follow by one.
  explicit Linker(uint32_t first_symbol) : first_symbol_(first_symbol) {}

  /// To be called before the first `add`, with how much of everything there is going to be. An error if that is more
  /// than relative calls can span.
  struct Sizes {
    size_t pieces = 0, code = 0, traps = 0, address_chunks = 0, address_bytes = 0;
    void add(const Linkable& piece);
  };
  Result<void> reserve(const Sizes& sizes);
  /// What is added stays where it is until the text is written.
  void add_function(const Linkable& function);
  /// Answers the offset of the trampoline.
  uint32_t add_trampoline(const Linkable& trampoline);
  /// Hands everything over to `out`, whose text is written by this linker, while it lives.
  void finish(abi::ImageContents& out);

 private:
  /// Puts the pieces in their places and resolves the references between functions.
  void write(std::span<uint8_t> text) const;

  struct Piece {
    uint32_t start = 0;
    std::span<const uint8_t> code;
    std::span<const mach::Reloc> relocs;
  };
  uint32_t first_symbol_;
  uint64_t size_ = 0;  // of the text so far
  std::vector<Piece> pieces_;
  std::vector<abi::CodeRange> functions_;
  std::vector<x64::UnwindEntry> unwind_;
  std::vector<abi::TrapEntry> traps_;
  abi::EncodedAddresses addresses_;
  std::vector<abi::InlineSite> inline_sites_;
};

}  // namespace vitrine::compiler
