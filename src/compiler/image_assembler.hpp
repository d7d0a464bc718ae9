// Puts the units of a module's functions and trampolines together into the text of an image, with the tables that go
// with it.
//
// Functions stand in index order, trampolines after them, each aligned as the target wants it. Order and bytes depend
// on nothing but what is added. Cost: linear.
#pragma once

#include <span>
#include <vector>

#include "abi/image.hpp"
#include "compiler/mach/backend.hpp"

namespace vitrine::compiler {

/// How far a relative reference goes, bytes.
inline constexpr uint64_t kMaxCodeSize = 0x7fff'ffff;

class ImageAssembler {
 public:
  /// `first_symbol`: the symbol of the function that is added first; the others follow by one.
  ImageAssembler(const mach::Target& target, uint32_t first_symbol) : target_(target), first_symbol_(first_symbol) {}

  /// To be called before the first `add`, with how much of everything there is going to be. An error if that is more
  /// than relative calls can span.
  struct Sizes {
    size_t units = 0;
    uint64_t text = 0;
    abi::SideTables<abi::TableSize> tables;
    void add(const abi::UnitView& unit);
  };
  Result<> reserve(const Sizes& sizes);
  /// What is added stays where it is until the text is written.
  void add_function(const abi::UnitView& function);
  /// Answers the offset of the trampoline.
  uint32_t add_trampoline(const abi::UnitView& trampoline);
  /// Hands everything over to `out`, whose text is written by this assembler, while it lives.
  void finish(abi::ImageContents& out);

 private:
  /// Answers where it is put, in the text.
  uint32_t place(const abi::UnitView& unit);
  /// Puts the units in their places and resolves the references between functions.
  void write(std::span<uint8_t> text) const;

  struct Placed {
    uint32_t start;
    abi::UnitView unit;
  };
  const mach::Target& target_;
  uint32_t first_symbol_;
  uint64_t size_ = 0;  // of the text so far
  std::vector<Placed> units_;
  std::vector<abi::CodeRange> functions_;
  abi::SideTables<abi::OwnedTable> tables_;
};

}  // namespace vitrine::compiler
