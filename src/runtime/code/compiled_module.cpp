#include "runtime/code/compiled_module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/assert.hpp"
#include "base/casts.hpp"
#include "runtime/code/perf_map.hpp"
#include "runtime/code/registry.hpp"
#include "runtime/engine/engine.hpp"
#include "wasm/reader.hpp"

// Of the C++ runtime (libgcc).
extern "C" void __register_frame(const void* eh_frame);
extern "C" void __deregister_frame(const void* eh_frame);

namespace vitrine::runtime {

namespace {

std::unexpected<Error> damaged(std::string_view what) {
  return fail(fmt::format("{}: the file is damaged", what), ErrorKind::Incompatible);
}

}  // namespace

Result<std::shared_ptr<const CompiledModule>> CompiledModule::from_bytes(std::shared_ptr<Engine> engine,
                                                                         std::span<const uint8_t> image,
                                                                         bool verify_checksum) {
  return from_file(std::move(engine), TRY(os::sealed_memfd("vitrine-module", image)), verify_checksum);
}

Result<std::shared_ptr<const CompiledModule>> CompiledModule::from_file(std::shared_ptr<Engine> engine,
                                                                        os::FileDescriptor file, bool verify_checksum) {
  auto module = TRY(map(std::move(engine), std::move(file), verify_checksum));
  module->module_ =
      TRY_IN(wasm::read_module(module->image_.module(), wasm::Features::all(), {.declarations_only = true}),
             "in a precompiled module");
  TRY(module->prepare());
  return module;
}

Result<std::shared_ptr<const CompiledModule>> CompiledModule::from_compiled(std::shared_ptr<Engine> engine,
                                                                            os::FileDescriptor file,
                                                                            wasm::Module declarations,
                                                                            const wasm::KeptBytes& kept) {
  auto module = TRY(map(std::move(engine), std::move(file), false));
  module->module_ = std::move(declarations);
  wasm::move_to_copy(module->module_, module->image_.module(), kept);
  TRY(module->prepare());
  return module;
}

Result<std::shared_ptr<CompiledModule>> CompiledModule::map(std::shared_ptr<Engine> engine, os::FileDescriptor file,
                                                            bool verify_checksum) {
  const uint64_t size = TRY(os::file_size(file.get()));
  if (size == 0) return fail("truncated: the file is empty", ErrorKind::Incompatible);
  std::shared_ptr<CompiledModule> module(new CompiledModule(std::move(engine)));
  module->file_ = std::move(file);
  module->mapping_ = TRY(os::FileMapping::map(module->file_.get(), size));
  // What the engine compiles can be loaded, whether or not it can run here; so can whatever can run here.
  abi::CodegenSettings expected = module->engine_->settings();
  expected.cpu_features |= module->engine_->options().host_cpu_features;
  module->image_ = TRY(abi::ImageView::open(module->bytes(), expected, verify_checksum));
  return module;
}

Result<> CompiledModule::prepare() {
  // What the image's sections say about each other: the rest of the runtime indexes without looking again.
  if (image_.functions().size() != module_.functions.size() - module_.imported_functions) {
    return damaged("it has code for another number of functions than its module declares");
  }
  if (image_.trampolines().size() != module_.types.size()) {
    return damaged("it has trampolines for another number of types than its module declares");
  }
  for (size_t i = 0; i < module_.types.size(); ++i) {
    const abi::Trampolines& t = image_.trampolines()[i];
    bool complete = t.array_call != abi::kNoTrampoline && t.host_call != abi::kNoTrampoline;
    if (module_.types[i].kind == wasm::CompositeKind::Func && !complete) {
      return damaged(fmt::format("function type {} has no trampolines", i));
    }
  }
  for (const abi::InlineSite& site : image_.inline_sites()) {
    if (site.function >= module_.functions.size()) return damaged("an inlined function is not in the module");
  }
  for (const abi::MemoryImage& memory : image_.memory_images()) {
    if (memory.memory >= module_.memories.size() || memory.memory < module_.imported_memories) {
      return damaged("it has contents for a memory that its module does not define");
    }
    const wasm::MemoryType& type = module_.memories[memory.memory];
    unsigned __int128 size = static_cast<unsigned __int128>(type.limits.min) << type.page_size_log2;
    if (memory.guest_offset > size || memory.size > size - memory.guest_offset) {
      return damaged(fmt::format("the contents of memory {} do not fit into it", memory.memory));
    }
  }
  if (os::page_size() != abi::host_machine().page_size) {
    return fail(fmt::format("the system's pages are of {} bytes, a precompiled module's of {}", os::page_size(),
                            abi::host_machine().page_size),
                ErrorKind::Incompatible);
  }

  if (!module_.memories.empty()) main_memory_ = 0;
  for (const wasm::Export& e : module_.exports) {
    if (e.kind == wasm::ExternKind::Memory && e.name == "memory") main_memory_ = e.index;
  }
  layout_.emplace(module_);
  types_ = TRY(engine_->types().add_module(module_));
  const uint64_t text_at = image_.text_file_offset(), text_size = os::round_up(image_.text().size(), os::page_size());
  if (text_size > mapping_.bytes().size() - text_at) return damaged("its code does not end with a page");
  // SAFETY: the pages are those of a file mapping without write permission, so they never are writable and executable.
  if (!mapping_.make_executable(text_at, text_size)) {
    return fail("the system refuses to make code executable", ErrorKind::Io);
  }

  const auto functions = image_.functions();
  if (!std::ranges::is_sorted(functions, {}, &abi::CodeRange::offset)) {
    by_offset_.resize(functions.size());
    std::iota(by_offset_.begin(), by_offset_.end(), 0u);
    std::ranges::sort(by_offset_, {}, [&](uint32_t i) { return functions[i].offset; });
  }
  if (image_.settings().indirect_local_calls) {
    functions_.resize(module_.functions.size());
    for (uint32_t f = module_.imported_functions; f < functions_.size(); ++f) functions_[f] = function_code(f);
  }
  funcrefs_.reserve(layout_->funcref_count());
  for (uint32_t f = module_.imported_functions; f < module_.functions.size(); ++f) {
    if (!layout_->has_funcref(f)) continue;
    funcrefs_.push_back({.code = function_code(f),
                         .context = nullptr,
                         .array_call = array_call(module_.functions[f]),
                         .type_id = type_id_of_function(f),
                         .is_host = 0});
  }
  if (!image_.memory_images().empty()) {
    first_source_ = engine_->allocator().reservations().new_identities(image_.memory_images().size());
  }
  registered_ = register_code(*this);
  if (!registered_) return fail("the system has no room for the table of code addresses", ErrorKind::Io);
  if (engine_->options().perf_map) write_perf_map(*this);
  return {};
}

CompiledModule::~CompiledModule() {
  // SAFETY: what was registered is still mapped.
  if (unwinder_knows_) __deregister_frame(image_.eh_frame().data());
  if (registered_) unregister_code(*this);
  if (first_source_)
    engine_->allocator().reservations().forget(first_source_, first_source_ + image_.memory_images().size() - 1);
}

const void* CompiledModule::function_code(uint32_t function) const {
  VITRINE_DCHECK(function >= module_.imported_functions);
  return image_.text().data() + image_.functions()[function - module_.imported_functions].offset;
}

abi::ArrayCall CompiledModule::array_call(uint32_t type_index) const {
  uint32_t offset = image_.trampolines()[type_index].array_call;
  if (offset == abi::kNoTrampoline) return nullptr;
  // SAFETY: the offset is that of an ArrayCall inside the text, checked when the image was opened.
  return reinterpret_cast<abi::ArrayCall>(reinterpret_cast<uintptr_t>(image_.text().data()) + offset);
}

const void* CompiledModule::host_call(uint32_t type_index) const {
  uint32_t offset = image_.trampolines()[type_index].host_call;
  return offset == abi::kNoTrampoline ? nullptr : image_.text().data() + offset;
}

MemorySource CompiledModule::memory_source(uint32_t memory) const {
  const auto images = image_.memory_images();
  for (size_t i = 0; i < images.size(); ++i) {
    if (images[i].memory != memory) continue;
    return {.identity = first_source_ + i,
            .fd = file_.get(),
            .file_offset = images[i].file_offset,
            .guest_offset = images[i].guest_offset,
            .size = images[i].size,
            .contents = bytes().data() + images[i].file_offset};
  }
  return {};
}

std::optional<uint32_t> CompiledModule::find_export(std::string_view name) const {
  const auto& exports = module_.exports;
  auto name_of = [&exports](uint32_t i) { return exports[i].name; };
  // Sorted rather than hashed: names are the guest's, and could be chosen to collide.
  const auto& sorted = exports_by_name_.get([&] {
    std::vector<uint32_t> indices(exports.size());
    std::iota(indices.begin(), indices.end(), 0u);
    std::ranges::sort(indices, {}, name_of);
    return indices;
  });
  auto found = std::ranges::lower_bound(sorted, name, {}, name_of);
  if (found == sorted.end() || name_of(*found) != name) return std::nullopt;
  return *found;
}

bool CompiledModule::contains(uintptr_t pc) const {
  return pc - address_of(image_.text().data()) < image_.text().size();
}

abi::TrapCode CompiledModule::find_trap(uintptr_t pc) const {
  if (!contains(pc)) return abi::TrapCode::None;
  auto offset = static_cast<uint32_t>(pc - address_of(image_.text().data()));
  const auto traps = image_.traps();
  auto found = std::lower_bound(traps.begin(), traps.end(), offset,
                                [](const abi::TrapEntry& entry, uint32_t at) { return entry.offset < at; });
  if (found == traps.end() || found->offset != offset || found->code > UINT8_MAX) return abi::TrapCode::None;
  return static_cast<abi::TrapCode>(found->code);
}

void CompiledModule::let_unwinder_through() const {
  // Not before it is needed: whatever is registered makes every exception of the process slower.
  std::call_once(unwinder_once_, [this] {
    if (image_.eh_frame().empty()) return;
    __register_frame(image_.eh_frame().data());
    unwinder_knows_ = true;
  });
}

std::optional<uint32_t> CompiledModule::find_function(uintptr_t pc) const {
  if (!contains(pc)) return std::nullopt;
  auto offset = static_cast<uint32_t>(pc - address_of(image_.text().data()));
  const auto functions = image_.functions();
  // The last function that begins at or before the pc.
  size_t low = 0, high = functions.size();
  auto at = [&](size_t i) { return by_offset_.empty() ? static_cast<uint32_t>(i) : by_offset_[i]; };
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (functions[at(middle)].offset <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return std::nullopt;
  const uint32_t index = at(low - 1);
  const abi::CodeRange& range = functions[index];
  if (offset - range.offset >= range.size) return std::nullopt;
  return module_.imported_functions + index;
}

std::optional<CodePosition> CompiledModule::find_position(uintptr_t pc) const {
  const auto function = find_function(pc);
  if (!function) return std::nullopt;
  const auto offset = static_cast<uint32_t>(pc - address_of(image_.text().data()));
  const abi::CodeRange& range = image_.functions()[*function - module_.imported_functions];
  CodePosition position{.function = *function};
  if (auto entry = image_.addresses().find(offset); entry && entry->offset >= range.offset) {
    position.srcloc = entry->srcloc;
    if (entry->inline_site <= image_.inline_sites().size()) position.inline_site = entry->inline_site;
  }
  return position;
}

const wasm::Names& CompiledModule::names() const {
  return names_.get([this] { return wasm::Names::read(module_); });
}

}  // namespace vitrine::runtime
