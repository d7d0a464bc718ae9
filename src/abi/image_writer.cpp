#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <limits>

#include "abi/image_format.hpp"
#include "abi/memory_image.hpp"
#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/large_buffer.hpp"
#include "wasm/module.hpp"

namespace vitrine::abi {

namespace {

template <class T>
std::span<const uint8_t> bytes_of(const std::vector<T>& items) {
  // SAFETY: any object may be read byte by byte.
  static_assert(std::has_unique_object_representations_v<T>, "padding would make output depend on chance");
  return {reinterpret_cast<const uint8_t*>(items.data()), items.size() * sizeof(T)};
}

/// Section names, and where each begins.
struct NameTable {
  std::vector<uint8_t> bytes;
  std::array<uint32_t, kSectionCount> offsets{};

  NameTable() {
    for (uint32_t i = 0; i < kSectionCount; ++i) {
      offsets[i] = static_cast<uint32_t>(bytes.size());
      for (const char* c = kSections[i].name; *c; ++c) bytes.push_back(static_cast<uint8_t>(*c));
      bytes.push_back(0);
    }
  }
};

/// Symbols of functions and trampolines, and their names.
struct SymbolTable {
  std::vector<Elf64_Sym> symbols;
  std::vector<uint8_t> names;

  SymbolTable(const ImageContents& contents, uint64_t text_offset) : symbols(1), names(1) {
    for (size_t i = 0; i < contents.function_names.size() && i < contents.functions.size(); ++i) {
      const CodeRange& range = contents.functions[i];
      add(contents.function_names[i], text_offset + range.offset, range.size);
    }
    if (contents.function_names.empty()) return;
    for (size_t i = 0; i < contents.trampolines.size(); ++i) {
      // Types that are equal share their trampolines; the first one names them.
      const Trampolines& t = contents.trampolines[i];
      if (t.array_call == kNoTrampoline || contents.module->types[i].canonical != i) continue;
      add(fmt::format("wasm[0]::array_call[{}]", i), text_offset + t.array_call, 0);
      add(fmt::format("wasm[0]::host_call[{}]", i), text_offset + t.host_call, 0);
    }
  }

  void add(std::string_view name, uint64_t address, uint64_t size) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<uint32_t>(names.size());
    symbol.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
    symbol.st_shndx = static_cast<uint16_t>(Section::Text);
    symbol.st_value = address;
    symbol.st_size = size;
    symbols.push_back(symbol);
    // A name of the guest's choice must not end early or carry control characters to a terminal.
    for (char c : name) names.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
    names.push_back(0);
  }
};

ImageHeader make_header(const CodegenSettings& settings) {
  ImageHeader header{};
  std::memcpy(header.magic, kImageMagic, sizeof kImageMagic);
  std::strncpy(header.version, image_version(), sizeof header.version - 1);
  header.build = build_hash();
  header.cpu_features = settings.cpu_features;
#define SETTING(type, name, default_value, summary) header.name = settings.name;
#include "abi/settings.def"
#undef SETTING
  return header;
}

Elf64_Ehdr make_elf_header(const Machine& machine) {
  Elf64_Ehdr elf{};
  std::memcpy(elf.e_ident, ELFMAG, SELFMAG);
  elf.e_ident[EI_CLASS] = ELFCLASS64;
  elf.e_ident[EI_DATA] = ELFDATA2LSB;
  elf.e_ident[EI_VERSION] = EV_CURRENT;
  elf.e_type = ET_DYN;
  elf.e_machine = machine.elf;
  elf.e_version = EV_CURRENT;
  elf.e_shoff = kSectionHeadersOffset;
  elf.e_ehsize = sizeof(Elf64_Ehdr);
  elf.e_shentsize = sizeof(Elf64_Shdr);
  elf.e_shnum = kSectionCount;
  elf.e_shstrndx = static_cast<uint16_t>(Section::SectionNames);
  return elf;
}

}  // namespace

const char* image_version() {
  return VITRINE_VERSION;
}

uint64_t image_checksum(std::span<const uint8_t> bytes) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, bytes.data(), kChecksumOffset);
  auto rest = bytes.subspan(kChecksumOffset + sizeof(uint64_t));
  XXH3_64bits_update(&state, rest.data(), rest.size());
  return XXH3_64bits_digest(&state);
}

ImageText ImageText::of(std::vector<uint8_t> code) {
  size_t size = code.size();
  return {size, [code = std::move(code)](std::span<uint8_t> to) { std::ranges::copy(code, to.begin()); }};
}

ImageMemory memory_in(std::vector<uint8_t>& image) {
  return [&image](size_t size) -> Result<std::span<uint8_t>> {
    reserve_large(image, size);
    image.resize(size);
    return image;
  };
}

Result<std::vector<uint8_t>> write_image(const ImageContents& contents) {
  std::vector<uint8_t> image;
  TRY(write_image(contents, memory_in(image)));
  return image;
}

Result<wasm::KeptBytes> write_image(const ImageContents& contents, const ImageMemory& allocate) {
  if (contents.text.size > std::numeric_limits<int32_t>::max()) {
    return fail(fmt::format("the module's code is {} bytes, more than the 2 GiB that calls inside it can span",
                            contents.text.size),
                ErrorKind::Limit);
  }
  const wasm::Module& module = *contents.module;
  const Machine& machine = *contents.machine;
  MemoryImagePlan memory = plan_memory_images(module, machine.page_size);
  StrippedModule stripped = TRY(strip_module(module, memory.covered));
  NameTable names;
  ImageHeader header = make_header(contents.settings);

  std::array<std::span<const uint8_t>, kSectionCount> parts;
  auto part = [&parts](Section s) -> std::span<const uint8_t>& { return parts[static_cast<uint32_t>(s)]; };
  part(Section::SectionNames) = names.bytes;
  part(Section::Functions) = bytes_of(contents.functions);
  part(Section::Trampolines) = bytes_of(contents.trampolines);
  part(Section::Memory) = bytes_of(memory.images);
#define SIDE_TABLE(Entry, field, section, name) part(Section::section) = bytes_of(contents.tables.field);
#include "abi/side_tables.def"
#undef SIDE_TABLE
  part(Section::EhFrame) = contents.eh_frame;
  part(Section::Pages) = memory.pages;

  // Places: everything before the symbols is known, and they need to know where .text is.
  std::array<Elf64_Shdr, kSectionCount> sections{};
  uint64_t end = kSectionHeadersOffset + sizeof sections;
  auto place = [&](uint32_t i) {
    const SectionInfo& info = kSections[i];
    Elf64_Shdr& section = sections[i];
    section.sh_name = names.offsets[i];
    section.sh_type = info.type;
    section.sh_flags = info.flags;
    const uint64_t align = alignment_of(info, machine);
    section.sh_addralign = align;
    section.sh_entsize = info.entry_size;
    if (static_cast<Section>(i) == Section::Header) {
      section.sh_offset = kHeaderOffset;
      section.sh_size = sizeof(ImageHeader);
      return;
    }
    end = align_up(end, align);
    section.sh_offset = end;
    section.sh_size = parts[i].size();
    if (static_cast<Section>(i) == Section::Text) section.sh_size = contents.text.size;
    if (static_cast<Section>(i) == Section::Module) section.sh_size = stripped.size;
    if (info.flags & SHF_ALLOC) section.sh_addr = end;
    end += section.sh_size;
  };
  const auto symbols_index = static_cast<uint32_t>(Section::Symbols);
  for (uint32_t i = 1; i < symbols_index; ++i) place(i);
  const uint64_t text_offset = sections[static_cast<uint32_t>(Section::Text)].sh_offset;
  const uint64_t pages_offset = sections[static_cast<uint32_t>(Section::Pages)].sh_offset;
  for (MemoryImage& image : memory.images) image.file_offset += pages_offset;
  SymbolTable symbols(contents, text_offset);
  part(Section::Symbols) = bytes_of(symbols.symbols);
  part(Section::SymbolNames) = symbols.names;
  for (uint32_t i = symbols_index; i < kSectionCount; ++i) place(i);
  sections[symbols_index].sh_link = static_cast<uint32_t>(Section::SymbolNames);
  sections[symbols_index].sh_info = static_cast<uint32_t>(symbols.symbols.size());  // all of them are local

  header.file_size = end;
  std::span<uint8_t> out = TRY(allocate(end));
  VITRINE_ASSERT(out.size() == end);
  Elf64_Ehdr elf = make_elf_header(machine);
  std::memcpy(out.data(), &elf, sizeof elf);
  std::memcpy(out.data() + kSectionHeadersOffset, sections.data(), sizeof sections);
  for (uint32_t i = 1; i < kSectionCount; ++i) {
    if (!parts[i].empty()) std::memcpy(out.data() + sections[i].sh_offset, parts[i].data(), parts[i].size());
  }
  contents.text.write(out.subspan(text_offset, contents.text.size));
  stripped.write(out.subspan(sections[static_cast<uint32_t>(Section::Module)].sh_offset, stripped.size));
  std::memcpy(out.data() + kHeaderOffset, &header, sizeof header);
  uint64_t checksum = image_checksum(out);
  std::memcpy(out.data() + kChecksumOffset, &checksum, sizeof checksum);
  return std::move(stripped.kept);
}

}  // namespace vitrine::abi
