#include "compiler/linker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/large_buffer.hpp"

namespace vitrine::compiler {
namespace {

constexpr size_t kAlignment = 16;
constexpr uint8_t kPadding = 0xcc;  // int3

}  // namespace

void Linker::Sizes::add(const Linkable& from) {
  pieces++;
  code += from.code.size();
  traps += from.traps.size();
  address_chunks += from.address_chunks.size();
  address_bytes += from.address_bytes.size();
}

Result<void> Linker::reserve(const Sizes& sizes) {
  const uint64_t bytes = sizes.code + sizes.pieces * (kAlignment - 1);
  // The farthest reference is from the last entry of the unwind information, behind the text, to the text's begin.
  const uint64_t span = abi::eh_frame_offset(bytes) + (sizes.pieces + 2) * x64::kUnwindEntryBytes;
  if (bytes > kMaxCodeSize || span > kMaxCodeSize) {
    return fail(fmt::format("the module's code is {} MiB long, more than the 2 GiB that fit in one image", bytes >> 20),
                ErrorKind::Limit);
  }
  if (sizes.address_bytes > UINT32_MAX || sizes.address_chunks > UINT32_MAX) {
    return fail(fmt::format("the module's address map is {} MiB long, more than the 4 GiB that fit in one image",
                            sizes.address_bytes >> 20),
                ErrorKind::Limit);
  }
  pieces_.reserve(sizes.pieces);
  functions_.reserve(sizes.pieces);
  unwind_.reserve(sizes.pieces);
  reserve_large(traps_, sizes.traps);
  addresses_.chunks.reserve(sizes.address_chunks);
  reserve_large(addresses_.bytes, sizes.address_bytes);
  return {};
}

uint32_t Linker::add_trampoline(const Linkable& code) {
  size_ = (size_ + kAlignment - 1) / kAlignment * kAlignment;
  uint32_t start = static_cast<uint32_t>(size_);
  size_ += code.code.size();
  unwind_.push_back({start, code.code_size});
  for (const mach::TrapSite& t : code.traps) traps_.push_back({start + t.offset, t.code});
  pieces_.push_back({start, code.code, code.relocs});
  return start;
}

void Linker::add_function(const Linkable& function) {
  const uint32_t start = add_trampoline(function);
  functions_.push_back({start, function.code_size});
  uint32_t sites = static_cast<uint32_t>(inline_sites_.size());
  addresses_.append(function.address_chunks, function.address_bytes, start, sites);
  for (const mach::InlineSite& s : function.inline_sites) {
    inline_sites_.push_back({s.parent ? sites + s.parent : 0, s.symbol, s.call_srcloc});
  }
}

void Linker::finish(abi::ImageContents& out) {
  out.eh_frame = x64::make_eh_frame(unwind_, -static_cast<int64_t>(abi::eh_frame_offset(size_)));
  out.text = {size_, [this](std::span<uint8_t> text) { write(text); }};
  out.functions = functions_;
  out.traps = std::move(traps_);
  out.addresses = std::move(addresses_);
  out.inline_sites = std::move(inline_sites_);
}

void Linker::write(std::span<uint8_t> text) const {
  size_t end = 0;
  for (const Piece& piece : pieces_) {
    std::fill(text.begin() + static_cast<ptrdiff_t>(end), text.begin() + piece.start, kPadding);
    std::span<uint8_t> code = text.subspan(piece.start, piece.code.size());
    std::ranges::copy(piece.code, code.begin());
    for (const mach::Reloc& r : piece.relocs) {
      VITRINE_ASSERT(r.symbol >= first_symbol_ && r.symbol - first_symbol_ < functions_.size());
      int64_t target = functions_[r.symbol - first_symbol_].offset;
      int32_t value = static_cast<int32_t>(target + r.addend - (piece.start + r.offset));
      VITRINE_ASSERT(r.offset + sizeof value <= code.size());
      std::memcpy(code.data() + r.offset, &value, sizeof value);
    }
    end = piece.start + code.size();
  }
}

}  // namespace vitrine::compiler
