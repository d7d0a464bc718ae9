// A Linker: names to things, from which instances get their imports.
#pragma once

#include <memory>
#include <string_view>

#include "vitrine/export.hpp"
#include "vitrine/instance.hpp"

namespace vitrine {

struct LinkerImpl;

/// Host functions defined here can be used with any number of stores of the engine, and with those of no other. Each is
/// one callable for all of them: threads that run stores of one linker call it at the same time. Nothing is defined by
/// default.
/// One that was moved from may only be assigned to and destroyed.
class VITRINE_API Linker {
 public:
  explicit Linker(const Engine& engine);
  ~Linker();
  Linker(Linker&&) noexcept;
  Linker& operator=(Linker&&) noexcept;

  /// Whether a later definition may replace an earlier one; off by default.
  void allow_shadowing(bool allow);

  /// Defines a host function from a lambda: see Func::wrap. Fails, as all that define do, for a name that is taken.
  template <class F>
  [[nodiscard]] Result<> func(std::string_view module, std::string_view name, F&& f) {
    using D = std::decay_t<F>;
    if constexpr (detail::Signature<D>::kValid) {
      auto owned = std::make_shared<D>(std::forward<F>(f));
      void* env = owned.get();
      return func_thunk(module, name, detail::type_of_callable<D>(), detail::host_thunk<D>, env, std::move(owned));
    } else {
      __builtin_unreachable();  // does not compile
    }
  }
  /// The same of any type: see Func::make.
  [[nodiscard]] Result<> func_dynamic(std::string_view module, std::string_view name, const FuncType& type,
                                      Func::Dynamic f);
  /// In the raw convention; `keep` lives as long as the linker and the stores it was used with. An exception is carried
  /// as one of `func` is.
  [[nodiscard]] Result<> func_raw(std::string_view module, std::string_view name, const FuncType& type, RawHostFunc f,
                                  void* env, std::shared_ptr<void> keep);
  /// Defines something that lives in a store; usable with that store only.
  [[nodiscard]] Result<> define(std::string_view module, std::string_view name, const Extern& value);
  /// Defines every export of the instance under `module`.
  [[nodiscard]] Result<> instance(std::string_view module, const Instance& instance);
  /// Defines what the module imports and is not defined: functions that trap, naming the import.
  [[nodiscard]] Result<> unknown_imports_trap(const Module& module);
  /// Likewise, functions that answer zeros (and null references), and zeroed globals, empty memories and tables. A
  /// function whose result may not be null fails when it is called; a global or table of such a type, at once.
  [[nodiscard]] Result<> unknown_imports_default(const Context& store, const Module& module);

  /// None if it is not defined, or is something of another store, or the store is one of another engine.
  std::optional<Extern> get(const Context& store, std::string_view module, std::string_view name) const;
  /// Fails with the first missing import, naming it, its type and what comes close.
  [[nodiscard]] Result<Instance> instantiate(const Context& store, const Module& module) const;

 private:
  /// `f` lets no exception out.
  [[nodiscard]] Result<> func_thunk(std::string_view module, std::string_view name, const FuncType& type, RawHostFunc f,
                                    void* env, std::shared_ptr<void> keep);
  std::unique_ptr<LinkerImpl> impl_;
};

}  // namespace vitrine
