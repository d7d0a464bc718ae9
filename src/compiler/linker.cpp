#include "compiler/linker.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/assert.hpp"
#include "base/large_buffer.hpp"

namespace vitrine::compiler {
namespace {

constexpr uint64_t kMaxSpan = 0x7fff'ffff;  // of a 32-bit relative reference
constexpr size_t kAlignment = 16;
constexpr uint8_t kPadding = 0xcc;  // int3

}  // namespace

void Linker::Sizes::add(const mach::CompiledFunction& from) {
  pieces++;
  code += from.code.size();
  traps += from.traps.size();
  references += from.relocs.size();
}

void Linker::Sizes::add(const CompiledBody& body) {
  functions++;
  add(body.code);
  address_chunks += body.addresses.chunks.size();
  address_bytes += body.addresses.bytes.size();
}

Result<void> Linker::reserve(const Sizes& sizes) {
  const uint64_t bytes = sizes.code + sizes.pieces * (kAlignment - 1);
  // The farthest reference is from the last entry of the unwind information, behind the text, to the text's begin.
  const uint64_t span = abi::eh_frame_offset(bytes) + (sizes.pieces + 2) * x64::kUnwindEntryBytes;
  if (bytes > kMaxSpan || span > kMaxSpan) {
    return fail(fmt::format("the module's code is {} MiB long, more than the 2 GiB that fit in one image", bytes >> 20),
                ErrorKind::Limit);
  }
  if (sizes.address_bytes > UINT32_MAX || sizes.address_chunks > UINT32_MAX) {
    return fail(fmt::format("the module's address map is {} MiB long, more than the 4 GiB that fit in one image",
                            sizes.address_bytes >> 20),
                ErrorKind::Limit);
  }
  reserve_large(text_, bytes);
  functions_.reserve(sizes.functions);
  unwind_.reserve(sizes.pieces);
  reserve_large(traps_, sizes.traps);
  reserve_large(references_, sizes.references);
  addresses_.chunks.reserve(sizes.address_chunks);
  reserve_large(addresses_.bytes, sizes.address_bytes);
  return {};
}

uint32_t Linker::append(const mach::CompiledFunction& code) {
  text_.resize((text_.size() + kAlignment - 1) / kAlignment * kAlignment, kPadding);
  uint32_t start = static_cast<uint32_t>(text_.size());
  unwind_.push_back({start, code.code_size});
  text_.insert(text_.end(), code.code.begin(), code.code.end());
  for (const mach::Reloc& r : code.relocs) references_.push_back({start + r.offset, r.symbol, r.addend});
  for (const mach::TrapSite& t : code.traps) traps_.push_back({start + t.offset, t.code});
  return start;
}

void Linker::add_function(const CompiledBody& body) {
  uint32_t start = append(body.code);
  functions_.push_back({start, body.code.code_size});
  uint32_t sites = static_cast<uint32_t>(inline_sites_.size());
  addresses_.append(body.addresses, start, sites);
  for (const mach::InlineSite& s : body.code.inline_sites) {
    inline_sites_.push_back({s.parent ? sites + s.parent : 0, s.symbol, s.call_srcloc});
  }
}

uint32_t Linker::add_trampoline(const mach::CompiledFunction& trampoline) {
  return append(trampoline);
}

Result<void> Linker::finish(abi::ImageContents& out) {
  if (text_.size() > kMaxSpan) return reserve({.code = text_.size()});
  for (const Reference& r : references_) {
    VITRINE_ASSERT(r.symbol >= first_symbol_ && r.symbol - first_symbol_ < functions_.size());
    int64_t target = functions_[r.symbol - first_symbol_].offset;
    int32_t value = static_cast<int32_t>(target + r.addend - r.place);
    VITRINE_ASSERT(r.place + sizeof value <= text_.size());
    std::memcpy(text_.data() + r.place, &value, sizeof value);
  }
  out.eh_frame = x64::make_eh_frame(unwind_, -static_cast<int64_t>(abi::eh_frame_offset(text_.size())));
  out.text = std::move(text_);
  out.functions = std::move(functions_);
  out.traps = std::move(traps_);
  out.addresses = std::move(addresses_);
  out.inline_sites = std::move(inline_sites_);
  return {};
}

}  // namespace vitrine::compiler
