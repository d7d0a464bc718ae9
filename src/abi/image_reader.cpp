#include <fmt/format.h>

#include <array>

#include "abi/image_format.hpp"
#include "abi/trap.hpp"
#include "base/casts.hpp"
#include "wasm/limits.hpp"

namespace vitrine::abi {

namespace {

std::unexpected<Error> incompatible(std::string message) {
  return fail(std::move(message), ErrorKind::Incompatible);
}

/// `offset + size <= limit`, without overflow.
constexpr bool is_inside(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

Result<> check_version(const ImageHeader& header) {
  std::string_view version(header.version, strnlen(header.version, sizeof header.version));
  if (version != image_version()) {
    std::string shown;
    for (char c : version) shown += c >= 0x20 && c < 0x7f ? c : '?';
    return incompatible(fmt::format("compiled by vitrine {}, this is {}", shown, image_version()));
  }
  return {};
}

Result<> check_build(const ImageHeader& header) {
  if (header.build == build_hash()) return {};
  return incompatible(fmt::format("compiled by another build of vitrine {}: {:016x}, this is {:016x}", image_version(),
                                  header.build, build_hash()));
}

Result<CodegenSettings> check_settings(const ImageHeader& header, const CodegenSettings& expected) {
#define SETTING(type, name, default_value, summary)                                                             \
  if (header.name != uint64_t{expected.name}) {                                                                 \
    return incompatible(                                                                                        \
        fmt::format("setting " #name " is {} in the image and {} here", header.name, uint64_t{expected.name})); \
  }
#include "abi/settings.def"
#undef SETTING
  uint64_t missing = header.cpu_features & ~uint64_t{expected.cpu_features};
  if (missing) return std::unexpected(missing_cpu_features(missing));
  CodegenSettings settings = expected;
  settings.cpu_features = static_cast<uint32_t>(header.cpu_features);
  return settings;
}

using Sections = std::array<Elf64_Shdr, kSectionCount>;

Result<> check_sections(const Sections& sections, uint64_t file_size) {
  for (uint32_t i = 1; i < kSectionCount; ++i) {
    const Elf64_Shdr& section = sections[i];
    const SectionInfo& info = kSections[i];
    if (section.sh_type != info.type || section.sh_offset % alignment_of(info, host_machine()) != 0) {
      return incompatible(fmt::format("section {} is not what it should be: the file is damaged", info.name));
    }
    if (info.entry_size && section.sh_size % info.entry_size != 0) {
      return incompatible(fmt::format("section {} is of {} bytes, no multiple of {}: the file is damaged", info.name,
                                      section.sh_size, info.entry_size));
    }
    if (!is_inside(section.sh_offset, section.sh_size, file_size)) {
      uint64_t end = 0;
      if (__builtin_add_overflow(section.sh_offset, section.sh_size, &end)) end = UINT64_MAX;
      return incompatible(
          fmt::format("truncated: section {} ends at {:#x}, the file at {:#x}", info.name, end, file_size));
    }
  }
  return {};
}

/// Tables are searched by offset.
template <class Entry>
Result<> check_order(std::span<const Entry> entries, uint64_t text_size, const char* table) {
  if constexpr (requires(Entry e) { e.offset; }) {
    uint64_t last = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].offset < last || entries[i].offset > text_size) {
        return incompatible(
            fmt::format("entry {} of {} is out of order or outside of the code: the file is damaged", i, table));
      }
      last = entries[i].offset;
    }
  }
  return {};
}

/// What is relied on without looking: where code goes on, and what ends a walk from entry to entry.
Result<> check_tables(const SideTables<TableView>& tables, uint64_t text_size) {
  for (size_t i = 0; i < tables.inline_sites.size(); ++i) {
    if (tables.inline_sites[i].parent > i) {
      return incompatible(fmt::format("inline site {} is inside a later one: the file is damaged", i + 1));
    }
  }
  for (size_t i = 0; i < tables.handlers.size(); ++i) {
    if (tables.handlers[i].landing >= text_size) {
      return incompatible(fmt::format("handler {} is outside of the code: the file is damaged", i));
    }
  }
  return {};
}

}  // namespace

std::string names_of_cpu_features(uint32_t features) {
  std::string names;
  for (const CpuFeatureInfo& feature : kCpuFeatures) {
    if (!(features & feature.bit)) continue;
    if (!names.empty()) names += ", ";
    names += feature.name;
    features &= ~feature.bit;
  }
  if (features) names += fmt::format("{}unknown bits {:#x}", names.empty() ? "" : ", ", features);
  return names;
}

Error missing_cpu_features(uint64_t features) {
  return Error(fmt::format("needs CPU feature {}, which is not there", names_of_cpu_features(features)),
               ErrorKind::Incompatible);
}

bool ImageView::looks_like_image(std::span<const uint8_t> bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

bool ImageView::is_foreign(std::span<const uint8_t> bytes) {
  constexpr size_t kMagicEnd = kHeaderOffset + sizeof kImageMagic - 1;
  return bytes.size() >= kMagicEnd &&
         std::memcmp(bytes.data() + kHeaderOffset, kImageMagic, sizeof kImageMagic - 1) != 0;
}

Result<CodegenSettings> ImageView::settings_of(std::span<const uint8_t> bytes) {
  if (!looks_like_image(bytes)) return incompatible("not a precompiled module: it does not begin as one");
  ImageHeader header;
  if (bytes.size() < kHeaderOffset + sizeof header) return incompatible("truncated: the header is not all there");
  std::memcpy(&header, bytes.data() + kHeaderOffset, sizeof header);
  CodegenSettings settings;
#define SETTING(type, name, default_value, summary) settings.name = static_cast<type>(header.name);
#include "abi/settings.def"
#undef SETTING
  settings.cpu_features = static_cast<uint32_t>(header.cpu_features);
  return settings;
}

Result<ImageView> ImageView::open(std::span<const uint8_t> bytes, const CodegenSettings& expected,
                                  bool verify_checksum) {
  if (!looks_like_image(bytes)) return incompatible("not a precompiled module: it does not begin as one");
  if (bytes.size() < kSectionHeadersOffset + sizeof(Sections)) {
    return incompatible(fmt::format("truncated: the header ends at {:#x}, the file at {:#x}",
                                    kSectionHeadersOffset + sizeof(Sections), bytes.size()));
  }
  if (address_of(bytes.data()) % alignof(uint64_t) != 0) {
    return fail("a precompiled module has to be aligned to 8 bytes in memory");
  }
  Elf64_Ehdr elf;
  std::memcpy(&elf, bytes.data(), sizeof elf);
  ImageHeader header;
  std::memcpy(&header, bytes.data() + kHeaderOffset, sizeof header);
  if (is_foreign(bytes)) {
    return incompatible("an ELF file, but not one that vitrine made");
  }
  TRY(check_version(header));
  if (header.magic[7] != kImageMagic[7]) {
    return incompatible(fmt::format("its layout is of generation {}, this is {}", static_cast<int>(header.magic[7]),
                                    static_cast<int>(kImageMagic[7])));
  }
  TRY(check_build(header));
  if (elf.e_machine != host_machine().elf) {
    return incompatible(fmt::format("compiled for ELF machine {}, this is {}", elf.e_machine, host_machine().elf));
  }
  if (elf.e_shoff != kSectionHeadersOffset || elf.e_shnum != kSectionCount || elf.e_shentsize != sizeof(Elf64_Shdr)) {
    return incompatible("its section headers are not where they should be: the file is damaged");
  }
  Sections sections;
  std::memcpy(sections.data(), bytes.data() + kSectionHeadersOffset, sizeof sections);
  TRY(check_sections(sections, bytes.size()));
  if (header.file_size != bytes.size()) {
    return incompatible(fmt::format("truncated or extended: the header says {} bytes, the file has {}",
                                    header.file_size, bytes.size()));
  }
  if (verify_checksum && image_checksum(bytes) != header.checksum) {
    return incompatible("checksum mismatch: the file is damaged");
  }

  ImageView view;
  view.settings_ = TRY(check_settings(header, expected));
  auto part = [&](Section s) {
    const Elf64_Shdr& section = sections[static_cast<uint32_t>(s)];
    return bytes.subspan(section.sh_offset, section.sh_size);
  };
  // SAFETY: the tables are plain words of at most 8 bytes' alignment; check_sections saw their offsets aligned, inside
  // the file and their sizes whole, and the file itself is aligned.
  auto table = [&]<class T>(Section s, std::span<const T>& to) {
    auto from = part(s);
    to = {reinterpret_cast<const T*>(from.data()), from.size() / sizeof(T)};
  };
  view.text_ = part(Section::Text);
  view.text_file_offset_ = sections[static_cast<uint32_t>(Section::Text)].sh_offset;
  view.eh_frame_ = part(Section::EhFrame);
  view.module_ = part(Section::Module);
  table(Section::Functions, view.functions_);
  table(Section::Trampolines, view.trampolines_);
  table(Section::Memory, view.memory_images_);
#define SIDE_TABLE(Entry, field, section, name) table(Section::section, view.tables_.field);
#include "abi/side_tables.def"
#undef SIDE_TABLE

  // What code or the runtime jumps to or maps is checked always; the order of side tables, which are only searched (and
  // their readers expect nothing of them), when all of the file was read anyway.
  const uint64_t text_size = view.text_.size();
  for (size_t i = 0; i < view.functions_.size(); ++i) {
    if (!is_inside(view.functions_[i].offset, view.functions_[i].size, text_size)) {
      return incompatible(fmt::format("function {} is outside of the code: the file is damaged", i));
    }
  }
  for (size_t i = 0; i < view.trampolines_.size(); ++i) {
    for (uint32_t offset : {view.trampolines_[i].array_call, view.trampolines_[i].host_call}) {
      if (offset != kNoTrampoline && offset >= text_size) {
        return incompatible(fmt::format("a trampoline of type {} is outside of the code: the file is damaged", i));
      }
    }
  }
  TRY(check_tables(view.tables_, text_size));
  const uint64_t page = host_machine().page_size;
  const Elf64_Shdr& pages = sections[static_cast<uint32_t>(Section::Pages)];
  for (size_t i = 0; i < view.memory_images_.size(); ++i) {
    const MemoryImage& image = view.memory_images_[i];
    bool ok = image.size % page == 0 && image.guest_offset % page == 0 && image.file_offset % page == 0 &&
              image.file_offset >= pages.sh_offset &&
              is_inside(image.file_offset - pages.sh_offset, image.size, pages.sh_size) &&
              (i == 0 || image.memory > view.memory_images_[i - 1].memory);
    if (!ok) return incompatible(fmt::format("memory image {} is not inside the file: the file is damaged", i));
  }
  if (verify_checksum) {
#define SIDE_TABLE(Entry, field, section, name) TRY(check_order(view.tables_.field, text_size, name));
#include "abi/side_tables.def"
#undef SIDE_TABLE
  }
  return view;
}

}  // namespace vitrine::abi
