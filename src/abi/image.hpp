// The compiled module: an ELF64 shared-object-like file with the units of code in `.text` and their side tables in
// sections of their own. `.cwasm` on disk, the code cache's entries and freshly compiled code are all this same file,
// mapped and used in place without copying.
//
// Writer and reader stand together here. The reader checks everything it is going to rely on (sizes, offsets, order,
// checksum, version, settings, CPU) before it answers; images are trusted input all the same: their code runs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/code_unit.hpp"
#include "abi/machine.hpp"
#include "abi/settings.hpp"
#include "base/result.hpp"
#include "wasm/kept_bytes.hpp"

namespace vitrine::abi {

/// Where `.eh_frame` lies, counted from the start of `.text`: pc-relative pointers in it are computed with this.
constexpr uint64_t eh_frame_offset(uint64_t text_size, const Machine& machine) {
  return (text_size + machine.page_size - 1) / machine.page_size * machine.page_size;
}

/// A piece of `.text`.
struct CodeRange {
  uint32_t offset;
  uint32_t size;
};

/// Trampolines of a type that is no function type.
inline constexpr uint32_t kNoTrampoline = ~0u;

/// The two trampolines of a function type.
struct Trampolines {
  uint32_t array_call;  // .text offset of an ArrayCall
  uint32_t host_call;   // .text offset of code of this signature that calls a VMHostContext
};

/// Initial contents of a memory: mapped copy-on-write when the module is instantiated.
struct MemoryImage {
  uint32_t memory;  // index
  uint32_t reserved;
  uint64_t guest_offset;  // page-aligned address in the memory
  uint64_t size;          // bytes, page-aligned
  uint64_t file_offset;   // page-aligned offset in the image
};

/// The code of an image, written where it is going to stand: that of a large module is not to be copied once more.
struct ImageText {
  uint64_t size = 0;                              // bytes
  std::function<void(std::span<uint8_t>)> write;  // fills in all of them

  static ImageText of(std::vector<uint8_t> code);
};

/// All that goes into an image.
struct ImageContents {
  const Machine* machine = &host_machine();
  CodegenSettings settings;
  ImageText text;
  std::vector<CodeRange> functions;      // one per defined function, in index order
  std::vector<Trampolines> trampolines;  // one per type of the module; {~0u, ~0u} where the type is no function type
  SideTables<OwnedTable> tables;         // of all units; by increasing offset
  std::vector<uint8_t> eh_frame;
  std::vector<std::string> function_names;  // symbols of `functions`, for objdump and debuggers
  const wasm::Module* module = nullptr;     // of whose bytes the writer drops code bodies and what else is not needed
};

/// The CPU features of a bit set by name: "avx2, fma".
std::string names_of_cpu_features(uint32_t features);
/// Why code is refused that needs these beyond what the CPU has.
Error missing_cpu_features(uint64_t features);

/// The version that images carry and must match, "0.1.0".
const char* image_version();

/// A hash over the sources that decide what code looks like and how it fits the runtime (CMakeLists.txt lists them):
/// images run only in a build of the same hash. Equal sources, equal hash.
uint64_t build_hash();

/// Provides the memory of an image of `size` bytes: zeros, valid for as long as it is being written.
using ImageMemory = std::function<Result<std::span<uint8_t>>(size_t size)>;
/// `image`, which becomes as long as it takes.
ImageMemory memory_in(std::vector<uint8_t>& image);

/// Writes the image; deterministic: same contents, same bytes. Answers which of the module's bytes stand where in
/// ImageView::module().
Result<wasm::KeptBytes> write_image(const ImageContents& contents, const ImageMemory& memory);
/// The same, into a vector.
Result<std::vector<uint8_t>> write_image(const ImageContents& contents);

/// A checked view of an image in memory. All spans point into it.
class ImageView {
 public:
  /// Errors of kind Incompatible say what differs: version, settings (by name), CPU features, checksum, truncation.
  static Result<ImageView> open(std::span<const uint8_t> bytes, const CodegenSettings& expected, bool verify_checksum);
  /// The settings that an image says it was compiled with, for who wants to look at it without running it.
  static Result<CodegenSettings> settings_of(std::span<const uint8_t> bytes);
  /// Whether these bytes begin like an image (and not like wasm or text).
  static bool looks_like_image(std::span<const uint8_t> bytes);
  /// Of what looks like an image: whether it is some other program's ELF file. False if it ends too early to tell.
  static bool is_foreign(std::span<const uint8_t> bytes);

  std::span<const uint8_t> text() const { return text_; }
  uint64_t text_file_offset() const { return text_file_offset_; }
  std::span<const CodeRange> functions() const { return functions_; }
  std::span<const Trampolines> trampolines() const { return trampolines_; }
  const SideTables<TableView>& tables() const { return tables_; }
  std::span<const TrapEntry> traps() const { return tables_.traps; }
  AddressMap addresses() const { return {tables_.address_chunks, tables_.address_bytes}; }
  std::span<const InlineSite> inline_sites() const { return tables_.inline_sites; }
  std::span<const MemoryImage> memory_images() const { return memory_images_; }
  std::span<const uint8_t> eh_frame() const { return eh_frame_; }
  /// The wasm module without its code bodies (read it with `declarations_only`).
  std::span<const uint8_t> module() const { return module_; }
  const CodegenSettings& settings() const { return settings_; }

 private:
  std::span<const uint8_t> text_, module_, eh_frame_;
  uint64_t text_file_offset_ = 0;
  std::span<const CodeRange> functions_;
  std::span<const Trampolines> trampolines_;
  SideTables<TableView> tables_;
  std::span<const MemoryImage> memory_images_;
  CodegenSettings settings_;
};

}  // namespace vitrine::abi
