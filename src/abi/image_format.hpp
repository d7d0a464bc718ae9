// The image's layout in the file: what writer and reader have in common, and nobody else needs.
//
//   ELF header | ImageHeader | section headers | section names | small tables | .vitrine.module | side tables
//   | .text (page) | .eh_frame (page) | .vitrine.pages (page) | .symtab | .strtab
//
// Everything that says where things are stands at the front, so that a truncated file can be told from a damaged one.
// Addresses of sections are their file offsets: the file is mapped as it is.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>

#include "abi/image.hpp"

namespace vitrine::abi {

inline constexpr uint64_t kPageAligned = ~uint64_t{0};

enum class Section : uint32_t {
  Null,
#define SECTION(enumerator, ...) enumerator,
#include "abi/image_sections.def"
#undef SECTION
  kCount
};

struct SectionInfo {
  const char* name;
  uint32_t type;
  uint64_t flags;
  uint64_t align;
  uint64_t entry_size;
};
inline constexpr SectionInfo kSections[] = {
    {"", SHT_NULL, 0, 0, 0},
#define SECTION(enumerator, name, type, flags, align, entry_size) {name, type, flags, align, entry_size},
#include "abi/image_sections.def"
#undef SECTION
};
constexpr uint64_t alignment_of(const SectionInfo& section, const Machine& machine) {
  return section.align == kPageAligned ? machine.page_size : section.align;
}
inline constexpr uint32_t kSectionCount = static_cast<uint32_t>(Section::kCount);

inline constexpr char kImageMagic[8] = {'V', 'I', 'T', 'R', 'I', 'N', 'E', 4};  // the last byte counts layouts
inline constexpr uint64_t kHeaderOffset = sizeof(Elf64_Ehdr);

/// Section .vitrine.header.
struct ImageHeader {
  char magic[8];
  char version[32];   // of vitrine, zero-padded
  uint64_t build;     // build_hash()
  uint64_t checksum;  // XXH3 of the file with these 8 bytes left out
  uint64_t file_size;
  uint64_t cpu_features;
  // Each setting as a 64-bit word, in the order of settings.def.
#define SETTING(type, name, default_value, summary) uint64_t name;
#include "abi/settings.def"
#undef SETTING
};
inline constexpr uint64_t kChecksumOffset = kHeaderOffset + offsetof(ImageHeader, checksum);
inline constexpr uint64_t kSectionHeadersOffset = kHeaderOffset + sizeof(ImageHeader);
static_assert(kSectionHeadersOffset % 8 == 0);

/// XXH3 over `bytes` without the checksum's own.
uint64_t image_checksum(std::span<const uint8_t> bytes);

constexpr uint64_t align_up(uint64_t value, uint64_t to) {
  return to <= 1 ? value : (value + to - 1) / to * to;
}

}  // namespace vitrine::abi
