#include <vitrine/instance.hpp>

#include <fmt/format.h>

#include "api/convert.hpp"
#include "api/impl.hpp"
#include "base/closest.hpp"
#include "base/result.hpp"
#include "runtime/entry/instantiate.hpp"

namespace vitrine {

namespace {

runtime::Instance& instance(void* object) {
  return *static_cast<runtime::Instance*>(object);
}

template <class T>
Result<T> find(const Instance& self, std::string_view name, const char* what) {
  auto found = self.get(name);
  if (!found) {
    std::vector<std::string_view> names;
    const wasm::Module& m = instance(self.object()).module().module();
    for (const wasm::Export& e : m.exports) names.push_back(e.name);
    return fail(fmt::format("the module has no export \"{}\"{}", name, did_you_mean(name, names)));
  }
  if (auto* handle = std::get_if<T>(&*found)) return *handle;
  return fail(fmt::format("the export \"{}\" is a {}, not a {}", name, to_string(api::type_of(*found)), what));
}

}  // namespace

Result<Instance> Instance::make(Store& store, const Module& module, std::span<const Extern> imports) {
  std::vector<runtime::Extern> externs;
  for (const Extern& e : imports) {
    if (api::store_of(e) != store.impl()) return fail("an import belongs to another store");
    externs.push_back(api::to_runtime(e));
  }
  if (&module.impl()->compiled->engine() != &store.impl()->engine()) {
    return fail("the module was compiled by another engine than the store's");
  }
  auto* made = TRY(api::to_result(runtime::instantiate(*store.impl(), module.impl()->share(), externs)));
  return Instance(store.impl(), made);
}

std::optional<Extern> Instance::get(std::string_view name) const {
  auto found = instance(object_).find_export(name);
  if (!found) return std::nullopt;
  return api::to_public(store_, *found);
}

Result<Func> Instance::func(std::string_view name) const {
  return find<Func>(*this, name, "function");
}
Result<Memory> Instance::memory(std::string_view name) const {
  return find<Memory>(*this, name, "memory");
}
Result<Table> Instance::table(std::string_view name) const {
  return find<Table>(*this, name, "table");
}
Result<Global> Instance::global(std::string_view name) const {
  return find<Global>(*this, name, "global");
}

Module Instance::module() const {
  return Module(std::make_shared<ModuleImpl>(ModuleImpl{store_->api_engine, instance(object_).shared_module(), {}}));
}

}  // namespace vitrine
