#include "abi/image.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "abi/image_format.hpp"
#include "abi/memory_image.hpp"
#include "abi/vmcontext.hpp"
#include "base/bytes.hpp"
#include "wasm/reader.hpp"

namespace vitrine::abi {
namespace {

/// Builds a module section by section.
class ModuleBytes {
 public:
  ModuleBytes() {
    out_.raw("\0asm", 4);
    out_.u32(1);
  }
  ModuleBytes& section(uint8_t id, std::initializer_list<int> contents) {
    std::vector<uint8_t> bytes(contents.begin(), contents.end());
    return section(id, bytes);
  }
  ModuleBytes& section(uint8_t id, const std::vector<uint8_t>& contents) {
    out_.u8(id);
    out_.uleb(contents.size());
    out_.append(contents);
    return *this;
  }
  std::vector<uint8_t> take() { return out_.take(); }

 private:
  ByteWriter out_;
};

struct Segment {
  uint32_t offset;
  std::string bytes;
};

/// A custom section's bytes.
std::vector<uint8_t> custom(std::string_view name, size_t size) {
  ByteWriter section;
  section.name(name);
  section.append(std::vector<uint8_t>(size, 7));
  return section.take();
}

std::vector<uint8_t> module_with_data(const std::vector<Segment>& segments, uint32_t pages = 1) {
  ByteWriter data;
  data.uleb(segments.size());
  for (const Segment& s : segments) {
    data.u8(0);
    data.u8(0x41);
    data.sleb(static_cast<int32_t>(s.offset));
    data.u8(0x0b);
    data.name(s.bytes);
  }
  ByteWriter memory;
  memory.u8(1);
  memory.u8(0);
  memory.uleb(pages);
  ByteWriter name;
  name.name("name");
  name.u8(0);  // subsection: module name
  name.uleb(3);
  name.name("hi");
  ByteWriter debug;
  debug.name(".debug_info");
  debug.append(std::vector<uint8_t>(1000, 7));
  return ModuleBytes()
      .section(1, {1, 0x60, 0, 0})
      .section(3, {1, 0})
      .section(5, memory.take())
      .section(10, {1, 2, 0, 0x0b})
      .section(11, data.take())
      .section(0, name.take())
      .section(0, debug.take())
      .take();
}

const std::vector<uint8_t> kCode = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3, 0x0f, 0x0b, 0xc3, 0xc3};

ImageContents sample(const wasm::Module& module) {
  ImageContents c;
  c.settings.cpu_features = kSse41 | kAvx2;
  c.text = ImageText::of(kCode);
  c.functions = {{0, 6}};
  c.trampolines = {{8, 9}};
  c.tables.traps = {{6, 10}};
  encode_addresses(std::vector<AddressEntry>{{0, 0x20, 0}, {4, 0x22, 1}}, c.tables.address_chunks,
                   c.tables.address_bytes);
  c.tables.inline_sites = {{0, 0, 0x21}};
  c.tables.frames = {{0, 6, 16, 1u << 3, 0}, {8, 1, 0, 0, 0}};
  c.tables.handlers = {{4, 5, {0, 2, HandlerEntry::kNoRegister, HandlerEntry::kNoRegister}}};
  add_stack_map(c.tables.stack_maps, c.tables.stack_map_bytes, 4, {1u << 3, {0, 3}});
  c.eh_frame = {0, 0, 0, 0};
  c.function_names = {"wasm[0]::function[0]::f\n"};
  c.module = &module;
  return c;
}

/// A module with the bytes that it was read from.
struct Read {
  explicit Read(std::vector<uint8_t> from) : bytes(std::move(from)) {
    auto read = wasm::read_module(bytes);
    if (!read) ADD_FAILURE() << read.error().message();
    if (read) module = std::move(*read);
  }
  std::vector<uint8_t> bytes;
  wasm::Module module;
};

CodegenSettings host() {
  CodegenSettings s;
  s.cpu_features = kSse41 | kAvx2 | kFma;
  return s;
}

std::string refusal(std::span<const uint8_t> bytes, const CodegenSettings& expected = host()) {
  auto view = ImageView::open(bytes, expected, true);
  if (view) return "";
  EXPECT_EQ(view.error().kind(), ErrorKind::Incompatible);
  return view.error().message();
}

// Types that are equal share their trampolines, and each of these has one symbol.
TEST(Image, TrampolinesHaveOneNameEach) {
  const std::vector<uint8_t> types = {4, 0x60, 0, 0, 0x60, 1, 0x7f, 0, 0x60, 0, 0, 0x60, 1, 0x7f, 0};
  Read read(ModuleBytes().section(1, types).section(3, {1, 0}).section(10, {1, 2, 0, 0x0b}).take());
  ImageContents contents = sample(read.module);
  contents.trampolines = {{8, 9}, {7, 6}, {8, 9}, {7, 6}};
  auto image = write_image(contents);
  ASSERT_TRUE(image) << image.error().message();
  const std::string_view bytes(reinterpret_cast<const char*>(image->data()), image->size());
  for (unsigned type = 0; type < 4; ++type) {
    EXPECT_EQ(bytes.find(fmt::format("::array_call[{}]", type)) != bytes.npos, type < 2) << type;
    EXPECT_EQ(bytes.find(fmt::format("::host_call[{}]", type)) != bytes.npos, type < 2) << type;
  }
}

TEST(Image, RoundTrip) {
  Read read(module_with_data({{100, "hello"}, {8000, "world"}}));
  auto image = write_image(sample(read.module));
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(*image, *write_image(sample(read.module)));
  auto view = ImageView::open(*image, host(), true);
  ASSERT_TRUE(view) << view.error().message();
  auto c = sample(read.module);
  EXPECT_TRUE(std::ranges::equal(view->text(), kCode));
  EXPECT_EQ(view->text().data() - image->data(), static_cast<ptrdiff_t>(view->text_file_offset()));
  EXPECT_EQ(view->text_file_offset() % host_machine().page_size, 0u);
  EXPECT_EQ(view->eh_frame().data() - view->text().data(),
            static_cast<ptrdiff_t>(eh_frame_offset(c.text.size, host_machine())));
  ASSERT_EQ(view->functions().size(), 1u);
  EXPECT_EQ(view->functions()[0].size, 6u);
  EXPECT_EQ(view->trampolines()[0].host_call, 9u);
  EXPECT_EQ(view->traps()[0].code, 10u);
  EXPECT_EQ(view->addresses().find(5)->inline_site, 1u);
  EXPECT_EQ(view->inline_sites()[0].call_srcloc, 0x21u);
  EXPECT_EQ(view->settings(), c.settings);
  ASSERT_NE(find_frame(view->tables().frames, 5), nullptr);
  EXPECT_EQ(find_frame(view->tables().frames, 5)->saved, 1u << 3);
  EXPECT_EQ(find_frame(view->tables().frames, 7), nullptr);
  ASSERT_NE(find_handler(view->tables().handlers, 4), nullptr);
  EXPECT_EQ(find_handler(view->tables().handlers, 4)->landing, 5u);
  EXPECT_EQ(find_handler(view->tables().handlers, 5), nullptr);
  EXPECT_EQ(find_stack_map(view->tables().stack_maps, view->tables().stack_map_bytes, 4), (LiveRefs{1u << 3, {0, 3}}));
  // Every table is there, as it was given.
  for_each_table(view->tables(), c.tables, [](const auto& read, const auto& given) {
    EXPECT_FALSE(given.empty());
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(read), std::as_bytes(std::span(given))));
  });

  ASSERT_EQ(view->memory_images().size(), 1u);
  const MemoryImage& memory = view->memory_images()[0];
  EXPECT_EQ(memory.guest_offset, 0u);
  EXPECT_EQ(memory.size, 8192u);
  EXPECT_EQ(std::memcmp(image->data() + memory.file_offset + 100, "hello", 5), 0);
  EXPECT_EQ(std::memcmp(image->data() + memory.file_offset + 8000, "world", 5), 0);

  auto stripped = wasm::read_module(view->module(), wasm::Features::all(), {.declarations_only = true});
  ASSERT_TRUE(stripped) << stripped.error().message();
  EXPECT_EQ(stripped->functions.size(), 1u);
  ASSERT_EQ(stripped->datas.size(), 2u);
  EXPECT_TRUE(stripped->datas[1].bytes.empty());
  EXPECT_NE(stripped->find_custom("name"), nullptr);
  ASSERT_NE(stripped->find_custom(".debug_info"), nullptr);
  EXPECT_EQ(stripped->find_custom(".debug_info")->bytes.size(), 1000u);
}

TEST(Image, EveryTruncationIsRefused) {
  Read read(module_with_data({{0, "x"}}));
  auto image = *write_image(sample(read.module));
  for (size_t n = 0; n < image.size(); ++n) {
    EXPECT_NE(refusal(std::span(image).first(n)), "") << n;
  }
  EXPECT_NE(refusal(std::span(image).first(image.size() - 1)).find("truncated: section .strtab ends at 0x"),
            std::string::npos);
}

TEST(Image, EveryFlippedByteIsRefused) {
  Read read(module_with_data({{0, "x"}}));
  auto image = *write_image(sample(read.module));
  for (size_t n = 0; n < image.size(); ++n) {
    image[n] ^= 1 + n % 255;
    EXPECT_NE(refusal(image), "") << n;
    // Without the checksum it may be taken, but nothing outside of the file may be touched.
    (void)ImageView::open(image, host(), false);
    image[n] ^= 1 + n % 255;
  }
  EXPECT_EQ(refusal(image), "");
}

TEST(Image, SaysWhatDiffers) {
  Read read(module_with_data({}));
  auto image = *write_image(sample(read.module));
  CodegenSettings other = host();
  other.opt_level = 0;
  EXPECT_EQ(refusal(image, other), "setting opt_level is 2 in the image and 0 here");
  other = host();
  other.memory_reservation = 0;
  EXPECT_EQ(refusal(image, other), "setting memory_reservation is 4294967296 in the image and 0 here");
  other = host();
  other.cpu_features = kSse41;
  EXPECT_EQ(refusal(image, other), "needs CPU feature avx2, which is not there");
  auto damaged = image;
  damaged.back() ^= 1;
  EXPECT_EQ(refusal(damaged), "checksum mismatch: the file is damaged");
  damaged = image;
  std::memcpy(damaged.data() + kHeaderOffset + offsetof(ImageHeader, version), "9.9.9", 6);
  EXPECT_EQ(refusal(damaged), fmt::format("compiled by vitrine 9.9.9, this is {}", image_version()));
  damaged = image;
  const uint64_t other_build = build_hash() ^ 1;
  std::memcpy(damaged.data() + kHeaderOffset + offsetof(ImageHeader, build), &other_build, sizeof other_build);
  EXPECT_EQ(refusal(damaged), fmt::format("compiled by another build of vitrine {}: {:016x}, this is {:016x}",
                                          image_version(), other_build, build_hash()));
  EXPECT_EQ(refusal(read.bytes), "not a precompiled module: it does not begin as one");
  damaged = image;
  std::memset(damaged.data() + kHeaderOffset, 0, 8);
  EXPECT_EQ(refusal(damaged), "an ELF file, but not one that vitrine made");
}

TEST(Image, OffsetsThatWouldOverflowAreRefused) {
  Read read(module_with_data({}));
  auto image = *write_image(sample(read.module));
  for (uint32_t section = 1; section < kSectionCount; ++section) {
    for (uint64_t value : {~uint64_t{0}, ~uint64_t{0} - 4095, uint64_t{1} << 63}) {
      auto bad = image;
      uint64_t at = kSectionHeadersOffset + section * sizeof(Elf64_Shdr);
      std::memcpy(bad.data() + at + offsetof(Elf64_Shdr, sh_offset), &value, 8);
      EXPECT_FALSE(ImageView::open(bad, host(), false)) << section;
      bad = image;
      std::memcpy(bad.data() + at + offsetof(Elf64_Shdr, sh_size), &value, 8);
      EXPECT_FALSE(ImageView::open(bad, host(), false)) << section;
    }
  }
}

MemoryImagePlan plan(const std::vector<uint8_t>& bytes) {
  auto module = wasm::read_module(bytes);
  EXPECT_TRUE(module) << module.error().message();
  return plan_memory_images(*module, 4096);
}

TEST(MemoryImage, LaterSegmentsOverwriteEarlierOnes) {
  auto bytes = module_with_data({{10, "aaaa"}, {12, "bbbb"}});
  auto p = plan(bytes);
  EXPECT_EQ(std::memcmp(p.pages.data() + 10, "aabbbb", 6), 0);
}

std::vector<uint8_t> written(const StrippedModule& stripped) {
  std::vector<uint8_t> bytes(stripped.size);
  stripped.write(bytes);
  return bytes;
}

TEST(MemoryImage, StopsAtWhatMayTrap) {
  auto bytes = module_with_data({{10, "a"}, {65535, "bb"}, {20, "c"}});
  auto p = plan(bytes);
  EXPECT_EQ(p.covered, (std::vector<bool>{true, false, false}));
  ASSERT_EQ(p.images.size(), 1u);
  auto module = wasm::read_module(bytes);
  auto stripped = written(*strip_module(*module, p.covered));
  auto again = wasm::read_module(stripped, wasm::Features::all(), {.declarations_only = true});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->datas[0].bytes.size(), 0u);
  EXPECT_EQ(again->datas[1].bytes.size(), 2u);
  EXPECT_EQ(again->datas[2].bytes.size(), 1u);
}

TEST(MemoryImage, SparseMemoriesAreNotMapped) {
  auto bytes = module_with_data({{0, "a"}, {(64u << 20) - 1, "b"}}, 1024);
  EXPECT_TRUE(plan(bytes).images.empty());
  EXPECT_EQ(plan(bytes).covered, (std::vector<bool>{false, false}));
  bytes = module_with_data({{0, "a"}, {(16u << 20) - 1, "b"}}, 1024);
  EXPECT_EQ(plan(bytes).pages.size(), 16u << 20);
}

/// Debug information and what else stands in custom sections is there in the image, in its order.
TEST(MemoryImage, CustomSectionsAreKept) {
  Read read(ModuleBytes()
                .section(0, custom(".debug_info", 100))
                .section(1, {1, 0x60, 0, 0})
                .section(0, custom("too large", kMaxCustomBytes))
                .section(0, custom("producers", 5))
                .take());
  auto stripped = written(*strip_module(read.module, {}));
  auto again = wasm::read_module(stripped, wasm::Features::all(), {.declarations_only = true});
  ASSERT_TRUE(again) << again.error().message();
  ASSERT_EQ(again->customs.size(), 2u);
  EXPECT_EQ(again->customs[0].name, ".debug_info");
  EXPECT_EQ(again->customs[0].bytes.size(), 100u);
  EXPECT_EQ(again->customs[0].after, 0);
  EXPECT_EQ(again->customs[1].name, "producers");
  EXPECT_EQ(again->customs[1].after, 1);
}

/// What was read once need not be read again from the image.
TEST(MemoryImage, DeclarationsMoveToTheImage) {
  Read read(ModuleBytes()
                .section(0, custom(".debug_info", 10))
                .section(1, {1, 0x60, 0, 0})
                .section(2, {2, 1, 'm', 1, 'f', 0, 0, 0, 0, 0, 0})
                .section(0, custom("too large", kMaxCustomBytes))
                .section(3, {2, 0, 0})
                .section(5, {1, 0, 1})
                .section(7, {2, 3, 'r', 'u', 'n', 0, 1, 0, 0, 0})
                .section(0, custom("empty", 0))
                .section(10, {2, 2, 0, 0x0b, 3, 0, 1, 0x0b})
                // Covered, passive, past the end, passive and empty.
                .section(11, {4,   0, 0x41, 1,    0x0b, 2, 'a',  'b', 1,   3,   'x', 'y',
                              'z', 0, 0x41, 0xff, 0xff, 3, 0x0b, 2,   'c', 'd', 1,   0})
                .section(0, custom("", 0))
                .section(0, custom("name", 3))
                .take());
  for (bool covers : {false, true}) {
    auto stripped = strip_module(read.module, covers ? plan_memory_images(read.module, 4096).covered
                                                     : std::vector<bool>(read.module.datas.size()));
    ASSERT_TRUE(stripped) << stripped.error().message();
    auto copy = written(*stripped);
    auto expected = wasm::read_module(copy, wasm::Features::all(), {.declarations_only = true});
    ASSERT_TRUE(expected) << expected.error().message();
    wasm::Module moved = std::move(*wasm::read_module(read.bytes));
    wasm::move_to_copy(moved, copy, stripped->kept);

    auto place = [&](auto view) { return std::pair(static_cast<const void*>(view.data()), view.size()); };
    EXPECT_EQ(place(moved.bytes), place(expected->bytes));
    ASSERT_EQ(moved.imports.size(), 2u);
    for (size_t i = 0; i < moved.imports.size(); ++i) {
      EXPECT_EQ(place(moved.imports[i].module), place(expected->imports[i].module));
      EXPECT_EQ(place(moved.imports[i].name), place(expected->imports[i].name));
    }
    ASSERT_EQ(moved.exports.size(), 2u);
    for (size_t i = 0; i < moved.exports.size(); ++i) {
      EXPECT_EQ(place(moved.exports[i].name), place(expected->exports[i].name));
    }
    ASSERT_EQ(moved.datas.size(), expected->datas.size());
    for (size_t i = 0; i < moved.datas.size(); ++i) {
      EXPECT_EQ(moved.datas[i].bytes.size(), expected->datas[i].bytes.size()) << i;
      if (moved.datas[i].bytes.empty()) continue;
      EXPECT_EQ(place(moved.datas[i].bytes), place(expected->datas[i].bytes)) << i;
    }
    EXPECT_EQ(moved.datas[0].bytes.empty(), covers);
    ASSERT_EQ(moved.code.size(), expected->code.size());
    for (const wasm::CodeBody& body : moved.code) EXPECT_TRUE(body.bytes.empty());
    ASSERT_EQ(moved.customs.size(), 4u);
    ASSERT_EQ(moved.customs.size(), expected->customs.size());
    for (size_t i = 0; i < moved.customs.size(); ++i) {
      EXPECT_EQ(moved.customs[i].name, expected->customs[i].name);
      EXPECT_EQ(place(moved.customs[i].bytes), place(expected->customs[i].bytes));
      EXPECT_EQ(moved.customs[i].offset, expected->customs[i].offset);
    }
  }
}

TEST(VMLayoutTest, SharedMemoriesAreBehindPointers) {
  // Three memories of one page at least and two at most, the first of which is imported.
  auto bytes = ModuleBytes().section(2, {1, 0, 0, 2, 1, 1, 2}).section(5, {2, 1, 1, 2, 1, 1, 2}).take();
  auto module = wasm::read_module(bytes);
  ASSERT_TRUE(module) << module.error().message();
  module->memories[1].limits.is_shared = true;  // the reader does not accept it yet
  VMLayout layout(*module);
  EXPECT_TRUE(layout.memory_is_indirect(0));
  EXPECT_TRUE(layout.memory_is_indirect(1));
  EXPECT_FALSE(layout.memory_is_indirect(2));
  EXPECT_EQ(layout.memory(1), layout.memory(0) + sizeof(VMMemory*));
  EXPECT_EQ(layout.memory(2), layout.memory(1) + sizeof(VMMemory*));
  EXPECT_EQ(layout.size(), (layout.memory(2) + sizeof(VMMemory) + 15) / 16 * 16);
}

TEST(VMLayoutTest, OnlyFunctionsThatMayBeValuesHaveAFuncref) {
  // Three functions; the second is exported.
  auto bytes = ModuleBytes()
                   .section(1, {1, 0x60, 0, 0})
                   .section(3, {3, 0, 0, 0})
                   .section(7, {1, 1, 'f', 0, 1})
                   .section(10, {3, 2, 0, 0x0b, 2, 0, 0x0b, 2, 0, 0x0b})
                   .take();
  auto module = wasm::read_module(bytes);
  ASSERT_TRUE(module) << module.error().message();
  VMLayout layout(*module);
  EXPECT_EQ(layout.funcref_count(), 1u);
  EXPECT_FALSE(layout.has_funcref(0));
  EXPECT_TRUE(layout.has_funcref(1));
  EXPECT_EQ(layout.funcref(1), layout.funcrefs());
  EXPECT_EQ(layout.size(), layout.funcrefs() + sizeof(VMFuncRef));
}

}  // namespace
}  // namespace vitrine::abi
