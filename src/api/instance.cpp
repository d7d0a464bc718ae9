#include <vitrine/instance.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"
#include "base/closest.hpp"
#include "base/result.hpp"
#include "runtime/entry/instantiate.hpp"

namespace vitrine {

using api::Access;

namespace {

template <class T>
Result<T> find_export(const Instance& self, std::string_view name, const char* what) {
  auto [store, instance] = api::find<runtime::Instance>(Access::handle(self));
  if (!store) return api::is_gone("instance");
  auto found = self.get(name);
  if (!found) {
    std::vector<std::string_view> names;
    for (const wasm::Export& e : instance->module().module().exports) names.push_back(e.name);
    return fail(fmt::format("the module has no export \"{}\"{}", name, did_you_mean(name, names)));
  }
  if (auto* handle = std::get_if<T>(&*found)) return *handle;
  return fail(fmt::format("the export \"{}\" is a {}, not a {}", name, to_string(TRY(api::type_of(*found))), what));
}

}  // namespace

Result<Instance> Instance::make(const Context& context, const Module& module, std::span<const Extern> imports) {
  StoreImpl& store = Access::impl(context);
  std::vector<runtime::Extern> externs;
  externs.reserve(imports.size());
  for (const Extern& e : imports) {
    auto own = api::to_runtime(store, e);
    if (!own) return std::unexpected(std::move(own).error().in(fmt::format("as import {}", externs.size() + 1)));
    externs.push_back(*own);
  }
  const ModuleImpl& impl = *Access::impl(module);
  if (&impl.compiled->engine() != &store.engine()) {
    return fail("the module was compiled by another engine than the store's");
  }
  return Instance(store.handle(TRY(api::to_result(store, runtime::instantiate(store, impl.share(), externs)))));
}

std::optional<Extern> Instance::get(std::string_view name) const {
  auto [store, instance] = api::find<runtime::Instance>(handle_);
  if (!store) return std::nullopt;
  auto found = instance->find_export(name);
  if (!found) return std::nullopt;
  return api::to_public(*store, *found);
}

std::optional<Extern> Instance::get(size_t index) const {
  auto [store, instance] = api::find<runtime::Instance>(handle_);
  if (!store || index >= instance->module().module().exports.size()) return std::nullopt;
  return api::to_public(*store, instance->export_at(static_cast<uint32_t>(index)));
}

Result<Func> Instance::func(std::string_view name) const {
  return find_export<Func>(*this, name, "function");
}
Result<Memory> Instance::memory(std::string_view name) const {
  return find_export<Memory>(*this, name, "memory");
}
Result<Table> Instance::table(std::string_view name) const {
  return find_export<Table>(*this, name, "table");
}
Result<Global> Instance::global(std::string_view name) const {
  return find_export<Global>(*this, name, "global");
}

Result<Module> Instance::module() const {
  auto [store, instance] = api::find<runtime::Instance>(handle_);
  if (!store) return api::is_gone("instance");
  return Access::module(std::make_shared<ModuleImpl>(ModuleImpl{store->api_engine, instance->shared_module(), {}}));
}

}  // namespace vitrine
