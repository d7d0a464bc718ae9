// Which data segments become mapped pages, and the module without them.
#pragma once

#include <cstdint>
#include <vector>

#include "abi/image.hpp"
#include "wasm/kept_bytes.hpp"
#include "wasm/module.hpp"

namespace vitrine::abi {

/// Initial pages of the memories a module defines.
struct MemoryImagePlan {
  std::vector<MemoryImage> images;  // `file_offset` counts from the start of `pages`
  std::vector<uint8_t> pages;
  std::vector<bool> covered;  // by data segment: its bytes are in `pages`
};

/// An active segment is covered if its offset is a constant and in bounds, no segment before it can trap (the
/// specification has traps leave earlier segments written and later ones not), its memory is defined here, and that
/// memory's image is small or dense. Cost: linear in the pages and segments.
MemoryImagePlan plan_memory_images(const wasm::Module& module, uint64_t page_size);

/// Custom sections are kept (debug information, what tools and embedders put there) up to this many bytes in all, those
/// that fit; "name" always is.
inline constexpr size_t kMaxCustomBytes = 64u << 20;

/// Most of it stands in the module already (debug information is often the larger part of one) and is copied once, to
/// where it is to be.
struct StrippedModule {
  wasm::KeptBytes kept;
  std::vector<uint8_t> between;  // what is not kept but written: before, between and behind the runs, in this order
  size_t size = 0;

  void write(std::span<uint8_t> to) const;  // `size` bytes
};

/// What is kept of the module's bytes: no code bodies, covered data segments empty (their place, offset and order
/// stay).
Result<StrippedModule> strip_module(const wasm::Module& module, const std::vector<bool>& covered);

}  // namespace vitrine::abi
