#include "compiler/image_assembler.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/large_buffer.hpp"

namespace vitrine::compiler {

void ImageAssembler::Sizes::add(const abi::UnitView& unit) {
  ++units;
  text += unit.text.size();
  add_sizes(tables, unit.tables);
}

Result<> ImageAssembler::reserve(const Sizes& sizes) {
  const uint64_t bytes = sizes.text + sizes.units * (target_.code_alignment - 1);
  // The farthest reference is from the last entry of the unwind information, behind the text, to the text's begin.
  const uint64_t span =
      abi::eh_frame_offset(bytes, target_.machine) + (sizes.units + 2) * uint64_t{target_.max_unwind_bytes};
  if (bytes > kMaxCodeSize || span > kMaxCodeSize) {
    return fail(fmt::format("the module's code is {} MiB long, more than the 2 GiB that fit in one image", bytes >> 20),
                ErrorKind::Limit);
  }
  uint64_t longest = 0;
  for_each_table(sizes.tables, [&](uint64_t entries) { longest = std::max(longest, entries); });
  if (longest > UINT32_MAX) {
    return fail(fmt::format("a table about the module's code has {} entries, more than the 2^32 that fit in one image",
                            longest),
                ErrorKind::Limit);
  }
  units_.reserve(sizes.units);
  functions_.reserve(sizes.units);
  for_each_table(tables_, sizes.tables, [](auto& table, uint64_t size) { reserve_large(table, size); });
  return {};
}

uint32_t ImageAssembler::place(const abi::UnitView& unit) {
  const uint64_t align = target_.code_alignment;
  size_ = (size_ + align - 1) / align * align;
  const auto start = static_cast<uint32_t>(size_);
  size_ += unit.text.size();
  append(tables_, unit.tables, start);
  units_.push_back({start, unit});
  return start;
}

void ImageAssembler::add_function(const abi::UnitView& function) {
  functions_.push_back({place(function), function.frame().size});
}

uint32_t ImageAssembler::add_trampoline(const abi::UnitView& trampoline) {
  return place(trampoline);
}

void ImageAssembler::finish(abi::ImageContents& out) {
  const auto distance = static_cast<int64_t>(abi::eh_frame_offset(size_, target_.machine));
  out.machine = &target_.machine;
  out.eh_frame = target_.make_eh_frame(tables_.frames, -distance);
  out.text = {size_, [this](std::span<uint8_t> text) { write(text); }};
  out.functions = functions_;
  out.tables = std::move(tables_);
}

void ImageAssembler::write(std::span<uint8_t> text) const {
  size_t end = 0;
  auto target = [this](uint32_t symbol) {
    VITRINE_ASSERT(symbol >= first_symbol_ && symbol - first_symbol_ < functions_.size());
    return functions_[symbol - first_symbol_].offset;
  };
  for (const Placed& placed : units_) {
    std::fill(text.begin() + static_cast<ptrdiff_t>(end), text.begin() + placed.start, target_.padding);
    place_text(placed.unit, text.subspan(placed.start, placed.unit.text.size()), placed.start, target);
    end = placed.start + placed.unit.text.size();
  }
}

}  // namespace vitrine::compiler
