// The guest that is calling a host function.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "vitrine/export.hpp"
#include "vitrine/extern.hpp"
#include "vitrine/trap.hpp"

namespace vitrine {

class Instance;
struct CallerContext;  // a VMContext

/// Its store, and what the calling module exports. Valid during the call. Called by the host itself (a host function
/// through its Func), there is no module, and nothing is found.
class VITRINE_API Caller : public Context {
 public:
  /// Of the caller that a function in the raw convention was given.
  explicit Caller(CallerContext* guest);

  /// The memory the calling module exports as "memory" (or its first), or an empty span. Ask again after calling the
  /// guest.
  std::span<uint8_t> memory() const;
  /// What the calling module exports under the name.
  std::optional<Extern> get(std::string_view name) const;
  /// The same, if it is of that kind.
  std::optional<Func> func(std::string_view name) const;
  std::optional<Memory> memory(std::string_view name) const;
  std::optional<Table> table(std::string_view name) const;
  std::optional<Global> global(std::string_view name) const;
  /// The calling module, alive.
  std::optional<Instance> instance() const;
  /// For functions in the raw convention: leaves the error for the call that entered the guest, and answers 1, which
  /// the function has to answer then. What it calls in between is not affected.
  int32_t raise(Error error) const;
  /// The same for a trap, as if the guest had trapped itself.
  int32_t raise(TrapCode code) const;

 private:
  CallerContext* guest_;
};

/// A caller in a store that was made as StoreOf<T>. In another store the call ends with an error that says so.
template <class T>
class CallerOf : public Caller {
 public:
  using Data = T;
  explicit CallerOf(CallerContext* guest)
      : Caller(guest), data_(static_cast<T*>(Context::data(&detail::data_key<T>))) {}
  using Context::data;
  T& data() const { return *data_; }
  T* operator->() const { return data_; }
  /// Whether the store has a T.
  bool has_data() const { return data_ != nullptr; }

 private:
  T* data_;
};

}  // namespace vitrine
