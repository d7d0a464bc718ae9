// An Instance: a module with its imports, alive in a store.
#pragma once

#include <optional>
#include <string_view>

#include "vitrine/export.hpp"
#include "vitrine/func.hpp"
#include "vitrine/module.hpp"

namespace vitrine {

class VITRINE_API Instance {
 public:
  /// Instantiates with imports in the order of `Module::imports`. Runs the start function; a trap there is the error.
  static Result<Instance> make(Store& store, const Module& module, std::span<const Extern> imports);

  std::optional<Extern> get(std::string_view name) const;
  /// These fail with the name, what it is instead, or the closest export.
  Result<Func> func(std::string_view name) const;
  Result<Memory> memory(std::string_view name) const;
  Result<Table> table(std::string_view name) const;
  Result<Global> global(std::string_view name) const;
  template <class S>
  Result<TypedFunc<S>> typed(std::string_view name) const {
    auto f = func(name);
    if (!f) return std::unexpected(std::move(f).error());
    auto t = f->template typed<S>();
    if (!t) return std::unexpected(std::move(t).error().in("export \"" + std::string(name) + "\""));
    return t;
  }
  Module module() const;

  Instance(StoreImpl* store, void* object) : store_(store), object_(object) {}
  StoreImpl* store() const { return store_; }
  void* object() const { return object_; }

 private:
  StoreImpl* store_;
  void* object_;
};

}  // namespace vitrine
