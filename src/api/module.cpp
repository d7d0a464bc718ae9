#include <vitrine/module.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "abi/image.hpp"
#include "api/convert.hpp"
#include "api/impl.hpp"
#include "base/casts.hpp"
#include "base/result.hpp"
#include "compiler/compiler.hpp"
#include "os/pages.hpp"
#include "text/wat_parser.hpp"
#include "wasm/reader.hpp"
#include "wasm/validator.hpp"

namespace vitrine {

namespace {

bool begins_with_magic(std::span<const uint8_t> bytes) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), "\0asm", 4) == 0;
}

/// Neither binary nor text: nothing of it is shown, it may be any file.
Result<> check_is_text(std::span<const uint8_t> bytes) {
  auto is_blank = [](uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  auto first = std::ranges::find_if_not(bytes, is_blank);
  if (bytes.empty()) {
    return fail("it is empty: expected a WebAssembly module, binary or text", ErrorKind::Malformed);
  }
  if (first != bytes.end() && *first != '(' && *first != ';') {
    return fail(fmt::format("it is no WebAssembly module: it begins with {:02x}, where \\0asm or text is expected",
                            fmt::join(bytes.first(std::min<size_t>(bytes.size(), 4)), " ")),
                ErrorKind::Malformed);
  }
  return {};
}

/// A module, freshly compiled.
struct Compiled {
  os::MemoryFile image;  // that its code is going to be mapped from
  wasm::Module module;
  wasm::KeptBytes kept;  // of the module's bytes in the image
};

Result<Compiled> compile_image(EngineImpl& engine, std::span<const uint8_t> wasm) {
  Compiled compiled;
  compiled.module = TRY(wasm::read_module(wasm, engine.features));
  compiler::CompileOptions options;
  if (engine.workers) options.pool = &*engine.workers;
  options.progress = engine.config.progress();
  options.symbols = engine.config.symbols();
  compiled.kept = TRY(compiler::compile_module(compiled.module, wasm, engine.features, engine.runtime->settings(),
                                               options, [&](size_t size) -> Result<std::span<uint8_t>> {
                                                 compiled.image = TRY(os::MemoryFile::create("vitrine-module", size));
                                                 return compiled.image.bytes();
                                               }));
  return compiled;
}

Module make_module(const Engine& engine, std::shared_ptr<const runtime::CompiledModule> compiled) {
  ShardedPtr shards(compiled);
  return detail::Access::module(
      std::make_shared<ModuleImpl>(ModuleImpl{engine, std::move(compiled), std::move(shards)}));
}

/// Loads a cache entry. None if there is no entry or it is damaged, in which case it is removed.
std::shared_ptr<const runtime::CompiledModule> load_cached(const EngineImpl& engine, const std::string& key) {
  os::FileDescriptor file = engine.cache->open(key);
  if (!file.valid()) return nullptr;
  auto loaded = runtime::CompiledModule::from_file(engine.runtime, std::move(file), true);
  if (!loaded) {
    engine.cache->remove(key);
    return nullptr;
  }
  engine.cache->touch(key);
  return *loaded;
}

}  // namespace

Result<Module> Module::compile(const Engine& engine, std::span<const uint8_t> bytes) {
  EngineImpl& impl = *detail::Access::impl(engine);
  if (Engine::is_precompiled(bytes)) return fail("this is a precompiled image, not a module: load it with deserialize");
  std::vector<uint8_t> from_text;
  if (!begins_with_magic(bytes)) {
    TRY(check_is_text(bytes));
    from_text = TRY(text::parse_wat(text_of(bytes), impl.features));
    bytes = from_text;
  }
  std::string key;
  if (impl.cache) {
    std::string settings = compiler::settings_key(impl.features, impl.runtime->settings());
    uint8_t symbols = impl.config.symbols();
    key = api::CodeCache::key({bytes_of(settings), {&symbols, 1}, bytes});
    if (auto cached = load_cached(impl, key)) {
      return make_module(engine, std::move(cached));
    }
  }
  Compiled compiled = TRY(compile_image(impl, bytes));
  if (impl.cache) {
    if (auto put = impl.cache->put(key, compiled.image.bytes()); !put) impl.warn(put.error().message());
  }
  return make_module(engine, TRY(runtime::CompiledModule::from_compiled(impl.runtime, TRY(compiled.image.seal()),
                                                                        std::move(compiled.module), compiled.kept)));
}

Result<Module> Module::compile(const Engine& engine, std::string_view wat) {
  return compile(engine, bytes_of(wat));
}

Result<> Module::validate(const Engine& engine, std::span<const uint8_t> wasm) {
  wasm::Module module = TRY(wasm::read_module(wasm, detail::Access::impl(engine)->features));
  return wasm::validate_module(module, detail::Access::impl(engine)->features);
}

Result<Module> Module::deserialize(const Engine& engine, std::span<const uint8_t> image) {
  // Another program's ELF file is let through: the loader says what it is.
  if (!abi::ImageView::looks_like_image(image)) return fail("this is no precompiled image", ErrorKind::Incompatible);
  auto compiled = TRY(runtime::CompiledModule::from_bytes(detail::Access::impl(engine)->runtime, image,
                                                          engine.config().verify_images()));
  return make_module(engine, std::move(compiled));
}

Result<Module> Module::deserialize_file(const Engine& engine, const std::string& path) {
  os::FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return fail(fmt::format("cannot open {}: {}", path, std::strerror(errno)), ErrorKind::Io);
  auto compiled = TRY_IN(runtime::CompiledModule::from_file(detail::Access::impl(engine)->runtime, std::move(file),
                                                            engine.config().verify_images()),
                         "in " + path);
  return make_module(engine, std::move(compiled));
}

Result<std::vector<uint8_t>> Module::serialize() const {
  auto bytes = impl_->compiled->bytes();
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

std::vector<ImportType> Module::imports() const {
  std::vector<ImportType> all;
  for (const wasm::Import& i : impl_->compiled->module().imports) {
    all.push_back({std::string(i.module), std::string(i.name), api::extern_type(*impl_->compiled, i.kind, i.index)});
  }
  return all;
}

std::vector<ExportType> Module::exports() const {
  std::vector<ExportType> all;
  for (const wasm::Export& e : impl_->compiled->module().exports) {
    all.push_back({std::string(e.name), api::extern_type(*impl_->compiled, e.kind, e.index)});
  }
  return all;
}

std::string Module::name() const {
  return std::string(impl_->compiled->names().module());
}
std::vector<std::span<const uint8_t>> Module::custom_sections(std::string_view name) const {
  std::vector<std::span<const uint8_t>> found;
  for (const wasm::CustomSection& section : impl_->compiled->module().customs) {
    if (section.name == name) found.push_back(section.bytes);
  }
  return found;
}
const Engine& Module::engine() const {
  return impl_->engine;
}

}  // namespace vitrine
