// An Instance: a module with its imports, alive in a store.
#pragma once

#include <optional>
#include <string_view>

#include "vitrine/export.hpp"
#include "vitrine/func.hpp"
#include "vitrine/module.hpp"

namespace vitrine {

/// A handle like those of extern.hpp.
class VITRINE_API Instance {
 public:
  /// Instantiates with imports in the order of `Module::imports`, which have to be of `store`. Runs the start function;
  /// a trap there is the error.
  [[nodiscard]] static Result<Instance> make(const Context& store, const Module& module,
                                             std::span<const Extern> imports);

  /// None if nothing is exported under the name, or the store is gone.
  std::optional<Extern> get(std::string_view name) const;
  /// The export at `index` of `Module::exports`, likewise.
  std::optional<Extern> get(size_t index) const;
  /// These fail with the name, what it is instead, or the closest export.
  [[nodiscard]] Result<Func> func(std::string_view name) const;
  [[nodiscard]] Result<Memory> memory(std::string_view name) const;
  [[nodiscard]] Result<Table> table(std::string_view name) const;
  [[nodiscard]] Result<Global> global(std::string_view name) const;
  template <class S>
  [[nodiscard]] Result<TypedFunc<S>> typed(std::string_view name) const {
    auto f = func(name);
    if (!f) return std::unexpected(std::move(f).error());
    auto t = f->template typed<S>();
    if (!t) return std::unexpected(std::move(t).error().in("export \"" + std::string(name) + "\""));
    return t;
  }
  /// What it was made of; fails if the store is gone.
  [[nodiscard]] Result<Module> module() const;
  friend bool operator==(const Instance&, const Instance&) = default;

 private:
  friend struct detail::Access;
  explicit Instance(const detail::Handle& handle) : handle_(handle) {}
  detail::Handle handle_;
};

}  // namespace vitrine
