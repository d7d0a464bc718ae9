#include <vitrine/linker.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "api/convert.hpp"
#include "api/host_function.hpp"
#include "base/closest.hpp"
#include "base/result.hpp"

namespace vitrine {

using api::Access;

namespace {

/// What a host function needs while it can be called.
struct Kept {
  std::shared_ptr<runtime::Engine> engine;  // outlives the type
  runtime::TypeSet type;
  std::shared_ptr<void> env;
};

/// A host function not yet in any store. Its type is registered once, here, not by every store.
struct HostDefinition {
  uint64_t number;  // unique in the process: stores remember by it what they made of the definition
  RawHostFunc call;
  void* env;
  std::shared_ptr<const Kept> keep;
  runtime::TypeId type() const { return keep->type.ids()[0]; }
};

/// What the host functions of a linker need, all of it: a store that uses one of them holds this, by one reference.
using AllKept = std::vector<std::shared_ptr<const Kept>>;

uint64_t next_number() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

/// Behind unknown_imports_trap.
struct MissingImport {
  std::string message;
};

int32_t trap_thunk(void* env, CallerContext* caller, RawVal*) {
  return detail::raise(caller, Error(static_cast<MissingImport*>(env)->message, ErrorKind::Link));
}

}  // namespace

struct LinkerImpl {
  using Definition = std::variant<HostDefinition, Extern>;
  Engine engine;
  bool shadowing = false;
  std::map<std::string, std::map<std::string, Definition, std::less<>>, std::less<>> modules;
  ShardedPtr<AllKept> kept{std::make_shared<AllKept>()};

  const Definition* find(std::string_view module, std::string_view name) const {
    auto m = modules.find(module);
    if (m == modules.end()) return nullptr;
    auto d = m->second.find(name);
    return d == m->second.end() ? nullptr : &d->second;
  }

  Result<> insert(std::string_view module, std::string_view name, Definition definition) {
    auto& in_module = modules[std::string(module)];
    auto [where, fresh] = in_module.try_emplace(std::string(name), definition);
    if (!fresh) {
      if (!shadowing) return fail(fmt::format("`{}`.`{}` is defined already", module, name), ErrorKind::Link);
      const bool was_host = std::holds_alternative<HostDefinition>(where->second);
      where->second = std::move(definition);
      // What was replaced goes with the stores that use it.
      if (was_host) return keep_again(), Result<>();
    }
    if (auto* host = std::get_if<HostDefinition>(&where->second)) kept->push_back(host->keep);
    return {};
  }

  void keep_again() {
    kept = ShardedPtr(std::make_shared<AllKept>());
    for (auto& [_, names] : modules) {
      for (auto& [_, definition] : names) {
        if (auto* host = std::get_if<HostDefinition>(&definition)) kept->push_back(host->keep);
      }
    }
  }

  Result<Extern> in_store(StoreImpl& store, const Definition& definition) const {
    // The numbers of types are an engine's own.
    if (&store.engine() != Access::impl(engine)->runtime.get()) {
      return fail("the linker was made for another engine than the store's");
    }
    if (auto* e = std::get_if<Extern>(&definition)) {
      TRY(api::to_runtime(store, *e));
      return *e;
    }
    auto& host = std::get<HostDefinition>(definition);
    auto [where, fresh] = store.linked.try_emplace(host.number, nullptr);
    if (fresh) {
      auto is_this = [&](const auto& held) { return held.get() == kept.get(); };
      if (std::ranges::none_of(store.linkers, is_this)) store.linkers.push_back(kept.share());
      where->second = api::new_host_function(store, host.type(), host.call, host.env);
    }
    return Access::make<Func>(store.handle(where->second));
  }

  /// What to say of an import that is not there.
  Error missing(const ImportType& import) const {
    std::string hint;
    if (auto m = modules.find(import.module); m != modules.end()) {
      std::vector<std::string_view> names;
      for (auto& [name, _] : m->second) names.push_back(name);
      hint = did_you_mean(import.name, names);
    } else {
      std::vector<std::string_view> names;
      for (auto& [name, _] : modules) names.push_back(name);
      hint = names.empty() ? ""
                           : fmt::format("; nothing is defined under \"{}\"{}", import.module,
                                         did_you_mean(import.module, names));
    }
    return Error(fmt::format("unknown import: `{}`.`{}` ({}) has not been defined{}", import.module, import.name,
                             to_string(import.type), hint),
                 ErrorKind::Link);
  }
};

Linker::Linker(const Engine& engine)
    : impl_(std::make_unique<LinkerImpl>(LinkerImpl{.engine = engine, .modules = {}})) {}
Linker::~Linker() = default;
Linker::Linker(Linker&&) noexcept = default;
Linker& Linker::operator=(Linker&&) noexcept = default;

void Linker::allow_shadowing(bool allow) {
  impl_->shadowing = allow;
}

Result<> Linker::func_raw(std::string_view module, std::string_view name, const FuncType& type, RawHostFunc f,
                          void* env, std::shared_ptr<void> keep) {
  auto boxed = api::box_raw(f, env, std::move(keep));
  void* box = boxed.get();
  return func_thunk(module, name, type, api::raw_host_func(), box, std::move(boxed));
}

Result<> Linker::func_thunk(std::string_view module, std::string_view name, const FuncType& type, RawHostFunc f,
                            void* env, std::shared_ptr<void> keep) {
  const std::shared_ptr<runtime::Engine>& engine = Access::impl(impl_->engine)->runtime;
  auto kept = std::make_shared<const Kept>(Kept{engine, TRY(api::register_func(*engine, type)), std::move(keep)});
  return impl_->insert(module, name, HostDefinition{next_number(), f, env, std::move(kept)});
}

Result<> Linker::func_dynamic(std::string_view module, std::string_view name, const FuncType& type, Func::Dynamic f) {
  auto boxed = TRY(api::box_dynamic(*Access::impl(impl_->engine)->runtime, type, std::move(f)));
  void* env = boxed.get();
  return func_thunk(module, name, type, api::dynamic_host_func(), env, std::move(boxed));
}

Result<> Linker::define(std::string_view module, std::string_view name, const Extern& value) {
  return impl_->insert(module, name, value);
}

Result<> Linker::instance(std::string_view module, const Instance& instance) {
  const std::vector<ExportType> exports = TRY(instance.module()).exports();
  for (size_t i = 0; i < exports.size(); ++i) {
    if (auto value = instance.get(i)) TRY(define(module, exports[i].name, *value));
  }
  return {};
}

Result<> Linker::unknown_imports_trap(const Module& module) {
  for (const ImportType& import : module.imports()) {
    auto* type = std::get_if<FuncType>(&import.type);
    if (!type || impl_->find(import.module, import.name)) continue;
    auto owned = std::make_shared<MissingImport>(
        MissingImport{fmt::format("unknown import: `{}`.`{}` has not been defined", import.module, import.name)});
    void* env = owned.get();
    TRY(func_thunk(import.module, import.name, *type, trap_thunk, env, std::move(owned)));
  }
  return {};
}

Result<> Linker::unknown_imports_default(const Context& store, const Module& module) {
  for (const ImportType& import : module.imports()) {
    if (impl_->find(import.module, import.name)) continue;
    if (auto* f = std::get_if<FuncType>(&import.type)) {
      // Results are zero and null before, and looked at afterwards: null may not be what the type allows.
      TRY(func_dynamic(import.module, import.name, *f, [](auto&&...) -> Result<> { return {}; }));
    } else if (auto* g = std::get_if<GlobalType>(&import.type)) {
      TRY(define(import.module, import.name, TRY(Global::make(store, *g, Val::null(g->type.kind())))));
    } else if (auto* m = std::get_if<MemoryType>(&import.type)) {
      TRY(define(import.module, import.name, TRY(Memory::make(store, *m))));
    } else {
      auto& t = std::get<TableType>(import.type);
      TRY(define(import.module, import.name, TRY(Table::make(store, t, Val::null(t.element.kind())))));
    }
  }
  return {};
}

std::optional<Extern> Linker::get(const Context& store, std::string_view module, std::string_view name) const {
  auto* found = impl_->find(module, name);
  if (!found) return std::nullopt;
  auto value = impl_->in_store(Access::impl(store), *found);
  if (!value) return std::nullopt;
  return *value;
}

Result<Instance> Linker::instantiate(const Context& store, const Module& module) const {
  const runtime::CompiledModule& compiled = *Access::impl(module)->compiled;
  const wasm::Module& m = compiled.module();
  std::vector<Extern> imports;
  imports.reserve(m.imports.size());
  for (const wasm::Import& i : m.imports) {
    auto* found = impl_->find(i.module, i.name);
    if (!found) {
      return std::unexpected(
          impl_->missing({std::string(i.module), std::string(i.name), api::extern_type(compiled, i.kind, i.index)}));
    }
    auto value = impl_->in_store(Access::impl(store), *found);
    if (!value) {
      return std::unexpected(std::move(value).error().in(fmt::format("as the import `{}`.`{}`", i.module, i.name)));
    }
    imports.push_back(*std::move(value));
  }
  return Instance::make(store, module, imports);
}

}  // namespace vitrine
